"""The results of a comparison: a row per loss, a table per setting, the cost of a condition, all data sets together.

A setting is a data set with one level of each condition. Every number is `None` where it is not defined.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from lossbench.data.table import Task
from lossbench.record.conditions import ConditionRecord
from lossbench.record.part import Frozen, Number

SURE = 0.95  # P(practically equal) above which two losses are called so

Word = Literal[
    "baseline",
    "better",
    "worse",
    "practically equal",
    "not distinguishable",
    "anecdotal",
    "not compared",
    "unreliable",
    "same objective",
    "broken",
    "diverged",
    "failed",
    "interrupted",
    "reference, not a loss",
]
COMPARED: frozenset[Word] = frozenset({"better", "worse", "practically equal", "not distinguishable"})
TESTED: frozenset[Word] = COMPARED | {"unreliable"}
NOT_ESTIMATED = "not what it estimates"  # a row whose loss estimates something else than the metric scores
SCORELESS: frozenset[Word] = frozenset({"failed", "diverged"})  # their score is the one that failures get


class ComparisonRow(Frozen):
    """One loss in one setting. Differences are in the metric's unit, loss minus baseline; `None` where not defined.

    `difference_low`, `difference_high` hold for all comparisons of the table at once and exclude 0 exactly where
    `p_adjusted` is below alpha; `single_low`, `single_high` are those of one comparison by itself.
    """

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
    same_as: str  # the first loss with the same gradients on every probe, "" for itself
    factor: float  # its gradient is so many times that of the first
    represents: list[str]  # others with its gradients, which were not trained
    probes: int = 0  # outputs on which no difference from those was found
    reach: float = 0.0  # up to which size of linear outputs
    differs_from: str = ""  # a loss with the same gradients on every probe and other scores: both are tested
    differs_by: float = 0.0  # mean absolute difference of the two scores, per split
    rank: int | None = None
    mean: Number = None
    low: Number = None
    high: Number = None
    difference: Number = None
    difference_low: Number = None
    difference_high: Number = None
    single_low: Number = None
    single_high: Number = None
    difference_ended: Number = None  # over the splits on which neither it nor the baseline failed
    ended_low: Number = None
    ended_high: Number = None
    ended: int | None = None  # how many these are
    failed_splits: int = 0  # splits on which its net diverged or gave no score
    failed_low: Number = None  # the share's exact interval
    failed_high: Number = None
    p_failed: Number = None  # of failing on at most 1% of splits, after Holm
    p_failed_as_baseline: Number = None  # of failing as often as the baseline (exact sign test), after Holm
    beside_dummy: Literal["", "better", "not better", "worse"] = ""  # than the dummy; "": not tested
    estimand: str = ""  # what the loss estimates, where the metric scores something else: "the median"
    p_worse: Number = None
    p_equal: Number = None
    p_better: Number = None
    p: Number = None
    p_adjusted: Number = None  # for all comparisons of the table
    won: Number = None  # share of splits won against the baseline, ties half
    lr: Number = None  # the one chosen most often
    lr_low: Number = None
    lr_high: Number = None
    params: str = ""  # its own parameters as they were chosen most often: gamma=0.5; "" where it had no choice
    params_share: Number = None  # of the splits that chose these
    grid_edge: Number = None  # share of splits that chose an end of the grid
    diverged: int = 0  # refits
    diverged_trials: int = 0
    untuned: Number = None  # mean at the default learning rate and parameters
    raw: Number = None  # mean of its probabilities as they come out, without the common temperature
    means: dict[str, Number] = Field(default_factory=dict)  # every test metric
    scores: list[float] = Field(default_factory=list)  # of the primary metric, per split

    @model_validator(mode="before")
    @classmethod
    def _without_seconds(cls, plain: Any) -> Any:
        """A row as it was written while timings stood in the evidence; they are the results'."""
        return {key: value for key, value in plain.items() if key != "seconds"} if isinstance(plain, dict) else plain

    @property
    def scored(self) -> str:
        """`NOT_ESTIMATED` where the metric scores something else than what the loss estimates."""
        return NOT_ESTIMATED if self.estimand else ""


