"""The named sets are what they say they are, and naming them loads nothing."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as sklearn_datasets

from lossbench.data.datasets import catalogue as registry
from lossbench.data.datasets.catalogue import Dataset, datasets, load_named
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.table import Table
from lossbench.errors import UserError, UserErrors

# rows, columns, share of the largest and of the smallest class, rows with gaps; measured apart from this code
FACTS = {
    "titanic": (714, 4, 0.594, 0.406, 0),
    "titanic-full": (891, 7, 0.616, 0.384, 179),
    "breast_cancer": (569, 30, 0.627, 0.373, 0),
    "moons": (1000, 2, 0.500, 0.500, 0),
    "circles": (1000, 2, 0.500, 0.500, 0),
    "xor": (1000, 2, 0.533, 0.467, 0),
    "hastie": (2000, 10, 0.509, 0.490, 0),
    "imbalanced-5pct": (3000, 20, 0.945, 0.055, 0),
    "noisy-labels-20pct": (2000, 20, 0.505, 0.494, 0),
    "iris": (150, 4, 0.333, 0.333, 0),
    "wine": (178, 13, 0.399, 0.270, 0),
    "digits": (1797, 64, 0.102, 0.097, 0),
    "penguins": (344, 6, 0.442, 0.198, 11),
    "ordered5": (600, 6, 0.400, 0.100, 0),
    "seattle-weather": (1461, 5, 0.489, 0.016, 0),
    "blobs5": (1000, 2, 0.200, 0.200, 0),
    "imbalanced-4class": (3000, 20, 0.695, 0.033, 0),
}
# rows, columns, mean and standard deviation (ddof 0) of the target, rows with gaps
AMOUNTS = {
    "diabetes": (442, 10, 152.1335, 77.0057, 0),
    "friedman1": (1000, 10, 13.9998, 5.1549, 0),
    "outliers": (1000, 10, -0.4783, 358.7955, 0),
    "penguins-mass": (342, 6, 4201.7544, 800.7812, 9),
}
TABLES: dict[str, Table] = {}


def table(name: str) -> Table:
    if name not in TABLES:
        TABLES[name] = load_named(name)
    return TABLES[name]


@pytest.mark.parametrize("entry", datasets(), ids=lambda entry: entry.name)
def test_a_set_is_what_its_declaration_says(entry: Dataset) -> None:
    built = table(entry.name)
    assert (built.name, built.task, len(built), built.features.shape[1], len(built.classes)) == (
        entry.name,
        entry.task,
        entry.rows,
        entry.columns,
        entry.classes,
    )
    assert len(built.features) == entry.rows
    assert set(built.kinds) == set(built.features.columns)
    assert built.target.dtype == (np.int64 if built.classes else np.float64)
    assert entry.description
    assert built.source


@pytest.mark.parametrize("name", FACTS)
def test_rows_columns_and_balance_are_the_published_ones(name: str) -> None:
    rows, columns, most, least, gaps = FACTS[name]
    built = table(name)
    assert built.features.shape == (rows, columns)
    assert max(built.class_counts) / rows == pytest.approx(most, abs=0.00051)  # published with three digits
    assert min(built.class_counts) / rows == pytest.approx(least, abs=0.00051)
    assert built.features.isna().any(axis=1).sum() == gaps


@pytest.mark.parametrize("name", AMOUNTS)
def test_amounts_have_the_published_mean_and_spread(name: str) -> None:
    rows, columns, mean, sd, gaps = AMOUNTS[name]
    built = table(name)
    assert built.features.shape == (rows, columns)
    assert (built.target.mean(), built.target.std()) == pytest.approx((mean, sd), abs=0.00006)
    assert built.features.isna().any(axis=1).sum() == gaps


def test_all_sets_have_published_facts() -> None:
    assert {entry.name for entry in datasets()} == {*FACTS, *AMOUNTS, "linnerud"}


def test_titanic_is_the_notebooks_table() -> None:
    built = table("titanic")
    features = built.features
    assert list(features) == ["Pclass", "Sex", "Age", "Fare"]
    assert built.class_counts == (424, 290)
    assert features["Sex"].value_counts().to_dict() == {"male": 453, "female": 261}
    assert features["Pclass"].value_counts().to_dict() == {1: 186, 2: 173, 3: 355}
    assert (features["Age"].min(), features["Age"].max()) == (0.42, 80)
    assert features["Age"].mean() == pytest.approx(29.699, abs=0.0005)
    assert (features["Fare"].min(), features["Fare"].max()) == (0, 512.3292)
    assert features["Fare"].mean() == pytest.approx(34.695, abs=0.0005)
    whole = features.assign(y=built.target)
    assert whole.duplicated().sum() == 44
    assert (whole.groupby(list(features))["y"].nunique() == 2).sum() == 11
    women = (features["Sex"] == "female").to_numpy()
    assert np.mean(women == built.target) == pytest.approx(0.7801, abs=0.00005)


def test_titanic_full_has_the_published_gaps() -> None:
    built = table("titanic-full")
    assert built.class_counts == (549, 342)
    assert built.features.isna().sum()[lambda gaps: gaps > 0].to_dict() == {"Age": 177, "Embarked": 2}


def test_bundled_files_have_the_hashes_of_their_provenance() -> None:
    folder = files("lossbench.data") / "bundled"
    text = (folder / "PROVENANCE.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^## (\S+\.csv(?:\.gz)?)$.*?SHA-256 ([0-9a-f]{64})", text, re.DOTALL | re.MULTILINE))
    tables = [file for file in folder.iterdir() if file.name.endswith((".csv", ".csv.gz"))]
    assert told == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in tables}
    assert len(tables) == 9


@pytest.mark.parametrize("name", ["breast_cancer", "iris", "wine", "digits", "diabetes", "linnerud"])
def test_tables_that_scikit_learn_has_too_are_its_tables(name: str) -> None:
    built, bunch = table(name), getattr(sklearn_datasets, f"load_{name}")(as_frame=True)
    target = bunch.target if isinstance(bunch.target, pd.Series) else bunch.target[built.target_name]
    assert list(built.features) == list(bunch.data)
    assert (built.features.to_numpy(dtype=float) == bunch.data.to_numpy(dtype=float)).all()  # to the last bit
    assert (built.target == target.to_numpy()).all()
    if built.classes:
        assert built.classes == tuple(map(str, bunch.target_names))


def test_outliers_know_their_clean_target() -> None:
    built = table("outliers")
    assert built.clean_target is not None
    moved = np.abs(built.target - built.clean_target)
    assert np.count_nonzero(moved) == 100
    assert moved[moved > 0].min() >= 500
    assert moved.max() <= 1500


@pytest.mark.parametrize("name", ["titanic-full", "Titanic_Full", "TITANIC-FULL"])
def test_case_and_dashes_of_a_name_do_not_matter(name: str) -> None:
    assert load(DataSource(name=name)).name == "titanic-full"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"^unknown data set 'titanik'; did you mean 'titanic'\?$"):
        load(DataSource(name="titanik"))


def test_a_package_can_bring_its_own_set(monkeypatch: pytest.MonkeyPatch) -> None:
    own = EntryPoint("my-wine", "lossbench.data.datasets.bundled:wine", registry.GROUP)
    bad = EntryPoint("bad", "os:getcwd", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [own, bad] if group == registry.GROUP else [])
    assert registry.names()[-2:] == ["my-wine", "bad"]
    assert load_named("My_Wine").fingerprint() == table("wine").fingerprint()
    with pytest.raises(UserError, match="entry point bad of os:getcwd: gave a str; return a DataFrame or a lossbench"):
        load_named("bad")


def a_frame() -> pd.DataFrame:
    """Two hundred rows."""
    x = np.random.default_rng(0).normal(size=(200, 3))
    return pd.DataFrame(x, columns=list("abc")).assign(y=np.where(x[:, 0] > 0, "yes", "no"))


def a_frame_with_its_target() -> pd.DataFrame:
    frame = a_frame()
    frame.attrs["target"] = "y"
    return frame


def a_fault() -> pd.DataFrame:
    raise OSError("no disk")


def test_a_package_can_bring_a_data_frame_and_its_faults_are_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"plain": "a_frame", "with-target": "a_frame_with_its_target", "fault": "a_fault", "gone": "nothing"}
    monkeypatch.setitem(sys.modules, "offered_sets", sys.modules[__name__])
    points = [EntryPoint(name, f"offered_sets:{fn}", registry.GROUP) for name, fn in named.items()]
    points.append(EntryPoint("wine", "offered_sets:a_frame", registry.GROUP))
    monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
    declared = load(DataSource(name="with-target", drop=["c"]))
    assert (declared.name, declared.target_name, declared.classes) == ("with-target", "y", ("no", "yes"))
    assert list(declared.features) == ["a", "b"]
    assert load(DataSource(name="plain", target="y", drop=["c"])).fingerprint() == declared.fingerprint()
    for name, message in {
        "plain": "entry point plain of offered_sets:a_frame: gives a DataFrame without a target; name the column",
        "fault": "entry point fault of offered_sets:a_fault: OSError: no disk; repair that package",
        "gone": "entry point gone of offered_sets:nothing: AttributeError while it was loaded",
    }.items():
        with pytest.raises(UserError, match=message):
            load(DataSource(name=name))
    found, problems = registry.offered()
    assert (found[0].name, found[0].description) == ("plain", "Two hundred rows.")
    assert [problem.split(":")[0] for problem in problems] == [
        "entry point gone of offered_sets",
        "entry point wine of offered_sets",
    ]


def test_names_are_known_without_a_heavy_import() -> None:
    code = """
