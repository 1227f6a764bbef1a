"""Adapts a user's function to a loss of this catalogue: reads its signature, adapts and checks its shapes.

Shapes: P members, B rows, K outputs, C classes. The engine gives outputs `[P, B, K]`. A decorated loss promises to
take leading axes as they come; a plain function or an `nn.Module` knows only `[B, K]`, so it is given all members'
rows as one batch where its values do not depend on the other rows, and one member at a time where they do.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import LAST_HIDDEN, Loss, declare
from lossbench.catalog.plugins.faults import fault
from lossbench.catalog.plugins.row_coupling import COUNT_INSIDE, coupling
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.deferred import F, torch
from lossbench.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

Batching = Literal["leading axes", "all rows at once", "one member at a time"]

SOUND = {  # where a plain function's outputs must live, read from what it says of its predictions
    Decoder.PROBABILITY: (Space.SIMPLEX, Space.UNIT),
    Decoder.LOG_PROBABILITY: (Space.LOG_SIMPLEX,),
    Decoder.DISTANCE: (Space.POSITIVE, Space.NONNEGATIVE),
    Decoder.EVIDENCE: (Space.POSITIVE, Space.NONNEGATIVE),
}


class WrongShape(UserError):
    """A loss returned a tensor of another shape than one value per sample."""

    def __init__(self, what: str, *, where: str, fix: str, returned: Sequence[int]) -> None:
        super().__init__(what, where=where, fix=fix)
        self.returned = tuple(returned)


class UserFunction:
    """A user's function, called as the engine calls a loss; its faults are said with their place."""

    def __init__(
        self, fn: Callable[..., Any], *, file: str, where: str, batching: Callable[[], Batching], per: str = "sample"
    ) -> None:
        functools.update_wrapper(self, fn, updated=())
        self.fn, self.file, self.where, self._batching, self.per = fn, file, where, batching, per

    @functools.cached_property
    def batching(self) -> Batching:
        """How it takes its rows: found out when it is called first, since to declare a loss is not to call it."""
        return self._batching()

    def elsewhere(self) -> UserFunction:
        """What is known of it, without its code: it can be sent to another process, and not be called there."""
        return UserFunction(_Elsewhere(self), file=self.file, where=self.where, batching=_all_rows, per=self.per)

    def __call__(self, out: Tensor, target: Tensor, *extra: Tensor, **named: Any) -> Tensor:
        """Values per sample `[P, B]` (per batch: `[P]`), or a `UserError`."""
        call = functools.partial(self._call, **named)
        out = out.contiguous()  # a user may ask for a view of it
        if self.batching == "leading axes":
            return self._shaped(
                call(out, target, *extra), out, out.shape[:-1] if self.per == "sample" else out.shape[:-2]
            )
        *members, rows, outputs = out.shape
        flat = out.reshape(-1, rows, outputs)
        target = target.reshape(len(flat), rows, *target.shape[len(members) + 1 :])
        if self.batching == "all rows at once":
            value = self._row_values(call, flat.flatten(0, 1), target.flatten(0, 1))
        else:  # a loop, since a user's function need not be traceable
            value = torch.stack([self._row_values(call, o, t) for o, t in zip(flat, target, strict=True)])
        return value.reshape(*members, rows)

    def _row_values(self, call: Callable[..., Any], out: Tensor, target: Tensor) -> Tensor:
        value = call(out, target)
        if isinstance(value, torch.Tensor) and value.shape == out.shape:
            return value.mean(-1)  # torch leaves the columns of a row apart; its own reduction of them is the mean
        return self._shaped(value, out, out.shape[:-1])

    def _call(self, *tensors: Tensor, **named: Any) -> Any:
        try:
            return self.fn(*tensors, **named)
        except BaseException as problem:
            raise fault(problem, file=self.file, where=self.where) from problem

    def _shaped(self, value: Any, out: Tensor, wanted: Sequence[int]) -> Tensor:
        if not isinstance(value, torch.Tensor):
            raise UserError(f"returned {a_kind(value)}, not a tensor", where=self.where)
        if value.shape != wanted:
            raise WrongShape(
                f"returned shape {list(value.shape)} for outputs {list(out.shape)}",
                where=self.where,
                fix=f"return one value per {self.per}, {list(wanted)}, without a mean or a sum over them",
                returned=value.shape,
            )
        return value


