"""Penalised nets trained to the end, against scikit-learn's solvers and closed forms."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, QuantileRegressor, Ridge

from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.engine.problem import Fold, Member, Net, Objective, SplitPart
from lossbench.engine.solver.minimize import converge
from lossbench.engine.solver.owlqn import Rule, minimise
from lossbench.engine.solver.stationarity import minimum_norm_subgradient
from lossbench.experiments.regularize.convergence import rule_for

ALPHAS = np.logspace(-4, 2, 13)
LINEAR = Rule(tolerance=1e-9, decrease=1e-13, patience=300)
RATIO = {"l1": 1.0, "l2": 0.0, "elasticnet": 0.5}


def binary_cross_entropy(out, target):
    return F.binary_cross_entropy_with_logits(out, target, reduction="none").squeeze(-1)


def cross_entropy(out, target):
    return F.cross_entropy(out.flatten(0, 1), target.flatten(), reduction="none").view(target.shape)


def squared(out, target):
    return (out - target).square().squeeze(-1)


def identity(z):
    return z


def fold_of(x, y):
    return Fold(SplitPart(torch.as_tensor(x), torch.as_tensor(y), torch.as_tensor(y)))


def members_of(penalty, alphas=ALPHAS, seed=0):
    ratio = RATIO[penalty]
    return [Member(seed, l1=float(a * ratio), l2=float(a * (1 - ratio))) for a in alphas]


def trained(net, fold, loss, members, rule=LINEAR, **options):
    return converge(net, fold, Objective(identity, loss), members, rule=rule, **options)


def standardised(x):
    return (x - x.mean(0)) / x.std(0)


@pytest.fixture(scope="module")
def iris():
    data = load_iris()
    two = data.target < 2
    return standardised(data.data[two][:, [0, 2]]), data.target[two].astype(float)


def coefficients(nets, member, inputs):
    """Weights [inputs] and bias of a linear net with one output."""
    row = nets.x_PD[member].numpy()
    return row[:inputs], row[inputs]


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_without_a_hidden_layer_it_is_scikit_learns_logistic_regression(iris, penalty):
    """Setosa and versicolor can be separated: nothing but the penalty keeps the weights finite."""
    x, y = iris
    nets = trained(Net(2, (), 1), fold_of(x, y[:, None]), binary_cross_entropy, members_of(penalty))
    assert all(member.converged for member in nets.members)
    solver = {"l2": "newton-cg"}.get(penalty, "saga")
    for k, alpha in enumerate(ALPHAS):
        oracle = LogisticRegression(
            C=1 / (len(y) * alpha), l1_ratio=RATIO[penalty], solver=solver, tol=1e-9, max_iter=50_000
        )
        oracle.fit(x, y)
        weights, bias = coefficients(nets, k, 2)
        np.testing.assert_allclose(weights, oracle.coef_[0], atol=1e-3)
        if (oracle.coef_ == 0).all():  # saga stops before it has fitted the bias; the classes are of equal size
            assert abs(bias) < 1e-6
        else:
            np.testing.assert_allclose(bias, oracle.intercept_[0], atol=1e-3)


@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_thirty_correlated_inputs_keep_scikit_learns_zeros(penalty):
    x, y = load_breast_cancer(return_X_y=True)
    x, alphas = standardised(x), np.logspace(-2.5, 0, 6)
    nets = trained(
        Net(30, (), 1), fold_of(x, y[:, None].astype(float)), binary_cross_entropy, members_of(penalty, alphas)
    )
    for k, alpha in enumerate(alphas):
        oracle = LogisticRegression(
            C=1 / (len(y) * alpha), l1_ratio=RATIO[penalty], solver="saga", tol=1e-7, max_iter=20_000
        )
        oracle.fit(x, y)
        weights, _ = coefficients(nets, k, 30)
        np.testing.assert_allclose(weights, oracle.coef_[0], atol=1e-3)
        assert (weights == 0).sum() == (oracle.coef_ == 0).sum()


def test_several_classes_are_scikit_learns_multinomial_regression():
    data = load_iris()
    x, y = standardised(data.data), data.target
    nets = trained(Net(4, (), 3), fold_of(x, y), cross_entropy, members_of("l2"))
    for k, alpha in enumerate(ALPHAS):
        oracle = LogisticRegression(C=1 / (len(y) * alpha), solver="newton-cg", tol=1e-9, max_iter=1000).fit(x, y)
        weights = nets.x_PD[k][:12].view(4, 3).numpy().T
        np.testing.assert_allclose(weights, oracle.coef_, atol=1e-3)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_a_regression_is_scikit_learns_ridge_lasso_and_elastic_net(penalty):
    """Theirs is half the squared error (Ridge: its sum), so strengths are halved (multiplied by n / 2)."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(120, 6)) @ draw.normal(size=(6, 6))
    y = x @ np.array([3.0, -2.0, 0, 0, 0.5, 0]) + draw.normal(size=120) + 1.5
    nets = trained(Net(6, (), 1), fold_of(x, y[:, None]), squared, members_of(penalty))
    for k, alpha in enumerate(ALPHAS):
        if penalty == "l2":
            oracle = Ridge(alpha=alpha * len(y) / 2)
        elif penalty == "l1":
            oracle = Lasso(alpha=alpha / 2, tol=1e-10, max_iter=100_000)
        else:
            oracle = ElasticNet(alpha=alpha / 2, l1_ratio=0.5, tol=1e-10, max_iter=100_000)
        oracle.fit(x, y)
        weights, bias = coefficients(nets, k, 6)
        np.testing.assert_allclose(weights, oracle.coef_, atol=1e-3)
        np.testing.assert_allclose(bias, oracle.intercept_, atol=1e-3)


