"""Runs `compare-losses` to its end without a terminal, and makes small tables for it."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossbench.config.commands.compare import CompareConfig
from lossbench.data.table import Table
from lossbench.events import Event, ignore
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.record import CompareRecord, LossResult, MemberRecord

# Small enough for hundreds of nets a second.
TINY: dict[str, Any] = {
    "folds": 3,
    "repeats": 1,
    "lrs": [1e-3, 1e-2],
    "net": {"hidden": [8]},
    "optim": {"epochs": 4},
    "threads": 1,
}


def config(data: Any = "iris", **other: Any) -> CompareConfig:
    """A config of `compare-losses` in short form, tiny unless said otherwise."""
    return CompareConfig.model_validate({**TINY, "data": data, **other})


def finished(
    chosen: CompareConfig, *, stop: threading.Event | None = None, watch: Callable[[Event], None] | None = None
) -> CompareRecord:
    """The record that a config leaves behind; `watch` sees every event."""
    return run(plan(chosen), emit=watch or ignore, stopped=(stop or threading.Event()).is_set)


def of_role(run: LossResult, role: str) -> list[MemberRecord]:
    """A run's members of one role."""
    return [member for member in run.members if member.role == role]


def blobs(rows: int = 60, *, seed: int = 0, task: str = "binary") -> Table:
    """Two overlapping clouds, or a noisy line: a table made here, without a name in any registry."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 2))
    target = (x[:, 0] + random.normal(size=rows) > 0).astype(np.int64)
    value = x[:, 0] + 0.3 * random.normal(size=rows)
    return Table(
        name="blobs",
        task=task,  # type: ignore[arg-type]
        features=pd.DataFrame({"a": x[:, 0], "b": x[:, 1]}),
        kinds={"a": "number", "b": "number"},
        target=value if task == "regression" else target,
        target_name="y",
        classes=() if task == "regression" else ("no", "yes"),
    )


def failing_loss(folder: Path, task: str = "classes") -> dict[str, Any]:
    """A user's loss that raises in the middle of its training, as a config names it."""
    of, encoding, decode = {
        "classes": ("F.cross_entropy", "class_index", "softmax"),
        "regression": ("F.mse_loss", "float", "identity"),
    }[task]
    file = folder / "weary.py"
    file.write_text(
        "import torch.nn.functional as F\n"
        "calls = 0\n"
        "def weary(logits, target):\n"
        '    """A loss that gives up."""\n'
        "    global calls\n"
        "    calls += 1\n"
        "    if calls > 60:\n"
        "        raise RuntimeError('too tired')\n"
        f"    return {of}(logits, target, reduction='none')\n"
    )
    return {"loss": {"name": f"{file}:weary", "target_encoding": encoding, "decode": decode}}
