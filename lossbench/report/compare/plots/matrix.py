"""Cross-loss matrix: what was trained on one loss, scored under every other."""

from __future__ import annotations

import math

import numpy as np

from lossbench.record.comparison import SCORELESS, ComparisonRow
from lossbench.report.compare.analysis.statistics.paired import Floats
from lossbench.report.compare.drawing import INCH, ROW, TEXT, WIDTH, Area, Drawing, Text
from lossbench.report.compare.plots.plot import Plot, View
from lossbench.report.style import CHARACTER, LIGHT, shortened, text_width

_DIGITS = 3  # that a cell shows
_SMALLEST = 4.5  # points; smaller numbers lose a digit first
_LEGIBLE = 3.0  # points; a cell with less room for its number has its shade alone
_DARKEST = 0.5  # opacity of a column's best cell: ink stays readable on it


def _rows(view: View) -> list[ComparisonRow]:
    return [row for row in view.table.rows if row.word not in SCORELESS and view.entry(row).result.matrix]


def _matrix(view: View) -> tuple[list[ComparisonRow], list[str], Floats]:
    """Rows, columns and values `[rows, columns]`, NaN where a loss is not defined on another's outputs."""
    rows = _rows(view)
    cells = [view.entry(row).result.matrix for row in rows]
    columns = list(dict.fromkeys(name for row in cells for name in row))
    value = np.array(
        [[np.nan if cell.get(name) is None else cell[name] for name in columns] for cell in cells], dtype=float
    )
    return rows, columns, value.reshape(len(rows), len(columns))


def _names(columns: list[str]) -> list[str]:
    return [shortened(name, 22) for name in columns]


def _standing(column: Floats, digits: int = _DIGITS) -> Floats:
    """From 1 for the lowest loss of a column to 0 for its highest, by rank: losses have no common scale.

    What is written alike is shaded alike.
    """
    known = np.isfinite(column)
    out = np.full(len(column), np.nan)
    written = np.array([float(f"{value:.{digits}g}") for value in column[known]])
    lower = np.searchsorted(np.sort(written), written)  # how many are lower
    out[known] = 1 - lower / max(1, known.sum() - 1)
    return out


def _draw(view: View) -> Drawing | None:
    rows, columns, value = _matrix(view)
    if len(rows) < 2 or not np.isfinite(value).any():
        return None
    names = [shortened(row.name, 26) for row in rows]
    left = (0.3 + text_width(names)) * INCH
    right = max(0.3, 0.72 * text_width(_names(columns)[-1:], TEXT - 1)) * INCH
    wide = (WIDTH - left - right) / len(columns)
    digits = _DIGITS if _fitting(value, _DIGITS, 0.9 * wide) >= _SMALLEST else _DIGITS - 1
    small = min(TEXT - 1, _fitting(value, digits, 0.9 * wide))
    top = (0.1 + 0.72 * text_width(_names(columns), TEXT - 1)) * INCH  # the slanted names above the cells
    drawing = Drawing(top + ROW * len(rows) + 0.15 * INCH)
    for j, name in enumerate(_names(columns)):
        x = left + (j + 0.5) * wide
        drawing.add(Text((x, top - 5), name, LIGHT["ink"], TEXT - 1, turn=45))
        for i, strength in enumerate(_standing(value[:, j], digits)):
            y = top + (i + 0.5) * ROW
            if not np.isfinite(value[i, j]):
                drawing.text(x, y, "·", LIGHT["soft"], anchor="middle")
                continue
            across, down = 0.48 * wide, 0.46 * ROW
            box = [(x - across, y - down), (x + across, y - down), (x + across, y + down), (x - across, y + down)]
            if shade := round(_DARKEST * float(strength) ** 2, 2):
                drawing.add(Area(box, LIGHT["better"], shade))
            if small >= _LEGIBLE:
                drawing.text(x, y, _short(value[i, j], digits), size=small, anchor="middle")
    for i, name in enumerate(names):
        drawing.text(left - 7, top + (i + 0.5) * ROW, name, anchor="end")
    return drawing


def _fitting(value: Floats, digits: int, cell: float) -> float:
    """The size of text with which the longest number fits a cell of so many points."""
    longest = max(len(_short(v, digits)) for v in value[np.isfinite(value)])
    return cell / INCH / (longest * CHARACTER) * TEXT


def _short(value: float, digits: int = _DIGITS) -> str:
    """`.127`, `−.127`, `.0201`, `1.03`, `206`, `3e6`: so many digits, and no zero before the point."""
    size = abs(value)
    if size >= 1e4 or 0 < size < 1e-4:
        mantissa, _, exponent = f"{value:.0e}".partition("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    decimals = max(0, digits - 1 - math.floor(math.log10(size))) if size else 1
    return f"{value:.{decimals}f}".replace("0.", ".", 1 if size < 1 else 0).replace("-", "−")


def _describe(view: View) -> str:
    rows, columns, value = _matrix(view)
    best = [
        f"{name}: {rows[int(np.nanargmin(value[:, j]))].name}"
        for j, name in enumerate(columns)
        if np.isfinite(value[:, j]).any()
    ]
    return "Mean test value of every loss for nets trained on every other. Lowest under " + "; ".join(best) + "."


MATRIX = Plot(
    "matrix",
    "Trained on one loss, scored under another",
    "Rows were trained on the loss named at the left, columns are mean test values of the loss named above. The darker "
    "a cell, the lower it ranks in its column; columns have no common scale. A dot: not defined on such outputs. "
    "Numbers too small to be read are left out; result.json has them.",
    _draw,
    _describe,
)
