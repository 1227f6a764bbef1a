"""DataFrames: categories, gaps, booleans and dates become inputs as on the command line; arrays stay as they are."""

from __future__ import annotations

import pickle
import warnings
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_predict, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lossbench import MLPClassifier, MLPRegressor
from lossbench.errors import LossbenchWarning, UserError


@pytest.fixture(scope="module")
def titanic():
    frame = pd.read_csv(files("lossbench.data").joinpath("bundled/titanic.csv"))
    y = np.where(frame.pop("Survived"), "yes", "no")
    frame["Embarked"] = frame["Embarked"].astype("category")
    frame["Child"] = (frame["Age"] < 12).to_numpy()
    return frame, y


def test_the_inputs_are_those_of_scikit_learns_transformers(titanic):
    """Gaps get the median, numbers mean 0 and deviation 1, categories an input for each level."""
    X, y = titanic
    net = MLPClassifier(epochs=1, random_state=0).fit(X, y)
    numbers = ["Age", "Fare", "SibSp", "Parch"]
    theirs = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("levels", OneHotEncoder(), ["Embarked"]),
        ]
    ).fit_transform(X)
    inputs = pd.DataFrame(net._inputs(net._new_rows(X)), columns=net.preparation_.input_names)
    levels = ["Embarked=C", "Embarked=Q", "Embarked=S", "Embarked=(missing)"]
    assert inputs[numbers + levels].to_numpy() == pytest.approx(theirs, abs=1e-6)  # float32
    assert list(net.feature_names_in_) == list(X.columns)
    assert net.n_features_in_ == X.shape[1]
    assert {"Sex=male", "Child=True"} <= set(net.preparation_.input_names)


def test_it_learns_from_a_frame_in_a_cross_validation(titanic):
    X, y = titanic
    assert cross_val_score(MLPClassifier(epochs=20, random_state=0), X, y, cv=3).mean() > 0.77
    assert (cross_val_predict(MLPClassifier(epochs=20, random_state=0), X, y, cv=3) == y).mean() > 0.77


def test_what_is_learnt_is_learnt_from_the_training_rows_alone(titanic):
    """Rows that are held out do not move the scales; which they are, `random_state` says."""
    X, y = titanic
    net = MLPClassifier(epochs=1, keep="best", random_state=0).fit(X, y)
    random = np.random.RandomState(0)
    random.randint(np.iinfo(np.int32).max)  # the seed of the weights
    _, held = train_test_split(np.arange(len(X)), test_size=0.2, random_state=random, stratify=y == "yes")
    for rows, moves in ((held, False), (np.setdiff1d(np.arange(len(X)), held), True)):
        changed = X.copy()
        changed.loc[rows, "Fare"] = np.arange(len(rows)) % 7.0
        other = MLPClassifier(epochs=1, keep="best", random_state=0).fit(changed, y)
        assert (other.preparation_ != net.preparation_) is moves


def test_a_frame_of_numbers_is_the_array_that_it_holds():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    options = {"epochs": 5, "batch_size": None, "random_state": 0}
    frame, array = MLPRegressor(**options).fit(X, y), MLPRegressor(**options).fit(X.to_numpy(), y)
    # The same net in the same order, inputs rounded to float32 once.
    assert frame.predict(X) == pytest.approx(array.predict(X.to_numpy()), rel=1e-4)


def test_arrays_and_frames_without_preparation_are_bit_equal():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    options = {"epochs": 3, "random_state": 0}
    array = MLPRegressor(**options).fit(X.to_numpy(), y)
    assert not hasattr(array, "preparation_")
    assert np.array_equal(MLPRegressor(preprocess=False, **options).fit(X, y).predict(X), array.predict(X.to_numpy()))


def test_arrays_are_prepared_where_that_is_asked_for(titanic):
    X, y = titanic
    options = {"epochs": 3, "random_state": 0}
    array = MLPClassifier(preprocess=True, **options).fit(X.astype(object).to_numpy(), y)
    renamed = X.set_axis([f"x{i}" for i in range(X.shape[1])], axis=1)
    frame = MLPClassifier(**options).fit(renamed, y)
    assert np.array_equal(array.predict_proba(X.astype(object).to_numpy()), frame.predict_proba(renamed))
    gaps = np.array([[1.0, 2], [np.nan, 3], [0, 5], [4, np.nan]])
    assert MLPRegressor(preprocess=True, epochs=1).fit(gaps, gaps[:, 1] > 2).predict(gaps).shape == (4,)


def test_it_survives_pickling_and_a_single_row(titanic):
    X, y = titanic
    net = MLPClassifier(epochs=3, random_state=0).fit(X, y)
    again = pickle.loads(pickle.dumps(net))
    assert np.array_equal(again.predict_proba(X), net.predict_proba(X))
    assert np.array_equal(net.predict_proba(X.iloc[[7]]), net.predict_proba(X)[[7]])


def test_the_dtype_of_a_frame_that_is_read_again_does_not_matter(titanic, tmp_path):
    """Categories come back as texts, whole numbers with a gap as fractions."""
    X, y = titanic
    net = MLPClassifier(epochs=3, random_state=0).fit(X, y)
    X.to_csv(tmp_path / "X.csv", index=False)
    again = pd.read_csv(tmp_path / "X.csv")
    assert again.dtypes["Embarked"] != X.dtypes["Embarked"]
    assert np.array_equal(net.predict_proba(again), net.predict_proba(X))
    assert net.predict(X.assign(Age=np.nan, Embarked=None)).shape == y.shape


