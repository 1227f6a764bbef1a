"""Every row once an epoch, in an order that the seed alone decides."""

import hashlib

import numpy as np
import pytest
import torch

from lossbench.engine.objective import groups_of
from lossbench.engine.padding import ROWS
from lossbench.engine.problem import Fold, Member, SplitPart
from lossbench.engine.training.batches import Batches
from lossbench.random_streams import torch_generator
from tests.engine.problems import BRIER, LOGISTIC, problem


def numbered(rows, first=0):
    """A table whose inputs, targets and weights tell the number of the row."""
    x = torch.arange(first, first + rows, dtype=torch.float32)
    return Fold(SplitPart(torch.stack([x, -x], 1), x.unsqueeze(1), x.long()), None, x)


def batches_of(batch_size, seeds=(3, 4, 3), objectives=(0, 0, 1)):
    folds = [numbered(50), numbered(50, 100)]
    crowd = [Member(seed=s, fold=k % 2, objective=o) for k, (s, o) in enumerate(zip(seeds, objectives, strict=True))]
    streams = {s: torch_generator(s, "batches") for s in seeds}
    a = problem(crowd, folds=folds, objectives=(LOGISTIC, BRIER))
    return Batches(
        [folds[m.fold] for m in crowd],
        groups_of(a, range(len(crowd))),
        [streams[s] for s in seeds],
        batch_size,
    )


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("batch_size", [1, 7, 16, 50, 64])
def test_batches_are_cuts_of_the_documented_permutation(batch_size, small, monkeypatch):
    """Members 0 and 2 share a seed, and so a stream; its permutations are as if each had drawn them for itself."""
    if not small:
        monkeypatch.setattr("lossbench.engine.training.batches.EPOCH_BYTES", 0)
    batches = batches_of(batch_size)
    orders = []
    for seed in (3, 4, 3):
        words = np.frombuffer(hashlib.sha256(b"('batches',)").digest()[:16], "<u4").tolist()
        state = np.random.SeedSequence([seed, *words]).generate_state(1, np.uint64)
        orders.append(torch.Generator().manual_seed(int(state[0]) >> 1))
    for _ in range(2):
        wanted = [torch.randperm(50, generator=g) for g in orders]
        at = 0
        for batch in batches.epoch():
            for member in range(3):
                numbers = wanted[member][at : at + batch.rows].float() + 100 * (member % 2)
                run, place = (0, member) if member < 2 else (1, 0)
                assert torch.equal(batch.x_PBD[member, : batch.rows, 0], numbers)
                assert torch.equal(batch.x_PBD[member, : batch.rows, 1], -numbers)
                assert torch.equal(batch.targets[run][place, : batch.rows, 0], numbers)
                assert torch.equal(batch.weights[run][place, : batch.rows], numbers)
            assert batch.x_PBD.shape[1] % ROWS == 0
            at += batch.rows
        assert at == 50


def test_a_full_batch_takes_the_rows_as_they_are():
    for _ in range(2):
        (batch,) = batches_of(None).epoch()
        assert batch.rows == 50
        assert torch.equal(batch.x_PBD[1, :50, 0], torch.arange(100.0, 150.0))


def test_purposes_have_streams_of_their_own():
    draws = [torch.rand(3, generator=torch_generator(0, purpose)) for purpose in ("batches", "split")]
    assert not torch.equal(*draws)
