"""Tables of the package vega_datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

if TYPE_CHECKING:
    import pandas as pd

VEGA = Wheel(
    "vega_datasets-0.9.0-py3-none-any.whl",
    "3d7c63917be6ca9b154b565f4779a31fedce57b01b5b9d99d8a34a7608062a1d",
    folder="vega_datasets/_data",
    licence="MIT (package); data: StatLib, none stated",
)


def _years(frame: pd.DataFrame) -> pd.DataFrame:
    """The model year as a number; the file has the first of January of each."""
    return frame.assign(Year=frame["Year"].str[:4].astype(int))


stored(
    "cars",
    VEGA.file("cars.json", "f686a53678b21f4231e2f6a5ba7ce5761d9d39204fccdea1caa29fb8c460e319"),
    "Miles that a car of 1970-82 drives per gallon, from its engine, weight and origin",
    task="regression",
    target="Miles_per_Gallon",
    rows=398,
    columns=7,
    traits=("text", "gaps"),
    without={"names nearly every row": "Name"},
    change=_years,
)
