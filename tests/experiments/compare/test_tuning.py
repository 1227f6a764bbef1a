"""Choosing without a favourite: as many trials for every loss on every inner fold, scored on rows that may choose."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score

from lossbench.catalog.loss import Loss
from lossbench.catalog.metrics import METRICS
from lossbench.config.commands.compare import CompareConfig
from lossbench.config.data import DataConfig
from lossbench.data.splits.stratified import repeated_kfold
from lossbench.engine.nets.mlp import initialised
from lossbench.engine.training.train import Outcome, train
from lossbench.experiments.compare.candidates import Candidate, select_candidates
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.setting import Setting, prepare_setting
from lossbench.experiments.compare.tuning.choice import Choice, Refit, Tried, choose, pool, untuned
from lossbench.experiments.compare.tuning.problems import refit_problem, tuning_problem
from lossbench.experiments.compare.tuning.selection import TrialCurves
from lossbench.experiments.compare.tuning.trials import Trial, budget
from tests.data.splits.choosing import choosing_rows
from tests.experiments.compare.comparisons import blobs, config

SKLEARN = {
    "accuracy": lambda y, p: accuracy_score(y, p > 0.5),
    "balanced_accuracy": lambda y, p: balanced_accuracy_score(y, p > 0.5),
    "auroc": roc_auc_score,
    "log_loss": lambda y, p: -log_loss(y, p),
}
LRS = [1e-2, 1e-4, 1e-3]  # a config's order is the user's


def setting() -> Setting:
    table = blobs()
    return prepare_setting(
        table,
        repeated_kfold(table.target, "binary", 3, 1, 0),
        data=DataConfig(name="iris"),
        seed=0,
        partners=4,
    )


def job(
    config: CompareConfig, setting: Setting, candidate: Candidate, trials: int = 2, metric: str = "accuracy"
) -> Job:
    return Job(Options(config, METRICS.get(metric), trials, torch.device("cpu"), 1, ()), setting, candidate)


def tried(trial: Trial, *scores: float) -> Tried:
    """A trial with the same score on two folds after every epoch."""
    curves = TrialCurves(np.repeat(np.array(scores)[:, None], 2, 1), np.array([9.0, 9.0]))
    return Tried(trial, curves, Outcome("ok", len(scores), curves.best_epoch))


def test_every_split_chooses_for_itself_and_the_grid_s_edge_is_flagged() -> None:
    level = {0: (0.5, 0.7, 0.9), 1: (0.5, 0.9, 0.7)}
    pooled = [
        tried(Trial(split, lr), *[score] * 20)
        for split, scores in level.items()
        for lr, score in zip(sorted(LRS), scores, strict=True)
    ]
    chosen = choose(config(lrs=LRS), pooled)
    assert [(c.net.split, c.net.lr, c.trial, c.grid_edge) for c in chosen] == [(0, 1e-2, 2, True), (1, 1e-3, 4, False)]


def test_an_untuned_rate_beside_the_grid_is_tried_but_never_chosen() -> None:
    pooled = [
        tried(Trial(0, 1e-4), 0.5),
        tried(Trial(0, 2e-3, counts=False), 0.9),
        tried(Trial(0, 1e-2), 0.6),
    ]
    param_set = config(lrs=[1e-4, 1e-2], optim={"lr": 2e-3, "epochs": 4})
    assert choose(param_set, pooled)[0].net.lr == 1e-2
    assert untuned(param_set, pooled) == [Choice(Refit(0, 2e-3, 0, 1), 1)]


def test_the_untuned_net_has_the_default_rate_and_the_default_parameters() -> None:
    pooled = [tried(Trial(0, lr, param_set), 0.5) for lr in sorted(LRS) for param_set in (0, 1)]
    assert untuned(config(lrs=LRS), pooled) == [Choice(Refit(0, 1e-3, 0, 1), 2)]


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "auroc", "log_loss"])
def test_pooled_curves_are_those_of_the_rows_that_a_split_may_be_chosen_by(metric: str) -> None:
    """One net a fold pair at the end of its training, its outputs scored by scikit-learn."""
    found, param_set = setting(), config(lrs=[1e-2], optim={"lr": 1e-2}, early_stopping={"patience": None})
    (candidate,) = select_candidates(param_set.losses, blobs()).candidates[:1]
    evaluated = job(param_set, found, candidate, 1, metric)
    trained = train(tuning_problem(evaluated), evaluation="", threads=1)
    outputs = trained.outputs([split.x_ND["validation"] for split in found.inner])
    pooled = pool(evaluated, trained.members)
    for split, entry in enumerate(pooled):
        probability, truth = [], []
        for number in found.validates(split):
            rows = choosing_rows(found.pairs[number], split)
            t = entry.curves.temperature(param_set.optim.epochs) if metric == "log_loss" else 1.0
            score = candidate.pair.decode(outputs[number][None, rows]).score_PNC
            assert score is not None
            probability.append((score[0].double() / t).softmax(-1).numpy()[:, 1])
            truth.append(found.inner[number].truth_N["validation"][rows].numpy())
        by_fold = [SKLEARN[metric](y, p) for y, p in zip(truth, probability, strict=True)]
        # Scores are kept in single precision; the log-loss at a temperature comes from a spline.
        np.testing.assert_allclose(entry.curves.score_EF[-1], by_fold, atol=2e-3 if metric == "log_loss" else 1e-6)
        assert entry.curves.rows_F.tolist() == [len(y) for y in truth]


@pytest.mark.parametrize("pair", ["ce,hinge", "focal,gce", "nll,bce"])
def test_two_losses_have_the_same_trials_first_weights_and_data(pair: str) -> None:
    chosen, found = config(lrs=LRS, losses=pair), setting()
    candidates = select_candidates(config(losses=pair).losses, blobs(), tune_params=True).candidates
    count = budget(chosen)
    one, other = (tuning_problem(job(chosen, found, candidate, count)) for candidate in candidates)
    assert one.members == other.members
    assert len(one.members) == 3 * count
    for a, b in zip(one.folds, other.folds, strict=True):
        assert a.train.x_ND is b.train.x_ND
    seeds = [member.seed for member in one.members]
    nets = [initialised(p.net, seeds, torch.float32, torch.device("cpu")) for p in (one, other)]
    hidden = slice(0, len(chosen.net.hidden))
    for a, b in zip(nets[0].weights[hidden], nets[1].weights[hidden], strict=True):
        assert torch.equal(a, b)
    for a, b in zip(nets[0].biases[hidden], nets[1].biases[hidden], strict=True):
        assert torch.equal(a, b)


def test_two_losses_see_the_same_rows_in_the_same_order() -> None:
    table, orders = blobs(task="regression"), []  # its values tell the rows apart
    folds = repeated_kfold(table.target, "regression", 3, 1, 0)
    shared = prepare_setting(table, folds, data=DataConfig(name="iris"), seed=0, partners=4)
    chosen = config(losses="mse,l1", optim={"epochs": 4, "batch_size": 16})
    for candidate in select_candidates(chosen.losses, table).candidates:
        seen: list[torch.Tensor] = []
        loss = candidate.pair.loss

        def spy(
            out: torch.Tensor, target: torch.Tensor, of: Loss = loss, into: list[torch.Tensor] = seen
        ) -> torch.Tensor:
            into.append(target.clone())
            return of.fn(out, target)

        watched = replace(candidate, pair=replace(candidate.pair, loss=replace(loss, fn=spy)))
        train(tuning_problem(job(chosen, shared, watched, metric="rmse")), evaluation="", threads=1)
        orders.append(seen)
    assert len(orders[0]) == len(orders[1]) > 4
    assert all(torch.equal(a, b) for a, b in zip(*orders, strict=True))


def test_refits_see_the_whole_outer_training_part_and_no_validation() -> None:
    found = setting()
    (candidate,) = select_candidates(config(losses="ce").losses, blobs()).candidates
    problem = refit_problem(job(config(), found, candidate), [Refit(0, 1e-2, 0, 3), Refit(2, 1e-3, 0, 1)])
    assert [(m.fold, m.lr, m.epochs) for m in problem.members] == [(0, 1e-2, 3), (2, 1e-3, 1)]
    for fold, split in zip(problem.folds, found.folds, strict=True):
        assert fold.validation is None
        assert len(fold.train.x_ND) == len(split.train)
