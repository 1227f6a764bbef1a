"""The design that all losses share: what may leak does not, and noise strikes training labels only."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.config.data import DataConfig
from lossbench.data.splits.stratified import repeated_kfold
from lossbench.data.table import Table
from lossbench.experiments.compare.setting import Setting, prepare_setting, split_seed
from tests.data.splits.choosing import choosing_rows
from tests.experiments.compare.comparisons import blobs

DATA = DataConfig(name="iris")


def setting(table: Table, noise: float = 0.0, seed: int = 0, **levels: float) -> Setting:
    folds = repeated_kfold(table.target, table.task, 5, 2, seed)
    return prepare_setting(table, folds, data=DATA, seed=seed, partners=4, condition={"label_noise": noise, **levels})


def test_every_split_has_a_seed_of_its_own_that_follows_from_the_first() -> None:
    seeds = [split_seed(s, r, f) for s in range(3) for r in range(10) for f in range(10)]
    assert len(set(seeds)) == 300
    assert split_seed(1, 2, 3) == split_seed(1, 2, 3)
    assert setting(blobs()).seeds == tuple(split_seed(0, r, f) for r in range(2) for f in range(5))


def test_nothing_of_the_test_part_shows_in_what_is_trained_on() -> None:
    table = blobs()
    before = setting(table)
    for j, fold in enumerate(before.folds):
        features = table.features.copy()
        features.iloc[fold.test] = 1e6
        target = table.target.copy()
        target[fold.test] = 1 - target[fold.test]
        other = replace(table, features=features, target=target)
        after = prepare_setting(other, before.folds, data=DATA, seed=0, partners=4)
        assert torch.equal(before.outer[j].x_ND["train"], after.outer[j].x_ND["train"])
        assert torch.equal(before.outer[j].truth_N["train"], after.outer[j].truth_N["train"])
        for i in before.validates(j):
            was, now, rows = before.inner[i], after.inner[i], choosing_rows(before.pairs[i], j)
            for part, seen in (("train", slice(None)), ("validation", rows)):
                assert torch.equal(was.x_ND[part][seen], now.x_ND[part][seen])
                assert torch.equal(was.truth_N[part][seen], now.truth_N[part][seen])


@pytest.mark.parametrize("levels", [{}, {"train_share": 0.5}])
def test_every_split_is_chosen_for_on_each_of_its_other_folds_once(levels: dict[str, float]) -> None:
    found = setting(blobs(), **levels)
    for j, fold in enumerate(found.folds):
        pairs = [found.pairs[i] for i in found.validates(j)]
        seen = [np.concatenate(pair.validation)[choosing_rows(pair, j)] for pair in pairs]
        assert sorted(np.concatenate(seen).tolist()) == fold.train.tolist()
        for pair in pairs:
            used = np.concatenate([pair.train, np.concatenate(pair.validation)[choosing_rows(pair, j)]])
            assert sorted(used.tolist()) == fold.train.tolist()


def test_inner_scales_do_not_know_the_validation_part() -> None:
    split = setting(blobs()).inner[0]
    # float32 inputs of about 40 rows: their mean is 0 to rounding, and that of the validation rows is not.
    assert float(split.x_ND["train"].mean(0).abs().max()) < 1e-6
    assert float(split.x_ND["validation"].mean(0).abs().max()) > 1e-3


@pytest.mark.parametrize("noise", [0.1, 0.4])
def test_label_noise_strikes_training_labels_and_no_test_label(noise: float) -> None:
    table = blobs(90)
    noisy, clean = setting(table, noise), setting(table)
    for n, c in zip(noisy.outer, clean.outer, strict=True):
        assert torch.equal(n.truth_N["test"], c.truth_N["test"])
        # 72 training rows: the share of 18 rows in each of four folds.
        assert int((n.truth_N["train"] != c.truth_N["train"]).sum()) == 4 * round(noise * 18)
    assert noisy.realised == {"label_noise": pytest.approx(round(noise * 18) / 18)}
    assert clean.realised == {"label_noise": 0.0}
    corrupted = [
        bool((n.truth_N["validation"] != c.truth_N["validation"]).any())
        for n, c in zip(noisy.inner, clean.inner, strict=True)
    ]
    assert all(corrupted)


def test_inner_and_outer_training_labels_are_struck_alike() -> None:
    found = setting(blobs(90), 0.3)
    for j, (fold, outer) in enumerate(zip(found.folds, found.outer, strict=True)):
        label = dict(zip(fold.train.tolist(), outer.truth_N["train"].tolist(), strict=True))
        for i in found.validates(j):
            pair, rows = found.pairs[i], choosing_rows(found.pairs[i], j)
            assert [label[n] for n in pair.train.tolist()] == found.inner[i].truth_N["train"].tolist()
            numbers = np.concatenate(pair.validation)[rows].tolist()
            assert [label[n] for n in numbers] == found.inner[i].truth_N["validation"][rows].tolist()


def test_more_noise_strikes_the_same_rows_and_more() -> None:
    table = blobs(90)
    clean, some, more = setting(table), setting(table, 0.1), setting(table, 0.3)
    for c, s, m in zip(clean.outer, some.outer, more.outer, strict=True):
        struck = s.truth_N["train"] != c.truth_N["train"]
        assert bool((m.truth_N["train"] != c.truth_N["train"])[struck].all())


def test_a_spoilt_target_is_scored_against_the_clean_one() -> None:
    table = blobs(task="regression")
    spoilt = table.target + 100.0 * (np.arange(len(table)) % 7 == 0)
    found = setting(replace(table, target=spoilt, clean_target=table.target))
    for fold, split in zip(found.folds, found.outer, strict=True):
        np.testing.assert_array_equal(split.truth_N["test"].numpy(), table.target[fold.test])
        np.testing.assert_array_equal(split.truth_N["train"].numpy(), spoilt[fold.train])
