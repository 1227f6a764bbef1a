"""What a user's code raises, as a mistake of the user's: one line with its place."""

from __future__ import annotations

import dis
import traceback

from lossbench.errors import FAULTS, UserError
from lossbench.printable import LONGEST_MESSAGE, one_line


def fault(problem: BaseException, *, file: str, where: str, when: str = "") -> UserError:
    """The mistake: `where` and the line of `file` that it came through, `ValueError`, `when` it was, what it says.

    A Ctrl-C that came meanwhile is no mistake and is raised again; a KeyboardInterrupt that the file raises is one.
    """
    if isinstance(problem, KeyboardInterrupt) and not _raised_in(file, problem):
        raise problem
    line = next((f":{line}" for line in reversed(_lines(file, problem))), "")
    return UserError(words_of(problem, when), where=f"{where}{line}")


def comes_from(file: str, problem: BaseException) -> bool:
    """Whether an exception came through a user's file."""
    return bool(_lines(file, problem))


def _lines(file: str, problem: BaseException) -> list[int | None]:
    return [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if file and frame.filename == file]


def words_of(problem: BaseException, when: str = "") -> str:
    """One line: `ValueError`, `when` it was, what it says."""
    try:
        said = str(problem)
    except FAULTS:  # anyone's exception may fail even there
        said = ""
    return one_line(f"{type(problem).__name__}{when}" + (f": {said}" if said else ""), LONGEST_MESSAGE)


def _raised_in(file: str, problem: BaseException) -> bool:
    """Whether a `raise` of the file has raised it; a signal interrupts any other instruction."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or trace.tb_frame.f_code.co_filename != file:
        return False
    return dis.opname[trace.tb_frame.f_code.co_code[trace.tb_lasti]] == "RAISE_VARARGS"