LOW = 0.05


def pinball(out, target):
    e = (target - out).squeeze(-1)
    return torch.maximum(LOW * e, (LOW - 1) * e)


def exact_quantile(x, y, alpha):
    """Coefficients, and the objective, of scikit-learn's linear program."""
    oracle = QuantileRegressor(quantile=LOW, alpha=alpha, solver="highs").fit(x, y)
    e = y - oracle.predict(x)
    value = np.maximum(LOW * e, (LOW - 1) * e).mean() + alpha * np.abs(oracle.coef_).sum()
    return [*oracle.coef_, oracle.intercept_], value


def diabetes(columns):
    data = load_diabetes()
    return standardised(data.data[:, columns]), standardised(data.target)


def test_a_low_quantile_that_counts_as_trained_is_the_linear_programs():
    """Minima of piecewise linear objectives are corners; what ends beside one must be marked."""
    x, y = diabetes([2, 8])
    alphas = [2e-3, 2e-2, 0.3]
    rule = rule_for(RegularizeConfig(net={"hidden": []}), 3)
    nets = trained(Net(2, (), 1), fold_of(x, y[:, None]), pinball, members_of("l1", alphas), rule)
    assert sum(member.converged for member in nets.members) >= 2
    for k, (alpha, member) in enumerate(zip(alphas, nets.members, strict=True)):
        _, least = exact_quantile(x, y, alpha)
        value = member.data_loss + alpha * member.weights_W.abs().sum().item()
        assert value >= least - 1e-9
        # Converged: within 2 * slope * 1e-6 of the minimum; slopes are below 3. The defect was of 4e-4.
        assert value <= least + 6e-6 or not member.converged, k


