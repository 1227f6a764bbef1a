"""Errors that a user can fix: where, what, what to do. Bugs keep their own exceptions and their traceback."""

from __future__ import annotations

import difflib
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

C = TypeVar("C")


class UserError(Exception):
    """A mistake that its user can correct; shown as one line, `<where>: <what>; <what to do>`, and exit code 2.

    `where` is a file, a key's path or a flag ("" where the sentence says it all), `what` names the offending
    value, `fix` says what to do about it ("" where `what` leaves no doubt).
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.where, self.what, self.fix = where, what, fix
        super().__init__((f"{where}: " if where else "") + what + (f"; {fix}" if fix else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """It comes from other processes, too."""
        return _again, (type(self), self.args, self.__dict__)

    def at(self, where: str) -> UserError:
        """The same mistake, found at a more exact place."""
        return UserError(self.what, where=f"{where}: {self.where}" if self.where else where, fix=self.fix)

    def reword(self, words: Callable[[str], str]) -> None:
        """Say it in the words of another door, in place: `words` of where, of what and of the fix."""
        UserError.__init__(self, words(self.what), where=words(self.where), fix=words(self.fix))


def _again(kind: type[UserError], args: tuple[Any, ...], state: dict[str, Any]) -> UserError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


FAULTS = (Exception, SystemExit, GeneratorExit)
"""What the code of others may raise that is their fault. A KeyboardInterrupt is not among them: it is a Ctrl-C."""


class LossbenchWarning(UserWarning):
    """What the Python door says where the command line prints a warning: one sentence, what was seen and the fix."""


def warn(message: str) -> None:
    """A `LossbenchWarning` that points at the first caller outside of lossbench."""
    here, depth = f"{Path(__file__).parent}{os.sep}", 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(here):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, LossbenchWarning, stacklevel=depth)


class UserErrors(UserError):
    """Several mistakes found together, shown one a line."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        self.errors = tuple(errors)
        Exception.__init__(self, "\n".join(str(error) for error in errors))

    def at(self, where: str) -> UserErrors:
        """The same mistakes, each found at a more exact place."""
        return UserErrors([error.at(where) for error in self.errors])

    def reword(self, words: Callable[[str], str]) -> None:
        """Say each of them in other words."""
        for error in self.errors:
            error.reword(words)
        Exception.__init__(self, "\n".join(str(error) for error in self.errors))


MOST_NAMES = 12  # of those that are listed in a line


def did_you_mean(name: str, known: Iterable[str], *, aliases: Iterable[str] = (), listing: str = "") -> str:
    """The nearest of the known names or aliases as a question, else the known names: what to do about an unknown one.

    Of many names the first few are listed, and `listing` is the command that lists them all.
    """
    names = sorted(known)
    everything = list(dict.fromkeys([*names, *sorted(aliases)]))  # of two that differ in case, the name is meant
    near = difflib.get_close_matches(name.lower(), sorted({n.lower() for n in everything}), n=1, cutoff=0.6)
    if near:
        return f"did you mean {next(n for n in everything if n.lower() == near[0])!r}?"
    if len(names) <= MOST_NAMES or not listing:
        return f"known are {', '.join(names)}"
    return f"known are {', '.join(names[: MOST_NAMES // 2])} and {len(names) - MOST_NAMES // 2} more (`{listing}`)"


def unknown(
    kind: str, name: str, known: Iterable[str], *, where: str = "", aliases: Iterable[str] = (), listing: str = ""
) -> UserError:
    """`unknown loss 'hings'; did you mean 'hinge'?`"""
    fix = did_you_mean(name, known, aliases=aliases, listing=listing)
    return UserError(f"unknown {kind} {name!r}", where=where, fix=fix)


def choose(flag: str, value: str, choices: Mapping[str, C]) -> C:
    """The value of a flag's word; a `UserError` with the nearest word and all the others where it is none."""
    plain = value.lower().replace("-", "_")
    if plain not in choices:
        known, fix = f"known are {', '.join(sorted(choices))}", did_you_mean(value, choices)
        fix = fix if fix == known else f"{fix} {known}"
        raise UserError(f"unknown value {value!r}", where=flag, fix=fix)
    return choices[plain]


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 loss`, `1,234 losses`: a number of things, in every message and report."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def as_list(entries: Iterable[str]) -> str:
    """`a,"b, c"`: names as a flag takes them, those with a comma or a quote in double quotes, as in CSV."""
    return ",".join('"' + e.replace('"', '""') + '"' if "," in e or '"' in e else e for e in entries)


def as_flag(*entries: str) -> str:
    """Names as they are typed behind a flag in a shell: `'"size, mm",b'`."""
    return shlex.quote(as_list(entries))
