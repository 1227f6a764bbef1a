"""The doctor finds planted diseases, agrees with what every built-in loss declares, and falls over nothing."""

from __future__ import annotations

import json

import pytest
import torch
import torch.nn.functional as F

from lossbench.catalog.decoders import Decoder
from lossbench.catalog.loss import LOSSES, Loss, declare
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError
from lossbench.experiments.doctor import Diagnosis, examine


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def binary(fn, encoding=Encoding.SIGN, decode=Decoder.MARGIN, **declared) -> Loss:
    declared = {"sound": (Space.REAL,), "reference": "planted", **declared}
    return declare(fn, targets={Task.BINARY: encoding}, decode=decode, **declared)


def regression(fn, **declared) -> Loss:
    declared = {"sound": (Space.REAL,), "reference": "planted", **declared}
    return declare(fn, targets={Task.REGRESSION: Encoding.FLOAT}, decode=Decoder.IDENTITY, **declared)


def only(diagnosis: Diagnosis, check: str):
    (finding,) = diagnosis.about(check)
    return finding


def sick_mean_of_all(out, target):
    return ((out - target) ** 2).mean()


def sick_mean_of_rows(out, target):
    return ((out - target) ** 2).squeeze(-1).mean(-1)


def sick_mean_spread(out, target):
    error = ((out - target) ** 2).squeeze(-1)
    return error.mean(-1, keepdim=True).expand_as(error)


def sick_broadcast(out, target):
    return (out - target.squeeze(-1)).abs()


def sick_broadcast_then_mean(out, target):
    return (out.squeeze(-1).unsqueeze(-1) - target.squeeze(-1).unsqueeze(-2)).abs().mean(-1)


def sick_column(out, target):
    return (out - target) ** 2


def sick_squeeze(out, target):
    return ((out - target) ** 2).squeeze()


def sick_one_member(out, target):
    return torch.stack([(o - t)[:, 0].abs() for o, t in zip(out[0], target[0], strict=True)])


SHAPES = {
    sick_mean_of_all: "a mean or a sum over the rows is hidden inside",
    sick_mean_of_rows: "a mean or a sum over the rows is hidden inside",
    sick_broadcast: "a column [B, 1] met a row [B]",
    sick_column: "squeeze(-1)",
    sick_squeeze: "a squeeze() without an axis",
    sick_one_member: "raises",
}


@pytest.mark.parametrize("fn", SHAPES, ids=lambda fn: fn.__name__)
def test_a_wrong_shape_is_explained_and_ends_the_examination(fn):
    diagnosis = examine(binary(fn))
    finding = only(diagnosis, "shape")
    assert finding.level == "error"
    assert SHAPES[fn] in finding.finding
    assert diagnosis.exit_code == 1
    assert {f.check for f in diagnosis.findings} <= {"shape", "rows"}


def test_a_mean_that_hides_behind_the_right_shape_is_found():
    finding = only(examine(binary(sick_mean_spread)), "rows")
    assert finding.level == "error"
    assert "a mean over the batch is hidden inside" in finding.finding


def sick_broadcast_across(out, target):
    return (out.squeeze(-1).unsqueeze(-2) - target.squeeze(-1).unsqueeze(-1)).abs().mean(-1)


def sick_centred_batch(out, target):
    return (out - out.mean(-2, keepdim=True) - target).abs().squeeze(-1)


BROADCASTS = {
    sick_broadcast_then_mean: "every output is compared with every row's target",
    sick_broadcast_across: "every target is compared with every row's output",
    sick_centred_batch: "a mean over the batch is hidden inside",
}


@pytest.mark.parametrize("fn", BROADCASTS, ids=lambda fn: fn.__name__)
def test_a_broadcast_that_hides_behind_the_right_shape_is_told_from_a_mean_in_both_directions(fn):
    finding = only(examine(binary(fn)), "rows")
    assert finding.level == "error"
    assert BROADCASTS[fn] in finding.finding


def naive_entropy(p, t):
    return -(t * p.log() + (1 - t) * (1 - p).log()).squeeze(-1)


