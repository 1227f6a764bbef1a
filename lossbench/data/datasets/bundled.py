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
        return pd.read_csv(stream)


def _table(name: str, frame: pd.DataFrame, features: list[str], target: str, file: str) -> Table:
    """The named columns as they stand: numbers are numbers, the rest is text; a text target has classes."""
    kinds: dict[str, ColumnKind] = {
        c: "number" if pd.api.types.is_numeric_dtype(frame[c]) else "text" for c in features
    }
    values = frame[target]
    if pd.api.types.is_float_dtype(values):
        target_N, classes = values.to_numpy(dtype=np.float64), tuple[str, ...]()
    else:
        target_N, classes = class_indices(values)
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