class ComparisonTable(Frozen):
    """The evidence in one setting."""

    title: str  # "titanic with 20% symmetric label noise"
    data: str
    task: Task
    condition: dict[str, float] = Field(default_factory=dict)  # condition name -> level
    condition_text: str = ""  # "20% symmetric label noise"; "" where nothing was changed
    stop_text: str = ""  # how long nets train, where something is corrupted and `condition_text` does not say it
    realised: dict[str, float] = Field(default_factory=dict)
    realised_text: str = ""  # "19.8% of the training labels changed"
    splits: int
    test_over_train: float
    baseline: str
    baseline_lost: str  # why no loss can be compared with the baseline; "" where it has scores of its own
    dummy: Number
    dummy_name: str  # "majority class", "target mean", "target median"
    picked: bool = False  # the baseline was chosen after looking at these scores
    single: bool = False  # `difference_low` and `difference_high` are those of one comparison by itself, as requested
    learnt_nothing: bool = False  # no sound loss scores better than the dummy
    may_be_best: list[str] | None = None  # where the baseline was picked: the losses not excluded as the best
    rope: float
    resolution: Number  # typical half-width of a difference's interval
    decimals: int
    sentence: str
    notes: list[str]
    rows: list[ComparisonRow]
    references: list[ComparisonRow] = Field(default_factory=list)  # models that are no nets, in no test
    missing: list[str] = Field(default_factory=list)  # losses whose evaluation is not done
    partial: str = ""  # "partial: 2 of 9 evaluations are not done (mse and l1)"; "" of a whole table

    @property
    def shown(self) -> list[ComparisonRow]:
        """The losses, then the references."""
        return [*self.rows, *self.references]

    @property
    def changed(self) -> str:
        """`20% symmetric label noise (19.8% of the training labels changed)`; "" where nothing was changed."""
        return self.condition_text + (f" ({self.realised_text})" if self.realised_text else "")


class SensitivityRow(Frozen):
    """What one loss gives up from the mildest level of a condition to the harshest."""

    name: str
    loss: str
    last_act: str
    word: Word  # of what it gives up, against what the baseline does; "broken" and the like as in the tables
    means: list[Number]  # one per level
    lows: list[Number]
    highs: list[Number]
    cost: Number = None  # how much worse the harshest level is than the mildest
    saved: Number = None  # the baseline's cost less this one's: positive loses less
    saved_low: Number = None
    saved_high: Number = None
    p_adjusted: Number = None


class Sensitivity(Frozen):
    """One data set over the levels of one condition, the others held: each loss's scores, the least cost first."""

    condition: ConditionRecord
    data: str
    held: dict[str, float] = Field(default_factory=dict)  # the levels of the other conditions
    held_text: str = ""  # "10% of the training rows"
    baseline: str
    levels: list[float]  # mildest first
    realised: list[Number]
    dummies: list[Number]  # the dummy's score, one per level
    dummy_name: str
    decimals: int
    sentence: str
    rows: list[SensitivityRow]

    @property
    def title(self) -> str:
        """`titanic`, or `titanic with 10% of the training rows`."""
        return self.data + (f" with {self.held_text}" if self.held_text else "")

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Every level, and what was realised of one that changes something: `("20%", "realised 19.8%")`."""
        levels = []
        for level, realised in zip(self.levels, self.realised, strict=True):
            text = ""
            if realised is not None and self.condition.realised(level, realised):
                text = f"realised {self.condition.short_realised(realised)}"
            levels.append((self.condition.short(level), text))
        return levels


class AcrossRow(Frozen):
    """One loss over several data sets; gains in shares of the way from the dummy's score to a perfect one."""

    name: str
    word: Word
    average_rank: float
    iqm: float  # of the gains of all splits
    iqm_low: float
    iqm_high: float
    gain: Number = None  # median over the data sets
    won: Number = None  # share of the data sets won, ties half
    p: Number = None  # Wilcoxon signed-rank
    p_holm: Number = None
    p_worse: Number = None  # on the next data set
    p_equal: Number = None
    p_better: Number = None
    data_sets_for_power: int | None = None  # to show a gain like this one in 4 of 5 studies


class Across(Frozen):
    """The evidence over several data sets at one level of each condition."""

    condition: dict[str, float] = Field(default_factory=dict)
    condition_text: str = ""
    data: list[str]
    baseline: str
    scaled: bool  # 0 is the dummy's score and 1 a perfect one, on every data set
    rope: float
    smallest_p: float  # the smallest p that so many data sets can give
    family: int  # comparisons that are corrected for: of a baseline chosen after looking, all pairs
    needed: int  # the fewest data sets with which any loss could be significant after Holm
    friedman_p: Number
    iman_davenport_p: Number
    critical_difference: Number
    rejected: bool  # the omnibus test: only then may ranks be distinguished
    omnibus: str  # the omnibus tests as a sentence
    excluded: dict[str, list[str]]  # losses that are missing on a data set, and on which
    sentence: str
    rows: list[AcrossRow]

    @property
    def too_few(self) -> bool:
        """Whether so few data sets can make no loss significant, however clear they are."""
        return len(self.data) < self.needed

    @property
    def title(self) -> str:
        """`12 data sets with 20% symmetric label noise`."""
        return f"{len(self.data)} data sets" + (f" with {self.condition_text}" if self.condition_text else "")


class Comparison(Frozen):
    """All evidence of a record, and the one sentence that answers the question."""

    sentence: str
    partial: str = ""  # what the sentence begins with where evaluations are missing: "Partial: 3 of 9 ..."
    banners: list[str]
    metric: str
    better: str
    formula: str
    baseline: str
    rope: float
    rope_text: str  # the width in the metric's unit, and where it comes from
    alpha: float
    ranks: bool  # average ranks were requested
    notes: list[str]
    warnings: list[str]
    tables: list[ComparisonTable]
    sensitivity: list[Sensitivity]
    across: list[Across]
