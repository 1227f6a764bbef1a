"""`openml:ID`: a set of openml.org, downloaded once, kept as a CSV with its checksum, and read like any user's table.

`openml-suite:ID` is the list of such sets that OpenML keeps under that number. Only who names one gets one.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.data.datasets.cache import cache_folder, sha256_of, write_whole
from lossbench.data.datasets.catalogue import datasets
from lossbench.data.datasets.names import OPENML, OPENML_SUITE
from lossbench.errors import UserError

SUITES = "https://www.openml.org/api/v1/json/study/{}"
TIMEOUT = 30  # seconds


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
    folder = cache_folder("openml") / number
    facts = folder / "facts.json"
    if not facts.exists():
        _download(int(number), folder, name)
    known: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    file = folder / "table.csv"
    if not file.exists() or sha256_of(file.read_bytes()) != known["sha256"]:
        raise UserError("the cached copy was changed or is damaged", where=name, fix=f"delete {folder} and run again")
    return Cached(file, known["target"])


def _offline(name: str, problem: OSError) -> UserError:
    here = [entry.name for entry in datasets() if entry.is_real and not entry.remedy]
    fix = f"without a network there are {', '.join(here)}, and more (`lossbench datasets`)"
    return UserError(f"cannot be downloaded ({problem})", where=name, fix=fix)


def _download(number: int, folder: Path, name: str) -> None:
    from sklearn.datasets import fetch_openml  # only a download needs it

    try:
        with warnings.catch_warnings():  # its own about retries, before our line
            warnings.simplefilter("ignore")
            # the liac-arff parser: the default one fails on pandas 3 and deletes its cache
            bunch: Any = fetch_openml(data_id=number, parser="liac-arff", as_frame=True, cache=False)
    except OSError as problem:
        raise _offline(name, problem) from None
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
        "sha256": sha256_of(content),
    }
    write_whole(folder / "table.csv", content)
    write_whole(
        folder / "facts.json", json.dumps(facts, indent=1).encode()
    )  # last: its presence says that all is there


def suite_ids(name: str) -> list[str]:
    """The sets of `openml-suite:ID` as `openml:ID`s, from the cache or the network.

    Raises `UserError` as `fetch` does.
    """
    number = name.removeprefix(OPENML_SUITE)
    if not number.isdecimal():
        raise UserError(f"{number!r} is no number", where=name, fix="give one, like openml-suite:99 (OpenML-CC18)")
    file = cache_folder("openml") / f"suite-{number}.json"
    if not file.exists():
        write_whole(file, json.dumps(_with_checksum(_suite(number, name))).encode())
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        is_whole = kept == _with_checksum(kept["data"])
    except (ValueError, KeyError, TypeError):
        is_whole = False
    if not is_whole:
        raise UserError("the cached copy was changed or is damaged", where=name, fix=f"delete {file} and run again")
    return [f"{OPENML}{one}" for one in kept["data"]]


def _with_checksum(ids: list[int]) -> dict[str, Any]:
    return {"data": ids, "sha256": sha256_of(json.dumps(ids).encode())}


def _suite(number: str, name: str) -> list[int]:
    """What OpenML lists under the number of a suite."""
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(SUITES.format(number), timeout=TIMEOUT) as answer:
            ids = json.load(answer)["study"]["data"]["data_id"]
    except HTTPError as problem:
        raise UserError(f"OpenML refuses it ({problem})", where=name, fix="check the number at openml.org") from None
    except OSError as problem:
        raise _offline(name, problem) from None
    except (ValueError, KeyError, TypeError) as problem:
        what = f"OpenML's answer is no list of data sets ({type(problem).__name__}: {problem})"
        raise UserError(what, where=name, fix="check the number at openml.org") from None
    return [int(one) for one in ids]
