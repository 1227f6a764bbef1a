"""Tables of the package statsmodels."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored
from lossbench.deferred import pd

STATSMODELS = Wheel(
    "statsmodels-0.15.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "b67886b66d9c7ca118526accedb5c6de7ffd74c015dc0492ea0b1690192b65da",
    folder="statsmodels/datasets",
    licence="BSD-3-Clause (package)",
)


def _with_affair(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(affair=(frame["affairs"] > 0).astype(int))


stored(
    "affairs",
    STATSMODELS.file("fair/fair.csv", "fd5f3f094a34fc35ca346a14c359e046ed27843038d6921efcd50a7ab21f6af0"),
    "Whether a married woman had an affair, from marriage, children, religion and work",
    task="binary",
    target="affair",
    rows=6366,
    columns=8,
    classes=2,
    rarest=2053,
    licence="with permission of the author (Ray Fair)",
    without={"it is above 0 for an affair": "affairs"},
    change=_with_affair,
)
stored(
    "marriage-rating",
    STATSMODELS.file("fair/fair.csv", "fd5f3f094a34fc35ca346a14c359e046ed27843038d6921efcd50a7ab21f6af0"),
    "How a woman rates her marriage (1 to 5; the rarest 1.6 %), from age, children, religion and work",
    task="ordinal",
    target="rate_marriage",
    rows=6366,
    columns=8,
    classes=5,
    rarest=99,
    order=("1", "2", "3", "4", "5"),
    licence="with permission of the author (Ray Fair)",
)
stored(
    "party-id",
    STATSMODELS.file("anes96/anes96.csv", "c124d8556d6f8c4329b1fea61e3dc6891c5e663f15b7fe5791235963420ba896"),
    "Party of a voter in 1996 (7 steps from Democrat to Republican), from views, age and income",
    task="ordinal",
    target="PID",
    rows=944,
    columns=8,
    classes=7,
    rarest=37,
    order=("0", "1", "2", "3", "4", "5", "6"),
    licence="public domain",
    csv={"sep": "\t", "quotechar": "'"},
    without={"it is the vote, which follows from the party": "vote"},
)
stored(
    "doctor-visits",
    STATSMODELS.file("randhie/randhie.csv", "9f6c87d05aef087a82cc4465310c8cd3f38327be6eafa43bd81fb98c4f3d088c"),
    "Visits to a doctor in a year, from insurance, health and illness; 31 % are 0, the largest is 77",
    task="regression",
    target="mdvis",
    rows=20190,
    columns=9,
    traits=("count", "skewed"),
    metric="poisson_deviance",
    licence="public domain",
)
