"""Drawings -> a PNG: one below another, each under its title.

The marks go to matplotlib's Agg renderer as they are. Made into its artists, which look for ticks, limits and overlaps
that a drawing has none of, the same pictures take ten times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D
from PIL import Image

from lossbench.record import written_aside
from lossbench.report.compare.drawing import INCH, TEXT, WIDTH, Area, Dot, Drawing, Line, Mark, Repeated, Text
from lossbench.report.fonts import families
from lossbench.report.style import LIGHT, TITLE, house_style, shortened

_DPI = 150
_TOP = TITLE * INCH  # above each drawing, for its title


def write_drawings(drawings: Sequence[tuple[str, str, Drawing]], path: Path) -> Path:
    """Write drawings with their titles and subtitles; its bytes depend on nothing but them."""
    height = sum(_TOP + drawing.height for _, _, drawing in drawings)
    with house_style():
        paper = _Paper(height)
        down = 0.0
        for heading, where, drawing in drawings:
            paper.paint(Text((0.02 * WIDTH, 0.26 * INCH), heading, LIGHT["ink"], TEXT + 3, bold=True), (0, down))
            paper.paint(Text((0.02 * WIDTH, 0.46 * INCH), shortened(where, 90), LIGHT["soft"]), (0, down))
            down += _TOP
            for mark in drawing.marks:
                paper.paint(mark, (0, down))
            down += drawing.height
        with written_aside(path) as file:
            paper.image().save(file, format="PNG")
    return path


class _Paper:
    """A sheet `height` points tall, in pixels underneath; the renderer counts them from below."""

    def __init__(self, height: float) -> None:
        self.height = height
        scale = _DPI / INCH
        self.renderer: Any = RendererAgg(round(WIDTH * scale), round(height * scale), _DPI)  # type: ignore[no-untyped-call]
        self.fill([(0, 0), (WIDTH, 0), (WIDTH, height), (0, height)], LIGHT["paper"], 1.0, (0, 0))

    def image(self) -> Image.Image:
        """What was painted."""
        return Image.fromarray(np.asarray(self.renderer.buffer_rgba())).convert("RGB")

    def paint(self, mark: Mark, by: tuple[float, float]) -> None:
        """One mark, moved by so many points."""
        match mark:
            case Line():
                gc = self._context(mark.colour, mark.opacity)
                gc.set_linewidth(mark.width)
                gc.set_capstyle("butt" if mark.dash else "round")
                gc.set_joinstyle("round")
                if mark.dash:
                    gc.set_dashes(0, [float(one) for one in mark.dash.split()])
                self.renderer.draw_path(gc, Outline(mark.points), self._to_pixels(by))
            case Dot():
                place = Affine2D().scale(mark.radius).translate(*mark.at)
                gc = self._context(mark.colour, mark.opacity, width=0)
                self.renderer.draw_path(gc, Outline.unit_circle(), place + self._to_pixels(by), to_rgb(mark.colour))
            case Area():
                self.fill(mark.points, mark.colour, mark.opacity, by)
            case Text():
                self._text(mark, by)
            case Repeated():
                for x, y in mark.places:
                    for line in mark.marks:
                        self.paint(line, (by[0] + x, by[1] + y))

    def fill(self, points: Sequence[tuple[float, float]], colour: str, opacity: float, by: tuple[float, float]) -> None:
        """A filled polygon."""
        outline = Outline([*points, points[0]], closed=True)
        gc = self._context(colour, opacity, width=0)
        self.renderer.draw_path(gc, outline, self._to_pixels(by), to_rgb(colour))

    def _text(self, mark: Text, by: tuple[float, float]) -> None:
        font = _font(families(mark.text), mark.size, mark.bold)
        wide, _, _ = self.renderer.get_text_width_height_descent(mark.text, font, False)
        x, y = self._to_pixels(by).transform(mark.at)
        left = x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.anchor]
        self.renderer.draw_text(
            self._context(mark.colour), left, self.renderer.height - y, mark.text, font, mark.turn, ismath=False
        )

    def _to_pixels(self, by: tuple[float, float]) -> Affine2D:
        return Affine2D().translate(*by).scale(1, -1).translate(0, self.height).scale(_DPI / INCH)

    def _context(self, colour: str, opacity: float = 1.0, *, width: float = 1.0) -> Any:
        gc = self.renderer.new_gc()
        gc.set_foreground(colour)
        gc.set_alpha(opacity)
        gc.set_linewidth(width)
        return gc


@cache
def _font(names: tuple[str, ...], size: float, bold: bool) -> FontProperties:
    return FontProperties(family=list(names), size=size, weight="bold" if bold else "normal")
