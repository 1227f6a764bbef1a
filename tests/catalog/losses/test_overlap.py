"""dice and tversky against soft counts written out row by row, and their gradients against differences of those."""

import numpy as np
import pytest
import torch

from lossbench.catalog.loss import LOSSES

PARAMS = {"dice": (0.5, 0.5), "tversky": (0.3, 0.7)}  # weight of a false positive, of a false negative


def by_hand(p, y, w, alpha, beta, smooth=1.0):
    """Mean over the classes of 1 - (TP + s) / (TP + alpha FP + beta FN + s), with soft counts of weighted rows."""
    missed = []
    for k in range(p.shape[1]):
        hit = false_positive = false_negative = 0.0
        for row, label, weight in zip(p, y, w, strict=True):
            if label == k:
                hit += weight * row[k]
                false_negative += weight * (1 - row[k])
            else:
                false_positive += weight * row[k]
        missed.append(1 - (hit + smooth) / (hit + alpha * false_positive + beta * false_negative + smooth))
    return float(np.mean(missed))


@pytest.mark.parametrize("name", PARAMS)
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradient_are_those_of_the_counts_written_out(name, weighted):
    draw = np.random.default_rng(0)
    p = draw.dirichlet(np.ones(3), size=7)
    y = np.array([0, 1, 2, 0, 1, 1, 0])
    w = draw.uniform(0.2, 2.0, size=7) if weighted else np.ones(7)
    out = torch.from_numpy(p).requires_grad_()
    target = torch.from_numpy(np.eye(3)[y])
    value = LOSSES.get(name)(out, target, torch.from_numpy(w))
    assert value.item() == pytest.approx(by_hand(p, y, w, *PARAMS[name]), abs=1e-12)
    (ours,) = torch.autograd.grad(value, out)
    step = 1e-6
    for i in range(7):
        for k in range(3):
            up, down = p.copy(), p.copy()
            up[i, k] += step
            down[i, k] -= step
            slope = (by_hand(up, y, w, *PARAMS[name]) - by_hand(down, y, w, *PARAMS[name])) / (2 * step)
            assert ours[i, k].item() == pytest.approx(slope, abs=1e-8)