def _all_rows() -> Batching:
    return "all rows at once"


class _Elsewhere:
    """Stands for a user's function where its code is not run."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.__name__, self.__doc__ = fn.__name__, fn.__doc__

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("is only called in a process of its own")


def a_kind(value: Any) -> str:
    """`an int`, `a DataFrame`: what a value is, where something else was wanted."""
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeio' else 'a'} {name}"


def adapt(loss: Loss, *, file: str, where: str) -> UserFunction:
    """The function of a decorated loss, with its signature checked."""
    if isinstance(loss.fn, UserFunction):
        return loss.fn
    _check_signature(loss.fn, 2 if loss.per == "sample" else 3, where)
    return UserFunction(loss.fn, file=file, where=where, batching=lambda: "leading axes", per=loss.per)


def declare_plain(
    value: Any, *, name: str, file: str, task: Task, encoding: Encoding, decode: Decoder, where: str
) -> Loss:
    """A loss from an undecorated function, an `nn.Module` instance, or a class of either kind."""
    function = _parameters_keyword_only(_unreduced(value, file, where), where)
    classes = 2 if task is Task.BINARY else 3
    sound = SOUND.get(decode, (Space.REAL,))
    try:
        loss = declare(
            function,
            targets={task: encoding},
            sound=sound,
            decode=decode,
            reference=where,
            floor=None,
            estimates="not said",
            is_declared=False,
        )
    except TypeError as problem:
        raise UserError(str(problem), where=where) from problem

    def batching() -> Batching:
        return "all rows at once" if _rows_apart(loss, task, classes, file) else "one member at a time"

    return replace(loss, name=name, family="", fn=UserFunction(function, file=file, where=where, batching=batching))


def _check_signature(fn: Callable[..., Any], arguments: int, where: str) -> inspect.Signature:
    takes = "outputs and targets" if arguments == 2 else "outputs, targets and the rows' weights"
    try:
        signature = inspect.signature(fn)
    except (TypeError, ValueError):
        raise UserError("its arguments cannot be read", where=where, fix=f"wrap it in a function of {takes}") from None
    kinds = [p.kind for p in signature.parameters.values()]
    positional = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = sum(p.default is p.empty for p in positional)
    if inspect.Parameter.VAR_POSITIONAL not in kinds and not required <= arguments <= len(positional):
        raise UserError(f"takes {signature}", where=where, fix=f"a loss takes {takes}, and parameters after a `*`")
    return signature


def _unreduced(value: Any, file: str, where: str) -> Callable[..., Any]:
    """The function itself, or the module made to return one value per row."""
    if inspect.isclass(value):
        try:
            takes = inspect.signature(value).parameters
            value = value(**({"reduction": "none"} if "reduction" in takes else {}))
        except TypeError as problem:
            raise UserError(
                f"cannot be made without arguments ({problem})", where=where, fix="name an instance of it"
            ) from None
        except BaseException as problem:
            raise fault(problem, file=file, where=where, when=" while it was made") from problem
    if not callable(value):
        raise UserError(f"{a_kind(value)} is no loss", where=where, fix="name a function or an nn.Module")
    if not isinstance(value, torch.nn.Module):
        reduces = not inspect.isbuiltin(value) and "reduction" in _check_signature(value, 2, where).parameters
        return functools.wraps(value)(functools.partial(value, reduction="none")) if reduces else value
    reduction = getattr(value, "reduction", "none")
    if reduction != "none":
        raise UserError(f"has reduction={reduction!r}", where=where, fix="make it with reduction='none'")
    if learnt := [name for name, _ in value.named_parameters()]:
        raise UserError(
            f"has parameters of its own to be learnt ({', '.join(learnt)})",
            where=where,
            fix="only the net is trained",
        )
    return value


def _parameters_keyword_only(fn: Callable[..., Any], where: str) -> Callable[..., Any]:
    """The function, read as a loss: whatever has a plain default after outputs and targets is a parameter."""
    forward = fn.forward if isinstance(fn, torch.nn.Module) else fn
    signature = _check_signature(forward, 2, where)
    first, *rest = (p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD)
    _second, *rest = rest or [first]
    if missing := [p.name for p in rest if p.default is p.empty and p.kind is p.KEYWORD_ONLY]:
        fix = f"give it a default; only a loss that is decorated with @loss gets class_counts and {LAST_HIDDEN}"
        raise UserError(f"needs {', '.join(missing)}, which is never passed", where=where, fix=fix)
    parameters = [
        p.replace(kind=p.KEYWORD_ONLY, annotation=p.empty)
        for p in rest
        if isinstance(p.default, bool | int | float | str) and p.name != "reduction"
    ]

    def loss(out: Tensor, target: Tensor, **params: Any) -> Any:
        return fn(out, target, **params)

    name = getattr(fn, "__name__", type(fn).__name__)
    loss.__name__ = name
    loss.__doc__ = (
        fn.__doc__ if inspect.isroutine(fn) or isinstance(fn, functools.partial) else type(fn).__dict__.get("__doc__")
    )
    loss.__module__ = getattr(fn, "__module__", "")
    loss.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in ("out", "target")] + parameters
    )
    return loss


def _rows_apart(loss: Loss, task: Task, classes: int, file: str) -> bool:
    """Whether a row keeps its value when other rows join its batch; True where the loss cannot be tried."""
    try:
        out, target = _batch(loss, task, classes)
        whole, part = loss(out.clone(), target.clone()), loss(out[:3].clone(), target[:3].clone())
        return bool(
            whole.ndim == 0 or len(whole) != 6 or torch.allclose(whole[:3], part, rtol=1e-4, atol=1e-6, equal_nan=True)
        )
    except BaseException as problem:  # whatever it raises, it will raise again where its place is reported
        fault(problem, file=file, where="")
        return True


def rows_coupled(loss: Loss, task: Task, classes: int) -> str:
    """What is to be said before a user's loss is trained whose rows are not each other's business; "" of any other."""
    fn = loss.fn
    if not isinstance(fn, UserFunction) or loss.per == "batch":
        return ""
    try:
        out, target = _batch(loss, task, classes)
        found = coupling(loss, out[None], target[None], rows=1)
        if found is None and fn.batching == "one member at a time":
            found = COUNT_INSIDE
    except Exception:  # its training will tell
        return ""
    return "" if found is None else f"{fn.where}: {found}"


def _batch(loss: Loss, task: Task, classes: int) -> tuple[Tensor, Tensor]:
    """Outputs `[6, K]` behind the activation that the loss names first, and targets of all classes in turn."""
    generator = torch.Generator().manual_seed(0)
    outputs = loss.width(task, classes)
    activation = next(a for s in loss.sound[task] for a in ACTIVATIONS if a.space is s and a.min_outputs <= outputs)
    return (
        activation(torch.randn(6, outputs, generator=generator)),
        example_target(loss.targets[task], 6, max(classes, 3) if task is Task.REGRESSION else classes),
    )


def example_target(encoding: Encoding, rows: int, classes: int) -> Tensor:
    """Encoded targets of so many rows, every class in turn; numbers 0.5, 1.5, ... for a regression."""
    y = torch.arange(rows) % classes
    one_hot = F.one_hot(y, classes).float()
    column = y.clamp(max=1).float()[:, None]
    match encoding:
        case Encoding.CLASS_INDEX:
            return y
        case Encoding.ONE_HOT:
            return one_hot
        case Encoding.SIGNED_ONE_HOT:
            return 2 * one_hot - 1
        case Encoding.CUMULATIVE:
            return (y[:, None] > torch.arange(classes - 1)).float()
        case Encoding.PROBABILITY:
            return column
        case Encoding.SIGN:
            return 2 * column - 1
        case _:
            return y.float()[:, None] + 0.5
