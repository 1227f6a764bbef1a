"""Where everything on a frame is, in pixels from its top left corner.

One penalty: regions on the left, charts in a column beside them. Several: a column for each, charts below its regions.
"""

from __future__ import annotations

from dataclasses import dataclass

HEAD, FOOT = 78, 62  # title, subtitle and legend above; the track of alphas below
LEFT, RIGHT = 62, 22


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
class Layout:
    """The places of a whole frame."""

    width: int
    height: int
    panels: list[PanelLayout]
    track: Box


def lay_out(penalties: int) -> Layout:
    """The layout for so many penalties side by side; width and height are even, as films want them."""
    caption = HEAD + 30
    if penalties == 1:
        width, bottom = 664, caption + 316
        left, wide, tall, apart = 482, 664 - 482 - RIGHT, 58, 68
        tops = [caption + 8 + i * (tall + apart) for i in range(3)]
        charts = [Box(left, top, wide, tall) for top in tops]
        panels = [PanelLayout(Box(LEFT, caption, 350, 316), *charts)]
    else:
        column, wide, tall = 392, 310, 288
        width, bottom = LEFT + column * penalties - (column - wide) + RIGHT, caption + tall + 294
        panels = []
        for i in range(penalties):
            x, y = LEFT + i * column, caption + tall + 82
            half = (wide - 44) // 2
            panels.append(
                PanelLayout(
                    Box(x, caption, wide, tall),
                    Box(x, y, half, 64),
                    Box(x + wide - half, y, half, 64),
                    Box(x, y + 64 + 74, wide, 64),
                )
            )
    height = bottom + 52 + FOOT if penalties == 1 else bottom + 22 + FOOT
    return Layout(width + width % 2, height + height % 2, panels, Box(LEFT, height - 40, width - LEFT - RIGHT, 12))
