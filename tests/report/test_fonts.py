"""Letters that DejaVu Sans lacks are drawn in a font that has them; where none has, one sentence says so."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font

from lossbench.errors import LossbenchWarning
from lossbench.report import fonts
from lossbench.report.compare.drawing import Drawing, Text
from lossbench.report.compare.png import write_drawings
from lossbench.report.fonts import families, missing_letters_are_told_once
from lossbench.report.style import house_style, new_figure, text_width, write_png

MATH = "\u1d81"  # a letter of STIXGeneral, which comes with matplotlib, and not of DejaVu Sans
NONE = "\ue8f7\uf123"  # letters of private use, which no font here has


@pytest.fixture(autouse=True)
def _nothing_told():
    for memory in (fonts._missing, fonts._told):
        memory.clear()
    families.cache_clear()
    fonts._others.cache_clear()
    yield
    plt.close("all")


def letters_of(family):
    return get_font(findfont(FontProperties(family=family))).get_charmap()


@pytest.mark.parametrize("text", ["", "loss", "Straße", "потеря", "α ≤ 3"])
def test_usual_letters_are_dejavus(text):
    assert families(text) == ("DejaVu Sans",)


def test_another_letter_is_found_in_an_installed_font():
    found = families(f"a{MATH}b")
    assert found[0] == "DejaVu Sans"
    assert ord(MATH) not in letters_of("DejaVu Sans")
    assert any(ord(MATH) in letters_of(family) for family in found[1:])


def drawings(tmp_path, text):
    def train():
        with house_style():
            figure = new_figure(1.0)
            figure.text(0.1, 0.5, text)
            write_png(figure, tmp_path / "train.png")

    def compare():
        write_drawings([(text, text, Drawing(40.0, [Text((5.0, 5.0), text, "#000000")]))], tmp_path / "compare.png")

    return {"train": train, "compare": compare}


@pytest.mark.parametrize("which", ["train", "compare"])
def test_a_letter_that_no_font_has_is_one_warning(tmp_path, which):
    draw = drawings(tmp_path, f"a{NONE}")[which]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        draw()
        draw()
    (warning,) = caught
    assert warning.category is LossbenchWarning
    assert str(warning.message).startswith(
        f"pictures: no installed font has the letters {NONE}: each is drawn as a box"
    )
    assert (tmp_path / f"{which}.png").stat().st_size > 0


@pytest.mark.parametrize("which", ["train", "compare"])
def test_a_letter_of_another_font_is_no_warning(tmp_path, which):
    drawings(tmp_path, f"a{MATH}b")[which]()


def test_other_warnings_pass():
    with pytest.warns(UserWarning, match="something else"), missing_letters_are_told_once():
        warnings.warn("something else", UserWarning, stacklevel=1)


def test_wide_letters_take_twice_the_room():
    assert text_width(["损失函数"]) == pytest.approx(2 * text_width(["loss"]))
