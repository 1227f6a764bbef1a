"""What the runs of each command leave in their folder, as patterns of names: what may be removed, and nothing else."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lossbench.record import JOURNAL, RUN_FILE

RECORD = "result.json"  # stands for a run that has ended, so it is written last


@dataclass(frozen=True)
class RunFiles:
    """`results` belong to the record; `progress` is what an unfinished run goes on from."""

    results: tuple[str, ...]
    progress: tuple[str, ...] = ()


CHECKPOINTS = "checkpoints"
EXPORTS = "export"  # what `lossbench export` makes, a folder of its own
TABLES = ".tables"  # of a comparison, for worker processes
RUN_FILES: Mapping[str, RunFiles] = {
    "train": RunFiles(("weights.safetensors", "curves.png"), (CHECKPOINTS,)),
    "compare-losses": RunFiles(
        (
            *("report.html", "comparison.md", "members.csv", "calibration.png", "curves.png", "differences.png"),
            *("distribution.png", "lr-sensitivity.png", "matrix.png", "stop-rule.png", "learning-curve.png"),
            *("robustness.png", "pair-flip-noise.png", "matrix-noise.png", "boundary-noise.png", "instance-noise.png"),
            *("imbalance.png", "target-outliers.png", "target-noise.png", "feature-outliers.png", "missing-values.png"),
            *("critical-difference*.svg", "pages", "losses-by-margin.png"),
            *("losses-by-probability.png", "losses-by-residual.png", "losses-by-prediction.png"),
        ),
        (f"{JOURNAL}*", TABLES),
    ),
    "regularize-gif": RunFiles(("frames.csv", "boundary.*", "path.png")),
}


def remove(folder: Path, patterns: Iterable[str]) -> None:
    """Remove the files and folders of these names from a run's folder."""
    for pattern in patterns:
        for path in folder.glob(pattern):
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def remove_run(folder: Path) -> None:
    """Remove all that a run of whichever command has left."""
    remove(folder, [RECORD, EXPORTS])
    for files in RUN_FILES.values():
        remove(folder, (*files.results, *files.progress))
    remove_asides(folder)


def remove_asides(folder: Path) -> None:
    """Remove what a run that was killed was writing, beside the places where it should have appeared."""
    names = [RECORD, RUN_FILE, *(name for files in RUN_FILES.values() for name in files.results)]
    remove(folder, [f".{name}.*" for name in names])
