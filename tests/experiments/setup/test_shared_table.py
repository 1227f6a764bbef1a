"""One large table for all splits: the same inputs as each split's own copy."""

import numpy as np
import pandas as pd
import pytest
import torch

from lossbench.config.data import DataConfig
from lossbench.data.table import Table
from lossbench.experiments.setup import shared_table as shared
from lossbench.experiments.setup.shared_table import prepare_splits
from tests.experiments.train.trainings import config, finished


def table(rows=400, gaps=True):
    draw = np.random.default_rng(0)
    number = draw.normal(1e6, 3, rows)
    if gaps:
        number[::9] = np.nan
    features = pd.DataFrame({"n": number, "t": draw.choice(list("abc"), rows), "m": draw.normal(size=rows)})
    kinds = {"n": "number", "t": "text", "m": "number"}
    return Table("t", "binary", features, kinds, draw.integers(0, 2, rows), "y", ("0", "1"))


def parts(rows=400, seeds=3):
    cuts = [np.random.default_rng(seed).permutation(rows) for seed in range(seeds)]
    return [{"train": o[:240], "validation": o[240:320], "test": o[320:]} for o in cuts]


@pytest.mark.parametrize("gaps", [True, False])
@pytest.mark.parametrize("scale", ["standard", "none"])
def test_a_shared_table_gives_each_split_its_own_inputs(scale, gaps):
    data = DataConfig(name="x", scale=scale)
    own = prepare_splits(table(gaps=gaps), parts(), data=data)
    together = prepare_splits(table(gaps=gaps), parts(), data=data, share_bytes=0)
    assert len({id(s.shared["train"].table_MD) for s in together}) == 1
    for one, other in zip(own, together, strict=True):
        assert one.preparation == other.preparation
        for part in ("train", "validation", "test"):
            torch.testing.assert_close(other.x_ND[part], one.x_ND[part], rtol=1e-6, atol=1e-6)
            assert torch.equal(other.truth_N[part], one.truth_N[part])


def test_splits_that_differ_in_their_levels_keep_copies():
    odd = table()
    odd.features.loc[[3, 5, 8], "t"] = "odd"  # rare in some training parts, absent or a level in others
    data = DataConfig(name="x", scale="quantile")
    assert not any(split.shared for split in prepare_splits(odd, parts(), data=data, share_bytes=0))


def test_training_on_a_shared_table_is_training(monkeypatch):
    chosen = config("bce", data="breast_cancer", seeds=3, optim={"epochs": 3}, net={"hidden": [8]}, threads=1)
    own = finished(chosen)
    monkeypatch.setattr(shared.prepare_splits, "__kwdefaults__", {"share_bytes": 0})
    together = finished(chosen)
    assert together.splits[0].shared
    assert together.record.data == own.record.data
    for one, other in zip(own.record.results[0].members, together.record.results[0].members, strict=True):
        assert other.test["log_loss"] == pytest.approx(one.test["log_loss"], rel=1e-3)
        np.testing.assert_allclose(other.curves["val_loss"], one.curves["val_loss"], rtol=1e-3)
