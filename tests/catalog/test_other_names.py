"""Names of other libraries: every loss of torch has a loss here of the same values, or a reason why it has none."""

from __future__ import annotations

import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import activation as torch_activations
from torch.nn.modules import loss as torch_losses

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.plugins.resolve import find_activation, find_loss
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Task
from lossbench.components.other_names import ACTIVATION_NAMES, LOSS_NAMES, TORCH
from lossbench.components.translate import of_activation, of_loss, translated
from lossbench.errors import UserError

ROWS, CLASSES = 40, 4
CLASS_NAMES = {  # every loss that torch has, whatever its version
    name: one
    for name, one in vars(torch_losses).items()
    if inspect.isclass(one)
    and issubclass(one, nn.Module)
    and one.__module__ == torch_losses.__name__
    and name[0] != "_"
}
FUNCTIONAL = [
    name for name in dir(F) if name.endswith("_loss") or name in {"cross_entropy", "kl_div"} or "_entropy" in name
]
FUNCTIONAL = [name for name in FUNCTIONAL if not name.startswith("_")]


@pytest.mark.parametrize("name", CLASS_NAMES)
def test_every_loss_of_torch_is_a_loss_here_or_says_why_not(name):
    entry = of_loss(name)
    assert entry is not None, f"torch has gained {name}: add it to LOSS_NAMES"
    assert entry.library == TORCH
    assert bool(entry.refused) != (entry.ours in LOSSES.names())
    if entry.refused:
        with pytest.raises(UserError, match="cannot be trained on a table"):
            find_loss(name)
        return
    known = {*entry.only, entry.class_weight, *entry.params, *LOSSES.get(entry.ours).params}
    assert set(inspect.signature(CLASS_NAMES[name]).parameters) <= known  # each is translated, or refused with a reason
    for written in (name, f"nn.{name}", f"torch.nn.{name}", name.lower(), f"{name}()"):
        assert find_loss(written) is LOSSES.get(entry.ours)


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_every_functional_loss_of_torch_is_that_of_its_class(name):
    entry = of_loss(f"torch.nn.functional.{name}")
    assert entry is not None
    assert entry.names[0] in CLASS_NAMES or not hasattr(nn, entry.names[0])  # another version may not have it yet
    assert of_loss(f"F.{name}") is of_loss(name) is entry


def one_hot(y):
    return F.one_hot(y, CLASSES).double()


def nearest_other(z, y):
    axes = torch.eye(CLASSES, dtype=z.dtype)
    distance = torch.cdist(z, axes).scatter(1, y[:, None], torch.inf)
    return axes[distance.argmin(1)]


# How torch is given the same outputs and truths; `mean` is over the columns where torch leaves them apart.
GIVEN = {
    "CrossEntropyLoss": lambda fn, out, t, y: fn(out, y),
    "NLLLoss": lambda fn, out, t, y: fn(out, y),
    "KLDivLoss": lambda fn, out, t, y: fn(out, t).sum(-1),
    "MultiLabelSoftMarginLoss": lambda fn, out, t, y: fn(out, t),
    "GaussianNLLLoss": lambda fn, out, t, y: fn(out[:, :1], t, out[:, 1:])[:, 0],
    "MultiMarginLoss": lambda fn, out, t, y: fn(out, y),
    "MultiLabelMarginLoss": lambda fn, out, t, y: fn(out, F.pad(y[:, None], (0, CLASSES - 1), value=-1)),
    "CosineEmbeddingLoss": lambda fn, out, t, y: fn(out, one_hot(y), torch.ones(len(y))),
    "TripletMarginLoss": lambda fn, out, t, y: fn(out, one_hot(y), nearest_other(out, y)),
    "TripletMarginWithDistanceLoss": lambda fn, out, t, y: fn(out, one_hot(y), nearest_other(out, y)),
}
ELSE = lambda fn, out, t, y: fn(out, t).mean(-1)  # noqa: E731
PARAMETERS = {
    "CrossEntropyLoss": [{"label_smoothing": 0.1}],
    "BCEWithLogitsLoss": [{"pos_weight": torch.tensor([3.0])}],
    "HingeEmbeddingLoss": [{"margin": 0.4}],
    "SmoothL1Loss": [{"beta": 0.3}],
    "HuberLoss": [{"delta": 2.0}],
    "MultiMarginLoss": [{"p": 2}, {"margin": 0.3}],
    "TripletMarginLoss": [{"margin": 0.3}],
    "TripletMarginWithDistanceLoss": [{"margin": 0.3}],
}
CASES = [(name, params) for name in CLASS_NAMES if of_loss(name).ours for params in [{}, *PARAMETERS.get(name, [])]]
# torch adds 1e-6 to every difference before it takes a distance, and clamps the variance there.
TOLERANCE = {"TripletMarginLoss": 1e-5, "TripletMarginWithDistanceLoss": 1e-5, "CosineEmbeddingLoss": 1e-7}


