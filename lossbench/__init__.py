"""lossbench: which loss function should I train this with, and is mine any better?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lossbench.version import __version__ as __version__

if TYPE_CHECKING:
    from lossbench.api import compare as compare
    from lossbench.api import compare_losses as compare_losses
    from lossbench.api import train as train
    from lossbench.catalog.activations import Activation as Activation
    from lossbench.catalog.decoders import Decoder as Decoder
    from lossbench.catalog.decoders import Prediction as Prediction
    from lossbench.catalog.loss import Loss as Loss
    from lossbench.catalog.loss import loss as loss
    from lossbench.catalog.metrics import Metric as Metric
    from lossbench.catalog.vocabulary import Encoding as Encoding
    from lossbench.catalog.vocabulary import Space as Space
    from lossbench.catalog.vocabulary import Task as Task
    from lossbench.data.table import Table as Table
    from lossbench.errors import LossbenchWarning as LossbenchWarning
    from lossbench.estimators import MLPClassifier as MLPClassifier
    from lossbench.estimators import MLPRegressor as MLPRegressor

_HOME = {
    "Activation": "catalog.activations",
    "Encoding": "catalog.vocabulary",
    "Decoder": "catalog.decoders",
    "Loss": "catalog.loss",
    "LossbenchWarning": "errors",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "Metric": "catalog.metrics",
    "Prediction": "catalog.decoders",
    "Space": "catalog.vocabulary",
    "Table": "data.table",
    "Task": "catalog.vocabulary",
    "compare": "api",
    "compare_losses": "api",
    "loss": "catalog.loss",
    "train": "api",
}

__all__ = [  # noqa: PLE0604 - names all, spelled once in _HOME
    "__version__",
    *_HOME,
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import lossbench` is free (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
