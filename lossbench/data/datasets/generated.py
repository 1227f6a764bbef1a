"""Tables made by a formula, each with one difficulty that separates losses; all from seed 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossbench.data.datasets.registry import generated
from lossbench.data.table import Table, Task
from lossbench.deferred import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 0


def _make(generator: str, *args: Any, **options: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    from sklearn import datasets  # only who asks for one of these waits for scikit-learn

    x_ND, y_N = getattr(datasets, f"make_{generator}")(*args, **options, random_state=SEED)
    return x_ND, y_N


def _table(
    name: str, task: Task, x_ND: NDArray[Any], y_N: NDArray[Any], *, how: str, clean: NDArray[Any] | None = None
) -> Table:
    features = pd.DataFrame(x_ND, columns=[f"x{i}" for i in range(x_ND.shape[1])])
    classes: tuple[str, ...] = ()
    if task != "regression":
        labels, y_N = np.unique(y_N, return_inverse=True)
        classes = tuple(f"{label:g}" for label in labels)
    return Table(
        name=name,
        task=task,
        features=features,
        kinds=dict.fromkeys(features.columns, "number"),
        target=y_N.astype(np.int64 if classes else np.float64),
        target_name="y",
        classes=classes,
        clean_target=clean,
        source=how,
    )


@generated("moons", task="binary", rows=1000, columns=2, classes=2, rarest=500)
def moons() -> Table:
    """Two interleaved half circles with noise."""
    return _table("moons", "binary", *_make("moons", 1000, noise=0.25), how="make_moons(1000, noise=0.25)")


@generated("circles", task="binary", rows=1000, columns=2, classes=2, rarest=500)
def circles() -> Table:
    """A circle inside a circle: no line separates them."""
    how = "make_circles(1000, noise=0.15, factor=0.5)"
    return _table("circles", "binary", *_make("circles", 1000, noise=0.15, factor=0.5), how=how)


@generated("xor", task="binary", rows=1000, columns=2, classes=2, rarest=467)
def xor() -> Table:
    """Whether two numbers differ in sign: no line does better than chance."""
    x_ND = np.random.default_rng(SEED).uniform(-1, 1, (1000, 2))
    differ_N = (x_ND[:, 0] > 0) != (x_ND[:, 1] > 0)
    return _table("xor", "binary", x_ND, differ_N.astype(int), how="(x0 > 0) != (x1 > 0)")


@generated("hastie", task="binary", rows=2000, columns=10, classes=2, rarest=981)
def hastie() -> Table:
    """Whether ten normal numbers lie outside a sphere (Hastie et al. 2009, example 10.2)."""
    return _table("hastie", "binary", *_make("hastie_10_2", 2000), how="make_hastie_10_2(2000)")


@generated("imbalanced-5pct", task="binary", rows=3000, columns=20, classes=2, rarest=164)
def imbalanced_5pct() -> Table:
    """A rare class of 5 %: accuracy hides whether it is found."""
    how = {"n_informative": 6, "n_redundant": 4, "weights": [0.95], "flip_y": 0.01, "class_sep": 0.8}
    return _classification("imbalanced-5pct", "binary", 3000, how)


@generated("noisy-labels-20pct", task="binary", rows=2000, columns=20, classes=2, rarest=989)
def noisy_labels_20pct() -> Table:
    """About 20 % of the labels are wrong (40 % were drawn anew)."""
    how = {"n_informative": 8, "flip_y": 0.4, "class_sep": 1.5}
    return _classification("noisy-labels-20pct", "binary", 2000, how)


@generated("blobs5", task="multiclass", rows=1000, columns=2, classes=5, rarest=200)
def blobs5() -> Table:
    """Five overlapping round clouds."""
    how = "make_blobs(1000, centers=5, cluster_std=1.8)"
    return _table("blobs5", "multiclass", *_make("blobs", 1000, centers=5, cluster_std=1.8), how=how)


@generated("imbalanced-4class", task="multiclass", rows=3000, columns=20, classes=4, rarest=99)
def imbalanced_4class() -> Table:
    """Four classes of 70, 20, 7 and 3 %."""
    how = {"n_informative": 10, "n_classes": 4, "weights": [0.7, 0.2, 0.07], "class_sep": 1.2}
    return _classification("imbalanced-4class", "multiclass", 3000, how)


@generated("ordered5", task="ordinal", rows=600, columns=6, classes=5, rarest=60, order=tuple("12345"))
def ordered5() -> Table:
    """Five grades of one noisy score: neighbours are confused, distant grades hardly ever."""
    random = np.random.default_rng(SEED)
    x_ND = random.normal(size=(600, 6))
    score_N = 2 * x_ND[:, 0] + np.sin(2 * x_ND[:, 1]) + x_ND[:, 2] * x_ND[:, 3] + random.logistic(scale=0.6, size=600)
    grade_N = 1 + np.searchsorted(np.quantile(score_N, [0.1, 0.25, 0.65, 0.9]), score_N)
    how = "grades 1 to 5 (10, 15, 40, 25, 10 %) of 2 x0 + sin 2 x1 + x2 x3 + logistic noise of scale 0.6"
    return _table("ordered5", "ordinal", x_ND, grade_N, how=how)


@generated("friedman1", task="regression", rows=1000, columns=10)
def friedman1() -> Table:
    """A smooth curved surface over five of ten numbers, with noise (Friedman 1991)."""
    return _table("friedman1", "regression", *_make("friedman1", 1000, noise=1), how="make_friedman1(1000, noise=1)")


@generated("outliers", task="regression", rows=1000, columns=10)
def outliers() -> Table:
    """A linear target, 10 % of it moved by 500 to 1500; to be scored against the clean target."""
    x_ND, clean_N = _make("regression", 1000, 10, n_informative=6, noise=10)
    random = np.random.default_rng(SEED)
    moved = random.choice(1000, 100, replace=False)
    y_N = clean_N.copy()
    y_N[moved] += random.choice([-1, 1], 100) * random.uniform(500, 1500, 100)
    how = "make_regression(1000, 10, n_informative=6, noise=10), 100 targets moved by +-(500..1500)"
    return _table("outliers", "regression", x_ND, y_N, how=how, clean=clean_N)


@generated("long-servedio", task="binary", rows=4000, columns=21, classes=2, rarest=1971)
def long_servedio() -> Table:
    """21 signs whose majority is the class: with label noise, convex losses fail on it (Long & Servedio 2010).

    A quarter of the rows has a large margin: all signs are the class's. A quarter are pullers: the first 11 signs are
    the class's, the last 10 are not. Half are penalizers: 5 of the first 11 and 6 of the last 10, drawn for each row,
    are the class's. So the sum of the signs has the class's sign on every row. The labels are clean (`--label-noise`
    corrupts them). Long & Servedio 2010, doi:10.1007/s10994-009-5165-z.
    """
    random = np.random.default_rng(SEED)
    y_N = random.choice([-1, 1], 4000)
    kind_N = random.choice(3, 4000, p=[0.25, 0.25, 0.5])
    agrees_ND = np.ones((4000, 21), dtype=bool)
    agrees_ND[kind_N == 1, 11:] = False
    for row in np.flatnonzero(kind_N == 2):
        agrees_ND[row] = False
        agrees_ND[row, random.choice(11, 5, replace=False)] = True
        agrees_ND[row, 11 + random.choice(10, 6, replace=False)] = True
    x_ND = np.where(agrees_ND, y_N[:, None], -y_N[:, None]).astype(np.float64)
    how = "21 signs: 1/4 large margin, 1/4 pullers, 1/2 penalizers"
    return _table("long-servedio", "binary", x_ND, y_N, how=how)


def _classification(name: str, task: Task, rows: int, how: dict[str, Any]) -> Table:
    x_ND, y_N = _make("classification", rows, 20, **how)
    arguments = ", ".join(f"{key}={value}" for key, value in how.items())
    return _table(name, task, x_ND, y_N, how=f"make_classification({rows}, 20, {arguments})")
