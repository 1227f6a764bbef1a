"""Steps of the optimisers: the fused kernel and its plain twin, the l1 penalty's optimum, the schedule."""

from functools import partial

import pytest
import torch

from lossbench.components import optimizers
from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.components.optimizers import OPTIMIZERS, Stretch, fused_adam, plain_adam
from lossbench.components.schedules import SCHEDULES
from lossbench.engine.problem import Fold, Member, Net, Objective, SplitPart
from lossbench.errors import UserError
from tests.engine.problems import furthest, plain_training, problem, trained

SQUARED = Objective(lambda z: z, lambda out, t: ((out - t) ** 2).squeeze(-1))


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_fused_kernel_and_the_plain_one_agree(decoupled, decay):
    g = torch.Generator().manual_seed(0)
    start = torch.randn(96, generator=g, dtype=torch.float64)
    ways = []
    for make_step in (fused_adam, plain_adam):
        p, gradient, mean, square = start.clone(), *torch.zeros(3, 96, dtype=torch.float64).unbind(0)
        ways.append((make_step, Stretch(1e-2, decay, 0.0, [p], [gradient], {"mean": [mean], "square": [square]})))
    for count in range(1, 30):
        drawn = torch.randn(96, generator=g, dtype=torch.float64)
        for make_step, stretch in ways:
            stretch.gradients[0].copy_(drawn)
            make_step(stretch, torch.tensor(float(count)), decoupled=decoupled)
        fused, plain = (stretch for _, stretch in ways)
        pairs = [(fused.parameters, plain.parameters), *((fused.state[k], plain.state[k]) for k in fused.state)]
        for (ours,), (theirs,) in pairs:  # a few roundings in another order
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
def test_training_without_the_fused_kernel_goes_the_same_road(monkeypatch, optimizer):
    how = {"epochs": 10, "dtype": torch.float64, "optimizer": optimizer}
    crowd = [Member(seed=s, l1=1e-3, l2=1e-2) for s in range(2)]
    fused, _ = trained(problem(crowd, **how))
    monkeypatch.setattr(optimizers, "has_fused_kernel", lambda device: False)
    plain, _ = trained(problem(crowd, **how))
    for name, value in fused.state(1).items():
        torch.testing.assert_close(value, plain.state(1)[name], rtol=0, atol=1e-9)


