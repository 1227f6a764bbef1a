"""Shell completion: names from the catalogue and the data sets, alone or in lists with commas.

Called while someone waits for the Tab key: declarations only, nothing is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from textwrap import shorten
from typing import TYPE_CHECKING

from lossbench.components.penalties import PENALTIES
from lossbench.components.reference_models import REFERENCE_MODELS

if TYPE_CHECKING:
    from lossbench.catalog.loss_groups import LossGroup

Choices = list[tuple[str, str]]  # name, what it is


def words(*names: str) -> Callable[[str], list[str]]:
    """One of these words."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete


def described(names: Mapping[str, str]) -> Callable[[str], Choices]:
    """One of these words, each with what it is."""

    def complete(incomplete: str) -> Choices:
        return _one(names.items(), incomplete)

    return complete


tasks = words("binary", "multiclass", "ordinal", "regression")
DEVICES = words("auto", "cpu", "cuda", "mps")


def _one(choices: Iterable[tuple[str, str]], incomplete: str) -> Choices:
    return [(name, text) for name, text in choices if name.startswith(incomplete)]


def _listed(choices: Iterable[tuple[str, str]], incomplete: str) -> Choices:
    """The last entry of a list with commas; those before it are not offered again."""
    before, comma, last = incomplete.rpartition(",")
    return [(before + comma + name, text) for name, text in _one(choices, last) if name not in before.split(",")]


def _losses() -> Choices:
    from lossbench.catalog.loss import LOSSES

    own = [(loss.name, loss.formula) for loss in LOSSES] + [
        (short, f"short for {name}") for short, name in LOSSES.abbreviations.items()
    ]
    return own + _offered("loss")


def _offered(kind: str) -> Choices:
    """What installed packages have, by name: none of them is imported."""
    from lossbench.catalog.plugins.packages import points_of
    from lossbench.entry import package_of

    return [(point.name, f"of {package_of(point)}") for point in points_of(kind)]


def _activations() -> Choices:
    from lossbench.catalog.activations import ACTIVATIONS

    return [(activation.name, activation.formula) for activation in ACTIVATIONS] + _offered("activation")


def _datasets() -> Choices:
    from lossbench.data.datasets.catalogue import datasets as declared
    from lossbench.data.datasets.catalogue import names

    own = [(one.name, f"{one.task}, {one.rows} x {one.columns}") for one in declared()]
    return own + [(name, "of an installed package") for name in names()[len(own) :]]


def _suites() -> Choices:
    from lossbench.data.datasets.suites import SUITES

    return [(f"suite:{suite.name}", suite.description) for suite in SUITES]


def _metrics() -> Choices:
    from lossbench.catalog.metrics import METRICS

    return [(metric.name, metric.formula) for metric in METRICS] + _offered("metric")


_AUTO = ("auto", "chosen by the task or the loss")


def one_loss(incomplete: str) -> Choices:
    """A loss."""
    return _one(_losses(), incomplete)


def loss_or_auto(incomplete: str) -> Choices:
    """A loss, or auto."""
    return _one([_AUTO, *_losses()], incomplete)


def anything(incomplete: str) -> Choices:
    """Whatever can be explained: a loss, an activation, a metric, a data set, a penalty, a term, all terms."""
    from lossbench.catalog.describe.terms import TERMS

    words = [("terms", "the terms of a report"), *((term.name, term.meaning) for term in TERMS)]
    penalties = [(one.name, one.description) for one in PENALTIES]
    return _one(dict(words + penalties + _datasets() + _metrics() + _activations() + _losses()).items(), incomplete)


def pairs(incomplete: str) -> Choices:
    """Losses and groups of them with commas, each loss with its last activation after a plus."""
    before, plus, activation = incomplete.rpartition("+")
    if plus and "," not in activation:
        return [(before + plus + name, text) for name, text in _one(_activations(), activation)]
    from lossbench.catalog.loss_groups import loss_groups

    return _listed([*_losses(), *_groups(loss_groups().values())], incomplete)


def families(incomplete: str) -> Choices:
    """A family of losses."""
    from lossbench.catalog.loss_groups import families as declared

    return _one(_groups(declared()), incomplete)


def _groups(groups: Iterable[LossGroup]) -> Choices:
    """Groups with the beginning of what they are: a shell takes a second line for another choice."""
    return [(group.name, shorten(group.description, 50, placeholder="...")) for group in groups]


def one_activation(incomplete: str) -> Choices:
    """A last activation, or auto."""
    return _one([_AUTO, *_activations()], incomplete)


def activation(incomplete: str) -> Choices:
    """A last activation."""
    return _one(_activations(), incomplete)


def one_dataset(incomplete: str) -> Choices:
    """A data set."""
    return _one(_datasets(), incomplete)


def datasets(incomplete: str) -> Choices:
    """Data sets and suites with commas."""
    return _listed([*_datasets(), *_suites()], incomplete)


def fetchable(incomplete: str) -> Choices:
    """Data sets that other packages have, and suites, with commas."""
    from lossbench.data.datasets.catalogue import datasets as declared

    sets = [(one.name, one.origin) for one in declared() if one.remedy]
    return _listed([*sets, *_suites()], incomplete)


def one_metric(incomplete: str) -> Choices:
    """A metric, or auto."""
    return _one([_AUTO, *_metrics()], incomplete)


def penalties(incomplete: str) -> Choices:
    """Penalties with commas."""
    return _listed([(one.name, one.description) for one in PENALTIES], incomplete)


def references(incomplete: str) -> Choices:
    """Reference models with commas."""
    return _listed([(one.name, one.description) for one in REFERENCE_MODELS], incomplete)


def penalty_values(incomplete: str) -> Choices:
    """`l1=` and `l2=`, with commas; a mix of them is both."""
    return _listed([(f"{one.name}=", one.description) for one in PENALTIES if not one.uses_l1_ratio], incomplete)


def encodings(incomplete: str) -> list[str]:
    """How a loss may want its target."""
    from lossbench.catalog.vocabulary import Encoding

    return words(*(encoding.value for encoding in Encoding))(incomplete)


def decoders(incomplete: str) -> list[str]:
    """How outputs may be read."""
    from lossbench.catalog.decoders import DECODERS

    return words(*DECODERS.names())(incomplete)


def formats(incomplete: str) -> Choices:
    """Formats of an export, with commas."""
    from lossbench.export.formats import FORMATS

    return _listed([(one.name, one.description) for one in FORMATS], incomplete)


def curves(incomplete: str) -> Choices:
    """What a picture of losses shows, with commas."""
    from lossbench.record.loss_profile import WHATS

    return _listed([(name, "") for name in WHATS], incomplete)
