"""Record -> runs of MLflow: one parent run for the whole, and below it one for each net of a training or a path, or
for each loss in each setting of a comparison.

Parameters are the config's keys (`optim.lr`) and, of a child, its data, loss, last activation, learning rate and seed.
Metrics of a net are its curves by epoch (`train_loss`) and its scores (`test_accuracy`). Of a comparison they are the
mean scores over the splits (`test_accuracy`), each split's by the number of the split (`test_accuracy_by_split`) and
the mean curves of the nets that were scored. Artifacts are the files of the run's folder. Each export makes a new
parent run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from lossbench.errors import UserError
from lossbench.export.files import made_parent
from lossbench.export.formats import ExportedRun
from lossbench.export.nets import final, loss_of, place_of, setting_of
from lossbench.export.tidy import PARTS, role_of
from lossbench.record import LossResult, MemberRecord, Record
from lossbench.report.format import parameters
from lossbench.version import __version__

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

EXPERIMENT = "lossbench"
MOST_METRICS, MOST_PARAMS = 1000, 100  # that MLflow takes in one request
LONGEST = 6000  # characters of a parameter that MLflow keeps
LEFT_OUT = {".lock", "checkpoints", "export"}  # of the run's folder
Steps = Mapping[str, Sequence[float | None]]  # metric -> values at steps 0, 1, ... (curves: 1, 2, ...)


def write(run: ExportedRun, out: str) -> list[str]:
    """Write the runs to a tracking URI, or into an SQLite file with the artifacts in a folder beside it.

    Whatever was written is deleted again where not all can be.
    """
    is_uri = "://" in out
    path = None if is_uri else made_parent(out).resolve()
    with _quietly(), _told(out):
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=out if path is None else f"sqlite:///{path}")
        artifacts = None if path is None else (path.parent / f"{path.stem}-artifacts").as_uri()
        return [f"mlflow: {out} ({_Writer(client, _experiment(client, artifacts)).write(run)} runs)"]


def _experiment(client: MlflowClient, artifacts: str | None) -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    return str(found.experiment_id if found is not None else client.create_experiment(EXPERIMENT, artifacts))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what MLflow and what it stands on say of their own versions and of the tables that they make, and without
    MLflow telling its makers of this use, unless the user allows that."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.store.db.utils  # noqa: F401 - it sets the level of its logger

        logger = logging.getLogger("mlflow")
        before = logger.level
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(before)


@contextlib.contextmanager
def _told(out: str) -> Iterator[None]:
    """MLflow's own faults, such as a server that does not answer, in one line."""
    try:
        yield
    except UserError:
        raise
    except Exception as problem:
        if not type(problem).__module__.startswith(("mlflow", "sqlalchemy", "requests")) and not isinstance(
            problem, OSError
        ):
            raise
        text = " ".join(str(problem).split())
        raise UserError(f"MLflow cannot write there ({text[:300]})", where=out, fix="give another --out") from None


