"""The evidence finds what was planted, and says no more than the data carry."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from lossbench.record import parse_record
from lossbench.report.compare.analysis.comparison import compare
from tests.report.compare.planted import CLASSIC, Planted, planted_record


def rows_of(record, table=0):
    return {row.name: row for row in compare(record).tables[table].rows}


def test_planted_differences_get_their_words(record):
    words = {name: row.word for name, row in rows_of(record).items()}
    assert words["focal"] == "better"
    assert words["l1"] == "worse"
    assert words["mse"] == "practically equal"
    assert words["gce"] == "not distinguishable"
    assert words["cross_entropy"] == "baseline"
    assert words["nll + logsoftmax"] == "same objective"
    assert words["nll + relu"] == "broken"
    assert words["my_loss"] == "failed"


def test_means_and_differences_are_those_of_the_refits(record):
    score = {
        result.loss.label: np.array([m.test["accuracy"] for m in result.members if m.role == "refit"])
        for result in record.results
        if result.status != "failed" and result.last_act != "relu"
    }
    row = rows_of(record)["focal"]
    gain = score["focal"] - score["cross_entropy"]
    assert row.mean == pytest.approx(score["focal"].mean())
    assert row.difference == pytest.approx(gain.mean())
    # Nadeau & Bengio by hand: 143 test rows, 571 training rows, 25 splits.
    half = stats.t.ppf(0.975, 24) * gain.std(ddof=1) * math.sqrt(1 / 25 + 143 / 571)
    assert row.single_high - row.difference == pytest.approx(half)
    assert row.difference_high - row.difference > half  # five losses are tested at once


def test_no_loss_is_called_equal_without_a_posterior_above_095(record):
    assert all(row.p_equal > 0.95 for row in rows_of(record).values() if row.word == "practically equal")


def test_one_objective_shares_a_rank_and_is_counted_once_among_the_tested(record):
    rows = rows_of(record)
    assert rows["nll + logsoftmax"].rank == rows["cross_entropy"].rank
    assert rows["nll + logsoftmax"].p_adjusted is None
    tested = [row for row in rows.values() if row.p_adjusted is not None]
    smallest = min(tested, key=lambda row: row.p)
    assert len(tested) == 5  # neither the broken pair nor the failed loss nor the twin
    assert smallest.p <= smallest.p_adjusted <= len(tested) * smallest.p


def test_equal_means_share_a_rank():
    twins = (Planted("cross_entropy"), Planted("a", spread=0.0), Planted("b", spread=0.0), Planted("c", gain=-0.1))
    ranks = {row.name: row.rank for row in compare(planted_record(twins)).tables[0].rows}
    assert ranks["a"] == ranks["b"]
    assert ranks["c"] == 4


def test_a_failed_loss_scores_as_the_dummy_and_is_ranked_last(record):
    row = rows_of(record)["my_loss"]
    assert row.mean == 0.594
    assert row.rank == max(r.rank for r in rows_of(record).values())
    assert "ValueError: shapes do not fit" in row.reason


def test_scores_that_are_missing_count_as_the_worst():
    record = planted_record()
    result = next(result for result in record.results if result.loss.label == "focal")
    for member in result.members:
        if member.role == "refit":
            member.test["accuracy"] = None
    assert rows_of(record)["focal"].mean == 0.594


def test_an_interrupted_record_compares_the_splits_that_all_have():
    record = planted_record()
    record.status = "interrupted"
    result = next(result for result in record.results if result.loss.label == "l1")
    result.status = "interrupted"
    result.members = [m for m in result.members if m.split["repeat"] < 2]
    rows = rows_of(record)
    assert len(rows["focal"].scores) == len(rows["l1"].scores) == 10
    assert any("interrupted" in banner for banner in compare(record).banners)


def test_a_run_that_never_came_to_a_score_says_so():
    record = planted_record()
    result = next(result for result in record.results if result.loss.label == "l1")
    result.status, result.members = "interrupted", []
    row = rows_of(record)["l1"]
    assert (row.word, row.mean, row.rank) == ("interrupted", None, None)


def test_fewer_than_five_splits_are_anecdotal():
    few = compare(planted_record(folds=2, repeats=2))
    assert few.banners == ["anecdotal: 4 splits cannot carry a conclusion; use at least 5"]
    assert compare(planted_record(folds=5, repeats=1)).banners == []


def test_one_split_has_no_interval_and_no_verdict():
    rows = rows_of(planted_record(folds=1, repeats=1))
    assert rows["focal"].word == "anecdotal"
    assert rows["focal"].p is None
    assert rows["focal"].difference_low is None


def test_few_splits_carry_no_word_and_no_probability_however_clear_they_are():
    twin = Planted("same", spread=0.0)
    comparison = compare(
        planted_record((Planted("cross_entropy", spread=0.0), twin, Planted("l1", gain=-0.3)), folds=2, repeats=1)
    )
    rows = {row.name: row for row in comparison.tables[0].rows}
    assert {rows["same"].word, rows["l1"].word} == {"anecdotal"}
    assert rows["same"].p_equal is rows["l1"].p_worse is rows["l1"].p_adjusted is None
    assert rows["l1"].difference < -0.2
    assert "2 splits cannot tell same and l1 from cross_entropy (anecdotal)" in comparison.sentence


def test_a_record_s_anecdotal_warning_is_left_to_the_banner():
    record = planted_record(folds=2, repeats=1)
    record.warnings = ["anecdotal: 2 splits of titanic cannot carry a conclusion; use at least 5", "another"]
    assert compare(record).warnings == ["another"]


def test_splits_that_all_tie_are_not_certain_of_equality_where_a_split_has_few_rows():
    """Equal counts of right rows on few small splits are likely by chance."""
    losses = (Planted("cross_entropy", spread=0.0), Planted("same", spread=0.0))
    few = planted_record(losses, folds=5, repeats=1)
    for result in few.results:
        for member in result.members:
            member.n_test, member.n_train = 30, 120
    assert rows_of(few)["same"].word == "not distinguishable"
    assert rows_of(few)["same"].difference_low < 0 < rows_of(few)["same"].difference_high
    assert rows_of(planted_record(losses))["same"].word == "practically equal"


def test_nothing_is_said_against_a_baseline_that_failed_or_diverged():
    failed = Planted("boom", status="failed", message="ValueError: kaboom")
    for lost, sentences in (
        (failed, "failed: ValueError: kaboom"),
        (Planted("boom", diverged=25), "diverged on every split"),
    ):
        comparison = compare(planted_record((lost, Planted("mse")), baseline="boom"))
        rows = {row.name: row for row in comparison.tables[0].rows}
        assert rows["mse"].word == "not compared"
        assert rows["mse"].difference is rows["mse"].p is rows["mse"].p_better is None
        assert f"no loss can be compared with boom, which {sentences}; mse scores 0." in comparison.sentence
        assert "beats" not in comparison.sentence


def test_a_loss_that_diverged_everywhere_is_no_measured_difference_and_gets_no_advice():
    losses = (Planted("cross_entropy"), Planted("wild", gain=-0.5, diverged=25, grid_edge=True), Planted("mse"))
    (table,) = compare(planted_record(losses)).tables
    row = {row.name: row for row in table.rows}["wild"]
    assert (row.word, row.difference, row.p_adjusted) == ("diverged", None, None)
    assert table.rows[-1] is row
    assert "wild diverged on every split" in table.sentence
    assert table.notes == []


def test_a_twin_of_a_broken_pair_is_broken_and_not_counted_twice():
    broken = Planted("nll", gain=-0.2, last_act="relu", level="broken", group="g")
    twin = Planted("kl_div", gain=-0.2, last_act="relu", level="broken", group="g")
    (table,) = compare(planted_record((Planted("cross_entropy"), broken, twin, Planted("mse")))).tables
    rows = {row.name: row for row in table.rows}
    assert {rows["nll"].word, rows["kl_div"].word} == {"broken"}
    assert rows["kl_div"].same_as == "nll"
    assert rows["kl_div"].p_adjusted is None
    assert (
        "kl_div is broken as well: it has the same gradients as nll on 1,000 probes up to |z| = 1e4" in table.sentence
    )


def test_one_objective_has_no_difference_to_itself(record):
    row = rows_of(record)["nll + logsoftmax"]
    assert row.difference is row.difference_low is row.p_equal is None
    assert row.low is not None


def test_the_rope_that_was_used_is_said_with_its_source():
    assert compare(planted_record()).rope_text == "±0.01"
    assert compare(planted_record(metric="rmse")).rope_text == "±0.080 (1% of the target mean's error)"


def test_what_the_splits_resolve_is_said_once():
    comparison = compare(planted_record(noise=(0.0, 0.2, 0.4)))
    assert not any("resolve" in note for table in comparison.tables for note in table.notes)
    assert len([note for note in comparison.notes if "resolve" in note]) == 1


def test_runs_that_were_not_finished_are_named():
    record = planted_record()
    record.status = record.results[2].status = "interrupted"
    record.results[2].members, record.results[3].status = [], "interrupted"
    sentences = "stopped on the way: titanic / mse + softmax; never begun: titanic / focal + identity"
    assert compare(record).banners[0].endswith(sentences)


def test_lower_is_better_turns_the_verdicts_but_not_the_differences():
    rows = rows_of(planted_record(metric="rmse"))
    assert rows["focal"].word == "better"
    assert rows["focal"].difference < 0
    assert rows["focal"].won == 1
    assert rows["l1"].word == "worse"


def test_the_rope_of_an_error_with_a_unit_is_a_share_of_the_dummys():
    table = compare(planted_record(metric="rmse")).tables[0]
    assert table.rope == pytest.approx(0.01 * 8.0)


def test_the_interval_of_a_score_ends_where_scores_end():
    record = planted_record((Planted("cross_entropy", gain=0.15), Planted("mse", gain=0.15)))
    for result in record.results:
        for member in result.members:
            member.test["accuracy"] = min(member.test.get("accuracy", 1.0), 1.0)
    assert all(row.high <= 1 for row in compare(record).tables[0].rows)


def test_names_that_were_left_out_for_being_the_same_objective_are_kept():
    losses = (Planted("cross_entropy", represents=("nll",)), Planted("mse"))
    assert rows_of(planted_record(losses))["cross_entropy"].represents == ["nll"]


def test_a_choice_at_the_end_of_the_grid_is_said():
    assert any(note.startswith("gce chose an end") for note in compare(planted_record()).tables[0].notes)


def test_scores_that_differ_refute_that_two_losses_have_the_same_gradients():
    losses = (Planted("cross_entropy", group="g"), Planted("mine", gain=-0.02, group="g"), Planted("mse"))
    record = planted_record(losses)
    (table,) = compare(record).tables
    mine = next(row for row in table.rows if row.name == "mine")
    assert (mine.word, mine.same_as, mine.differs_from) == ("worse", "", "cross_entropy")
    assert mine.differs_by == pytest.approx(0.02)  # the planted gain, on every split
    assert mine.p_adjusted is not None
    assert (
        "mine and cross_entropy have the same gradients on 1,000 probes up to |z| = 1e4, but their scores differ by"
        " 0.020 per split. They are compared like any other pair." in table.notes
    )


def test_scores_that_differ_by_rounding_refute_nothing():
    losses = (Planted("cross_entropy", group="g"), Planted("mine", gain=-5e-4, group="g"), Planted("mse"))
    (table,) = compare(planted_record(losses)).tables
    mine = next(row for row in table.rows if row.name == "mine")
    assert (mine.word, mine.same_as, mine.differs_from) == ("same objective", "cross_entropy", "")


def test_the_analysis_is_json_and_repeats(record):
    analysis = compare(record)
    assert json.loads(analysis.model_dump_json()) == json.loads(compare(record).model_dump_json())
    again = parse_record(record.model_copy(update={"analysis": analysis}).to_json())
    assert again.analysis == analysis


def test_label_noise_makes_tables_of_their_own():
    comparison = compare(planted_record(noise=(0.0, 0.4)))
    assert [table.title for table in comparison.tables] == ["titanic", "titanic with 40% symmetric label noise"]
    assert comparison.across == []


def test_two_data_sets_cannot_be_significant_and_it_says_how_many_can():
    (across,) = compare(planted_record(data=("a", "b"))).across
    assert across.smallest_p == 0.5
    assert across.needed == 9  # 7 comparisons: 7 * 2^(1 - 9) = 0.027
    assert {row.word for row in across.rows} == {"baseline", "not distinguishable"}
    assert "nothing can be significant" in across.sentence


def test_enough_data_sets_find_what_was_planted():
    names = tuple(f"table{i}" for i in range(12))
    (across,) = compare(planted_record(data=names, folds=5, repeats=1, epochs=3)).across
    word = {row.name: row.word for row in across.rows}
    assert (word["focal"], word["l1"], word["mse"]) == ("better", "worse", "practically equal")
    assert "nll + logsoftmax" not in word  # one objective, counted once
    assert across.rejected
    assert across.rows[0].name == "focal"
    assert across.omnibus.startswith("Friedman p < 0.001, Iman-Davenport p < 0.001 (8 losses, 12 data sets)")


def test_a_critical_difference_needs_a_rejected_omnibus_test():
    same = tuple(Planted(name, spread=0.02) for name in ("cross_entropy", "a", "b"))
    (across,) = compare(planted_record(same, data=("x", "y", "z"), seed=1)).across
    assert not across.rejected
    assert across.critical_difference is None


def test_two_data_sets_that_agree_reject_nothing():
    clear = (Planted("cross_entropy"), Planted("a", gain=0.1), Planted("b", gain=-0.1))
    (across,) = compare(planted_record(clear, data=("x", "y"))).across
    assert across.iman_davenport_p == 0  # the F is infinite
    assert not across.rejected


def test_a_loss_missing_on_a_data_set_is_left_out_and_named():
    record = planted_record(data=("a", "b"))
    record.results = [result for result in record.results if not (result.data == "b" and result.loss.label == "focal")]
    (across,) = compare(record).across
    assert across.excluded == {"focal": ["b"]}
    assert "excluded: focal (missing on b)" in across.sentence


def test_the_baseline_of_two_pairs_with_its_name_is_the_sound_one():
    losses = tuple(loss for loss in CLASSIC if loss.label == "nll")
    assert compare(planted_record(losses[::-1], baseline="nll")).baseline == "nll + logsoftmax"
