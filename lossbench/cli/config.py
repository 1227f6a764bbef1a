"""`lossbench config`: the schema of config files, a check of one, and a config written out in full."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lossbench.cli.flags import completion
from lossbench.cli.flags.options import Sets
from lossbench.config.load import load, to_yaml
from lossbench.config.schema import CONFIGS, Command, json_schema
from lossbench.errors import UserError, UserErrors, unknown

app = typer.Typer(help="Check, show and describe config files.", no_args_is_help=True, add_completion=False)

KindName = Annotated[
    str | None,
    typer.Option(
        "--kind",
        metavar="COMMAND",
        help="The command it is for, where no file says so.",
        autocompletion=completion.words(*CONFIGS),
    ),
]


@app.command()
def schema() -> None:
    """Print the JSON schema of config files, for editors.

    Examples:
        lossbench config schema > lossbench.schema.json
    """
    typer.echo(json.dumps(json_schema(), indent=2))


@app.command()
def check(files: Annotated[list[str], typer.Argument(metavar="FILE...", help="YAML files.")]) -> None:
    """Check config files: keys, values and names. Every problem is printed, and nothing is run.

    Examples:
        lossbench config check mine.yaml
    """
    from lossbench import runner

    errors: list[UserError] = []
    for file in files:
        try:
            typer.echo(f"{file}: fine, for `lossbench {runner.check(file)}`")
        except UserErrors as found:
            errors += found.errors
        except UserError as found:
            errors.append(found)
    if errors:
        raise UserErrors(errors)


@app.command()
def show(
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="A YAML file; none shows the defaults.")] = None,
    sets: Sets = None,
    kind: KindName = None,
) -> None:
    """Print a config written out in full, as YAML: defaults, then the file, then --set.

    Examples:
        lossbench config show --kind compare-losses > mine.yaml
        lossbench config show mine.yaml --set optim.lr=3e-4
    """
    typer.echo(to_yaml(load(file, sets or (), kind=_kind(kind))), nl=False)


def _kind(name: str | None) -> Command | None:
    if name is None:
        return None
    for kind in CONFIGS:
        if kind == name:
            return kind
    raise unknown("kind", name, CONFIGS, where="--kind")
