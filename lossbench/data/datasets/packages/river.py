"""Tables of the package river."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

RIVER = Wheel(
    "river-0.26.1-cp311-cp311-manylinux_2_28_x86_64.whl",
    "6a11e1a9749beec3ea138efeb0205b2c5cea8d424e9deee306c8980faec01bef",
    folder="river/datasets",
    licence="BSD-3-Clause (package); data: none stated",
)

stored(
    "phishing",
    RIVER.file("phishing.csv.gz", "d8a6d44bd9672e852b8a53ad2c64229f81972158a77d981073a98b17c27af7a9"),
    "Whether a web page is made for phishing, from its address and its links",
    task="binary",
    target="is_phishing",
    rows=1250,
    columns=9,
    classes=2,
    rarest=548,
)
stored(
    "image-segments",
    RIVER.file("segment.csv.zip", "91e4402efcb6f6a4087e4bcfcd074976dd8e48819d290f45bae6bd652bd16d75"),
    "What a patch of an outdoor picture shows, from its colours and edges",
    task="multiclass",
    target="category",
    rows=2310,
    columns=18,
    classes=7,
    rarest=330,
)
stored(
    "shuttle",
    RIVER.file("shuttle.csv.gz", "1ed4bfa77233d95bff2c8ab2482725d2d800410daedf5919ad80ec6faf60ff59"),
    "Whether sensors of a space shuttle are in an unusual state (7.2 %)",
    task="binary",
    target="anomaly",
    rows=49097,
    columns=9,
    classes=2,
    rarest=3511,
    metric="average_precision",
)
