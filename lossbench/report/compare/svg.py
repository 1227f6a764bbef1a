"""Figure -> inline SVG for a page: real text, colours for light and dark, labels for screen readers.

What matplotlib writes carries inline styles, ids that repeat from picture to picture, and addresses. Here styles become
classes shared by all pictures of a page (so that its policy can forbid inline styles), ids get the picture's name in
front and colours become CSS variables.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

from matplotlib.figure import Figure

from lossbench.report.style import COLOURS, LIGHT

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_NAME_OF = {light: name for name, light in LIGHT.items()}
_COORDINATES = {"d", "x", "y", "transform", "width", "height", "points"}
ALWAYS = ".plot *{stroke-linejoin:round;stroke-linecap:butt}"


class Styles:
    """Inline styles seen so far, each a class; one instance serves all pictures of a page."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}

    def named(self, style: str) -> str:
        """The class of an inline style; "" if nothing of it is needed."""
        kept = [
            f"{name.strip()}:{_colour(value.strip())}"
            for name, _, value in (part.partition(":") for part in style.split(";") if part.strip())
            if name.strip() != "font-family"  # the page's
        ]
        return self._classes.setdefault(";".join(kept), f"p{len(self._classes)}") if kept else ""

    def css(self) -> str:
        """The rules of all classes."""
        return "\n".join([ALWAYS, *(f".plot .{name}{{{style}}}" for style, name in self._classes.items())])


def inline_svg(figure: Figure, name: str, title: str, description: str, styles: Styles) -> str:
    """A figure as an `<svg>` for a page; `name` must be unique in it."""
    root = _read(figure)
    _strip(root, name, styles)
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib |= {"class": "plot", "viewBox": box, "role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{name}-{tag}"})
        element.text = text
        root.insert(place, element)
    return ET.tostring(root, encoding="unicode", short_empty_elements=True)


def standalone_svg(figure: Figure, title: str, description: str) -> str:
    """A figure as an SVG file of its own, light and dark."""
    styles = Styles()
    root = ET.fromstring(inline_svg(figure, "picture", title, description, styles))
    box = root.attrib["viewBox"].split()
    root.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "width": box[2], "height": box[3]}
    style = ET.Element("style")
    style.text = f"{theme_css()}\nsvg{{background:var(--paper);font-family:'DejaVu Sans',sans-serif}}\n{styles.css()}"
    root.insert(2, style)
    return ET.tostring(root, encoding="unicode") + "\n"


def theme_css() -> str:
    """The colours as CSS variables: light, and dark on a screen whose user prefers it."""
    light, dark = (
        "".join(f"--{name}:{pair[side]};" for name, pair in COLOURS.items()) for side in (0, 1)
    )  # fmt: skip
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _colour(value: str) -> str:
    return f"var(--{_NAME_OF[value]})" if value in _NAME_OF else value


def _read(figure: Figure) -> ET.Element:
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return ET.fromstring(file.getvalue())


def _strip(element: ET.Element, name: str, styles: Styles) -> None:
    """Classes for styles, prefixed ids where something refers to them, rounded numbers, no empty wrappers; in place."""
    element.tag = element.tag.removeprefix(_SVG)
    children: list[ET.Element] = []
    for child in element:
        if child.tag in {f"{_SVG}metadata", f"{_SVG}style"}:
            continue
        _strip(child, name, styles)
        if child.tag in {"g", "defs"} and not child.attrib.keys() - {"id"}:
            children += list(child) if child.tag == "g" else [child] if len(child) else []
        else:
            children.append(child)
    element[:] = children
    element.text = element.text if element.tag in {"text", "tspan"} else None
    element.tail = None
    element.attrib.update(_attributes(element, name, styles))


def _attributes(element: ET.Element, name: str, styles: Styles) -> dict[str, str]:
    old, new = dict(element.attrib), {}
    element.attrib.clear()
    for key, value in old.items():
        if key == "style":
            if found := styles.named(value):
                new["class"] = found
        elif key == "id":
            if element.tag in {"path", "clipPath"}:  # the others are names that nothing refers to
                new["id"] = f"{name}-{value}"
        elif key == _HREF:
            new["href"] = f"#{name}-{value.removeprefix('#')}"
        elif key == "clip-path":
            new[key] = value.replace("url(#", f"url(#{name}-")
        elif key == "transform" and value.startswith("rotate(-0 "):
            continue
        else:
            new[key] = _rounded(value) if key in _COORDINATES else value
    return new


def _rounded(value: str) -> str:
    short = _NUMBER.sub(lambda match: f"{float(match.group()):.2f}".rstrip("0").rstrip("."), value)
    return re.sub(r"\s*\n\s*", "", short).replace(" L ", "L").strip()
