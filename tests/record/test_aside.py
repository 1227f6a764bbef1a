"""Files appear whole or not at all; links, pipes and devices are kept as what they are."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from lossbench.errors import UserError
from lossbench.record import written_aside


def test_a_file_is_there_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with written_aside(path) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")

    def fails() -> None:
        with written_aside(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_a_symbolic_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "link.csv", tmp_path / "folder" / "target.csv"
    link.symlink_to(target)
    for text in (b"new", b"again"):  # the target is missing at first
        with written_aside(link) as file:
            file.write(text)
        assert link.is_symlink()
        assert target.read_bytes() == text


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes on Windows")
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with written_aside(pipe) as file:
        file.write(b"through")
    reader.join(10)
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is full")
def test_a_device_stays_a_device() -> None:
    with written_aside(Path(os.devnull)) as file:
        file.write(b"nowhere")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    with pytest.raises(UserError, match="/dev/full: cannot be written"), written_aside(Path("/dev/full")) as file:
        file.write(b"x" * 100)
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
