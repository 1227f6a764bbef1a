"""A condition of a comparison (label noise, ...): what was varied besides the losses, and its words in reports.

A setting is a data set with one level of each condition. Nothing is ever pooled over settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from lossbench.record.part import Finite, Frozen

Levels = Mapping[str, float]  # condition name -> level


def _template(name: str) -> AfterValidator:
    """A text whose only gap is `{name}`."""

    def check(text: str) -> str:
        if {*text.replace(f"{{{name}}}", "")} & {*"{}"}:
            raise ValueError(f"must have no other gap than {{{name}}}")
        return text

    return AfterValidator(check)


class ConditionRecord(Frozen):
    """One condition that was varied: its levels, and how they are named and drawn."""

    name: str  # of its key in configs, of its column in tables: "label_noise"
    label: str  # in sentences: "label noise"
    levels: list[Finite] = Field(default_factory=list)
    reference: Finite  # the level that changes nothing
    reference_text: str  # "clean labels"
    level_text: Annotated[str, _template("level")]  # "{level} symmetric label noise"
    kind: str = ""  # how it corrupts, for sentences about robustness; "": it corrupts nothing
    number: Literal["percent", "plain"] = "percent"  # how a level is written
    level_names: list[str] = Field(default_factory=list)  # of levels that are choices: level 0 is the first name's
    harsher: Literal["higher", "lower"]  # levels that leave less to learn from
    realised_text: Annotated[str, _template("share")] = (
        ""  # "{share} of the training labels changed"; empty: the requested level is the realised one
    )
    plot: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]  # name of its picture's file
    plot_title: str
    plot_note: str = ""  # a sentence for its caption
    axis_label: str
    axis_scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _has_names(self) -> Self:
        numbers = range(len(self.level_names))
        if self.level_names and any(level not in numbers for level in [*self.levels, self.reference]):
            raise ValueError("levels must be places among level_names")
        return self

    def short(self, level: float) -> str:
        """`20%`, `last`: the level alone; distinct levels are written differently."""
        if self.level_names:
            return self.level_names[int(level)]
        return f"{100 * level:g}%" if self.number == "percent" else f"{level:g}"

    def short_realised(self, realised: float) -> str:
        """`19.8%`, `9.7`: what came of a level, rounded."""
        return f"{realised:.1%}" if self.number == "percent" else f"{realised:.3g}"

    def level(self, value: float | str) -> float:
        """The level of a config's value: the place of a name, a number as it is."""
        return float(self.level_names.index(value)) if isinstance(value, str) else value

    def text(self, level: float) -> str:
        """`20% symmetric label noise`, `clean labels`."""
        return self.reference_text if level == self.reference else self.level_text.format(level=self.short(level))

    def realised(self, level: float, share: float | None) -> str:
        """`19.8% of the training labels changed`; "" at the reference level, and where it is not known."""
        if level == self.reference or share is None or not self.realised_text:
            return ""
        return self.realised_text.format(share=self.short_realised(share))

    def mild_to_harsh(self, levels: Sequence[float]) -> list[float]:
        """The levels in the order in which they leave less to learn from."""
        return sorted(levels, reverse=self.harsher == "lower")


def levels_text(conditions: Sequence[ConditionRecord], levels: Levels) -> str:
    """`10% of the training rows and 20% symmetric label noise`: the levels that change something, and of choices each.

    "" where there is nothing to say.
    """
    given = [c for c in conditions if c.name in levels and (c.level_names or levels[c.name] != c.reference)]
    return " and ".join(c.text(levels[c.name]) for c in given)


def realised_text(conditions: Sequence[ConditionRecord], levels: Levels, realised: Mapping[str, float]) -> str:
    """`19.8% of the training labels changed`, of every condition that changed something."""
    texts = [c.realised(levels.get(c.name, c.reference), realised.get(c.name)) for c in conditions]
    return " and ".join(text for text in texts if text)
