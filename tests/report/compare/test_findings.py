"""What follows from the numbers: one family for words and intervals, picked baselines, and the dummy."""

import numpy as np
import pytest
from scipy import stats

from lossbench.record import LossResult, MemberRecord, MetricRecord
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.markdown import comparison_markdown
from lossbench.report.train.below_dummy import below_dummy
from tests.report.compare.planted import Planted, planted_record

SEVERAL = tuple(Planted(f"loss{i}", gain=0.004 * (i - 5), spread=0.01) for i in range(12))


def test_an_interval_excludes_0_exactly_where_the_word_says_better_or_worse():
    rows = compare(planted_record((Planted("cross_entropy"), *SEVERAL))).tables[0].rows
    compared = [row for row in rows if row.p_adjusted is not None]
    assert len(compared) == 12
    assert {row.word for row in compared} >= {"better", "worse", "not distinguishable"}
    for row in compared:
        excludes = row.difference_low > 0 or row.difference_high < 0
        assert excludes == (row.p_adjusted < 0.05)
        assert excludes == (row.word in {"better", "worse"}) or row.word == "practically equal"


def test_broken_pairs_beside_the_sound_ones_change_no_p_value():
    sound = (Planted("cross_entropy"), Planted("a", gain=0.01, spread=0.02), Planted("b"), Planted("c"))
    broken = tuple(Planted(f"nll{i}", gain=-0.2, last_act="relu", level="broken") for i in range(4))
    alone, beside = (
        {row.name: row for row in compare(planted_record(losses)).tables[0].rows} for losses in (sound, sound + broken)
    )
    assert alone["a"].p_adjusted == beside["a"].p_adjusted > alone["a"].p
    assert beside["nll0"].p is beside["nll0"].p_adjusted is beside["nll0"].difference_low is None
    assert beside["nll0"].difference < -0.1


def test_single_intervals_are_on_request_and_marked():
    record = planted_record()
    adjusted = {row.name: row for row in compare(record).tables[0].rows}["focal"]
    record.protocol.intervals = "single"
    comparison = compare(record)
    single = {row.name: row for row in comparison.tables[0].rows}["focal"]
    assert (single.difference_low, single.difference_high) == (adjusted.single_low, adjusted.single_high)
    assert adjusted.difference_low < single.difference_low
    assert single.p_adjusted == adjusted.p_adjusted
    assert comparison.tables[0].single
    assert "simultaneous" not in comparison_markdown(record, comparison)


def test_the_best_as_baseline_is_tested_as_one_of_all_pairs():
    record = planted_record((Planted("cross_entropy"), *SEVERAL), baseline="best")
    comparison = compare(record)
    (table,) = comparison.tables
    scores = {row.name: row.mean for row in table.rows}
    assert comparison.baseline == max(scores, key=scores.get)
    assert table.picked
    assert table.baseline in table.may_be_best
    assert any("chosen as the baseline for its score" in note for note in table.notes)
    named = planted_record((Planted("cross_entropy"), *SEVERAL), baseline=table.baseline)
    declared = {row.name: row for row in compare(named).tables[0].rows}
    for row in table.rows:
        if row.p_adjusted is not None:
            assert row.p_adjusted >= declared[row.name].p_adjusted


def test_the_best_over_several_tables_is_one_of_all_pairs_there_too():
    losses = (Planted("cross_entropy"), *SEVERAL[:4], Planted("top", gain=0.05))
    tables = tuple(f"table{i}" for i in range(10))
    named, best = (
        compare(planted_record(losses, data=tables, folds=5, repeats=1, epochs=2, baseline=baseline)).across[0]
        for baseline in ("top", "best")
    )
    assert (named.baseline, best.baseline) == ("top", "top")
    assert (named.family, best.family) == (5, 15)
    smallest = min(row.p_holm for row in best.rows if row.p_holm is not None)
    assert smallest == pytest.approx(15 * 2.0**-9)  # ten data sets that all agree: 2 * 2^-10, of 15 pairs
    assert (named.needed, best.needed) == (8, 10)  # 5 * 2^(1 - 8) = 0.039; 15 * 2^(1 - 10) = 0.029


