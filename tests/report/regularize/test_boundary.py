"""The animation and its stills, from a record alone."""

import csv
import itertools
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, features

from lossbench.errors import UserError
from lossbench.events import Phase
from lossbench.record import PackedPlanes, RegularizeRecord
from lossbench.report.regularize import check_format, write
from lossbench.report.regularize.animation import COLOURS, Palette, durations
from lossbench.report.regularize.frame import Frames
from lossbench.report.regularize.layout import lay_out
from lossbench.report.regularize.legend import percent, spell, tick
from lossbench.report.regularize.style import CLASS_COLOURS, MARKERS, NAMED, boundaries, shade
from lossbench.report.regularize.view_data import read_view_data
from tests.report.regularize.planted_regions import planted_regions


def drawn(record, folder, **options):
    shown = []
    write(record, folder, emit=shown.append, **options)
    return shown, {path.name: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """The pictures of one penalty at 20 alphas."""
    folder = tmp_path_factory.mktemp("one")
    shown, files = drawn(planted_regions(unconverged=(3,)), folder)
    return shown, files


def gif_blocks(data):
    """What a GIF's bytes say (GIF89a): (global colours, local colour tables, loop count, disposal of every frame)."""
    assert data[:6] == b"GIF89a"
    flags = data[10]
    at = 13 + 3 * (2 << (flags & 7)) * (flags >> 7)
    colours, local, loop = (2 << (flags & 7)) * (flags >> 7), 0, None
    while data[at] != 0x3B:
        if data[at] == 0x21:
            if data[at + 1] == 0xFF and data[at + 3 : at + 14] == b"NETSCAPE2.0":
                loop = int.from_bytes(data[at + 16 : at + 18], "little")
            at += 2
        else:
            flags = data[at + 9]
            local += flags >> 7
            at += 10 + 3 * (2 << (flags & 7)) * (flags >> 7) + 1
        while data[at]:
            at += data[at] + 1
        at += 1
    return colours, local, loop


def test_every_file_is_there_and_progress_counts_frames(one):
    shown, files = one
    assert set(files) == {"boundary.gif", "boundary.png", "path.png", "frames.csv"}
    assert shown == [Phase("frames", k, 20) for k in range(1, 21)]


def test_the_gif_has_one_palette_loops_and_holds_its_last_frame(one):
    _, files = one
    colours, local, loop = gif_blocks(files["boundary.gif"].read_bytes())
    assert (colours, local, loop) == (COLOURS + 1, 0, 0)
    with Image.open(files["boundary.gif"]) as film:
        assert film.n_frames == 20
        shown = []
        for k in range(20):
            film.seek(k)
            shown.append(film.info["duration"])
    assert shown == [250] * 19 + [2250]


def test_twenty_frames_of_one_penalty_are_less_than_half_a_megabyte(one):
    _, files = one
    assert files["boundary.gif"].stat().st_size <= 500_000
    with Image.open(files["boundary.gif"]) as film:
        assert film.size[0] <= 700
        assert film.size[1] <= 600


def test_the_same_record_gives_the_same_bytes_whatever_a_users_style_says(one, tmp_path):
    """In a process of its own, from JSON, with a matplotlibrc that would change every letter; and without torch."""
    _, files = one
    record = tmp_path / "result.json"
    record.write_text(planted_regions(unconverged=(3,)).to_json())
    (tmp_path / "matplotlibrc").write_text("font.size: 20\nlines.linewidth: 9\naxes.facecolor: red\n")
    script = (
        "import sys; from pathlib import Path\n"
        "from lossbench.record import read_record; from lossbench.report.regularize import write\n"
        "folder = Path(sys.argv[1]); write(read_record(folder), folder)\n"
        "assert not {'torch', 'sklearn', 'pandas', 'matplotlib.pyplot'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=tmp_path, check=True, env=_path_of_the_project())
    for name, path in files.items():
        assert (tmp_path / name).read_bytes() == path.read_bytes(), name


def _path_of_the_project():
    import os
    from pathlib import Path

    import lossbench

    return {**os.environ, "PYTHONPATH": str(Path(lossbench.__file__).parent.parent)}


def test_nothing_flickers_what_does_not_change_keeps_its_colour(one):
    """Title, axes and scales are the same pixels in all frames."""
    _, files = one
    place = lay_out(1).panels[0].regions
    frames = []
    with Image.open(files["boundary.gif"]) as film:
        for k in range(film.n_frames):
            film.seek(k)
            frames.append(np.asarray(film.convert("RGB")))
    for frame in frames[1:]:
        for still in (np.s_[:70, :480], np.s_[place.y + place.h + 2 : place.y + place.h + 40, : place.x + place.w]):
            assert (frame[still] == frames[0][still]).all()
    assert (frames[0][:3] == 255).all(), "paper stays white"


def test_every_frame_shows_another_alpha_also_where_the_regions_stay():
    record = planted_regions(alphas=5)
    for member in record.results[0].members[1:]:
        member.path = (
            record.results[0].members[0].path_record().model_copy(update={"alpha": member.path_record().alpha})
        )
    record.results[0].regions = record.results[0].regions[:1] * 5
    stage = Frames(read_view_data(record))
    frames = [stage.frame(k) for k in range(5)]
    assert all((a != b).any() for a, b in itertools.pairwise(frames))


def test_a_frame_does_not_depend_on_the_frames_before_it():
    view = read_view_data(planted_regions(alphas=6, penalties=("l1", "l2")))
    straight, jumping = Frames(view), Frames(view)
    jumping.frame(5)
    jumping.frame(1)
    straight.frame(0)
    assert (straight.frame(3) == jumping.frame(3)).all()


def test_penalties_stand_side_by_side_on_common_scales(tmp_path):
    record = planted_regions(penalties=("l1", "l2", "elasticnet"), alphas=4, classes=3)
    view = read_view_data(record)
    stage = Frames(view)
    assert stage.frame(0).shape == (stage.layout.height, stage.layout.width, 4)
    limits = {view.charts[2].bars.axes.get_xlim() for view in stage.views}
    assert len(limits) == 1
    assert limits.pop()[1] >= view.widest_weight
    _, files = drawn(record, tmp_path)
    rows = list(csv.DictReader(files["frames.csv"].read_text().splitlines()))
    assert len(rows) == 12
    assert {row["penalty"] for row in rows} == {"l1", "l2", "elasticnet"}


def test_the_csv_holds_what_the_frames_say(one):
    _, files = one
    rows = list(csv.DictReader(files["frames.csv"].read_text().splitlines()))
    member = planted_regions(unconverged=(3,)).results[0].members[3]
    assert float(rows[3]["alpha"]) == member.path.alpha
    assert float(rows[3]["test_accuracy"]) == member.test["accuracy"]
    assert float(rows[3]["data_loss"]) == member.path.data_loss
    assert [row["converged"] for row in rows] == ["True"] * 3 + ["False"] + ["True"] * 16


def test_a_net_that_has_not_converged_is_marked_on_its_frame():
    stage = Frames(read_view_data(planted_regions(alphas=5, unconverged=(3,))))
    shown = []
    for k in range(5):
        stage.frame(k)
        shown.append(stage.views[0].warning.get_text())
    assert shown == ["", "", "", "not converged", ""]


@pytest.mark.parametrize("name", ["webp", "apng"])
def test_other_formats_have_all_frames(tmp_path, name):
    if name == "webp":
        assert features.check("webp"), "Pillow's wheels have it"
    _, files = drawn(planted_regions(alphas=4), tmp_path, format=name)
    with Image.open(files[f"boundary.{name}"]) as film:
        assert film.n_frames == 4
        assert film.info["loop"] == 0


def test_a_format_that_cannot_be_written_is_said_before_anything_is(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match=r"mp4 needs ffmpeg; pip install imageio-ffmpeg, or use gif"):
        write(planted_regions(alphas=2), tmp_path, format="mp4")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="unknown format 'avi'"):
        check_format("avi")


@pytest.mark.parametrize("fails", [False, True])
def test_an_mp4_is_whole_or_not_there(tmp_path, monkeypatch, fails):
    """With a stub for imageio's ffmpeg writer, which is not installed."""
    import types

    class Writer:
        def __init__(self, path, **_):
            self.path, self.frames = path, 0

        def __enter__(self):
            self.path.write_bytes(b"half")
            return self

        def __exit__(self, *_):
            self.path.write_bytes(b"%d frames" % self.frames)

        def append_data(self, picture):
            assert picture.shape[2] == 3
            self.frames += 1
            if fails and self.frames == 2:
                raise OSError("ffmpeg has died")

    monkeypatch.setattr("imageio.v2.get_writer", Writer)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", types.ModuleType("imageio_ffmpeg"))
    if fails:
        with pytest.raises(OSError, match="ffmpeg has died"):
            write(planted_regions(alphas=3), tmp_path, format="mp4")
        assert not list(tmp_path.glob("*mp4*"))
    else:
        write(planted_regions(alphas=3), tmp_path, format="mp4")
        assert (tmp_path / "boundary.mp4").read_bytes() == b"11 frames"
        assert len(list(tmp_path.iterdir())) == 4


def test_a_film_that_is_aborted_half_way_leaves_no_half_film(tmp_path):
    def abort(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(planted_regions(alphas=3), tmp_path, emit=abort)
    assert not list(tmp_path.glob("*boundary*"))


def test_long_and_odd_names_are_drawn_as_they_are(tmp_path):
    record = planted_regions(alphas=2, classes=7)
    record.analysis.title = "costs_$x_1$ & [bold] " * 3
    drawn(record, tmp_path)


def test_a_palette_keeps_common_colours_and_gives_the_nearest_of_the_rest():
    draw = np.random.default_rng(0)
    frames = [np.full((40, 40, 4), 255, np.uint8) for _ in range(2)]
    frames[0][:20, :, :3] = (0, 114, 178)
    frames[1][5:9, :, :3] = draw.integers(0, 256, (4, 40, 3))
    palette = Palette(frames)
    for frame in frames:
        seen = np.asarray(palette.image(frame).convert("RGB")).astype(int)
        away = np.square(frame[..., :3].reshape(-1, 1, 3).astype(int) - palette.colours[None].astype(int)).sum(2)
        chosen = np.square(frame[..., :3].astype(int) - seen).sum(2).ravel()
        assert (chosen == away.min(1)).all()
    assert (np.asarray(palette.image(frames[0]).convert("RGBA")) == frames[0]).all()


def test_planes_come_back_within_their_levels_and_exact_in_sign():
    ticks = np.linspace(-1, 1, 81)
    values = np.tanh(4 * (ticks[:, None] + ticks[None] ** 2 - 0.3))[None] * 0.37
    packed = PackedPlanes.model_validate_json(PackedPlanes.of(values).model_dump_json())
    back = packed.values()
    # Levels are q |q| / 127^2: half a step is at most 1 / 127 of the largest value.
    assert np.abs(back - values).max() <= 0.37 / 127
    # Near zero they are 1 / 127^2 apart; below half of the first one the sign is lost.
    clear = np.abs(values) > 0.37 / 127**2
    assert (np.sign(back)[clear] == np.sign(values)[clear]).all()
    assert PackedPlanes.of(np.zeros((1, 3, 3))).values().tolist() == [[[0.0] * 3] * 3]


def test_a_boundary_lies_where_the_lead_changes_its_sign():
    """x + 2 y = 0.5 on a grid that does not hold it."""
    x, y = np.meshgrid(np.linspace(-1, 1, 50), np.linspace(-2, 2, 40))
    (line,) = boundaries((x + 2 * y - 0.5)[None].astype(np.float32), (-1, -2), (1, 2))
    np.testing.assert_allclose(line[:, 0] + 2 * line[:, 1], 0.5, atol=1e-5)


def test_shades_are_the_winners_colour_and_deepen_with_its_lead():
    lead = np.linspace(-1, 1, 101, dtype=np.float32)[None, None].repeat(5, 1)
    row = shade(lead, 101, 5)[2, :, :3].astype(int)
    blue, vermilion = NAMED[0], NAMED[1]
    assert row[0, 2] > row[0, 0], "the first class is blue"
    assert row[-1, 0] > row[-1, 2], "the second vermilion"
    away = [np.abs(pixel - (blue if k < 50 else vermilion)).sum() for k, pixel in enumerate(row)]
    assert all(a <= b for a, b in itertools.pairwise(away[:50])), "paler towards the boundary"
    assert all(a >= b for a, b in itertools.pairwise(away[51:])), "and deeper beyond it"


def test_north_is_up():
    """The class that leads where y is large has the upper rows of the picture."""
    lead = np.linspace(-1, 1, 20, dtype=np.float32)[None, :, None].repeat(20, 2)
    picture = shade(lead, 20, 20)
    assert picture[0, 0, 0] > picture[0, 0, 2]
    assert picture[-1, 0, 0] < picture[-1, 0, 2]


def test_class_colours_stay_apart_for_colour_blind_eyes():
    """Simulated deuteranopia, protanopia (Vienot, Brettel & Mollon 1999, in linear RGB): each pair is told apart by
    colour or by its marker, and the first three by colour alone."""
    assert len(set(MARKERS)) == len(CLASS_COLOURS)
    linear = (np.array(NAMED[: len(CLASS_COLOURS)]) / 255) ** 2.2
    for red, green, blue in ((0.29275, 0.70725, -0.02234), (0.10889, 0.89111, -0.00447)):
        seen = np.column_stack([linear @ [red, green, 0], linear @ [red, green, 0], linear @ [blue, -blue, 1]]).clip(
            0, 1
        ) ** (1 / 2.2)
        for a, b in itertools.combinations(range(3), 2):
            assert np.abs(seen[a] - seen[b]).max() > 0.15


def test_numbers_take_few_letters():
    assert [spell(v) for v in (0, 8.6e-19, 1e-4, 0.00015, 0.0336, 1.438, 69.5, 100.0, float("nan"))] == [
        "0", "< 1e−6", "1.00e−4", "1.50e−4", "0.0336", "1.44", "69.5", "100", "–",
    ]  # fmt: skip
    assert [tick(v) for v in (0, 0.25, 5, 1e12, -2.5e-12)] == ["0", "0.25", "5", "1e12", "−2.5e−12"]
    assert [percent(v) for v in (1.0, 0.9667, 0.5, float("nan"))] == ["100%", "96.7%", "50%", "–"]
    assert durations(3, 8) == [120, 120, 2120]


def test_a_record_survives_json_before_it_is_drawn():
    record = planted_regions(alphas=3)
    again = RegularizeRecord.model_validate_json(record.to_json())
    assert (Frames(read_view_data(record)).frame(1) == Frames(read_view_data(again)).frame(1)).all()
