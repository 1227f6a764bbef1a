"""The Python door to what the commands do: `train` and `compare` return the record that the command line writes.

Keywords are the keys of the config: its top-level ones (`loss`, `last_act`, `seeds`, `optim={"lr": 1e-3}`), and those
inside its parts where one name means one key (`epochs`, `lr`, `hidden`, `l2`, `patience`). What is excluded has the
config's default. Data may be a name, a file, or a DataFrame, which goes by `frame.attrs["name"]` if it has one.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from lossbench.catalog.loss import LOSSES, Loss
from lossbench.catalog.plugins.adapt import UserFunction, a_kind
from lossbench.catalog.plugins.torch_objects import activation_name, loss_call
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.data import DataConfig
from lossbench.config.keys import flagged, model_at
from lossbench.config.load import Override, load
from lossbench.config.python_words import Words, in_python
from lossbench.config.schema import CONFIGS, Command
from lossbench.errors import UserError, unknown, warn
from lossbench.events import Event, Warned
from lossbench.record import CompareRecord, Record, TrainRecord

if TYPE_CHECKING:
    import pandas as pd

    from lossbench.data.table import Table
    from lossbench.runner.drive import Listener

    Data = str | Path | Mapping[str, Any] | pd.DataFrame


def _as_html(record: Record) -> str:
    from lossbench.runner.finish import answer_as_html

    return answer_as_html(record)


Record.html = _as_html

FRAME = "DataFrame"  # what a config and a record call a table that came from no file


def train(
    data: Data = "titanic",
    target: str | Sequence[str] | None = None,
    *,
    config: str | Path | None = None,
    strict: bool = False,
    force: bool = False,
    progress: bool | None = None,
    **keys: Any,
) -> TrainRecord:
    """Train one loss on one table, as `lossbench train` does, and return the record; `.table()` is a DataFrame.

    `target` names the column to predict of a file or a DataFrame, or several; `config` a YAML file that the keywords
    override. The run's folder has the record, curves and weights; a run that was stopped goes on, and of one that has
    ended its record is read (`force` trains it anew). `progress` shows how far it is; None: in a notebook. What the
    command line warns of is a `LossbenchWarning`. Raises `UserError` for whatever cannot be trained.
    """
    from lossbench import runner

    with in_python(TrainConfig) as python:
        words, frames = _words("train", [data], target, keys)
        checked = _checked("train", config, words[0], keys)
        assert isinstance(checked, TrainConfig)
        table = _table(frames[0], checked.data.model_dump())
        listeners = _listeners(progress, python)
        return runner.run_train(
            checked, listeners=listeners, command="lossbench.train", strict=strict, force=force, table=table
        )[0]


def compare(
    data: Data | Sequence[Data] = "titanic",
    target: str | Sequence[str] | None = None,
    *,
    config: str | Path | None = None,
    strict: bool = False,
    force: bool = False,
    progress: bool | None = None,
    **keys: Any,
) -> CompareRecord:
    """Compare losses on one or more tables, as `lossbench compare-losses` does, and return the record.

    `losses` are names, `"nll+relu"` pairs, functions, modules of torch or mappings; without it all sound ones are
    compared. Other arguments are those of `train`. `.table()` has a row a loss with rank, score and difference,
    `.members()` a row a trained net, `record.analysis` all the statistics.
    """
    from lossbench import runner

    several = list(data) if isinstance(data, list | tuple) else [data]
    with in_python(CompareConfig) as python:
        words, frames = _words("compare-losses", several, target, keys)
        checked = _checked("compare-losses", config, words, keys)
        assert isinstance(checked, CompareConfig)
        tables = [_table(frame, part.model_dump()) for frame, part in zip(frames, checked.data, strict=True)]
        listeners = _listeners(progress, python)
        return runner.run_compare(
            checked, listeners=listeners, command="lossbench.compare", strict=strict, force=force, tables=tables
        )[0]


compare_losses = compare  # the command's own name


class _Warnings:
    """Warnings of a run as Python's own, in its words, at the line that called for the run."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def __call__(self, event: Event) -> None:
        """Take in one event."""
        if isinstance(event, Warned) and event.level == "warning":
            warn(self._words(event.message))

    def close(self) -> None:
        """Nothing is left to do."""