def test_the_best_as_baseline_is_one_of_all_pairs_over_the_levels_of_a_condition_too():
    losses = (Planted("cross_entropy"), *SEVERAL[:5], Planted("top", gain=0.05))
    declared, best = (
        {
            row.name: row
            for row in compare(planted_record(losses, noise=(0.0, 0.4), epochs=2, baseline=name)).sensitivity[0].rows
        }
        for name in ("top", "best")
    )
    for name, row in best.items():
        if row.p_adjusted is not None:
            assert row.p_adjusted >= declared[name].p_adjusted
            assert row.saved_high - row.saved_low > declared[name].saved_high - declared[name].saved_low


def at_chance(**options):
    """Losses around the majority class's accuracy of 0.594."""
    losses = (Planted("cross_entropy"), Planted("hinge", spread=0.006), Planted("mse"))
    record = planted_record(losses, **options)
    for k, result in enumerate(record.results):
        rng = np.random.default_rng(k)
        for member in result.members:
            if member.test:
                member.test["accuracy"] = 0.594 + rng.normal(0, 0.02)
    return record


def test_that_no_loss_has_learnt_anything_is_a_finding_of_its_own():
    comparison = compare(at_chance())
    assert comparison.tables[0].learnt_nothing
    assert comparison.sentence == (
        "On titanic, by accuracy, there is no evidence that any loss has learnt anything: none of the 3 losses is"
        " significantly better than the majority class (0.594)."
    )


def test_a_score_above_the_dummys_is_a_one_sample_corrected_t():
    row = compare(at_chance()).tables[0].rows[0]
    score = np.array(row.scores)
    t = (score.mean() - 0.594) / (score.std(ddof=1) * np.sqrt(1 / 25 + 143 / 571))
    assert row.beside_dummy == "not better"
    assert 2 * stats.t.sf(abs(t), 24) > 0.05


def test_a_compared_loss_at_the_majority_class_is_named_beside_those_that_learnt():
    record = planted_record((Planted("cross_entropy"), Planted("good"), Planted("flat"), Planted("wrong")))
    for result in record.results[2:]:
        level = 0.594 if result.loss.label == "flat" else 0.41
        for member in result.members:
            if member.test:
                member.test["accuracy"] = level + 0.002 * (member.seed % 5 - 2)
    rows = {row.name: row for row in compare(record).tables[0].rows}
    assert (rows["good"].beside_dummy, rows["flat"].beside_dummy, rows["wrong"].beside_dummy) == (
        "better",
        "not better",
        "worse",
    )
    sentence = compare(record).sentence
    assert "flat is not better than the majority class (0.594)" in sentence
    assert "wrong is worse than the majority class (0.594)" in sentence


def test_the_majority_class_is_a_row_of_the_markdown_table():
    record = planted_record()
    assert "| majority class | dummy | – | 0.594 |" in comparison_markdown(record, compare(record))


METRICS = [
    MetricRecord(name="accuracy", better="higher", low=0.0, high=1.0),
    MetricRecord(name="log_loss", better="lower", low=0.0),
    MetricRecord(name="mcc", better="higher", low=-1.0, high=1.0),
]


def trained(accuracy: float, mcc: float) -> LossResult:
    result = planted_record((Planted("cross_entropy"), Planted("mse")), epochs=3).results[0]
    scores = {"accuracy": accuracy, "log_loss": 3.0, "mcc": mcc}
    member = MemberRecord(seed=0, lr=1e-3, status="ok", test=scores, curves={"train_loss": [0.69, 0.4, 0.12]})
    dummy = {"test": {"accuracy": 0.594, "log_loss": 0.675, "mcc": 0.0}}
    return result.model_copy(update={"members": [member], "dummy": dummy})


@pytest.mark.parametrize(
    ("accuracy", "mcc", "sentence"),
    [
        (
            0.41,
            -0.3,
            "worse than the majority class on the test part: accuracy 0.410 (majority class 0.594) and mcc −0.300"
            " (majority class 0.000), while the training loss fell from 0.690 to 0.120",
        ),
        (0.80, 0.6, ""),  # a log-loss above the dummy's is another matter: sure of itself, and right
        (0.60, -0.02, ""),  # a correlation around 0 may be chance
    ],
)
def test_a_falling_loss_with_scores_below_the_majority_class_is_an_alarm(accuracy, mcc, sentence):
    assert below_dummy(trained(accuracy, mcc), METRICS, "accuracy", "majority class") == sentence
