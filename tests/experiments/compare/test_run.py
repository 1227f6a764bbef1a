"""`compare-losses` from a config to its record: fair by construction, honest about failures, clear about mistakes."""

import pickle
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss

from lossbench.catalog.metrics import ECE_BINS, METRICS, reported
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.data import DataConfig
from lossbench.data.splits.stratified import repeated_kfold
from lossbench.data.table import Table
from lossbench.errors import UserError
from lossbench.events import (
    EpochEnded,
    EvaluationEnded,
    EvaluationSkipped,
    EvaluationsPlanned,
    EvaluationStarted,
    Event,
    Warned,
)
from lossbench.experiments.compare.candidates import select_candidates
from lossbench.experiments.compare.evaluation import Evaluation, evaluate
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.plan import default_name, plan
from lossbench.experiments.compare.results.test_scores import dummy_scores
from lossbench.experiments.compare.setting import prepare_setting
from lossbench.experiments.compare.time_estimate import estimate
from lossbench.record import CompareRecord, LossResult
from lossbench.report.compare.analysis.comparison import compare
from lossbench.report.compare.analysis.comparison import compare as evidence_of
from tests.experiments.compare.comparisons import blobs, config, failing_loss, finished, of_role


@pytest.fixture(scope="module")
def record() -> CompareRecord:
    return finished(
        config(losses="ce,nll,kl_div,hinge,mse,nll+relu", label_noise=[0, 0.3], optim={"batch_size": 16, "epochs": 8})
    )


def by_name(record: CompareRecord, noise: float = 0.0) -> dict[str, LossResult]:
    return {
        f"{run.loss.label}+{run.last_act}": run
        for run in record.results
        if run.condition.get("label_noise", 0.0) == noise
    }


def evaluation(table: Table, losses: str, *, dealt: Table | None = None) -> Evaluation:
    """One loss on three splits of a table; `dealt` is the table whose classes the folds are stratified by."""
    chosen = config(losses=losses, optim={"epochs": 12}, early_stopping={"patience": 2})
    folds = repeated_kfold((dealt or table).target, table.task, 3, 1, 0)
    setting = prepare_setting(table, folds, data=DataConfig(name="iris"), seed=0, partners=4)
    options = Options(chosen, METRICS.get("accuracy"), len(chosen.lrs), torch.device("cpu"), 1, reported(setting.task))
    (candidate,) = select_candidates(chosen.losses, table).candidates
    dummies = dummy_scores(len(table.classes), setting.outer, options.metrics)
    (found,) = evaluate([Job(options, setting, candidate, dummies)])
    return found


# --- fair by construction -------------------------------------------------------------------------


def test_losses_that_are_one_objective_tie_on_every_seed() -> None:
    """If cross_entropy, nll behind log_softmax and kl_div (one-hot) do not tie, the harness favours one of them.
    1e-6: so few epochs are too short for float32's rounding (6e-8 a step) to grow beyond it."""
    runs = by_name(finished(config(losses="ce,nll,kl_div", folds=5, repeats=5)))
    first, *others = runs.values()
    assert len(of_role(first, "refit")) == 25
    for other in others:
        for a, b in zip(first.members, other.members, strict=True):
            assert (a.seed, a.lr, a.split, a.role, a.epochs) == (b.seed, b.lr, b.split, b.role, b.epochs)
            for key, curve in a.curves.items():
                np.testing.assert_allclose(b.curves[key], curve, rtol=0, atol=1e-6)
            for metric, value in a.test.items():
                assert b.test[metric] == pytest.approx(value, abs=1e-6)
    assert {run.objective.group for run in runs.values()} == {"cross_entropy"}


def test_every_loss_has_the_same_number_of_trials_splits_and_seeds(record: CompareRecord) -> None:
    def facts(run: LossResult) -> list[tuple[Any, ...]]:
        return [(m.role, m.seed, tuple(m.split.items())) for m in run.members]

    first, *others = record.results
    assert Counter(m.role for m in first.members) == {"trial": 12, "refit": 3, "untuned": 3}
    for other in others:
        assert facts(other) == facts(first)