def test_a_logarithm_of_any_number_is_not_defined_and_nothing_else_is_judged_of_it():
    diagnosis = examine(binary(naive_entropy, Encoding.PROBABILITY, Decoder.SIGMOID))
    finding = only(diagnosis, "defined")
    assert finding.level == "error"
    assert finding.numbers["undefined_share"] == pytest.approx(0.75, abs=0.15)
    assert "it is defined behind sigmoid" in finding.finding
    assert {f.check for f in diagnosis.findings if f.level == "error"} == {"defined"}
    skipped = {f.check for f in diagnosis.findings if f.finding == "not examined: not defined on part of the space"}
    assert {"floor", "convex", "symmetric", "calibrated, proper", "sound spaces", "dead regions"} <= skipped
    assert only(diagnosis, "members").level == "ok"


@pytest.mark.parametrize("fn", [lambda z, t: (z.round() - t) ** 2, lambda z, t: (z.detach() - t) ** 2])
def test_a_loss_that_no_net_can_learn_from_is_an_error_and_is_praised_for_nothing(fn):
    diagnosis = examine(binary(lambda z, t: fn(z, t).squeeze(-1), Encoding.PROBABILITY))
    assert diagnosis.exit_code == 1
    assert [f.check for f in diagnosis.findings if f.level == "error"] == ["gradient"]
    assert {"gradient scale", "sound spaces"} <= {f.check for f in diagnosis.findings if f.level == "skipped"}
    assert not any("learning rate" in f.finding or "sound behind" in f.finding for f in diagnosis.findings)
    assert diagnosis.about("declared") == []


def sigmoid_loss(score, sign):
    return torch.sigmoid(-score * sign).squeeze(-1)


LIES = {
    "declared proper, measured not": (sigmoid_loss, {"proper": True}),
    "declared convex, measured not": (sigmoid_loss, {"convex": True}),
    "declared not consistent, measured consistent": (sigmoid_loss, {"consistent": False}),
    "declared not symmetric, measured symmetric": (sigmoid_loss, {"symmetric": False}),
    "declared to estimate the class probabilities, measured the margin": (
        sigmoid_loss,
        {"estimates": "class probabilities"},
    ),
    "declared unsound on any real number, measured sound behind identity, leaky_relu": (
        sigmoid_loss,
        {"unsound": {Space.REAL: "no"}, "sound": (Space.SIGNED_UNIT, Space.REAL)},
    ),
    "declared symmetric, measured not": (lambda z, s: F.softplus(-s * z).squeeze(-1), {"symmetric": True}),
    "declared not convex, measured convex": (lambda z, s: F.softplus(-s * z).squeeze(-1), {"convex": False}),
}


@pytest.mark.parametrize("message", LIES)
def test_a_declaration_that_is_not_so_is_an_error(message):
    fn, declared = LIES[message]
    diagnosis = examine(binary(fn, **declared))
    assert message in only(diagnosis, "declared").finding
    assert (only(diagnosis, "declared").level, diagnosis.exit_code) == ("error", 1)


def test_a_declaration_that_holds_says_so():
    finding = only(examine(binary(sigmoid_loss, convex=False, consistent=True, symmetric=True)), "declared")
    assert (finding.level, finding.finding) == ("ok", "measured as declared: symmetric, consistent")


def test_other_parameters_than_the_default_ones_break_no_claim():
    diagnosis = examine(LOSSES.get("focal").bind(gamma=0.0), tasks=[Task.BINARY])  # declared not convex
    assert (only(diagnosis, "declared").level, diagnosis.exit_code) == ("skipped", 0)
    assert diagnosis.number("convex", "binary") is True


def test_a_median_that_is_declared_a_mean_is_an_error():
    finding = only(examine(regression(lambda f, y: (f - y).abs().squeeze(-1), estimates="mean")), "declared")
    assert "declared to estimate the mean, measured the median" in finding.finding


def test_a_gradient_four_times_as_steep_is_noted_with_its_learning_rate():
    finding = only(examine(binary(lambda z, s: 6 * F.softplus(-s * z).squeeze(-1))), "gradient scale")
    assert (finding.level, "with sgd try 0.24 times its learning rate" in finding.finding) == ("note", True)


