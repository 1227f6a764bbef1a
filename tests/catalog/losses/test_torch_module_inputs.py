"""Every loss here on the inputs that torch tests its own loss modules with (`torch.testing._internal.common_modules`).

torch's module and ours get the same outputs and targets, and torch's reductions are taken of our values. What does not
apply is listed with the reason; a test sees that the list is neither longer nor shorter than need be.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.soft_targets import softened
from lossbench.catalog.vocabulary import Task
from lossbench.components.translate import translated

pytest.importorskip("expecttest", reason="torch's test inputs import it")

NOT_2D = "a table's outputs have two axes, rows and outputs"
NOT_OURS = {  # of a module, or of one of its parameters
    "CTCLoss": "it is of sequences",
    "LinearCrossEntropyLoss": "it has a layer of its own to be learnt",
    "MarginRankingLoss": "it ranks two inputs, and a row is one",
    "TripletMarginLoss": "its three inputs are embeddings of pairs of rows; ours is of a row and the classes' axes",
    "TripletMarginWithDistanceLoss": "its three inputs are embeddings of rows",
    "CosineEmbeddingLoss": "its two inputs are embeddings of rows, and ours compares a row with its class's axis",
    "MultiLabelMarginLoss": "its rows have several labels or none, and a row of a table has one",
    "ignore_index": "no class of a table is ignored",
    "full": "it adds a term of the target alone",
    "log_input": "outputs are logarithms of the mean here",
    "weight of columns": "it weights columns, not samples",
}


def inputs():
    from torch.testing._internal.common_modules import module_db

    for info in module_db:
        if info.module_cls.__name__.endswith("Loss") and info.module_cls.__module__.startswith("torch.nn"):
            torch.manual_seed(0)
            found = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=True)
            for number, one in enumerate(found):
                yield pytest.param(
                    info.module_cls, one, id=f"{info.module_cls.__name__}-{one.desc or 'plain'}-{number}"
                )


def reason_against(module: type[nn.Module], kwargs: dict[str, object], out: Tensor, target: Tensor) -> str:
    """Why the module's input does not apply; "" where it does."""
    name = module.__name__
    if name in NOT_OURS:
        return NOT_OURS[name]
    if kwargs.get("ignore_index", -100) not in (-100, None):
        return NOT_OURS["ignore_index"]
    if kwargs.get("full") or kwargs.get("log_input") is False:
        return NOT_OURS["full" if kwargs.get("full") else "log_input"]
    if kwargs.get("weight") is not None and name in {"BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"}:
        return NOT_OURS["weight of columns"]
    return "" if out.ndim == 2 else NOT_2D


def ours_of(module: type[nn.Module], kwargs: dict[str, object], out: Tensor, *rest: Tensor) -> Tensor:
    """Our values `[B]` of torch's inputs; a loss of one output is given each column as a row of its own."""
    name, target = module.__name__, rest[0]
    given = {k: v for k, v in kwargs.items() if k not in {"reduction", "weight", "log_target"} and v is not None}
    found = translated(name, given)
    assert found is not None
    loss = LOSSES.get(found.name).bind(**found.params)
    if name == "KLDivLoss":
        return loss(out, target.exp() if kwargs.get("log_target") else target)
    if name == "GaussianNLLLoss":
        variance = rest[1].expand_as(out)
        return loss(torch.stack([out, variance], -1), target.unsqueeze(-1))
    if name == "CrossEntropyLoss" and target.is_floating_point():
        return softened(loss, Task.MULTICLASS)(out, target)
    target = target if target.ndim == 1 else target.to(out.dtype)
    by_class = name in {"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "MultiLabelSoftMarginLoss"}
    return loss(out, target) if by_class else loss(out.unsqueeze(-1), target.unsqueeze(-1))


def weighted(name: str, value: Tensor, kwargs: dict[str, object], out: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Our values times what each sample's class weighs, as our training has it, and torch's divisor of their mean.

    A smoothed cross-entropy and one of soft targets have torch's weight inside their sum over the classes, which no
    weight of a sample gives: `Weighted` is that sum in our terms, the loss of each class times that class's weight.
    """
    weight = kwargs.get("weight")
    if weight is None:
        return value, value.new_tensor(float(value.numel()))
    assert isinstance(weight, Tensor)
    if target.is_floating_point() or kwargs.get("label_smoothing"):
        t = target if target.is_floating_point() else F.one_hot(target, out.shape[-1]).to(out.dtype)
        a = float(kwargs.get("label_smoothing") or 0.0)
        smooth = (1 - a) * t + a / out.shape[-1]
        each = torch.stack(
            [LOSSES.get("cross_entropy")(out, torch.full((len(out),), k)) for k in range(out.shape[-1])], -1
        )
        value = (each * smooth * weight).sum(-1)
        return value, value.new_tensor(float(len(out))) if target.is_floating_point() else weight[target].sum()
    value = value * weight[target]
    return value, weight[target].sum() if name != "MultiMarginLoss" else value.new_tensor(float(len(value)))


CASES = list(inputs())
APPLY = [
    c
    for c in CASES
    if not reason_against(c.values[0], c.values[1].constructor_input.kwargs, *c.values[1].forward_input.args[:2])
]


def test_what_applies_and_what_does_not_are_all_of_torchs_inputs():
    seen = {
        reason_against(c.values[0], c.values[1].constructor_input.kwargs, *c.values[1].forward_input.args[:2])
        for c in CASES
    }
    assert seen - {"", NOT_2D} <= set(NOT_OURS.values())
    applied = {c.values[0].__name__ for c in APPLY}
    assert applied >= {
        "CrossEntropyLoss", "NLLLoss", "KLDivLoss", "BCELoss", "BCEWithLogitsLoss", "MultiMarginLoss", "SoftMarginLoss",
        "MultiLabelSoftMarginLoss", "SmoothL1Loss", "HuberLoss", "GaussianNLLLoss",
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss")
@pytest.mark.parametrize(("module", "case"), APPLY)
def test_torchs_inputs_have_torchs_values(module, case):
    kwargs = dict(case.constructor_input.kwargs)
    out, target, *rest = case.forward_input.args
    if module is nn.KLDivLoss:  # half of torch's are logarithms of negative numbers
        out, target = out.nan_to_num(-1.0), target.nan_to_num(-1.0)
        target = target if kwargs.get("log_target") else target.abs()
    expected = module(**kwargs)(out, target, *rest)
    value = ours_of(module, kwargs, out, target, *rest)
    value, divisor = weighted(module.__name__, value, kwargs, out, target)
    match kwargs.get("reduction", "mean"):
        case "sum":
            found = value.sum()
        case "none":
            found = value.reshape(expected.shape) if value.numel() == expected.numel() else value
        case "batchmean":
            found = value.sum() / len(out)
        case _:
            found = value.sum() / divisor
    if module is nn.KLDivLoss:  # torch's values are apart by class, and its mean is over all of them
        if kwargs.get("reduction") == "none":
            expected = expected.sum(-1)
        elif kwargs.get("reduction", "mean") == "mean":
            found = found / out.shape[-1]
    assert expected.isfinite().all()
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
