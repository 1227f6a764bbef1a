"""Drawing -> SVG: real text, colours for light and dark, labels for screen readers.

Styles are classes shared by all pictures of a page, so that its policy can forbid inline styles; colours are CSS
variables, so that a picture follows the page into the dark.
"""

from __future__ import annotations

from html import escape

from lossbench.report.compare.drawing import (
    INCH,
    TEXT,
    WIDTH,
    Area,
    Dot,
    Drawing,
    Line,
    Mark,
    Points,
    Repeated,
    Text,
)
from lossbench.report.style import LIGHT, TITLE, theme_css

_NAME_OF = {light: name for name, light in LIGHT.items()}
# Inherited, and classes without the picture's own before them: what `<use>` repeats is outside of it to a style sheet.
ALWAYS = ".plot{stroke-linejoin:round;stroke-linecap:round}"


class Styles:
    """Styles seen so far, each a class; one instance serves all pictures of a page."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}

    def named(self, style: str) -> str:
        """The class of a style."""
        return self._classes.setdefault(style, f"p{len(self._classes)}")

    def css(self) -> str:
        """The rules of all classes."""
        return "\n".join([ALWAYS, *(f".{name}{{{style}}}" for style, name in self._classes.items())])


def inline_svg(drawing: Drawing, name: str, title: str, description: str, styles: Styles) -> str:
    """A drawing as an `<svg>` for a page; `name` must be unique in it."""
    return (
        f'<svg class="plot" viewBox="0 0 {_n(WIDTH)} {_n(drawing.height)}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc">{_body(drawing, name, title, description, styles)}</svg>'
    )


def standalone_svg(drawing: Drawing, title: str, subtitle: str, description: str) -> str:
    """A drawing under its title as an SVG file of its own, light and dark."""
    styles = Styles()
    body = _body(drawing, "picture", title, description, styles)
    heading = _text(Text((0.02 * WIDTH, 0.26 * INCH), title, LIGHT["ink"], TEXT + 3, bold=True), styles)
    heading += _text(Text((0.02 * WIDTH, 0.46 * INCH), subtitle, LIGHT["soft"]), styles)
    top = TITLE * INCH
    wide, tall = _n(WIDTH), _n(top + drawing.height)
    paper = "svg{background:var(--paper);font-family:'DejaVu Sans',sans-serif}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 {_n(-top)} {wide} {tall}" width="{wide}"'
        f' height="{tall}" role="img" aria-labelledby="picture-title picture-desc">'
        f"<style>{theme_css()}\n{paper}\n{styles.css()}</style>{body}"
        f'<g transform="translate(0 {_n(-top)})">{heading}</g></svg>\n'
    )


def _body(drawing: Drawing, name: str, title: str, description: str, styles: Styles) -> str:
    parts = [f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>']
    for i, mark in enumerate(drawing.marks):
        parts.append(_written(mark, f"{name}-{i}", styles))
    return "".join(parts)


def _written(mark: Mark, name: str, styles: Styles) -> str:
    match mark:
        case Line():
            return _line(mark, styles)
        case Dot():  # a line of no length with round ends: shorter than a circle
            style = f"stroke:{_colour(mark.colour)};stroke-width:{_n(2 * mark.radius)}{_opacity(mark.opacity)}"
            return f'<path class="{styles.named(style)}" d="M{_n(mark.at[0])} {_n(mark.at[1])}h0"/>'
        case Area():
            fill = styles.named(f"fill:{_colour(mark.colour)}")
            opacity = f' opacity="{mark.opacity:.2g}"' if mark.opacity < 1 else ""
            return f'<path class="{fill}" d="{_path(mark.points)}z"{opacity}/>'
        case Text():
            return _text(mark, styles)
        case Repeated():
            marks = "".join(_line(one, styles) for one in mark.marks)
            uses = "".join(f'<use href="#{name}" x="{_n(x)}" y="{_n(y)}"/>' for x, y in mark.places)
            return f'<defs><g id="{name}">{marks}</g></defs>{uses}'


def _line(mark: Line, styles: Styles) -> str:
    style = f"fill:none;stroke:{_colour(mark.colour)};stroke-width:{mark.width:.3g}{_opacity(mark.opacity)}"
    style += f";stroke-dasharray:{mark.dash};stroke-linecap:butt" if mark.dash else ""
    return f'<path class="{styles.named(style)}" d="{_path(mark.points)}"/>'


def _text(mark: Text, styles: Styles) -> str:
    style = f"font-size:{_n(mark.size)}px;fill:{_colour(mark.colour)}"
    style += f";text-anchor:{mark.anchor}" if mark.anchor != "start" else ""
    style += ";font-weight:bold" if mark.bold else ""
    x, y = _n(mark.at[0]), _n(mark.at[1])
    turn = f' transform="rotate({_n(-mark.turn)} {x} {y})"' if mark.turn else ""
    return f'<text class="{styles.named(style)}" x="{x}" y="{y}"{turn}>{escape(mark.text)}</text>'


def _path(points: Points) -> str:
    first, *rest = (f"{_n(x)} {_n(y)}" for x, y in points)
    return f"M{first}" + (f"L{' '.join(rest)}" if rest else "")


def _n(value: float) -> str:
    """A tenth of a point: finer than a screen or a printer shows."""
    return f"{value:.1f}".removesuffix(".0")


def _opacity(value: float) -> str:
    return f";opacity:{value:.2g}" if value < 1 else ""


def _colour(value: str) -> str:
    return f"var(--{_NAME_OF[value]})"
