"""Names that torch, Keras, scikit-learn and optax have for losses and last activations, and what each is here.

One table, declarative: a name, the loss or activation that it is, how its parameters are written here, and what of it
there is no equivalent of, with the reason. A name may be written with its library's prefix: `nn.L1Loss`,
`torch.nn.functional.l1_loss`. Losses of papers that cannot be trained here are in it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TORCH, KERAS, SCIKIT_LEARN, OPTAX = "torch.nn", "Keras", "scikit-learn", "optax"


@dataclass(frozen=True)
class Only:
    """A parameter that is taken at these values only, where it changes nothing; `why` another one is refused."""

    values: tuple[Any, ...]
    why: str


@dataclass(frozen=True)
class OtherName:
    """What another library, or a paper, calls a loss or an activation.

    `names` are its spellings there, the class's first. `ours` is the name here ("": there is none, and `refused` says
    why); `by` chooses another one by a parameter's value. `params` maps its parameters to those here where their names
    differ, `only` has those that there is no equivalent of, and `class_weight` is the parameter with a weight for each
    class. `note` says what else differs.
    """

    library: str
    names: tuple[str, ...]
    ours: str = ""
    by: tuple[str, Mapping[Any, str]] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, Only] = field(default_factory=dict)
    class_weight: str = ""
    note: str = ""
    refused: str = ""

    @property
    def title(self) -> str:
        """`torch.nn.CrossEntropyLoss`, `log_loss of scikit-learn`."""
        return f"{TORCH}.{self.names[0]}" if self.library == TORCH else f"{self.names[0]} of {self.library}"


REDUCTION = {
    "reduction": Only(("mean", "none", "batchmean"), "a sum grows with the batch, and lossbench takes the mean"),
    "size_average": Only((None,), "it is torch's old word for reduction"),
    "reduce": Only((None,), "it is torch's old word for reduction"),
}
IGNORE_INDEX = Only((-100, None), "no class of a table is ignored: leave its rows out of the table")
FULL = Only((False,), "its further term changes no gradient")
ELEMENT_WEIGHT = Only((None,), "it weights the elements of one batch: weight classes by class_weight")
LOGITS_INSIDE = "it takes outputs without a softmax, whatever from_logits says"
FROM_LOGITS = Only((True, False), "it is true or false")
UNSMOOTHED = Only((0, 0.0), "only cross_entropy has label smoothing here")
KERAS_AXIS = {
    "axis": Only((-1,), "classes are the last axis"),
    "reduction": Only(("mean", "none", "sum_over_batch_size", None), "lossbench takes the mean"),
}
OPTAX_AXIS = {
    "axis": Only((-1,), "classes are the last axis"),
    "where": Only((None,), "every row and class counts: weight rows by --weights"),
}


def _torch(names: str, ours: str = "", only: Mapping[str, Only] | None = None, **declared: Any) -> OtherName:
    return OtherName(TORCH, tuple(names.split()), ours, only={**REDUCTION, **(only or {})}, **declared)


def _keras(names: str, ours: str = "", only: Mapping[str, Only] | None = None, **declared: Any) -> OtherName:
    return OtherName(KERAS, tuple(names.split()), ours, only={**KERAS_AXIS, **(only or {})}, **declared)


def _sklearn(names: str, ours: str = "", **declared: Any) -> OtherName:
    return OtherName(SCIKIT_LEARN, tuple(names.split()), ours, **declared)


def _optax(names: str, ours: str = "", only: Mapping[str, Only] | None = None, **declared: Any) -> OtherName:
    return OtherName(OPTAX, tuple(names.split()), ours, only={**OPTAX_AXIS, **(only or {})}, **declared)


LOSS_NAMES: tuple[OtherName, ...] = (
    _torch("CrossEntropyLoss cross_entropy", "cross_entropy", {"ignore_index": IGNORE_INDEX}, class_weight="weight"),
    _torch("NLLLoss nll_loss", "nll", {"ignore_index": IGNORE_INDEX}, class_weight="weight"),
    _torch(
        "KLDivLoss kl_div",
        "kl_div",
        {"log_target": Only((False,), "targets are classes, not logarithms")},
        note="reduction='batchmean' is this loss, 'mean' is 1 / K of it",
    ),
    _torch("BCELoss binary_cross_entropy", "bce", {"weight": ELEMENT_WEIGHT}),
    _torch("BCEWithLogitsLoss binary_cross_entropy_with_logits", "bce_with_logits", {"weight": ELEMENT_WEIGHT}),
    _torch(
        "MultiLabelSoftMarginLoss multilabel_soft_margin_loss",
        "multilabel_soft_margin",
        {"weight": Only((None,), "it weights columns, not samples: weight classes by class_weight")},
    ),
    _torch(
        "PoissonNLLLoss poisson_nll_loss",
        "poisson_nll",
        {
            "log_input": Only((True,), "outputs are logarithms of the mean here"),
            "full": FULL,
            "eps": Only((1e-8,), "it is used with log_input=False only"),
        },
    ),
    _torch(
        "GaussianNLLLoss gaussian_nll_loss",
        "gaussian_nll",
        {"full": FULL, "eps": Only((1e-6,), "the last activation mean_variance keeps variances above 1e-6")},
        note="its two inputs are the two outputs of the last activation mean_variance",
    ),
    _torch("MSELoss mse_loss", "mse", {"weight": ELEMENT_WEIGHT}),
    _torch("L1Loss l1_loss", "l1", {"weight": ELEMENT_WEIGHT}),
    _torch("SmoothL1Loss smooth_l1_loss", "smooth_l1"),
    _torch("HuberLoss huber_loss", "huber", {"weight": ELEMENT_WEIGHT}),
    _torch("SoftMarginLoss soft_margin_loss", "soft_margin"),
    _torch("MultiMarginLoss multi_margin_loss", "multi_margin", class_weight="weight"),
    _torch("MultiLabelMarginLoss multilabel_margin_loss", "multi_margin", note="with one label a row"),
    _torch("HingeEmbeddingLoss hinge_embedding_loss", "hinge_embedding"),
    _torch(
        "CosineEmbeddingLoss cosine_embedding_loss",
        "cosine_embedding",
        {"margin": Only((0, 0.0), "it is of pairs of different classes: cosine_embedding(prototypes=all, margin=...)")},
        note="a row's outputs are compared with its class's axis",
    ),
    _torch(
        "TripletMarginLoss triplet_margin_loss",
        "triplet_margin",
        {
            "p": Only((2, 2.0), "distances are Euclidean here"),
            "eps": Only((1e-6,), "it is fixed here"),
            "swap": Only((False,), "the anchor is always the row's outputs here"),
        },
        note="a row's outputs are the anchor, the axes of its own and of the nearest other class the examples",
    ),
    _torch(
        "TripletMarginWithDistanceLoss triplet_margin_with_distance_loss",
        "triplet_margin",
        {
            "distance_function": Only((None,), "distances are Euclidean here"),
            "swap": Only((False,), "the anchor is always the row's outputs here"),
        },
        note="a row's outputs are the anchor, the axes of its own and of the nearest other class the examples",
    ),
    _torch(
        "MarginRankingLoss margin_ranking_loss",
        refused="it ranks two inputs, and a row is one; of the two outputs of a row it is 2 * multi_margin",
    ),
    _torch("CTCLoss ctc_loss", refused="it is of sequences, and a row of a table has one class"),
    _torch("NLLLoss2d", refused="it is of images; nll is the same of rows"),
    _torch(
        "LinearCrossEntropyLoss linear_cross_entropy",
        refused="it has a layer of its own to be learnt; cross_entropy is the same behind the net's last layer",
    ),
    _keras("MeanSquaredError mean_squared_error", "mse"),
    _keras("MeanAbsoluteError mean_absolute_error", "l1"),
    _keras("MeanAbsolutePercentageError mean_absolute_percentage_error", "mape", note="100 times it in Keras"),
    _keras("MeanSquaredLogarithmicError mean_squared_logarithmic_error", "msle"),
    _keras(
        "BinaryCrossentropy binary_crossentropy",
        "bce",
        {"label_smoothing": UNSMOOTHED},
        by=("from_logits", {False: "bce", True: "bce_with_logits"}),
    ),
    _keras(
        "CategoricalCrossentropy categorical_crossentropy",
        "cross_entropy",
        {"from_logits": FROM_LOGITS},
        note=LOGITS_INSIDE,
    ),
    _keras(
        "SparseCategoricalCrossentropy sparse_categorical_crossentropy",
        "cross_entropy",
        {"from_logits": FROM_LOGITS, "ignore_class": Only((None,), IGNORE_INDEX.why)},
        note=LOGITS_INSIDE,
    ),
    _keras("SquaredHinge", "squared_hinge", note="the mean over the outputs in Keras, the sum here"),
    _keras("CategoricalHinge categorical_hinge", "crammer_singer"),
    _keras("LogCosh logcosh", "log_cosh"),
    _keras(
        "CategoricalFocalCrossentropy categorical_focal_crossentropy",
        "focal",
        {
            "alpha": Only((0.25, None), "it multiplies all classes alike: weight classes by class_weight"),
            "from_logits": FROM_LOGITS,
            "label_smoothing": UNSMOOTHED,
        },
        note="0.25 times it in Keras, whose alpha it is; " + LOGITS_INSIDE,
    ),
    _keras(
        "BinaryFocalCrossentropy binary_focal_crossentropy",
        "focal",
        {
            "apply_class_balancing": Only((False,), "weight classes by class_weight"),
            "alpha": Only((0.25, None), "it is used with apply_class_balancing only"),
            "from_logits": FROM_LOGITS,
            "label_smoothing": UNSMOOTHED,
        },
        note="of one output there, of one a class here; " + LOGITS_INSIDE,
    ),
    _keras(
        "KLDivergence kl_divergence kullback_leibler_divergence",
        "cross_entropy",
        note="of classes it is the cross-entropy; " + LOGITS_INSIDE,
    ),
    _keras("CosineSimilarity cosine_similarity", "cosine_embedding", note="1 less than it in Keras"),
    _sklearn("squared_error", "mse", note="half of it in gradient boosting"),
    _sklearn("absolute_error", "l1"),
    _sklearn("log_loss", "cross_entropy"),
    _sklearn("poisson", "poisson_nll", note="of the logarithm of the mean"),
    _sklearn("gamma", "gamma_nll", note="of the logarithm of the mean"),
    _sklearn("quantile quantile_loss pinball_loss", "pinball", params={"alpha": "quantile"}),
    _sklearn("modified_huber", "modified_huber"),
    _sklearn("perceptron", refused="it is hinge with margin 0, which outputs of 0 satisfy; take hinge"),
    _sklearn("epsilon_insensitive", "epsilon_insensitive"),
    _sklearn("squared_epsilon_insensitive", "squared_epsilon_insensitive"),
    _optax("softmax_cross_entropy softmax_cross_entropy_with_integer_labels multiclass_logistic_loss", "cross_entropy"),
    _optax("sigmoid_binary_cross_entropy binary_logistic_loss", "bce_with_logits"),
    _optax("l2_loss", "mse", note="half of it in optax"),
    _optax("hinge_loss binary_hinge_loss", "hinge"),
    _optax("multiclass_hinge_loss", "crammer_singer"),
    _optax("perceptron_loss binary_perceptron_loss", refused="it is hinge with margin 0, which outputs of 0 satisfy"),
    _optax("poly_loss_cross_entropy", "poly1", note="its epsilon is 2 where none is given"),
    _optax(
        "sigmoid_focal_loss",
        "focal",
        {"alpha": Only((None,), "it weights the classes: give class_weight")},
        note="of one output there, of one a class here",
    ),
    _optax("cosine_distance", "cosine_embedding"),
    OtherName(
        "Liu et al. 2020",
        ("early_learning_regularization", "elr", "elr_loss"),
        refused="it keeps a running mean of predictions for every training row, and a loss here sees no row numbers: "
        "that memory would have to pass padded batches, checkpoints and resumed runs; bootstrap_soft, gce and sce are "
        "for wrong labels without one",
    ),
)

_DIM = {
    "dim": Only((-1, 1, None), "it runs over the outputs of a row"),
    "_stacklevel": Only((3,), "it is torch's own"),
    "dtype": Only((None,), "the net decides it"),
}
_IN_PLACE = {"inplace": Only((False, True), "it is true or false")}


_OLD = {name: Only((None,), "it is torch's old word") for name in ("min_value", "max_value")}


def _activation(names: str, ours: str = "", **only: Only) -> OtherName:
    return OtherName(TORCH, tuple(names.split()), ours, only=only)


def _at(*values: Any) -> Only:
    return Only(values, "it is fixed here")


ACTIVATION_NAMES: tuple[OtherName, ...] = (
    _activation("Identity", "identity"),
    _activation("LogSoftmax log_softmax", "logsoftmax", **_DIM),
    _activation("Softmax softmax", "softmax", **_DIM),
    _activation("Sigmoid sigmoid", "sigmoid"),
    _activation("Softplus softplus", "softplus", beta=_at(1, 1.0), threshold=_at(20, 20.0)),
    _activation("ReLU relu", "relu", **_IN_PLACE),
    _activation("Tanh tanh", "tanh"),
    _activation("LeakyReLU leaky_relu", "leaky_relu", negative_slope=_at(0.01), **_IN_PLACE),
    _activation("ELU elu", "elu", alpha=_at(1, 1.0), **_IN_PLACE),
    _activation("SiLU silu swish", "silu", **_IN_PLACE),
    _activation("GELU gelu", "gelu", approximate=_at("none")),
    _activation("Softsign softsign", "softsign"),
    _activation("Hardtanh hardtanh", "hardtanh", min_val=_at(-1, -1.0), max_val=_at(1, 1.0), **_IN_PLACE, **_OLD),
    _activation("Hardsigmoid hardsigmoid", "hardsigmoid", **_IN_PLACE),
    _activation("LogSigmoid logsigmoid log_sigmoid", "log_sigmoid"),
)
