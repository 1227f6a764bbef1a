"""Tables of the package scikit-lego."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

SCIKIT_LEGO = Wheel(
    "scikit_lego-0.9.10-py3-none-any.whl",
    "fd68b9fe4aca6080d992a74770f1666cf2fe449d4f0d849ed8b0b8a8a56bb2e4",
    folder="sklego/data",
    licence="MIT (package); data: none stated",
)

stored(
    "hearts",
    SCIKIT_LEGO.file("hearts.zip", "b991a8adcf0ee2564e024c9301ab05bafe5d7f57e99999d78c574863ec075561"),
    "Whether a patient has a heart disease, from age, sex and examinations",
    task="binary",
    target="target",
    rows=303,
    columns=13,
    classes=2,
    rarest=83,
    traits=("text",),
)
stored(
    "arrests",
    SCIKIT_LEGO.file("arrests.zip", "330f08cf2d5a2caedada35864b7a423b0b26c542c2d6f8122511048950a26c85"),
    "Whether a man arrested for marijuana in Toronto was released, from age, origin and earlier checks",
    task="binary",
    target="released",
    rows=5226,
    columns=7,
    classes=2,
    rarest=892,
    traits=("text",),
    metric="balanced_accuracy",
)
stored(
    "abalone",
    SCIKIT_LEGO.file("abalone.zip", "bb71e7da9981886496a020bad41f4a52a9cc13e6602e3390f81d5a9952b8b2f2"),
    "Rings of an abalone, which tell its age, from its measures and sex",
    task="regression",
    target="rings",
    rows=4177,
    columns=8,
    traits=("text",),
)
