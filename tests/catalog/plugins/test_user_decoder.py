"""A decoder of a user's own: found, given the loss's parameters, and refused in one line where it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lossbench import Decoder, Encoding, Prediction, Space, Task, loss
from lossbench.catalog.distributions import Normal
from lossbench.catalog.plugins.resolve import find_loss
from lossbench.catalog.plugins.user_decoder import find_decoder
from lossbench.errors import UserError
from lossbench.experiments.setup.pair import resolve_pair

FILE = """
from lossbench import Encoding, Prediction, Space, Task, loss

def read(out, *, shift):
    return Prediction(point_PN=out[..., 0] + shift)

def broken(out):
    return Prediction(point_PN=out.foo)

@loss(targets={Task.REGRESSION: Encoding.FLOAT}, sound=(Space.REAL,), decode=read, outputs=3, reference="mine")
def mine(out, y, *, shift: float = 0.5):
    return (out.sum(-1) + shift - y[..., 0]).square()

def plain(out, y):
    return (out[..., 0] - y[..., 0]).square()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_loss.py"
    path.write_text(FILE)
    return path


def test_a_decoder_gets_the_parameters_of_its_loss(file: Path):
    found = find_loss(f"{file}:mine(shift=2)")
    decode = resolve_pair(found, "auto", Task.REGRESSION, 0).decode
    assert (decode.name, decode.params) == ("read", {"shift": 2.0})
    assert decode(torch.tensor([[[1.0, 5.0, 5.0]]])).point_PN.tolist() == [[3.0]]


def test_a_plain_function_takes_a_function_or_the_place_of_one(file: Path):
    for decode in (lambda out: Prediction(point_PN=2 * out[..., 0]), f"{file}:read"):
        declared = {"task": "regression", "target_encoding": "float"}
        if isinstance(decode, str):  # it takes a parameter that the plain function has not
            with pytest.raises(UserError, match="decode read takes shift, which is no parameter of the loss"):
                find_loss(f"{file}:plain", decode=decode, **declared)
        else:
            found = find_loss(f"{file}:plain", decode=decode, **declared)
            read = found.decoder_on(Space.REAL, Task.REGRESSION)
            assert read(torch.ones(1, 2, 1)).point_PN.tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (lambda out: out, r"returned a Tensor, not a lossbench.Prediction"),
        (lambda out: Prediction(), "has neither score_PNC nor point_PN"),
        (lambda out: Prediction(point_PN=out), r"its point_PN has shape \[1, 4, 3\] for outputs \[1, 4, 3\]"),
        (lambda out: Prediction(score_PNC=out[0]), r"its score_PNC has shape \[4\]"),
        (lambda out: Prediction(score_PNC=out, probability_PNC=out[..., :2]), "its probability_PNC has shape"),
        (
            lambda out: Prediction(point_PN=out[..., 0], distribution=Normal(out, out)),
            "its distribution's mean has shape",
        ),
    ],
)
def test_what_is_no_prediction_is_one_line(read, why: str):
    with pytest.raises(UserError, match=why):
        find_decoder(read)(torch.ones(1, 4, 3))


def test_what_a_decoder_raises_has_its_place(file: Path):
    with pytest.raises(UserError, match=r"my_loss.py:broken:8: AttributeError"):
        find_decoder(f"{file}:broken")(torch.ones(1, 4, 3))


def test_a_decoder_that_reads_other_classes_is_refused_before_training():
    @loss(
        targets={Task.MULTICLASS: Encoding.CLASS_INDEX},
        sound=(Space.REAL,),
        decode=lambda out: Prediction(score_PNC=out[..., :2]),
        reference="mine",
    )
    def mine(z_BK, y_B):
        """-z_y."""
        return -z_BK.gather(-1, y_B.unsqueeze(-1)).squeeze(-1)

    with pytest.raises(UserError, match="reads 3 outputs as 2 classes, and there are 3"):
        resolve_pair(find_loss(mine), "auto", Task.MULTICLASS, 3)


def test_a_built_in_decoder_is_an_attribute_and_a_name():
    assert find_decoder("softmax") == Decoder.SOFTMAX
    with pytest.raises(AttributeError, match="there is no decoder SOFTMAXX"):
        _ = Decoder.SOFTMAXX
    with pytest.raises(UserError, match=r"--decode: unknown value 'softmaxx'; did you mean 'softmax'\?"):
        find_decoder("softmaxx")


def test_a_decoder_that_asks_for_what_its_loss_has_not_is_a_mistake_of_the_declaration():
    def read(out, *, level):
        return Prediction(point_PN=out[..., 0])

    with pytest.raises(TypeError, match="mine: decode read takes level, which is no parameter of the loss"):

        @loss(targets={Task.REGRESSION: Encoding.FLOAT}, sound=(Space.REAL,), decode=read, reference="mine")
        def mine(out, y):
            return (out - y).square().mean(-1)
