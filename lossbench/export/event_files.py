"""Record -> event files that TensorBoard shows: curves by epoch, and the final scores as one point behind them.

A folder a net, `<data>/<loss + last activation>/seed-0` (of a comparison `repeat-0-fold-3`, refits alone), so that
TensorBoard's own filter on run names finds a loss. Tags: `train_loss`, `val_loss`, `val_score`, `test/accuracy`, ...
"""

from __future__ import annotations

from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from lossbench.export.files import folder_aside, made_parent
from lossbench.export.formats import ExportedRun
from lossbench.export.nets import nets
from lossbench.export.tidy import PARTS
from lossbench.record import MemberRecord


def write(run: ExportedRun, out: str) -> list[str]:
    """Write the folder of event files, in place of an earlier one."""
    path = made_parent(out)
    count = 0
    with folder_aside(path) as folder:
        for name, member in nets(run.record):
            _write(folder / name, member)
            count += 1
    return [f"tensorboard: {path} ({count:,} nets; `tensorboard --logdir {path}` shows them)"]


def _write(folder: Path, member: MemberRecord) -> None:
    writer = EventFileWriter(str(folder))
    try:
        for name, values in member.curves.items():
            for epoch, value in enumerate(values, start=1):
                if value is not None:
                    writer.add_event(_scalar(name, value, epoch))
        for part in PARTS:
            for name, value in getattr(member, part).items():
                if value is not None:
                    writer.add_event(_scalar(f"{part}/{name}", value, member.epochs))
    finally:
        writer.close()


def _scalar(tag: str, value: float, step: int) -> Event:
    """Its wall time is its step, so that the same record gives the same events."""
    return Event(wall_time=float(step), step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))
