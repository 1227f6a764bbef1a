"""A run predicts again exactly as it was trained, for every loss of the catalogue."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.data.load import load
from lossbench.errors import UserError
from lossbench.experiments.scoring.scores import predict
from lossbench.experiments.setup.data_source import data_source
from lossbench.experiments.train.predictions import predict_file
from lossbench.experiments.train.run import TrainResult
from lossbench.experiments.train.saved_model import FILE, HEADER, load_predictor, save_predictors
from lossbench.record import manifest, write_record
from tests.experiments.train.trainings import config, finished

TABLES = {
    Task.BINARY: "titanic-full",
    Task.MULTICLASS: "penguins",
    Task.ORDINAL: "ordered5",
    Task.REGRESSION: "penguins-mass",
}
PAIRS = [(loss.name, task) for loss in LOSSES for task in loss.own_tasks]
PARAMETERS = [
    ("focal(gamma=3.5)", Task.MULTICLASS),
    ("huber(delta=0.3)", Task.REGRESSION),
    ("pinball(quantile=0.9)", Task.REGRESSION),
]


def save(folder: Path, result: TrainResult) -> None:
    """Write a run's weights and its record, which vouches for them."""
    result.record.files = manifest(folder, [save_predictors(folder, result).name])
    write_record(result.record, folder)


@pytest.mark.parametrize(("loss", "task"), [*PAIRS, *PARAMETERS])
def test_every_loss_predicts_the_same_after_a_round_trip(loss: str, task: Task, tmp_path: Path) -> None:
    chosen = config(loss, data=TABLES[task], optim={"epochs": 1}, net={"hidden": [4]}, threads=1)
    result = finished(chosen)
    save(tmp_path, result)
    again = load_predictor(tmp_path)
    table, split = load(data_source(chosen.data)), result.splits[0]
    (out_NK,) = result.trained.outputs([split.x_ND["test"]])
    expected = predict(result.plan.pair, out_NK[None], [split])
    predicted = again.predict(table.features.iloc[result.plan.splits[0].test])
    params = json.loads(json.dumps(dict(result.plan.pair.loss.params)))  # as a header has them
    assert (again.loss, again.params) == (result.plan.pair.loss.label, params)
    for part in ("score_PNC", "probability_PNC", "point_PN"):
        one, other = getattr(expected, part), getattr(predicted, part)
        assert (one is None) == (other is None)
        # One function runs the net here and there, and pads rows and members alike: the same bits.
        assert one is None or torch.equal(one, other), part
    kept = result.trained.state(0)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in again.state.items())
    whole, twice = again.predict(table.features), load_predictor(tmp_path).predict(table.features)
    for part in ("score_PNC", "probability_PNC", "point_PN"):  # the same machine, the same weights: the same bits
        one, other = getattr(whole, part), getattr(twice, part)
        assert one is other is None or torch.equal(one, other)


def trained(folder: Path, loss: str = "nll", data: str = "titanic-full") -> None:
    save(folder, finished(config(loss, data=data, seeds=2, optim={"epochs": 2}, net={"hidden": [4]}, threads=1)))


def test_a_file_is_predicted_with_labels_and_probabilities(tmp_path: Path) -> None:
    trained(tmp_path)
    table = load(data_source(config(data="titanic-full").data)).features.head(5)
    table.assign(Embarked=["S", "X", "X", "Q", None], Extra=1).to_csv(tmp_path / "new.csv", index=False)
    predicted = predict_file(tmp_path, tmp_path / "new.csv")
    assert list(predicted.columns) == ["Survived", "P(0)", "P(1)"]
    total = np.add(predicted.columns["P(0)"], predicted.columns["P(1)"])
    np.testing.assert_allclose(total, 1, atol=1e-6)  # float32
    assert any("'Embarked' has 2 values that training never saw: X (2)" in note for note in predicted.notes)


def test_a_loss_without_probabilities_says_so(tmp_path: Path) -> None:
    trained(tmp_path, "hinge", "titanic")
    load(data_source(config().data)).features.head(3).to_csv(tmp_path / "new.csv", index=False)
    predicted = predict_file(tmp_path, tmp_path / "new.csv")
    assert list(predicted.columns) == ["Survived"]
    assert predicted.notes == [
        "predicted by member 0 of 2 (--member chooses another)",
        "hinge gives no probabilities: labels only",
    ]


