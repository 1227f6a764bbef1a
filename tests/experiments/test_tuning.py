"""Choosing without a favourite: the same trials for every loss, ties to the smaller rate, failures never chosen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.catalog.loss import Loss
from lossbench.catalog.metrics import METRICS
from lossbench.config.parts import DataConfig
from lossbench.data.split import repeated_kfold
from lossbench.engine.population import initialised
from lossbench.engine.train import Outcome, train
from lossbench.experiments.design import Arena, prepare_arena
from lossbench.experiments.lineup import resolve_lineup
from lossbench.experiments.tuning import choose, refits, trial_rates, trials, untuned
from tests.experiments.compare_story import blobs, config

LRS = [1e-2, 1e-4, 1e-3]  # a config's order is the user's


def outcome(*val_score: float, status: str = "ok") -> Outcome:
    best = int(np.nanargmax(val_score)) + 1 if any(np.isfinite(val_score)) else None
    return Outcome(status, len(val_score), best, val_score=np.array(val_score))  # type: ignore[arg-type]


def arena() -> Arena:
    table = blobs()
    return prepare_arena(
        table, repeated_kfold(table.target, "binary", 3, 1, 0, 0.25), data=DataConfig(name="iris"), seed=0, noise=0.0
    )


def test_the_best_epoch_of_the_best_trial_is_chosen() -> None:
    (choice,) = choose(config(lrs=LRS), [outcome(0.5, 0.6), outcome(0.5, 0.9, 0.8), outcome(0.7)], "higher")
    assert (choice.lr, choice.epochs, choice.trial, choice.grid_edge) == (1e-3, 2, 1, False)


def test_ties_go_to_the_smaller_rate_and_the_grid_s_edge_is_flagged() -> None:
    (choice,) = choose(config(lrs=LRS), [outcome(0.9), outcome(0.9), outcome(0.8)], "higher")
    assert (choice.lr, choice.grid_edge) == (1e-4, True)


def test_a_lower_score_wins_where_lower_is_better() -> None:
    low = [Outcome("ok", 1, 1, val_score=np.array([v])) for v in (3.0, 1.0, 2.0)]
    assert choose(config(lrs=LRS), low, "lower")[0].lr == 1e-3


def test_a_diverged_or_unscored_trial_is_worse_than_any_other() -> None:
    outcomes = [outcome(0.1), outcome(0.99, status="diverged"), outcome(np.nan)]
    assert choose(config(lrs=LRS), outcomes, "higher")[0].lr == 1e-4


def test_where_every_trial_diverged_the_smallest_rate_trains_on() -> None:
    (choice,) = choose(config(lrs=LRS), [outcome(np.nan, status="diverged")] * 3, "higher")
    assert (choice.lr, choice.epochs) == (1e-4, 4)


def test_an_untuned_rate_beside_the_grid_is_tried_but_never_chosen() -> None:
    chosen = config(lrs=[1e-4, 1e-2], optim={"lr": 2e-3, "epochs": 4})
    assert trial_rates(chosen) == [1e-4, 2e-3, 1e-2]
    outcomes = [outcome(0.5), outcome(0.4, 0.9), outcome(0.6)]
    assert choose(chosen, outcomes, "higher")[0].lr == 1e-2
    (default,) = untuned(chosen, outcomes)
    assert (default.lr, default.epochs, default.trial) == (2e-3, 2, 1)


@pytest.mark.parametrize("pair", ["ce,hinge", "focal,mse", "nll,bce"])
def test_two_losses_have_the_same_trials_first_weights_and_data(pair: str) -> None:
    chosen, found = config(lrs=LRS), arena()
    one, other = (
        trials(chosen, found, c, METRICS.get("accuracy"))
        for c in resolve_lineup(config(losses=pair).losses, blobs()).contenders
    )
    assert one.members == other.members
    assert len(one.members) == 3 * len(LRS)
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
    shared = prepare_arena(table, folds, data=DataConfig(name="iris"), seed=0, noise=0.0)
    chosen = config(losses="mse,l1")
    for contender in resolve_lineup(chosen.losses, table).contenders:
        seen: list[torch.Tensor] = []
        loss = contender.pair.loss

        def spy(
            out: torch.Tensor, target: torch.Tensor, of: Loss = loss, into: list[torch.Tensor] = seen
        ) -> torch.Tensor:
            into.append(target.clone())
            return of.fn(out, target)

        watched = replace(contender, pair=replace(contender.pair, loss=replace(loss, fn=spy)))
        for _ in train(trials(chosen, shared, watched, METRICS.get("rmse")), run="", threads=1):
            pass
        orders.append(seen)
    assert len(orders[0]) == len(orders[1]) > 4
    assert all(torch.equal(a, b) for a, b in zip(*orders, strict=True))


def test_refits_see_the_whole_outer_training_part_and_no_validation() -> None:
    found = arena()
    (contender,) = resolve_lineup(config(losses="ce").losses, blobs()).contenders
    problem = refits(config(), found, contender, [(0, 1e-2, 3), (2, 1e-3, 1)])
    assert [(m.fold, m.lr, m.epochs) for m in problem.members] == [(0, 1e-2, 3), (2, 1e-3, 1)]
    for fold, split in zip(problem.folds, found.folds, strict=True):
        assert fold.validation is None
        assert len(fold.train.x_ND) == len(split.train)
