"""The checkpoints of one training in a folder of their own: a safetensors file for each chunk of nets.

Its header has the training's key, so that no other one goes on from it, and the sha256 of what is in it, so that a
damaged file is noticed.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lossbench.engine.training.checkpoint import Checkpoint
from lossbench.errors import UserError, counted
from lossbench.events import Emit, Warned
from lossbench.record import RunKey, written_aside

HEADER = "lossbench"


class CheckpointFolder:
    """A `Store` in a folder, which is made when the first checkpoint is written.

    `seconds` is how long earlier processes trained. A checkpoint that cannot be written is a warning, said once:
    training goes on without it.
    """

    def __init__(self, folder: Path, key: Mapping[str, Any], emit: Emit) -> None:
        self._folder, self._key, self._emit = folder, RunKey("train", key), emit
        self.seconds, self._began = 0.0, time.perf_counter()
        self._complained = False

    def read(self) -> list[Checkpoint]:
        """Those that are there; damaged ones are removed, with a warning, and their nets start again.

        Raises `UserError` where they are of another training.
        """
        self._began, found = time.perf_counter(), []
        for aside in self._folder.glob(".*.safetensors.*"):  # what a process that was killed did not finish
            aside.unlink(missing_ok=True)
        for file in sorted(self._folder.glob("*.safetensors")):
            try:
                checkpoint = self._read(file)
            except (SafetensorError, KeyError, ValueError, TypeError, OSError) as problem:
                why = str(problem).partition("\n")[0]
                self._emit(Warned(f"{file}: no checkpoint, or damaged ({why}): its nets are trained from the start"))
                file.unlink(missing_ok=True)
            else:
                found.append(checkpoint)
        if found:
            nets, epochs = sum(len(one.members) for one in found), sorted({int(one.facts["epoch"]) for one in found})
            reached = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
            self._emit(Warned(f"resuming: {counted(nets, 'net')} at {reached}", "note"))
        return found

    def _read(self, file: Path) -> Checkpoint:
        with safe_open(file, framework="pt") as opened:
            header = json.loads((opened.metadata() or {})[HEADER])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        if _digest(header["facts"], tensors) != header["sha256"]:
            raise ValueError("its checksum is another")
        if differ := self._key.differences(RunKey("train", header["key"])):
            fix = "give another folder, or remove this one"
            raise UserError(f"of another training, which differs in {', '.join(differ)}", where=str(file), fix=fix)
        self.seconds = max(self.seconds, float(header["seconds"]))
        return Checkpoint(tuple(header["members"]), header["facts"], tensors)

    def write(self, checkpoint: Checkpoint) -> None:
        """Put it in the place of the chunk's last one."""
        header = {
            "key": self._key.key,
            "seconds": self.seconds + time.perf_counter() - self._began,
            "members": checkpoint.members,
            "facts": checkpoint.facts,
            "sha256": _digest(checkpoint.facts, checkpoint.tensors),
        }
        content = save(dict(checkpoint.tensors), metadata={HEADER: json.dumps(header)})
        try:
            with contextlib.suppress(OSError):  # `written_aside` says what is wrong with the place
                self._folder.mkdir(parents=True, exist_ok=True)
            with written_aside(self._folder / f"{min(checkpoint.members)}.safetensors") as file:
                file.write(content)
        except UserError as problem:
            if not self._complained:
                self._complained = True
                self._emit(Warned(f"{problem.where}: {problem.what}: training continues without checkpoints"))


def _digest(facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    content = sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(tensors):
        content.update(name.encode())
        content.update(tensors[name].numpy().tobytes())
    return content.hexdigest()