class _Display:
    """A display of progress without what is a warning of Python's already."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __call__(self, event: Event) -> None:
        """Hand one event on."""
        if not (isinstance(event, Warned) and event.level == "warning"):
            self._listener(event)

    def close(self) -> None:
        """Tidy up."""
        self._listener.close()


def _listeners(progress: bool | None, words: Words) -> list[Listener]:
    from lossbench.progress.notebook import in_notebook
    from lossbench.runner.drive import choose_listeners

    if progress is None:
        progress = in_notebook()
    return [*map(_Display, choose_listeners("rich") if progress else ()), _Warnings(words)]


def _words(
    kind: Command, data: Sequence[Any], target: str | Sequence[str] | None, keys: dict[str, Any]
) -> tuple[list[Any], list[pd.DataFrame | None]]:
    """Each table in a config's words, and the DataFrames among them; keywords about reading go to all of them."""
    reading = {name: _plain(keys.pop(name)) for name in list(keys) if _home(kind, name)[0] == "data" != name}
    if target is not None:
        reading["target"] = _plain(target)
    words, frames = [], []
    for one in data:
        is_frame = hasattr(one, "columns") and hasattr(one, "dtypes")
        if not is_frame and not isinstance(one, str | Path | Mapping):
            fix = "give a data set's name, a file or a DataFrame (lossbench.MLPClassifier takes arrays)"
            raise UserError(f"{a_kind(one)} is no table", where="data", fix=fix)
        frames.append(one if is_frame else None)
        word = {"file": str(one.attrs.get("name") or FRAME)} if is_frame else _plain(one)
        if isinstance(word, str) and reading:
            from lossbench.data.source import DataSource

            source = DataSource.of(word)
            word = {"name": source.name} if source.file is None else {"file": source.file}
        words.append({**word, **reading} if isinstance(word, dict) else word)
    return words, frames


def _table(frame: pd.DataFrame | None, options: Mapping[str, Any]) -> Table | None:
    """The table that a DataFrame is, read as the config says; None where the config says where to find it."""
    if frame is None:
        return None
    from lossbench.data.read.build_table import read_table
    from lossbench.data.source import DataSource

    return read_table(DataSource(**options), frame)


def _checked(kind: Command, file: str | Path | None, data: Any, keys: Mapping[str, Any]) -> BaseModel:
    overrides = [Override(("data",), data, "data")]
    for name, value in keys.items():
        overrides.append(Override(_home(kind, name), _plain(value), name))
    return load(file, (), overrides, kind)


def _home(kind: Command, name: str) -> tuple[str, ...]:
    """Where a config has the key that a keyword means: at the top, or in the one part that has such a key."""
    fields = CONFIGS[kind].model_fields
    if name in fields:
        return (name,)
    parts = {part: model_at(CONFIGS[kind], (part,)) for part in fields if part not in {"data", "losses"}}
    parts = {part: model for part, model in parts.items() if model is not CONFIGS[kind]} | {"data": DataConfig}
    homes = [(part, name) for part, model in parts.items() if name in model.model_fields]
    if len(homes) == 1:
        return homes[0]
    if not homes and (found := flagged(CONFIGS[kind]).get(name)) is not None:
        return found[0].path  # of what every loss of a comparison has
    if homes:
        ways = " or ".join(f"{part}={{{name!r}: ...}}" for part, _ in homes)
        raise UserError(f"several parts have a key {name!r}", where=name, fix=f"say which: {ways}")
    known = {*fields, *(inner for model in parts.values() for inner in model.model_fields)}
    raise unknown("keyword", name, known)


def _plain(value: Any) -> Any:
    """A value as a config file would hold it."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list | range):
        return [_plain(inner) for inner in value]
    if isinstance(value, Loss) or callable(value):
        return _in_words(value)
    return value.item() if hasattr(value, "item") else value  # a number of numpy


def _in_words(value: Any) -> Any:
    """A loss or an activation that was handed over itself, as a config names it."""
    if (name := activation_name(value)) is not None:
        return name
    if (call := loss_call(value)) is not None:
        return call
    if isinstance(value, Loss):
        own = value.name in LOSSES and LOSSES.get(value.name).fn is value.fn
        return {"name": value.name if own else _reference(value.fn), "params": value.changed}
    return _reference(value)


def _reference(loss: Callable[..., Any]) -> str:
    """`file.py:name` of a loss that was handed over itself, so that the record can tell what was trained."""
    if isinstance(loss, UserFunction):
        loss = loss.fn
    name, file = getattr(loss, "__name__", ""), None
    if name:
        with contextlib.suppress(TypeError):
            file = inspect.getsourcefile(inspect.unwrap(loss))
    else:
        name, file = _global_name(loss)
    if not file or not Path(file).exists() or not name.isidentifier():
        what = f"the source of {repr(name) if name else a_kind(loss)} is in no file"
        fix = (
            "write it into a .py file"
            + ("" if name else ", with a name at its top")
            + ", or use lossbench.MLPClassifier"
        )
        raise UserError(what, where="loss", fix=fix)
    return f"{file}:{name}"


def _global_name(value: Any) -> tuple[str, str | None]:
    """The name that an object has at the top of a module, as an instance of an nn.Module may, and the module's file."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        for name, other in list(vars(module).items()) if file and hasattr(module, "__dict__") else ():
            if other is value:
                return name, file
    return "", None
