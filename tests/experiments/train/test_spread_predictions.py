"""What `predict` writes beside a point, and that a saved net needs its user's decoder again."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
import torch
from scipy import stats

from lossbench.errors import UserError
from lossbench.experiments.train.plan import plan_train
from lossbench.experiments.train.predictions import predict_file
from lossbench.experiments.train.run import run
from lossbench.experiments.train.saved_model import load_predictor, save_predictors
from lossbench.record import manifest, write_record
from tests.experiments.train.trainings import config

SHORT = {"data": "diabetes", "optim": {"lr": 1e-2, "epochs": 2}, "net": {"hidden": [4]}}
TABLE = next(Path(str(files("lossbench.data"))).glob("bundled/diabetes*.csv"))


def saved(folder: Path, loss: str) -> None:
    result = run(plan_train(config(loss, **SHORT)))
    result.record.files = manifest(folder, [save_predictors(folder, result).name])
    write_record(result.record, folder)


def test_a_distribution_is_written_as_mean_deviation_and_quantiles(tmp_path: Path):
    saved(tmp_path, "laplace_nll")
    columns = pd.DataFrame(predict_file(tmp_path, TABLE).columns)
    target = columns.columns[0]
    assert list(columns) == [target, *(f"{name}({target})" for name in ("mean", "sd", "q0.05", "q0.5", "q0.95"))]
    mean, sd = columns[f"mean({target})"], columns[f"sd({target})"]
    expected = stats.laplace(mean, sd / 2**0.5).ppf(0.95)  # in the target's own unit
    torch.testing.assert_close(torch.tensor(columns[f"q0.95({target})"]), torch.tensor(expected), rtol=1e-6, atol=0)


def test_quantiles_are_written_at_the_levels_of_the_loss(tmp_path: Path):
    saved(tmp_path, "multi_quantile(levels=[0.1, 0.5])")
    columns = pd.DataFrame(predict_file(tmp_path, TABLE).columns)
    target = columns.columns[0]
    assert list(columns) == [target, f"q0.1({target})", f"q0.5({target})"]
    assert (columns[f"q0.1({target})"] <= columns[target]).all()
    assert (columns[f"q0.5({target})"] == columns[target]).all()


def test_a_users_decoder_is_named_again_and_is_the_one_trained_with(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from lossbench import Encoding, Prediction, Space, Task, loss\n"
        "def read(out, *, shift):\n    return Prediction(point_PN=out[..., 0] + shift)\n"
        "@loss(targets={Task.REGRESSION: Encoding.FLOAT}, sound=(Space.REAL,), decode=read, reference='mine')\n"
        "def mine(out, y, *, shift: float = 0.5):\n    return (out[..., 0] + shift - y[..., 0]).square()\n"
    )
    saved(tmp_path, f"{file}:mine")
    with pytest.raises(UserError, match=r"trained with read of mine.py.*name it again: --decode mine.py:read"):
        load_predictor(tmp_path)
    assert load_predictor(tmp_path, decode=f"{file}:read").decode.params == {"shift": 0.5}
    file.write_text(file.read_text() + "\n")
    with pytest.raises(UserError, match="is not the file that was trained with"):
        load_predictor(tmp_path, decode=f"{file}:read")
