"""What a comparison found, as types: a row per loss, a table per data set, and what several data sets say together.

Every number is `None` where it is not defined. `dataclasses.asdict` of a `Comparison` is a record's `analysis`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SURE = 0.95  # P(practically equal) above which two losses are called so

Word = Literal[
    "baseline",
    "better",
    "worse",
    "practically equal",
    "not distinguishable",
    "anecdotal",
    "not compared",
    "same objective",
    "broken",
    "diverged",
    "failed",
    "interrupted",
]
COMPARED: frozenset[Word] = frozenset({"better", "worse", "practically equal", "not distinguishable"})
SCORELESS: frozenset[Word] = frozenset({"failed", "diverged"})  # their score is the one that failures get


@dataclass(frozen=True)
class Row:
    """One loss in one setting. Differences are in the metric's unit, loss minus baseline; `None` where not defined."""

    name: str
    loss: str
    last_act: str
    formula: str
    verdict: str
    why: str
    fix: str
    word: Word
    reason: str  # of a broken or failed run
    symptoms: list[str]
    group: str
    same_as: str  # the first loss of the same objective, "" for itself
    factor: float  # its objective is so many times that of the first
    stands_for: list[str]  # the same objective under other names, which were not trained
    rank: int | None = None
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    p_worse: float | None = None
    p_equal: float | None = None
    p_better: float | None = None
    p: float | None = None
    p_holm: float | None = None
    won: float | None = None  # share of splits won against the baseline, ties half
    lr: float | None = None  # the one chosen most often
    lr_low: float | None = None
    lr_high: float | None = None
    params: str = ""  # its own parameters as they were chosen most often: gamma=0.5; "" where it had no choice
    params_share: float | None = None  # of the splits that chose these
    grid_edge: float | None = None  # share of splits that chose an end of the grid
    diverged: int = 0  # refits
    diverged_trials: int = 0
    untuned: float | None = None  # mean at the default learning rate and parameters
    seconds: float | None = None
    means: dict[str, float | None] = field(default_factory=dict)  # every test metric
    scores: list[float] = field(default_factory=list)  # of the primary metric, per split


@dataclass(frozen=True)
class Table:
    """The evidence on one data set at one level of label noise."""

    title: str
    data: str
    task: str
    label_noise: float
    realised: float | None
    splits: int
    test_over_train: float
    baseline: str
    baseline_lost: str  # why nothing can be said against the baseline; "" where it has scores of its own
    dummy: float | None
    rope: float
    resolution: float | None  # typical half-width of a difference's interval
    decimals: int
    sentence: str
    notes: list[str]
    rows: list[Row]

    @property
    def noise(self) -> str:
        """`20% label noise (19.8% of the training labels changed)`; "" for clean labels."""
        changed = f" ({self.realised:.1%} of the training labels changed)" if self.realised is not None else ""
        return f"{self.label_noise:.0%} label noise{changed}" if self.label_noise else ""


@dataclass(frozen=True)
class NoiseRow:
    """What one loss gives up as label noise grows from the lowest level to the highest."""

    name: str
    loss: str
    last_act: str
    word: Word  # of what it gives up, against what the baseline does; "broken" and the like as in the tables
    means: list[float | None]  # one per level
    lows: list[float | None]
    highs: list[float | None]
    cost: float | None = None  # how much worse the highest level is than the lowest
    saved: float | None = None  # the baseline's cost less this one's: positive loses less
    saved_low: float | None = None
    saved_high: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class Robustness:
    """One data set over its levels of label noise: what every loss scores at each, the least cost first."""

    data: str
    baseline: str
    levels: list[float]
    realised: list[float | None]
    dummy: float | None
    decimals: int
    sentence: str
    rows: list[NoiseRow]


@dataclass(frozen=True)
class AcrossRow:
    """One loss over several data sets; gains in the metric's unit, or for regression in shares of the dummy's error."""

    name: str
    word: Word
    average_rank: float
    iqm: float
    iqm_low: float
    iqm_high: float
    gain: float | None = None  # median over the data sets
    won: float | None = None  # share of the data sets won, ties half
    p: float | None = None  # Wilcoxon signed-rank
    p_holm: float | None = None
    p_worse: float | None = None  # Bayesian signed-rank
    p_equal: float | None = None
    p_better: float | None = None
    data_sets_for_power: int | None = None  # to show a gain like this one in 4 of 5 studies


@dataclass(frozen=True)
class Across:
    """The evidence over several data sets at one level of label noise."""

    label_noise: float
    data: list[str]
    baseline: str
    scaled: bool  # scores were divided by the dummy's, so that data sets with different units compare
    rope: float
    smallest_p: float  # the smallest p that so many data sets can give
    needed: int  # the fewest data sets with which any loss could be significant after Holm
    friedman_p: float | None
    iman_davenport_p: float | None
    critical_difference: float | None
    rejected: bool  # the omnibus test: only then may ranks be told apart
    omnibus: str  # the omnibus tests as a sentence
    left_out: dict[str, list[str]]  # losses that are missing on a data set, and on which
    sentence: str
    rows: list[AcrossRow]

    @property
    def too_few(self) -> bool:
        """Whether so few data sets can make no loss significant, however clear they are."""
        return len(self.data) < self.needed

    @property
    def title(self) -> str:
        """`12 data sets with 20% label noise`."""
        noise = f" with {self.label_noise:.0%} label noise" if self.label_noise else ""
        return f"{len(self.data)} data sets{noise}"


@dataclass(frozen=True)
class Comparison:
    """All evidence of a record, and the one sentence that answers the question."""

    sentence: str
    banners: list[str]
    metric: str
    better: str
    formula: str
    baseline: str
    rope: float
    rope_said: str  # the width in the metric's unit, and where it comes from
    alpha: float
    ranks: bool  # average ranks were asked for
    notes: list[str]
    warnings: list[str]
    tables: list[Table]
    robustness: list[Robustness]
    across: list[Across]
