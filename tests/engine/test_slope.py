"""What is replayed has autograd's bits, for every loss of the catalogue; what cannot be replayed stays autograd's."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.catalog.soft_targets import softened
from lossbench.catalog.targets import encode
from lossbench.engine import slope
from lossbench.engine.objective import ObjectiveGroup
from lossbench.engine.padding import ROWS
from lossbench.engine.problem import Objective
from lossbench.engine.slope import Slope
from tests.catalog.cases import CLASSES, PREFERRED, Case

SOFT = [Case(softened(c.loss, c.task), c.task, c.activation) for c in PREFERRED if c.loss.soft]
WIDE = 2 * ROWS


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    """Recordings of other tests are not used, and one is made at the second call."""
    monkeypatch.setattr(slope, "_KEPT", type(slope._KEPT)())
    monkeypatch.setattr(slope, "WORTH_RECORDING", 2)


def _group(members, objective, statistics=()):
    return ObjectiveGroup(members, objective, dict(statistics))


class _Steps:
    """A slope of one objective in buffers of its own, as a training calls it."""

    def __init__(self, objective, out, rows, statistics=(), groups=1):
        self.out, count = out.clone(), len(out)
        slices = [slice(k * count // groups, (k + 1) * count // groups) for k in range(groups)]
        own = [{name: value[s] for name, value in dict(statistics).items()} for s in slices]
        self.slices = slices
        self.slope = Slope([_group(s, objective, o) for s, o in zip(slices, own, strict=True)], self.out, rows)

    def __call__(self, out, target, weight, hidden=None):
        self.out.copy_(out)
        sums = torch.full((len(out),), torch.nan, dtype=out.dtype)
        weights = None if weight is None else [weight[s] for s in self.slices]
        with torch.no_grad():
            own = self.slope([target[s] for s in self.slices], weights, sums, hidden)
        return own.clone(), sums

    @property
    def replays(self):
        return [group._derivative._replay is not None for group in self.slope.groups]


def _same_bits(a, b):
    whole = {torch.float32: torch.int32, torch.float64: torch.int64}[a.dtype]
    return torch.equal(a.contiguous().view(whole), b.contiguous().view(whole))


def _soft(case, *lead, seed, dtype):
    generator = torch.Generator().manual_seed(seed)
    shares = torch.rand(math.prod(lead), CLASSES[case.task], generator=generator, dtype=dtype)
    target = encode(shares / shares.sum(-1, keepdim=True), case.loss.targets[case.task])
    return target.to(dtype).view(*lead, -1)


@pytest.mark.parametrize(("case", "is_soft"), [(c, False) for c in PREFERRED] + [(c, True) for c in SOFT], ids=repr)
@pytest.mark.parametrize(
    ("members", "weighted", "rows", "groups", "dtype"),
    [(1, False, WIDE, 1, torch.float32), (3, True, WIDE - 3, 3, torch.float32)],
)
def test_a_replay_has_the_bits_of_autograd(case, is_soft, members, weighted, rows, groups, dtype):
    functions = (case.activation, case.loss, case.loss.per, case.loss.statistics)
    asks = {"last_hidden": case.loss.last_hidden}
    statistics = {k: v.expand(members, *v.shape).contiguous() for k, v in case.statistics(dtype).items()}
    plain = _Steps(Objective(*functions, **asks), case.linear(members, WIDE, dtype=dtype), rows, statistics, groups)
    fast = _Steps(
        Objective(*functions, key="it", **asks), case.linear(members, WIDE, dtype=dtype), rows, statistics, groups
    )
    for step in range(5):
        out = case.linear(members, WIDE, scale=1.0 + step, seed=step, dtype=dtype)
        target = (_soft if is_soft else Case.target)(case, members, WIDE, seed=step, dtype=dtype)
        generator = torch.Generator().manual_seed(step)
        weight = 0.5 + torch.rand(members, WIDE, generator=generator, dtype=dtype) if weighted else None
        # as a workspace has it: padded units beside those that count
        hidden = torch.randn(members, WIDE, 16, generator=generator, dtype=dtype)[:, :, :5]
        batch = (out, target, weight, hidden)
        for ours, autograds in zip(fast(*batch), plain(*batch), strict=True):
            assert _same_bits(ours, autograds)
    assert not any(plain.replays)
    assert all(fast.replays)


def squared(out, target):
    return (out - target).square().squeeze(-1)


def _steps(loss, key="own"):
    return _Steps(Objective(lambda z: z, loss, key=key), torch.zeros(1, WIDE, 1), WIDE)


def _batch(seed, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(1, WIDE, 1, generator=generator), torch.zeros(1, WIDE, 1), None


def test_a_loss_without_a_key_is_called_for_every_batch():
    calls = []

    def counted(out, target):
        calls.append(1)
        return squared(out, target)

    steps = _steps(counted, key=None)
    for seed in range(20):
        steps(*_batch(seed))
    assert len(calls) == 20
    assert not any(steps.replays)


@pytest.mark.parametrize(
    "loss",
    [
        lambda out, target: squared(out, target) * torch.rand_like(out).squeeze(-1),
        lambda out, target: squared(out, target) * float(out.detach().abs().max()),
        lambda out, target: out[out > 0].sum() + squared(out, target),
        lambda out, target: squared(out, target.add_(1)),
    ],
    ids=["draws", "reads a number", "has shapes of its data", "writes into its target"],
)
def test_what_a_recording_would_get_wrong_stays_autograds(loss):
    steps = _steps(loss)
    for seed in range(6):
        steps(*_batch(seed))
    assert not any(steps.replays)


def test_a_loss_that_is_different_on_the_next_batch_stays_autograds():
    calls = []

    def later(out, target):
        calls.append(1)
        return squared(out, target) * len(calls)

    steps, expected = _steps(later), []
    for seed in range(6):
        out, target, _ = _batch(seed)
        own, _ = steps(out, target, None)
        expected.append(torch.allclose(own, 2 * out * len(calls) / WIDE))
    assert not any(steps.replays)


@settings(max_examples=20, deadline=None)
@given(large=st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_branch_that_was_not_recorded_is_computed_by_autograd(large):
    def branching(out, target):
        if (out.detach().abs() > 10).any():
            return out.abs().squeeze(-1)
        return squared(out, target)

    steps, plain = _steps(branching), _steps(branching, key=None)
    for seed, is_large in enumerate(large):
        batch = _batch(seed, 100.0 if is_large else 1.0)
        for ours, autograds in zip(steps(*batch), plain(*batch), strict=True):
            assert _same_bits(ours, autograds)


def test_a_recording_serves_every_training_of_the_same_shapes_and_no_other():
    first, second = _steps(squared), _steps(squared)
    for seed in range(4):
        first(*_batch(seed))
    second(*_batch(9))
    assert first.replays == second.replays == [True]
    wide = _Steps(Objective(lambda z: z, squared, key="own"), torch.zeros(2, WIDE, 1), WIDE)
    wide(torch.zeros(2, WIDE, 1), torch.zeros(2, WIDE, 1), None)
    assert wide.replays == [False]


def test_the_least_recent_recordings_are_forgotten(monkeypatch):
    monkeypatch.setattr(slope, "MOST_KEPT", 3)
    for key in range(10):
        _steps(squared, key=key)(*_batch(key))
    assert [key[0] for key in slope._KEPT] == [7, 8, 9]
