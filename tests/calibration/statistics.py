"""Promised and measured error rates of a comparison's statistics, on simulated scores: nothing is trained.

`python -m tests.calibration` measures them all beside trained comparisons; `python -m tests.calibration.statistics`
prints these alone. Each scenario takes well under two minutes of one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from lossbench.report.compare.analysis.failures import clopper_pearson, p_tolerable
from lossbench.report.compare.analysis.statistics.hierarchical import PRIOR, next_data_set
from lossbench.report.compare.analysis.statistics.paired import corrected_scale, corrected_t, holm
from lossbench.report.compare.analysis.statistics.simultaneous import all_pairs, max_t, may_be_best
from tests.calibration.matrices import Floats, accuracies
from tests.calibration.signed_rank import signed_rank_posterior

LOSSES, ROWS, RATIO = 25, 500, 0.25  # of five folds: n_test / n_train
GRAIN = 1 / (ROWS / 5)
HARD = 1.2  # how much is learnt from the training rows, so that a single test rejects about as often as it promises
DRAWS = 2000  # of the maximum; a critical value is then known to within 0.04
SURE = 0.95
AT_MOST, AT_LEAST, FOUND, ALWAYS, NEVER, MEASURED = "<= 5%", ">= 95%", ">= 90%", "100%", "0%", "(no)"


@dataclass(frozen=True)
class Rate:
    """How often something happened that may happen with a probability of at most (or at least) `promised`.

    `mean`: of a number that comes with it, where there is one.
    """

    what: str
    promised: str
    count: int
    trials: int
    mean: float | None = None

    @property
    def measured(self) -> float:
        """The share."""
        return self.count / self.trials if self.trials else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Its exact 95% interval."""
        return clopper_pearson(self.count, self.trials) if self.trials else (0.0, 1.0)

    @property
    def holds(self) -> bool:
        """Whether the interval allows what is promised; 100% and 0% have no exception, no number is no promise."""
        low, high = self.interval
        return {
            AT_MOST: low <= 0.05,
            AT_LEAST: high >= 0.95,
            FOUND: high >= 0.9,
            ALWAYS: self.count == self.trials,
            NEVER: self.count == 0,
        }.get(self.promised, True)

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> Rate:
        """What a file has kept."""
        return cls(**{field.name: kept[field.name] for field in fields(cls)})

    def as_json(self) -> dict[str, Any]:
        """What a file keeps of it."""
        measured = self.measured if self.trials else None
        return {
            "what": self.what,
            "promised": self.promised,
            "measured": measured,
            "interval": self.interval,
            "count": int(self.count),
            "trials": self.trials,
            "mean": self.mean,
        }

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.what:<78} {self.promised:>8} {self.measured:>7.1%} [{low:.1%}, {high:.1%}] of {self.trials}"


