"""Loss correction: unbiased over the noise, and a matrix or a rate that cannot be is refused in one line."""

import numpy as np
import pytest
import torch
from scipy import special

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError
from lossbench.experiments.setup.pair import resolve_pair

BOTH = pytest.mark.parametrize("name", ["forward_correction", "backward_correction"])


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_mean_of_the_backward_corrected_loss_over_the_noise_is_the_clean_cross_entropy(classes: int):
    """Theorem 1 of the paper: sum_j T_ij l_j = -log p_i, whatever the outputs."""
    draw = np.random.default_rng(classes)
    matrix = 0.6 * np.eye(classes) + 0.4 * draw.dirichlet(np.ones(classes), classes)
    z = draw.normal(size=(50, classes))
    loss = LOSSES.get("backward_correction").bind(noise_matrix=matrix.tolist())
    corrected = torch.stack([loss(torch.from_numpy(z), torch.full((50,), j)) for j in range(classes)], -1)
    # in float64 the inverse of so well conditioned a matrix has some 15 digits
    np.testing.assert_allclose(corrected.numpy() @ matrix.T, -special.log_softmax(z, axis=1), atol=1e-12)


@BOTH
def test_a_rate_is_the_matrix_of_symmetric_noise(name: str):
    matrix = np.full((4, 4), 0.06 / 3)
    np.fill_diagonal(matrix, 0.94)
    z, y = torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64), torch.arange(9) % 4
    by_rate, by_matrix = LOSSES.get(name).bind(noise_rate=0.06), LOSSES.get(name).bind(noise_matrix=matrix.tolist())
    torch.testing.assert_close(by_rate(z, y), by_matrix(z, y))


@BOTH
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("x", "must be a list of rows, one for each true class"),
        ([0.9, 0.1], "must be a list of rows"),
        ([[0.9, 0.1]], "must be a list of rows"),
        ([[0.9, 0.1], [0.2]], "must be a list of rows"),
        ([[1.1, -0.1], [0.2, 0.8]], "must have no entry below 0"),
        ([[float("nan"), 0.1], [0.2, 0.8]], "must have no entry below 0"),
        ([[0.9, 0.2], [0.2, 0.8]], "must have rows that sum to 1; row 1 to 1.1, got"),
        ([[0.5, 0.5], [0.5, 0.5]], "must have an inverse: labels must tell the true classes apart"),
    ],
)
def test_what_is_no_noise_matrix_is_refused(name: str, matrix: object, message: str):
    with pytest.raises(UserError) as error:
        LOSSES.get(name).bind(noise_matrix=matrix)
    assert str(error.value).startswith(f"loss {name}: noise_matrix: {message}")


@BOTH
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"noise_rate": 0.5}, r"loss.params.noise_rate: must be below 1 - 1 / K = 0.5 with 2 classes, got 0.5"),
        (
            {"noise_matrix": np.eye(3).tolist()},
            r"loss.params.noise_matrix: is 3 x 3, and there are 2 classes; give a row",
        ),
        (
            {"noise_matrix": np.eye(2).tolist(), "noise_rate": 0.2},
            r"loss.params.noise_rate: says the noise, and so does noise_matrix; give one of them",
        ),
    ],
)
def test_noise_that_such_classes_cannot_have_is_refused_before_training(name: str, params: dict, message: str):
    with pytest.raises(UserError, match=message):
        resolve_pair(LOSSES.get(name).bind(**params), "auto", Task.BINARY, 2)


@BOTH
def test_a_rate_that_three_classes_can_have_is_taken(name: str):
    assert resolve_pair(LOSSES.get(name).bind(noise_rate=0.5), "auto", Task.MULTICLASS, 3).classes == 3


def test_a_matrix_is_written_in_the_label_as_it_is_read():
    loss = LOSSES.get("forward_correction").bind(noise_matrix=[[0.9, 0.1], [0.2, 0.8]])
    assert loss.label == "forward_correction(noise_matrix=[[0.9, 0.1], [0.2, 0.8]])"
