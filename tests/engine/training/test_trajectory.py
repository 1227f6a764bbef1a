"""A member of a population goes the road of a plain `nn.Sequential` trained by torch.optim on the same batches.

In float64, at learning rate 1e-3 (SGD: 1e-2), the two stay within 1e-8 of each other for 50 epochs: rounding differs in
the last bit of a step (1e-16), and hundreds of steps do not amplify it far unless a ReLU changes sides.
"""

import pytest
import torch
from torch import nn

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.components.optimizers import OPTIMIZERS
from lossbench.engine.problem import Member, Net
from tests.engine.problems import BRIER, CE, LOGISTIC, NLL, fold, furthest, plain_training, problem, trained

# The twin of every optimiser and a learning rate that suits it; one without fails.
TWINS = {"adam": (torch.optim.Adam, 1e-3), "adamw": (torch.optim.AdamW, 1e-3), "sgd": (torch.optim.SGD, 1e-2)}


def twin(name):
    """torch's optimiser of that name, with a member's settings."""
    kind, _ = TWINS[name]
    own = OPTIMIZERS.get(name)

    def make(model, member):
        momentum = {"momentum": member.momentum} if own.has_momentum else {}
        return kind(model.parameters(), lr=member.lr, weight_decay=member.weight_decay, **momentum)

    return make


def settings(name):
    """One that suits the optimiser, with every term of it in play."""
    momentum = {"momentum": 0.9} if OPTIMIZERS.get(name).has_momentum else {}
    return {"lr": TWINS[name][1], "weight_decay": 1e-2, **momentum}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
@pytest.mark.parametrize("population", [1, 3, 17])
def test_fifty_epochs_of_a_member_are_fifty_epochs_of_torch(optimizer, population):
    # Neighbours with other learning rates and losses: a member must not notice.
    own = settings(optimizer)
    crowd = [Member(seed=s, objective=s % 2, **(own | {"lr": own["lr"] / (1 + s)})) for s in range(population - 1)]
    crowd.insert(population // 2, Member(seed=99, **own))
    a = problem(crowd, objectives=(LOGISTIC, BRIER), epochs=50, optimizer=optimizer, dtype=torch.float64)
    ours, _ = trained(a)
    model, curve = plain_training(a, population // 2, twin(optimizer))
    assert furthest(ours.state(population // 2), model) < 1e-8
    assert ours.members[population // 2].train_loss == pytest.approx(curve, abs=1e-8)


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS.names())
def test_every_hidden_activation_trains_as_torchs(activation):
    a = problem([Member(seed=4)], net=Net(4, (10, 7), 1, activation), epochs=3, dtype=torch.float64)
    ours, _ = trained(a)
    model, _ = plain_training(a, 0, twin("adam"))
    assert furthest(ours.state(0), model) < 1e-10


@pytest.mark.parametrize("hidden", [(), (9,)])
@pytest.mark.parametrize("batch_size", [1, 10, 32, 101, 1000, None])
def test_every_batch_size_trains_as_torchs(hidden, batch_size):
    a = problem(
        [Member(seed=1), Member(seed=2, lr=1e-2)],
        folds=[fold(classes=3)],
        net=Net(4, hidden, 3),
        objectives=[CE],
        batch_size=batch_size,
        epochs=2,
        dtype=torch.float64,
    )
    ours, _ = trained(a)
    for number in range(2):
        model, curve = plain_training(a, number, twin("adam"))
        assert furthest(ours.state(number), model) < 1e-10
        assert ours.members[number].train_loss == pytest.approx(curve, abs=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
def test_l2_is_half_the_squared_weights_without_biases_in_the_loss(optimizer):
    own = {k: v for k, v in settings(optimizer).items() if k != "weight_decay"}
    a = problem(
        [Member(seed=7, l2=0.3, **own), Member(seed=8, **own)], epochs=5, optimizer=optimizer, dtype=torch.float64
    )
    ours, _ = trained(a)
    for number in range(2):
        model, curve = plain_training(a, number, twin(optimizer))
        assert furthest(ours.state(number), model) < 1e-10
        # The training loss is the data's alone, penalties excluded.
        assert ours.members[number].train_loss == pytest.approx(curve, abs=1e-10)


def test_cross_entropy_is_log_softmax_and_nll():
    # 1e-6 in few float32 steps: the two compute the same numbers by different kernels.
    a = problem(
        [Member(seed=s, objective=o) for s in range(3) for o in range(2)],
        folds=[fold(classes=3)],
        net=Net(4, (16,), 3),
        objectives=[CE, NLL],
        epochs=3,
    )
    ours, _ = trained(a)
    for seed in range(3):
        one, other = 2 * seed, 2 * seed + 1
        assert ours.members[one].train_loss == pytest.approx(ours.members[other].train_loss, abs=1e-6)
        for name, value in ours.state(one).items():
            torch.testing.assert_close(value, ours.state(other)[name], atol=1e-6, rtol=0)


def test_the_state_loads_into_nn_sequential_and_gives_the_same_outputs():
    a = problem([Member(seed=1), Member(seed=2)], net=Net(4, (16, 5), 1), objectives=[BRIER])
    ours, _ = trained(a)
    x = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    for number, out in enumerate(ours.outputs([x])):
        model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 5), nn.ReLU(), nn.Linear(5, 1), nn.Sigmoid())
        model.load_state_dict(ours.state(number))
        torch.testing.assert_close(out, model(x).detach())  # float32: products are summed in another order
