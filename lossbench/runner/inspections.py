"""The commands that train nothing: a config checked, a table described, a loss examined, new rows predicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossbench.errors import UserError, choose

if TYPE_CHECKING:
    from lossbench.config.commands.train import TrainConfig
    from lossbench.config.parts import LossConfig
    from lossbench.config.schema import Command


def check(file: str) -> Command:
    """`lossbench config check`: the command that the file is for; `UserErrors` for wrong keys, values and names."""
    from lossbench.config.load import load
    from lossbench.experiments.setup.resolve import check_names

    config = load(file)
    try:
        check_names(config)
    except UserError as error:
        raise error.at(file) from None
    return config.kind


def describe_data(config: TrainConfig) -> int:
    """`lossbench data`: what is understood of a table, and whether it could be trained on, before anything is.

    The exit code is 2 where nothing can be made of any column.
    """
    from lossbench.data.describe import describe
    from lossbench.experiments.setup.data_source import data_source
    from lossbench.runner.show import show_data

    split = config.split
    source = data_source(config.data)
    found = describe(source, test=split.test, validation=split.validation)
    show_data(found)
    return 0 if found.inputs else 2


def predict(
    run: Path,
    table: Path,
    out: Path | None,
    *,
    member: int | None = None,
    reading: Mapping[str, Any] | None = None,
    last_act: str | None = None,
    decode: str | None = None,
) -> int:
    """`lossbench predict`: labels and probabilities, or values, for the rows of a new table."""
    from lossbench.experiments.train.predictions import predict_file
    from lossbench.runner.show import show_predictions

    show_predictions(predict_file(run, table, member, reading=reading, last_act=last_act, decode=decode), out)
    return 0


def doctor(config: LossConfig, *, task: str | None, as_json: bool, verbose: bool = False) -> int:
    """`lossbench doctor`: what a loss is like, measured; exit code 1 where an error was found."""
    from lossbench.catalog.vocabulary import Task
    from lossbench.experiments.doctor import examine
    from lossbench.experiments.setup.resolve import resolve_loss
    from lossbench.runner.show import show_diagnosis, watching

    requested = None if task is None else choose("--task", task, {known.value: known for known in Task})
    loss = resolve_loss(config, requested)
    with watching(f"examining {loss.label}") as watch:
        diagnosis = examine(loss, tasks=None if requested is None else [requested], watch=watch)
    show_diagnosis(diagnosis, as_json=as_json, verbose=verbose)
    return diagnosis.exit_code