import sys
import lossbench.data.source
from lossbench.data.datasets.catalogue import datasets, names
assert len(names()) >= 21 and all(entry.rows and entry.description for entry in datasets())
heavy = {"numpy", "pandas", "sklearn", "scipy", "torch", "pyarrow", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_default_set_is_prepared_without_scikit_learn() -> None:
    code = """
import sys
from lossbench.data.preparation import Preparation
from lossbench.data.load import load
from lossbench.data.source import DataSource
from lossbench.data.splits.stratified import holdout
table = load(DataSource(name="titanic"))
split = holdout(table.target, table.task, 0.2, 0.2, 0)
Preparation.fit(table, split.train).transform(table.features)
heavy = {"sklearn", "scipy", "torch", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"target": "Age"}, "titanic: its target is 'Survived', not 'Age'; leave out --target, or train on a file"),
        ({"task": "regression"}, "titanic: its task is binary, not regression; leave out --task"),
        ({"na": ["?"]}, "titanic: --na has no effect: it says how a file is read"),
        ({"min_class_rows": 5}, "titanic: --min-class-rows has no effect"),
        ({"keep": ["Age"]}, "titanic: --keep has no effect"),
        ({"sep": ";"}, "titanic: --sep has no effect"),
        ({"encoding": "latin-1"}, "titanic: --encoding has no effect"),
        ({"drop_missing_target": True}, "titanic: --drop-missing-target has no effect"),
    ],
)
def test_options_that_could_change_nothing_are_refused(options, line):
    with pytest.raises(UserError) as error:
        load(DataSource(name="titanic", **options))
    assert str(error.value).startswith(line)


def test_options_that_are_true_or_suit_a_named_set_are_taken():
    plain = load(DataSource(name="titanic"))
    assert load(DataSource(name="titanic", target="Survived", task="binary")).fingerprint() == plain.fingerprint()
    assert list(load(DataSource(name="titanic", drop=["Age"], scale="quantile")).features) == ["Pclass", "Sex", "Fare"]
    with pytest.raises(UserErrors) as errors:
        load(DataSource(name="titanic", target="Age", na=["?"]))
    assert len(errors.value.errors) == 2
