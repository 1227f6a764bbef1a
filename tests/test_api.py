"""The Python door gives the command line's numbers, for names, files and DataFrames alike."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris

import lossbench as lb
from lossbench.api import _home
from lossbench.cli import main
from lossbench.errors import LossbenchWarning, UserError
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
    return [member.model_dump() for run in record.results for member in run.members]


def test_train_gives_the_numbers_of_the_command_line(tmp_path, capsys):
    record = lb.train(loss="focal", params={"gamma": 3.0}, seeds=2, output=tmp_path, name="door", **QUICK)
    assert capsys.readouterr().out == ""
    flags = (
        "--loss focal --loss-param gamma=3 --seeds 2 --epochs 3 --hidden 4 --device cpu --threads 1 --name cli --quiet"
    )
    assert main(["train", *flags.split(), "--output", str(tmp_path)]) == 0
    assert scores(record) == scores(read_record(tmp_path / "cli"))
    assert scores(record) == scores(read_record(tmp_path / "door"))


FEW = pytest.mark.filterwarnings("ignore:anecdotal")


@FEW
def test_compare_gives_the_numbers_of_the_command_line(tmp_path):
    record = lb.compare(
        "iris", losses=["nll", "hinge"], folds=3, repeats=1, lrs=[1e-2], output=tmp_path, name="door", **QUICK
    )
    flags = (
        "--data iris --losses nll,hinge --folds 3 --repeats 1 --lrs 1e-2 --epochs 3 --hidden 4 --device cpu"
        " --threads 1 --name cli --quiet"
    )
    assert main(["compare-losses", *flags.split(), "--output", str(tmp_path)]) == 0
    by_command = read_record(tmp_path / "cli")
    assert scores(record) == scores(by_command)
    assert record.table().drop(columns="lr").equals(by_command.table().drop(columns="lr"))


@FEW
def test_the_table_of_a_comparison_is_its_summary_and_members_has_every_net(tmp_path):
    record = lb.compare("iris", losses=["nll", "hinge"], folds=3, repeats=1, lrs=[1e-2], output=tmp_path, **QUICK)
    table, members = record.table(), record.members()
    assert list(table.columns[:5]) == ["rank", "loss", "last_act", "result", "accuracy"]
    assert sorted(table.loss) == ["hinge", "nll"]
    refits = members[members.role == "refit"]
    for row in table.itertuples():
        assert row.accuracy == pytest.approx(refits[refits.loss == row.loss].test_accuracy.mean())
        assert row.low <= row.accuracy <= row.high
    other = table[table.result != "baseline"].iloc[0]
    assert other.difference_low <= other.difference <= other.difference_high
    assert len(members) == sum(len(run.members) for run in record.results)
    assert sorted(zip(refits.loss, refits.split_fold, strict=True)) == [
        (name, fold) for name in ("hinge", "nll") for fold in (0, 1, 2)
    ]
    assert refits.test_accuracy.between(0, 1).all()


def test_a_record_is_one_line_to_look_at(tmp_path):
    record = lb.train("iris", loss="hinge", output=tmp_path, name="mine", **QUICK)
    assert repr(record) == str(record) == "<train 'mine': hinge on iris, ok>"
    assert len(record.table()) == 1


def test_a_pair_that_is_broken_and_a_table_that_was_repaired_are_warned_of(tmp_path, iris):
    iris["row"], iris["same"] = range(1, 151), 1
    with pytest.warns(lb.LossbenchWarning) as sentences:
        record = lb.train(iris, "kind", loss="nll", last_act="relu", output=tmp_path, **QUICK)
    messages = [str(warning.message) for warning in sentences]
    assert {warning.filename for warning in sentences} == {__file__}
    broken = next(message for message in messages if "nll + relu is broken" in message)
    assert "use logsoftmax as last activation" in broken
    assert any("'row' looks like a row number" in message for message in messages)
    assert any("'same'" in message for message in messages)
    assert set(messages) == set(record.warnings)
    assert not any("classes of" in message for message in messages)  # informs, and nothing was lost


def test_a_loss_that_broadcasts_and_averages_it_away_is_warned_of(tmp_path, iris, capsys):
    file = tmp_path / "mine.py"
    file.write_text(
        "from lossbench import loss, Task, Encoding, Space, Decoder\n"
        "def plain(out, target):\n"
        "    return (out.squeeze(-1) - target).pow(2).mean(-1)\n"
        "@loss(targets={Task.BINARY: Encoding.PROBABILITY}, sound=(Space.UNIT,), decode=Decoder.PROBABILITY,"
        " reference='x')\n"
        "def declared(out, target):\n"
        "    return (out - target.squeeze(-1).unsqueeze(-2)).pow(2).mean(-1)\n"
    )
    sentences = {"target_encoding": "probability", "decode": "sigmoid"}
    with pytest.warns(
        lb.LossbenchWarning, match="mine.py:plain: every target is compared with every row's output"
    ) as w:
        lb.train(loss=f"{file}:plain", output=tmp_path, **sentences, **QUICK)
    assert any("give outputs and targets one shape" in str(warning.message) for warning in w)
    with pytest.warns(lb.LossbenchWarning, match="mine.py:declared: every output is compared with every row's target"):
        lb.train(loss=f"{file}:declared", output=tmp_path, **QUICK)
    flags = f"--losses ce,{file}:plain --decode sigmoid --target-encoding probability --baseline ce"
    flags += " --folds 3 --repeats 1"
    rest = f"--lrs 1e-2 --epochs 1 --hidden 4 --device cpu --threads 1 --output {tmp_path}"
    assert main(["compare-losses", *flags.split(), *rest.split()]) == 0
    assert "mine.py:plain: every target is compared with every row's output" in capsys.readouterr().err


def test_a_loss_without_gradient_is_named_with_its_file(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def stuck(out, target):\n    return (out.detach() - target).pow(2).squeeze(-1)\n")
    sentences = {"target_encoding": "probability", "decode": "sigmoid"}
    with (
        pytest.warns(LossbenchWarning, match="stuck .*the net cannot learn from it"),  # measured before training
        pytest.raises(UserError, match=r"^mine.py:stuck: the loss does not depend on the outputs; compute it from"),
    ):
        lb.train(loss=f"{file}:stuck", output=tmp_path, **sentences, **QUICK)


def test_an_array_is_no_table(tmp_path):
    with pytest.raises(UserError, match="data: a ndarray is no table; give a data set's name, a file or a DataFrame"):
        lb.train(np.zeros((3, 3)), "y", output=tmp_path)


def test_a_frame_goes_by_its_own_name(tmp_path, iris):
    iris.attrs["name"] = "flowers"
    record = lb.train(iris, "kind", loss="hinge", output=tmp_path, **QUICK)
    assert (record.data.name, record.name) == ("flowers", "flowers-hinge-identity")


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


@FEW
def test_frames_can_be_compared_on_beside_named_tables(tmp_path, iris):
    record = lb.compare(
        [iris, "wine"], "kind", losses=["nll", "hinge"], folds=3, repeats=1, lrs=[1e-2], output=tmp_path, **QUICK
    )
    assert [data.name for data in record.data] == ["DataFrame", "wine"]


def test_keywords_about_reading_reach_the_table(tmp_path, iris):
    record = lb.train(iris, "kind", drop=["sepal width (cm)"], output=tmp_path, **QUICK)
    assert len(record.data.features) == 3


def test_a_config_file_is_overridden_by_keywords(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("data: wine\nloss: hinge\noptim: {epochs: 50}\n")
    record = lb.train("iris", config=file, output=tmp_path, **QUICK)
    assert (record.data.name, record.results[0].loss.name, record.config["optim"]["epochs"]) == ("iris", "hinge", 3)


def test_a_loss_of_ones_own_is_recorded_with_its_source(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from lossbench import loss, Task, Encoding, Space, Decoder\n"
        "@loss(targets={Task.BINARY: Encoding.SIGN}, sound=(Space.REAL,), decode=Decoder.MARGIN,"
        " reference='mine')\n"
        "def mine(score, sign):\n"
        "    return (1 - sign * score).clamp(min=0).pow(3).squeeze(-1)\n"
    )
    from lossbench.catalog.plugins.load_file import load_file

    for loss in (f"{file}:mine", load_file(str(file)).mine):
        record = lb.train(loss=loss, output=tmp_path, force=True, **QUICK)
        assert record.results[0].loss.source == file.read_text()
        assert record.results[0].loss.name == "mine"


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
        iris,
        "kind",
        loss=f"{file}:square",
        target_encoding="one_hot",
        decode="probability",
        output=tmp_path,
        **QUICK,
    )
    assert (record.results[0].last_act, record.results[0].outputs) == ("softmax", 3)
