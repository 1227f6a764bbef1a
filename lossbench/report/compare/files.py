"""Record -> the files of a comparison: the page, the tables and the pictures. The same record gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from lossbench.record import Record, written_aside
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.scores import read_settings
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.members_csv import members_csv
from lossbench.report.compare.page import render
from lossbench.report.compare.plots import PLOTS, critical_difference, robustness
from lossbench.report.compare.plots.plot import View, compose
from lossbench.report.compare.svg import standalone_svg
from lossbench.report.style import house_style, write_png


def write_comparison(record: Record, folder: Path) -> list[Path]:
    """Write every report into the run's folder; the paths, the page first. An empty picture is not written."""
    comparison = compare(record)
    views = [
        View(table, setting, record.protocol)
        for table, setting in zip(comparison.tables, read_settings(record), strict=True)
    ]
    written = [
        _write(folder / "report.html", render(record, comparison, views)),
        _write(folder / "comparison.md", comparison_markdown(record, comparison)),
        _write(folder / "members.csv", members_csv(record)),
    ]
    with house_style():
        for plot in PLOTS:
            figure = compose(plot, views)
            if figure is not None:
                written.append(folder / f"{plot.name}.png")
                write_png(figure, written[-1])
        if comparison.robustness:
            written.append(folder / "robustness.png")
            write_png(robustness.robustness(comparison.robustness, comparison.metric), written[-1])
        for across in comparison.across if comparison.ranks else []:
            noise = f"-noise-{across.label_noise:g}" if across.label_noise else ""
            picture = critical_difference.critical_difference(across)
            svg = standalone_svg(picture, "Average ranks over data sets", critical_difference.describe(across))
            written.append(_write(folder / f"critical-difference{noise}.svg", svg))
    return written


def _write(path: Path, text: str) -> Path:
    with written_aside(path) as file:
        file.write(text.encode())
    return path