def null_of_25_losses(draws: int, learnt: float = HARD) -> Iterator[Rate]:
    """25 equally good losses: how often any of them is told from the baseline, and how often the best is lost."""
    found = dict.fromkeys(("holm", "declared", "single", "looked, as if declared", "looked", "best lost"), 0)
    for draw in range(draws):
        score = accuracies(np.random.default_rng([draw, 10]), LOSSES, rows=ROWS, learnt=learnt)
        difference = score[:, 1:] - score[:, [0]]
        single = [corrected_t(column, RATIO, grain=GRAIN).p for column in difference.T]
        best = int(score.mean(axis=0).argmax())
        lag = np.delete(score, best, axis=1) - score[:, [best]]
        found["single"] += min(single) < 0.05
        found["holm"] += min(holm(single)) < 0.05
        found["declared"] += _any(difference)
        found["looked, as if declared"] += _any(lag)
        found["looked"] += _any(lag, all_pairs(score))
        if draw % 4 == 0:  # 25 maxima each
            found["best lost"] += not may_be_best(score, RATIO, grain=GRAIN)[0]
    yield Rate("null, 24 single intervals: at least one excludes 0", "(no)", found["single"], draws)
    yield Rate("null, Holm: at least one loss better or worse", "<= 5%", found["holm"], draws)
    yield Rate("null, largest t: at least one word, at least one interval without 0", "<= 5%", found["declared"], draws)
    yield Rate("null, best loss as baseline, tested as if declared", "(no)", found["looked, as if declared"], draws)
    yield Rate("null, best loss as baseline, one of all pairs", "<= 5%", found["looked"], draws)
    yield Rate("null, MCB: one of the equally best losses is excluded", "<= 5%", found["best lost"], -(-draws // 4))


def _any(difference_JK: Floats, family_JM: Floats | None = None) -> bool:
    of = max_t(difference_JK, RATIO, grain=GRAIN, comparisons=family_JM, draws=DRAWS)
    return bool((np.abs(of.mean_K) > of.half_K).any())


def power(draws: int, planted: int, gain: float = 0.3) -> Iterator[Rate]:
    """So many of 24 losses are better: how many are found, by Holm as it was and by the largest t; and the errors."""
    shift = np.zeros(LOSSES)
    shift[1 : planted + 1] = gain
    better = shift[1:] > 0
    holm_found = found = wrong = 0
    for draw in range(draws):
        score = accuracies(np.random.default_rng([draw, 11]), LOSSES, rows=ROWS, learnt=1.0, gain_K=shift)
        difference = score[:, 1:] - score[:, [0]]
        p = np.array(holm([corrected_t(column, RATIO, grain=GRAIN).p for column in difference.T]))
        of = max_t(difference, RATIO, grain=GRAIN, draws=DRAWS)
        holm_found += int((p[better] < 0.05).sum())
        found += int((of.p_K[better] < 0.05).sum())
        wrong += bool((of.p_K[~better] < 0.05).any() or (of.mean_K[of.p_K < 0.05] < 0).any())
    yield Rate(f"{planted} of 24 losses better: found by Holm, as it was", "", holm_found, draws * planted)
    yield Rate(f"{planted} of 24 losses better: found by the largest t", ">= Holm", found, draws * planted)
    yield Rate(f"{planted} of 24 losses better: an equal one called different, or a wrong sign", "<= 5%", wrong, draws)


def divergence(draws: int) -> Iterator[Rate]:
    """24 losses that diverge at one rate: is any called unreliable at 1%, is each at more, does the interval cover?"""
    for rate in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5):
        rng = np.random.default_rng([int(1000 * rate), 12])
        any_called = covered = called = 0
        for _ in range(draws):
            failed = rng.binomial(25, rate, 24)
            p = np.array(holm([p_tolerable(int(k), 25) for k in failed]))
            any_called += bool((p < 0.05).any())
            called += int((p < 0.05).sum())
            low, high = clopper_pearson(int(failed[0]), 25)
            covered += low <= rate <= high
        if rate <= 0.01:
            yield Rate(f"24 losses diverge on {rate:.0%} of splits: any called unreliable", "<= 5%", any_called, draws)
        else:
            yield Rate(f"24 losses diverge on {rate:.0%} of splits: called unreliable", "power", called, 24 * draws)
        yield Rate(f"  the share's interval contains {rate:.0%}", ">= 95%", covered, draws)


def across_tables(draws: int, rope: float = 0.01) -> Iterator[Rate]:
    """Data sets drawn from (mu, tau), gains measured with splits that share rows: is P(equal) what it says?"""
    rng = np.random.default_rng(13)
    claims = {name: [0, 0] for name in ("signed rank", "hierarchical")}
    bands: dict[tuple[float, float], list[int]] = {(0.0, 0.2): [0, 0], (0.2, 0.5): [0, 0], (0.5, 0.8): [0, 0]}
    bands |= {(0.8, 0.95): [0, 0], (0.95, 1.01): [0, 0]}
    expected = dict.fromkeys(bands, 0.0)
    for _ in range(draws):
        sets = int(rng.integers(3, 13))
        mu, tau = rng.normal(0, 2 * rope), abs(rng.standard_cauchy()) * PRIOR * rope
        true = rng.normal(mu, tau, sets)
        outcome = [stats.norm.cdf(-rope, mu, tau), 0.0, stats.norm.sf(rope, mu, tau)]
        outcome[1] = 1 - outcome[0] - outcome[2]
        equal = int(np.argmax(outcome)) == 1
        # A mean's error is s sqrt(1/J + n2/n1): the common part has the variance s^2 n2/n1.
        spread = rng.uniform(0.005, 0.04, sets)
        gain = true[:, None] + np.sqrt(RATIO) * spread[:, None] * rng.standard_normal((sets, 1))
        gain = gain + spread[:, None] * rng.standard_normal((sets, 25))
        error = np.array([corrected_scale(row, RATIO, 0.0) for row in gain])
        mean = gain.mean(axis=1)
        says = {
            "signed rank": signed_rank_posterior(mean, rope, samples=1000).equal,
            "hierarchical": next_data_set(mean, error, np.full(sets, 24.0), rope).equal,
        }
        for name, probability in says.items():
            claims[name][0] += probability > SURE and not equal
            claims[name][1] += probability > SURE
        band = next(band for band in bands if band[0] <= says["hierarchical"] < band[1])
        bands[band][0] += equal
        bands[band][1] += 1
        expected[band] += says["hierarchical"]
    for name, (wrong, total) in claims.items():
        promised = "<= 5%" if name == "hierarchical" else "(no)"  # the signed rank takes each table's mean as exact
        yield Rate(f"several tables, {name}: P(equal) > 0.95, and it is not", promised, wrong, total)
    for (low, high), (equal, total) in bands.items():
        promised = f"{expected[low, high] / total:.1%}" if total else ""
        yield Rate(f"several tables: equal where P(equal) is from {low:g} to {min(high, 1):g}", promised, equal, total)


Scenario = Callable[[int], Iterator[Rate]]

# Name -> the scenario and how many draws the whole measurement has.
SCENARIOS: dict[str, tuple[Scenario, int]] = {
    "null": (null_of_25_losses, 300),
    "power 1": (partial(power, planted=1), 150),
    "power 12": (partial(power, planted=12), 150),
    "power 24": (partial(power, planted=24), 150),
    "divergence": (divergence, 400),
    "across": (across_tables, 2000),
}


def rates(name: str, share: float = 1.0) -> list[Rate]:
    """The rates of one scenario, of a share of its draws."""
    scenario, draws = SCENARIOS[name]
    return list(scenario(max(4, round(draws * share))))


def main() -> None:
    """Print every rate beside what is promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration.statistics", description=__doc__)
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], default=[])
    for name in parser.parse_args().scenario or SCENARIOS:
        began = time.perf_counter()
        for rate in rates(name):
            print(rate, flush=True)
        print(f"  ({name}: {time.perf_counter() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
