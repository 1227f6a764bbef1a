"""`lossbench runs`: the runs in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

LIST = "list"


class _Runs(TyperGroup):
    """A word that is no command of this group is a folder to list."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front where it was left out."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [LIST, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Runs,
    help="List runs: how far each is, and its answer; show, compare and merge them.\n\n"
    "`lossbench runs FOLDER` lists those of a folder, `lossbench runs` those of outputs.",
    add_completion=False,
)
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its name in --output.")]
Output = Annotated[Path, typer.Option("--output", metavar="FOLDER", help="The folder that runs are kept in.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
OUTPUTS = Path("outputs")


@app.command(LIST)
def list_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that runs are kept in.")] = OUTPUTS,
    as_json: Json = False,
) -> int:
    """List every run in a folder: its command, state, how far it is, when, and its answer.

    Examples:
        lossbench runs
        lossbench runs outputs --json
    """
    from lossbench import runner

    return runner.list_runs(folder, as_json=as_json)


@app.command()
def show(run: Run, output: Output = OUTPUTS) -> int:
    """Print a run's answer again, or what there is of it; the exit code is 4 where it is not finished.

    Examples:
        lossbench runs show compare-titanic
    """
    from lossbench import runner

    return runner.show_run(_folder(run, output))


@app.command()
def diff(first: Run, second: Run, output: Output = OUTPUTS, as_json: Json = False) -> int:
    """Say what two runs differ in: the keys that determine numbers, and results. The exit code is 1 where they do.

    Examples:
        lossbench runs diff compare-titanic compare-titanic-2
    """
    from lossbench import runner

    return runner.diff_runs(_folder(first, output), _folder(second, output), as_json=as_json)


@app.command()
def merge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Runs' folders, or their names in --output.")],
    name: Annotated[str, typer.Option("--name", help="The name of the run that has all of them.")],
    output: Output = OUTPUTS,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a run of that name.")] = False,
) -> int:
    """Put comparisons together that were run apart, on other tables, losses, conditions or repeats.

    Examples:
        lossbench runs merge compare-wine compare-digits --name both
    """
    from lossbench import runner

    return runner.merge_runs([_folder(run, output) for run in runs], name, str(output), force=force)


def _folder(run: Path, output: Path) -> Path:
    """A run by its folder, else by its name in the folder of runs."""
    return run if run.is_dir() or len(run.parts) > 1 else output / run