def test_an_examination_works_on_one_thread_and_asks_a_bounded_number_of_times():
    # seconds depend on who else is at work; what takes them is how often a loss is called, and torch's own threads
    torch.set_num_threads(2)
    calls, threads = [], set()

    def counted(score, sign):
        calls.append(score.numel())
        threads.add(torch.get_num_threads())
        return F.softplus(-sign * score).squeeze(-1)

    examine(binary(counted))
    assert threads == {1}
    assert torch.get_num_threads() == 2
    assert len(calls) < 1500
    assert sum(calls) < 3e6


def test_a_detached_factor_is_a_wrong_gradient():
    def detached(out, target):
        error = (out - target).squeeze(-1)
        return error.detach() * error

    finding = only(examine(binary(detached)), "gradient")
    assert (finding.level, finding.numbers["gradient_wrong_share"]) == ("error", 1.0)


def test_a_count_of_errors_has_no_gradient():
    finding = only(examine(binary(lambda out, sign: (out.sign() != sign).squeeze(-1).double())), "gradient")
    assert "no gradient" in finding.finding


def test_mixed_members_are_found():
    def mixed(out, target):
        error = ((out - target) ** 2).squeeze(-1)
        return error + 0 * error.sum()

    diagnosis = examine(binary(mixed))
    assert only(diagnosis, "members").level == "error"
    assert diagnosis.number("members_apart", "binary") is False


def test_a_logarithm_of_a_saturated_sigmoid_is_not_finite():
    def naive(p, t):
        return -(t * p.log() + (1 - t) * (1 - p).log()).squeeze(-1)

    diagnosis = examine(binary(naive, Encoding.PROBABILITY, Decoder.PROBABILITY, sound=(Space.UNIT,)))
    assert only(diagnosis, "huge outputs").level == "error"
    assert only(diagnosis, "huge outputs").numbers["nan_values"] > 0  # 0 * log 0
    assert only(diagnosis, "exact zeros and ones").level == "error"
    assert diagnosis.number("proper", "binary") is True  # what is sick at the edge is sound inside


def test_an_overflow_is_a_warning():
    finding = only(examine(binary(lambda z, s: (-s * z).squeeze(-1).exp())), "huge outputs")
    assert (finding.level, finding.numbers["infinite_values"] > 0) == ("warning", True)


def test_a_class_that_is_not_there_must_not_divide_by_zero():
    def weighted(z, y, *, class_counts):
        weight = (1 / class_counts).expand_as(z).gather(-1, y.unsqueeze(-1)).squeeze(-1)
        return weight * -z.log_softmax(-1).gather(-1, y.unsqueeze(-1)).squeeze(-1)

    targets = {Task.MULTICLASS: Encoding.CLASS_INDEX}
    sick = declare(weighted, targets=targets, sound=(Space.REAL,), decode=Decoder.SOFTMAX, reference="planted")
    assert only(examine(sick), "absent classes").level == "error"


def test_a_dead_region_is_measured():
    diagnosis = examine(regression(lambda f, y: (f - y).squeeze(-1).abs().clamp(max=2.0)))
    finding = only(diagnosis, "dead regions")
    assert finding.level == "warning"
    # for a target of 0, |f| > 2 is dead: 2/3 of [-6, 6], which is 4/5 of the |f| > 1 that are wrong
    assert finding.numbers["dead_share"] == pytest.approx(0.8, abs=0.05)


def test_a_vanishing_gradient_is_noted():
    diagnosis = examine(LOSSES.get("brier"), tasks=[Task.BINARY])
    assert only(diagnosis, "dead regions").level == "note"


def test_a_loss_without_a_floor_is_found():
    diagnosis = examine(binary(lambda out, sign: (-sign * out).squeeze(-1)))
    assert only(diagnosis, "floor").level == "error"
    assert "falls without end" in only(diagnosis, "floor").finding


def test_a_loss_that_is_declared_without_a_floor_is_warned_of_and_no_error():
    diagnosis = examine(binary(lambda out, sign: (-sign * out).squeeze(-1), floor=None))
    assert only(diagnosis, "floor").level == "warning"
    assert diagnosis.exit_code == 0


