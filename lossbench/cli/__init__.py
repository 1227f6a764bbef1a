"""The `lossbench` command: parses, hands over to the runner, and turns mistakes into lines and exit codes.

Exit codes: 0, 2 for a mistake of the user's, 3 where a loss failed in the middle or every net that was trained
diverged, 4 for a report of a run that is not finished, 130 after Ctrl-C. A bug keeps its traceback.
"""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from lossbench.cli.commands import Commands
from lossbench.errors import UserError, UserErrors
from lossbench.plain_warnings import plain_warnings
from lossbench.printable import one_line
from lossbench.standard_streams import OutputFailed
from lossbench.version import __version__

__all__ = ["app", "main"]

USER_ERROR = 2

app = typer.Typer(
    name="lossbench",
    cls=Commands,
    help="Which loss function should I train this with, and is mine any better?",
    epilog="The three experiments run without options, too: start with `lossbench train`.",
    pretty_exceptions_enable=False,  # a bug's traceback is Python's own
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lossbench {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _lossbench(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        context.get_help()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (None: the process's own) and return its exit code."""
    os.environ["MPLBACKEND"] = "agg"  # files are drawn, no windows; a notebook's backend may not exist here
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # what an encoding lacks is replaced, never a reason to lose a run
            stream.reconfigure(errors="replace")
    try:
        with plain_warnings():
            code = _command()(arguments, prog_name="lossbench", standalone_mode=False)
        sys.stdout.flush()
    except UserErrors as several:
        for error in several.errors:
            _complain(str(error))
        return USER_ERROR
    except UserError as error:
        _complain(str(error))
        return USER_ERROR
    except TyperException as usage:
        _complain(_usage_line(usage))
        return USER_ERROR
    except KeyboardInterrupt as interrupt:
        return getattr(interrupt, "exit_code", 130)
    except BrokenPipeError:  # the reader has gone (`lossbench losses | head`): there is no one to report to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OutputFailed as problem:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain(f"standard output: cannot be written ({problem})")
        return USER_ERROR
    return code if isinstance(code, int) else 0


@functools.cache
def _command() -> Callable[..., object]:
    return typer.main.get_command(app)


def _complain(message: str) -> None:
    """One line, whatever it quotes: not wrapped, no markup read in it, no control characters passed on."""
    typer.secho("error: ", fg=typer.colors.RED, err=True, nl=False)
    typer.echo(one_line(message), err=True)


def _usage_line(usage: TyperException) -> str:
    text = usage.format_message().strip().rstrip(".")
    context = getattr(usage, "ctx", None)
    place = context.command_path if context is not None else "lossbench"
    return f"{text[:1].lower()}{text[1:]}; see `{place} --help`"
