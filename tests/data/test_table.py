"""A fingerprint tells tables apart by what is trained on, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

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
        assert replace(TABLE, features=features, _hash=[]).fingerprint() == same
    assert replace(TABLE, name="u", source="elsewhere", notes=("n",), target_name="z", _hash=[]).fingerprint() == same


def test_every_change_shows() -> None:
    others = [
        replace(TABLE, features=FRAME.assign(a=[1.0, 0.0, 0.0]), _hash=[]),
        replace(TABLE, features=FRAME.assign(t=["x", "", "ü"]), _hash=[]),
        replace(TABLE, features=FRAME.rename(columns={"a": "b"}), kinds={"b": "number", "t": "text"}, _hash=[]),
        replace(TABLE, features=FRAME[["t", "a"]], _hash=[]),
        replace(TABLE, features=FRAME.iloc[::-1], _hash=[]),
        replace(TABLE, kinds={"a": "boolean", "t": "text"}, _hash=[]),
        replace(TABLE, target=np.array([0, 1, 1]), _hash=[]),
        replace(TABLE, classes=("no", "ye"), _hash=[]),
        replace(TABLE, classes=("nov", "yes"), _hash=[]),
    ]
    assert len({TABLE.fingerprint(), *(other.fingerprint() for other in others)}) == len(others) + 1


def test_titanics_fingerprint_is_written_down() -> None:
    """Another machine, pandas or numpy must find the same."""
    assert load_named("titanic").fingerprint().startswith("0f0569bc")


def test_counts_and_notes() -> None:
    assert TABLE.class_counts == (2, 1)
    assert TABLE.with_notes("a", "b").notes == ("a", "b")
    assert len(TABLE) == 3
