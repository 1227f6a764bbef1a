"""`lossbench train` that is killed, stopped or started twice, as processes: the same command again goes on."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lossbench import runner
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.errors import UserError
from lossbench.events import Event, Warned
from lossbench.record import read_record
from lossbench.runner import experiments

# The command, with a checkpoint at the end of every epoch instead of every few seconds.
SCRIPT = """
import math, sys
from lossbench.engine.training import checkpoint
checkpoint.EVERY, checkpoint.SHARE = 0.0, math.inf
from lossbench.__main__ import run
sys.argv = ["lossbench", *sys.argv[1:]]
sys.exit(run())
"""
NAME = "titanic-nll-relu"
# A broken pair, so that the recommended one is trained beside it; each net has a split of its own.
LONG = "--loss nll --last-act relu --seeds 3 --epochs 150 --hidden 16 --patience 140 --schedule cosine"
QUICK: dict[str, Any] = {"optim": {"epochs": 2}, "net": {"hidden": [8]}, "threads": 1}


def command(output: Path, words: str = LONG, threads: int = 1) -> list[str]:
    return [sys.executable, "-c", SCRIPT, "train", *words.split(), "--threads", str(threads), "--output", str(output)]


def finished(output: Path, words: str = LONG) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(output, words), capture_output=True, text=True, check=False, timeout=300)


def numbers(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """The weights, and the record without times and machine."""
    record = json.loads((folder / "result.json").read_text())
    for key in ("timing", "command", "environment"):
        record.pop(key)
    for key in ("output", "threads"):
        record["config"].pop(key)
    return (folder / "weights.safetensors").read_bytes(), record


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, Any]]:
    output = tmp_path_factory.mktemp("undisturbed")
    done = finished(output)
    assert done.returncode == 0, done.stderr
    assert len(json.loads((output / NAME / "result.json").read_text())["results"]) == 2
    return numbers(output / NAME)


def begun(process: subprocess.Popen[str], chance: random.Random) -> None:
    """Wait until it trains, and some time more."""
    assert process.stdout is not None
    for line in process.stdout:
        if '"EpochEnded"' in line:
            break
    time.sleep(chance.uniform(0, 0.4))


def test_it_is_killed_ten_times_and_ends_with_the_same_bytes(tmp_path: Path, undisturbed: Any) -> None:
    chance, kills = random.Random(0), 0
    for attempt in range(10):
        words = [*command(tmp_path, threads=1 + attempt % 2), "--json"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            begun(process, chance)
            process.kill()
            kills += process.wait() == -signal.SIGKILL
    assert kills == 10, "no kill came before the end"
    assert (tmp_path / NAME / "checkpoints").is_dir()
    done = finished(tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"note: resuming: 3 nets at epochs? \d+", done.stderr)
    assert numbers(tmp_path / NAME) == undisturbed
    names = sorted(path.name for path in (tmp_path / NAME).iterdir())
    assert names == [".lock", "curves.png", "result.json", "run.json", "weights.safetensors"]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_it_is_stopped_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, undisturbed: Any) -> None:
    """Each stop leaves a record of what was reached, in which more was reached each time."""
    chance, reached = random.Random(1), [0]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        words = [*command(tmp_path), "--json"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            begun(process, chance)
            process.send_signal(number)
            process.communicate(timeout=120)
            assert process.returncode == 128 + number
        record = read_record(tmp_path / NAME)
        assert record.status == "interrupted"
        reached.append(sum(member.epochs for result in record.results for member in result.members))
    assert reached == sorted(set(reached))
    assert finished(tmp_path).returncode == 0
    assert numbers(tmp_path / NAME) == undisturbed


def test_a_second_process_says_that_the_folder_is_taken_and_changes_nothing(tmp_path: Path) -> None:
    words = [*command(tmp_path, "--epochs 100000"), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as first:
        begun(first, random.Random(2))
        second = finished(tmp_path, "--epochs 100000 --quiet")
        assert (second.returncode, second.stdout) == (2, "")
        (line,) = second.stderr.splitlines()
        assert "titanic-nll-logsoftmax: another process works on this run; wait for it, or give another --name" in line
        assert first.poll() is None
        other = finished(tmp_path, "--epochs 1 --quiet")  # of another key: a folder of its own
        assert other.returncode == 0
        first.terminate()
        first.communicate(timeout=120)
        assert first.returncode == 143
    assert {path.name for path in tmp_path.iterdir()} == {"titanic-nll-logsoftmax", "titanic-nll-logsoftmax-2"}
    assert read_record(tmp_path / "titanic-nll-logsoftmax").status == "interrupted"


class Heard:
    """Listens to a run."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        """Nothing to tidy up."""

    @property
    def words(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Warned)]


def quick(tmp_path: Path, **other: Any) -> TrainConfig:
    return TrainConfig.model_validate({**QUICK, "output": str(tmp_path), **other})


def test_a_run_that_has_ended_is_not_trained_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = quick(tmp_path)
    assert runner.train(config) == 0
    first = capsys.readouterr()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "titanic-nll-logsoftmax").iterdir()}
    assert runner.train(config) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    folder = tmp_path / "titanic-nll-logsoftmax"
    assert f"note: nothing to train: {folder} holds this finished run (--force trains it again)" in again.err
    assert before == {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    runner.train(config, force=True)
    assert all(before[path] < path.stat().st_mtime_ns for path in folder.iterdir() if path.name != ".lock")


def test_its_exit_code_and_its_warnings_are_those_of_the_first_time(tmp_path: Path) -> None:
    config = quick(tmp_path, optim={"name": "sgd", "epochs": 2, "lr": 1e20}, last_act="relu", recommended=False)
    heard = [Heard(), Heard()]
    for listener in heard:
        record, _ = runner.run_train(config, listeners=[listener])
    assert heard[0].words
    assert set(record.warnings) <= set(heard[1].words)
    assert [runner.train(config, mode="quiet") for _ in range(2)] == [runner.LOSS_FAILED] * 2


def test_threads_and_spellings_are_the_same_run_and_other_numbers_are_not(tmp_path: Path) -> None:
    names = [
        runner.run_train(quick(tmp_path, **other))[1].name
        for other in (
            {},
            {"threads": 2},
            {"loss": "nll", "last_act": "logsoftmax", "metric": "accuracy"},
            {"device": "cpu"},
            {"seed": 1},
            {"split": {"seed": 1}},
        )
    ]
    assert names == ["titanic-nll-logsoftmax"] * 4 + ["titanic-nll-logsoftmax-2", "titanic-nll-logsoftmax-3"]


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    rows = "\n".join(f"{k % 7},{k % 5},{'ab'[k % 3 > 0]}" for k in range(60))
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "t.csv").write_text(f"x,z,y\n{rows}\n")
        (tmp_path / place / "mine.py").write_text(LOSS)

    def trained(place: str) -> str:
        data = {"file": str(tmp_path / place / "t.csv"), "target": "y"}
        loss = f"{tmp_path / place / 'mine.py'}:mine"
        return runner.run_train(quick(tmp_path, data=data, loss=loss, name="run"))[1].name

    assert trained("here") == trained("there")
    (tmp_path / "there" / "mine.py").write_text(LOSS + "# another\n")
    with pytest.raises(UserError, match="which differs in loss source;"):
        trained("there")
    (tmp_path / "here" / "t.csv").write_text(f"x,z,y\n{rows}\n1,1,a\n")
    with pytest.raises(UserError, match="which differs in data;"):
        trained("here")


LOSS = """
from lossbench import loss, Task, Encoding, Space, Decoder
@loss(targets={Task.BINARY: Encoding.SIGN}, sound=(Space.REAL,), decode=Decoder.MARGIN, reference="mine")
def mine(score, sign):
    return (1 - sign * score).clamp(min=0).pow(3).squeeze(-1)
