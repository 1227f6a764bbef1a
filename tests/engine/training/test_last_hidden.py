"""A loss that asks for the last hidden layer gets that of its own rows and member, and no gradient flows through it.

The oracle is an `nn.Sequential` under torch.optim in float64; its loss is written here from the formula, with the
hidden layer detached.
"""

import pytest
import torch
import torch.nn.functional as F

from lossbench.catalog.loss import LOSSES
from lossbench.engine.problem import Fold, Member, Net, Objective
from lossbench.random_streams import torch_generator
from tests.engine.problems import CE, fold, furthest, problem, same_member, sequential, trained

COUNTS = torch.tensor([60.0, 30.0, 11.0])
BALANCED = Objective(
    lambda z: z,
    LOSSES.get("influence_balanced").bind(alpha=1.0),
    statistics=("class_counts",),
    key="influence_balanced",
    last_hidden=True,
)
# of whole batches: cross-entropy times the logarithm of the hidden layer's norm
OF_BATCHES = Objective(
    lambda z: z,
    lambda out, t, weight, last_hidden: (
        (
            (weight * (out.logsumexp(-1) - out.gather(-1, t.unsqueeze(-1)).squeeze(-1)))
            * (1 + last_hidden.abs().sum(-1)).log()
        ).sum(1)
        / weight.sum(1)
    ),
    per="batch",
    last_hidden=True,
)


def balanced(model, x, t):
    """lambda_y CE / (|p - e_y|_1 |h|_1 + eps), row by row."""
    out, h = model(x), model[:-1](x).detach()
    norm = (out.softmax(-1) - F.one_hot(t, 3)).abs().sum(-1) * h.abs().sum(-1)
    share = (1 / COUNTS.double()) / (1 / COUNTS.double()).sum()
    return share[t] * F.cross_entropy(out, t, reduction="none") / (norm + 1e-3)


def of_batches(model, x, t):
    out, h = model(x), model[:-1](x).detach()
    return F.cross_entropy(out, t, reduction="none") * (1 + h.abs().sum(-1)).log()


def told(rows=101, validation=37, seed=0):
    plain = fold(rows, classes=3, validation=validation, seed=seed)
    return Fold(plain.train, plain.validation, None, {"class_counts": COUNTS})


def crowd(count):
    """Members of three objectives side by side, of two tables."""
    return [Member(seed=s, fold=s % 2, objective=s % 3, lr=1e-3 * (1 + s % 2)) for s in range(count)]


def of_crowd(chosen, hidden=(16, 7), activation="tanh", **how):
    tables = [told(), told(seed=5)]
    net = Net(4, hidden, 3, activation)
    return problem(chosen, folds=tables, net=net, objectives=(BALANCED, CE, OF_BATCHES), **how)


def plain_net(member, rows, net, epochs, batch_size, loss):
    """One member as torch trains it, on the documented batches -> (net, mean loss of every epoch)."""
    x, t = rows.x_ND.double(), rows.target
    model = sequential(net, member.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=member.lr)
    orders, curve = torch_generator(member.seed, "batches"), []
    for _ in range(epochs):
        order = torch.arange(len(x)) if batch_size is None else torch.randperm(len(x), generator=orders)
        total = 0.0
        for at in order.split(batch_size or len(x)):
            optimizer.zero_grad()
            value = loss(model, x[at], t[at]).mean()
            value.backward()
            optimizer.step()
            total += float(value.detach()) * len(at)
        curve.append(total / len(x))
    return model, curve


@pytest.mark.parametrize(("objective", "loss"), [(0, balanced), (2, of_batches)], ids=["row", "batch"])
@pytest.mark.parametrize("hidden", [(16, 7), (5,), ()], ids=str)
@pytest.mark.parametrize("batch_size", [32, None])
def test_twenty_epochs_are_twenty_epochs_of_torch(objective, loss, hidden, batch_size):
    # As test_trajectory: rounding is 1e-16 of a step, and hundreds of steps do not amplify it far.
    own = Member(seed=99, fold=1, objective=objective)
    a = of_crowd([*crowd(5), own], hidden, epochs=20, batch_size=batch_size, dtype=torch.float64)
    ours, _ = trained(a)
    model, curve = plain_net(own, a.folds[1].train, a.net, 20, batch_size, loss)
    assert furthest(ours.state(5), model) < 1e-8
    assert ours.members[5].train_loss == pytest.approx(curve, abs=1e-8)


@pytest.mark.parametrize("validation", [37, 700])
def test_the_validation_loss_is_that_of_the_same_formula(validation):
    """700 rows are evaluated in blocks of 256, each of which has its own hidden layer."""
    a = problem(
        [Member(seed=1), Member(seed=2)],
        folds=[told(validation=validation)],
        net=Net(4, (16, 7), 3, "tanh"),
        objectives=[BALANCED],
        dtype=torch.float64,
    )
    ours, _ = trained(a)
    part = a.folds[0].validation
    for number in range(2):
        model = sequential(a.net, 0)
        model.load_state_dict(ours.state(number))
        expected = balanced(model, part.x_ND.double(), part.target).mean()
        assert ours.members[number].val_loss[-1] == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("hidden", [(10, 3), ()], ids=str)
@pytest.mark.parametrize(("batch_size", "epochs"), [(7, 4), (32, 12), (None, 36)])
def test_a_member_has_the_same_bits_in_any_crowd_order_chunk_and_thread(hidden, batch_size, epochs):
    # Enough epochs for the loss to be replayed from its recording, alone and in the crowd.
    everyone = crowd(5)
    how = {"epochs": epochs, "batch_size": batch_size}
    together, _ = trained(of_crowd(everyone, hidden, **how), chunk=100)
    backwards, _ = trained(of_crowd(everyone[::-1], hidden, **how), chunk=2, threads=2)
    for k, member in enumerate(everyone):
        alone, _ = trained(of_crowd([member], hidden, **how))
        assert same_member(together, k, alone, 0)
        assert same_member(together, k, backwards, len(everyone) - 1 - k)


def test_a_neighbour_that_overflows_changes_nothing():
    healthy = [Member(seed=s, objective=2 * (s % 2), l1=1e-3) for s in range(4)]
    alone, _ = trained(of_crowd(healthy))
    ill, _ = trained(of_crowd([*healthy[:2], Member(seed=9, lr=torch.inf, l1=1e-3), *healthy[2:]]))
    assert ill.members[2].status == "diverged"
    for k, place in enumerate([0, 1, 3, 4]):
        assert same_member(alone, k, ill, place)


def test_a_loss_sees_the_units_that_count_of_the_rows_that_count():
    seen = set()

    def loss(out, t, weight, last_hidden):
        assert not last_hidden.requires_grad
        seen.add(tuple(last_hidden.shape[1:]))
        return (weight * (out.square().sum(-1) + last_hidden.sum(-1))).sum(1)

    objective = Objective(lambda z: z, loss, per="batch", last_hidden=True)
    for hidden, width in (((16, 5), 5), ((), 4)):
        seen.clear()
        trained(problem([Member(seed=0)], folds=[told()], net=Net(4, hidden, 3), objectives=[objective], epochs=1))
        assert seen == {(rows, width) for rows in (32, 5, 37)}  # 101 rows by 32, and 37 of validation
