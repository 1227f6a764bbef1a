"""The cross-loss matrix says what a net predicts in another loss's language, and nothing where that cannot be said."""

import pytest
import torch

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.config.data import DataConfig
from lossbench.data.splits.stratified import repeated_kfold
from lossbench.experiments.compare.results.cross_loss_matrix import (
    cross_loss_matrix,
    outputs_that_predict,
    outputs_that_say,
)
from lossbench.experiments.compare.setting import prepare_setting
from lossbench.experiments.setup.pair import AUTO, Pair, resolve_pair
from tests.experiments.compare.comparisons import blobs

WITHOUT = {
    Decoder.MARGIN,
    Decoder.DISTANCE,
    Decoder.EVIDENCE,
}  # outputs that are no function of the probabilities


def pairs(task: Task, classes: int) -> list[Pair]:
    return [resolve_pair(loss, AUTO, task, classes) for loss in LOSSES if task in loss.tasks]


@pytest.mark.parametrize(("task", "classes"), [(Task.BINARY, 2), (Task.MULTICLASS, 4), (Task.ORDINAL, 4)])
def test_written_outputs_are_read_back_as_the_same_probabilities(task: Task, classes: int) -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.randn(2, 30, classes, generator=generator, dtype=torch.float64).softmax(-1)
    for pair in pairs(task, classes):
        out = outputs_that_say(p, pair)
        assert (out is None) == (pair.decode in WITHOUT), pair.name
        if out is not None:
            read = pair.decode(out).probability_PNC
            assert read is not None
            torch.testing.assert_close(read, p, rtol=1e-6, atol=1e-9, msg=pair.name)


def test_values_are_read_back_in_their_own_units() -> None:
    table = blobs(task="regression")
    folds = repeated_kfold(table.target, "regression", 3, 1, 0)
    splits = prepare_setting(table, folds, data=DataConfig(name="iris"), seed=0, partners=4).outer
    point = torch.stack([split.truth_N["test"].abs() + 0.5 for split in splits])
    for pair in pairs(Task.REGRESSION, 0):
        out = outputs_that_predict(point, pair, splits)
        assert (out is None) == (pair.outputs > 1), pair.name
        if out is not None and pair.decode.name in {"exp", "negative_binomial"}:
            torch.testing.assert_close(out[..., 0].exp(), point)
    assert (
        outputs_that_predict(-point, resolve_pair(LOSSES.get("poisson_nll"), AUTO, Task.REGRESSION, 0), splits) is None
    )


def test_entries_are_the_means_that_torch_computes() -> None:
    table = blobs()
    folds = repeated_kfold(table.target, "binary", 3, 1, 0)
    splits = prepare_setting(table, folds, data=DataConfig(name="iris"), seed=0, partners=4).outer
    generator = torch.Generator().manual_seed(0)
    p = [torch.randn(len(s.truth_N["test"]), 2, generator=generator, dtype=torch.float64).softmax(-1) for s in splits]
    names = ("cross_entropy", "mse", "hinge", "influence_balanced")
    columns = [resolve_pair(LOSSES.get(name), AUTO, Task.BINARY, 2) for name in names]
    row = dict(zip(names, cross_loss_matrix(columns, [p], splits)[0], strict=True))
    truth = [split.truth_N["test"] for split in splits]
    nll = [torch.nn.functional.nll_loss(own.log(), t) for own, t in zip(p, truth, strict=True)]
    mse = [torch.nn.functional.mse_loss(own[:, 1], t.double()) for own, t in zip(p, truth, strict=True)]
    assert row["cross_entropy"] == pytest.approx(float(torch.stack(nll).mean()), abs=1e-9)
    assert row["mse"] == pytest.approx(float(torch.stack(mse).mean()), abs=1e-9)
    assert row["hinge"] is None
    assert row["influence_balanced"] is None  # predictions have no last hidden layer
