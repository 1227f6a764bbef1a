"""What a process that calls a user's functions tells one that does not."""

from __future__ import annotations

from dataclasses import dataclass

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.equivalence import Gradients
from lossbench.experiments.probing.undeclared import Measured
from lossbench.record.loss_profile import LossProfile


@dataclass(frozen=True)
class Seen:
    """What calls of a pair's functions have shown."""

    measured: Measured | None = None  # of a loss that declares nothing
    coupled: str = ""  # what is to be said of rows that are not each other's business
    gradients: Gradients | None = None  # at all probes; None where it cannot be tried
    example: Prediction | None = None  # of a row whose outputs are all 0; None where it cannot be read
    untrainable: str = ""  # why it is not trained: calls of it do not come to an end
    profile: LossProfile | None = None  # along one axis; None where it cannot be tried
