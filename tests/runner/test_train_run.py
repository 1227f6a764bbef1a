"""`lossbench train` as its users meet it: a process that is interrupted, has no room, or nobody to read it."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from lossbench import runner
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import load
from lossbench.errors import UserError
from lossbench.record import read_record

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("notebook_*.yaml"))
FILES = [".lock", "curves.png", "result.json", "run.json", "weights.safetensors"]
QUICK: dict[str, Any] = {"optim": {"epochs": 2}, "net": {"hidden": [8]}, "threads": 1}


def quick(tmp_path: Path, **other: Any) -> TrainConfig:
    return TrainConfig.model_validate({**QUICK, "output": str(tmp_path / "outputs" / "here"), **other})


def command(output: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "lossbench", "train", "--threads", "1", "--output", str(output), *words]


def test_a_run_leaves_record_curves_and_weights_together(tmp_path: Path) -> None:
    record, folder = runner.run_train(quick(tmp_path))
    assert sorted(file.name for file in folder.iterdir()) == FILES
    assert record.config["name"] == record.name == folder.name == "titanic-nll-logsoftmax"
    assert read_record(folder).results[0].members == record.results[0].members


@pytest.mark.parametrize(
    "wrong", [{"loss": "poisson_nll", "data": "diabetes", "split": {"test": 0.999}}, {"loss": "x"}]
)
def test_what_cannot_be_trained_makes_no_folder(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        runner.run_train(quick(tmp_path, **wrong))
    assert list(tmp_path.iterdir()) == []


def no_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    words = command(tmp_path / "outputs" / "here", "--epochs", "1", "--quiet")
    done = subprocess.run(words, capture_output=True, text=True, check=False, preexec_fn=no_room)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "weights.safetensors: cannot be written (file too large); free some space, or give another --output" in line
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_costs_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossbench.report.train import files as train

    def full(*_: object) -> None:
        raise UserError("cannot be written (no space left on device)", where="curves.png")

    monkeypatch.setattr(train, "write_png", full)
    with pytest.raises(UserError, match="no space"):
        runner.run_train(quick(tmp_path))
    folder = tmp_path / "outputs" / "here" / "titanic-nll-logsoftmax"
    assert sorted(file.name for file in folder.iterdir()) == [name for name in FILES if name != "curves.png"]
    assert read_record(folder).status == "ok"


def test_a_run_of_which_no_net_is_left_is_recorded_with_exit_code_3(tmp_path: Path) -> None:
    config = quick(tmp_path, optim={"name": "sgd", "epochs": 2, "lr": 1e20})
    assert runner.train(config, mode="quiet") == runner.LOSS_FAILED
    folder = tmp_path / "outputs" / "here" / "titanic-nll-logsoftmax"
    assert sorted(file.name for file in folder.iterdir()) == FILES


@pytest.mark.parametrize("file", CONFIGS, ids=lambda file: file.stem)
def test_each_of_the_course_s_configs_runs(tmp_path: Path, file: Path) -> None:
    config = load(file, ["optim.epochs=2", "seeds=2", f"output={tmp_path}", "threads=1"])
    assert isinstance(config, TrainConfig)
    record, folder = runner.run_train(config)
    assert record.status == "ok"
    assert sorted(f.name for f in folder.iterdir()) == FILES
    assert len(record.results) == (2 if record.results[0].verdict.level == "broken" else 1)


def started(output: Path) -> subprocess.Popen[str]:
    """A long run that has begun its epochs."""
    process = subprocess.Popen(
        command(output, "--epochs", "100000", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "EpochEnded":
            return process
    raise AssertionError(process.communicate()[1])


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM"), (signal.SIGHUP, 129, "SIGHUP")],
)
def test_a_signal_leaves_a_valid_record(tmp_path: Path, number: signal.Signals, code: int, name: str) -> None:
    """The exit code is a shell's for a process that this signal ended: 128 plus its number."""
    process = started(tmp_path)
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"stopping; finished work will be recorded ({name} again to abort" in errors
    assert "Traceback" not in errors
    record = read_record(tmp_path / "titanic-nll-logsoftmax")
    assert (record.status, record.results[0].members[0].status) == ("interrupted", "interrupted")
    assert record.results[0].members[0].test["accuracy"] is not None
    assert json.loads(out.splitlines()[-1])["status"] == "interrupted"


def test_ctrl_c_before_the_first_epoch_is_one_line(tmp_path: Path) -> None:
    """It falls into the imports, which is where most of the first second goes."""
    script = f"""
import os, signal, sys, threading
from lossbench.__main__ import run
sys.argv = {["lossbench", "train", "--output", str(tmp_path)]!r}
threading.Timer(0.15, os.kill, [os.getpid(), signal.SIGINT]).start()
sys.exit(run())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: nothing was recorded\n"
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_goes_away_costs_no_record(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, "--epochs", "3", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (0, "")
    assert sorted(file.name for file in (tmp_path / "titanic-nll-logsoftmax").iterdir()) == FILES


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is full")
def test_no_room_for_what_is_printed_is_one_line(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        words = [sys.executable, "-m", "lossbench", "losses"]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: standard output: cannot be written (no space left on device)\n"


def test_train_on_the_bundled_table_imports_what_it_uses(tmp_path: Path) -> None:
    """torch trains, numpy and pandas (which takes pyarrow where it is there) hold the table, matplotlib draws."""
    script = f"""
import sys
from lossbench.cli import main
assert main({command(tmp_path, "--epochs", "1", "--quiet")[3:]!r}) == 0
print(sorted({{"sklearn", "scipy", "imageio", "jinja2", "sympy", "torch._dynamo"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", (done.stdout, done.stderr)


def test_a_reader_who_does_not_read_does_not_keep_the_second_interrupt_from_ending_it(tmp_path: Path) -> None:
    """Two threads train, and the one that emits waits for room in the pipe."""
    words = command(tmp_path / "outputs", "--json", "--threads", "2", "--seeds", "64", "--epochs", "100000")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        in_pipe = [0]
        while not in_pipe[-1] or in_pipe[-1] != in_pipe[-2]:  # until it is full
            time.sleep(0.5)
            in_pipe.append(int.from_bytes(fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)), sys.byteorder))
        process.send_signal(signal.SIGINT)
        assert "stopping" in process.stderr.readline() + process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert not list(tmp_path.rglob("result.json"))  # at most a checkpoint to go on from


def test_a_notebooks_backend_and_a_narrow_encoding_cost_no_run(tmp_path: Path) -> None:
    """The environment of a notebook's shell, whose backend matplotlib lacks here, and of a redirect in ASCII."""
    environment = os.environ | {"MPLBACKEND": "module://nowhere.backend", "PYTHONIOENCODING": "ascii"}
    words = command(tmp_path, "--epochs", "1")
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in (tmp_path / "titanic-nll-logsoftmax").iterdir()) == FILES
