"""Record -> the files of a comparison: the page, the tables and the pictures. The same record gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from lossbench.record import CompareRecord, written_aside
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.read_scores import read_settings
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.members_csv import members_csv
from lossbench.report.compare.page import render
from lossbench.report.compare.plots import PLOTS, critical_difference, sensitivity
from lossbench.report.compare.plots.plot import View, compose
from lossbench.report.compare.svg import standalone_svg
from lossbench.report.style import house_style, write_png


def write_comparison(record: CompareRecord, folder: Path) -> list[Path]:
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
        for condition in record.conditions:
            if found := [one for one in comparison.sensitivity if one.condition.name == condition.name]:
                written.append(folder / f"{condition.plot}.png")
                write_png(sensitivity.sensitivity(found, comparison.metric), written[-1])
        for across in comparison.across if comparison.ranks else []:
            changed = [
                f"-{c.name.replace('_', '-')}-{across.condition[c.name]:g}"
                for c in record.conditions
                if across.condition[c.name] != c.reference
            ]
            picture = critical_difference.critical_difference(across)
            svg = standalone_svg(picture, "Average ranks over data sets", critical_difference.describe(across))
            written.append(_write(folder / f"critical-difference{''.join(changed)}.svg", svg))
    return written


def _write(path: Path, text: str) -> Path:
    with written_aside(path) as file:
        file.write(text.encode())
    return path
