"""Tables of the package ISLP: the data of James et al. (2023), An Introduction to Statistical Learning."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

ISLP = Wheel(
    "islp-0.6.0-py3-none-any.whl",
    "ca772cecca1747a2f84ee799a5503ddddbdf0e98f90c235494790c1d036c694b",
    folder="ISLP/data",
    licence="BSD (package); data: none stated",
    in_extra=False,
)

stored(
    "bikeshare",
    ISLP.file("Bikeshare.csv", "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c"),
    "Bikes rented in an hour in Washington, from the hour, the day and the weather",
    task="regression",
    target="bikers",
    rows=8645,
    columns=11,
    traits=("text", "count"),
    metric="poisson_deviance",
    without={"it is a part of the target": "casual registered", "it tells the same day as month and weekday": "day"},
)
stored(
    "caravan",
    ISLP.file("Caravan.csv", "e89d49b6fb8fe02d76bb5bb80d8e0dab473bf9f6a72515e30c259f6d7da42269"),
    "Whether a household insures a caravan (6.0 %), from its neighbourhood and its other insurances",
    task="binary",
    target="Purchase",
    rows=5822,
    columns=85,
    classes=2,
    rarest=348,
    metric="average_precision",
)
stored(
    "credit-default",
    ISLP.file("Default.csv", "d113590204485565bdd692b2d8430e7c2fcc72ec323df92314a745c99a0eefe9"),
    "Whether a person fails to pay a credit card debt (3.3 %), from balance, income and being a student",
    task="binary",
    target="default",
    rows=10000,
    columns=3,
    classes=2,
    rarest=333,
    traits=("text",),
    metric="average_precision",
)
stored(
    "orange-juice",
    ISLP.file("OJ.csv", "9c42d598b2222ba93bc431778d5165019eb71ae93ee6277b264e2da305fba6f7"),
    "Which of two orange juices a customer buys, from prices, discounts, loyalty and shop",
    task="binary",
    target="Purchase",
    rows=1070,
    columns=9,
    classes=2,
    rarest=417,
    without={
        "it repeats other columns": "Store7 STORE SalePriceMM SalePriceCH PriceDiff PctDiscMM PctDiscCH ListPriceDiff"
    },
)
stored(
    "wage",
    ISLP.file("Wage.csv", "9c89796d7f2b9c77ffa76a2d2a2aa68ecccb4b36684fc2776f4c9e18c5fd4991"),
    "Wage of a man in $1000, from age, education, job, health and year",
    task="regression",
    target="wage",
    rows=3000,
    columns=8,
    traits=("text",),
    without={"it is the target's logarithm": "logwage", "it is always the same": "region"},
)
