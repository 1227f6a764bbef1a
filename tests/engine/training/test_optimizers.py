"""Steps of the optimisers: the fused kernel and its plain twin, the l1 penalty's optimum, the schedule."""

import pytest
import torch

from lossbench.engine.problem import Fold, Member, Net, Objective, Part
from lossbench.engine.training import optimizers
from lossbench.engine.training.optimizers import Stretch, fused_adam, plain_adam, rate
from tests.engine.problems import problem, trained

SQUARED = Objective(lambda z: z, lambda out, t: ((out - t) ** 2).squeeze(-1))


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_the_fused_kernel_and_the_plain_one_agree(decoupled, decay):
    g = torch.Generator().manual_seed(0)
    start = torch.randn(96, generator=g, dtype=torch.float64)
    ways = []
    for make_step in (fused_adam, plain_adam):
        p, gradient, mean, square = start.clone(), *torch.zeros(3, 96, dtype=torch.float64).unbind(0)
        ways.append((make_step, Stretch(1e-2, decay, 0.0, [p], [gradient], [mean], [square])))
    for count in range(1, 30):
        drawn = torch.randn(96, generator=g, dtype=torch.float64)
        for make_step, stretch in ways:
            stretch.gradients[0].copy_(drawn)
            make_step(stretch, torch.tensor(float(count)), decoupled)
        fused, plain = (stretch for _, stretch in ways)
        for name in ("parameters", "means", "squares"):  # a few roundings in another order
            torch.testing.assert_close(getattr(fused, name)[0], getattr(plain, name)[0], rtol=1e-12, atol=1e-13)


def test_training_without_the_fused_kernel_goes_the_same_road(monkeypatch):
    how = {"epochs": 10, "dtype": torch.float64}
    crowd = [Member(seed=s, l1=1e-3, l2=1e-2) for s in range(2)]
    fused, _ = trained(problem(crowd, **how))
    monkeypatch.setattr(optimizers, "step_of", lambda name, device: plain_adam)
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
    return Part(x, y.unsqueeze(1), y)


@pytest.mark.parametrize(
    ("optimizer", "settings"), [("adam", {"lr": 0.05}), ("sgd", {"lr": 0.03}), ("sgd", {"lr": 0.01, "momentum": 0.8})]
)
def test_the_proximal_step_ends_at_the_penalised_optimum(optimizer, settings):
    # KKT of mean loss + l1 |w|_1 + l2/2 |w|^2: gradient = -l1 sign(w) where w != 0, |gradient| <= l1 where w = 0.
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
        schedule="cosine" if optimizer == "adam" else "constant",
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


def test_cosine_starts_at_the_whole_rate_and_never_ends_at_nothing():
    rates = [rate(0.1, epoch, 10, "cosine") for epoch in range(10)]
    assert rates[0] == 0.1
    assert rates == sorted(rates, reverse=True)
    assert rates[5] == pytest.approx(0.05)
    assert rates[-1] > 0
    assert rate(0.1, 7, 10, "constant") == 0.1
