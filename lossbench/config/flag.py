"""The flag of a config's key: declared on the field, in its `Annotated`, beside its type, bounds and description."""

from __future__ import annotations

from dataclasses import dataclass

# The groups of flags on a help page.
DATA, READING = "Data", "Reading a table of your own"
LOSS, NET, TRAINING, EVALUATION, CONDITIONS = "Loss", "Net", "Training", "Evaluation", "Conditions"
PICTURE = "Picture"
RUN = "Run"


@dataclass(frozen=True)
class Flag:
    """`--lr`, in a panel of the help page; its help, default, choices and bounds are the field's.

    `metavar` stands for the value ("": INT, FLOAT or NAME, by the field's type). `complete` names what a shell offers,
    a function of `lossbench.cli.flags.completion`, or is a tuple of words ((): the choices of a `Literal`). `note` is
    added to the help. A flag stands where its field does, or behind the flag `after` where the command has that one.
    `pairs` says that the value is NAME=VALUE, and that the flag may be repeated; where it is `whole`, commas do not
    part it into several. `repeated` says that it may be, each time with a list. `short` is a second name: `-j`.
    """

    name: str
    panel: str
    metavar: str = ""
    complete: str | tuple[str, ...] = ()
    note: str = ""
    after: str = ""
    pairs: bool = False
    repeated: bool = False
    whole: bool = False
    short: str = ""

    @property
    def parameter(self) -> str:
        """`--last-act` -> `last_act`; of a switch, the side that turns on: `--per-seed/--no-per-seed` -> `per_seed`."""
        return self.name.split("/", 1)[0].removeprefix("--").replace("-", "_")


@dataclass(frozen=True)
class Without:
    """Keys below this field, as dotted paths, that this config has no flags for: `--set` and files reach them."""

    keys: tuple[str, ...]

    def __init__(self, *keys: str) -> None:
        object.__setattr__(self, "keys", keys)
