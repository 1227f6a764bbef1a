"""Oracles of the calibration and angular losses, written out in numpy from their papers: of one row, or of a batch.

An oracle takes a row of outputs `o [K]` behind the last activation and its class `y`; one of a batch takes outputs
`o_BK`, classes `y_B` and weights `w_B`.
"""

from __future__ import annotations

import numpy as np
from scipy import special
from scipy.spatial import distance


def cross_entropy(o, y):
    return -special.log_softmax(o)[y]


def label_smoothing(o, y, smoothing=0.1):
    target = np.full(len(o), smoothing / len(o)) + (1 - smoothing) * np.eye(len(o))[y]
    return special.rel_entr(target, special.softmax(o)).sum() + special.entr(target).sum()


def confidence_penalty(o, y, beta=0.1):
    return cross_entropy(o, y) - beta * special.entr(special.softmax(o)).sum()


def inverse_focal(o, y, gamma=2.0):
    return (1 + special.softmax(o)[y]) ** gamma * cross_entropy(o, y)


def dual_focal(o, y, gamma=2.0):
    p = special.softmax(o)
    p_j = max((p[k] for k in range(len(o)) if k != y and p[k] <= p[y]), default=0.0)
    return (1 - p[y] + p_j) ** gamma * cross_entropy(o, y)


def logit_norm(o, y, tau=0.04):
    return cross_entropy(o / tau, y)


def arcface(o, y, margin=0.5, scale=64.0):
    c, t = o.copy(), np.arccos(o[y])
    c[y] = np.cos(t + margin) if t < np.pi - margin else o[y] - margin * np.sin(margin)
    return cross_entropy(scale * c, y)


def cosface(o, y, margin=0.35, scale=64.0):
    return cross_entropy(scale * (o - margin * np.eye(len(o))[y]), y)


def angles(o):
    """Angles to the axes."""
    return np.arccos(np.clip(1 - distance.cdist(o[None], np.eye(len(o)), "cosine")[0], -1, 1))


def large_margin_softmax(o, y, m=2, lam=0.0):
    t, length = angles(o), np.linalg.norm(o)
    n = min(int(m * t[y] // np.pi), m - 1)
    psi = (-1) ** n * np.cos(m * t[y]) - 2 * n
    f = length * np.cos(t)
    f[y] = (lam * f[y] + length * psi) / (1 + lam)
    return cross_entropy(f, y)


def mmce(o_BK, y_B, w_B, lam=2.0, width=0.4):
    """Kumar et al. 2018, equations 4 and 5, the rows of weight w being w rows."""
    w = w_B / w_B.sum()
    p = special.softmax(o_BK, -1)
    r = p.max(-1)
    c = p.argmax(-1) == y_B
    square = sum(
        w[i] * w[j] * (c[i] - r[i]) * (c[j] - r[j]) * np.exp(-abs(r[i] - r[j]) / width)
        for i in range(len(r))
        for j in range(len(r))
    )
    return w @ [cross_entropy(o, y) for o, y in zip(o_BK, y_B, strict=True)] + lam * np.sqrt(square)


def supervised_contrastive(o_BK, y_B, w_B, temperature=0.1, lam=1.0):
    """Khosla et al. 2020, equation 2, and the cross-entropy of cosines."""
    total = 0.0
    for i, x in enumerate(o_BK):
        others = [a for a in range(len(o_BK)) if a != i]
        below = sum(w_B[a] * np.exp(x @ o_BK[a] / temperature) for a in others)
        positives = [a for a in others if y_B[a] == y_B[i] and w_B[a] > 0]
        logs = [np.log(np.exp(x @ o_BK[p] / temperature) / below) for p in positives]
        value = -np.average(logs, weights=w_B[positives]) if positives else 0.0
        total += w_B[i] * (value + lam * cross_entropy(x / temperature, y_B[i]))
    return total / w_B.sum()


def focal_tversky(o_BK, y_B, w_B, alpha=0.3, beta=0.7, gamma=4 / 3, smooth=1.0):
    """Abraham & Khan 2018, equations 3 and 4, averaged over the classes."""
    t_BK = np.eye(o_BK.shape[1])[y_B]
    hit, wrong, missed = (w_B @ part for part in (o_BK * t_BK, o_BK * (1 - t_BK), (1 - o_BK) * t_BK))
    return np.mean((1 - (hit + smooth) / (hit + alpha * wrong + beta * missed + smooth)) ** (1 / gamma))


ROWS = {
    fn.__name__: fn
    for fn in (
        *(label_smoothing, confidence_penalty, inverse_focal, dual_focal, logit_norm),
        *(arcface, cosface, large_margin_softmax),
    )
}
BATCHES = {fn.__name__: fn for fn in (mmce, supervised_contrastive, focal_tversky)}
OTHER: dict[str, list[dict[str, object]]] = {
    "label_smoothing": [{"smoothing": 0.4}],
    "confidence_penalty": [{"beta": 1.0}],
    "inverse_focal": [{"gamma": 5.0}],
    "dual_focal": [{"gamma": 0.5}, {"gamma": 5.0}],
    "logit_norm": [{"tau": 1.0}],
    "arcface": [{"margin": 1.2, "scale": 4.0}],
    "cosface": [{"margin": 0.0, "scale": 4.0}],
    "large_margin_softmax": [{"m": 3}, {"m": 4, "lam": 2.0}],
    "mmce": [{"lam": 8.0, "width": 0.1}],
    "supervised_contrastive": [{"temperature": 0.5, "lam": 0.2}],
    "focal_tversky": [{"alpha": 0.6, "beta": 0.2, "gamma": 2.0, "smooth": 0.1}],
}