def test_a_loss_of_the_batch_is_examined_on_batches_that_hold_every_class():
    def pairs(out, target, weight):
        second, first = weight * target.squeeze(-1), weight * (1 - target.squeeze(-1))
        apart = (1 - out + out.transpose(-1, -2)).clamp_min(0).square()
        return (second.unsqueeze(-1) * apart * first.unsqueeze(-2)).sum((-1, -2)) / rows_of(second, first)

    def rows_of(second, first):
        return (second.sum(-1) * first.sum(-1)).clamp_min(1e-30)

    def second_class_alone(out, target, weight):
        return (weight * target.squeeze(-1) * out.squeeze(-1).square()).sum(-1)

    assert examine(binary(pairs, Encoding.PROBABILITY, per="batch")).exit_code == 0
    forgetful = only(examine(binary(second_class_alone, Encoding.PROBABILITY, per="batch")), "target ignored")
    assert forgetful.numbers["forgotten"] == ["0"]


def test_a_value_below_the_declared_floor_is_found():
    finding = only(examine(regression(lambda f, y: ((f - y) ** 2).squeeze(-1) - 0.5)), "floor")
    assert finding.level == "error"
    assert finding.numbers["lowest"] == pytest.approx(-0.5)


def test_a_wrongly_declared_space_is_found_by_trying():
    def bce(p, t):
        return F.binary_cross_entropy(p.clamp(0, 1), t.expand_as(p), reduction="none").squeeze(-1)

    loss = binary(bce, Encoding.PROBABILITY, Decoder.PROBABILITY, sound=(Space.UNIT, Space.NONPOSITIVE))
    finding = only(examine(loss), "sound spaces")
    assert finding.level == "error"
    assert "log_sigmoid" in finding.finding


def test_the_steepness_is_told_against_cross_entropy():
    tenfold = binary(lambda z, s: 20 * F.softplus(-s * z).squeeze(-1))
    finding = only(examine(tenfold), "gradient scale")
    assert finding.numbers["relative"] == pytest.approx(20 * 0.5 / 0.7071, rel=0.02)  # |1/2| a logit, 1/sqrt 2 for two
    assert (finding.level, "learning rate" in finding.finding) == ("note", True)


def test_a_multiple_of_a_known_loss_is_recognised():
    diagnosis = examine(binary(lambda z, s: 3 * F.softplus(-s * z).squeeze(-1) + 1, floor=1.0))
    assert diagnosis.number("equals", "binary") == {
        name: pytest.approx(3) for name in ("bce_with_logits + identity", "soft_margin + identity")
    }
    assert set(diagnosis.number("equals_up_to", "binary")) == {"bce + sigmoid"}  # the sigmoid saturates


def classes(fn, **declared) -> Loss:
    targets = {Task.MULTICLASS: Encoding.CLASS_INDEX}
    declared = {"sound": (Space.REAL,), "reference": "planted", **declared}
    return declare(fn, targets=targets, decode=Decoder.SOFTMAX, **declared)


def log_p(z, y):
    return z.log_softmax(-1).gather(-1, y.unsqueeze(-1)).squeeze(-1)


def clipped_log_p(z, y):
    return -log_p(z, y).clamp_min(-8)


def clipped_logits(z, y):
    return -log_p(z.clamp(-8, 8), y)


def test_a_clipped_cross_entropy_is_known_up_to_where_it_is_clipped_and_is_dead_beyond():
    diagnosis = examine(classes(clipped_logits))
    known = only(diagnosis, "known loss")
    assert known.level == "note"
    assert diagnosis.number("equals", "multiclass") == {}
    assert 7 < diagnosis.number("equals_up_to", "multiclass")["cross_entropy + identity"] <= 8
    assert "trains as 1 x cross_entropy + identity" in known.finding
    assert "; differs beyond" in known.finding
    dead = only(diagnosis, "dead regions")
    assert dead.level == "note"
    assert "of the wrong predictions with |z| = 30" in dead.finding


def test_a_log_probability_that_is_clipped_is_known_and_dead_likewise():
    diagnosis = examine(classes(clipped_log_p))
    # -log p = 8 needs outputs 8 apart, and so one of size 4 at least
    assert 3 < diagnosis.number("equals_up_to", "multiclass")["cross_entropy + identity"] <= 8
    dead = only(diagnosis, "dead regions")
    assert dead.level == "warning"  # between -6 and 6 outputs may be 12 apart
    # Far out nearly every wrong prediction has log p below -8: that of outputs less than 8 apart remains.
    assert diagnosis.number("dead_share_far", "multiclass")[1] > 0.9