@pytest.mark.parametrize("loss", ["ce", "hinge", "l1"])
def test_test_labels_change_test_scores_and_nothing_else(loss: str) -> None:
    table = blobs(90)
    fold = repeated_kfold(table.target, "binary", 3, 1, 0)[0]
    target = table.target.copy()
    target[fold.test] = 1 - target[fold.test]
    # The folds are dealt out by class, so those of the true labels are used for both.
    was, now = (evaluation(replace(table, target=t), loss, dealt=table) for t in (table.target, target))
    pairs = zip(was.record.members, now.record.members, strict=True)
    of_split = [(a, b) for a, b in pairs if a.split == {"repeat": 0, "fold": 0}]
    assert len(of_split) == 4
    for a, b in of_split:
        assert a.model_dump(exclude={"test"}) == b.model_dump(exclude={"test"})
        if a.role != "trial":
            assert b.test["accuracy"] == pytest.approx(1 - float(a.test["accuracy"] or 0))


def test_the_refit_takes_its_trial_s_rate_and_epochs(record: CompareRecord) -> None:
    for run in record.results:
        chosen = {tuple(m.split.items()): m for m in of_role(run, "trial") if m.chosen}
        for refit in of_role(run, "refit"):
            trial = chosen[tuple(refit.split.items())]
            assert (refit.lr, refit.epochs) == (trial.lr, trial.best_epoch)
            (default,) = (m for m in of_role(run, "trial") if m.split == refit.split and m.lr == 1e-3)
            assert trial is default or trial.val["accuracy"] > default.val["accuracy"]


def test_a_population_cut_otherwise_gives_the_same_record() -> None:
    one, two = (finished(config(losses="ce,hinge", threads=n)) for n in (1, 2))
    assert [run.members for run in one.results] == [run.members for run in two.results]


# --- what is measured -----------------------------------------------------------------------------


def test_scores_agree_with_scikit_learn_and_the_temperature_changes_no_decision() -> None:
    table = blobs(90)
    result = evaluation(table, "mse")
    folds = repeated_kfold(table.target, "binary", 3, 1, 0)
    for net, fold, member in zip(result.predicted, folds, of_role(result.record, "refit"), strict=True):
        truth, p = table.target[fold.test], net.numpy()
        assert member.test["accuracy"] == pytest.approx(accuracy_score(truth, p.argmax(1)))
        assert member.test["log_loss"] == pytest.approx(log_loss(truth, p))
        assert member.temperature > 0
        assert (member.n_train, member.n_test) == (60, 30)


def test_raw_probabilities_are_scored_for_proper_losses_only(record: CompareRecord) -> None:
    runs = by_name(record)
    raw = {
        name: {key for m in of_role(run, "refit") for key in m.test if key.startswith("raw")}
        for name, run in runs.items()
    }
    every, none = {"raw_log_loss", "raw_brier", "raw_ece"}, set[str]()
    assert raw == {
        "cross_entropy+identity": every,
        "nll+logsoftmax": every,
        "kl_div+logsoftmax": every,
        "mse+softmax": every,
        "hinge+identity": none,
        "nll+relu": none,  # what comes out of it are no probabilities
    }
    assert {name: run.loss.proper for name, run in runs.items()} == {name: bool(keys) for name, keys in raw.items()}
    for run in runs.values():  # after the common step everyone has probabilities
        assert all(m.test["log_loss"] is not None for m in of_role(run, "refit"))


def test_a_loss_for_calibration_is_scored_raw_though_it_is_not_proper() -> None:
    chosen = config(losses="ce,label_smoothing,gce,logit_norm", metric="log_loss", optim={"epochs": 2})
    record = finished(chosen)
    scored = {
        run.loss.name: all(m.test.get("raw_log_loss") is not None for m in of_role(run, "refit"))
        for run in record.results
    }
    # gce's are known to be too sure; logit_norm has no probabilities before a temperature
    assert scored == {"cross_entropy": True, "label_smoothing": True, "gce": False, "logit_norm": False}
    (table,) = compare(record).tables
    for row, run in ((row, run) for row in table.rows for run in record.results if run.loss.name == row.loss):
        means = [m.test.get("raw_log_loss") for m in of_role(run, "refit")]
        assert row.raw == (pytest.approx(np.mean(means)) if scored[row.loss] else None)


def test_reliability_bins_hold_every_test_row_and_give_the_pooled_error(record: CompareRecord) -> None:
    for run in record.results:
        bins = run.reliability
        assert len(bins.count) == ECE_BINS
        assert sum(bins.count) == 150  # of iris: in one repeat every row is tested once
        hits = sum(n * a for n, a in zip(bins.count, bins.accuracy, strict=True) if n)
        mean = np.average([m.test["accuracy"] or 0 for m in of_role(run, "refit")], weights=[50, 50, 50])
        assert hits / 150 == pytest.approx(mean)


