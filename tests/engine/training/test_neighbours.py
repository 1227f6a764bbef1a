"""What a member becomes does not depend on who is trained beside it, where, or on how many threads: bit for bit."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.components.optimizers import OPTIMIZERS
from lossbench.components.schedules import SCHEDULES
from lossbench.engine.problem import Fold, Member, Net, Objective
from tests.engine.problems import (
    BRIER,
    CE,
    LOG_COSH,
    LOGISTIC,
    NLL,
    fold,
    problem,
    same,
    same_member,
    smooth_score,
    trained,
)

BATCH_BINARY = Objective(
    F.softplus,
    lambda out, t, weight: ((out - t).pow(2).squeeze(-1) * weight).sum(1) / weight.sum(1).sqrt(),
    per="batch",
)
TOLD = Objective(
    lambda z: z.softmax(-1),
    lambda out, t, counts: (
        (out * counts / counts.sum(-1, keepdim=True)).pow(1.5).sum(-1) - out.gather(-1, t.unsqueeze(-1)).squeeze(-1)
    ),
    statistics=("counts",),
)
COSINE_BATCH = Objective(
    lambda z: F.normalize(z, dim=-1),
    lambda out, t, weight: (weight * (1 - out.gather(-1, t.unsqueeze(-1)).squeeze(-1)).exp()).mean(1),
    per="batch",
)
BINARY, CLASSES = (LOGISTIC, BRIER, LOG_COSH, BATCH_BINARY), (CE, NLL, TOLD, COSINE_BATCH)


@st.composite
def crowds(draw):
    """Any small problem with members that differ in all that members can differ in."""
    classes = draw(st.sampled_from([2, 3, 5]))
    inputs, rows = draw(st.sampled_from([1, 3, 7, 13])), draw(st.sampled_from([37, 64, 101]))
    hidden = tuple(draw(st.lists(st.sampled_from([1, 3, 10, 16, 33]), max_size=2)))
    batch_size = draw(st.sampled_from([7, 16, 32, 50, None]))
    tables = []
    for k in range(2):
        plain = fold(rows, inputs, classes, seed=k, validation=rows // 3)
        weight = torch.rand(rows, generator=torch.Generator().manual_seed(k)) + 0.5 if draw(st.booleans()) else None
        counts = torch.bincount(plain.train.truth_N, minlength=classes).float()
        tables.append(Fold(plain.train, plain.validation, weight, {"counts": counts}))
    some = st.builds(
        Member,
        seed=st.integers(0, 50),
        fold=st.integers(0, 1),
        objective=st.integers(0, 3),
        lr=st.sampled_from([1e-3, 1e-2, 0.1]),
        l1=st.sampled_from([0.0, 1e-3]),
        l2=st.sampled_from([0.0, 1e-2]),
        weight_decay=st.sampled_from([0.0, 1e-2]),
        momentum=st.sampled_from([0.0, 0.9]),
        epochs=st.sampled_from([None, 1, 3]),
    )
    return problem(
        draw(st.lists(some, min_size=2, max_size=6)),
        folds=tables,
        net=Net(inputs, hidden, 1 if classes == 2 else classes, draw(st.sampled_from(HIDDEN_ACTIVATIONS.names()))),
        objectives=BINARY if classes == 2 else CLASSES,
        score=smooth_score,
        epochs=4,
        batch_size=batch_size,
        optimizer=draw(st.sampled_from(OPTIMIZERS.names())),
        schedule=draw(st.sampled_from(SCHEDULES.names())),
        patience=draw(st.sampled_from([None, 1])),
        keep=draw(st.sampled_from(["last", "best"])),
        dtype=draw(st.sampled_from([torch.float32, torch.float64])),
    )


def with_members(a_problem, chosen):
    return problem(
        chosen,
        folds=a_problem.folds,
        net=a_problem.net,
        objectives=a_problem.objectives,
        score=a_problem.score,
        **vars(a_problem.training),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(crowds(), st.data())
def test_alone_or_in_any_crowd_order_chunk_and_thread(crowd, data):
    everyone = crowd.members
    together, _ = trained(crowd, chunk=100)
    order = data.draw(st.permutations(range(len(everyone))))
    one = data.draw(st.integers(0, len(everyone) - 1))
    xs = [torch.randn(n, crowd.net.inputs, generator=torch.Generator().manual_seed(n)) for n in (1, 300)]
    outputs = together.outputs(xs)
    for chosen, how in ((order, {"chunk": 2, "threads": 2}), ([one], {})):
        other, _ = trained(with_members(crowd, [everyone[k] for k in chosen]), **how)
        again = other.outputs(xs)
        for place, k in enumerate(chosen):
            assert same_member(together, k, other, place)
            assert same(outputs[k], again[place])


def poisoned(place, count):
    """Members of which one takes steps so long that it overflows."""
    return [Member(seed=s, lr=math.inf if s == place else 1e-3, l1=1e-3, l2=1e-3) for s in range(count)]


@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("batch_size", [10, 32, None])
def test_a_neighbour_with_nan_changes_nothing(place, batch_size):
    how = {"epochs": 4, "batch_size": batch_size, "folds": [fold(validation=0)]}
    crowd, _ = trained(problem(poisoned(place, 5), **how))
    healthy = [m for m in range(5) if m != place]
    alone, _ = trained(problem([poisoned(place, 5)[m] for m in healthy], **how))
    assert crowd.members[place].status == "diverged"
    for k, m in enumerate(healthy):
        assert same_member(crowd, m, alone, k)


def test_a_neighbour_with_another_learning_rate_or_penalty_changes_nothing():
    plain = Member(seed=1)
    alone, _ = trained(problem([plain]))
    for other in (
        Member(seed=2, lr=0.5),
        Member(seed=2, l1=0.1),
        Member(seed=2, l2=0.1),
        Member(seed=2, weight_decay=0.1),
    ):
        crowd, _ = trained(problem([other, plain], optimizer="adam"))
        assert same_member(alone, 0, crowd, 1)


def test_members_that_stop_early_leave_the_others_as_they_were():
    # Patience of one epoch: members leave at different times, and the population shrinks several times on its way.
    many = [Member(seed=s, lr=1e-2) for s in range(9)]
    how = {"epochs": 12, "patience": 1, "score": smooth_score}
    crowd, _ = trained(problem(many, **how))
    assert len({outcome.epochs for outcome in crowd.members}) > 2
    for k, member in enumerate(many):
        alone, _ = trained(problem([member], **how))
        assert same_member(crowd, k, alone, 0)


def test_more_rows_than_a_block_are_validated_alike():
    large = [fold(64, validation=700)]
    crowd, _ = trained(problem([Member(seed=s) for s in range(3)], folds=large, score=smooth_score))
    alone, _ = trained(problem([Member(seed=1)], folds=large, score=smooth_score))
    assert same_member(crowd, 1, alone, 0)


def test_gathered_at_once_or_batch_by_batch_is_the_same(monkeypatch):
    tables = [fold(seed=0), fold(seed=1)]
    crowd = [Member(seed=s, fold=s % 2, objective=s // 2) for s in range(4)]
    how = {"folds": tables, "objectives": (LOGISTIC, BATCH_BINARY), "score": smooth_score}
    at_once, _ = trained(problem(crowd, **how))
    monkeypatch.setattr("lossbench.engine.training.batches.EPOCH_BYTES", 0)
    monkeypatch.setattr("lossbench.engine.nets.outputs.STACK_BYTES", 0)
    bit_by_bit, _ = trained(problem(crowd, **how))
    for k in range(4):
        assert same_member(at_once, k, bit_by_bit, k)
