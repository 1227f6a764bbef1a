"""Every member in exactly one chunk, with others of its row counts."""

import pytest

from lossbench.engine.problem import Member, Net
from lossbench.engine.training.chunks import plan
from tests.engine.problems import BRIER, LOGISTIC, fold, problem


@pytest.mark.parametrize("chunk", [None, 1, 4, 100])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_member_once_and_equal_row_counts(chunk, threads):
    folds = [fold(101), fold(102), fold(101, validation=38)]
    crowd = [Member(seed=s, fold=s % 3, objective=s % 2) for s in range(23)]
    chunks = plan(problem(crowd, folds=folds, objectives=(LOGISTIC, BRIER)), threads, chunk)
    assert sorted(m for c in chunks for m in c) == list(range(23))
    for c in chunks:
        assert len({m % 3 for m in c}) == 1
        assert chunk is None or len(c) <= chunk
        objectives = [crowd[m].objective for m in c]
        assert objectives == sorted(objectives)  # members that share a loss sit side by side


def test_wide_nets_come_in_chunks_that_fit_the_cache_and_keep_all_threads_busy():
    crowd = [Member(seed=s) for s in range(240)]
    chunks = plan(problem(crowd, net=Net(4, (64,) * 4, 1)), 2)
    assert len(chunks) % 2 == 0
    assert 30 <= max(map(len, chunks)) <= 90


def test_a_few_tiny_nets_stay_on_one_thread():
    assert len(plan(problem([Member(seed=s) for s in range(16)], net=Net(4, (16,), 1)), 2)) == 1
