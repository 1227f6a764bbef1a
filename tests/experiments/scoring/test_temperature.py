"""The calibration step against a general optimiser, and at the edges where a naive fit breaks."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from lossbench.catalog.links import Prediction
from lossbench.experiments.scoring.temperature import at_temperature, fit_temperature


def softened_log_loss(log_t: float, score: np.ndarray, truth: np.ndarray) -> float:
    rows, classes = score.shape
    target = np.full((rows, classes), 1 / (rows + classes))
    target[np.arange(rows), truth] = (rows + 1) / (rows + classes)
    return float(-(target * log_softmax(score / np.exp(log_t), axis=1)).sum(1).mean())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 5), st.sampled_from([0.2, 1.0, 30.0]))
def test_it_minimises_the_log_loss_of_softened_truths(seed: int, classes: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, 40)
    score = scale * (random.normal(size=(40, classes)) + 1.2 * np.eye(classes)[truth])
    found = float(fit_temperature(torch.from_numpy(score)[None], torch.from_numpy(truth)[None])[0])
    best = minimize_scalar(lambda t: softened_log_loss(t, score, truth), bounds=(-9, 11), method="bounded")
    # scipy's bounded search stops within 1e-5 of log T, where the convex loss is flat to about the square of it.
    assert softened_log_loss(np.log(found), score, truth) <= best.fun + 1e-9


def test_nets_are_fitted_apart_and_the_unit_of_scores_does_not_matter() -> None:
    generator = torch.Generator().manual_seed(0)
    score = torch.randn(3, 50, 3, generator=generator, dtype=torch.float64)
    truth = torch.randint(0, 3, (3, 50), generator=generator)
    together = fit_temperature(score * torch.tensor([1.0, 1e-4, 1e6])[:, None, None], truth)
    alone = torch.cat([fit_temperature(score[i : i + 1], truth[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone * torch.tensor([1.0, 1e-4, 1e6]), rtol=1e-9, atol=0)


def test_rows_all_decided_rightly_do_not_ask_for_certainty() -> None:
    truth = torch.arange(30)[None] % 2
    score = torch.nn.functional.one_hot(truth, 2).double()
    probability = (score / fit_temperature(score, truth)[:, None, None]).softmax(-1).amax(-1)
    # Platt's target for 30 rows of 2 classes: 31/32.
    torch.testing.assert_close(probability, torch.full((1, 30), 31 / 32, dtype=torch.float64), rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    "score", [torch.zeros(1, 9, 2), torch.full((1, 9, 2), torch.nan), torch.full((1, 9, 2), torch.inf)]
)
def test_scores_that_say_nothing_keep_temperature_one(score: torch.Tensor) -> None:
    assert fit_temperature(score, torch.arange(9)[None] % 2).tolist() == [1.0]


def test_scores_that_mislead_become_an_even_guess() -> None:
    truth = torch.arange(30)[None] % 2
    score = 5 * torch.nn.functional.one_hot(1 - truth, 2).double()
    p = at_temperature(Prediction(score), fit_temperature(score, truth)).probability_PNC
    assert p is not None
    assert float((p - 0.5).abs().max()) < 1e-3  # the hottest temperature there is: 1000 times the scores' spread


def test_decisions_stay_as_they_are() -> None:
    score = torch.randn(2, 20, 4, generator=torch.Generator().manual_seed(1))
    cooled = at_temperature(Prediction(score), torch.tensor([0.1, 40.0]))
    assert torch.equal(cooled.label_PN, Prediction(score).label_PN)
