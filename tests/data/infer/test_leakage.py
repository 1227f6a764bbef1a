"""Columns that know the target are refused or said, strong honest ones are not; scores are the libraries'."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

from lossbench.data.infer import leakage
from lossbench.data.infer.leakage import Leak, find_leak
from lossbench.data.infer.target import Target

ROWS = 400
RANDOM = np.random.default_rng(0)
Y = RANDOM.normal(size=ROWS)
NUMBER = Target("regression", Y, ())
CLASS = RANDOM.integers(0, 3, ROWS)
THREE = Target("multiclass", CLASS, ("a", "b", "c"))
TWO = Target("binary", (Y > 0).astype(np.int64), ("no", "yes"))


def told(values: object, kind: str, target: Target) -> str:
    found = find_leak(pd.Series(values), kind, target)  # type: ignore[arg-type, call-overload]
    return f"{found.certainty}: {found.why}" if found else ""


def test_functions_of_the_target_are_leaks() -> None:
    positive = Target("regression", np.exp(Y), ())
    assert told(Y, "number", positive).startswith("leak: it determines the target: it orders the rows")
    assert told(3 * Y - 1, "number", NUMBER) == "leak: it determines the target"
    assert told(-(Y**3), "number", NUMBER).startswith("leak: it determines the target: it orders the rows")


def test_many_values_for_each_class_are_a_leak() -> None:
    """Twelve towns of three countries: as text refused, as numbers said (a number may separate classes honestly)."""
    town = CLASS + 3 * RANDOM.integers(0, 4, ROWS)
    why = "it determines the target: all rows of one of its values have one class"
    assert told([f"town {t}" for t in town], "text", THREE) == f"leak: {why}"
    assert told(town.astype(float), "number", THREE) == f"possible leak: {why}"
    gaps = np.where(RANDOM.random(ROWS) < 0.1, np.nan, town)
    assert told(gaps, "number", THREE) == f"possible leak: {why}"


def test_a_few_typos_do_not_hide_a_leak() -> None:
    town = CLASS + 3 * RANDOM.integers(0, 4, ROWS)
    town[:2] = (town[:2] + 1) % 3
    names = pd.Series([f"town {t}" for t in town])
    guess = pd.Series(CLASS).groupby(names).transform(lambda y: y.mode()[0])
    expected = balanced_accuracy_score(CLASS, guess)
    assert told(names, "text", THREE) == (
        f"possible leak: it alone predicts the target with balanced accuracy {expected:.3f}"
    )


def test_the_target_plus_a_little_noise_is_a_possible_leak() -> None:
    noisy = Y + 0.07 * RANDOM.normal(size=ROWS)
    slope, shift = np.polyfit(noisy, Y, 1)
    expected = r2_score(Y, slope * noisy + shift)
    assert told(noisy, "number", NUMBER) == f"possible leak: it alone predicts the target with R2 {expected:.3f}"
    score = -(Y + 0.05 * RANDOM.normal(size=ROWS))
    expected = 1 - roc_auc_score(Y > 0, score)
    assert told(score, "number", TWO) == f"possible leak: it alone predicts the target with AUROC {expected:.3f}"
    assert told(CLASS + 0.02 * RANDOM.normal(size=ROWS), "number", THREE).startswith(
        "possible leak: it alone predicts the target with correlation ratio 0.99"
    )


def test_scores_are_those_of_the_libraries() -> None:
    a, b = RANDOM.integers(0, 9, ROWS).astype(float), Y + RANDOM.normal(size=ROWS)
    assert leakage._spearman(a, b) == pytest.approx(abs(stats.spearmanr(a, b).statistic), abs=1e-12)
    area = roc_auc_score(TWO.values, a)
    assert leakage._auroc(a, TWO.values) == pytest.approx(max(area, 1 - area), abs=1e-12)
    table = pd.DataFrame({"x": b, "c": CLASS})
    between = table.groupby("c")["x"].transform("mean")
    assert leakage._correlation_ratio(b, CLASS) == pytest.approx(between.var() / table["x"].var(), abs=1e-12)
    assert leakage._linear_r2(a, b) == pytest.approx(stats.linregress(a, b).rvalue ** 2, abs=1e-12)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_honest_columns_of_known_tables_are_left_alone(name: str) -> None:
    bunch = getattr(sklearn.datasets, f"load_{name}")()
    task = "regression" if name == "diabetes" else "multiclass" if len(bunch.target_names) > 2 else "binary"
    values = bunch.target.astype(float if task == "regression" else np.int64)
    names = () if task == "regression" else tuple(map(str, bunch.target_names))
    target = Target(task, values, names)  # type: ignore[arg-type]
    assert [told(column, "number", target) for column in bunch.data.T] == [""] * bunch.data.shape[1]


def test_chance_is_no_leak() -> None:
    """Four values of n rows have one class each with probability 2^-(4 (n - 1)): 2e-5 for n = 5, 1e-6 for n = 6."""
    five, six = (Target("binary", np.tile([0, 1], 2 * n), ("a", "b")) for n in (5, 6))
    assert told(list("pqrs") * 5, "text", five) == ""
    assert told(list("pqrs") * 6, "text", six).startswith("leak: it determines the target: all rows of one of")
    few = Target("binary", np.repeat([0, 1], 10), ("a", "b"))
    pairs = [f"v{i // 2}" for i in range(20)]  # ten pairs alike: once in a thousand
    assert find_leak(pd.Series(pairs), "text", few) is None
    assert told([f"text {i}" for i in range(ROWS)], "text", THREE) == ""


def test_a_large_table_gives_the_same_answer() -> None:
    """Beyond the sample, what one row in the middle says still counts."""
    rows = 5 * leakage.SAMPLE
    y = np.random.default_rng(1).integers(0, 3, rows)
    text = pd.Series(np.array(["x", "y", "z"])[y])
    target = Target("multiclass", y, ("a", "b", "c"))
    assert find_leak(text, "text", target) == Leak("leak", "it determines the target")
    text[7 + rows // 2] = "x" if text[7 + rows // 2] != "x" else "y"
    found = find_leak(text, "text", target)
    assert found is not None
    assert found.certainty == "possible leak"
