"""Data sets that come with the package as CSV files; `bundled/PROVENANCE.md` has their sources, licences and hashes."""

from __future__ import annotations

from lossbench.data.datasets.sources import Bundled, StoredFile
from lossbench.data.datasets.stored import stored
from lossbench.deferred import pd

CC_BY, NONE_STATED = "CC BY 4.0", "none stated"


def _file(name: str, licence: str, sha256: str) -> StoredFile:
    return StoredFile(Bundled(licence), name, sha256)


TITANIC = _file("titanic.csv", "public", "4d4c5987da6d3f94c3f3ccab7dea8fdffda93ea9f09450005dd05f99ab7886cc")
PENGUINS = _file("penguins.csv", "CC0 1.0", "f204db2c753b0937caac3cb35258562c14f073e4bbc76be24b4c51ce22767a93")
WEATHER = "62f0609f787158128aa2bd102967173a4953122dd4f872bf1d502cae1037df0b"


def _with_month(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(month=pd.to_datetime(frame["date"], format="%Y/%m/%d").dt.month)


stored(
    "titanic",
    TITANIC,
    "Who survived, from class, sex, age and fare; passengers of unknown age excluded",
    task="binary",
    target="Survived",
    rows=714,
    columns=4,
    classes=2,
    rarest=290,
    traits=("text",),
    without={"the table of the first notebook has class, sex, age and fare": "SibSp Parch Embarked"},
    change=lambda frame: frame.dropna(subset=["Age"]),
)
stored(
    "titanic-full",
    TITANIC,
    "Who survived, all passengers and columns, with gaps and text",
    task="binary",
    target="Survived",
    rows=891,
    columns=7,
    classes=2,
    rarest=342,
    traits=("gaps", "text"),
)
stored(
    "penguins",
    PENGUINS,
    "Species of a penguin, from its measures, island and sex; with gaps and text",
    task="multiclass",
    target="species",
    rows=344,
    columns=6,
    classes=3,
    rarest=68,
    traits=("gaps", "text"),
    without={"the season says nothing of a species": "year"},
)
stored(
    "penguins-mass",
    PENGUINS,
    "Weight of a penguin in grams, from its other measures, species, island and sex",
    task="regression",
    target="body_mass_g",
    rows=342,
    columns=6,
    traits=("gaps", "text"),
    without={"the season says nothing of a weight": "year"},
)
stored(
    "seattle-weather",
    _file("seattle_weather.csv", "public domain (NOAA)", WEATHER),
    "Kind of weather of a day, from rain, temperatures, wind and month; the rarest of five kinds has 1.6 %",
    task="multiclass",
    target="weather",
    rows=1461,
    columns=5,
    classes=5,
    rarest=23,
    metric="balanced_accuracy",
    without={"its month is a feature": "date"},
    change=_with_month,
)
stored(
    "breast_cancer",
    _file("breast_cancer.csv", CC_BY, "7e115a871fc47b0002ff74842ddb6b61b08baf51b137f171c34af4d053c0b081"),
    "Malignant or benign, from measures of cell nuclei",
    task="binary",
    target="diagnosis",
    rows=569,
    columns=30,
    classes=2,
    rarest=212,
    labels=("malignant", "benign"),
)
stored(
    "iris",
    _file("iris.csv", CC_BY, "f7fac79ad999fd2d001fd012dd70c0f42c738a7e7cfb7069e71371b55c29341e"),
    "Species of an iris, from its sepals and petals",
    task="multiclass",
    target="species",
    rows=150,
    columns=4,
    classes=3,
    rarest=50,
)
stored(
    "wine",
    _file("wine.csv", CC_BY, "d44070d5edf22e2a6441cc3674d1df1d602c2a8efed2dbdbb9241cfd3a1f7956"),
    "Cultivar of a wine, from its chemistry",
    task="multiclass",
    target="cultivar",
    rows=178,
    columns=13,
    classes=3,
    rarest=48,
)
stored(
    "digits",
    _file("digits.csv.gz", CC_BY, "a4788657f0a925ebd3032a9e3bde92b4602ea81ea7f76b2dfb65da762727c661"),
    "Handwritten digit, from its 8 x 8 pixels",
    task="multiclass",
    target="digit",
    rows=1797,
    columns=64,
    classes=10,
    rarest=174,
)
stored(
    "diabetes",
    _file("diabetes.csv", NONE_STATED, "2bc61e7fd2fb43607febff223eba28c50dd90d8df941708e927bd87f186b526b"),
    "Progression of diabetes after a year, from age, sex, body and blood",
    task="regression",
    target="progression",
    rows=442,
    columns=10,
)
stored(
    "linnerud",
    _file("linnerud.csv", NONE_STATED, "36454576338611224634fc14f0c97618f03ac33b0b81088ebba6d108a91d5830"),
    "Waist from three exercises of 20 men: too small to learn from, a smoke test",
    task="regression",
    target="Waist",
    rows=20,
    columns=3,
)
