"""Choosing without a favourite: as many trials for every loss, ties to the smaller rate, failures never chosen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from lossbench.catalog.loss import Loss
from lossbench.catalog.metrics import METRICS
from lossbench.config.parts import DataConfig
from lossbench.config.schema import CompareConfig
from lossbench.data.split import repeated_kfold
from lossbench.engine.nets.mlp import initialised
from lossbench.engine.training.train import Outcome, train
from lossbench.experiments.compare.candidates import Candidate, select_candidates
from lossbench.experiments.compare.job import Job, Options
from lossbench.experiments.compare.setting import Setting, prepare_setting
from lossbench.experiments.compare.trials import Trial, budget
from lossbench.experiments.compare.tuning import Choice, Refit, choose, refits, tuning, untuned
from tests.experiments.compare.comparisons import blobs, config

LRS = [1e-2, 1e-4, 1e-3]  # a config's order is the user's


def outcome(*val_score: float, status: str = "ok") -> Outcome:
    best = int(np.nanargmax(val_score)) + 1 if any(np.isfinite(val_score)) else None
    return Outcome(status, len(val_score), best, val_score=np.array(val_score))  # type: ignore[arg-type]


def setting() -> Setting:
    table = blobs()
    return prepare_setting(
        table, repeated_kfold(table.target, "binary", 3, 1, 0, 0.25), data=DataConfig(name="iris"), seed=0
    )


def job(
    config: CompareConfig, setting: Setting, candidate: Candidate, trials: int = 2, metric: str = "accuracy"
) -> Job:
    return Job(Options(config, METRICS.get(metric), trials, torch.device("cpu"), 1, ()), setting, candidate)


def grid(*, param_sets: int = 1) -> list[Trial]:
    return [Trial(0, lr, param_set) for lr in sorted(LRS) for param_set in range(param_sets)]


def chosen_of(outcomes: Sequence[Outcome], tried: Sequence[Trial], better: Any = "higher") -> Choice:
    (choice,) = choose(config(lrs=LRS), tried, outcomes, better)
    return choice


def test_the_best_epoch_of_the_best_trial_is_chosen() -> None:
    choice = chosen_of([outcome(0.5, 0.6), outcome(0.5, 0.9, 0.8), outcome(0.7)], grid())
    assert choice == Choice(Refit(0, 1e-3, 0, 2), 1, grid_edge=False)


def test_ties_go_to_the_smaller_rate_and_the_grid_s_edge_is_flagged() -> None:
    choice = chosen_of([outcome(0.9), outcome(0.9), outcome(0.8)], grid())
    assert (choice.net.lr, choice.grid_edge) == (1e-4, True)


def test_ties_at_one_rate_go_to_the_default_parameters() -> None:
    scores = [0.5, 0.5, 0.9, 0.9, 0.9, 0.9]  # rate by rate, the default first
    choice = chosen_of([outcome(score) for score in scores], grid(param_sets=2))
    assert (choice.net.lr, choice.net.param_set) == (1e-3, 0)
    scores[2] = 0.8
    choice = chosen_of([outcome(score) for score in scores], grid(param_sets=2))
    assert (choice.net.lr, choice.net.param_set, choice.trial) == (1e-3, 1, 3)


def test_a_lower_score_wins_where_lower_is_better() -> None:
    low = [Outcome("ok", 1, 1, val_score=np.array([v])) for v in (3.0, 1.0, 2.0)]
    assert chosen_of(low, grid(), "lower").net.lr == 1e-3


def test_a_diverged_or_unscored_trial_is_worse_than_any_other() -> None:
    outcomes = [outcome(0.1), outcome(0.99, status="diverged"), outcome(np.nan)]
    assert chosen_of(outcomes, grid()).net.lr == 1e-4


def test_where_every_trial_diverged_the_smallest_rate_trains_on() -> None:
    choice = chosen_of([outcome(np.nan, status="diverged")] * 3, grid())
    assert (choice.net.lr, choice.net.epochs) == (1e-4, 4)


def test_an_untuned_rate_beside_the_grid_is_tried_but_never_chosen() -> None:
    tried = [Trial(0, 1e-4), Trial(0, 2e-3, counts=False), Trial(0, 1e-2)]
    chosen = config(lrs=[1e-4, 1e-2], optim={"lr": 2e-3, "epochs": 4})
    outcomes = [outcome(0.5), outcome(0.4, 0.9), outcome(0.6)]
    assert choose(chosen, tried, outcomes, "higher")[0].net.lr == 1e-2
    assert untuned(chosen, tried, outcomes) == [Choice(Refit(0, 2e-3, 0, 2), 1)]


def test_the_untuned_net_has_the_default_rate_and_the_default_parameters() -> None:
    outcomes = [outcome(0.1), outcome(0.9), outcome(0.2, 0.3), outcome(0.8), outcome(0.3), outcome(0.7)]
    (default,) = untuned(config(lrs=LRS), grid(param_sets=2), outcomes)
    assert default == Choice(Refit(0, 1e-3, 0, 2), 2)


@pytest.mark.parametrize("pair", ["ce,hinge", "focal,gce", "nll,bce"])
def test_two_losses_have_the_same_trials_first_weights_and_data(pair: str) -> None:
    chosen, found = config(lrs=LRS), setting()
    candidates = select_candidates(config(losses=pair).losses, blobs(), tune_params=True).candidates
    count = budget(chosen, candidates)
    one, other = (tuning(job(chosen, found, candidate, count)) for candidate in candidates)
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
    folds = repeated_kfold(table.target, "regression", 3, 1, 0, 0.25)
    shared = prepare_setting(table, folds, data=DataConfig(name="iris"), seed=0)
    chosen = config(losses="mse,l1")
    for candidate in select_candidates(chosen.losses, table).candidates:
        seen: list[torch.Tensor] = []
        loss = candidate.pair.loss

        def spy(
            out: torch.Tensor, target: torch.Tensor, of: Loss = loss, into: list[torch.Tensor] = seen
        ) -> torch.Tensor:
            into.append(target.clone())
            return of.fn(out, target)

        watched = replace(candidate, pair=replace(candidate.pair, loss=replace(loss, fn=spy)))
        train(tuning(job(chosen, shared, watched, metric="rmse")), run="", threads=1)
        orders.append(seen)
    assert len(orders[0]) == len(orders[1]) > 4
    assert all(torch.equal(a, b) for a, b in zip(*orders, strict=True))


def test_refits_see_the_whole_outer_training_part_and_no_validation() -> None:
    found = setting()
    (candidate,) = select_candidates(config(losses="ce").losses, blobs()).candidates
    problem = refits(job(config(), found, candidate), [Refit(0, 1e-2, 0, 3), Refit(2, 1e-3, 0, 1)])
    assert [(m.fold, m.lr, m.epochs) for m in problem.members] == [(0, 1e-2, 3), (2, 1e-3, 1)]
    for fold, split in zip(problem.folds, found.folds, strict=True):
        assert fold.validation is None
        assert len(fold.train.x_ND) == len(split.train)
