"""Small real tables that come with scikit-learn."""

from __future__ import annotations

from typing import Any

from lossbench.data.datasets.registry import dataset
from lossbench.data.table import Table, Task
from lossbench.deferred import np

SKLEARN = "scikit-learn"


def _classes(name: str, task: Task, target: str) -> Table:
    from sklearn import datasets  # only who asks for one of these waits for scikit-learn

    bunch: Any = getattr(datasets, f"load_{name}")(as_frame=True)
    return Table(
        name=name,
        task=task,
        features=bunch.data,
        kinds=dict.fromkeys(bunch.data.columns, "number"),
        target=bunch.target.to_numpy(dtype=np.int64),
        target_name=target,
        classes=tuple(str(label) for label in bunch.target_names),
        source=f"scikit-learn's load_{name}",
    )


@dataset("breast_cancer", task="binary", rows=569, columns=30, classes=2, origin=SKLEARN)
def breast_cancer() -> Table:
    """Malignant or benign, from measures of cell nuclei."""
    return _classes("breast_cancer", "binary", "diagnosis")


@dataset("iris", task="multiclass", rows=150, columns=4, classes=3, origin=SKLEARN)
def iris() -> Table:
    """Species of an iris, from its sepals and petals."""
    return _classes("iris", "multiclass", "species")


@dataset("wine", task="multiclass", rows=178, columns=13, classes=3, origin=SKLEARN)
def wine() -> Table:
    """Cultivar of a wine, from its chemistry."""
    return _classes("wine", "multiclass", "cultivar")


@dataset("digits", task="multiclass", rows=1797, columns=64, classes=10, origin=SKLEARN)
def digits() -> Table:
    """Handwritten digit, from its 8 x 8 pixels."""
    return _classes("digits", "multiclass", "digit")


@dataset("diabetes", task="regression", rows=442, columns=10, origin=SKLEARN)
def diabetes() -> Table:
    """Progression of diabetes after a year, from age, sex, body and blood."""
    from sklearn.datasets import load_diabetes  # as above

    bunch: Any = load_diabetes(as_frame=True)
    return Table(
        name="diabetes",
        task="regression",
        features=bunch.data,
        kinds=dict.fromkeys(bunch.data.columns, "number"),
        target=bunch.target.to_numpy(dtype=np.float64),
        target_name="progression",
        source="scikit-learn's load_diabetes",
    )


@dataset("linnerud", task="regression", rows=20, columns=3, origin=SKLEARN)
def linnerud() -> Table:
    """Waist from three exercises of 20 men: too small to learn from, a smoke test."""
    from sklearn.datasets import load_linnerud  # as above

    bunch: Any = load_linnerud(as_frame=True)
    return Table(
        name="linnerud",
        task="regression",
        features=bunch.data,
        kinds=dict.fromkeys(bunch.data.columns, "number"),
        target=bunch.target["Waist"].to_numpy(dtype=np.float64),
        target_name="Waist",
        source="scikit-learn's load_linnerud",
    )
