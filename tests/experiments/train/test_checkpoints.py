"""A folder of checkpoints gives back what was written, notices damage, and belongs to one training."""

from pathlib import Path

import pytest
import torch

from lossbench.engine.training.checkpoint import Checkpoint
from lossbench.errors import UserError
from lossbench.events import Event, Warned
from lossbench.experiments.train.checkpoints import CheckpointFolder

ONE = Checkpoint((2, 5), {"epoch": 3}, {"kept": torch.tensor([1.5, -0.0, float("nan")]), "order": torch.arange(4)})


def test_it_gives_back_what_was_written(tmp_path: Path) -> None:
    events: list[Event] = []
    CheckpointFolder(tmp_path / "c", {"data": "a"}, events.append).write(ONE)
    (back,) = CheckpointFolder(tmp_path / "c", {"data": "a"}, events.append).read()
    assert (back.members, back.facts) == (ONE.members, ONE.facts)
    assert all(back.tensors[name].numpy().tobytes() == ONE.tensors[name].numpy().tobytes() for name in ONE.tensors)
    assert events == [Warned("resuming: 2 nets at epoch 3", "note")]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_one_is_said_and_removed(tmp_path: Path, damage: str) -> None:
    events: list[Event] = []
    CheckpointFolder(tmp_path, {}, events.append).write(ONE)
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes({"cut": bytes(content[:-5]), "flip": bytes(content), "empty": b""}[damage])
    assert CheckpointFolder(tmp_path, {}, events.append).read() == []
    (said,) = events
    assert isinstance(said, Warned)
    assert "its nets are trained from the start" in said.message
    assert list(tmp_path.iterdir()) == []


def test_one_of_another_training_is_refused(tmp_path: Path) -> None:
    CheckpointFolder(tmp_path, {"data": "a"}, print).write(ONE)
    with pytest.raises(
        UserError, match=r'2\.safetensors: of another training, which differs in data \("a", here "b"\)'
    ):
        CheckpointFolder(tmp_path, {"data": "b"}, print).read()
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    events: list[Event] = []
    store = CheckpointFolder(tmp_path / "file" / "c", {}, events.append)
    store.write(ONE)
    store.write(ONE)
    (said,) = events
    assert isinstance(said, Warned)
    assert "training continues without checkpoints" in said.message
