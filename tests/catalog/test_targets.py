"""Targets are coded as the loss declared, and what it is not defined on is refused."""

from __future__ import annotations

import pytest
import torch

from lossbench.catalog.targets import encode
from lossbench.catalog.vocabulary import Encoding
from lossbench.errors import UserError

Y = torch.tensor([0, 2, 1])


@pytest.mark.parametrize(
    ("encoding", "truth", "expected"),
    [
        (Encoding.CLASS_INDEX, Y, [0, 2, 1]),
        (Encoding.ONE_HOT, Y, [[1, 0, 0], [0, 0, 1], [0, 1, 0]]),
        (Encoding.SIGNED_ONE_HOT, Y, [[1, -1, -1], [-1, -1, 1], [-1, 1, -1]]),
        (Encoding.PROBABILITY, Y % 2, [[0], [0], [1]]),
        (Encoding.SIGN, Y % 2, [[-1], [-1], [1]]),
        (Encoding.FLOAT, torch.tensor([-1.5, 0.0]), [[-1.5], [0.0]]),
        (Encoding.NONNEGATIVE, torch.tensor([0.0, 3.0]), [[0.0], [3.0]]),
        (Encoding.POSITIVE, torch.tensor([0.5, 3.0]), [[0.5], [3.0]]),
    ],
)
def test_each_coding(encoding: Encoding, truth, expected):
    target = encode(truth, encoding, 3)
    assert target.tolist() == expected
    assert target.dtype == (torch.int64 if encoding is Encoding.CLASS_INDEX else torch.float32)
    if encoding is not Encoding.CLASS_INDEX:
        assert target.shape[1] == encoding.width(3)


def test_a_count_below_zero_is_refused_with_its_row():
    with pytest.raises(UserError) as caught:
        encode(torch.tensor([1.0, -2.0, -3.0]), Encoding.NONNEGATIVE, name="poisson_nll")
    assert "poisson_nll needs a target >= 0, and row 1 has -2 (2 such rows)" in str(caught.value)
    with pytest.raises(UserError, match="gamma_nll needs a target > 0"):
        encode(torch.tensor([1.0, 0.0]), Encoding.POSITIVE, name="gamma_nll")
    with pytest.raises(UserError, match="nan"):
        encode(torch.tensor([float("nan")]), Encoding.NONNEGATIVE)


@pytest.mark.parametrize(
    ("encoding", "classes"), [(Encoding.SIGN, 3), (Encoding.PROBABILITY, 3), (Encoding.ONE_HOT, 2)]
)
def test_a_class_too_many_is_refused(encoding: Encoding, classes: int):
    with pytest.raises(UserError, match="class 2 of the loss, which takes 2 classes"):
        encode(Y, encoding, classes)
