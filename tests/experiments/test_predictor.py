"""A run predicts again exactly as it was trained, for every loss of the catalogue."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.data.load import load
from lossbench.errors import UserError
from lossbench.experiments.evaluate import predict
from lossbench.experiments.predictor import load_predictor, predict_file, save_predictors
from lossbench.experiments.sources import data_source
from tests.experiments.train_story import config, finished

TABLES = {Task.BINARY: "titanic-full", Task.MULTICLASS: "penguins", Task.REGRESSION: "penguins-mass"}
PAIRS = [(loss.name, task) for loss in LOSSES for task in Task if task in loss.targets]


@pytest.mark.parametrize(("loss", "task"), PAIRS)
def test_every_loss_predicts_the_same_after_a_round_trip(loss: str, task: Task, tmp_path: Path) -> None:
    chosen = config(loss, data=TABLES[task], optim={"epochs": 1}, net={"hidden": [4]}, threads=1)
    result = finished(chosen)
    save_predictors(tmp_path, result)
    again = load_predictor(tmp_path)
    table, split = load(data_source(chosen.data)), result.splits[0]
    (out_NK,) = result.trained.outputs([split.x_ND["test"]])
    expected = predict(result.plan.pair, out_NK[None], [split])
    predicted = again.predict(table.features.iloc[result.plan.splits[0].test])
    assert again.loss == result.plan.pair.loss.label
    for part in ("score_PNC", "probability_PNC", "point_PN"):
        one, other = getattr(expected, part), getattr(predicted, part)
        assert (one is None) == (other is None)
        if one is not None:
            # The engine stacks members and pads rows, so sums run in another order: float32's rounding.
            scale = max(1.0, float(one.abs().max()))
            np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5 * scale)


def trained(folder: Path, loss: str = "nll", data: str = "titanic-full") -> None:
    save_predictors(
        folder, finished(config(loss, data=data, seeds=2, optim={"epochs": 2}, net={"hidden": [4]}, threads=1))
    )


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
    assert predicted.notes == ["hinge gives no probabilities: labels only"]


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
