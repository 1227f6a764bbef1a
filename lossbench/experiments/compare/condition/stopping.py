"""The condition that changes how long nets are trained."""

from __future__ import annotations

from dataclasses import replace

from lossbench.experiments.compare.condition.declaration import Changed, Condition, Repetition, lacks_nothing
from lossbench.record import ConditionRecord


def _train_to_the_end(whole: Repetition, level: float) -> Changed:
    return replace(whole, keep="last"), level


STOP_RULE = Condition(
    ConditionRecord(
        name="stop_rule",
        label="stop rule",
        level_names=["best", "last"],
        reference=0.0,
        reference_text="epochs chosen on the inner folds",
        level_text="training to the {level} epoch",
        harsher="higher",
        plot="stop-rule",
        plot_title="Best epoch or last epoch",
        plot_note="The best epoch is chosen on the inner folds.",
        axis_label="the epoch that is scored",
    ),
    changes="training",
    change=_train_to_the_end,
    lacking=lacks_nothing,
    protocol="Stop rule: best trains a net for the number of epochs that is best on its inner folds, last for all"
    " epochs.",
)