def test_only_the_corner_itself_is_certified_as_the_minimum_of_a_linear_program():
    x, y = diabetes(slice(None))
    rows, target = torch.as_tensor(x), torch.as_tensor(y)[:, None]
    corner, _ = exact_quantile(x, y, 0.01)
    corner = torch.tensor(corner, dtype=torch.float64)

    def mean_loss(points, members):
        out = points[:, :-1] @ rows.T + points[:, -1:]
        slope = torch.where(out < target.T, -LOW, 1 - LOW).to(out) / len(rows)
        gradient = torch.cat([slope @ rows, slope.sum(1, keepdim=True)], 1)
        return pinball(out.unsqueeze(-1), target).mean(1), gradient

    l1 = torch.tensor([0.01] * 10 + [0.0], dtype=torch.float64)
    none = torch.zeros_like(l1)
    assert minimum_norm_subgradient(mean_loss, corner, l1, none, reach=1e-6) < 1e-6
    beside = corner + 1e-4 * torch.where(corner == 0, 0.0, 1.0)
    assert minimum_norm_subgradient(mean_loss, beside, l1, none, reach=1e-6) > 1e-4


@pytest.mark.parametrize("hidden", [(), (16,)])
def test_what_a_teacher_expects_of_the_penalties(iris, hidden):
    x, y = iris
    rule = LINEAR if not hidden else Rule(decrease=1e-4, patience=100)
    net = Net(2, hidden, 1, "tanh")
    fold = fold_of(x, y[:, None])
    ridge = trained(net, fold, binary_cross_entropy, members_of("l2"), rule)
    lasso = trained(net, fold, binary_cross_entropy, members_of("l1"), rule)
    l2_norms = [float(m.weights_W.norm()) for m in ridge.members]
    # Beyond the alpha that leaves a net with nothing but its bias, norms are only as small as the tolerance says.
    assert all(b < max(a, 1e-6) for a, b in pairwise(l2_norms)), "l2 shrinks the weights with every step"
    assert all((m.weights_W != 0).all() for m in ridge.members), "and zeroes none"
    zeros = [int((m.weights_W == 0).sum()) for m in lasso.members]
    assert zeros == sorted(zeros), "l1 zeroes more and more"
    assert zeros[-1] == lasso.members[-1].weights_W.numel(), "and in the end all"
    for nets in (ridge, lasso):
        (out,) = nets.outputs(torch.as_tensor(x))
        assert float(out[-1].std()) < 0.01, "a huge alpha gives the constant predictor"


def test_the_result_says_what_the_stopping_rule_saw(iris):
    """The residual is checked by autograd, on a net built anew from the weights."""
    x, y = iris
    members = members_of("elasticnet", ALPHAS[::3])
    nets = trained(Net(2, (8,), 1, "tanh"), fold_of(x, y[:, None]), binary_cross_entropy, members, Rule())
    for k, member in enumerate(members):
        row = nets.x_PD[k].clone().requires_grad_()
        w1, b1, w2, b2 = row[:16].view(2, 8), row[16:24], row[24:32].view(8, 1), row[32:]
        out = torch.tanh(torch.as_tensor(x) @ w1 + b1) @ w2 + b2
        data_loss = F.binary_cross_entropy_with_logits(out, torch.as_tensor(y[:, None]))
        weights = torch.cat([w1.flatten(), w2.flatten()])
        (g,) = torch.autograd.grad(data_loss + member.l2 / 2 * weights.square().sum(), row)
        threshold = torch.full_like(row, member.l1)
        threshold[16:24] = threshold[32:] = 0
        moved = F.softshrink(row - g, 0) - (row - g).clamp(-threshold, threshold)
        residual = float((row - moved).detach().abs().max())
        assert nets.members[k].data_loss == pytest.approx(data_loss.item(), rel=1e-6)
        if nets.members[k].end == "gradient":
            # The last proximal step has moved the weights by as much as the residual before it.
            assert residual < 1e-7


