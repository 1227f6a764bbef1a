"""The contract that every loss of the registry keeps."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import Annotated

import pytest
import torch
from annotated_types import Ge

from lossbench.catalog.decoders import Decoder, Prediction
from lossbench.catalog.loss import LOSSES, declare
from lossbench.catalog.losses.tempered import tempered_log_softmax
from lossbench.catalog.vocabulary import Encoding, Space, Task
from lossbench.errors import UserError
from tests.catalog.cases import PREFERRED, SOUND, Case

preferred = pytest.mark.parametrize("case", PREFERRED, ids=str)
sound = pytest.mark.parametrize("case", SOUND, ids=str)
every_loss = pytest.mark.parametrize("loss", list(LOSSES), ids=lambda loss: loss.name)


def test_the_catalogue_has_the_losses_that_the_field_compares():
    must = """cross_entropy nll kl_div bce bce_with_logits soft_margin multilabel_soft_margin poisson_nll gaussian_nll
    hinge squared_hinge cubed_hinge multi_margin crammer_singer exponential mse l1 smooth_l1 huber log_cosh pinball
    expectile cauchy soft_l1 tukey msle mape brier square tanimoto cauchy_schwarz focal poly1 gce sce taylor_ce
    bi_tempered js nce nfl nce_mae nce_rce agce aul ael unhinged sigmoid_loss ramp bootstrap_soft bootstrap_hard
    forward_correction backward_correction asl vector_scaling soft_f1 pairwise_auc hinge_embedding cosine_embedding
    dice tversky logit_adjusted class_balanced ldam evidential"""
    assert set(must.split()) <= set(LOSSES.names())


@pytest.mark.parametrize(
    ("short", "name"), [("ce", "cross_entropy"), ("KLDiv", "kl_div"), ("mae", "l1"), ("kl-div", "kl_div")]
)
def test_an_abbreviation_stands_for_one_loss(short: str, name: str):
    assert LOSSES.get(short).name == name


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(UserError, match=r"unknown loss 'hings'; did you mean 'hinge'\?"):
        LOSSES.get("hings")


@every_loss
def test_a_declaration_is_complete(loss):
    doc = inspect.getdoc(loss.fn)
    assert doc
    assert loss.formula
    assert not loss.formula.endswith(".")
    assert re.search(r"doi:10\.|arXiv:\d{4}\.\d{4,5}|JMLR|ESANN|\d{4}", loss.reference)
    assert loss.estimates
    assert re.fullmatch(r"Use it .+; not .+[^.]", loss.use)
    assert loss.pitfalls
    assert loss.family
    for task in loss.tasks:
        assert loss.sound[task]
        declared = [*loss.sound[task], *loss.risky[task], *loss.unsound[task]]
        assert len(declared) == len(set(declared)), "a space is sound, risky or unsound, not two of these"
        for why in [*loss.risky[task].values(), *loss.unsound[task].values(), *loss.pitfalls]:
            assert why == why.strip()
            assert not why.endswith(".")
            assert "{" not in why


@sound
def test_values_are_per_sample_under_any_leading_axes(case: Case):
    for lead in [(5,), (3, 5), (2, 3, 5)]:
        value = case.value(case.activation(case.linear(*lead)), case.target(*lead))
        assert value.shape == (lead if case.loss.per == "sample" else lead[:-1])


@preferred
def test_a_population_has_the_values_of_its_members_alone(case: Case):
    out, target = case.activation(case.linear(3, 6)), case.target(3, 6)
    alone = torch.stack([case.value(o, t) for o, t in zip(out, target, strict=True)])
    # vector instructions and their scalar remainders differ in float64's last digit
    assert torch.allclose(case.value(out, target), alone, rtol=1e-13, atol=1e-13)


@preferred
def test_no_member_feels_another(case: Case):
    z = case.linear(2, 6).requires_grad_()
    case.value(case.activation(z), case.target(2, 6))[0].sum().backward()
    assert torch.count_nonzero(z.grad[1]) == 0
    assert torch.count_nonzero(z.grad[0]) > 0


@preferred
def test_a_neighbour_of_nan_changes_nothing(case: Case):
    out, target = case.activation(case.linear(2, 6)), case.target(2, 6)
    ill = torch.stack([out[0], torch.full_like(out[1], torch.nan)])
    assert torch.equal(case.value(ill, target)[0], case.value(out, target)[0])


@sound
def test_float32_is_finite_and_above_the_floor(case: Case):
    for scale in (0.1, 1, 10, 1e4):
        z = case.linear(64, scale=scale, dtype=torch.float32)
        z = torch.cat([z, torch.full_like(z[:1], scale), torch.full_like(z[:1], -scale), torch.zeros_like(z[:1])])
        if case.activation.name == "exp":
            z = z.clamp(max=40)  # the activation itself overflows, as its note says
        z.requires_grad_()
        out = case.activation(z)
        out.retain_grad()
        value = case.value(out, case.target(len(z), dtype=torch.float32))
        value.sum().backward()
        assert value.isfinite().all()
        assert out.grad.isfinite().all()
        assert z.grad.isfinite().all()
        if case.loss.floor is not None:  # single precision's 6e-8, times the few terms of a value
            assert value.min() >= case.loss.floor - 1e-6 * max(1, value.abs().max().item())


@preferred
def test_gradients_are_those_of_finite_differences(case: Case):
    if case.loss.stop_gradient:  # the differences with that factor held are in test_loss_values
        return
    out = case.activation(case.linear(5)).detach().requires_grad_()
    target = case.target(5)
    assert torch.autograd.gradcheck(lambda o: case.value(o, target), (out,), eps=1e-7, atol=1e-5, rtol=1e-4)


@preferred
def test_an_honest_convexity_is_declared(case: Case):
    """Jensen's inequality at 4,000 random pairs of outputs holds exactly for the losses that are declared convex."""
    if not case.loss.convex:
        return
    for scale in (0.3, 1, 4, 20):
        first, second = (case.activation(case.linear(1000, scale=scale, seed=s)) for s in (2, 3))
        target = case.target(1000)
        ends = (case.value(first, target) + case.value(second, target)) / 2
        middle = case.value((first + second) / 2, target)
        assert (middle <= ends + 1e-12 * (1 + ends.abs())).all()


