"""A comparison never takes another run's folder, and leaves none behind when nothing came of it."""

import contextlib
from pathlib import Path

import pytest

from lossbench.errors import UserError
from lossbench.runner.numbered_folder import numbered_folder


def keep(folder: Path) -> None:
    (folder / "result.json").write_text("{}")


def test_default_names_are_numbered_and_never_overwrite(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        with numbered_folder(str(tmp_path), None, "titanic-nll", force=False) as folder:
            keep(folder)
            names.append(folder.name)
    assert names == ["titanic-nll", "titanic-nll-2", "titanic-nll-3"]


def test_a_name_that_is_taken_is_refused_without_force(tmp_path: Path) -> None:
    with numbered_folder(str(tmp_path), "mine", "x", force=False) as folder:
        keep(folder)
    with (
        pytest.raises(UserError, match="exists already; give another --name, or --force"),
        numbered_folder(str(tmp_path), "mine", "x", force=False),
    ):
        pass
    with numbered_folder(str(tmp_path), "mine", "x", force=True) as folder:
        assert folder == tmp_path / "mine"


def test_nothing_is_left_behind_when_nothing_came_of_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), numbered_folder(str(tmp_path), None, "x", force=False):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_folders_made_to_hold_the_run_go_with_it_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    for output in ("mine/a/b", "mine", "other"):
        with contextlib.suppress(UserError), numbered_folder(str(tmp_path / output), None, "x", force=False) as folder:
            (folder / "weights.safetensors").touch()
            raise UserError("no room")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_run_whose_record_is_written_stays_whatever_fails_behind_it(tmp_path: Path) -> None:
    with contextlib.suppress(UserError), numbered_folder(str(tmp_path), None, "x", force=False) as folder:
        keep(folder)
        raise UserError("no room for the picture")
    assert (tmp_path / "x" / "result.json").exists()


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for output in (str(tmp_path / "file"), str(tmp_path / "file" / "below"), "/proc/nowhere"):
        with (
            pytest.raises(UserError, match="cannot write there") as error,
            numbered_folder(output, None, "x", force=False),
        ):
            pass
        assert "\n" not in str(error.value)
