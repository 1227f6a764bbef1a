"""On a CUDA device the same comes out as on the processor, up to rounding; skipped where there is none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lossbench as lb
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.cli import main

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
DATA = {Task.BINARY: "breast_cancer", Task.MULTICLASS: "wine", Task.ORDINAL: "ordered5", Task.REGRESSION: "diabetes"}


@pytest.mark.parametrize(("loss", "task"), [(loss.name, task) for loss in LOSSES for task in sorted(loss.tasks)])
def test_a_loss_trains_as_on_the_processor(loss: str, task: Task, tmp_path: Path) -> None:
    """Three epochs are too short for float32's rounding to grow beyond 0.5%."""

    def curves(device: str) -> Any:
        options = {"seeds": 2, "epochs": 3, "hidden": [16, 16], "device": device, "output": str(tmp_path / device)}
        record = lb.train(data=DATA[task], loss=loss, **options)
        return np.array([member.curves["train_loss"] for member in record.results[0].members], dtype=float)

    np.testing.assert_allclose(curves("cuda"), curves("cpu"), rtol=5e-3, atol=5e-6)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("data", ["wine", "diabetes"])
def test_a_comparison_finds_the_same(data: str, jobs: int, tmp_path: Path) -> None:
    def table(device: str) -> Any:
        losses = ["ce", "brier"] if data == "wine" else ["mse", "l1"]
        options = {
            "folds": 3,
            "repeats": 2,
            "epochs": 10,
            "device": device,
            "jobs": jobs,
            "output": str(tmp_path / device),
        }
        return lb.compare(data=data, losses=losses, **options).analysis.tables[0]

    on_device, on_processor = table("cuda"), table("cpu")
    assert [row.word for row in on_device.rows] == [row.word for row in on_processor.rows]
    for one, other in zip(on_device.rows, on_processor.rows, strict=True):
        assert one.mean == pytest.approx(other.mean, rel=1e-3)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_a_penalised_minimum_is_the_same(penalty: str, tmp_path: Path) -> None:
    def objectives(device: str) -> Any:
        line = f"regularize-gif --alphas 4 --penalty {penalty} --quiet --device {device} --output {tmp_path / device}"
        assert main(line.split()) == 0
        (file,) = (tmp_path / device).glob("*/result.json")
        members = json.loads(file.read_text())["results"][0]["members"]
        return [member["path"]["data_loss"] + member["path"]["penalty"] for member in members]

    # The net is not convex: at the weakest penalty another minimum may be found, within this of the first.
    np.testing.assert_allclose(objectives("cuda"), objectives("cpu"), rtol=5e-3)
