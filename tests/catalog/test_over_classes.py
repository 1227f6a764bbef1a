"""Functions over the classes have the values and gradients of torch's own along the last axis, in another layout."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from lossbench.catalog import over_classes

PAIRS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "log_softmax": (over_classes.log_softmax, lambda z: z.log_softmax(-1)),
    "softmax": (over_classes.softmax, lambda z: z.softmax(-1)),
    "logsumexp": (over_classes.logsumexp, lambda z: z.logsumexp(-1)),
    "normalize": (over_classes.normalize, lambda z: F.normalize(z, dim=-1)),
    "classes_first": (over_classes.classes_first, lambda z: z),
}


@pytest.mark.parametrize("name", PAIRS)
@settings(deadline=None)  # the first call imports
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 33), st.integers(1, 12)),
    scale=st.sampled_from([1e-3, 1.0, 300.0]),
    seed=st.integers(0, 2**31),
)
def test_values_and_gradients_are_torchs(name: str, shape: tuple[int, int, int], scale: float, seed: int) -> None:
    ours, theirs = PAIRS[name]
    generator = torch.Generator().manual_seed(seed)
    z = scale * torch.randn(shape, generator=generator, dtype=torch.float64)
    found, expected = (fn(z.requires_grad_()) for fn in (ours, theirs))
    weight = torch.randn(expected.shape, generator=generator, dtype=torch.float64)
    (slope,), (known,) = (torch.autograd.grad((value * weight).sum(), z) for value in (found, expected))
    # sums of at most 12 terms in another order, of numbers up to a few hundred
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(slope, known, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["log_softmax", "softmax", "classes_first"])
def test_classes_come_first_in_memory(name: str) -> None:
    found = PAIRS[name][0](torch.randn(4, 32, 3))
    assert found.shape == (4, 32, 3)
    assert found.movedim(-1, 0).is_contiguous()


def test_a_row_of_zeros_has_no_direction_and_no_gradient() -> None:
    z = torch.zeros(2, 3, requires_grad=True)
    value = over_classes.normalize(z)
    value.sum().backward()
    assert value.tolist() == [[0.0] * 3] * 2
    assert z.grad is not None
    assert bool(z.grad.isfinite().all())


@given(st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=1, max_size=9), st.integers(1, 3))
def test_the_first_of_the_largest_is_decided(rows: list[list[int]], classes: int) -> None:
    x = torch.tensor([row[:classes] for row in rows], dtype=torch.float64)
    expected = [row[:classes].index(max(row[:classes])) for row in rows]
    assert over_classes.argmax(x).tolist() == expected
    assert over_classes.argmax(over_classes.classes_first(x), keepdim=True).squeeze(-1).tolist() == expected
