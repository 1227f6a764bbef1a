"""The Python door gives the command line's numbers, for names, files and DataFrames alike."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris

import lossbench as lb
from lossbench.api import _home
from lossbench.cli import main
from lossbench.errors import UserError
from lossbench.record import Record, read_record

QUICK = {"epochs": 3, "hidden": (4,), "device": "cpu", "threads": 1}


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def iris() -> pd.DataFrame:
    data = load_iris(as_frame=True)
    return data.data.assign(kind=data.target_names[data.target])


def scores(record: Record) -> list[object]:
    return [member.model_dump() for run in record.runs for member in run.members]


def test_train_gives_the_numbers_of_the_command_line(tmp_path, capsys):
    record = lb.train(loss="focal", params={"gamma": 3.0}, seeds=2, output=tmp_path, name="door", **QUICK)
    assert capsys.readouterr().out == ""
    flags = (
        "--loss focal --loss-param gamma=3 --seeds 2 --epochs 3 --hidden 4 --device cpu --threads 1 --name cli --quiet"
    )
    assert main(["train", *flags.split(), "--output", str(tmp_path)]) == 0
    assert scores(record) == scores(read_record(tmp_path / "cli"))
    assert scores(record) == scores(read_record(tmp_path / "door"))


def test_the_table_has_a_row_for_every_trained_net(tmp_path):
    record = lb.compare("iris", losses=["nll", "hinge"], folds=2, repeats=1, lrs=[1e-2], output=tmp_path, **QUICK)
    table = record.table()
    assert len(table) == sum(len(run.members) for run in record.runs)
    refits = table[table.role == "refit"]
    assert sorted(zip(refits.loss, refits.split_fold, strict=True)) == [
        (name, fold) for name in ("hinge", "nll") for fold in (0, 1)
    ]
    assert refits.test_accuracy.between(0, 1).all()
    assert record.analysis


def test_a_frame_and_the_file_it_came_from_are_one_table(tmp_path, iris):
    iris["size"] = pd.Categorical(["small", "large", None] * 50)
    iris["measured"] = [True, False] * 75
    file = tmp_path / "iris.csv"
    iris.to_csv(file, index=False)
    by_frame = lb.train(iris, "kind", output=tmp_path, name="frame", **QUICK)
    by_file = lb.train(file, "kind", output=tmp_path, name="file", **QUICK)
    assert by_frame.data.sha256 == by_file.data.sha256
    assert scores(by_frame) == scores(by_file)
    assert by_frame.data.source == "DataFrame"


def test_frames_can_be_compared_on_beside_named_tables(tmp_path, iris):
    record = lb.compare(
        [iris, "wine"], "kind", losses=["nll", "hinge"], folds=2, repeats=1, lrs=[1e-2], output=tmp_path, **QUICK
    )
    assert [data.name for data in record.data] == ["DataFrame", "wine"]


def test_keywords_about_reading_reach_the_table(tmp_path, iris):
    record = lb.train(iris, "kind", drop=["sepal width (cm)"], output=tmp_path, **QUICK)
    assert len(record.data.features) == 3


def test_a_config_file_is_overridden_by_keywords(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("data: wine\nloss: hinge\noptim: {epochs: 50}\n")
    record = lb.train("iris", config=file, output=tmp_path, **QUICK)
    assert (record.data.name, record.runs[0].loss.name, record.config["optim"]["epochs"]) == ("iris", "hinge", 3)


def test_a_loss_of_ones_own_is_recorded_with_its_source(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from lossbench import loss, Task, Encoding, Space, Link\n"
        "@loss(targets={Task.BINARY: Encoding.SIGN}, sound=(Space.REAL,), link=Link.MARGIN, reference='mine')\n"
        "def mine(score, sign):\n"
        "    return (1 - sign * score).clamp(min=0).pow(3).squeeze(-1)\n"
    )
    from lossbench.catalog.plugins import load_file

    for loss in (f"{file}:mine", load_file(str(file)).mine):
        record = lb.train(loss=loss, output=tmp_path, force=True, **QUICK)
        assert record.runs[0].loss.source == file.read_text()
        assert record.runs[0].loss.name == "mine"


MISTAKES = {
    "unknown keyword 'epoch'; did you mean 'epochs'?": {"epoch": 3},
    "keep: several parts have a key 'keep'; say which: ": {"keep": "best"},
    "epochs: must be >= 1, got 0": {"epochs": 0},
    "unknown loss 'hings'; did you mean 'hinge'?": {"loss": "hings"},
    "the source of '<lambda>' is in no file; write it into a .py file": {"loss": lambda out, target: out},
    "unknown data set 'titanik'": {"data": "titanik", "target": "survived"},
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_says_where_and_what_to_do(tmp_path, message):
    with pytest.raises(UserError, match=re.escape(message)):
        lb.train(**{"output": tmp_path, **MISTAKES[message]})
    assert list(Path(tmp_path).iterdir()) == []


@pytest.mark.parametrize(
    ("name", "home"),
    [("lr", ("optim", "lr")), ("hidden", ("net", "hidden")), ("l2", ("penalty", "l2")), ("loss", ("loss",))],
)
def test_a_keyword_means_one_key(name, home):
    assert _home("train", name) == home


def test_an_undecorated_loss_needs_its_encoding_and_link_and_takes_its_task_from_the_data(tmp_path, iris):
    file = tmp_path / "plain.py"
    file.write_text("import torch\nsquare = torch.nn.MSELoss(reduction='none')\n")
    record = lb.train(
        iris, "kind", loss=f"{file}:square", target_encoding="one_hot", link="probability", output=tmp_path, **QUICK
    )
    assert (record.runs[0].last_act, record.runs[0].outputs) == ("softmax", 3)
