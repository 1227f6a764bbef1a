"""Names of torch, Keras and scikit-learn at the command line."""

from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("name", "said"),
    {
        "CrossEntropyLoss": ("cross_entropy", "torch.nn.CrossEntropyLoss is cross_entropy here"),
        "nn.HuberLoss(delta=2)": ("huber(delta=2)", "torch.nn.HuberLoss is huber here"),
        "F.smooth_l1_loss": ("smooth_l1", "torch.nn.SmoothL1Loss is smooth_l1 here"),
        "squared_error": ("mse", "squared_error of scikit-learn is mse here: half of it in gradient boosting"),
        "log_loss": ("log_loss", "log_loss of scikit-learn is cross_entropy here (`lossbench explain cross_entropy`)"),
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_explain_says_which_loss_a_name_is(lossbench, name, said):
    title, line = said
    code, out, errors = lossbench("explain", name)
    assert (code, errors) == (0, [])
    assert out.splitlines()[0] == title
    assert line in out


def test_explain_says_what_a_loss_is_called_elsewhere(lossbench):
    _, out, _ = lossbench("explain", "l1")
    for names in ("torch.nn: L1Loss, l1_loss", "Keras: MeanAbsoluteError", "scikit-learn: absolute_error"):
        assert names in out
    assert "is l1 here" not in out


def test_explain_takes_a_pair_as_train_does(lossbench):
    expected = lossbench("explain", "nll", "relu")
    assert lossbench("explain", "nll+relu") == expected
    assert expected[1].splitlines()[0] == "nll + relu"


ELR = (
    "early_learning_regularization of Liu et al. 2020 cannot be trained on a table: it keeps a running mean of"
    " predictions for every training row, and a loss here sees no row numbers: that memory would have to pass padded"
    " batches, checkpoints and resumed runs"
)


@pytest.mark.parametrize(
    ("line", "error"),
    {
        "explain CTCLoss": "NAME: torch.nn.CTCLoss cannot be trained on a table: it is of sequences, and a row of a"
        " table has one class",
        "explain early-learning-regularization": f"NAME: {ELR}",
        "compare-losses --losses ce,ELR": f"--losses: {ELR}",
        "doctor CrossEntropyLoss(ignore_index=0)": "LOSS: torch.nn.CrossEntropyLoss: ignore_index=0 has no equivalent"
        " here: no class of a table is ignored: leave its rows out of the table; leave ignore_index out",
        "doctor nll+relu": "LOSS: the doctor examines a loss behind the activation that it expects; leave +relu out;"
        " `lossbench explain 'nll+relu'` has the verdict of the pair",
        "explain CrosEntropyLoss": "unknown loss 'CrosEntropyLoss'; did you mean 'CrossEntropyLoss'?",
        "train --loss nll+relu --last-act tanh": "loss: nll+relu names a last activation, and last_act is tanh; give"
        " one of them",
        "train --loss MultiMarginLoss --loss-param swap=1": "loss: unknown parameter 'swap'; did you mean 'p'?",
        "train --data iris --class-weight 1,2": "loss.class_weight: has 2 weights for 3 classes (setosa, versicolor,"
        " virginica); give every class one, in this order",
    }.items(),
)
def test_a_mistake_is_a_line(lossbench, line, error):
    code, out, errors = lossbench(*line.split())
    assert (code, out) == (2, "")
    assert len(errors) == 1
    assert errors[0].startswith(f"error: {error.partition('; did you mean')[0]}")


def test_a_run_of_torchs_names_is_the_run_of_ours(lossbench, tmp_path):
    theirs = ["--loss", "NLLLoss(weight=[1,2,3])", "--last-act", "LogSoftmax(dim=1)"]
    ours = ["--loss", "nll+logsoftmax", "--class-weight", "setosa=1,versicolor=2,virginica=3"]
    records = []
    for i, words in enumerate((theirs, ours)):
        output = ["--output", str(tmp_path), "--name", str(i), "--quiet"]
        assert lossbench("train", "--data", "iris", "--epochs", "2", *words, *output)[0] == 0
        records.append(json.loads((tmp_path / str(i) / "result.json").read_text()))
    first, second = records
    assert first["config"]["loss"]["name"] == "nll"
    assert first["config"]["last_act"] == "logsoftmax"
    assert first["results"] == second["results"]


def test_weights_and_label_smoothing_are_said_to_differ_from_torchs(lossbench, tmp_path):
    loss = "CrossEntropyLoss(weight=[1,2,3], label_smoothing=0.1)"
    _, _, errors = lossbench("train", "--data", "iris", "--loss", loss, "--epochs", "1", "--output", str(tmp_path))
    assert any("torch's weight= multiplies each class's term" in line for line in errors)
    assert "torch's weight= multiplies each class's term" in lossbench("explain", "cross_entropy")[1]
