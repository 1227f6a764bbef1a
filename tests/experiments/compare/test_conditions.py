"""What a comparison varies is declared in one place, changes training parts only, and makes a grid of settings."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

import lossbench
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.data import DataConfig
from lossbench.data.splits.stratified import repeated_kfold
from lossbench.errors import UserError
from lossbench.events import EvaluationStarted
from lossbench.experiments.compare.conditions import CONDITIONS, grid
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.setting import prepare_setting
from lossbench.experiments.compare.time_estimate import estimate
from lossbench.experiments.compare.unit_key import setting_key
from lossbench.report.compare.analysis.comparison import compare
from tests.experiments.compare.comparisons import blobs, config, finished, of_role

NAMES = [condition.name for condition in CONDITIONS]
# A level of each condition that changes something.
HARSH = {
    "train_share": 0.4,
    "imbalance_ratio": 6.0,
    "label_noise": 0.3,
    "pair_flip_noise": 0.3,
    "matrix_noise": 1.0,
    "boundary_noise": 0.3,
    "instance_noise": 0.3,
    "target_outliers": 0.3,
    "target_noise": 0.5,
    "feature_outliers": 0.3,
    "missing_values": 0.3,
    "stop_rule": 1.0,
}
ASKED = {**HARSH, "stop_rule": "last"}  # the same in a config
MATRIX = [[0.7, 0.3], [0.2, 0.8]]
SMALL = {"batch_size": 16, "epochs": 4}  # batches that fit a smaller training set
# Where a condition's name may stand: its declaration, its key and flag, and the reader of old records.
HOMES = {
    "experiments/compare/condition/rows.py",
    "experiments/compare/condition/labels.py",
    "experiments/compare/condition/values.py",
    "experiments/compare/condition/stopping.py",
    "config/commands/conditions.py",
    "config/commented.py",  # as a key that `lossbench init` shows
    "data/corruption/label_noise.py",  # as the name of what draws it
    "data/corruption/dependent_noise.py",
    "data/corruption/values.py",
    "data/subset.py",
    "export/tidy.py",  # as the example in docstrings
    "record/version1.py",
    "record/conditions.py",  # as the example in docstrings
    "record/record.py",
    "record/results.py",
    "report/compare/analysis/scores.py",
}


def task_of(condition):
    """A task whose tables the condition can be applied to."""
    return next(task for task in ("binary", "regression") if not condition.lacking(blobs(task=task)))


def setting(levels, *, task="binary", rows=120):
    table = blobs(rows, task=task)
    folds = repeated_kfold(table.target, table.task, 3, 2, 0)
    return prepare_setting(
        table, folds, data=DataConfig(name="iris"), seed=0, partners=4, condition=levels, noise_matrix=MATRIX
    )


@pytest.mark.parametrize("condition", CONDITIONS, ids=NAMES)
def test_a_condition_has_a_key_whose_default_changes_nothing(condition):
    assert condition.levels(CompareConfig()) == [condition.words.reference]
    assert not condition.is_applied(CompareConfig())
    assert condition.words.levels == []
    assert condition.protocol.endswith(".")


@pytest.mark.parametrize("condition", CONDITIONS, ids=NAMES)
def test_a_condition_changes_no_test_part_and_its_reference_level_changes_nothing(condition):
    task = task_of(condition)
    plain, changed = setting({}, task=task), setting({condition.name: HARSH[condition.name]}, task=task)
    same = setting({condition.name: condition.words.reference}, task=task)
    for p, c, s in zip(plain.outer, changed.outer, same.outer, strict=True):
        assert torch.equal(p.truth_N["test"], c.truth_N["test"])
        assert torch.equal(p.x_ND["train"], s.x_ND["train"])
        assert torch.equal(p.truth_N["train"], s.truth_N["train"])
        # In their own units, for each split scales by its training rows.
        raw_p, raw_c = (
            one.x_ND["test"].numpy() * [e.scale for e in one.preparation.encoders]
            + [e.center for e in one.preparation.encoders]
            for one in (p, c)
        )
        assert raw_p == pytest.approx(raw_c, rel=1e-5, abs=1e-5)  # float32 inputs, scaled there and back
    assert [f.test.tolist() for f in plain.folds] == [f.test.tolist() for f in changed.folds]
    assert plain.seeds == changed.seeds
    different = [
        not torch.equal(p.x_ND["train"], c.x_ND["train"]) or not torch.equal(p.truth_N["train"], c.truth_N["train"])
        for p, c in zip(plain.outer, changed.outer, strict=True)
    ]
    assert all(different) or changed.keep != plain.keep


@pytest.mark.parametrize("condition", CONDITIONS, ids=NAMES)
def test_inner_folds_are_corrupted_as_training_parts_are(condition):
    """Their rows are the same rows of the same changed table: what one split trains on, another validates on."""
    task = task_of(condition)
    changed = setting({condition.name: HARSH[condition.name]}, task=task)
    of_row = {}
    for fold, split in zip(changed.folds, changed.outer, strict=True):
        of_row.update(
            {(fold.repeat, row): y for row, y in zip(fold.train, split.truth_N["train"].tolist(), strict=True)}
        )
    for pair, split in zip(changed.pairs, changed.inner, strict=True):
        rows = {"train": pair.train, "validation": np.concatenate(pair.validation)}
        for part, numbers in rows.items():
            assert [of_row[pair.repeat, row] for row in numbers] == split.truth_N[part].tolist()


@pytest.mark.parametrize("condition", CONDITIONS, ids=NAMES)
def test_a_condition_refuses_a_task_that_it_does_not_have(condition):
    for data, table in (("diabetes", blobs(task="regression")), ("breast_cancer", blobs())):
        matrix = {"noise_matrix": MATRIX} if condition.parameter else {}
        requested = config(data, **{condition.name: [ASKED[condition.name]]}, **matrix)
        if not condition.lacking(table):
            assert plan(requested).grid == [{condition.name: HARSH[condition.name]}]
        else:
            with pytest.raises(UserError, match=f"conditions.{condition.name}: {condition.words.label} needs"):
                plan(requested)


def test_a_condition_is_known_by_its_name_in_its_declaration_only():
    root = Path(lossbench.__file__).parent
    knowing = {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.suffix in {".py", ".j2", ".js"} and any(name in path.read_text("utf-8") for name in NAMES)
    }
    assert knowing <= HOMES


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_smaller_training_set_keeps_what_each_row_is_for(task):
    plain, some, more = (setting({"train_share": share}, task=task) for share in (1.0, 0.2, 0.5))
    for p, s, m in zip(plain.folds, some.folds, more.folds, strict=True):
        assert set(s.train) < set(m.train) < set(p.train)
        assert np.array_equal(s.test, p.test)
    for p, s, m in zip(plain.pairs, some.pairs, more.pairs, strict=True):
        assert set(s.train) < set(m.train) < set(p.train)
        for k in (0, 1):
            assert set(s.validation[k]) < set(m.validation[k]) < set(p.validation[k])
            assert not np.intersect1d(s.train, s.validation[k]).size
    assert some.realised["train_share"] == pytest.approx(0.2, abs=0.01)
    # What is fitted sees the rows that are used: their mean is 0 to float32's rounding.
    assert float(some.outer[0].x_ND["train"].mean(0).abs().max()) < 1e-6


def test_noise_is_a_share_of_the_rows_that_are_used():
    both = setting({"train_share": 0.5, "label_noise": 0.3})
    for fold, split in zip(both.folds, both.outer, strict=True):
        wrong = split.truth_N["train"].numpy() != both.table.target[fold.train]
        # 20 rows of each of the two folds that are trained on, and a share of 0.3 of either.
        assert (len(fold.train), wrong.sum()) == (40, 12)


def test_several_conditions_make_a_grid_of_settings():
    shares, noises = [0.4, 1.0], [0.0, 0.2, 0.3]
    requested = config(losses="ce,hinge", train_share=shares, label_noise=noises, optim={"batch_size": 16, "epochs": 4})
    expected = [{"train_share": s, "label_noise": n} for s, n in itertools.product(shares, noises)]
    assert grid(requested) == expected
    planned = plan(requested)
    (table,) = planned.tables
    assert planned.evaluations == 2 * 6
    # 150 rows, 3 folds and 3 pairs of them: 50 rows train a trial, 20 at a share of 0.4, and 100 or 40 a refit;
    # batches of 16.
    whole, part = 4 * 3 * (4 * 4 + 2 * 7), 4 * 3 * (4 * 2 + 2 * 3)
    assert planned.steps(table.table, table.folds) == whole
    assert estimate(planned).steps == 2 * 3 * (whole + part)


def test_a_comparison_s_runs_and_events_carry_their_setting():
    started = []
    requested = config(losses="ce,hinge", train_share=[0.4, 1.0], label_noise=[0, 0.3], optim=SMALL)
    record = finished(requested, watch=lambda e: started.append(e) if isinstance(e, EvaluationStarted) else None)
    assert [c.name for c in record.conditions] == ["train_share", "label_noise"]
    assert [run.condition for run in record.results] == [levels for levels in grid(requested) for _ in range(2)]
    assert len({run.name for run in record.results}) == 8
    assert {tuple(e.label.condition.items()) for e in started} == {tuple(levels.items()) for levels in grid(requested)}
    assert {e.evaluation for e in started} == {str(e.label) for e in started} == {run.name for run in record.results}
    for run in record.results:
        sizes = {m.n_train for m in of_role(run, "refit")}
        assert sizes == ({100} if run.condition["train_share"] == 1 else {40})
    sentences = " ".join(record.protocol.text)
    assert "Training-set size: " in sentences
    assert "Label noise: " in sentences


def test_the_whole_training_set_gives_the_numbers_that_it_gives_without_the_condition():
    alone = finished(config(losses="ce,hinge", optim=SMALL))
    beside = finished(config(losses="ce,hinge", optim=SMALL, train_share=[0.4, 1.0]))
    whole = [run for run in beside.results if run.condition["train_share"] == 1.0]
    assert [[m.test for m in run.members] for run in whole] == [[m.test for m in run.members] for run in alone.results]


def test_a_comparison_that_varies_nothing_has_no_condition():
    record = finished(config(losses="ce,hinge"))
    assert record.conditions == []
    assert all(run.condition == {} for run in record.results)
    assert not any("label_noise" in column or "train_share" in column for column in record.members().columns)


def test_batches_must_fit_the_smallest_training_set():
    sentences = r"batch_size 32 is larger than the 15 inner training rows of iris \(30% of the training rows\)"
    with pytest.raises(UserError, match=sentences):
        plan(config(losses="ce,hinge", train_share=[0.3, 1.0], optim={"batch_size": 32, "epochs": 4}))


def test_a_share_without_room_for_every_class_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(UserError, match=r"train_share: 0.04 of the 50 rows of a fold of iris is 2 rows"):
        plan(config(losses="ce,hinge", train_share=[0.04], optim={"epochs": 4}))


def test_the_last_epoch_is_scored_where_the_stop_rule_says_so():
    patient = {"optim": {"epochs": 12, "batch_size": 16}, "early_stopping": {"patience": 2}, "label_noise": [0.0, 0.3]}
    record = finished(config(losses="ce,hinge", stop_rule="best,last", **patient))
    assert [run.condition for run in record.results[::2]] == [
        {"label_noise": noise, "stop_rule": rule} for noise in (0.0, 0.3) for rule in (0.0, 1.0)
    ]
    for run in record.results:
        if run.condition["stop_rule"] == 1.0:
            assert {m.epochs for m in run.members} == {12}
            assert {m.best_epoch for m in of_role(run, "trial")} == {12}
    best = [run for run in record.results if run.condition["stop_rule"] == 0.0]
    assert any(m.epochs < 12 for run in best for m in of_role(run, "refit"))
    sentences = [found.sentence for found in compare(record).sensitivity]
    noise, rule = sentences[:2], sentences[2:]
    assert [s.split(", from ")[0] for s in noise] == [
        "with epochs chosen on the inner folds",
        "with training to the last epoch",
    ]
    assert all(" to 30% symmetric label noise " in s for s in noise)
    at = "with 30% symmetric label noise"
    assert rule[1].startswith(
        f"{at}, from epochs chosen on the inner folds to training to the last epoch cross_entropy "
    )
    assert "Stop rule: " in " ".join(record.protocol.text)


def test_a_sentence_about_noise_names_its_kind_and_the_stop_rule():
    evidence = compare(finished(config(losses="ce,hinge", label_noise=[0.0, 0.3])))
    (found,) = evidence.sensitivity
    assert "to 30% symmetric label noise" in found.sentence
    assert found.sentence.endswith("(every other class equally likely, epochs chosen on the inner folds).")
    clean, noisy = evidence.tables
    assert clean.sentence.startswith("On iris, by accuracy")
    noise = "On iris with 30% symmetric label noise"
    assert noisy.sentence.startswith(f"{noise} (epochs chosen on the inner folds), by accuracy")
    for rule, words in (("best", "epochs chosen on the inner folds"), ("last", "training to the last epoch")):
        ruled = compare(finished(config(losses="ce,hinge", label_noise=[0.3], stop_rule=[rule])))
        assert f"{noise} {'(' if rule == 'best' else 'and '}{words}" in ruled.sentence


@pytest.mark.parametrize(
    ("levels", "realised"),
    [
        # blobs of 120 rows, 3 folds of 40: shares are exact, floor(share * 40 + 1/2) of each fold.
        ({"pair_flip_noise": 0.3}, pytest.approx(0.3)),
        ({"boundary_noise": 0.3}, pytest.approx(0.3)),
        ({"feature_outliers": 0.3}, pytest.approx(0.3)),
        ({"missing_values": 0.3}, pytest.approx(0.3)),
        # Each row by itself: 3 binomial standard deviations of 120 rows about the mean of two repetitions' rates.
        ({"matrix_noise": 1.0}, pytest.approx(0.25, abs=3 * (0.25 * 0.75 / 240) ** 0.5 + 0.01)),
        ({"instance_noise": 0.3}, pytest.approx(0.3, abs=3 * (0.3 * 0.7 / 240) ** 0.5)),
    ],
    ids=str,
)
def test_what_was_realised_of_a_level_is_known(levels, realised):
    (name,) = levels
    assert setting(levels).realised == {name: realised}


def test_what_was_realised_of_a_regression_s_corruption_is_known():
    assert setting({"target_outliers": 0.1}, task="regression").realised == {"target_outliers": pytest.approx(0.1)}
    realised = setting({"target_noise": 0.5}, task="regression").realised["target_noise"]
    # The median of n draws has a standard deviation of 1 / (2 f sqrt(n)); of |t| with 2 degrees of freedom the density
    # at its median is 0.459 and the median 0.816, so 0.12 of it for the 80 rows of a training part, 0.09 for all 120.
    assert realised == pytest.approx(0.5, abs=3 * 0.12 * 0.5)


def test_the_realised_imbalance_ratio_is_that_of_the_rows_that_are_left():
    made = setting({"imbalance_ratio": 4.0})
    counts = [np.bincount(made.table.target[fold.train]) for fold in made.folds]
    assert made.realised["imbalance_ratio"] == pytest.approx(np.mean([max(c) / min(c) for c in counts]))
    # About 20 rows of the frequent class in each fold leave 5 of the rare one: 4.5 to 5.5 before rounding.
    assert made.realised["imbalance_ratio"] == pytest.approx(4.0, rel=0.12)


def test_a_ratio_that_leaves_no_row_of_a_class_is_refused_before_anything_is_trained():
    what = r"conditions.imbalance_ratio: a ratio of 200 leaves no row of class 'virginica' beside the 1\d of 'setosa'"
    with pytest.raises(UserError, match=what):
        plan(config(losses="ce,hinge", imbalance_ratio=[1, 200], optim=SMALL))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 0], [0, 1]], "has 2 rows for 3 classes; give a row .* in this order: setosa, versicolor, virginica"),
        ([[1, 0, 0], [0, 1], [0, 0, 1]], "row 2 of the noise matrix has 2 numbers for 3 classes"),
        ([[1, 0, 0], [0.5, 0.4, 0], [0, 0, 1]], "row 2 of the noise matrix sums to 0.9, not to 1"),
        ([[1, 0, 0], [0, 1, 0], [-0.5, 0.5, 1]], "row 3 of the noise matrix has -0.5, which is no probability"),
        ("nowhere.csv", "nowhere.csv: No such file or directory"),
    ],
)
def test_what_is_no_noise_matrix_is_refused_before_anything_is_trained(matrix, message):
    with pytest.raises(UserError, match=f"conditions.noise_matrix: .*{message}"):
        plan(config(losses="ce,hinge", matrix_noise=[0, 1], noise_matrix=matrix))


def test_a_noise_matrix_may_be_in_a_file(tmp_path):
    file = tmp_path / "noise.csv"
    file.write_text("0.8,0.2,0\n0, 0.9 ,0.1\n\n0.5;0;0.5\n")
    planned = plan(config(losses="ce,hinge", matrix_noise=[0, 1], noise_matrix=str(file)))
    assert planned.config.conditions.noise_matrix == [[0.8, 0.2, 0], [0, 0.9, 0.1], [0.5, 0, 0.5]]
    assert any("noise matrix [0.8 0.2 0; 0 0.9 0.1; 0.5 0 0.5]" in sentence for sentence in planned.protocol.text)
    file.write_text("a,b\n0.8,0.2\n")
    with pytest.raises(UserError, match=r"noise.csv, line 1: 'a' is not a number; leave the numbers alone"):
        plan(config(losses="ce,hinge", matrix_noise=[0, 1], noise_matrix=str(file)))


def test_a_setting_s_key_knows_the_matrix_of_its_noise_and_no_other_setting_does():
    def keys(matrix):
        made = plan(config(losses="ce,hinge", matrix_noise=[0, 1], noise_matrix=matrix))
        return [setting_key(made, made.tables[0], levels) for levels in made.grid]

    clean, noisy = keys(np.full((3, 3), 1 / 3).tolist())
    other_clean, other_noisy = keys(np.eye(3).tolist())
    assert clean == other_clean
    assert len({clean, noisy, other_noisy}) == 3


@pytest.mark.parametrize("jobs", [2])
def test_workers_corrupt_the_same_rows(jobs, tmp_path):
    """A run in one process and one in two give the same scores, whatever is corrupted."""
    levels = {"pair_flip_noise": [0.2], "instance_noise": [0.2], "missing_values": [0.1], "feature_outliers": [0.1]}
    levels |= {"matrix_noise": [1], "noise_matrix": [[0.9, 0.1, 0], [0, 0.9, 0.1], [0.1, 0, 0.9]]}
    one, two = (
        lossbench.compare(
            "iris", losses="ce,hinge", folds=3, repeats=2, lrs=[1e-2], hidden=[4], epochs=3, output=str(tmp_path),
            name=str(count), jobs=count, **levels,
        )
        for count in (1, jobs)
    )  # fmt: skip
    assert [r.realised for r in one.results] == [r.realised for r in two.results]
    assert [[m.test for m in r.members] for r in one.results] == [[m.test for m in r.members] for r in two.results]
