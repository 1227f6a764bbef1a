"""Where everything on a frame is, in pixels from its top left corner.

One penalty: regions on the left, charts in a column beside them. Several: a column for each, charts below its regions.
Two charts over alpha stand one above the other and share its axis; the weights have one of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD, LINE = 78, 18  # title, subtitle and the legend's first row above; each further row
FOOT = 84  # the track of alphas and the caption below
LEFT, RIGHT = 70, 22
TITLE, AXIS, NAME = 24, 24, 38  # above a chart; below it with numbers; with numbers and a name


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class PanelLayout:
    """The places of one penalty: its regions and its three charts."""

    regions: Box
    losses: Box
    norms: Box
    weights: Box


@dataclass(frozen=True)
class FrameLayout:
    """The places of a whole frame."""

    width: int
    height: int
    panels: list[PanelLayout]
    track: Box


def width_for(penalties: int) -> int:
    """How wide a frame is; even, as films want it."""
    return 700 if penalties == 1 else LEFT + 392 * penalties - 82 + RIGHT


def lay_out(penalties: int, rows: int = 1) -> FrameLayout:
    """The layout for so many penalties side by side, and so many rows of the legend."""
    width, caption = width_for(penalties), HEAD + LINE * (rows - 1) + 32
    if penalties == 1:
        regions = Box(LEFT, caption, 340, 340)
        left = LEFT + regions.w + 72
        panels = [_with_charts(regions, left, width - RIGHT - left, caption, (84, 84, 340 - 2 * 84 - 2 * TITLE - AXIS))]
        bottom = caption + regions.h + NAME
    else:
        tall = (62, 62, 62)
        panels = []
        for i in range(penalties):
            regions = Box(LEFT + i * 392, caption, 310, 288)
            panels.append(_with_charts(regions, regions.x, regions.w, caption + regions.h + NAME + TITLE + 8, tall))
        bottom = panels[0].weights.y + panels[0].weights.h + NAME
    height = bottom + FOOT
    return FrameLayout(width, height + height % 2, panels, Box(LEFT, bottom + 26, width - LEFT - RIGHT, 12))


def _with_charts(regions: Box, x: int, w: int, top: int, tall: tuple[int, int, int]) -> PanelLayout:
    losses = Box(x, top, w, tall[0])
    norms = Box(x, losses.y + losses.h + TITLE, w, tall[1])
    weights = Box(x, norms.y + norms.h + AXIS + TITLE, w, tall[2])
    return PanelLayout(regions, losses, norms, weights)
