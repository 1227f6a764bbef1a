"""A fingerprint tells tables apart by what is trained on, and by nothing else."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd

from lossbench.data.datasets.catalogue import load_named
from lossbench.data.table import Table

FRAME = pd.DataFrame({"a": [1.0, 0.0, np.nan], "t": pd.Series(["x", None, "ü"], dtype="str")})
TABLE = Table("t", "binary", FRAME, {"a": "number", "t": "text"}, np.array([0, 1, 0]), "y", ("no", "yes"))


def test_storage_and_names_do_not_show() -> None:
    same = TABLE.fingerprint()
    plain = FRAME.assign(t=FRAME["t"].astype(object).where(FRAME["t"].notna(), None), a=FRAME["a"].astype(np.float32))
    signed = FRAME.assign(a=[1.0, -0.0, -np.nan])
    for features in (plain, signed, FRAME.set_index(pd.Index([5, 6, 7]))):
        assert replace(TABLE, features=features).fingerprint() == same
    assert replace(TABLE, name="u", source="elsewhere", notes=("n",), target_name="z").fingerprint() == same


def test_a_copy_with_other_rows_has_a_fingerprint_of_its_own() -> None:
    """Also where the original's was asked for before, which it keeps."""
    was = TABLE.fingerprint()
    fewer = replace(TABLE, features=FRAME.iloc[:2], target=TABLE.target[:2])
    assert fewer.fingerprint() == Table(**{f.name: getattr(fewer, f.name) for f in fields(fewer)}).fingerprint() != was
    assert replace(fewer, features=FRAME, target=TABLE.target).fingerprint() == was


def test_every_change_shows() -> None:
    others = [
        replace(TABLE, features=FRAME.assign(a=[1.0, 0.0, 0.0])),
        replace(TABLE, features=FRAME.assign(t=["x", "", "ü"])),
        replace(TABLE, features=FRAME.rename(columns={"a": "b"}), kinds={"b": "number", "t": "text"}),
        replace(TABLE, features=FRAME[["t", "a"]]),
        replace(TABLE, features=FRAME.iloc[::-1]),
        replace(TABLE, kinds={"a": "boolean", "t": "text"}),
        replace(TABLE, target=np.array([0, 1, 1])),
        replace(TABLE, classes=("no", "ye")),
        replace(TABLE, classes=("nov", "yes")),
    ]
    assert len({TABLE.fingerprint(), *(other.fingerprint() for other in others)}) == len(others) + 1


def test_titanics_fingerprint_is_written_down() -> None:
    """Another machine, pandas or numpy must find the same."""
    assert load_named("titanic").fingerprint().startswith("0f0569bc")


def test_counts() -> None:
    assert TABLE.class_counts == (2, 1)
    assert len(TABLE) == 3