def lasso(seed=0):
    """A linear regression with correlated inputs, three of which do not matter."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(200, 6, generator=g, dtype=torch.float64)
    x[:, 1] += 0.7 * x[:, 0]
    x[:, 5] *= 3  # a badly scaled column: where a wrong metric of the proximal step would show
    w = torch.tensor([1.5, -0.8, 0.0, 0.0, 0.4, 0.0], dtype=torch.float64)
    y = x @ w + 0.3 + 0.1 * torch.randn(200, generator=g, dtype=torch.float64)
    return SplitPart(x, y.unsqueeze(1), y)


# With which rate and schedule an optimiser settles on `lasso` within 1,500 epochs; one that is missing here fails.
SETTLES = {"adam": (0.05, "cosine"), "adamw": (0.05, "cosine"), "sgd": (0.03, "constant")}


@pytest.mark.parametrize(
    ("optimizer", "momentum"),
    [(one.name, momentum) for one in OPTIMIZERS for momentum in ([0.0, 0.8] if one.has_momentum else [0.0])],
)
def test_the_proximal_step_ends_at_the_penalised_optimum(optimizer, momentum):
    # KKT of mean loss + l1 |w|_1 + l2/2 |w|^2: gradient = -l1 sign(w) where w != 0, |gradient| <= l1 where w = 0.
    lr, schedule = SETTLES[optimizer]
    settings = {"lr": lr * (1 - momentum), "momentum": momentum}
    table = lasso()
    strengths = [(0.0, 0.0), (0.05, 0.0), (0.5, 0.0), (0.5, 0.3), (2.0, 0.0)]
    a = problem(
        [Member(seed=s, l1=l1, l2=l2, **settings) for s, (l1, l2) in enumerate(strengths)],
        folds=[Fold(table)],
        net=Net(6, (), 1),
        objectives=[SQUARED],
        score=None,
        epochs=1500,
        batch_size=None,
        optimizer=optimizer,
        schedule=schedule,
        dtype=torch.float64,
    )
    ours, _ = trained(a)
    for number, (l1, l2) in enumerate(strengths):
        w, b = ours.state(number)["0.weight"][0], ours.state(number)["0.bias"]
        residual = table.x_ND @ w + b - table.truth_N
        gradient = 2 * table.x_ND.T @ residual / len(residual) + l2 * w
        zero = w == 0
        assert float((gradient[~zero] + l1 * w[~zero].sign()).abs().max()) < 1e-6
        assert float(gradient[zero].abs().max() if zero.any() else 0.0) <= l1
        assert float(residual.mean().abs()) < 1e-6  # the bias is not penalised
        assert int(zero.sum()) >= (3 if l1 >= 0.5 else 0)


def test_zeros_of_l1_are_exact_in_float32_with_a_hidden_layer():
    ours, _ = trained(problem([Member(seed=0, l1=0.05, lr=1e-2), Member(seed=0, lr=1e-2)], epochs=60))
    zeros = [sum(int((v == 0).sum()) for n, v in ours.state(m).items() if "weight" in n) for m in range(2)]
    assert zeros[0] > 100
    assert zeros[1] == 0


# The twin of every schedule, for an optimiser and a number of epochs; one without fails.
SCHEDULERS = {
    "constant": lambda steps, epochs: torch.optim.lr_scheduler.ConstantLR(steps, factor=1.0, total_iters=epochs),
    "cosine": lambda steps, epochs: torch.optim.lr_scheduler.CosineAnnealingLR(steps, T_max=epochs),
}


@pytest.mark.parametrize("schedule", SCHEDULES.names())
@pytest.mark.parametrize("epochs", [1, 2, 7, 100])
def test_every_schedule_is_torchs(schedule, epochs):
    steps = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    scheduler = SCHEDULERS[schedule](steps, epochs)
    for epoch in range(epochs):
        # torch multiplies up its rates epoch by epoch: a rounding (1e-16) each, more where the rate is nearly 0.
        ours = SCHEDULES.get(schedule).rate(0.3, epoch, epochs)
        assert ours == pytest.approx(scheduler.get_last_lr()[0], rel=1e-9)
        steps.step()
        scheduler.step()


@pytest.mark.parametrize("schedule", SCHEDULES.names())
def test_a_schedule_runs_over_the_members_own_epochs(schedule):
    a = problem([Member(seed=1, epochs=4), Member(seed=2)], epochs=7, schedule=schedule, dtype=torch.float64)
    ours, _ = trained(a)
    for number in range(2):
        model, _ = plain_training(
            a,
            number,
            lambda model, member: torch.optim.Adam(model.parameters(), lr=member.lr),
            partial(SCHEDULERS[schedule], epochs=a.epochs(number)),
        )
        assert furthest(ours.state(number), model) < 1e-10


@pytest.mark.parametrize("declared", [*OPTIMIZERS, *SCHEDULES, *HIDDEN_ACTIVATIONS], ids=lambda one: one.name)
def test_a_declaration_says_what_it_is_and_whence(declared):
    assert declared.description
    assert declared.reference


@pytest.mark.parametrize("unknown", [{"optimizer": "adan"}, {"schedule": "cosin"}])
def test_an_unknown_name_is_refused(unknown):
    with pytest.raises(UserError, match=r"unknown (optimizer|schedule) .*did you mean"):
        trained(problem([Member(seed=0)], **unknown))


def test_an_unknown_hidden_activation_is_refused():
    with pytest.raises(UserError, match="unknown hidden activation 'rely'; did you mean 'relu'"):
        trained(problem([Member(seed=0)], net=Net(4, (5,), 1, "rely")))
