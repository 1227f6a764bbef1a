"""The design that all losses share: what may leak does not, and noise strikes training labels only."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.config.parts import DataConfig
from lossbench.data.split import repeated_kfold
from lossbench.data.table import Table
from lossbench.experiments.compare.setting import Setting, prepare_setting, split_seed
from tests.experiments.compare.comparisons import blobs

DATA = DataConfig(name="iris")


def setting(table: Table, noise: float = 0.0, seed: int = 0, **levels: float) -> Setting:
    folds = repeated_kfold(table.target, table.task, 3, 2, seed, 0.25)
    return prepare_setting(table, folds, data=DATA, seed=seed, condition={"label_noise": noise, **levels})


def test_every_split_has_a_seed_of_its_own_that_follows_from_the_first() -> None:
    seeds = [split_seed(s, r, f) for s in range(3) for r in range(10) for f in range(10)]
    assert len(set(seeds)) == 300
    assert split_seed(1, 2, 3) == split_seed(1, 2, 3)
    assert setting(blobs()).seeds == tuple(split_seed(0, r, f) for r in range(2) for f in range(3))


def test_nothing_of_the_test_part_shows_in_what_is_trained_on() -> None:
    table = blobs()
    before = setting(table)
    for j, fold in enumerate(before.folds):
        features = table.features.copy()
        features.iloc[fold.test] = 1e6
        target = table.target.copy()
        target[fold.test] = 1 - target[fold.test]
        after = prepare_setting(replace(table, features=features, target=target), [fold], data=DATA, seed=0)
        for was, now in ((before.inner[j], after.inner[0]), (before.outer[j], after.outer[0])):
            assert torch.equal(was.x_ND["train"], now.x_ND["train"])
            assert torch.equal(was.truth_N["train"], now.truth_N["train"])


def test_inner_scales_do_not_know_the_validation_part() -> None:
    split = setting(blobs()).inner[0]
    # float32 inputs of about 30 rows: their mean is 0 to rounding, and that of the validation rows is not.
    assert float(split.x_ND["train"].mean(0).abs().max()) < 1e-6
    assert float(split.x_ND["validation"].mean(0).abs().max()) > 1e-3


@pytest.mark.parametrize("noise", [0.1, 0.4])
def test_label_noise_strikes_training_labels_and_no_test_label(noise: float) -> None:
    table = blobs(90)
    noisy, clean = setting(table, noise), setting(table)
    for n, c in zip(noisy.outer, clean.outer, strict=True):
        assert torch.equal(n.truth_N["test"], c.truth_N["test"])
        assert int((n.truth_N["train"] != c.truth_N["train"]).sum()) == round(noise * 60)
    assert noisy.realised == {"label_noise": pytest.approx(noise)}
    assert clean.realised == {"label_noise": 0.0}
    struck = [
        bool((n.truth_N["validation"] != c.truth_N["validation"]).any())
        for n, c in zip(noisy.inner, clean.inner, strict=True)
    ]
    assert any(struck)


def test_inner_and_outer_training_labels_are_struck_alike() -> None:
    found = setting(blobs(90), 0.3)
    for fold, inner, outer in zip(found.folds, found.inner, found.outer, strict=True):
        label = dict(zip(fold.train.tolist(), outer.truth_N["train"].tolist(), strict=True))
        assert [label[i] for i in fold.inner_train.tolist()] == inner.truth_N["train"].tolist()
        assert [label[i] for i in fold.inner_validation.tolist()] == inner.truth_N["validation"].tolist()


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