"""


def test_pictures_that_could_not_be_written_are_drawn_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise UserError("cannot be written (no space left on device)", where="curves.png")

    with monkeypatch.context() as patch:
        patch.setattr(experiments, "draw", full)
        with pytest.raises(UserError, match="no space"):
            runner.run_train(quick(tmp_path))
    folder = tmp_path / "titanic-nll-logsoftmax"
    assert not (folder / "curves.png").exists()
    heard = Heard()
    runner.run_train(quick(tmp_path), listeners=[heard])
    assert any("nothing to train" in words for words in heard.words)
    assert (folder / "curves.png").exists()


def test_a_record_that_cannot_be_read_is_no_reason_to_train_in_silence(tmp_path: Path) -> None:
    _, folder = runner.run_train(quick(tmp_path))
    (folder / "result.json").write_text('{"kind": ')
    with pytest.raises(UserError, match=r"result\.json: is not a complete JSON file .*; --force runs it again"):
        runner.run_train(quick(tmp_path))
    assert runner.run_train(quick(tmp_path), force=True)[0].status == "ok"


def test_regularize_gif_is_not_made_again_and_an_unfinished_one_starts_anew(tmp_path: Path) -> None:
    config = RegularizeConfig.model_validate({"alphas": 2, "grid": 10, "threads": 1, "output": str(tmp_path)})
    _, folder = runner.run_regularize(config)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    heard = Heard()
    runner.run_regularize(config, listeners=[heard])
    assert heard.words[-1].startswith("nothing to train")
    assert before == {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    (folder / "result.json").unlink()  # as if it had been killed before its end
    (folder / ".boundary.gif.a1b2c3d4").write_text("half")
    assert runner.run_regularize(config)[1] == folder
    assert {path.name for path in folder.iterdir()} == set(before)
    with pytest.raises(UserError, match=r"which differs in fps \(4\.0, here 8\.0\)"):
        runner.run_regularize(config.model_copy(update={"fps": 8.0, "name": folder.name}))
