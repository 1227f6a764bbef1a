"""The results: what a paper says of some losses, and the comparison that can show it or refute it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lossbench.record.comparison import Word

# Small on purpose: the whole takes minutes. Parameters of losses stay at their defaults, which are the papers'.
SMALL: dict[str, Any] = {"folds": 5, "repeats": 2, "inner_folds": 2, "tune_params": "never", "lrs": [3e-3, 1e-2]}
# A net that is large enough to learn wrong labels by heart, scored when it has.
MEMORIZING: dict[str, Any] = {"stop_rule": ["last"], "hidden": [128], "epochs": 60, "batch_size": 64, "repeats": 1}

COMPARISONS: dict[str, dict[str, Any]] = {
    "symmetric-noise": {
        "data": "digits",
        "losses": ["cross_entropy", "l1", "gce", "nce_rce"],
        "metric": "accuracy",
        "label_noise": [0.4],
        **MEMORIZING,
    },
    "pair-flip-noise": {
        "data": "digits",
        "losses": ["cross_entropy", "gce", "sce"],
        "metric": "accuracy",
        "pair_flip_noise": [0.4],
        **MEMORIZING,
    },
    "imbalance": {
        "data": ["imbalanced-5pct", "imbalanced-4class"],
        "losses": ["cross_entropy", "logit_adjusted"],
        "metric": "balanced_accuracy",
        "epochs": 20,
        "batch_size": 128,
    },
    "outliers": {
        "data": "outliers",
        "losses": ["mse", "huber", "student_t_nll"],
        "metric": "mae",
        "epochs": 40,
    },
    "heavy-tails": {
        "data": ["diabetes", "friedman1"],
        "losses": ["mse", "huber", "student_t_nll"],
        "metric": "mae",
        "target_noise": [1.0],
        "epochs": 40,
    },
    "ordinal": {
        "data": ["ordered5", "party-id"],
        "losses": ["cross_entropy", "corn", "emd"],
        "metric": "mae_ranks",
        "epochs": 40,
    },
    "histogram": {
        "data": ["diabetes", "friedman1"],
        "losses": ["mse", "hl_gauss"],
        "metric": "rmse",
        "epochs": 60,
    },
    "calibration": {
        "data": ["seattle-weather", "noisy-labels-20pct"],
        "losses": ["cross_entropy", "brier", "label_smoothing", "focal"],
        "metric": "ece",
        "stop_rule": ["last"],
        "hidden": [64, 64],
        "epochs": 100,
        "lrs": [3e-3],
    },
    "convex": {
        "data": "long-servedio",
        "losses": [
            *("l1", "gce", "brier", "ramp"),  # bounded
            *("cross_entropy", "hinge", "squared_hinge", "exponential"),  # convex potentials
            "unhinged",  # convex, without a lower bound
        ],
        "baseline": "l1",
        "metric": "accuracy",
        "label_noise": [0.1],
        "stop_rule": ["last"],
        "hidden": [],
        "epochs": 20,
        "batch_size": 128,
        "lrs": [1e-2],
    },
}


@dataclass(frozen=True)
class KnownResult:
    """A claim about losses against the baseline of a comparison.

    `claimed`: what the comparison should say of each loss. `probabilities`: whether a metric of probabilities scores
    them after the common temperature or before it.
    """

    comparison: str
    claim: str
    source: str
    claimed: Mapping[str, Word]
    probabilities: Literal["calibrated", "raw"] = "calibrated"


KNOWN: tuple[KnownResult, ...] = (
    KnownResult(
        "symmetric-noise",
        "Under symmetric label noise `l1`, `gce` and `nce_rce` beat `cross_entropy`",
        "Ghosh et al. 2017, arXiv:1712.09482; Zhang & Sabuncu 2018, arXiv:1805.07836; Ma et al. 2020, arXiv:2006.13554",
        {"l1": "better", "gce": "better", "nce_rce": "better"},
    ),
    KnownResult(
        "pair-flip-noise",
        "Under 40% asymmetric noise `gce` is below `cross_entropy` and `sce` above it (CIFAR-10: 76.7, 80.1 and 82.5%)",
        "Liu et al. 2020, arXiv:2007.00151",
        {"gce": "worse", "sce": "better"},
    ),
    KnownResult(
        "imbalance",
        "`logit_adjusted`, which is the balanced softmax at tau = 1, has a higher balanced accuracy"
        " than `cross_entropy`",
        "Menon et al. 2021, arXiv:2007.07314; Ren et al. 2020, arXiv:2007.10740",
        {"logit_adjusted": "better"},
    ),
    KnownResult(
        "outliers",
        "With outliers in the target `huber` and `student_t_nll` beat `mse`",
        "Huber 1964, doi:10.1214/aoms/1177703732; Lange et al. 1989, doi:10.1080/01621459.1989.10478852",
        {"huber": "better", "student_t_nll": "better"},
    ),
    KnownResult(
        "heavy-tails",
        "With heavy-tailed noise on the target `huber` and `student_t_nll` beat `mse`",
        "Huber 1964, doi:10.1214/aoms/1177703732; Lange et al. 1989, doi:10.1080/01621459.1989.10478852",
        {"huber": "better", "student_t_nll": "better"},
    ),
    KnownResult(
        "ordinal",
        "Losses that know the order of classes, `corn` and `emd`, are off by fewer ranks than `cross_entropy`",
        "Shi et al. 2023, arXiv:2111.08851; Hou et al. 2016, arXiv:1611.05916",
        {"corn": "better", "emd": "better"},
    ),
    KnownResult(
        "histogram",
        "`hl_gauss`, cross-entropy over a histogram of the target, beats `mse` in a regression",
        "Imani & White 2018, arXiv:1806.04613",
        {"hl_gauss": "better"},
    ),
    KnownResult(
        "calibration",
        "Before temperature scaling `brier`, `label_smoothing` and `focal` are better calibrated than `cross_entropy`"
        " (CIFAR, ECE: 6.5, 7.8, 4.5 and 17.5%)",
        "Mukhoti et al. 2020, arXiv:2002.09437",
        {"brier": "better", "label_smoothing": "better", "focal": "better"},
        probabilities="raw",
    ),
    KnownResult(
        "calibration",
        "After temperature scaling only `focal` is (CIFAR, ECE: 3.6, 4.0, 2.0 and 3.4%)",
        "the same paper",
        {"brier": "worse", "label_smoothing": "worse", "focal": "better"},
    ),
    KnownResult(
        "convex",
        "With 10% label noise a linear net loses a table that a line separates under every convex potential;"
        " bounded losses keep it",
        "Long & Servedio 2010, doi:10.1007/s10994-009-5165-z",
        {
            "cross_entropy": "worse",
            "hinge": "worse",
            "squared_hinge": "worse",
            "exponential": "worse",
            "gce": "practically equal",
            "brier": "practically equal",
            "ramp": "practically equal",
        },
    ),
)
