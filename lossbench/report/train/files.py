"""Record -> the files of a training run."""

from __future__ import annotations

from pathlib import Path

from lossbench.record import TrainRecord
from lossbench.report.style import house_style, write_png
from lossbench.report.train.curves import train_curves


def write_train(record: TrainRecord, folder: Path) -> list[Path]:
    """Write curves.png into the run's folder, whatever epochs there were."""
    with house_style():
        figure = train_curves(record)
        path = folder / "curves.png"
        write_png(figure, path)
    return [path]