@preferred
def test_symmetry_is_what_is_declared(case: Case):
    if not case.task.is_classification or case.loss.per == "batch":
        return
    out = case.activation(case.linear(200, scale=2))
    total = sum(case.value(out, case.all_of_class(y, 200)) for y in range(case.classes))
    assert bool(total.std() < 1e-12 * (1 + total.abs().max())) == bool(case.loss.symmetric)


@sound
def test_its_link_reads_what_its_task_asks_for(case: Case):
    prediction = case.loss.decoder_on(case.activation.space, case.task)(case.activation(case.linear(2, 7)))
    assert isinstance(prediction, Prediction)
    if case.task is Task.REGRESSION:
        assert prediction.point_PN.shape == (2, 7)
        return
    assert prediction.score_PNC.shape == (2, 7, case.classes)
    if prediction.probability_PNC is not None:
        p = prediction.probability_PNC
        assert (p >= 0).all()
        # a row that votes for no class at all has no probabilities: only where outputs are not tied to be such
        tied = case.activation.space in {Space.SIMPLEX, Space.LOG_SIMPLEX, Space.UNIT, Space.POSITIVE}
        rows = p.sum(-1)
        assert torch.allclose(rows[rows > 1e-6] if not tied else rows, torch.ones((), dtype=p.dtype))


