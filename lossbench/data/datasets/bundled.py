"""Data sets that come with the package as CSV files; `bundled/PROVENANCE.md` has their sources, licences and hashes."""

from __future__ import annotations

from importlib.resources import files

from lossbench.data.datasets.registry import dataset
from lossbench.data.infer.target import class_indices
from lossbench.data.table import ColumnKind, Table
from lossbench.deferred import np, pd

BUNDLED = "bundled CSV"


def _read(file: str) -> pd.DataFrame:
    with files("lossbench.data").joinpath("bundled", file).open("rb") as stream:
        return pd.read_csv(stream, compression="gzip" if file.endswith(".gz") else None)


def _whole(name: str, file: str, order: tuple[str, ...] = ()) -> Table:
    """All columns of a file, of which the last is the target."""
    frame = _read(file)
    *features, target = frame.columns
    return _table(name, frame, features, target, file, order)


def _table(
    name: str, frame: pd.DataFrame, features: list[str], target: str, file: str, order: tuple[str, ...] = ()
) -> Table:
    """The named columns as they stand: numbers are numbers, the rest is text; a target that is no float has classes.

    Classes are sorted, or in the `order` that the source gives them.
    """
    kinds: dict[str, ColumnKind] = {
        c: "number" if pd.api.types.is_numeric_dtype(frame[c]) else "text" for c in features
    }
    values = frame[target]
    if pd.api.types.is_float_dtype(values):
        target_N, classes = values.to_numpy(dtype=np.float64), tuple[str, ...]()
    else:
        target_N, classes = class_indices(values)
    if order:
        target_N, classes = np.array([order.index(classes[k]) for k in target_N]), order
    return Table(
        name=name,
        task="regression" if not classes else "binary" if len(classes) == 2 else "multiclass",
        features=frame[features].reset_index(drop=True),
        kinds=kinds,
        target=target_N,
        target_name=target,
        classes=classes,
        source=f"bundled {file}",
    )


@dataset("titanic", task="binary", rows=714, columns=4, classes=2, origin=BUNDLED)
def titanic() -> Table:
    """Who survived, from class, sex, age and fare; passengers of unknown age excluded."""
    frame = _read("titanic.csv").dropna(subset=["Age"])
    return _table("titanic", frame, ["Pclass", "Sex", "Age", "Fare"], "Survived", "titanic.csv")


@dataset("titanic-full", task="binary", rows=891, columns=7, classes=2, origin=BUNDLED)
def titanic_full() -> Table:
    """Who survived, all passengers and columns, with gaps and text."""
    frame = _read("titanic.csv")
    return _table("titanic-full", frame, list(frame.columns[1:]), "Survived", "titanic.csv")


@dataset("penguins", task="multiclass", rows=344, columns=6, classes=3, origin=BUNDLED)
def penguins() -> Table:
    """Species of a penguin, from its measures, island and sex; with gaps and text."""
    frame = _read("penguins.csv").drop(columns="year")
    return _table("penguins", frame, list(frame.columns[1:]), "species", "penguins.csv")


@dataset("penguins-mass", task="regression", rows=342, columns=6, origin=BUNDLED)
def penguins_mass() -> Table:
    """Weight of a penguin in grams, from its other measures, species, island and sex."""
    frame = _read("penguins.csv").drop(columns="year").dropna(subset=["body_mass_g"])
    features = [c for c in frame.columns if c != "body_mass_g"]
    return _table("penguins-mass", frame, features, "body_mass_g", "penguins.csv")


@dataset("seattle-weather", task="multiclass", rows=1461, columns=5, classes=5, origin=BUNDLED)
def seattle_weather() -> Table:
    """Kind of weather of a day, from rain, temperatures, wind and month; the rarest of five kinds has 1.6 %."""
    frame = _read("seattle_weather.csv")
    frame["month"] = pd.to_datetime(frame["date"], format="%Y/%m/%d").dt.month
    features = ["precipitation", "temp_max", "temp_min", "wind", "month"]
    return _table("seattle-weather", frame, features, "weather", "seattle_weather.csv")


@dataset("breast_cancer", task="binary", rows=569, columns=30, classes=2, origin=BUNDLED)
def breast_cancer() -> Table:
    """Malignant or benign, from measures of cell nuclei."""
    return _whole("breast_cancer", "breast_cancer.csv", ("malignant", "benign"))


@dataset("iris", task="multiclass", rows=150, columns=4, classes=3, origin=BUNDLED)
def iris() -> Table:
    """Species of an iris, from its sepals and petals."""
    return _whole("iris", "iris.csv")


@dataset("wine", task="multiclass", rows=178, columns=13, classes=3, origin=BUNDLED)
def wine() -> Table:
    """Cultivar of a wine, from its chemistry."""
    return _whole("wine", "wine.csv")


@dataset("digits", task="multiclass", rows=1797, columns=64, classes=10, origin=BUNDLED)
def digits() -> Table:
    """Handwritten digit, from its 8 x 8 pixels."""
    return _whole("digits", "digits.csv.gz")


@dataset("diabetes", task="regression", rows=442, columns=10, origin=BUNDLED)
def diabetes() -> Table:
    """Progression of diabetes after a year, from age, sex, body and blood."""
    return _whole("diabetes", "diabetes.csv")


@dataset("linnerud", task="regression", rows=20, columns=3, origin=BUNDLED)
def linnerud() -> Table:
    """Waist from three exercises of 20 men: too small to learn from, a smoke test."""
    return _whole("linnerud", "linnerud.csv")
