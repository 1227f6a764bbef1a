"""What a loss estimates: the minimiser of its expected value, searched over all outputs of one row.

Shapes: M mixtures of classes, D distributions of a number, N points, T target values, K outputs, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.experiments.probing.findings import Finding
from lossbench.experiments.probing.loss_under_test import LossUnderTest
from lossbench.experiments.probing.search import minimise, minimise_each

ETAS = (0.05, 0.1, 0.3, 0.45, 0.6, 0.8, 0.95)
OF_THREE = (
    *((0.40, 0.35, 0.25), (0.25, 0.40, 0.35), (0.45, 0.30, 0.25), (0.34, 0.26, 0.40)),  # no class has the majority
    *((0.7, 0.2, 0.1), (0.05, 0.15, 0.8), (0.1, 0.6, 0.3)),
)
MIXTURES = {
    Task.BINARY: tuple((1 - eta, eta) for eta in ETAS),
    Task.MULTICLASS: OF_THREE,
    Task.ORDINAL: OF_THREE,
}
TIE = 1e-9  # scores nearer than this predict no class
COSTS_MORE = 1e-5  # a wrong decision's expected loss must exceed the least one by this share of the loss's range
PROPER = 5e-3  # how near the minimiser must come to the true probability: the search resolves 1e-6
NEAR = 0.01  # standard deviations: how near the minimiser must come to a mean or a median


@dataclass(frozen=True)
class Distribution:
    """Numbers of equal probability that a target may take, sorted."""

    y_T: Tensor

    @property
    def spread(self) -> float:
        """Its standard deviation."""
        return float(self.y_T.std())

    def level(self, m: float) -> float:
        """The share of the distribution below m."""
        return float((self.y_T < m).double().mean() + (self.y_T <= m).double().mean()) / 2

    def expectile_level(self, m: float) -> float:
        """tau such that m is the tau-expectile."""
        return float((m - self.y_T).clamp_min(0).sum() / (m - self.y_T).abs().sum())


def classification(subject: LossUnderTest) -> Iterator[Finding]:
    """Does it predict the most probable class? Does it give its probability? What else does it estimate?"""
    if not subject.task.is_classification or subject.loss.per == "batch":
        return
    pi_MC = torch.tensor(MIXTURES[subject.task], dtype=torch.float64)
    likeliest_M = pi_MC.argmax(-1)
    k = subject.outputs
    z_MK, least_M = minimise(subject.risks, pi_MC, k)

    def decides_rightly(z_NK: Tensor) -> Tensor:
        score_PNC = subject.read(subject.activation(z_NK)[None]).score_PNC
        assert score_PNC is not None, "a classification has scores"
        score_NC = score_PNC[0]
        own = score_NC[:, likeliest_M].T
        others = score_NC.expand(len(pi_MC), -1, -1).clone()
        others[torch.arange(len(pi_MC)), :, likeliest_M] = -torch.inf
        return own > others.amax(-1) + TIE

    _, least_wrong_M = minimise(subject.risks, pi_MC, k, forbidden=decides_rightly)
    excess_M = (least_wrong_M - least_M) / (1e-12 + subject.range)
    consistent = bool((excess_M > COSTS_MORE).all())
    mixtures = ", ".join(f"({'/'.join(f'{p:g}' for p in pi)})" for pi in pi_MC.tolist()[:2])
    measured = f"least expected loss against the least of a wrong decision, {len(pi_MC)} mixtures as {mixtures}"
    worst = int(excess_M.argmin())
    numbers = {"consistent": consistent, "least_excess": float(excess_M[worst])}
    if consistent:
        yield subject.finding("calibrated", "ok", "its minimiser predicts the most probable class", measured, **numbers)
    else:
        what = f"at class probabilities {pi_MC[worst].tolist()} a wrong or tied decision costs nothing more"
        yield subject.finding("calibrated", "warning", what, measured, **numbers)
    yield _probabilities(subject, z_MK, pi_MC, consistent=consistent)


def _probabilities(subject: LossUnderTest, z_MK: Tensor, pi_MC: Tensor, *, consistent: bool) -> Finding:
    p_PMC = subject.read(subject.activation(z_MK)[None]).probability_PNC
    measured = "decoder of the outputs of least expected loss, against the true probabilities"
    if p_PMC is None:
        what = "a margin: the decision only" if consistent else "a margin, not always of the most probable class"
        return subject.finding("proper", "note", what, measured, proper=False, estimates="margin")
    p_MC = p_PMC[0]
    error = float((p_MC - pi_MC).abs().max())
    numbers = {"proper": error < PROPER, "probability_error": error, "estimated": p_MC.tolist(), "true": pi_MC.tolist()}
    if error < PROPER:
        return subject.finding(
            "proper", "ok", "estimates the class probabilities", measured, estimates="mean", **numbers
        )
    sharper = float((p_MC.amax(-1) - pi_MC.amax(-1)).mean())
    shown = f"{pi_MC[0].amax():.3g} is read as {p_MC[0].amax():.3g}"
    if float(p_MC.amax(-1).min()) > 0.99:
        what, estimates = "estimates the most probable class only, with probability 1", "mode"
    else:
        what = f"estimates no probabilities: {'over' if sharper > 0 else 'under'}-confident, {shown}"
        estimates = "distorted probabilities"
    return subject.finding("proper", "note", what, measured, estimates=estimates, **numbers)


def regression(subject: LossUnderTest) -> Iterator[Finding]:
    """Mean, median, quantile, expectile or mode?"""
    if subject.task.is_classification or subject.loss.per == "batch":
        return
    distributions = _distributions(subject.encoding)
    y_DT = torch.stack([distribution.y_T for distribution in distributions])
    weight = torch.full((1, y_DT.shape[1]), 1 / y_DT.shape[1], dtype=torch.float64)

    def risks(z_NK: Tensor, which_N: Tensor) -> Tensor:
        return subject.table(subject.activation(z_NK), y_DT[which_N])

    # 81 neighbours a step with four outputs: there the search stops at 1e-4, a hundredth of NEAR
    halvings = 24 if subject.outputs < 4 else 14
    z_D1K, _ = minimise_each(risks, len(y_DT), weight, subject.outputs, starts=4, halvings=halvings)
    predicted = subject.read(subject.activation(z_D1K[:, 0])[None]).point_PN
    assert predicted is not None, "a regression has values"
    point = predicted[0].tolist()
    name, what, numbers = _functional(point, distributions)
    measured = f"output of least expected loss for {len(distributions)} skewed distributions"
    yield subject.finding(
        "estimates",
        "ok" if name != "unknown" else "note",
        what,
        measured,
        proper=name == "mean",
        estimates=name,
        **numbers,
    )


def _functional(point: list[float], distributions: list[Distribution]) -> tuple[str, str, dict[str, float]]:
    """Which property of a distribution the points are."""
    pairs = list(zip(point, distributions, strict=True))
    levels = [d.level(m) for m, d in pairs]
    expectiles = [d.expectile_level(m) for m, d in pairs]
    means = [(m - float(d.y_T.mean())) / d.spread for m, d in pairs]
    medians = [(m - float(d.y_T.median())) / d.spread for m, d in pairs]
    geometric = [(m - float(d.y_T.clamp_min(0).log1p().mean().expm1())) / d.spread for m, d in pairs]
    numbers = {"mean_error": _worst(means), "median_error": _worst(medians), "quantile_level": levels[0]}
    if _worst(means) < NEAR:
        return "mean", "estimates the mean", numbers
    if _worst(medians) < NEAR or _worst([level - 0.5 for level in levels]) < NEAR:  # of counts, levels are steps
        return "median", "estimates the median", numbers
    if max(levels) - min(levels) < NEAR:
        return "quantile", f"estimates the {sum(levels) / len(levels):.2g}-quantile", numbers
    if max(expectiles) - min(expectiles) < NEAR:
        return "expectile", f"estimates the {sum(expectiles) / len(expectiles):.2g}-expectile", numbers
    if _worst(geometric) < NEAR:
        return "log1p mean", "estimates exp(mean of log(1 + y)) - 1", numbers
    if all(mean * median <= 1e-6 for mean, median in zip(means, medians, strict=True)):
        return "between", "estimates something between the median and the mean", numbers
    if all(abs(median) < 1 and mean < 0 for mean, median in zip(means, medians, strict=True)):
        return "mode-like", "estimates a value on the bulk's side of mean and median, as a mode", numbers
    return (
        "unknown",
        f"estimates neither mean, median, quantile nor expectile: {means[0]:+.2g} sd from the mean",
        numbers,
    )


def _worst(errors: list[float]) -> float:
    return max(abs(e) if math.isfinite(e) else math.inf for e in errors)


def _distributions(encoding: Encoding) -> list[Distribution]:
    """Three distributions skewed to the right, as quantiles of a lognormal, a gamma-like and a mixed one."""
    u = (torch.arange(301, dtype=torch.float64) + 0.5) / 301
    normal = torch.special.ndtri(u)
    lognormal, square = (0.8 * normal).exp(), (1 + 0.5 * normal).square() + 0.05
    mixed = torch.cat([0.6 + 0.2 * normal[::2].abs(), 2 + 0.5 * normal[1::2].abs()])
    positive = [d.sort().values for d in (lognormal, square, mixed)]
    if encoding is Encoding.FLOAT:  # standardised on the training part, and so about 0
        return [Distribution((d - 1.2) / 1.5) for d in positive]
    return [Distribution((3 * d).floor() if encoding is Encoding.NONNEGATIVE else d) for d in positive]
