"""A saved estimator predicts as the run does, in a process that trusts nothing but two types."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import cross_val_score

from lossbench.data.datasets.catalogue import load_named
from lossbench.errors import UserError
from lossbench.experiments.train.saved_model import load_predictor

TYPES = {
    "classes": ["lossbench.export.trained_net.TrainedClassifier"],
    "values": ["lossbench.export.trained_net.TrainedRegressor"],
}


def table_of(runs: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(runs / "table.csv") if name == "classes" else load_named("penguins-mass").features


@pytest.mark.parametrize("name", TYPES)
def test_it_predicts_as_the_run_to_the_last_bit(runs: Path, tmp_path: Path, lossbench: Any, name: str) -> None:
    out = tmp_path / "m.skops"
    code, told, errors = lossbench("export", runs / name, "--to", "skops", "--out", out)
    assert (code, errors) == (0, [])
    assert skops.io.get_untrusted_types(file=out) == TYPES[name]
    assert f"trusted={TYPES[name]!r}" in told
    model, table = skops.io.load(out, trusted=TYPES[name]), table_of(runs, name)
    table.to_csv(tmp_path / "new.csv", index=False)
    assert lossbench("predict", runs / name, tmp_path / "new.csv", "--out", tmp_path / "p.csv")[0] == 0
    printed = pd.read_csv(tmp_path / "p.csv", dtype={"kind": str})
    predicted = model.predict(table)
    one = load_predictor(runs / name)
    if name == "classes":
        assert predicted.tolist() == printed["kind"].tolist()
        assert model.classes_.tolist() == one.classes
        # What is printed has seven digits.
        np.testing.assert_allclose(model.predict_proba(table), printed[[f"P({c})" for c in one.classes]], rtol=1e-6)
        assert model.score(table, table["kind"]) == accuracy_score(table["kind"], predicted)
    else:
        np.testing.assert_allclose(predicted, printed["body_mass_g"], rtol=1e-8)  # nine digits are printed
        target = load_named("penguins-mass").target
        assert model.score(table, target) == r2_score(target, predicted)
    np.testing.assert_array_equal(clone(model).predict(table), predicted)
    np.testing.assert_array_equal(model.fit(table, predicted).predict(table), predicted)


def test_several_targets_have_a_column_each(tmp_path: Path, lossbench: Any) -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["x", "u", "v"])
    table.to_csv(tmp_path / "t.csv", index=False)
    told = ("--data", tmp_path / "t.csv", "--target", "u,v", "--epochs", "2", "--hidden", "4", "--output", tmp_path)
    assert lossbench("train", *told, "--name", "two")[0] == 0
    out = tmp_path / "m.skops"
    assert lossbench("export", tmp_path / "two", "--to", "skops", "--out", out)[0] == 0
    model = skops.io.load(out, trusted=TYPES["values"])
    expected = load_predictor(tmp_path / "two").predict(table[["x"]]).point_PN
    assert expected is not None
    np.testing.assert_array_equal(model.predict(table), expected[0].numpy())


def test_it_is_a_scikit_learn_estimator(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    lossbench("export", runs / "classes", "--to", "skops", "--out", tmp_path)
    model = skops.io.load(tmp_path / "model.skops", trusted=TYPES["classes"])
    table = table_of(runs, "classes")
    scores = cross_val_score(model, table, table["kind"], cv=3)
    assert np.mean(scores) == pytest.approx(model.score(table, table["kind"]), abs=0.05)  # folds of unequal size
    assert model.get_params() == {}
    with pytest.raises(UserError, match="X is a ndarray, which has no columns; give a DataFrame with size"):
        model.predict(table.to_numpy())
    with pytest.raises(UserError, match="no column 'size'"):
        model.predict(table.drop(columns="size"))


def test_members_are_chosen_as_predict_chooses_them(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    for member in (0, 2):
        lossbench(
            "export", runs / "classes", "--to", "skops", "--out", tmp_path / f"{member}.skops", "--member", member
        )
    first, third = (
        skops.io.load(tmp_path / f"{member}.skops", trusted=TYPES["classes"]).predict_proba(table_of(runs, "classes"))
        for member in (0, 2)
    )
    assert np.abs(first - third).max() > 1e-3
    code, _, errors = lossbench("export", runs / "classes", "--to", "skops", "--out", tmp_path, "--member", 3)
    assert (code, len(errors)) == (2, 1)
    assert "no member 3; it holds members 0 to 2" in errors[0]


def test_a_fresh_process_loads_it(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    lossbench("export", runs / "values", "--to", "skops", "--out", tmp_path)
    script = (
        f"import skops.io; print(type(skops.io.load({str(tmp_path / 'model.skops')!r}, trusted={TYPES['values']})))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "TrainedRegressor" in done.stdout