def test_the_matrix_has_an_entry_for_every_pair_of_losses(record: CompareRecord) -> None:
    runs = by_name(record)
    columns = {"cross_entropy", "nll + logsoftmax", "kl_div", "hinge", "mse", "nll + relu"}
    for run in runs.values():
        assert set(run.matrix) == columns
        assert run.matrix["hinge"] is None  # no margin follows from a probability
    own = runs["cross_entropy+identity"]
    mean = np.mean([m.test["log_loss"] or 0 for m in of_role(own, "refit")])
    # Probabilities are cut at 1e-7 on their way into the matrix.
    assert own.matrix["cross_entropy"] == pytest.approx(mean, rel=1e-4)


def test_a_broken_pair_is_run_and_its_symptoms_kept(record: CompareRecord) -> None:
    run = by_name(record)["nll+relu"]
    assert run.verdict.level == "broken"
    assert run.diagnostics.members_below_floor == 3


def test_label_noise_is_realised_recorded_and_hurts(record: CompareRecord) -> None:
    clean, noisy = (by_name(record, noise)["cross_entropy+identity"] for noise in (0.0, 0.3))
    assert (noisy.condition, noisy.realised) == ({"label_noise": 0.3}, {"label_noise": pytest.approx(0.3)})
    assert (clean.condition, clean.realised) == ({"label_noise": 0.0}, {"label_noise": 0.0})
    assert np.mean([m.test["log_loss"] or 0 for m in of_role(noisy, "refit")]) > np.mean(
        [m.test["log_loss"] or 0 for m in of_role(clean, "refit")]
    )


def test_the_protocol_says_what_was_declared(record: CompareRecord) -> None:
    sentences = record.protocol
    expected = {
        "metric": "accuracy",
        "select_metric": "accuracy",
        "better": "higher",
        "folds": 3,
        "repeats": 1,
    }
    expected |= {"lrs": [1e-3, 1e-2], "inner_folds": 4, "baseline": "cross_entropy", "rope": 0.01, "alpha": 0.05}
    assert {key: getattr(sentences, key) for key in expected} == expected
    assert sentences.scheme == "stratified k-fold"
    assert any("test labels stay clean" in sentence for sentence in sentences.text)


def test_the_record_survives_json_and_carries_its_evidence(record: CompareRecord) -> None:
    again = CompareRecord.model_validate_json(record.to_json())
    assert again == record
    evidence = evidence_of(again)
    assert [table.baseline for table in evidence.tables] == ["cross_entropy", "cross_entropy"]
    words = {row.name: row.word for row in evidence.tables[0].rows}
    assert words["kl_div"] == "same objective"
    assert words["nll + relu"] == "broken"


def test_regressions_are_compared_in_the_target_s_own_units() -> None:
    found = finished(config("diabetes", losses="mse,l1,gaussian_nll", optim={"epochs": 20}, lrs=[1e-2]))
    assert (found.protocol.metric, found.protocol.scheme) == ("rmse", "k-fold")
    spread = 77.0  # standard deviation of diabetes' target
    for run in found.results:
        assert {"rmse", "mae", "r2", "pinball"} == set(of_role(run, "refit")[0].test)
        assert all(0.5 * spread < float(m.test["rmse"] or 0) < 1.1 * spread for m in of_role(run, "refit"))
        assert all(m.temperature is None for m in of_role(run, "refit"))
    matrix = found.results[0].matrix
    assert matrix["gaussian_nll"] is None  # a variance does not follow from a predicted value
    assert matrix["l1"] is not None


def test_several_tables_are_met_one_after_the_other() -> None:
    found = finished(config(["iris", "titanic"], losses="ce,bce_with_logits,focal", repeats=1))
    assert isinstance(found.data, list)
    assert [data.name for data in found.data] == ["iris", "titanic"]
    assert [run.name for run in found.results] == [
        "iris / cross_entropy + identity",
        "iris / focal + identity",
        "titanic / cross_entropy + identity",
        "titanic / bce_with_logits + identity",
        "titanic / focal + identity",
    ]


