"""What a run wrote is what is read again: a flipped bit, an exchanged or a missing file is noticed."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path

import pytest

from lossbench import runner
from lossbench.config.commands.train import TrainConfig
from lossbench.errors import UserError
from lossbench.experiments.train.predictions import predict_file
from lossbench.record import manifest, read_record, verify, write_record

TABLE = "a,b,y\n" + "\n".join(f"{i * i % 17},{i % 5},{'no' if i // 2 % 2 else 'yes'}" for i in range(60)) + "\n"
FLIPS = 40


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder, with the table that it was trained on beside it."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "t.csv").write_text(TABLE)
    data = {"file": str(folder / "t.csv"), "target": "y"}
    config = TrainConfig.model_validate(
        {"data": data, "name": "run", "output": str(folder), "net": 4, "optim": {"epochs": 1, "batch_size": 8}}
    )
    _, run = runner.run_train(config)
    return run


def test_the_record_has_the_sha256_of_every_file_that_came_of_the_run(trained: Path) -> None:
    files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in trained.iterdir()}
    for name in ("result.json", "run.json", ".lock"):  # of the folder
        del files[name]
    assert read_record(trained).files == files
    assert set(files) == {"weights.safetensors", "curves.png"}


def test_every_flipped_bit_of_the_weights_is_noticed(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    weights, draw = (run / "weights.safetensors").read_bytes(), random.Random(0)
    table = trained.parent / "t.csv"
    predict_file(run, table)
    for _ in range(FLIPS):
        damaged, bit = bytearray(weights), draw.randrange(8 * len(weights))
        damaged[bit // 8] ^= 1 << bit % 8
        (run / "weights.safetensors").write_bytes(damaged)
        with pytest.raises(UserError, match=r"weights\.safetensors: changed after the run wrote it"):
            predict_file(run, table)


def test_weights_without_their_record_or_without_a_place_in_it_are_refused(trained: Path, tmp_path: Path) -> None:
    run, table = shutil.copytree(trained, tmp_path / "run"), trained.parent / "t.csv"
    record = read_record(run)
    record.files = {"curves.png": record.files["curves.png"]}
    write_record(record, run)
    with pytest.raises(UserError, match="changed after the run wrote it"):
        predict_file(run, table)
    (run / "result.json").unlink()
    with pytest.raises(UserError, match=r"result\.json: no such run"):
        predict_file(run, table)


def test_a_record_from_before_there_were_manifests_still_predicts(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    plain = json.loads((run / "result.json").read_text())
    del plain["files"]
    (run / "result.json").write_text(json.dumps(plain))
    assert predict_file(run, trained.parent / "t.csv").columns


def test_what_is_drawn_again_is_in_the_record(trained: Path, tmp_path: Path) -> None:
    run = shutil.copytree(trained, tmp_path / "run")
    (run / "curves.png").write_bytes(b"an older program's picture")
    runner.report(run)
    for name in read_record(run).files:
        verify(run, read_record(run), name)
    # the weights' sha256 is what was written, not what lies there now
    (run / "weights.safetensors").write_bytes(b"damaged")
    runner.report(run)
    with pytest.raises(UserError, match="changed after"):
        verify(run, read_record(run), "weights.safetensors")


def test_a_file_that_is_gone_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.png: cannot be read \(no such file or directory\)"):
        manifest(tmp_path, ["gone.png"])
