"""Record -> the files of a comparison: pages, tables and pictures. The same record gives the same bytes.

Of many settings a page for each is written, read by nobody but who follows its link, and none is held in memory after
that; PNGs are drawn of those that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lossbench.errors import UserError
from lossbench.record import CompareRecord, LossResult, written_aside
from lossbench.record.comparison import Comparison
from lossbench.report.compare.analysis.comparison import evidence_of
from lossbench.report.compare.analysis.read_scores import read_settings
from lossbench.report.compare.analysis.scores import ConditionKey, condition_key
from lossbench.report.compare.contents import FOLDER, is_whole, sensitivity_pages, setting_pages
from lossbench.report.compare.drawing import Drawing
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.compare.members_csv import members_lines
from lossbench.report.compare.page import main_page, sensitivity_page, setting_page, whole_page
from lossbench.report.compare.plots import PLOTS, critical_difference
from lossbench.report.compare.plots.plot import View
from lossbench.report.compare.plots.sensitivity import sensitivity
from lossbench.report.compare.png import write_drawings
from lossbench.report.compare.svg import standalone_svg


def write_comparison(record: CompareRecord, folder: Path, *, tables: Sequence[str] | None = None) -> list[Path]:
    """Write every report into the run's folder; the paths, report.html first. An empty picture is not written.

    `tables`: names of data sets whose pictures are written as PNG files, too. None: those of all where everything
    stands on one page, else of none; their pages have the pictures. Raises `UserError` for one that there is not.
    """
    comparison = evidence_of(record)
    whole = is_whole(comparison)
    asked = _asked(record, tables, everything=whole)
    views = [
        View(table, setting, record.protocol, record.loss_profiles)
        for table, setting in zip(comparison.tables, read_settings(record), strict=True)
    ]
    pages = [] if whole else _pages(record, comparison, views, folder)
    _remove_others(folder / FOLDER, pages)
    written = [
        _write(folder / "comparison.md", [comparison_markdown(record, comparison)]),
        _write(folder / "members.csv", members_lines(record)),
        *pages,
        *_ranks(record, comparison, folder),
        *(_pngs(record, comparison, views, folder) if whole and asked else []),
        *([] if whole else _pngs_by_page(comparison, views, asked, folder)),
    ]
    page = whole_page(record, comparison, views) if whole else main_page(record, comparison)
    return [_write(folder / "report.html", [page]), *written]  # last: what it links to is there


def _asked(record: CompareRecord, tables: Sequence[str] | None, *, everything: bool) -> set[str]:
    known = [data.name for data in record.data]
    if tables is None:
        return set(known) if everything else set()
    if unknown := [name for name in tables if name not in known]:
        raise UserError(f"no data set {unknown[0]!r} in this run", fix=f"it has {', '.join(known[:12])}")
    return set(tables)


def _pages(record: CompareRecord, comparison: Comparison, views: Sequence[View], folder: Path) -> list[Path]:
    """A page for each setting, and for each sensitivity that the main page only lists."""
    where = folder / FOLDER
    where.mkdir(exist_ok=True)
    results: dict[tuple[str, ConditionKey], list[LossResult]] = {}
    for result in record.results:
        results.setdefault((result.data, condition_key(result.condition)), []).append(result)
    data = {one.name: one for one in record.data}
    written = []
    for view, name in zip(views, setting_pages(comparison), strict=True):
        table = view.table
        mine = results[table.data, condition_key(table.condition)]
        page = setting_page(record, comparison, view, mine, data[table.data])
        written.append(_write(where / f"{name}.html", [page]))
    for found, name in zip(comparison.sensitivity, sensitivity_pages(comparison), strict=True):
        page = sensitivity_page(record, comparison, found, data[found.data])
        written.append(_write(where / f"{name}.html", [page]))
    return written


def _remove_others(folder: Path, written: Sequence[Path]) -> None:
    """Pages and their pictures that an earlier report left, of settings that this one may not have."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.suffix in {".html", ".png"} and path not in written:
                path.unlink()


def _ranks(record: CompareRecord, comparison: Comparison, folder: Path) -> list[Path]:
    """The average ranks over the data sets, a file for each combination of the conditions' levels."""
    written = []
    for across in comparison.across if comparison.ranks else []:
        changed = [
            f"-{c.name.replace('_', '-')}-{across.condition[c.name]:g}"
            for c in record.conditions
            if across.condition[c.name] != c.reference
        ]
        drawing, text = critical_difference.critical_difference(across), critical_difference.describe(across)
        svg = standalone_svg(drawing, "Average ranks over data sets", critical_difference.subtitle(across), text)
        written.append(_write(folder / f"critical-difference{''.join(changed)}.svg", [svg]))
    return written


def _pngs(record: CompareRecord, comparison: Comparison, views: Sequence[View], folder: Path) -> list[Path]:
    """A PNG for each kind of picture, all settings below one another."""
    written = []
    for plot in PLOTS:
        drawn = ((plot.title, view.table.title, plot.draw(view)) for view in views)
        if shown := [(title, where, drawing) for title, where, drawing in drawn if drawing is not None]:
            written.append(write_drawings(shown, folder / f"{plot.name}.png"))
    for condition in record.conditions:
        mine = [one for one in comparison.sensitivity if one.condition.name == condition.name]
        if panels := [(condition.plot_title, one.title, sensitivity(one, comparison.metric)) for one in mine]:
            written.append(write_drawings(panels, folder / f"{condition.plot}.png"))
    return written


def _pngs_by_page(comparison: Comparison, views: Sequence[View], asked: set[str], folder: Path) -> list[Path]:
    """A PNG for each picture of the pages of some data sets."""
    drawn: list[tuple[str, str, str, Drawing]] = []
    for view, name in zip(views, setting_pages(comparison), strict=True):
        for plot in PLOTS if view.table.data in asked else ():
            if (drawing := plot.draw(view)) is not None:
                drawn.append((f"{name}.{plot.name}", plot.title, view.table.title, drawing))
    for found, name in zip(comparison.sensitivity, sensitivity_pages(comparison), strict=True):
        if found.data in asked:
            title = found.condition.plot_title
            drawn.append((f"{name}.{found.condition.plot}", title, found.title, sensitivity(found, comparison.metric)))
    return [
        write_drawings([(title, where, drawing)], folder / FOLDER / f"{name}.png")
        for name, title, where, drawing in drawn
    ]


def _write(path: Path, texts: Iterable[str]) -> Path:
    with written_aside(path) as file:
        for text in texts:
            file.write(text.encode())
    return path