def test_a_multiple_of_an_objective_is_counted_once_and_said_to_be_one() -> None:
    found = finished(config("diabetes", losses="mse,l1,pinball", optim={"epochs": 10}))
    (table,) = evidence_of(found).tables
    rows = {row.name: row for row in table.rows}
    assert (rows["pinball"].word, rows["pinball"].same_as) == ("same objective", "l1")
    assert rows["pinball"].factor == pytest.approx(0.5)
    assert rows["pinball"].p_adjusted is None
    assert rows["l1"].p_adjusted == rows["l1"].p  # the only hypothesis
    told = "on 1,088 probes up to |z| = 1e4"
    assert any(note.startswith(f"The gradient of pinball is 0.5 times that of l1 {told}") for note in table.notes)
    found.protocol.baseline = "pinball"
    notes = evidence_of(found).tables[0].notes
    assert any(note.startswith(f"The gradient of l1 is 2 times that of pinball {told}") for note in notes)
    penalised = finished(config("diabetes", losses="mse,l1,pinball", optim={"epochs": 2}, penalty={"l2": 0.1}))
    assert {run.objective.group for run in penalised.results} == {"mse", "l1", "pinball"}


LOOKALIKES = """
import torch.nn.functional as F
import lossbench as lb

CLASSES = {task: lb.Encoding.CLASS_INDEX for task in (lb.Task.BINARY, lb.Task.MULTICLASS)}


def cross_entropy(z, y):
    return F.cross_entropy(z.movedim(-1, 1), y, reduction="none")


@lb.loss(targets=CLASSES, sound=(lb.Space.REAL,), decode=lb.Decoder.SOFTMAX, reference="here")
def in_tails(z, y):
    return cross_entropy(z.clamp(-8, 8), y)


@lb.loss(targets=CLASSES, sound=(lb.Space.REAL,), decode=lb.Decoder.SOFTMAX, reference="here")
def in_large_batches(z, y):
    return cross_entropy(z, y) * (1 if z.shape[-2] <= 64 else 0.1)


@lb.loss(targets=CLASSES, sound=(lb.Space.REAL,), decode=lb.Decoder.SOFTMAX, reference="here")
def at_exact_outputs(z, y):
    return cross_entropy(z, y) * (1 + ((z == 0) | (z == 1)).all(-1))
"""


def test_a_loss_that_differs_from_another_only_out_of_the_way_is_compared_with_it(tmp_path: Path) -> None:
    file = tmp_path / "lookalikes.py"
    file.write_text(LOOKALIKES)
    own = [f"{file}:{name}" for name in ("in_tails", "in_large_batches", "at_exact_outputs")]
    found = finished(config(losses=["ce", *own], folds=5, repeats=1, optim={"epochs": 2}))
    (table,) = evidence_of(found).tables
    for row in table.rows:
        assert row.same_as == ""
        assert (row.p_adjusted is None) == (row.name == "cross_entropy")


