"""`export`: a run in the formats of others, from what it has left."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lossbench.errors import UserError
from lossbench.export.formats import FORMATS, ExportedRun, Format, chosen
from lossbench.runner.finish import OK, PARTIAL
from lossbench.runner.reports import read
from lossbench.runner.run_files import EXPORTS
from lossbench.runner.runs import check_run


def export(run: Path, formats: Sequence[str], out: str | None = None, *, member: int | None = None) -> int:
    """`lossbench export`: write a run in each of the formats; exit code 4 where the run is not finished.

    Formats are checked before anything is written, and nets, which may be refused, are written first. `out` is a folder
    (None: `export` in the run's own), of one format also the file itself, and of mlflow a tracking URI.
    """
    wanted = sorted(chosen(formats), key=lambda one: not one.takes_member)
    if not run.is_file():
        check_run(run)
    folder = run if run.is_dir() else run.parent
    record = read(run)
    for one in wanted:
        one.check(record, str(run))
    if member is not None and not any(one.takes_member for one in wanted):
        raise UserError("no format that was chosen holds a single net", where="--member", fix="leave it out")
    places = [_place(one, folder, out, alone=len(wanted) == 1) for one in wanted]
    exported = ExportedRun(record, folder, member)
    for one, place in zip(wanted, places, strict=True):
        for line in one.write(exported, place):
            print(line, flush=True)
    partial = record.status == "interrupted"
    if partial:
        print("exported of what there is: the run is not finished")
    return PARTIAL if partial else OK


def _place(one: Format, folder: Path, out: str | None, *, alone: bool) -> str:
    """Where a format goes: into a folder under its file's name, or to what was given for it alone."""
    if out is None:
        return os.environ.get(one.place_variable) or str(folder / EXPORTS / one.file)
    if "://" in out:
        if alone and one.place_variable:
            return out
        raise UserError(f"{out} is no folder", where="--out", fix="export mlflow by itself to a tracking URI")
    suffix = Path(out).suffix
    if Path(out).is_dir() or suffix not in {Path(known.file).suffix for known in FORMATS} - {""}:
        return str(Path(out) / one.file)
    if alone and suffix == Path(one.file).suffix:
        return out
    what = f"{one.name} does not go to a file *{suffix}" if alone else f"several formats do not fit into {out}"
    raise UserError(what, where="--out", fix="name a folder, which is made")