def test_categories_of_whole_numbers_are_levels_whatever_they_come_back_as():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 60, 2000)  # more levels than a text may have
    X = pd.DataFrame({"code": pd.Categorical(code)})
    net = MLPClassifier(epochs=60, lr=1e-2, random_state=0).fit(X, code % 2)
    assert len(net.preparation_.input_names) == 60
    assert net.score(X, code % 2) > 0.99
    assert np.array_equal(net.predict(pd.DataFrame({"code": code})), net.predict(X))


def test_dates_are_inputs():
    when = pd.date_range("2024-01-01", periods=200)
    weekend = when.day_of_week >= 5
    net = MLPClassifier(epochs=100, lr=1e-2, random_state=0).fit(pd.DataFrame({"when": when}), weekend)
    assert "when.weekday" in net.preparation_.input_names
    assert net.score(pd.DataFrame({"when": when}), weekend) > 0.95


def test_values_that_training_never_saw_are_warned_of_and_predicted(titanic):
    X, y = titanic
    net = MLPClassifier(epochs=3, random_state=0).fit(X, y)
    with pytest.warns(LossbenchWarning, match=r"column 'Sex' has 891 values that training never saw: '\?' \(891\)$"):
        assert net.predict(X.assign(Sex="?")).shape == y.shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.predict(X)


def test_columns_of_no_use_are_warned_of_in_pythons_words():
    X = pd.DataFrame({"x": np.arange(100.0), "name": [f"n{i}" for i in range(100)], "one": 1})
    with pytest.warns(LossbenchWarning) as told:
        MLPClassifier(epochs=1).fit(X, X["x"] > 50)
    first, second = (str(one.message) for one in told)
    assert first == (
        "column 'name' is excluded: it is text with 100 distinct values in 100 rows (the dtype 'category' keeps it)"
    )
    assert second == "column 'one' is excluded: it is always 1"


MISTAKES = {
    "Feature names seen at fit time, yet now missing:\n- Sex": lambda X: X.drop(columns="Sex"),
    "Feature names unseen at fit time:\n- new": lambda X: X.assign(new=1),
    "Feature names must be in the same order": lambda X: X[X.columns[::-1]],
    "column 'Age' held numbers in training, here it holds text": lambda X: X.assign(Age="old"),
    "column 'Fare' has 1 infinite value, ": lambda X: X.assign(Fare=np.where(X.index == 3, np.inf, X["Fare"])),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_rows_of_other_columns_are_refused(titanic, message):
    """Columns in another order too: scikit-learn's own checks want that refused."""
    X, y = titanic
    net = MLPClassifier(epochs=1, random_state=0).fit(X, y)
    for method in (net.predict, net.predict_proba, net.decision_function):
        with pytest.raises(ValueError, match=message):
            method(MISTAKES[message](X))


FRAMES = {
    "preprocess: must be 'auto', True or False, got 'yes'": ({"x": [1.0, 2, 3]}, {"preprocess": "yes"}),
    "no feature is left to train on": ({"one": [1, 1, 1]}, {}),
    "column 'x' has 1 infinite value": ({"x": [1.0, np.inf, 3]}, {}),
    "column 'x' holds lists": ({"x": [[1], [2], [3]]}, {}),
    "minimum of 2 is required": ({"x": [1.0]}, {}),
    "could not convert string to float": ({"x": ["a", "b", "a"]}, {"preprocess": False}),
}


@pytest.mark.parametrize("message", FRAMES)
def test_frames_that_cannot_be_are_refused(message):
    columns, options = FRAMES[message]
    X = pd.DataFrame(columns)
    with pytest.raises(ValueError, match=message):
        MLPRegressor(epochs=1, **options).fit(X, np.arange(len(X)))


def test_two_columns_of_one_name_are_refused():
    X = pd.DataFrame(np.eye(4), columns=["a", "b", "a", "c"])
    with pytest.raises(UserError, match="X: several columns are named 'a'; give each its own name"):
        MLPRegressor(epochs=1).fit(X, np.arange(4))


def test_passes_keep_the_first_ones_preparation(titanic):
    X, y = titanic
    net = MLPClassifier(random_state=0, lr=1e-2)
    for rows in np.array_split(np.arange(len(X)), 3) * 10:
        net.partial_fit(X.iloc[rows], y[rows], classes=["no", "yes"])
    assert net.score(X, y) > 0.78
    one = MLPClassifier(random_state=0).partial_fit(X.iloc[:297], y[:297], classes=["no", "yes"])
    assert net.preparation_ == one.preparation_


def test_weights_count_in_the_preparation(titanic):
    X, y = titanic
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = MLPClassifier(epochs=1, batch_size=None, random_state=0).fit(X, y, weight)
    repeated = MLPClassifier(epochs=1, batch_size=None, random_state=0).fit(
        X.loc[X.index.repeat(weight)], y.repeat(weight)
    )
    assert weighted.predict_proba(X) == pytest.approx(repeated.predict_proba(X), abs=1e-5)  # float32
