"""How decision regions look: colours that colour-blind readers can distinguish, markers, shading and contours.

Shapes: C classes, G grid points a side, H x W pixels.
"""

from __future__ import annotations

from typing import Any

import contourpy
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

# Okabe & Ito's colours, darkened where white points on them would vanish; the first two are blue and vermilion.
CLASS_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b5589a", "#c79400", "#3fa0d6", "#5b5b5b")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, GREY, FAINT, PAPER = "#1c1e26", "#6b7080", "#d9dce3", "#ffffff"
LOSS_COLOUR, PENALTY_COLOUR, NORM_COLOUR, ZERO_COLOUR = "#1c1e26", "#9a4fb0", "#3d6b5c", "#c2255c"
BARS, WARNING = "#8c93a5", "#a12a1c"

# All of them as red, green, blue: what a palette must hold exactly.
NAMED = [
    [round(255 * part) for part in to_rgb(colour)]
    for colour in (*CLASS_COLOURS, INK, GREY, FAINT, PAPER, PENALTY_COLOUR, NORM_COLOUR, ZERO_COLOUR, BARS, WARNING)
]

# Share of the class's colour on paper where its class is certain. On the boundary it is none, whoever leads: so that
# where two classes are level up to rounding, no class has the colour of the whole picture.
DEEPEST = 0.56
SHADES = 15

GridValues = NDArray[np.float32]
Pixels = NDArray[np.uint8]


def shade(lead: GridValues, width: int, height: int) -> Pixels:
    """The regions as an image [H, W, 4], north up: the leading class's colour, the deeper the further it leads.

    Where classes are level it is paper.
    """
    planes = [_resized(plane, width, height) for plane in lead]
    if len(planes) == 1:
        winner, ahead = planes[0] > 0, np.abs(planes[0])
    else:
        winner, ahead = np.argmax(planes, 0), np.max(planes, 0).clip(0)
    band = np.rint(ahead * (SHADES - 1)).astype(np.uint8)
    tinted: Pixels = _TINTS[winner * np.uint8(SHADES) + band][::-1].copy().view(np.uint8)
    return tinted.reshape(height, width, 4)


def boundaries(lead: GridValues, low: tuple[float, float], high: tuple[float, float]) -> list[NDArray[np.float64]]:
    """Where the decision changes: lines [*, 2] in the axes' units on which a class and the best other are level."""
    x, y = (np.linspace(low[side], high[side], lead.shape[2 - side]) for side in (0, 1))
    found: list[NDArray[np.float64]] = []
    for plane in lead:
        lines: Any = contourpy.contour_generator(x, y, plane).lines(0.0)
        found += lines
    return found


def _tints() -> NDArray[np.uint32]:
    """Every class's shades, palest first, one after another; a pixel (red, green, blue, opaque) as one number."""
    colours = np.array([to_rgb(colour) for colour in CLASS_COLOURS])[:, None]
    depth = np.linspace(0, DEEPEST, SHADES)[None, :, None]
    tints = np.rint(255 * (1 - depth * (1 - colours))).astype(np.uint8).reshape(-1, 3)
    return np.column_stack([tints, np.full(len(tints), 255, np.uint8)]).view(np.uint32)[:, 0]


_TINTS = _tints()


def _resized(plane: GridValues, width: int, height: int) -> GridValues:
    """Between grid points by bilinear interpolation; the grid's corners are the image's corners."""
    rows, row_share = _between(plane.shape[0], height)
    columns, column_share = _between(plane.shape[1], width)
    tall = plane[rows] * (1 - row_share)[:, None] + plane[rows + 1] * row_share[:, None]
    wide = tall[:, columns] * (1 - column_share) + tall[:, columns + 1] * column_share
    return wide.astype(np.float32)


def _between(points: int, pixels: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    place = np.linspace(0, points - 1, pixels)
    index = np.minimum(place.astype(np.int64), points - 2)
    return index, (place - index).astype(np.float32)
