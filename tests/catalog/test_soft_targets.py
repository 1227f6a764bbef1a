"""Losses and metrics of probabilities as target: torch's, and those of one-hot rows."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.special import rel_entr
from sklearn.metrics import log_loss

from lossbench.catalog.decoders import Prediction
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import METRICS
from lossbench.catalog.soft_targets import soft_losses, softened
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Encoding, Task
from lossbench.errors import UserError
from lossbench.experiments.scoring.temperature import LOG2_T, log_loss_by_temperature
from tests.catalog.cases import PREFERRED

SOFT = [(loss, task) for loss in LOSSES if loss.soft for task in loss.own_tasks if task.is_classification]
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def drawn(task: Task, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Linear outputs `[2, 7, C]` and probabilities `[7, C]`, a 0 among them."""
    generator, classes = torch.Generator().manual_seed(seed), 2 if task is Task.BINARY else 4
    p = torch.rand(7, classes, generator=generator, dtype=torch.float64)
    p[0, 0] = 0
    return torch.randn(2, 7, classes, generator=generator, dtype=torch.float64), p / p.sum(-1, keepdim=True)


def target_of(loss, task, p):
    encoding = softened(loss, task).targets[task]
    if encoding is Encoding.CUMULATIVE:  # P(y > k), written out
        return torch.stack([p[:, k + 1 :].sum(-1) for k in range(p.shape[-1] - 1)], -1)
    return p[..., 1:] if encoding is Encoding.PROBABILITY else p


def linear(loss, task, z):
    """As many outputs as the loss has of so many classes."""
    outputs = loss.width(task, z.shape[-1])
    return z[..., 1:] if outputs == 1 else z[..., :outputs]


def expected(log_p, p):
    return -(p * log_p).sum(-1)


def above(z, p):
    """The cross-entropies of the questions whether a class is above each but the last, summed."""
    goal = torch.stack([p[:, k + 1 :].sum(-1) for k in range(p.shape[-1] - 1)], -1)
    return F.binary_cross_entropy_with_logits(z, goal, reduction="none").sum(-1)


def log_p_of(above):
    """Logarithms of the classes' probabilities, given those of being above each but the last."""
    ends = torch.ones_like(above[:, :1])
    return (torch.cat([ends, above], -1) - torch.cat([above, 0 * ends], -1)).log()


def test_those_that_take_probabilities_are_these():
    assert soft_losses(Task.MULTICLASS) == [
        "cross_entropy", "nll", "kl_div", "multilabel_soft_margin", "mse", "brier",
    ]  # fmt: skip
    assert soft_losses(Task.ORDINAL) == [
        *soft_losses(Task.MULTICLASS)[:5], "ordinal_bce", "coral", "cumulative_link", "corn", "emd", "brier",
    ]  # fmt: skip
    assert soft_losses(Task.BINARY) == ["cross_entropy", "nll", "kl_div", "bce", "bce_with_logits", "mse", "brier"]


# A loss that is missing here fails.
ORACLES = {
    "cross_entropy": lambda z, p: F.cross_entropy(z, p, reduction="none"),
    "nll": lambda z, p: F.cross_entropy(z, p, reduction="none"),
    "kl_div": lambda z, p: F.kl_div(z.log_softmax(-1), p, reduction="none").sum(-1),
    "bce": lambda z, p: F.binary_cross_entropy(z[:, 1:].sigmoid(), p[:, 1:], reduction="none")[:, 0],
    "bce_with_logits": lambda z, p: F.binary_cross_entropy_with_logits(z[:, 1:], p[:, 1:], reduction="none")[:, 0],
    "multilabel_soft_margin": lambda z, p: F.multilabel_soft_margin_loss(z, p, reduction="none"),
    "mse": None,
    "ordinal_bce": lambda z, p: above(z[:, :-1], p),
    "coral": lambda z, p: above(torch.cat([z[:, :1], z[:, :1] - z[:, 1:-1]], -1), p),
    "cumulative_link": lambda z, p: expected(
        log_p_of((z[:, :1] - F.pad(F.softplus(z[:, 1:-1]).cumsum(-1), (1, 0))).sigmoid()), p
    ),
    "corn": lambda z, p: expected(log_p_of(z[:, :-1].sigmoid().cumprod(-1)), p),
    "emd": lambda z, p: (z.softmax(-1).cumsum(-1) - p.cumsum(-1)).square().sum(-1),
    "brier": lambda z, p: F.mse_loss(z.softmax(-1), p, reduction="none").sum(-1),
}


