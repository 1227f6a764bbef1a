"""`plot-loss` at the prompt: pictures that are whole, blocks on a terminal, mistakes in one line."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from lossbench.report.style import COLOURS, SERIES


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_picture_is_drawn_and_is_the_same_again(lossbench, tmp_path, suffix):
    for name in ("one", "two"):
        file = tmp_path / f"{name}.{suffix}"
        code, out, errors = lossbench("plot-loss", "ce", "hinge", "focal(gamma=3)", "nll+relu", "--out", str(file))
        assert (code, out, errors) == (0, f"drawn in {file}\n", [])
    first, second = (tmp_path / f"{name}.{suffix}" for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
    if suffix == "png":
        with Image.open(first) as image:
            assert image.width == 1200
    if suffix == "pdf":
        assert first.read_bytes().startswith(b"%PDF")


def test_an_svg_names_each_loss_and_follows_the_screen_into_the_dark(lossbench, tmp_path):
    file = tmp_path / "x.svg"
    lossbench("plot-loss", "mse", "l1", "poisson_nll", "--what", "value,gradient,curvature", "--out", str(file))
    text = file.read_text()
    root = ElementTree.fromstring(text)
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"mse + identity", "l1 + identity", "poisson_nll + identity", "curvature"} <= set(words)
    assert "prefers-color-scheme:dark" in text
    drawn = text.partition("</style>")[2]
    assert not set(re.findall("#[0-9a-f]{6}", drawn)), "a colour that stays the same in the dark"
    assert "var(--series1)" in drawn


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_lines_stand_out_from_the_paper(side):
    """WCAG 1.4.11: 3 : 1 for what is drawn."""
    paper = _luminance(COLOURS["paper"][side])
    for pair in SERIES.values():
        ink = _luminance(pair[side])
        assert (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05) >= 3
    assert not {light for light, _ in SERIES.values()} & {light for light, _ in COLOURS.values()}


def test_without_a_file_blocks_are_printed(lossbench):
    code, out, errors = lossbench("plot-loss", "hinge", "--what", "value")
    assert (code, errors) == (0, [])
    lines = out.splitlines()
    assert lines[0] == "hinge + identity: margin: linear output of the true class minus the others', -3 to 3"
    blocks = lines[1].split()[1]
    assert (blocks[0], blocks[-1], lines[1].split("  ")[-1]) == ("█", "▁", "0 to 4")
    assert list(blocks) == sorted(blocks, reverse=True), "it falls"


def test_explain_plots_at_the_prompt(lossbench):
    out = lossbench("explain", "mse", "--plot", "--task", "regression")[1]
    assert "mse + identity: residual" in out
    assert "█" in out
    assert "█" not in lossbench("explain", "mse")[1]
    assert "nll + relu: margin" in lossbench("explain", "nll", "relu", "--plot")[1]


def test_losses_without_a_common_task_have_panels_of_their_own(lossbench, tmp_path):
    file = tmp_path / "x.svg"
    assert lossbench("plot-loss", "poisson_nll", "ce", "mse", "--out", str(file))[0] == 0
    assert all(word in file.read_text() for word in (">margin<", ">prediction<", ">residual<"))


def test_parameters_with_commas_and_users_files(lossbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(
        "from lossbench import Encoding, Decoder, Space, Task, loss\n\n\n"
        "@loss(targets={Task.BINARY: Encoding.SIGN}, sound={Space.REAL}, decode=Decoder.MARGIN,"
        " reference='mine')\n"
        "def cube(score, sign, *, margin: float = 1.0):\n    '''cube'''\n"
        "    return (margin - sign * score).clamp(min=0).pow(3).squeeze(-1)\n"
    )
    code, out, errors = lossbench("plot-loss", "tversky(alpha=0.2,beta=0.8)", "own.py:cube", "--task", "binary")
    assert (code, errors) == (0, [])
    assert "tversky(alpha=0.2, beta=0.8) + softmax: probability" in out
    assert "cube + identity: margin" in out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("hings", "unknown loss 'hings'; did you mean 'hinge'?"),
        ("ce --what vlue", "--what: unknown curve 'vlue'; did you mean 'value'?"),
        ("ce --what ,", "--what: names no curve"),
        ("ce --task clas", "--task: unknown task 'clas'"),
        ("ce --axis residual", "--axis: unknown axis 'residual'"),
        ("ce --task regression", "--task: cross_entropy is no loss for regression"),
        ("ce --last-act sigmoi", "--last-act: unknown activation 'sigmoi'"),
        ("bce --last-act softmax", "--last-act: "),
        ("ce --out x.jpg", "x.jpg: cannot draw a *.jpg file; name one of svg, png, pdf"),
        ("ce --out no/x.svg", "no/x.svg: cannot be written"),
    ],
)
def test_a_mistake_is_one_line(lossbench, line, message, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, errors = lossbench("plot-loss", *line.split())
    assert (code, len(errors)) == (2, 1), errors
    assert message in errors[0]
    assert list(tmp_path.iterdir()) == []
