"""The formats that a run can be exported to: what each needs, and which runs it is for. Declarations only.

To add one, add one declaration here and its module, which has a function `write(run, out)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lossbench.errors import UserError
from lossbench.registry import Registry

if TYPE_CHECKING:
    from lossbench.record import Record

TRAIN, COMPARE, REGULARIZE = "train", "compare-losses", "regularize-gif"
NET = "export the folder of a `lossbench train`, which keeps its nets' weights"


@dataclass(frozen=True)
class ExportedRun:
    """What is exported: a record, the folder that it is in, and which member's net (None: the first)."""

    record: Record
    folder: Path
    member: int | None = None


Write = Callable[[ExportedRun, str], list[str]]


@dataclass(frozen=True)
class Format:
    """One format. `file` is its name in the folder of exports; one without a suffix is a folder.

    `kinds` are the commands whose runs it can hold, `instead` what to do with one of another command. `imports` are
    the packages that it needs, which come with `pip install "lossbench[<extra>]"`. `place_variable` is the environment
    variable that says where it goes, if nothing else does.
    """

    name: str
    description: str
    file: str
    kinds: tuple[str, ...]
    instead: str = ""
    module: str = ""
    imports: tuple[str, ...] = ()
    extra: str = ""
    takes_member: bool = False
    place_variable: str = ""

    def check(self, record: Record, where: str) -> None:
        """Raise `UserError` where the run is of a command that the format is not for, or a package is missing."""
        if record.kind not in self.kinds:
            what = f"{self.name} is for a run of {' or '.join(self.kinds)}, this is one of {record.kind}"
            possible = ", ".join(one.name for one in FORMATS if record.kind in one.kinds)
            raise UserError(what, where=where, fix=f"{self.instead}; possible here are {possible}")
        if missing := [name for name in self.imports if find_spec(name) is None]:
            what = f"needs the package {' and '.join(missing)}, which is not installed"
            raise UserError(what, where=f"--to {self.name}", fix=f'pip install "lossbench[{self.extra}]"')

    def write(self, run: ExportedRun, out: str) -> list[str]:
        """Write the run to `out`, a path (of mlflow also a tracking URI); what was written, for a reader."""
        function: Write = import_module(f"lossbench.export.{self.module}").write
        return function(run, out)


FORMATS: Registry[Format] = Registry("format", has_command=False)

for _format in (
    Format(
        "latex",
        "a table for a paper (booktabs)",
        "table.tex",
        (TRAIN, COMPARE),
        "export its numbers as csv",
        "latex",
    ),
    Format("csv", "scores and curves, a row a value", "scores.csv", (TRAIN, COMPARE, REGULARIZE), "", "tidy_files"),
    Format(
        "parquet",
        "the same columns as csv, with their types",
        "scores.parquet",
        (TRAIN, COMPARE, REGULARIZE),
        "",
        "tidy_files",
        ("pyarrow",),
        "arrow",
    ),
    Format(
        "mlflow",
        "runs of MLflow: parameters, metrics by epoch, files",
        "mlflow.db",
        (TRAIN, COMPARE, REGULARIZE),
        "",
        "mlflow_runs",
        ("mlflow", "sqlalchemy", "alembic"),
        "mlflow",
        place_variable="MLFLOW_TRACKING_URI",
    ),
    Format(
        "tensorboard",
        "event files for TensorBoard",
        "tensorboard",
        (TRAIN, COMPARE),
        "export its numbers as csv: its nets have no epochs",
        "event_files",
        ("tensorboard",),
        "tensorboard",
    ),
    Format(
        "onnx",
        "the net with its preprocessing, for onnxruntime",
        "model.onnx",
        (TRAIN,),
        NET,
        "onnx_model",
        ("onnx",),
        "onnx",
        takes_member=True,
    ),
    Format(
        "skops",
        "the net as a scikit-learn estimator, saved by skops",
        "model.skops",
        (TRAIN,),
        NET,
        "skops_file",
        ("skops",),
        "skops",
        takes_member=True,
    ),
):
    FORMATS.add(_format)


def chosen(names: Sequence[str]) -> list[Format]:
    """The formats of these names, each once; a `UserError` for one that there is not, and for none."""
    found = [FORMATS.get(name.strip(), where="--to") for name in names if name.strip()]
    if not found:
        raise UserError("names no format", where="--to", fix=f"known are {', '.join(FORMATS.names())}")
    return list(dict.fromkeys(found))