@pytest.mark.parametrize(("loss", "task"), SOFT, ids=lambda one: getattr(one, "name", one))
def test_every_loss_of_probabilities_is_torchs(loss, task):
    z, p = drawn(task)
    soft, activation = softened(loss, task), best_activation(loss, task)
    out = activation(linear(loss, task, z))
    found = soft(out, target_of(loss, task, p).expand(2, *target_of(loss, task, p).shape))
    assert found.shape == (2, 7)
    for member in range(2):
        if loss.name == "mse":
            expected = F.mse_loss(out[member], target_of(loss, task, p), reduction="none").mean(-1)
        else:
            expected = ORACLES[loss.name](z[member], p)
        torch.testing.assert_close(found[member], expected, **EXACT)


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_label_smoothing_of_probabilities_is_torchs(smoothing):
    z, p = drawn(Task.MULTICLASS)
    loss = softened(LOSSES.get("cross_entropy").bind(label_smoothing=smoothing), Task.MULTICLASS)
    expected = F.cross_entropy(z[0], p, label_smoothing=smoothing, reduction="none")
    torch.testing.assert_close(loss(z[0], p), expected, **EXACT)


@pytest.mark.parametrize(("loss", "task"), SOFT, ids=lambda one: getattr(one, "name", one))
def test_on_one_hot_rows_it_is_the_loss_itself(loss, task):
    z, _ = drawn(task)
    y = torch.arange(7) % z.shape[-1]
    one_hot, activation = F.one_hot(y, z.shape[-1]).double(), best_activation(loss, task)
    out = activation(linear(loss, task, z))[0]
    hard = encode(y, loss.targets[task], z.shape[-1])
    soft = encode(one_hot, softened(loss, task).targets[task], z.shape[-1])
    torch.testing.assert_close(
        softened(loss, task)(out, soft), loss(out, hard), rtol=1e-6, atol=1e-6
    )  # float32 targets


# Outputs that say probabilities p of classes of which those above each have P.
SAYS = {
    "ordinal_bce": lambda P, p: torch.logit(P),
    "coral": lambda P, p: torch.cat([torch.logit(P[:, :1]), torch.logit(P[:, :1]) - torch.logit(P[:, 1:])], -1),
    "cumulative_link": lambda P, p: torch.cat(
        [torch.logit(P[:, :1]), torch.special.expm1(torch.logit(P[:, :-1]) - torch.logit(P[:, 1:])).log()], -1
    ),
    "corn": lambda P, p: (P / p[:, :-1]).log(),
}


@pytest.mark.parametrize(("loss", "task"), SOFT, ids=lambda one: getattr(one, "name", one))
def test_its_expectation_is_least_at_the_probabilities(loss, task):
    """The gradient of the outputs is 0 where they say the target's probabilities."""
    _, p = drawn(task)
    p = p.clamp_min(0.05) / p.clamp_min(0.05).sum(-1, keepdim=True)
    z = (p.log() if loss.width(task, p.shape[-1]) > 1 else torch.logit(p[:, 1:])).requires_grad_()
    activation = best_activation(loss, task)
    if loss.name == "multilabel_soft_margin":  # each class against all others
        z = torch.logit(p).requires_grad_()
    if loss.name == "mse" and activation.name == "identity":
        z = p.clone().requires_grad_()
    if loss.name in SAYS:
        z = SAYS[loss.name](target_of(loss, task, p), p).requires_grad_()
    softened(loss, task)(activation(z), target_of(loss, task, p)).sum().backward()
    torch.testing.assert_close(z.grad, torch.zeros_like(z.grad), rtol=0, atol=1e-12)


def test_others_refuse_with_the_names_of_those_that_do():
    with pytest.raises(UserError, match=r"dice is made for a class of each row, .*; choose cross_entropy, nll, kl_div"):
        softened(LOSSES.get("dice"), Task.BINARY)


EXPECTED = [(case.loss, case.task, case.activation) for case in PREFERRED
            if case.task.is_classification and case.loss.per == "sample" and not case.loss.soft]  # fmt: skip
# Losses made for probabilities that are no straight line in them: of t - p the square, of t log t the entropy.
CURVED = {"kl_div", "mse", "brier", "emd"}


def outputs_and_statistics(loss, task, activation, z):
    out = activation(linear(loss, task, z))
    counts = torch.tensor([[50.0, 7.0, 0.0, 20.0][: z.shape[-1]]], dtype=torch.float64)
    named = dict.fromkeys(loss.statistics, counts)
    if loss.last_hidden:
        named["last_hidden"] = torch.tensor([0.3, -1.2, 2.5]).double().expand(7, 3)
    return out, named


