"""README tells the truth: its commands are run, its Python is executed, its tables are what the code says."""

import contextlib
import doctest
import io
import re
from pathlib import Path

import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.cli import main
from lossbench.data.datasets.catalogue import datasets
from tests.catalogue_table import catalogue_table

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
CONSOLE = [code for language, code in BLOCKS if language == "console"]

PASSENGERS = "class,sex,age,survived\n" + "".join(
    f"{1 + i % 3},{'male' if i % 2 else 'female'},{20 + i % 37},{'no' if i % 2 or i % 7 == 0 else 'yes'}\n"
    for i in range(80)
)
CROOKED = "a,b,y\n1,2,0\n1,2,3,1\n4,5,1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the files that README's examples speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    (tmp_path / "passengers.csv").write_text(PASSENGERS)
    (tmp_path / "new.csv").write_text("class,sex,age\n1,female,30\n3,male,40\n")
    (tmp_path / "crooked.csv").write_text(CROOKED)
    (tmp_path / "my_loss.py").write_text(next(code for code in PYTHON if code.startswith("# my_loss.py")))
    return tmp_path


def printed(command: str) -> str:
    """What a command prints, errors included."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        main(command.removeprefix("lossbench ").split())
    return printed.getvalue()


@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.split("\n", 1)[0])
def test_console_blocks_print_what_they_show(block: str, folder: Path) -> None:
    examples = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert examples
    same = doctest.OutputChecker().check_output
    for command, shown in examples:
        found = re.sub(r"[ ]+$", "", printed(command), flags=re.MULTILINE)
        assert same(shown, found, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), f"$ {command}\n{found}"


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: code.split("\n", 1)[0])
def test_python_blocks_run(code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    if "print(" in code:
        assert capsys.readouterr().out.strip()


def test_pictures_are_there() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)
    assert len(pictures) >= 4
    for words, path in pictures:
        assert words, "a picture says in words what it shows"
        assert (ROOT / path).is_file(), path


def test_the_catalogue_table_is_the_catalogue() -> None:
    assert catalogue_table() in README, "write it again: python -m tests.catalogue_table"
    assert f"{len(LOSSES)} losses" in README


def test_every_make_target_is_told() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in ("demo", "test", "check", "bench", "calibrate", "known-results", "pictures"):
        assert target in targets
        assert f"make {target}" in README


def test_the_tables_are_counted() -> None:
    real = [entry for entry in datasets() if entry.is_real]
    rows = [entry.rows for entry in real]
    said = f"lists {len(datasets())} tables, of which {len(real)} are real: {min(rows)} to {max(rows):,} rows"
    assert said in README
    assert f"up to {max(entry.classes for entry in real)} classes" in README
    assert f"{len({entry.file for entry in real if not entry.remedy})} files come with lossbench" in README