def test_a_missing_column_is_an_error_that_names_it(tmp_path: Path) -> None:
    trained(tmp_path)
    pd.DataFrame({"Pclass": [1], "Sex": ["male"]}).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(UserError, match="no columns 'Age'") as error:
        predict_file(tmp_path, tmp_path / "new.csv")
    assert str(tmp_path / "new.csv") in str(error.value)


def test_members_are_numbered(tmp_path: Path) -> None:
    trained(tmp_path)
    assert load_predictor(tmp_path, 1).state["0.weight"].shape == load_predictor(tmp_path, 0).state["0.weight"].shape
    with pytest.raises(UserError, match="no member 2; it holds members 0 to 1"):
        load_predictor(tmp_path, 2)


def test_what_holds_no_weights_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights here"):
        load_predictor(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(UserError, match="not lossbench's weights"):
        load_predictor(tmp_path)


def crafted(folder: Path, **changes: Any) -> None:
    """Change keys of a run's header, as a user_loss who hands a run on might; None takes a key away."""
    with safe_open(folder / FILE, framework="pt") as file:
        header = json.loads(file.metadata()[HEADER])
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for key, value in changes.items():
        header.pop(key)
        if value is not None:
            header[key] = value
    save_file(state, folder / FILE, metadata={HEADER: json.dumps(header)})


@pytest.mark.parametrize("origin", ["built-in", "package", "file", None])
def test_a_header_that_names_code_executes_nothing(origin: str | None, tmp_path: Path) -> None:
    trained(tmp_path, data="titanic")
    evil, bait = tmp_path / "evil.py", tmp_path / "executed"
    evil.write_text(f"open({str(bait)!r}, 'w')\ndef act(z):\n    return z\n", encoding="utf-8")
    reference = f"{evil}:act"
    for name in ("loss", "hidden_activation", "decode", "target"):
        crafted(tmp_path, **{name: reference})
        with suppress(UserError):
            load_predictor(tmp_path)
        trained(tmp_path, data="titanic")
    last_act = {"name": reference, "origin": origin, "file": str(evil), "sha256": ""} if origin else reference
    crafted(tmp_path, last_act=last_act)
    with pytest.raises(UserError) as error:
        load_predictor(tmp_path)
    assert "\n" not in str(error.value)
    assert not bait.exists()


def test_a_header_with_a_metric_is_refused(tmp_path: Path) -> None:
    trained(tmp_path, data="titanic")
    with safe_open(tmp_path / FILE, framework="pt") as file:
        header = json.loads(file.metadata()[HEADER]) | {"metric": "evil.py:metric"}
    save_file({"0.0.weight": torch.zeros(1, 1)}, tmp_path / FILE, metadata={HEADER: json.dumps(header)})
    with pytest.raises(UserError, match=r"damaged \(metric: extra inputs are not permitted\)"):
        load_predictor(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [*((key, None) for key in ("loss", "last_act", "decode", "members", "classes", "reading")), ("members", []),
     ("members", [{"preparation": {}, "center": 0.0, "scale": 1.0}]), ("decode", "nothing"), ("classes", 7),
     ("hidden_activation", "nothing"), ("classes", [])],
)  # fmt: skip
def test_a_damaged_header_is_one_line(key: str, value: Any, tmp_path: Path) -> None:
    trained(tmp_path, data="titanic")
    crafted(tmp_path, **{key: value})
    with pytest.raises(UserError, match=str(tmp_path)) as error:
        load_predictor(tmp_path)
    assert "\n" not in str(error.value)


ACTS = """
import torch

def tw(z):
    \"\"\"z, in disguise\"\"\"
    return torch.log_softmax(z, -1)

def other(z):
    return z
"""


def test_an_activation_of_the_users_is_named_again(tmp_path: Path) -> None:
    acts = tmp_path / "myacts.py"
    acts.write_text(ACTS, encoding="utf-8")
    own = config("nll", f"{acts}:tw", data="titanic", optim={"epochs": 1}, net={"hidden": [4]}, threads=1)
    result = finished(own)
    save(tmp_path, result)
    with pytest.raises(UserError, match=r"tw of myacts.py, and .*; name it again: --last-act myacts.py:tw$"):
        load_predictor(tmp_path)
    features = load(data_source(own.data)).features
    point = load_predictor(tmp_path, last_act=f"{acts}:tw").predict(features).score_PNC
    assert point is not None
    torch.testing.assert_close(point.exp().sum(-1), torch.ones(1, len(features)))
    with pytest.raises(UserError, match="trained with tw, not other"):
        load_predictor(tmp_path, last_act=f"{acts}:other")
    with pytest.raises(UserError, match="'relu' names no file"):
        load_predictor(tmp_path, last_act="relu")
    acts.write_text(ACTS + "\n# changed\n", encoding="utf-8")
    with pytest.raises(UserError, match="is not the file that was trained with"):
        load_predictor(tmp_path, last_act=f"{acts}:tw")


READINGS = [
    ({"encoding": "latin-1"}, {}, lambda i: ["café", "thé", "eau"][i % 3]),
    ({"na": ["?"]}, {}, lambda i: "?" if i % 5 == 0 else i * i % 11),
    ({"keep_na_words": True}, {}, lambda i: ["NA", "DE", "FR"][i % 3]),
    ({"dates": True}, {"b": "%d/%m/%Y"}, lambda i: f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/2020"),
    ({"sep": ";", "decimal": ","}, {}, lambda i: f"{i * i % 11},250"),
]


@pytest.mark.parametrize(
    ("options", "formats", "cell"), READINGS, ids=["encoding", "na", "keep_na_words", "dates", "sep"]
)
def test_new_rows_are_read_as_the_training_s_were(
    options: dict[str, Any], formats: Any, cell: Any, tmp_path: Path
) -> None:
    sep = options.get("sep", ",")
    rows = [[str(i % 7), str(cell(i)), str(i // 2 % 2)] for i in range(60)]
    table = tmp_path / "t.csv"
    encoding = options.get("encoding", "utf-8")
    table.write_text("".join(sep.join(row) + "\n" for row in [["a", "b", "y"], *rows]), encoding=encoding)
    data = {"file": str(table), "target": "y", **options}
    result = finished(config("bce", data=data, optim={"epochs": 2}, net={"hidden": [4]}, threads=1))
    save(tmp_path, result)
    predicted = predict_file(tmp_path, table)
    (expected,) = [load_predictor(tmp_path).predict(result.plan.table.features).probability_PNC]
    np.testing.assert_allclose(predicted.columns["P(1)"], expected[0, :, 1], rtol=1e-6)
    assert result.plan.table.reading.get("date_formats", {}) == formats
    few = tmp_path / "few.csv"  # rows that alone could be read otherwise
    few.write_text(
        "".join(sep.join(row) + "\n" for row in [["a", "b"], *(row[:2] for row in rows[:3])]), encoding=encoding
    )
    np.testing.assert_allclose(predict_file(tmp_path, few).columns["P(1)"], predicted.columns["P(1)"][:3], rtol=1e-6)


def test_the_user_says_how_a_new_table_is_read(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    day = [f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/2020" for i in range(60)]
    table.write_text("a,b,y\n" + "".join(f"{i % 7},{day[i]},{i // 2 % 2}\n" for i in range(60)), encoding="utf-8")
    data = {"file": str(table), "target": "y", "dates": True}
    save(tmp_path, finished(config("bce", data=data, optim={"epochs": 1}, net={"hidden": [4]}, threads=1)))
    new = tmp_path / "new.csv"
    new.write_text("a;b\n1;13.02.2020\n-;14.02.2020\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"held dates written %d/%m/%Y in training.* --date-format b=%d.%m.%Y$"):
        predict_file(tmp_path, new, reading={"na": ["-"]})
    told = predict_file(tmp_path, new, reading={"na": ["-"], "date_formats": {"b": "%d.%m.%Y"}})
    assert "column 'a': 1 gap filled with the training median 3" in told.notes
    new.write_text("a,b\n1,2020-02-13\n3,2020-02-14\n", encoding="utf-8")
    iso = predict_file(tmp_path, new)
    assert iso.columns["P(1)"][0] == told.columns["P(1)"][0]


def test_probabilities_are_written_as_exactly_as_they_are_known(tmp_path: Path) -> None:
    trained(tmp_path)
    load(data_source(config(data="titanic-full").data)).features.head(9).to_csv(tmp_path / "new.csv", index=False)
    assert all(len(repr(p).lstrip("0.")) <= 8 for p in predict_file(tmp_path, tmp_path / "new.csv").columns["P(1)"])
