"""The list of commands: name, panel and first line of each, so that `--help` imports no command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXPERIMENTS, CATALOGUE, YOURS = "Experiments", "What there is", "Tables, losses and runs of yours"


@dataclass(frozen=True)
class CommandEntry:
    """A command: its panel, the first line of its docstring, and the module of `lossbench.cli` it is in ("": its own).

    There it is a function of its name, or a Typer with commands of its own, called `app`.
    """

    name: str
    panel: str
    line: str
    module: str = ""

    def load(self) -> TyperCommand | TyperGroup:
        """The command itself."""
        function = self.name.replace("-", "_")
        module = import_module(f"lossbench.cli.{self.module or function}")
        app = getattr(module, "app", None)
        if app is None:
            app = typer.Typer(add_completion=False)
            app.command(self.name)(getattr(module, function))
        return typer.main.get_command(app)  # type: ignore[return-value]


COMMANDS = (
    CommandEntry("train", EXPERIMENTS, "Train an MLP with one loss and one last activation."),
    CommandEntry(
        "compare-losses",
        EXPERIMENTS,
        "Compare losses on the same splits, first weights and batches, each with its best learning rate.",
    ),
    CommandEntry(
        "regularize-gif",
        EXPERIMENTS,
        "Animate what a growing penalty does to the decision regions, the weights and the accuracy.",
    ),
    CommandEntry(
        "losses",
        CATALOGUE,
        "List the losses by family; of one family, with tasks, target, last activation, formula, what they estimate.",
    ),
    CommandEntry(
        "activations", CATALOGUE, "List the last activations: formula, and where their outputs live.", module="losses"
    ),
    CommandEntry("metrics", CATALOGUE, "List the metrics: tasks, which end is better, formula.", module="losses"),
    CommandEntry(
        "penalties",
        CATALOGUE,
        "List the penalties: formula and effect. `lossbench explain elasticnet` says how others write them.",
        module="losses",
    ),
    CommandEntry(
        "datasets", CATALOGUE, "List the data sets: task, size, where they come from; or the suites; or fetch one."
    ),
    CommandEntry(
        "explain",
        CATALOGUE,
        "Explain a loss, or with a last activation: whether the two fit, why, and the fix; or any other name.",
    ),
    CommandEntry(
        "plot-loss",
        CATALOGUE,
        "Draw losses: value, gradient and curvature over the margin, the probability, the residual or the prediction.",
    ),
    CommandEntry(
        "data",
        YOURS,
        "Show how a table is read: columns, gaps, classes, what is dropped and why, and suitable losses.",
    ),
    CommandEntry(
        "doctor",
        YOURS,
        "Probe a loss: gradients, extremes, dead regions, properness, what it equals; and what it declares of itself.",
    ),
    CommandEntry("predict", YOURS, "Predict new rows with the weights, the preprocessing and the loss of a run."),
    CommandEntry("report", YOURS, "Draw a run's reports again, also of one that is not finished."),
    CommandEntry(
        "export",
        YOURS,
        "Export a run: tables for papers and notebooks, runs of MLflow and TensorBoard, the net as ONNX or skops.",
    ),
    CommandEntry("runs", YOURS, "List runs: how far each is, and its answer; show, compare and merge them."),
    CommandEntry(
        "init",
        YOURS,
        "Write a commented config file to start from, for a table of yours: its columns, task and warnings are looked "
        "at.",
    ),
    CommandEntry("config", YOURS, "Check, show and describe config files."),
)


class Commands(TyperGroup):
    """The commands as their entries say; one is loaded when it is run, asked for help, or completed behind its name."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for entry in COMMANDS:
            self.add_command(TyperCommand(entry.name, help=entry.line, rich_help_panel=entry.panel))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The page of all commands."""
        with _stand_ins():
            import typer.rich_utils  # noqa: F401 - what draws the page
        super().format_help(ctx, formatter)

    def get_params(self, ctx: Any) -> list[Any]:
        """Its switches, Typer's own among them, off when not given: for a None, Typer would load pydantic."""
        switches = super().get_params(ctx)
        for switch in switches:
            switch.default = switch.default or False
        return switches

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The name, the command itself and the arguments behind it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, next((entry.load() for entry in COMMANDS if entry.name == name), command), rest


# Typer imports these for help in Markdown and for exceptions as Rich draws them, neither of which lossbench has. They,
# with the parser and the highlighter that they need, take a third of the time of the page.
UNUSED = {"rich.markdown": "Markdown", "rich.traceback": "Traceback"}


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Inside, an empty class stands for each of the unused ones; afterwards the real modules can be imported."""
    absent = [name for name in UNUSED if name not in sys.modules]
    for name in absent:
        sys.modules[name] = ModuleType(name)
        setattr(sys.modules[name], UNUSED[name], type(UNUSED[name], (), {}))
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
