"""`init`: a config file to start from, for a table that was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossbench.errors import UserError, counted, unknown
from lossbench.runner.finish import OK

if TYPE_CHECKING:
    from lossbench.config.commands.train import TrainConfig
    from lossbench.config.data import DataConfig
    from lossbench.config.schema import Command
    from lossbench.data.describe import Description

MOST_COLUMNS = 40  # listed in the file
# Of all rows, what the smallest training part has by default, with room for classes and groups that do not divide; a
# comparison's inner nets leave out two of 4 folds of 4/5 of the rows.
TRAINED_ON: Mapping[Command, float] = {"train": 0.54, "compare-losses": 0.36}
BATCH = 32  # the default


def init(config: TrainConfig, out: Path, *, command: str = "train", force: bool = False) -> int:
    """`lossbench init`: look at the table of a config, and write a commented config of a command for it.

    Columns that would be refused are left out by it, with the reason. Raises `UserError` for a file that is there (not
    with `force`), and for a table that the command cannot take.
    """
    from lossbench.catalog.loss import LOSSES
    from lossbench.catalog.vocabulary import Task
    from lossbench.config.commented import commented
    from lossbench.config.load import Override, load
    from lossbench.config.schema import CONFIGS
    from lossbench.data.describe import describe
    from lossbench.experiments.setup.data_source import data_source
    from lossbench.printable import printable
    from lossbench.record import written_aside

    kind = next((known for known in CONFIGS if known == command), None)
    if kind is None:
        raise unknown("command", command, CONFIGS, where="--for")
    if (out.exists() or out.is_symlink()) and not force:
        raise UserError("is there already", where=str(out), fix="give another --out, or --force to overwrite it")
    found = describe(data_source(config.data))
    if kind == "regularize-gif" and found.task == "regression":
        what = f"{found.target} holds values, and regularize-gif draws the regions of classes"
        raise UserError(what, where="--for", fix="choose train or compare-losses")
    refused = [column for column in found.columns if column.use == "refused"]
    data = _data(config.data, [column.name for column in refused])
    overrides = [Override(("data",), [data] if kind == "compare-losses" else data, "data")]
    if (
        kind == "regularize-gif"
        and sum(column.use == "kept" and column.kind == "number" for column in found.columns) < 2
    ):
        overrides.append(Override(("features",), "pca", "features"))
    if found.rows * TRAINED_ON.get(kind, 1.0) < BATCH:
        overrides.append(Override(("optim", "batch_size"), "full", "batch_size"))
    made = load(None, (), overrides, kind)
    suiting = ", ".join(loss.name for loss in LOSSES if Task(found.task) in loss.tasks)
    remarks = {
        "data.drop": [f"{column.name}: {column.why}" for column in refused],
        "loss" if kind != "compare-losses" else "losses": [f"for {found.task}: {suiting}"],
    }
    text = commented(made, head=list(_head(found, kind, out)), remarks=remarks)
    with written_aside(out) as file:
        file.write(text.encode())
    print(printable(f"written to {out}; `lossbench {kind} --config {out}` runs it"))
    return OK


def _data(config: DataConfig, refused: list[str]) -> Mapping[str, Any]:
    plain = config.model_dump(mode="python", exclude_defaults=True)
    return plain | ({"drop": [*config.drop, *refused]} if refused else {})


def _head(found: Description, kind: Command, out: Path) -> Iterator[str]:
    """What was found in the table, in lines."""
    from lossbench.data.table import level

    yield f"A config to start from: `lossbench {kind} --config {out}` runs it."
    yield "Every key that is not here has its default: `lossbench config show` prints all of them."
    yield ""
    size = f"{counted(found.rows, 'row')}, {counted(len(found.columns), 'column')} beside the target"
    yield f"{found.name}: {size}, {found.task}"
    yield f"target {found.target}: {found.target_example}"
    for column in found.columns[:MOST_COLUMNS]:
        gaps = f", {counted(column.gaps, 'gap')}" if column.gaps else ""
        why = f": {column.why}" if column.why else ""
        yield f"column {column.name}: {column.kind} ({column.example}){gaps}, {column.use}{why}"
    if (more := len(found.columns) - MOST_COLUMNS) > 0:
        yield f"and {counted(more, 'more column')}: `lossbench data` lists them"
    yield from (f"{level(note)}: {note}" for note in found.notes)
    refused = sum(column.use == "refused" for column in found.columns)
    yield from (f"train would stop: {why}" for why in found.stops[refused:])
