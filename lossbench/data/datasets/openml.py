"""`openml:ID`: a set of openml.org, downloaded once, kept as a CSV with its checksum, and read like any user's table.

Only who names one gets one. The cache is `openml/` in `$LOSSBENCH_CACHE`, else in `$XDG_CACHE_HOME/lossbench`, else in
`~/.cache/lossbench`.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.data.datasets.catalogue import OPENML, names
from lossbench.errors import UserError


@dataclass(frozen=True)
class Cached:
    """A downloaded set: its file, and the column that OpenML names as the target (None if it names none)."""

    file: Path
    target: str | None


def fetch(name: str) -> Cached:
    """The set `openml:ID`, from the cache or the network.

    Raises `UserError` for an ID that is no number, without a network, and for a cache that was changed.
    """
    number = name.removeprefix(OPENML)
    if not number.isdecimal():
        raise UserError(f"{number!r} is no OpenML ID", where=name, fix="give a number, like openml:61 (iris)")
    folder = _cache() / number
    facts = folder / "facts.json"
    if not facts.exists():
        _download(int(number), folder, name)
    known: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    file = folder / "table.csv"
    if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != known["sha256"]:
        raise UserError("the cached copy was changed or is damaged", where=name, fix=f"delete {folder} and run again")
    return Cached(file, known["target"])


def _cache() -> Path:
    own = os.environ.get("LOSSBENCH_CACHE")
    if own:
        return Path(own) / "openml"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lossbench" / "openml"


def _download(number: int, folder: Path, name: str) -> None:
    from sklearn.datasets import fetch_openml  # only a download needs it

    try:
        with warnings.catch_warnings():  # its own about retries, before our line
            warnings.simplefilter("ignore")
            # the liac-arff parser: the default one fails on pandas 3 and deletes its cache
            bunch: Any = fetch_openml(data_id=number, parser="liac-arff", as_frame=True, cache=False)
    except OSError as problem:
        known = ", ".join(names())
        fix = f"without a network there are {known}"
        raise UserError(f"cannot be downloaded ({problem})", where=name, fix=fix) from None
    except ValueError as problem:
        raise UserError(f"OpenML refuses it ({problem})", where=name, fix="check the ID at openml.org") from None
    content = bunch.frame.to_csv(index=False).encode()
    targets = [str(column) for column in bunch.target_names]
    facts = {
        "id": number,
        "name": bunch.details.get("name", ""),
        "version": bunch.details.get("version", ""),
        "licence": bunch.details.get("licence", ""),
        "target": targets[0] if len(targets) == 1 else None,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "table.csv", content)
    _write(folder / "facts.json", json.dumps(facts, indent=1).encode())  # last: its presence says that all is there


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    os.replace(aside, path)
