"""Users' own decoders: found by `file.py:name` or as they are, and called with their faults said.

Shapes: P members, N rows, K outputs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossbench.catalog.decoders import DECODERS, Decoder, Prediction, as_decoder
from lossbench.catalog.loss import Loss
from lossbench.catalog.plugins.adapt import a_kind
from lossbench.catalog.plugins.faults import fault
from lossbench.catalog.plugins.find_value import FILE, find_value, source_file
from lossbench.catalog.plugins.packages import entry_point_names
from lossbench.catalog.vocabulary import Task
from lossbench.deferred import torch
from lossbench.errors import UserError, choose

if TYPE_CHECKING:
    from torch import Tensor


class UserRead:
    """A user's function from outputs to a prediction; its faults are said with their place."""

    def __init__(self, read: Callable[..., Any] | None, signature: inspect.Signature, *, file: str, where: str) -> None:
        self.read, self.__signature__, self.file, self.where = read, signature, file, where

    def elsewhere(self) -> UserRead:
        """What is known of it, without its code: it can be sent to another process, and not be called there."""
        return UserRead(None, self.__signature__, file=self.file, where=self.where)

    def __call__(self, out: Tensor, **params: Any) -> Prediction:
        """What outputs `[P, N, K]` predict, or a `UserError`."""
        if self.read is None:
            raise RuntimeError("is only called in a process of its own")
        try:
            found = self.read(out, **params)
        except BaseException as problem:
            raise fault(problem, file=self.file, where=self.where) from problem
        if not isinstance(found, Prediction):
            fix = "return Prediction(point_PN=...), or Prediction(score_PNC=..., probability_PNC=...)"
            raise UserError(f"returned {a_kind(found)}, not a lossbench.Prediction", where=self.where, fix=fix)
        self._check(found, out.shape)
        return found

    def _check(self, found: Prediction, shape: Sequence[int]) -> None:
        if found.score_PNC is None and found.point_PN is None:
            fix = "give score_PNC, whose argmax decides, of classes; point_PN of values"
            raise UserError("its prediction has neither score_PNC nor point_PN", where=self.where, fix=fix)
        rows, given = list(shape[:-1]), f"for outputs {list(shape)}"
        of_rows: dict[str, Tensor | None] = {
            "point_PN": found.point_PN,
            "score_PNC": None if found.score_PNC is None else found.score_PNC[..., 0],
            "distribution's mean": None if found.distribution is None else found.distribution.mean,
            "quantiles": None if found.quantiles is None else found.quantiles.value[..., 0],
        }
        for name, part in of_rows.items():
            if part is not None and list(part.shape) != rows:
                raise UserError(
                    f"its {name} has shape {list(part.shape)} {given}", where=self.where, fix=f"give {rows}"
                )
        score, p = found.score_PNC, found.probability_PNC
        if p is not None and (score is None or p.shape != score.shape):
            what = f"its probability_PNC has shape {list(p.shape)}, and score_PNC another, {given}"
            raise UserError(what, where=self.where, fix="give a score for each probability, such as its logarithm")


def find_decoder(reference: str | Decoder | Callable[..., Any], *, where: str = "--decode") -> Decoder:
    """The decoder that a reference means: a built-in one's name, `file.py:name`, a package's, or a function itself."""
    if isinstance(reference, str):
        if not FILE.fullmatch(reference) and reference not in entry_point_names("decoder"):
            return choose(where, reference, {one.name: one for one in DECODERS})
        found = find_value(reference, DECODERS, lambda value: isinstance(value, Decoder), where)
        return adapted(found.value, file=found.file, where=found.place)
    return adapted(reference)


def adapted(given: Decoder | Callable[..., Any], *, file: str = "", where: str = "") -> Decoder:
    """A user's decoder, its faults said with their place; a built-in one as it is."""
    if not callable(given):
        fix = "name a function of outputs [..., K] that gives a lossbench.Prediction"
        raise UserError(f"{a_kind(given)} is no decoder", where=where, fix=fix)
    decoder = as_decoder(given)
    if decoder.is_built_in or isinstance(decoder.read, UserRead):
        return decoder
    file = file or source_file(decoder.read)
    place = where or (f"{Path(file).name}:{decoder.name}" if file else decoder.name)
    try:
        signature = inspect.signature(decoder.read)
    except (TypeError, ValueError):
        fix = "wrap it in a function of outputs"
        raise UserError("its arguments cannot be read", where=place, fix=fix) from None
    needed = [p for p in signature.parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(needed) > 1:
        fix = "a decoder takes outputs, and parameters of the loss after a `*`"
        raise UserError(f"takes {signature}", where=place, fix=fix)
    return replace(decoder, read=UserRead(decoder.read, signature, file=file, where=place))


def with_decoders(loss: Loss, change: Callable[[Decoder], Decoder]) -> Loss:
    """The loss with each of its decoders changed."""
    return replace(loss, decode={key: change(decoder) for key, decoder in loss.decode.items()})


def without_code(decoder: Decoder) -> Decoder:
    """What is known of a decoder, without a user's code."""
    return replace(decoder, read=decoder.read.elsewhere()) if isinstance(decoder.read, UserRead) else decoder


def decoder_file(decoder: Decoder) -> str:
    """The file that a user's decoder comes from; "" for one of lossbench's own, or typed at a prompt."""
    return decoder.read.file if isinstance(decoder.read, UserRead) else ""


def decoder_sha256(decoder: Decoder) -> str:
    """The sha256 of that file; "" where there is none."""
    file = decoder_file(decoder)
    return sha256(Path(file).read_bytes()).hexdigest() if file else ""


def check_decoder(decoder: Decoder, outputs: int, task: Task, classes: int, *, where: str) -> None:
    """Raise `UserError` where a user's decoder does not read so many outputs as a task's classes, or as a value."""
    if not isinstance(decoder.read, UserRead) or decoder.read.read is None:
        return
    found = decoder(torch.zeros(1, 1, outputs))
    if not task.is_classification:
        if found.point_PN is None:
            raise UserError(f"{decoder.name} gives no point_PN, and the task is {task}", where=where, fix="give one")
        return
    read = 0 if found.score_PNC is None else found.score_PNC.shape[-1]
    if read != classes:
        what = f"{decoder.name} reads {outputs} outputs as {read} classes, and there are {classes}"
        raise UserError(what, where=where, fix="give a score_PNC [P, N, C]")