@every_loss
def test_parameters_are_checked(loss):
    with pytest.raises(UserError, match="unknown parameter 'gama'"):
        loss.bind(gama=1.0)
    for name, default in loss.params.items():
        assert loss.bind(**{name: default}).params == loss.params
        with pytest.raises(UserError, match=f"loss {loss.name}: {name}: must be "):
            loss.bind(**{name: float("nan") if isinstance(default, float) else "no such thing"})


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("focal", {"gamma": -1}),
        ("huber", {"delta": 0}),
        ("pinball", {"quantile": 1}),
        ("gce", {"q": 1.1}),
        ("tweedie", {"power": 2}),
        ("cross_entropy", {"label_smoothing": 1}),
        ("bi_tempered", {"t2": 0.5}),
        ("multi_margin", {"p": 3}),
        ("taylor_ce", {"order": 0}),
        ("cosine_embedding", {"prototypes": "some"}),
        ("bce_with_logits", {"pos_weight": 0}),
    ],
)
def test_a_parameter_out_of_its_bounds_is_refused(name: str, params: dict[str, object]):
    (key,) = params
    with pytest.raises(UserError, match=f"loss {name}: {key}: must be "):
        LOSSES.get(name).bind(**params)


def test_all_wrong_parameters_are_named_at_once():
    with pytest.raises(UserError) as caught:
        LOSSES.get("sce").bind(alpha=-1, bta=2)
    assert "bta" in str(caught.value)
    assert "alpha" in str(caught.value)


def test_a_label_names_what_differs_from_the_defaults():
    focal = LOSSES.get("focal")
    assert focal.label == "focal"
    assert focal.bind(gamma=3).label == "focal(gamma=3)"


@pytest.mark.parametrize("t", [1.0, 1.2, 2.0, 4.0, 10.0])
def test_the_tempered_softmax_sums_to_one(t: float):
    for classes in (2, 10, 1000):
        z = torch.randn(200, classes, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        for scale in (0, 0.1, 1, 10, 1e4):
            # Newton's steps are run to the rounding of float64
            assert tempered_log_softmax(scale * z, t).exp().sum(-1).sub(1).abs().max() < 1e-13


# --- what a comparison tries beside the defaults ------------------------------------------------------

chooses = pytest.mark.parametrize("case", [case for case in PREFERRED if case.loss.also_try], ids=str)


def test_every_loss_that_is_known_by_its_parameter_has_another_value_to_try():
    known = "focal poly1 gce sce taylor_ce bi_tempered multi_margin huber smooth_l1 cauchy soft_l1 tukey"
    assert set(known.split()) <= {loss.name for loss in LOSSES if loss.also_try}
    assert not LOSSES.get("cross_entropy").also_try  # it must tie with nll, which has no parameter


@chooses
def test_another_setting_is_another_objective_of_the_same_shape(case: Case):
    other = replace(case, loss=case.loss.bind(**case.loss.also_try))
    assert (other.outputs, other.loss.targets, other.loss.decode) == (
        case.outputs,
        case.loss.targets,
        case.loss.decode,
    )
    assert other.loss.changed == dict(case.loss.also_try)
    z, target = case.linear(16).requires_grad_(), case.target(16)
    value = other.value(case.activation(z), target)
    assert bool(value.isfinite().all())
    assert not torch.allclose(value, case.value(case.activation(z), target))
    (slope,) = torch.autograd.grad(value.sum(), z)
    assert bool(slope.isfinite().all())


@pytest.mark.parametrize(
    ("also_try", "message"),
    [
        ({"gama": 1.0}, r"mine: also_try: unknown parameter 'gama'; did you mean 'gamma'\?"),
        ({"counts": 1.0}, r"unknown parameter 'counts'"),
        ({"gamma": -1.0}, r"gamma: must be >= 0, got -1.0"),
        ({"gamma": "much"}, r"gamma: must be a number, got 'much'"),
        ({"gamma": 2.0}, r"must differ from the default, gamma does not"),
        (("gamma", 1.0), r"must map parameters to their other value, got \('gamma', 1.0\)"),
    ],
)
def test_another_setting_that_a_loss_cannot_have_is_refused_where_it_is_declared(also_try, message):
    def mine(z_BK, y_B, *, counts, gamma: Annotated[float, Ge(0)] = 2.0):
        """gamma z."""
        return gamma * z_BK[..., 0]

    with pytest.raises(TypeError, match=message):
        declare(
            mine,
            targets={Task.BINARY: Encoding.CLASS_INDEX},
            sound=(Space.REAL,),
            decode=Decoder.SOFTMAX,
            reference="here",
            also_try=also_try,
        )