def test_results_do_not_depend_on_threads_or_neighbours(iris):
    x, y = iris
    fold, net, rule = fold_of(x, y[:, None]), Net(2, (8,), 1, "tanh"), Rule(evaluations=60)
    members = members_of("elasticnet", ALPHAS[::3])
    together = trained(net, fold, binary_cross_entropy, members, rule, threads=1)
    apart = trained(net, fold, binary_cross_entropy, members, rule, threads=2)
    alone = trained(net, fold, binary_cross_entropy, members[1:2], rule)
    # Sums over members of other batch sizes may round otherwise; 60 steps amplify that.
    torch.testing.assert_close(together.x_PD, apart.x_PD, rtol=0, atol=1e-6)
    torch.testing.assert_close(together.x_PD[1:2], alone.x_PD, rtol=0, atol=1e-6)


def test_a_member_that_had_too_few_steps_is_not_converged(iris):
    x, y = iris
    nets = trained(Net(2, (), 1), fold_of(x, y[:, None]), binary_cross_entropy, members_of("l2"), Rule(evaluations=3))
    assert {m.end for m in nets.members} == {"limit"}
    assert not any(m.converged for m in nets.members)


def test_a_stop_leaves_the_members_where_they_are(iris):
    x, y = iris
    where = fold_of(x, y[:, None])
    nets = trained(Net(2, (4,), 1), where, binary_cross_entropy, members_of("l2"), stopped=lambda: True)
    assert {m.end for m in nets.members} == {"interrupted"}
    assert torch.isfinite(nets.x_PD).all()


def test_a_member_without_a_finite_loss_is_diverged_and_alone_in_it():
    """The middle one of three functions is NaN from its start on."""

    def evaluate(x, members):
        g = 2 * x
        value = x.square().sum(1)
        lost = (members == 1).unsqueeze(1)
        return torch.where(lost.squeeze(1), torch.nan, value), torch.where(lost, torch.nan, g)

    start, none = torch.ones(3, 2, dtype=torch.float64), torch.zeros(3, 2, dtype=torch.float64)
    found = minimise(evaluate, start, none, none)
    assert found.end == ["gradient", "diverged", "gradient"]
    torch.testing.assert_close(found.x_PD[[0, 2]], none[[0, 2]], rtol=0, atol=1e-8)


def test_a_kink_is_an_end_and_not_a_failure():
    """max(|x_1|, 3 |x_2|), whose gradient is never small, from a point off both axes."""

    def evaluate(x, members):
        first, second = x[:, 0].abs(), 3 * x[:, 1].abs()
        g = torch.zeros_like(x)
        g[:, 0] = torch.where(first >= second, x[:, 0].sign(), 0)
        g[:, 1] = torch.where(first >= second, 0, 3 * x[:, 1].sign())
        return torch.maximum(first, second), g

    none = torch.zeros(1, 2, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = minimise(evaluate, torch.tensor([[5.0, 3.0]], dtype=torch.float64), none, none, Rule(evaluations=2000))
    assert found.end == ["decrease"]
    assert float(found.value_P[0]) < 1e-3


def test_a_balanced_loss_and_a_batch_loss_are_what_they_are_for_one_net(iris):
    """Weighted rows, and a loss that is given whole batches: both reach the minimum of the same function."""
    x, y = iris
    weight = torch.as_tensor(np.where(y == 1, 1.6, 0.4))
    part = fold_of(x, y[:, None]).train
    weighted = trained(Net(2, (), 1), Fold(part, weight_N=weight), binary_cross_entropy, members_of("l2"))

    def round_up(out, target, weight):
        return (weight * binary_cross_entropy(out, target)).sum(1) / weight.shape[1]

    batchwise = converge(
        Net(2, (), 1),
        Fold(part, weight_N=weight),
        Objective(identity, round_up, per="batch"),
        members_of("l2"),
        rule=LINEAR,
    )
    torch.testing.assert_close(weighted.x_PD, batchwise.x_PD, rtol=0, atol=1e-5)
    oracle = LogisticRegression(C=1 / (len(y) * ALPHAS[4]), solver="newton-cg", tol=1e-9).fit(x, y, weight.numpy())
    np.testing.assert_allclose(coefficients(weighted, 4, 2)[0], oracle.coef_[0], atol=1e-3)