@pytest.mark.parametrize(("loss", "task", "activation"), EXPECTED, ids=lambda one: getattr(one, "name", one))
def test_any_other_loss_is_its_own_value_for_each_class_weighted_and_the_loss_itself_on_one_hot_rows(
    loss, task, activation
):
    z, p = drawn(task)
    out, named = outputs_and_statistics(loss, task, activation, z)
    classes = z.shape[-1]

    def hard(y):
        target = encode(torch.full((7,), y), loss.targets[task], classes)
        target = target.double() if target.is_floating_point() else target
        return torch.stack([loss(one, target, **named) for one in out])

    soft = softened(loss, task)
    assert soft.width(task, classes) == loss.width(task, classes)
    assert soft.formula == loss.formula
    found = soft(out, target_of(loss, task, p).expand(2, *target_of(loss, task, p).shape), **named)
    expected = (torch.stack([hard(y) for y in range(classes)], -1) * p).sum(-1)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    for y in range(classes):
        one_hot = F.one_hot(torch.full((2, 7), y), classes).double()
        torch.testing.assert_close(soft(out, target_of(loss, task, one_hot), **named), hard(y), **EXACT)


@pytest.mark.parametrize(
    ("loss", "task"), [one for one in SOFT if one[0].name not in CURVED], ids=lambda one: getattr(one, "name", one)
)
def test_a_loss_made_for_probabilities_is_linear_in_them(loss, task):
    z, p = drawn(task)
    _, other = drawn(task, seed=1)
    out, soft = best_activation(loss, task)(linear(loss, task, z))[0], softened(loss, task)
    ends = [soft(out, target_of(loss, task, end)) for end in (p, other)]
    middle = soft(out, target_of(loss, task, 0.3 * p + 0.7 * other))
    torch.testing.assert_close(middle, 0.3 * ends[0] + 0.7 * ends[1], **EXACT)


def test_metrics_of_probabilities_are_expected_scores():
    z, p = drawn(Task.MULTICLASS)
    q = z[0].softmax(-1)
    prediction, truth = Prediction(z[:1], q[None]), p[None]
    found = {metric.name: metric(prediction, truth).item() for metric in METRICS if metric.soft}
    expected = F.cross_entropy(z[0], p).item()
    assert found["log_loss"] == pytest.approx(expected, rel=1e-12)
    # scikit-learn's, each row once for each class, weighted by its probability
    rows, classes = np.repeat(np.arange(7), 4), np.tile(np.arange(4), 7)
    weight = p.numpy().ravel()
    assert found["log_loss"] == pytest.approx(log_loss(classes, q.numpy()[rows], sample_weight=weight), rel=1e-12)
    brier = METRICS.get("brier")(
        Prediction(z[:1, rows], q[None, rows]), torch.as_tensor(classes), torch.as_tensor(weight)
    )
    assert found["brier"] == pytest.approx(brier.item(), rel=1e-12)
    ece = METRICS.get("ece")(Prediction(z[:1, rows], q[None, rows]), torch.as_tensor(classes), torch.as_tensor(weight))
    assert found["ece"] == pytest.approx(ece.item(), rel=1e-12)
    entropy = found["log_loss"] - rel_entr(p.numpy(), q.numpy()).sum(1).mean()  # what no prediction can take away
    assert entropy == pytest.approx(-np.nanmean((p * p.log()).nansum(-1).numpy()), rel=1e-12)


@pytest.mark.parametrize(
    "metric", [m for m in METRICS if Task.MULTICLASS in m.tasks and not m.soft], ids=lambda one: one.name
)
def test_every_other_metric_takes_the_most_probable_class(metric):
    z, p = drawn(Task.MULTICLASS, 1)
    prediction = Prediction(z, z.softmax(-1))
    torch.testing.assert_close(metric(prediction, p[None]), metric(prediction, p.argmax(-1)), equal_nan=True)


@pytest.mark.parametrize("metric", [m for m in METRICS if m.soft], ids=lambda one: one.name)
def test_weights_and_one_hot_rows_change_nothing_of_what_is_expected(metric):
    z, _ = drawn(Task.MULTICLASS)
    y, w = torch.arange(7) % 4, torch.arange(1.0, 8.0)
    prediction = Prediction(z, z.softmax(-1))
    soft = metric(prediction, F.one_hot(y, 4).double(), w)
    torch.testing.assert_close(soft, metric(prediction, y, w), **EXACT)


def test_a_temperature_is_fitted_to_the_expected_log_loss():
    z, p = drawn(Task.MULTICLASS)
    found = log_loss_by_temperature(z, p.expand(2, 7, 4))
    for place in (0, 6, 16):
        expected = F.cross_entropy(z[1] / 2.0 ** LOG2_T[place], p, reduction="none")
        torch.testing.assert_close(found[place, 1], expected, rtol=1e-9, atol=1e-9)
