"""Checks the names in a config against the catalogue, all at once, before anything is loaded.

Nothing here imports torch, so that `config check` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.loss import Loss
from lossbench.catalog.loss_groups import LossGroup, find_group
from lossbench.catalog.plugins.resolve import find_activation, find_loss, find_metric
from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig, PairConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.config.parts import LossConfig
from lossbench.config.schema import Config
from lossbench.data.datasets.catalogue import is_known, one_table_needed, unknown_set
from lossbench.data.datasets.names import OPENML_SUITE, is_suite
from lossbench.errors import UserError, UserErrors
from lossbench.experiments.setup.suites import members

AUTO = "auto"


def resolve_loss(
    config: LossConfig,
    task: Task | None = None,
    *,
    decode: Decoder | Callable[..., Prediction] | None = None,
    where: str = "loss",
) -> Loss:
    """The loss that a config names (`auto`: the task's), with its parameters bound; `UserError`s name the key.

    `decode` is a decoder itself, which a config can only name.
    """
    name = usual_loss(task) if config.name == AUTO and task is not None else config.name
    own = decode or config.decode
    loss = find_loss(name, task=task, target_encoding=config.target_encoding, decode=own, where=where)
    return loss.bind(where=where, **config.params) if config.params else loss


def group_of(pair: PairConfig, *, where: str = "losses") -> LossGroup | None:
    """The group of losses that an entry of a comparison names; None where it names a loss.

    Raises `UserError` for a group with parameters, class weights or a last activation, and for a misspelled one.
    """
    group = find_group(pair.loss.name, where=where)
    if group is not None and (pair.last_act != AUTO or pair.loss != LossConfig(name=group.name)):
        raise UserError(
            f"{group.name} is a group of losses: it has no parameters, class weights or last activation",
            where=where,
            fix="name the loss that is to have them",
        )
    return group


def are_named(losses: Sequence[PairConfig] | None) -> bool:
    """Whether a comparison's losses are named one by one, without a group among them."""
    return losses is not None and all(group_of(pair) is None for pair in losses)


def usual_loss(task: Task) -> str:
    """The loss that `auto` takes."""
    return "nll" if task.is_classification else "mse"


def folder_name(*words: str) -> str:
    """`titanic-nll-logsoftmax`: words as a folder's name, whatever stands in them."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in "-".join(words))


def check_names(config: Config) -> None:
    """Raise `UserErrors` for every loss, parameter, activation, metric and data set in a config that there is not."""
    errors: list[UserError] = []
    for check in _checks(config):
        try:
            check()
        except UserErrors as several:
            errors += several.errors
        except UserError as error:
            errors.append(error)
    if errors:
        raise errors[0] if len(errors) == 1 else UserErrors(errors)


def _checks(config: Config) -> Iterator[Callable[[], object]]:
    match config:
        case TrainConfig():
            yield from _pair_checks(config.loss, config.last_act, "")
            yield lambda: _check_metric(config.metric)
            yield lambda: _check_data(config.data, "data")
        case CompareConfig():
            for i, pair in enumerate(config.losses or []):
                yield partial(_check_entry, pair, f"losses.{i}")
            yield lambda: _check_metric(config.metric)
            for i, data in enumerate(config.data):
                yield partial(_check_tables, data, f"data.{i}")
        case RegularizeConfig():
            yield from _pair_checks(config.loss, config.last_act, "")
            yield lambda: _check_data(config.data, "data")


def _pair_checks(loss: LossConfig, last_act: str, path: str) -> Iterator[Callable[[], object]]:
    # an undecorated loss needs its task, which the data decides; until that is known, any task serves
    if loss.name != AUTO:
        yield lambda: resolve_loss(loss, Task.BINARY, where=f"{path}loss")
    yield lambda: last_act == AUTO or find_activation(last_act, where=f"{path}last_act")


def _check_entry(pair: PairConfig, path: str) -> None:
    if group_of(pair, where=path) is None:
        for check in _pair_checks(pair.loss, pair.last_act, f"{path}."):
            check()


def _check_metric(name: str) -> None:
    if name != AUTO:
        find_metric(name, where="metric")


def _check_tables(data: DataConfig, path: str) -> None:
    """A table, or a suite of them; one of OpenML's is not asked for."""
    if data.name is None or not is_suite(data.name):
        _check_data(data, path)
    elif not data.name.startswith(OPENML_SUITE):
        for member in members(data.name):
            _check_data(member, path)


def _check_data(data: DataConfig, path: str) -> None:
    if data.name is not None and is_suite(data.name):
        raise one_table_needed(data.name, where=path)
    if data.name is not None and not is_known(data.name):
        raise unknown_set(data.name, where=path)