def test_rows_of_one_group_stay_in_one_part_of_every_split(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x, group = random.normal(size=120), np.repeat(np.arange(30), 4)
    file = tmp_path / "grouped.csv"
    rows = (f"{a:.3f},{a * a:.3f},p{g},{int(a > 0)}" for a, g in zip(x, group, strict=True))
    file.write_text("x,z,g,y\n" + "\n".join(rows) + "\n")
    chosen = config({"file": str(file), "target": "y", "groups": "g"}, losses="ce,hinge", repeats=2)
    (entry,) = plan(chosen).tables
    for fold in entry.folds:
        parts = [set(group[part].tolist()) for part in (fold.train, fold.test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 30
    for pair in entry.pairs:
        parts = [set(group[part].tolist()) for part in (pair.train, *pair.validation)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 30
    found = finished(chosen)
    assert found.protocol.scheme == "grouped k-fold"
    assert found.protocol.text[0].startswith("2 x 3 grouped k-fold")
    assert isinstance(found.data, list)
    assert (found.data[0].features, found.data[0].split.scheme) == (["x", "z"], "grouped k-fold")
    assert all(len(of_role(run, "refit")) == 6 for run in found.results)


# --- events, interruption, failures ---------------------------------------------------------------


def test_events_tell_the_story_run_by_run() -> None:
    events: list[Event] = []
    finished(config(["iris", "titanic"], losses="ce,bce"), watch=events.append)
    stages = [(e.evaluation, e.stage) for e in events if isinstance(e, EvaluationStarted)]
    assert stages[:2] == [("iris / cross_entropy + identity", "tune"), ("iris / cross_entropy + identity", "refit")]
    assert [e.status for e in events if isinstance(e, EvaluationEnded)] == ["ok"] * 3
    (skipped,) = (e for e in events if isinstance(e, EvaluationSkipped))
    assert skipped == EvaluationSkipped("iris / bce", "it supports binary, and iris is a multiclass task")


def test_events_can_be_sent_to_another_process() -> None:
    events: list[Event] = []
    finished(config(losses="ce,hinge"), watch=events.append)
    assert {type(event) for event in events} >= {
        EvaluationsPlanned,
        EvaluationStarted,
        EpochEnded,
        EvaluationEnded,
        Warned,
    }
    assert repr(pickle.loads(pickle.dumps(events))) == repr(events)  # as text, because NaN is not equal to itself


def test_an_interrupted_comparison_leaves_what_was_finished() -> None:
    stop, ended = threading.Event(), []

    def watch(event: Event) -> None:
        if isinstance(event, EvaluationEnded):
            ended.append(event.evaluation)
        if len(ended) == 1 and isinstance(event, EpochEnded) and event.epoch == 2:
            stop.set()

    found = finished(config(losses="ce,hinge,mse", optim={"epochs": 50}), stop=stop, watch=watch)
    assert found.status == "interrupted"
    assert [run.status for run in found.results] == ["ok", "interrupted", "interrupted"]
    assert len(of_role(found.results[0], "refit")) == 3
    assert of_role(found.results[1], "refit") == []
    never = found.results[2]
    assert (never.loss.label, never.members, never.message) == ("mse", [], "0 of 1 repetitions are done")
    evidence = evidence_of(CompareRecord.model_validate_json(found.to_json()))
    assert evidence.banners[-1].startswith("interrupted")
    assert {row.name: row.word for row in evidence.tables[0].rows}["mse"] == "interrupted"


def test_an_interrupted_comparison_has_a_result_for_all_that_was_asked_for() -> None:
    stop = threading.Event()

    def watch(event: Event) -> None:
        if isinstance(event, EpochEnded):
            stop.set()

    chosen = config(["iris", "wine"], losses="ce,hinge", label_noise=[0, 0.2])
    found = finished(chosen, stop=stop, watch=watch)
    places = [("iris", 0.0), ("iris", 0.2), ("wine", 0.0), ("wine", 0.2)]
    assert [(run.data, run.condition["label_noise"]) for run in found.results] == [p for p in places for _ in "ab"]
    assert {run.status for run in found.results} == {"interrupted"}
    evidence = evidence_of(CompareRecord.model_validate_json(found.to_json()))
    assert evidence.tables[0].rows[0].word == "interrupted"
    assert evidence.sentence.startswith("Partial: 0 of 8 evaluations are done.")


def test_a_loss_that_raises_fails_alone_and_scores_the_worst(tmp_path: Path) -> None:
    found = finished(config(losses=[failing_loss(tmp_path), {"loss": "ce"}], baseline="ce", optim={"epochs": 20}))
    failed, fine = found.results
    assert found.status == "ok"
    assert failed.status == "failed"
    assert failed.message.endswith("RuntimeError: too tired")
    assert "raise RuntimeError('too tired')" in failed.traceback
    assert [m.test["accuracy"] for m in of_role(failed, "refit")] == [0.0] * 3
    for lost, net in zip(of_role(failed, "refit"), of_role(fine, "refit"), strict=True):
        assert lost.test["log_loss"] >= net.test["log_loss"]
    assert (fine.status, len(of_role(fine, "refit"))) == ("ok", 3)
    assert [row.name for row in evidence_of(found).tables[0].rows][-1] == failed.loss.label


def test_divergence_scores_the_worst_and_is_not_dropped() -> None:
    found = finished(config("diabetes", losses="mse,l1", lrs=[1e30], optim={"name": "sgd", "lr": 1e30}))
    wild = found.results[0]
    assert wild.status == "diverged"
    refits = of_role(wild, "refit")
    assert [m.status for m in refits] == ["diverged"] * 3
    # All nets diverged, and an error has no worst: what is left is the target mean's.
    assert np.mean([m.test["rmse"] or 0 for m in refits]) == pytest.approx(wild.dummy["test"]["rmse"])


def test_a_failure_scores_no_better_than_any_net_on_its_split(tmp_path: Path) -> None:
    """An untrained net predicts far from the values of a regression whose target is not near 0: worse than the mean."""
    weary = failing_loss(tmp_path, "regression")
    rough = {"losses": [{"loss": "poisson_nll"}, weary], "lrs": [1e-7, 1e-6], "optim": {"epochs": 6, "lr": 1e-6}}
    found = finished(config("diabetes", **rough, baseline="poisson_nll"))
    fine, failed = found.results
    assert (fine.status, failed.status) == ("ok", "failed")
    for lost, net, untuned in zip(
        of_role(failed, "refit"), of_role(fine, "refit"), of_role(fine, "untuned"), strict=True
    ):
        for metric in ("rmse", "mae", "pinball"):
            assert lost.test[metric] == max(net.test[metric], untuned.test[metric])  # and above the target mean's
            assert lost.test[metric] > fine.dummy["test"][metric]
        assert lost.test["r2"] == min(net.test["r2"], untuned.test["r2"]) < 0
    rows = {row.loss: row for row in evidence_of(found).tables[0].rows}
    assert rows["weary"].mean >= rows["poisson_nll"].mean
    assert any("the worst of all nets' scores on that split" in line for line in found.protocol.text)


# --- plans and mistakes ---------------------------------------------------------------------------


def test_a_plan_counts_what_will_run() -> None:
    found = plan(config(losses="ce,hinge", label_noise=[0, 0.1], optim={"batch_size": 32, "epochs": 4}))
    (table,) = found.tables
    assert (found.evaluations, found.trials, found.members(table)) == (4, 4, 3 * (4 + 2))
    # 3 pairs of 3 folds; 50 inner and 100 outer training rows: 2 and 4 batches.
    assert found.steps(table.table, table.folds) == 4 * 3 * (4 * 2 + 2 * 4)
    sentences = estimate(found)
    assert (sentences.members, sentences.steps) == (4 * 18, 4 * 192)
    assert sentences.seconds > 0
    assert default_name(found) == "compare-iris"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"metric": "rmse"}, r"metric: rmse is no metric of a multiclass task; choose one of accuracy"),
        ({"data": "titanic,wine", "metric": "f1"}, r"metric: f1 is no metric of a multiclass task"),
        ({"metric": "hinge"}, r"metric: losses cannot be ranked by a loss's value \(hinge\)"),
        ({"metric": "loss"}, r"metric: losses cannot be ranked by a loss's value"),
        ({"metric": "acuracy"}, r"metric: unknown metric 'acuracy'; did you mean 'accuracy'\?"),
        ({"losses": "ce,bce"}, r"losses\.1: bce: it supports binary, and iris is a multiclass task"),
        ({"losses": "ce,poisson_nll"}, r"losses\.1: poisson_nll: it supports regression.*losses that support the same"),
        ({"baseline": "mse", "losses": "ce,hinge"}, r"baseline: the baseline 'mse' is not among the losses"),
        ({"folds": 60}, r"class 'setosa' has 50 rows; a split into 60 folds"),
        ({"data": ["iris", "wine"], "folds": 49}, r"^wine: class '\w+' has 48 rows; a split into 49 folds"),
        ({"losses": "ce"}, r"losses: cross_entropy \+ identity is the only loss .*; name another loss"),
        ({"data": ["iris", "wine"], "losses": "ce"}, r"losses: cross_entropy \+ identity is the only loss of its kind"),
        ({"data": ["iris", "diabetes"]}, r"data: tables of different tasks .*iris: multiclass, diabetes: regression"),
        ({"data": "diabetes", "label_noise": [0.2]}, r"label_noise: label noise needs classes, and diabetes"),
        ({"optim": {"batch_size": 99}}, r"optim\.batch_size: batch_size 99 is larger than the 50 inner training rows"),
        ({"data": "diabetes", "losses": [{"loss": {"name": "mse", "class_weight": "balanced"}}]}, r"class_weight"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line_before_any_training(other: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        plan(config(**other))
    assert "\n" not in str(error.value)


def test_an_empty_grid_and_a_single_split_are_refused_by_the_config() -> None:
    for other in ({"lrs": []}, {"folds": 1}):
        with pytest.raises(ValueError, match=r"lrs|folds"):
            config(**other)


def test_few_splits_are_called_anecdotal() -> None:
    assert any("anecdotal: 3 splits" in warning for warning in finished(config(losses="ce,mse")).warnings)


def test_flags_about_reading_are_for_the_files_beside_a_named_set(tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{i * i % 7};{i % 2}\n" for i in range(60)).replace(";", ","))
    sentences = {"target": "y", "na": ["?"]}
    config = CompareConfig.model_validate(
        {
            "data": [{"file": str(tmp_path / "t.csv"), **sentences}, {"name": "wine", **sentences}],
            "losses": ["nll", "hinge"],
        }
    )
    assert [entry.table.target_name for entry in plan(config).tables] == ["y", "cultivar"]
