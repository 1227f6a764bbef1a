"""Computations written down once as the operations that they come to, and replayed without Python and autograd.

What a step of a small net spends on its loss is not arithmetic: it is calls from Python, and the graph that autograd
builds and takes down. A tape runs a function once, on real tensors, sees every operation below autograd, the backward
ones with them, and keeps them as a graph of torch's interpreter. A replay calls the same kernels on the same numbers
in the same order, so it has the same bits, at a third of the time.

A replay is right for tensors of the same shapes, strides and types. It does not run the function: what that does
beside its operations (a counter, a print) is not repeated. A truth value that the function read from a tensor is
checked at every replay. Functions that read other numbers, draw random ones, or write into what they were given are
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_MEMORY_FORMATS = {torch.contiguous_format: 0, torch.preserve_format: 1}  # the graph's words for them
_REFUSED = {torch.Tag.nondeterministic_seeded, torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
_LISTS = ("List[Tensor]", "List[Optional[Tensor]]")
_INDEX = torch.ops.aten.index.Tensor  # whose shape is of its data where an index is a mask
_READ = torch.ops.aten._local_scalar_dense.default


class CannotRecordError(Exception):
    """Why a function cannot be replayed."""


class Replay:
    """A recorded function of tensors."""

    def __init__(self, graph: Any, truths: Sequence[bool]) -> None:
        self._run, self._truths = torch._C._create_function_from_graph("replay", graph), tuple(truths)

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor | None:
        """The result for other inputs; None where the function would have taken another branch."""
        before = torch._C._get_graph_executor_optimize()
        torch._C._set_graph_executor_optimize(False)  # of this thread: its optimiser takes long and finds nothing here
        try:
            result, *read = self._run(*inputs)
        finally:
            torch._C._set_graph_executor_optimize(before)
        taken = all(bool(value) is truth for value, truth in zip(read, self._truths, strict=True))
        return result if taken else None


def record(function: Callable[..., Tensor], inputs: Sequence[Tensor], *, written: Tensor | None = None) -> Replay:
    """Run `function(*inputs)` and write it down; of its inputs it may write into `written` alone.

    Raises `CannotRecordError`; it may call what torch does not promise to keep, so whatever is missing of that is one.
    """
    try:
        tape = _Tape(inputs, written)
        with tape:
            result = function(*inputs)
        return tape.replay(result)
    except (AttributeError, RuntimeError, TypeError) as problem:
        raise CannotRecordError(str(problem)) from None


class _Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down each operation as a node of a graph."""

    def __init__(self, inputs: Sequence[Tensor], written: Tensor | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.graph: Any = torch._C.Graph()
        self.values: dict[int, Any] = {}  # the graph's value of each tensor seen, by its id
        self.kept: list[Any] = []  # so that no id is given twice
        self.truths: list[tuple[Any, bool]] = []
        self.trouble = ""
        self.given = {t.untyped_storage().data_ptr() for t in inputs if t is not written}
        for tensor in inputs:
            self._name(tensor, self.graph.addInput())

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else torch imports its compiler, and a computer algebra system with it, which takes seconds

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and write it down."""
        kwargs = kwargs or {}
        result = operation(*args, **kwargs)
        if not self.trouble:
            try:
                self._write(operation, args, kwargs, result)
            except (CannotRecordError, AttributeError, RuntimeError, TypeError) as problem:  # such as the graph's own
                self.trouble = f"{operation}: {problem}"
        return result

    def replay(self, result: Tensor) -> Replay:
        """What was written down, as a function with this result."""
        if self.trouble:
            raise CannotRecordError(self.trouble)
        self.graph.registerOutput(self._list([self._value(result), *(value for value, _ in self.truths)]))
        return Replay(self.graph, [truth for _, truth in self.truths])

    def _write(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        if operation is _READ and isinstance(result, bool):
            self.truths.append((self._value(args[0]), result))
            return
        of = _signature(operation)
        if of.refused and not (operation is _INDEX and all(one is None or one.dtype != torch.bool for one in args[1])):
            raise CannotRecordError(of.refused)
        given = [args[k] if k < len(args) else kwargs.get(name, default) for k, (name, default) in enumerate(of.inputs)]
        for k in of.written:
            if given[k].untyped_storage().data_ptr() in self.given:
                raise CannotRecordError("it writes into what it was given")
        node = self._node(of.name, self._values(given, of.lists), len(of.results))
        if node.schema() == "(no schema)":  # it takes a number where torch makes it a tensor first
            node.destroy()
            for k in of.tensors:
                given[k] = _as_tensor(given[k])
            node = self._node(of.name, self._values(given, of.lists), len(of.results))
        for k, kind in enumerate(of.results):
            node.outputsAt(k).setType(kind)
        if isinstance(result, list):  # which is one result
            node = self._node("prim::ListUnpack", [node.output()], len(result))
        results = result if isinstance(result, (list, tuple)) else [] if result is None else [result]
        for k, tensor in enumerate(results):
            self._name(tensor, node.outputsAt(k))

    def _node(self, name: str, inputs: list[Any], outputs: int) -> Any:
        return self.graph.appendNode(self.graph.create(name, inputs, outputs))

    def _values(self, given: Sequence[Any], lists: Mapping[int, Any]) -> list[Any]:
        return [
            self._list([self._value(one) for one in value], lists[k]) if k in lists else self._value(value)
            for k, value in enumerate(given)
        ]

    def _list(self, values: list[Any], of: Any = None) -> Any:
        node = self._node("prim::ListConstruct", values, 1)
        node.output().setType(torch._C.ListType(of or torch._C.TensorType.get()))
        return node.output()

    def _name(self, tensor: Tensor, value: Any) -> None:
        self.kept.append(tensor)
        self.values[id(tensor)] = value

    def _value(self, of: Any) -> Any:
        """The graph's value of an argument; a tensor that nothing made before is a constant."""
        if isinstance(of, Tensor):
            if id(of) not in self.values:
                if of.requires_grad:
                    raise CannotRecordError("a tensor of unknown origin")
                self.given.add(of.untyped_storage().data_ptr())
                self._name(of, self.graph.insertConstant(of))
            return self.values[id(of)]
        if isinstance(of, tuple):
            of = list(of)
        return self.graph.insertConstant(_MEMORY_FORMATS.get(of, of) if isinstance(of, torch.memory_format) else of)


@dataclass(frozen=True)
class _Signature:
    """What a node of an operation needs to know."""

    name: str
    inputs: tuple[tuple[str, Any], ...]  # their names and defaults
    tensors: tuple[int, ...]  # the places of inputs that are a tensor
    written: tuple[int, ...]  # and of those that it writes into
    lists: Mapping[int, Any]  # and of those that are lists of tensors, with the type of what is in them
    results: tuple[Any, ...]  # their types
    refused: str  # why it is not recorded


@cache
def _signature(operation: Any) -> _Signature:
    schema = operation._schema
    inputs = schema.arguments
    return _Signature(
        schema.name,
        tuple((p.name, p.default_value) for p in inputs),
        tuple(k for k, p in enumerate(inputs) if str(p.type) == "Tensor"),
        tuple(k for k, p in enumerate(inputs) if p.alias_info is not None and p.alias_info.is_write),
        {k: p.type.getElementType() for k, p in enumerate(inputs) if str(p.type) in _LISTS},
        tuple(r.type for r in schema.returns),
        ", ".join(tag.name for tag in _REFUSED.intersection(operation.tags)),
    )


def _as_tensor(value: Any) -> Any:
    dtype = {bool: torch.bool, int: torch.int64, float: torch.float64}.get(type(value))
    return value if dtype is None else torch.scalar_tensor(value, dtype=dtype)