def test_a_loss_that_changes_with_the_size_of_large_batches_only_couples_its_rows():
    def halved(z, y):
        return -log_p(z, y) * (1.0 if z.shape[-2] <= 64 else 0.5)

    finding = only(examine(classes(halved)), "rows")
    assert finding.level == "error"
    assert "how many rows there are" in finding.finding


def test_a_value_that_loses_its_gradient_far_out_is_found():
    def detached(z, y):
        value = -log_p(z, y)
        return value.where(z.abs().amax(-1) < 10, value.detach())

    finding = only(examine(classes(detached)), "gradient")
    assert finding.level == "error"
    assert "far out, though the value changes" in finding.finding


def test_a_value_that_is_not_a_number_far_out_is_found():
    def overflowing(z, y):
        return z.exp().sum(-1).log() - z.gather(-1, y.unsqueeze(-1)).squeeze(-1) - 0 * z.exp().sum(-1)

    finding = only(examine(classes(overflowing)), "defined")
    assert finding.level == "error"
    assert finding.numbers["undefined_share"] == 0
    assert finding.numbers["undefined_share_far"] > 0


ESTIMATES = {
    "mse": "mean",
    "l1": "median",
    "pinball": "quantile",
    "smooth_l1": "between",
    "log_cosh": "between",
    "msle": "log1p mean",
    "gaussian_nll": "mean",
    "poisson_nll": "mean",
}


@pytest.mark.parametrize("name", ESTIMATES)
def test_what_a_regression_loss_estimates_is_recognised(name):
    params = {"quantile": 0.8} if name == "pinball" else {}
    diagnosis = examine(LOSSES.get(name).bind(**params), tasks=[Task.REGRESSION])
    assert diagnosis.number("estimates", "regression") == ESTIMATES[name]


def test_a_hinge_gives_a_margin_and_an_absolute_error_the_likeliest_class():
    assert examine(LOSSES.get("hinge")).number("estimates", "binary") == "margin"
    assert examine(LOSSES.get("l1")).number("estimates", "multiclass") == "mode"


def test_a_diagnosis_is_valid_json_and_rows():
    diagnosis = examine(LOSSES.get("hinge"))
    read = json.loads(diagnosis.to_json(), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert read["loss"] == "hinge"
    assert len(read["findings"]) == len(diagnosis.rows()) == len(diagnosis.findings)
    assert all(finding["measured"] for finding in read["findings"])


def test_a_loss_that_raises_is_a_finding():
    def broken(out, target):
        raise ZeroDivisionError("by design")

    diagnosis = examine(binary(broken))
    assert diagnosis.exit_code == 1
    assert "ZeroDivisionError: by design" in only(diagnosis, "shape").finding


def test_a_loss_that_raises_only_sometimes_is_examined_further():
    def touchy(out, target):
        if float(out.detach().abs().max()) > 9e3:
            raise ValueError("too large")
        return ((out - target) ** 2).squeeze(-1)

    diagnosis = examine(binary(touchy))
    assert "ValueError: too large" in only(diagnosis, "extreme outputs").finding
    assert only(diagnosis, "convex").level == "ok"


def test_a_task_that_is_not_served_is_a_users_mistake():
    with pytest.raises(UserError, match="hinge does not support 'regression'; it supports binary, multiclass"):
        examine(LOSSES.get("hinge"), tasks=[Task.REGRESSION])


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_the_doctor_agrees_with_what_a_built_in_loss_declares(loss):
    diagnosis = examine(loss)
    assert [f for f in diagnosis.findings if f.level == "error"] == []
    assert [f for f in diagnosis.about("declared") if f.level != "ok"] == []
    assert all(diagnosis.number("members_apart", task) for task in loss.own_tasks)


def test_a_loss_that_no_activation_suits_is_a_finding():
    (finding,) = examine(binary(lambda out, target: out.squeeze(-1), sound=(Space.LOG_SIMPLEX,))).findings
    assert finding.level == "error"
    assert "no last activation suits" in finding.finding
