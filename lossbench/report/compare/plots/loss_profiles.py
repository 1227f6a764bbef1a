"""The losses themselves along one axis: what a net is told to do, before any data."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lossbench.record.loss_profile import AXIS_TEXT, LossProfile, ProfileAxis
from lossbench.report.compare.drawing import Drawing, Points
from lossbench.report.compare.plots.panels import Axis, panels
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.style import LIGHT, word_colour

_HIGHEST = 2.0  # times the median loss's span: a loss far above the others is cut off there


def _profiles(view: View, axis: ProfileAxis) -> dict[str, LossProfile]:
    """The profiles of a table's losses that are drawn on an axis, by the name of their row."""
    known = {one.label: one for one in view.profiles if one.axis == axis}
    found: dict[str, LossProfile] = {}
    for row in view.table.rows:
        result = view.entry(row).result
        profile = known.get(f"{result.loss.label} + {result.last_act}")
        if profile is not None:
            found[row.name] = profile
    return found


def _points(profile: LossProfile) -> Points:
    """The loss along the axis, its least value at 0: constants do not train."""
    known = [v for v in profile.value if v is not None]
    low = min(known, default=0.0)
    return [(x, v - low) for x, v in zip(profile.x, profile.value, strict=True) if v is not None]


def _draw(view: View, axis: ProfileAxis) -> Drawing | None:
    lines = {name: points for name, one in _profiles(view, axis).items() if (points := _points(one))}
    rows = [row for row in view.table.rows if row.name in lines]
    if not rows:
        return None
    spans = sorted(max(v for _, v in points) for points in lines.values())
    high = min(spans[-1], _HIGHEST * spans[len(spans) // 2]) or 1.0
    ends = [x for points in lines.values() for x, _ in points]
    drawing, each = panels(
        rows, Axis(AXIS_TEXT[axis], min(ends), max(ends)), Axis("loss above its least value", 0.0, 1.05 * high), lines
    )
    for panel in each:
        colour = word_colour(panel.item.word) if panel.item.word == "broken" else LIGHT["better"]
        panel.line(lines[panel.item.name], colour)
    return drawing


def _describe(view: View, axis: ProfileAxis) -> str:
    return f"Each loss along the {AXIS_TEXT[axis]}. " + "; ".join(
        f"{name}: {_steepest(one)}" for name, one in _profiles(view, axis).items()
    ) + "."  # fmt: skip


def _steepest(profile: LossProfile) -> str:
    slopes = {x: g for x, g in zip(profile.x, profile.gradient, strict=True) if g is not None and math.isfinite(g)}
    if not slopes:
        return "no gradient"
    at = max(slopes, key=lambda x: abs(slopes[x]))
    return f"steepest at {at:.3g} (gradient {slopes[at]:.3g})"


def _plot(axis: ProfileAxis, title: str) -> Plot:
    return Plot(
        f"losses-by-{axis}",
        title,
        "The loss of one row, above its least value. Where the curve is flat a row teaches the net nothing; where it "
        "is steep a row moves the net most. The other losses are behind in grey; one far above them is cut off.",
        lambda view: _draw(view, axis),
        lambda view: _describe(view, axis),
    )


_TITLES: Mapping[ProfileAxis, str] = {
    "margin": "The losses by the margin",
    "probability": "The losses by the probability of the true class",
    "residual": "The losses by the residual",
    "prediction": "The losses by the prediction",
}
LOSS_PROFILES: tuple[Plot, ...] = tuple(_plot(axis, title) for axis, title in _TITLES.items())
