"""The pictures of `regularize-gif`, from its record alone: boundary.gif, boundary.png, path.png and frames.csv."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from lossbench.events import Emit, ignore
from lossbench.record import RegularizeRecord, written_aside
from lossbench.report.csv_text import csv_text
from lossbench.report.fonts import missing_letters_are_told_once
from lossbench.report.regularize.animation import SUFFIX, check_format, write_animation
from lossbench.report.regularize.frame import Frames
from lossbench.report.regularize.regularization_path import draw_path
from lossbench.report.regularize.small_multiples import draw_small_multiples
from lossbench.report.regularize.view_data import ViewData, read_view_data

COLUMNS = (
    "penalty", "alpha", "l1", "l2", "train_accuracy", "test_accuracy", "data_loss", "penalty_value", "l1_norm",
    "l2_norm", "weights", "zeros", "converged", "ended_by", "residual", "evaluations",
)  # fmt: skip


def write(
    record: RegularizeRecord, folder: Path, *, format: str = "gif", fps: float = 4.0, emit: Emit = ignore
) -> list[Path]:
    """Write every picture of the record into the folder; the paths. Emits the `Phase` "frames" as it goes.

    The same record gives the same bytes. Raises `UserError` where the format cannot be written on this machine.
    """
    check_format(format)
    table, animation = folder / "frames.csv", folder / f"boundary{SUFFIX[format]}"
    write_frames_csv(record, table)
    view = read_view_data(record)
    with missing_letters_are_told_once():
        with mpl.rc_context():
            mpl.rcdefaults()  # whatever a user's matplotlibrc says
            frames = Frames(view)
        write_animation(frames.frame, len(view.alphas), animation, format, fps, emit)
    return [table, animation, *write_stills(view, folder)]


def write_stills(view: ViewData, folder: Path) -> list[Path]:
    """Write boundary.png and path.png; the paths."""
    pictures = {folder / "boundary.png": draw_small_multiples, folder / "path.png": draw_path}
    with mpl.rc_context(), missing_letters_are_told_once():
        mpl.rcdefaults()
        for path, draw in pictures.items():
            _save(draw(view), path)
    return list(pictures)


def write_frames_csv(record: RegularizeRecord, file: Path) -> None:
    """Write one row for each frame and penalty: what the frame says in numbers."""
    rows: list[list[object]] = [[*COLUMNS]]
    for result in record.results:
        for member in result.members:
            path = member.path_record()
            rows.append(
                [
                    result.penalty_record().name, path.alpha, member.penalty.get("l1"), member.penalty.get("l2"),
                    member.train.get("accuracy"), member.test.get("accuracy"), path.data_loss, path.penalty,
                    path.l1_norm, path.l2_norm, len(path.weights), path.zeros, path.converged,
                    path.ended_by, path.residual, path.evaluations,
                ]
            )  # fmt: skip
    with written_aside(file) as out:
        out.write(csv_text(rows).encode())


def _save(figure: Figure, path: Path) -> None:
    with written_aside(path) as file:
        figure.savefig(file, format="png", metadata={"Software": None})
