"""The trained net of a run that is exported, checked against the run's record."""

from __future__ import annotations

from lossbench.errors import UserError
from lossbench.experiments.train.saved_model import FILE, Predictor, load_predictor
from lossbench.export.formats import ExportedRun
from lossbench.record import verify


def predictor_of(run: ExportedRun, to: str) -> tuple[Predictor, str]:
    """One member's predictor, and which of several it is, for a reader.

    Raises `UserError` where there are no weights, they are not those of the record, or the last activation or the
    decoder is from a file of the user's: a run does not hold its code.
    """
    if (run.folder / FILE).is_file():
        verify(run.folder, run.record, FILE)
    try:
        predictor = load_predictor(run.folder, run.member or 0)
    except UserError as problem:
        what = {"--last-act": "an activation", "--decode": "a decoder"}
        own = next((word for flag, word in what.items() if flag in problem.fix), None)
        if own is None:
            raise
        fix = f"train with {own} of lossbench's own to export it"
        raise UserError(f"cannot be exported: {problem.what}", where=f"--to {to}", fix=fix) from None
    several = f" (member {predictor.member} of {predictor.members})" if predictor.members > 1 else ""
    return predictor, several
