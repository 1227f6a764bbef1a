"""What MLflow and TensorBoard read back is what the record holds."""

import json
import logging
import warnings
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from lossbench.record import read_record


def members(record: Any, role: str = "") -> list[Any]:
    return [(result, one) for result in record.results for one in result.members if one.role == role]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """MLflow's own client of a store."""

    def of(uri: str) -> Any:
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow.tracking import MlflowClient

            return MlflowClient(tracking_uri=uri)

    return of


def runs_of(client: Any) -> tuple[Any, list[Any]]:
    """The parent run and its children."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        experiment = client.get_experiment_by_name("lossbench")
        found = client.search_runs([experiment.experiment_id], max_results=1000)
    (parent,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in found if run is not parent]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    return parent, children


def test_mlflow_has_a_run_for_each_seed_of_a_training(runs: Path, tmp_path: Path, lossbench: Any, client: Any) -> None:
    code, out, errors = lossbench("export", runs / "classes", "--to", "mlflow", "--out", tmp_path)
    assert (code, errors) == (0, [])
    assert out.startswith(f"mlflow: {tmp_path}/mlflow.db (4 runs)")
    store = client(f"sqlite:///{tmp_path}/mlflow.db")
    parent, children = runs_of(store)
    record = read_record(runs / "classes")
    assert parent.info.run_name == "classes"
    assert parent.data.params["optim.epochs"] == "3"
    assert {one.path for one in store.list_artifacts(parent.info.run_id)} >= {"result.json", "weights.safetensors"}
    by_seed = {run.data.params["seed"]: run for run in children}
    assert set(by_seed) == {"0", "1", "2"}
    for _, member in members(record):
        run = by_seed[str(member.seed)]
        assert run.info.status == "FINISHED"
        assert run.data.params["loss"] == "nll"
        assert {
            f"test_{name}": v for name, v in member.test.items() if v is not None
        }.items() <= run.data.metrics.items()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            history = store.get_metric_history(run.info.run_id, "train_loss")
        assert [(one.step, one.value) for one in history] == list(enumerate(member.curves["train_loss"], start=1))


def test_mlflow_has_a_run_for_each_loss_of_a_comparison(
    runs: Path, tmp_path: Path, lossbench: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/mine.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    code, out, errors = lossbench("export", runs / "many", "--to", "mlflow")
    assert (code, errors) == (0, [])
    assert uri in out
    _, children = runs_of(client(uri))
    record = read_record(runs / "many")
    found = {(run.data.params["data"], run.data.params["loss"]): run for run in children}
    assert set(found) == {(result.data, result.loss.label) for result in record.results}
    for result in record.results:
        run, refits = found[result.data, result.loss.label], [one for one in result.members if one.role == "refit"]
        assert len(refits) == 6
        mean = fmean(one.test["accuracy"] for one in refits)
        assert run.data.metrics["test_accuracy"] == pytest.approx(mean, rel=1e-12)  # one mean of six numbers
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            history = client(uri).get_metric_history(run.info.run_id, "test_accuracy_by_split")
        assert [one.value for one in history] == [one.test["accuracy"] for one in refits]


def test_a_path_has_a_run_for_each_alpha(runs: Path, tmp_path: Path, lossbench: Any, client: Any) -> None:
    assert lossbench("export", runs / "path", "--to", "mlflow", "--out", tmp_path / "x.db")[0] == 0
    _, children = runs_of(client(f"sqlite:///{tmp_path}/x.db"))
    assert len(children) == 2
    assert len({run.data.params["l2"] for run in children}) == 2


def test_a_store_that_cannot_be_written_is_one_line(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    (tmp_path / "no").write_text("a file, no folder")
    code, _, errors = lossbench("export", runs / "classes", "--to", "mlflow", "--out", f"sqlite:///{tmp_path}/no/x.db")
    assert (code, len(errors)) == (2, 1)
    assert "MLflow cannot write there" in errors[0]


def test_what_was_written_before_a_failure_is_deleted(
    runs: Path, tmp_path: Path, lossbench: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossbench.export import mlflow_runs

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mlflow_runs._Writer, "_metrics", fail)
    code, _, errors = lossbench("export", runs / "classes", "--to", "mlflow", "--out", tmp_path / "x.db")
    assert (code, len(errors)) == (2, 1)
    store = client(f"sqlite:///{tmp_path}/x.db")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert store.search_runs([store.get_experiment_by_name("lossbench").experiment_id]) == []


@pytest.mark.parametrize(("name", "nets"), [("classes", 3), ("many", 36)])
def test_tensorboard_reads_curves_and_scores(runs: Path, tmp_path: Path, lossbench: Any, name: str, nets: int) -> None:
    code, out, errors = lossbench("export", runs / name, "--to", "tensorboard", "--out", tmp_path)
    assert (code, errors) == (0, [])
    assert f"({nets} nets" in out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folders = sorted({path.parent for path in (tmp_path / "tensorboard").rglob("events*")})
    assert len(folders) == nets
    record = read_record(runs / name)
    result = record.results[0]
    member = next(one for one in result.members if one.role in {"", "refit"})
    place = "seed-0" if name == "classes" else "repeat-0-fold-0"
    where = tmp_path / "tensorboard" / result.data / f"{result.loss.label}+{result.last_act}" / place
    found = EventAccumulator(str(where)).Reload()
    assert set(found.Tags()["scalars"]) >= {*member.curves, *(f"test/{metric}" for metric in member.test)}
    for curve, values in member.curves.items():
        events = found.Scalars(curve)
        assert [one.step for one in events] == list(range(1, len(values) + 1))
        assert [one.value for one in events] == pytest.approx(values, rel=1e-7)  # an event holds a float32
    assert found.Scalars("test/accuracy")[0].value == pytest.approx(member.test["accuracy"], rel=1e-7)


def test_an_export_replaces_the_one_before(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    for _ in range(2):
        assert lossbench("export", runs / "classes", "--to", "tensorboard", "--out", tmp_path)[0] == 0
    assert len(list((tmp_path / "tensorboard").rglob("events*"))) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["tensorboard"]
    assert json.loads((runs / "classes" / "result.json").read_text())["status"] == "ok"