class _Writer:
    """One parent run and its children."""

    def __init__(self, client: MlflowClient, experiment: str) -> None:
        self.client, self.experiment = client, experiment
        self.made: list[str] = []
        self.now = int(time.time() * 1000)

    def write(self, run: ExportedRun) -> int:
        """Write all of them; how many there are."""
        try:
            parent = self._parent(run)
            for result in run.record.results:
                self._result(run.record, result, parent)
            self._end(parent, run.record.status)
        except BaseException:
            for one in self.made:
                with contextlib.suppress(Exception):
                    self.client.delete_run(one)
            raise
        return len(self.made)

    def _parent(self, run: ExportedRun) -> str:
        record = run.record
        parent = self._start(record.name, {"lossbench.kind": record.kind, "lossbench.command": record.command})
        self._params(parent, dict(_flat(record.config)))
        for path in sorted(run.folder.iterdir()):
            if path.name not in LEFT_OUT and not path.name.startswith("."):
                self._artifact(parent, path)
        return parent

    def _artifact(self, run: str, path: Path) -> None:
        if path.is_dir():
            self.client.log_artifacts(run, str(path), path.name)
        else:
            self.client.log_artifact(run, str(path))

    def _result(self, record: Record, result: LossResult, parent: str) -> None:
        setting = setting_of(record, result)
        params = {
            "data": result.data,
            "setting": " ".join(setting[1:]),
            "loss": result.loss.label,
            "last_act": result.last_act,
            "verdict": result.verdict.level,
            **{f"condition.{name}": level for name, level in result.condition.items()},
        }
        if record.kind == "compare-losses":
            child = self._start(" ".join((*setting, loss_of(result))), {}, parent)
            self._params(child, params)
            self._metrics(child, *_of_splits(final(result)))
            self._end(child, result.status)
            return
        for member in result.members:
            child = self._start(_title(result, member), {"lossbench.role": role_of(member)}, parent)
            self._params(child, params | _of_member(member))
            self._metrics(child, dict(_scores(member)), {}, member.curves)
            self._end(child, member.status)

    def _start(self, name: str, tags: Mapping[str, str], parent: str = "") -> str:
        nested = {"mlflow.parentRunId": parent} if parent else {}
        all_tags = {"lossbench.version": __version__, **tags, **nested}
        made: str = self.client.create_run(self.experiment, self.now, all_tags, name).info.run_id
        self.made.append(made)
        return made

    def _end(self, run: str, status: str) -> None:
        state = {"ok": "FINISHED", "interrupted": "KILLED"}.get(status, "FAILED")
        self.client.set_terminated(run, state, self.now)

    def _params(self, run: str, params: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        given = [Param(key, str(value)[:LONGEST]) for key, value in params.items() if value not in (None, "")]
        for start in range(0, len(given), MOST_PARAMS):
            self.client.log_batch(run, params=given[start : start + MOST_PARAMS])

    def _metrics(self, run: str, once: Mapping[str, float | None], by_split: Steps, by_epoch: Steps) -> None:
        from mlflow.entities import Metric

        points = [(key, value, 0) for key, value in once.items()]
        points += [(key, value, step) for key, values in by_split.items() for step, value in enumerate(values)]
        points += [(key, value, step) for key, values in by_epoch.items() for step, value in enumerate(values, start=1)]
        given = [Metric(key, value, self.now, step) for key, value, step in points if value is not None]
        for start in range(0, len(given), MOST_METRICS):
            self.client.log_batch(run, metrics=given[start : start + MOST_METRICS])


def _title(result: LossResult, member: MemberRecord) -> str:
    place = f"alpha-{member.path.alpha:g}" if member.path is not None else place_of(member)
    penalty = f" {result.penalty.name}" if result.penalty is not None else ""
    return f"{loss_of(result)}{penalty} {place}"


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`optim.lr`: nested keys, joined by dots."""
    for key, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _of_member(member: MemberRecord) -> dict[str, Any]:
    own = {"seed": member.seed, "lr": member.lr, "best_epoch": member.best_epoch, "params": parameters(member.params)}
    return own | {name: value for name, value in member.penalty.items() if value}


def _scores(member: MemberRecord) -> Iterator[tuple[str, float | None]]:
    for part in PARTS:
        yield from ((f"{part}_{name}", value) for name, value in getattr(member, part).items())


def _of_splits(members: Sequence[MemberRecord]) -> tuple[dict[str, float | None], Steps, Steps]:
    """Means over the splits, each split's scores, and mean curves (of an epoch, over the nets that reached it)."""
    scored = [dict(_scores(member)) for member in members]
    names = dict.fromkeys(name for one in scored for name in one)
    by_split = {f"{name}_by_split": [one.get(name) for one in scored] for name in names}
    means = {name: _mean([one.get(name) for one in scored]) for name in names}
    curves = {}
    for name in dict.fromkeys(name for member in members for name in member.curves):
        of_all = [member.curves[name] for member in members if name in member.curves]
        curves[name] = [_mean(values) for values in zip_longest(*of_all)]
    return means, by_split, curves


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
