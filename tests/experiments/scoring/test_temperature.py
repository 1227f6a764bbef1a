"""The calibration step against a general optimiser, and at the edges where a naive fit breaks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from lossbench.catalog.decoders import Prediction
from lossbench.experiments.scoring.temperature import (
    LOG2_T,
    at_temperature,
    fit_temperature,
    log_loss_at,
    log_loss_by_temperature,
    mean_log_loss,
    smooth_log_loss,
)


def log_loss(t: float, score: np.ndarray, truth: np.ndarray) -> float:
    return float(-log_softmax(score / t, axis=1)[np.arange(len(truth)), truth].mean())


def minus_log_posterior(log_t: float, score: np.ndarray, truth: np.ndarray) -> float:
    """Normal prior of ln T about 0 with standard deviation 1/2, up to a constant."""
    return len(truth) * log_loss(np.exp(log_t), score, truth) + log_t**2 / (2 * 0.5**2)


def fitted(score: np.ndarray, truth: np.ndarray) -> float:
    return float(fit_temperature(grid(score, truth), len(truth))[0])


def grid(score: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return mean_log_loss(log_loss_by_temperature(torch.from_numpy(score)[None], torch.from_numpy(truth)[None])).numpy()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.sampled_from([0.2, 1.0, 30.0]), st.sampled_from([30, 400]))
def test_it_is_the_most_probable_temperature(seed: int, classes: int, scale: float, rows: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, rows)
    score = scale * (random.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[truth])
    best = minimize_scalar(lambda t: minus_log_posterior(t, score, truth), bounds=(-4, 6.5), method="bounded")
    found = fitted(score, truth)
    # T comes from a spline through a grid of log-losses: within 2 percent, where the log-loss a row is level to 1e-4.
    assert minus_log_posterior(np.log(found), score, truth) <= best.fun + 2e-4 * rows
    assert log_loss_at(grid(score, truth), np.array([found]))[0] == pytest.approx(
        log_loss(found, score, truth), abs=3e-3
    )


def test_the_grid_has_the_log_loss_of_each_temperature_and_means_over_rows_pool() -> None:
    random = np.random.default_rng(0)
    score, truth = random.normal(size=(50, 3)), random.integers(0, 3, 50)

    def part(rows: slice) -> np.ndarray:
        return grid(score[rows], truth[rows])[0]

    whole = part(slice(None))
    # Double precision throughout; a square doubles a rounding error, four in a row make it 16 times as large.
    np.testing.assert_allclose(whole, [log_loss(2.0**t, score, truth) for t in LOG2_T], rtol=1e-12)
    np.testing.assert_allclose(whole, 0.4 * part(slice(20)) + 0.6 * part(slice(20, None)), rtol=1e-12)


def test_few_rows_that_are_all_right_do_not_ask_for_certainty_nor_make_a_sure_net_unsure() -> None:
    truth = np.arange(29) % 2
    score = 5.0 * np.eye(2)[truth]  # p = 0.993
    t = fitted(score, truth)
    assert 0.5 < t < 1  # the likelihood alone would ask for 0
    assert log_loss(t, score, truth) <= log_loss(1.0, score, truth)


def test_many_rows_outweigh_the_prior() -> None:
    random = np.random.default_rng(1)
    logit = random.normal(size=4000)
    truth = (random.random(4000) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    # Logits times 20 want T = 20; the curvature of the likelihood is hundreds of times the prior's.
    assert fitted(np.stack([np.zeros(4000), 20 * logit], 1), truth) == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("score", [np.zeros((9, 2)), np.full((9, 2), np.nan), np.full((9, 3), np.inf)])
def test_scores_that_say_nothing_keep_temperature_one(score: np.ndarray) -> None:
    assert fitted(score, np.arange(9) % 2) == 1.0


def test_scores_that_mislead_become_an_even_guess() -> None:
    truth = np.arange(3000) % 2
    score = 5 * np.eye(2)[1 - truth]
    p = at_temperature(Prediction(torch.from_numpy(score)[None]), torch.tensor([fitted(score, truth)])).probability_PNC
    assert p is not None
    # 3000 wrong rows against a normal prior: ln T is about 5, and 5 / exp(5) moves p by 0.01.
    assert float((p - 0.5).abs().max()) < 0.02


def test_what_stops_a_net_goes_on_falling_where_all_rows_are_right() -> None:
    truth = torch.arange(30)[None] % 2
    margins = [1.0, 4.0, 16.0, 64.0]
    scores = torch.cat([m * torch.nn.functional.one_hot(truth, 2).double() for m in margins])
    values = smooth_log_loss(mean_log_loss(log_loss_by_temperature(scores, truth.expand(4, 30))), 30).tolist()
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 4


def test_decisions_stay_as_they_are() -> None:
    score = torch.randn(2, 20, 4, generator=torch.Generator().manual_seed(1))
    cooled = at_temperature(Prediction(score), torch.tensor([0.1, 40.0]))
    assert torch.equal(cooled.label_PN, Prediction(score).label_PN)
