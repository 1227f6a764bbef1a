"""`lossbench.train` and `lossbench.compare_losses` take a loss however it is written or made, and speak Python."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest
import torch
from torch import nn

import lossbench as lb
from lossbench.catalog.plugins.load_file import load_file
from lossbench.errors import LossbenchWarning, UserError

OWN = """
import torch
from torch import nn

def cubed(score, sign):
    return (1 - sign * score).clamp(min=0).pow(3).squeeze(-1)

class Scaled(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.scale = scale

    def forward(self, out, target):
        return self.scale * (out - target).square().squeeze(-1)

twice = Scaled(2.0)
smooth = nn.CrossEntropyLoss(label_smoothing=0.2)
"""


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "own_losses.py"
    file.write_text(OWN)
    return load_file(str(file))


@pytest.fixture
def train(tmp_path):
    def run(data, **keys):
        return lb.train(data, epochs=2, output=str(tmp_path / "out"), **keys)

    return run


WAYS = [
    {"loss": "CrossEntropyLoss(label_smoothing=0.2)+LogSoftmax"},
    {"loss": nn.CrossEntropyLoss(label_smoothing=0.2), "last_act": nn.LogSoftmax(dim=1)},
    {"loss": {"name": "CrossEntropyLoss", "params": {"label_smoothing": 0.2}}, "last_act": "logsoftmax"},
    {"loss": "cross_entropy(label_smoothing=0.2)", "last_act": torch.nn.functional.log_softmax},
]


def test_every_way_to_write_a_loss_is_one_run(train):
    configs = [train("iris", **way, name="one").config for way in WAYS]
    assert all(one == configs[0] for one in configs)
    assert configs[0]["loss"] == configs[0]["loss"] | {"name": "cross_entropy", "params": {"label_smoothing": 0.2}}
    assert configs[0]["last_act"] == "logsoftmax"


def test_weights_of_torchs_module_are_class_weights(train):
    weighted = nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 3.0]))
    assert train("iris", loss=weighted).config["loss"]["class_weight"] == [1.0, 2.0, 3.0]
    with pytest.raises(UserError, match="class weights twice"):
        train("iris", loss=weighted, class_weight="balanced")
    with pytest.raises(UserError, match="it is of sequences"):
        train("iris", loss=nn.CTCLoss())


def test_functions_and_modules_of_a_file_are_declared_by_keywords(train, own):
    declared = {"target_encoding": "sign", "decode": "margin"}
    record = train("breast_cancer", loss=own.cubed, **declared)
    assert record.config["loss"]["name"].endswith("own_losses.py:cubed")
    values = {"target_encoding": "float", "decode": "identity"}
    assert train("diabetes", loss=own.twice, **values).config["loss"]["name"].endswith("own_losses.py:twice")
    assert train("diabetes", loss=own.Scaled, **values).config["loss"]["name"].endswith("own_losses.py:Scaled")
    assert train("iris", loss=own.smooth).config["loss"]["name"] == "cross_entropy"
    with pytest.raises(UserError, match=r"the source of a Scaled is in no file; .* with a name at its top"):
        train("diabetes", loss=own.Scaled(3.0), **values)


def test_what_must_be_said_is_said_in_pythons_words(train, own):
    with pytest.raises(UserError) as error:
        train("breast_cancer", loss=own.cubed)
    assert "target_encoding, decode must be said" in str(error.value)
    assert "decode='margin'" in str(error.value)
    assert "--" not in str(error.value)


def test_a_comparison_takes_all_of_them(own, tmp_path):
    losses = ["hinge+tanh", nn.HuberLoss(delta=2.0), {"name": "focal(gamma=1)"}, own.cubed]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossbenchWarning)  # three splits are few
        record = lb.compare_losses(
            "breast_cancer",
            losses=losses,
            target_encoding="sign",
            decode="margin",
            baseline="HuberLoss(delta=2)",
            folds=3,
            repeats=1,
            epochs=1,
            lrs=[1e-3],
            tune_params="never",
            output=str(tmp_path),
        )
    assert set(record.table()["loss"]) == {"hinge", "huber(delta=2)", "focal(gamma=1)", "cubed"}
    assert lb.compare_losses is lb.compare


def test_warnings_name_arguments(train):
    frame = pd.DataFrame(
        {
            "day": [f"2024-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(120)],
            "x": [(7 * i) % 31 / 10 for i in range(120)],
            "y": ["no", "yes", "yes"] * 40,
        }
    )
    with pytest.warns(LossbenchWarning) as seen:
        train(frame, target="y")
    said = " ".join(str(one.message) for one in seen)
    assert "dates=True" in said
    assert "--" not in said
