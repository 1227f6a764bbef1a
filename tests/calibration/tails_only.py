"""A loss of the user's own that is cross-entropy in the middle and something else far out: two objectives."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from lossbench.experiments.compare.candidates import select_candidates
from tests.calibration.known_truths import table_of
from tests.calibration.outcomes import Outcome, compared
from tests.calibration.simulated_comparisons import small
from tests.calibration.statistics import NEVER

LEAST, MOST = 8.0, 1000.0  # from where on the two differ
TAILS = {
    "clipped": "F.cross_entropy(z.clamp(-{c}, {c}), y, reduction='none')",
    "flat": "F.cross_entropy(z, y, reduction='none').clamp(max={c})",
    "doubled": "F.cross_entropy(z + (z.abs() - {c}).clamp(min=0) * z.sign(), y, reduction='none')",
}
SOURCE = """import torch.nn.functional as F


def own(z, y):
    return {value}
"""


def tails_only(draw: int) -> Iterator[Outcome]:
    """Beyond |z| = c, or a loss of c, of a kind that takes turns; c from 8 to 1000, evenly in its logarithm."""
    random = np.random.default_rng([draw, 21])
    kind = list(TAILS)[draw % len(TAILS)]
    limit = float(np.exp(random.uniform(np.log(LEAST), np.log(MOST))))
    classes = int(random.integers(2, 5))
    x = random.normal(size=(100, 3))
    y = np.arange(100)[random.permutation(100)] % classes
    x[:, 0] += y
    table = table_of(x, y.astype(np.int64), "tails", tuple(f"c{k}" for k in range(classes)))
    table = replace(table, task="binary" if classes == 2 else "multiclass")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "own.py"
        file.write_text(SOURCE.format(value=TAILS[kind].format(c=repr(limit))))
        own = {"name": f"{file}:own", "target_encoding": "class_index", "decode": "softmax"}
        losses = [{"loss": "ce"}, {"loss": own}]
        config = small(losses=losses)
        groups = [candidate.group for candidate in select_candidates(config.losses, table).candidates]
        _, evidence = compared(table, losses=losses, repeats=1, lrs=[1e-2], optim={"epochs": 2, "lr": 1e-2})
    words = {row.word for row in evidence.rows}
    name = f"cross-entropy, {kind} beyond 8 to 1000"
    yield Outcome(f"{name}: counted as one objective", NEVER, len(set(groups)) < 2)
    yield Outcome(f"{name}: called the same objective", NEVER, "same objective" in words)
