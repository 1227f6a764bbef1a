"""README's table of the catalogue: `python -m tests.catalogue_table` writes it anew between its marks."""

import re
from pathlib import Path

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.loss_groups import families
from lossbench.catalog.metrics import METRICS
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Task

MARKS = "<!-- catalogue: begin -->\n", "<!-- catalogue: end -->"
SHORT = {Task.BINARY: "B", Task.MULTICLASS: "M", Task.ORDINAL: "O", Task.REGRESSION: "R"}


def catalogue_table() -> str:
    """A folded table for each family, one row a loss: tasks, the activation that `auto` takes, what it estimates."""
    lines = [
        f"{len(LOSSES)} losses, {len(ACTIVATIONS)} last activations, {len(METRICS)} metrics."
        " B binary, M multiclass, O ordinal, R regression; `auto` takes the activation named.",
        "",
    ]
    for family in families():
        names = ", ".join(loss.name for loss in family.losses)
        lines += [
            f"<details><summary><b>{family.name}</b>: {names}</summary>",
            "",
            "| loss | tasks | last activation | estimates |",
            "|---|---|---|---|",
            *(_row(loss) for loss in family.losses),
            "",
            "</details>",
            "",
        ]
    return "\n".join(lines)


def _row(loss: Loss) -> str:
    served = [task for task in Task if task in loss.tasks]
    acts = dict.fromkeys(f"`{best_activation(loss, task).name}`" for task in served)
    tasks = " ".join(SHORT[task] for task in served)
    return f"| `{loss.name}` | {tasks} | {', '.join(acts)} | {loss.estimates} |"


def main() -> None:
    """Write the table into README.md."""
    readme = Path(__file__).parent.parent / "README.md"
    begin, end = MARKS
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    text = re.sub(pattern, lambda _: begin + catalogue_table() + end, readme.read_text(), flags=re.DOTALL)
    readme.write_text(text)


if __name__ == "__main__":
    main()