@pytest.mark.parametrize(("name", "params"), CASES, ids=[f"{n}-{'-'.join(p)}" for n, p in CASES])
@pytest.mark.parametrize("seed", range(3))
def test_the_values_are_torchs_own_parameters_too(name, params, seed):
    made = CLASS_NAMES[name](reduction="none", **params).double()
    loss = find_loss(made)  # its parameters are read from the module
    written = {key: value.tolist() if hasattr(value, "tolist") else value for key, value in params.items()}
    assert find_loss(f"{name}({', '.join(f'{k}={v}' for k, v in written.items())})") == loss
    generator = torch.Generator().manual_seed(seed)
    compared = 0
    for task in loss.tasks:
        classes = 2 if task is Task.BINARY else CLASSES
        if task is Task.BINARY and Task.MULTICLASS in loss.tasks:
            continue  # the same formula with as many columns
        y = torch.randint(classes, (ROWS,), generator=generator)
        truth = y if task.is_classification else torch.rand(ROWS, generator=generator, dtype=torch.float64) + 0.1
        target = encode(truth, loss.targets[task], classes)
        target = target.double() if target.is_floating_point() else target
        z = 2 * torch.randn(ROWS, loss.width(task, classes), generator=generator, dtype=torch.float64)
        out = best_activation(loss, task)(z)
        expected = GIVEN.get(name, ELSE)(made, out, target, y)
        torch.testing.assert_close(loss(out, target), expected, rtol=0, atol=TOLERANCE.get(name, 1e-12))
        compared += 1
    assert compared


