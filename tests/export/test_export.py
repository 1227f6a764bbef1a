"""What every format shares: where files go, what is refused before anything is written, exit codes."""

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lossbench.export.formats import FORMATS

ACTIVATION = "def twice(z):\n    return 2 * z\n"


def test_several_formats_go_into_the_runs_own_folder(runs: Path, lossbench: Any) -> None:
    code, out, errors = lossbench("export", runs / "classes" / "result.json", "--to", "latex, csv,onnx,skops,csv")
    assert (code, errors) == (0, [])
    made = sorted(path.name for path in (runs / "classes" / "export").iterdir())
    assert made == ["curves.csv", "model.onnx", "model.skops", "scores.csv", "table.tex"]
    assert out.count("csv:") == 2


@pytest.mark.parametrize(
    ("run", "line", "message"),
    [
        ("many", "--to onnx", "onnx is for a run of train, this is one of compare-losses; export the folder of a"),
        ("many", "--to latex,skops", "skops is for a run of train"),
        ("many", "--to onnx", "possible here are latex, csv, parquet, mlflow, tensorboard"),
        ("path", "--to latex", "latex is for a run of train or compare-losses, this is one of regularize-gif"),
        ("path", "--to tensorboard", "tensorboard is for a run of"),
        ("classes", "--to latx", "--to: unknown format 'latx'; did you mean 'latex'?"),
        ("classes", "--to ,", "--to: names no format; known are latex, csv"),
        ("classes", "--to csv --out x.tex", "--out: csv does not go to a file *.tex; name a folder"),
        ("classes", "--to csv,latex --out x.tex", "--out: several formats do not fit into x.tex"),
        ("classes", "--to csv --out http://host", "--out: http://host is no folder"),
        (
            "classes",
            "--to csv --out table.csv/x",
            "table.csv/x: cannot be written (not a directory); give another --out",
        ),
        ("classes", "--to csv --member 1", "--member: no format that was chosen holds a single net"),
        ("nothing", "--to csv", "nothing: no such run"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    runs: Path, lossbench: Any, monkeypatch: pytest.MonkeyPatch, run: str, line: str, message: str
) -> None:
    monkeypatch.chdir(runs)
    shutil.rmtree(runs / run / "export", ignore_errors=True)
    code, out, errors = lossbench("export", run, *line.split())
    assert (code, out, len(errors)) == (2, "", 1)
    assert message in errors[0]
    assert not (runs / run / "export").exists()


@pytest.mark.parametrize("one", [one for one in FORMATS if one.imports], ids=lambda one: one.name)
def test_a_package_that_is_missing_is_named_with_its_command(
    runs: Path, lossbench: Any, monkeypatch: pytest.MonkeyPatch, one: Any
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        "lossbench.export.formats.find_spec", lambda name: None if name == one.imports[0] else found(name)
    )
    code, _, errors = lossbench("export", runs / "classes", "--to", f"csv,{one.name}")
    assert code == 2
    fix = f'pip install "lossbench[{one.extra}]"'
    assert errors == [f"error: --to {one.name}: needs the package {one.imports[0]}, which is not installed; {fix}"]


def test_an_unfinished_run_is_exported_as_far_as_it_is(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    record = json.loads((runs / "classes" / "result.json").read_text())
    record["status"] = "interrupted"
    (tmp_path / "result.json").write_text(json.dumps(record))
    code, out, errors = lossbench("export", tmp_path, "--to", "latex,csv")
    assert (code, errors) == (4, [])
    assert "the run is not finished" in out
    assert "Partial: the run is not finished." in (tmp_path / "export" / "table.tex").read_text()


def test_weights_that_are_not_the_runs_are_refused(runs: Path, tmp_path: Path, lossbench: Any) -> None:
    shutil.copytree(runs / "classes", tmp_path / "run", ignore=shutil.ignore_patterns("export"))
    weights = tmp_path / "run" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    for to in ("onnx", "skops"):
        code, _, errors = lossbench("export", tmp_path / "run", "--to", to)
        assert (code, len(errors)) == (2, 1)
        assert "changed after the run wrote it" in errors[0]
    weights.unlink()
    code, _, errors = lossbench("export", tmp_path / "run", "--to", "onnx")
    assert (code, len(errors)) == (2, 1)
    assert "no weights here" in errors[0]


def test_a_net_with_an_activation_of_ones_own_is_refused(
    tmp_path: Path, lossbench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acts.py").write_text(ACTIVATION)
    line = "train --data wine --loss ce --last-act acts.py:twice --epochs 1 --hidden 2 --name own --quiet"
    assert lossbench(*line.split())[0] == 0
    for to in ("onnx", "skops"):
        code, _, errors = lossbench("export", "outputs/own", "--to", to)
        assert (code, len(errors)) == (2, 1)
        assert f"--to {to}: cannot be exported: trained with" in errors[0]
    assert not (tmp_path / "outputs" / "own" / "export").exists()


def test_a_run_that_is_trained_anew_loses_its_exports(
    tmp_path: Path, lossbench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = "train --data wine --epochs 1 --hidden 2 --name one --quiet --force"
    assert lossbench(*line.split())[0] == 0
    assert lossbench("export", "outputs/one", "--to", "csv")[0] == 0
    assert lossbench(*line.split())[0] == 0
    assert not (tmp_path / "outputs" / "one" / "export").exists()
