"""A run is recorded whatever becomes of its terminal; a reading error is not standard output's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lossbench.cli import main
from lossbench.record import read_record

RUN = f"{sys.executable} -m lossbench train --epochs 1 --hidden 4 --no-recommended --output . --name run"
pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is full")


@pytest.mark.parametrize(
    ("streams", "code"), [(">&- 2>&- <&-", 0), (">/dev/null 2>/dev/full", 0), ("--json >/dev/full 2>/dev/null", 0)]
)
def test_a_run_without_a_terminal_is_recorded(streams: str, code: int, tmp_path: Path) -> None:
    ended = subprocess.run(["sh", "-c", f"{RUN} {streams}"], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == code
    assert read_record(tmp_path / "run").status == "ok"
    assert set(read_record(tmp_path / "run").files) == {"weights.safetensors", "curves.png"}


def test_an_answer_that_cannot_be_printed_is_one_line_and_recorded(tmp_path: Path) -> None:
    ended = subprocess.run(
        ["sh", "-c", f"{RUN} --quiet >/dev/full"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False
    )
    assert read_record(tmp_path / "run").status == "ok"
    assert ended.returncode in (0, 2)
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file whose first byte cannot be read")
def test_a_disk_that_fails_is_named_and_not_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "/proc/self/mem", "--target", "y"]) == 2
    assert capsys.readouterr().err == "error: /proc/self/mem: cannot be read (input/output error)\n"


def test_formulas_survive_a_python_without_docstrings() -> None:
    script = "from lossbench.catalog.loss import LOSSES; print(*(loss.formula for loss in LOSSES), sep='\\n')"
    whole, bare = (
        subprocess.run([sys.executable, *flags, "-c", script], capture_output=True, text=True, check=True).stdout
        for flags in ([], ["-OO"])
    )
    assert whole == bare
    assert all(line.strip() for line in whole.splitlines())
