"""A finding that the temperature made is said to be so."""

import numpy as np
import pytest

from lossbench.record import (
    CompareProtocol,
    CompareRecord,
    DataRecord,
    LossRecord,
    LossResult,
    MemberRecord,
    MetricRecord,
    SplitRecord,
    VerdictRecord,
)
from lossbench.report.compare.analysis.comparison import compare

DATA = DataRecord(
    name="t",
    task="binary",
    rows=100,
    features=["x"],
    inputs=1,
    target="y",
    classes=["no", "yes"],
    class_counts=[50, 50],
    sha256="0" * 64,
    split=SplitRecord(scheme="stratified k-fold", folds=10, repeats=1, seed=0),
)


def record(raw_gap: float, *, proper: bool = True) -> CompareRecord:
    """brier's calibrated log-loss is 0.05 above cross_entropy's, its raw one `raw_gap` above."""
    noise = np.random.default_rng(0).normal(scale=0.005, size=(2, 10))
    results = []
    for i, (name, gap, raw) in enumerate([("cross_entropy", 0.0, 0.0), ("brier", 0.05, raw_gap)]):
        members = [
            MemberRecord(
                seed=j,
                lr=1e-3,
                status="ok",
                split={"repeat": 0, "fold": j},
                role="refit",
                test={"log_loss": 0.4 + gap + noise[i, j]}
                | ({"raw_log_loss": 0.4 + raw + noise[i, j]} if proper else {}),
                n_train=90,
                n_test=10,
            )
            for j in range(10)
        ]
        results.append(
            LossResult(
                name=f"t / {name}",
                data="t",
                loss=LossRecord(name=name, label=name),
                last_act="identity",
                verdict=VerdictRecord(level="ok", why="", fix=""),
                status="ok",
                outputs=2,
                members=members,
            )
        )
    return CompareRecord(
        name="planted",
        status="ok",
        data=[DATA],
        metrics=[MetricRecord(name="log_loss", better="lower")],
        protocol=CompareProtocol(
            metric="log_loss",
            select_metric="log_loss",
            better="lower",
            folds=10,
            repeats=1,
            scheme="stratified k-fold",
            lrs=[1e-3],
            trials=1,
            baseline="cross_entropy",
            rope=0.001,
            alpha=0.05,
        ),
        results=results,
    )


@pytest.mark.parametrize(
    ("raw_gap", "before"), [(-0.05, "better"), (0.0, "not distinguishable"), (0.05, ""), (0.2, "")]
)
def test_a_finding_that_turns_with_the_temperature_is_said_to(raw_gap: float, before: str) -> None:
    (table,) = compare(record(raw_gap)).tables
    assert next(row.word for row in table.rows if row.name == "brier") == "worse"
    sentences = [note for note in table.notes if "depends on the calibration" in note]
    if before:
        (note,) = sentences
        assert note.startswith(
            f"brier is worse than cross_entropy after the common temperature and {before} by its raw probabilities"
        )
    else:
        assert sentences == []


def test_losses_without_probabilities_of_their_own_have_nothing_to_compare() -> None:
    (table,) = compare(record(-0.05, proper=False)).tables
    assert not any("calibration" in note for note in table.notes)
