"""What is measured against the engine does the engine's work."""

import numpy as np
import pytest

from lossbench.engine.training import train as training
from tests.benchmarks import bench_engine


@pytest.mark.parametrize("count", [1, 3])
def test_a_derivative_by_hand_trains_as_autograd_does(count, monkeypatch):
    outcomes = []

    def kept(*args, **options):
        outcomes.append(training.train(*args, **options))

    monkeypatch.setattr(bench_engine, "train", kept)
    bench_engine.engine((16,), count, 2)
    bench_engine.analytic((16,), count, 2)
    generic, by_hand = ([outcome.train_loss for outcome in found.members] for found in outcomes)
    # two roads of float32 through some hundred steps of Adam, each 1e-7 apart
    np.testing.assert_allclose(generic, by_hand, rtol=1e-4)