REFUSED = {
    "reduction": (nn.MSELoss(reduction="sum"), "a sum grows with the batch"),
    "ignore_index": (nn.CrossEntropyLoss(ignore_index=0), "no class of a table is ignored"),
    "log_target": (nn.KLDivLoss(log_target=True), "targets are classes"),
    "log_input": (nn.PoissonNLLLoss(log_input=False), "outputs are logarithms of the mean here"),
    "swap": (nn.TripletMarginLoss(swap=True), "the anchor is always the row's outputs"),
    "p": (nn.TripletMarginLoss(p=1.0), "distances are Euclidean"),
    "distance_function": (nn.TripletMarginWithDistanceLoss(distance_function=nn.CosineSimilarity()), "Euclidean"),
    "weight": (nn.BCELoss(weight=torch.ones(3)), "weight classes by class_weight"),
    "margin": (nn.CosineEmbeddingLoss(margin=0.2), "prototypes=all"),
    "beta": (nn.SmoothL1Loss(beta=0.0), "must be > 0"),
    "of two": (nn.BCEWithLogitsLoss(pos_weight=torch.ones(2)), "must be a number"),
    "sequences": (nn.CTCLoss(), "it is of sequences"),
    "class weights": (nn.CrossEntropyLoss(weight=torch.ones(2)), "give them as class_weight"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_equivalent_is_refused_with_the_reason(what):
    module, reason = REFUSED[what]
    with pytest.raises(UserError, match=reason):
        find_loss(module)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_mean_over_the_batch_is_lossbenchs_own_and_no_reason_to_refuse(reduction):
    assert find_loss(nn.L1Loss(reduction=reduction)) is LOSSES.get("l1")
    assert find_loss(nn.L1Loss) is find_loss(F.l1_loss) is LOSSES.get("l1")


def test_weights_of_classes_are_class_weights():
    found = translated("CrossEntropyLoss", {"weight": [1.0, 3.0], "label_smoothing": 0.1})
    assert (found.name, found.params, found.class_weight) == ("cross_entropy", {"label_smoothing": 0.1}, [1.0, 3.0])


OTHERS = {  # closed forms of Keras' and scikit-learn's documentation, of one sample
    "MeanSquaredError": ("mse", lambda f, y: (f - y) ** 2, 1),
    "MeanAbsoluteError": ("l1", lambda f, y: (f - y).abs(), 1),
    "MeanSquaredLogarithmicError": ("msle", lambda f, y: ((f + 1).log() - (y + 1).log()) ** 2, 1),
    "MeanAbsolutePercentageError": ("mape", lambda f, y: 100 * (f - y).abs() / y, 0.01),
    "squared_error": ("mse", lambda f, y: (f - y) ** 2, 1),
    "absolute_error": ("l1", lambda f, y: (f - y).abs(), 1),
    "poisson": ("poisson_nll", lambda f, y: f.exp() - y * f, 1),
    "gamma": ("gamma_nll", lambda f, y: f + y * (-f).exp(), 1),
    "quantile(alpha=0.9)": ("pinball", lambda f, y: torch.where(y > f, 0.9 * (y - f), 0.1 * (f - y)), 1),
}


@pytest.mark.parametrize("name", OTHERS)
def test_names_of_keras_and_scikit_learn_have_their_closed_forms(name):
    ours, expected, factor = OTHERS[name]
    loss = find_loss(name)
    assert loss.name == ours
    f, y = torch.rand(2, 30, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.5
    torch.testing.assert_close(loss(f[:, None], y[:, None]), factor * expected(f, y), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "ours"),
    {
        "SparseCategoricalCrossentropy": "cross_entropy",
        "CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)": "cross_entropy(label_smoothing=0.1)",
        "BinaryCrossentropy": "bce",
        "BinaryCrossentropy(from_logits=True)": "bce_with_logits",
        "tf.keras.losses.Huber(delta=2)": "huber(delta=2)",
        "keras.losses.CategoricalHinge": "crammer_singer",
        "log_loss": "cross_entropy",
        "hinge": "hinge",
        "squared_hinge": "squared_hinge",
        "modified_huber": "modified_huber",
        "epsilon_insensitive(epsilon=0.3)": "epsilon_insensitive(epsilon=0.3)",
        "squared_epsilon_insensitive": "squared_epsilon_insensitive",
        "keras.losses.LogCosh": "log_cosh",
        "CategoricalFocalCrossentropy(alpha=0.25, gamma=1.5)": "focal(gamma=1.5)",
        "optax.softmax_cross_entropy_with_integer_labels": "cross_entropy",
        "optax.losses.huber_loss(delta=2)": "huber(delta=2)",
        "optax.sigmoid_focal_loss(gamma=1)": "focal(gamma=1)",
        "optax.squared_error": "mse",
    }.items(),
)
def test_a_name_is_one_loss(name, ours):
    assert find_loss(name).label == ours


@pytest.mark.parametrize("name", ["perceptron", "optax.perceptron_loss"])
def test_what_the_catalogue_lacks_names_what_is_near(name):
    with pytest.raises(UserError, match="hinge"):
        find_loss(name)


def test_no_spelling_means_two_things_and_none_hides_a_name_of_the_catalogue():
    spelled = [name for entry in LOSS_NAMES for name in {name.lower() for name in entry.names}]
    assert len(spelled) == len(set(spelled))
    for entry in LOSS_NAMES:
        for name in entry.names:
            assert name not in LOSSES.names() or name == entry.ours
    spelled = [name for entry in ACTIVATION_NAMES for name in {name.lower() for name in entry.names}]
    assert len(spelled) == len(set(spelled))


@pytest.mark.parametrize("entry", [e for e in ACTIVATION_NAMES if hasattr(nn, e.names[0])], ids=lambda e: e.names[0])
def test_an_activation_of_torch_is_that_of_the_catalogue(entry):
    takes = inspect.signature(getattr(nn, entry.names[0])).parameters
    module = getattr(nn, entry.names[0])(**({"dim": -1} if "dim" in takes else {}))
    z = 3 * torch.randn(50, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = find_activation(module)
    assert found is ACTIVATIONS.get(entry.ours)
    torch.testing.assert_close(found(z), module(z), rtol=0, atol=1e-14)
    for written in (entry.names[0], f"nn.{entry.names[0]}", f"torch.nn.{entry.names[0]}()"):
        assert find_activation(written) is found
    if function := getattr(F, entry.names[1], None) if len(entry.names) > 1 else None:
        assert find_activation(function) is found
    known = set(takes) - {"args", "kwargs"}
    assert known <= set(entry.only)


@pytest.mark.parametrize(
    "module", [nn.LeakyReLU(0.2), nn.Softmax(dim=0), nn.ELU(2.0), nn.Softplus(beta=2), nn.GELU("tanh")]
)
def test_an_activation_with_other_parameters_is_refused(module):
    with pytest.raises(UserError, match="has no equivalent here"):
        find_activation(module)


def test_another_activation_of_torch_is_taken_for_one_of_the_users_own():
    assert all(name in vars(torch_activations) for name in ("Mish", "SELU"))
    assert find_activation(nn.Mish()).name == "Mish"
    assert of_activation("Mish") is None


def test_did_you_mean_knows_other_names():
    with pytest.raises(UserError, match="did you mean 'CrossEntropyLoss'"):
        find_loss("CrosEntropyLos")
    with pytest.raises(UserError, match="did you mean 'hinge'"):
        find_loss("hings")
    with pytest.raises(UserError, match="did you mean 'relu'"):
        find_activation("rleu")
