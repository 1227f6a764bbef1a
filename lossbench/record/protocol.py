"""The protocols of the three commands: what was declared before training."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lossbench.events import Better
from lossbench.record.part import Number, RecordPart

BEST_BASELINE = "best"  # the baseline of a comparison where it is the loss that came out best


class TrainProtocol(RecordPart):
    """Of `train`: the metric of the validation part, and whose epoch's weights are kept."""

    metric: str
    keep: Literal["last", "best"] = "last"


class CompareProtocol(RecordPart):
    """Of `compare-losses`: how losses are tuned, scored and compared."""

    metric: str  # the primary one
    select_metric: str  # of the inner folds
    better: Better
    folds: int
    repeats: int
    scheme: str
    lrs: list[float]
    default_lr: Number = None  # of the untuned rows
    trials: int  # nets that each loss may choose from on each split
    tuned_params: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)  # loss -> settings, the default first
    inner_folds: int | None = None  # None: of a run that chose on one inner validation part
    inner_validation: float | None = None
    stop_text: str = ""  # in words, where all settings have one
    baseline: str  # a loss's name, or `BEST_BASELINE`
    looked_in: str = ""  # the run in which the baseline came out best before it was named; "": none is known
    intervals: Literal["simultaneous", "single"] = "simultaneous"  # of differences
    rope: float
    alpha: float
    ranks: bool = False
    text: list[str] = Field(default_factory=list)  # the protocol in sentences

    @property
    def is_picked(self) -> bool:
        """Whether the baseline was chosen for its score on these splits."""
        return self.baseline == BEST_BASELINE or bool(self.looked_in)


class StoppingRule(RecordPart):
    """When a net of `regularize-gif` counts as trained."""

    tol: float
    kink: float
    reach: float = 1e-3
    decrease: float
    patience: int
    max_iter: int


class RegularizeProtocol(RecordPart):
    """Of `regularize-gif`: the objective and the stopping rule."""

    objective: str
    penalised: str
    rule: StoppingRule
    text: list[str] = Field(default_factory=list)
