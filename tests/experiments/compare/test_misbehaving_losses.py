"""Whatever a user's loss does in a comparison is its own failure: the others' results do not change by a bit."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lossbench.catalog.plugins.resolve import find_loss
from lossbench.cli import main
from lossbench.errors import UserError
from lossbench.experiments.compare import user_losses
from lossbench.experiments.compare.plan import plan
from lossbench.record import CompareRecord, LossResult
from tests.experiments.compare.comparisons import config, finished
from tests.experiments.compare.misbehaving import LOSSES, Misbehaving

SMALL: dict[str, Any] = {"data": "iris", "lrs": [1e-2], "optim": {"epochs": 2}, "net": {"hidden": [4]}}


def compared(*own: str) -> CompareRecord:
    """The default baseline and a loss that is next to it, with a user's."""
    return finished(config(**SMALL, losses=[{"loss": name} for name in ("ce", *own, "brier")]))


def state() -> dict[str, Any]:
    """What others in this process depend on, and a loss may change."""
    return {
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "torch": torch.random.get_rng_state().tolist(),
        "numpy": str(np.random.get_state()),
        "random": random.getstate(),
        "folder": os.getcwd(),
        "filters": list(warnings.filters),
        "path": list(sys.path),
        "environment": dict(os.environ),
        "handlers": [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)],
        "functions": torch.nn.functional.cross_entropy,
        "user's": [name for name in sys.modules if name.startswith("lossbench_user_")],
    }


@pytest.fixture(scope="module")
def alone() -> CompareRecord:
    return compared()


@pytest.fixture(scope="module")
def all_of_them(tmp_path_factory: pytest.TempPathFactory) -> CompareRecord:
    """One comparison with every loss that misbehaves."""
    folder, before = tmp_path_factory.mktemp("losses"), state()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(user_losses, "SECONDS", 3.0)
        record = compared(*(one.written(name, folder) for name, one in LOSSES.items()))
    assert state() == before
    return record


def of(record: CompareRecord, name: str) -> LossResult:
    (found,) = [result for result in record.results if result.loss.name == name]
    return found


@pytest.mark.parametrize("name", ["cross_entropy", "brier"])
def test_the_others_have_the_numbers_that_they_have_alone(
    alone: CompareRecord, all_of_them: CompareRecord, name: str
) -> None:
    assert of(alone, name).members
    assert of(all_of_them, name).members == of(alone, name).members
    assert of(all_of_them, name).diagnostics == of(alone, name).diagnostics


def test_the_matrix_has_the_numbers_that_it_has_without_them(alone: CompareRecord, all_of_them: CompareRecord) -> None:
    for name in ("cross_entropy", "brier"):
        expected = of(alone, name).matrix
        assert len(expected) == 2
        assert expected.items() <= of(all_of_them, name).matrix.items()
    assert "talks" in of(all_of_them, "brier").matrix


@pytest.mark.parametrize(
    ("loaded", "message"),
    [
        ("sys.exit(3)", r"loads\.py:\d+: SystemExit while it was loaded: 3$"),
        ("raise KeyboardInterrupt", r"loads\.py:\d+: KeyboardInterrupt while it was loaded$"),
        ("raise ValueError('\\x1b[2J' * 1000)", r"ValueError while it was loaded: \ufffd\[2J"),
        ("os._exit(3)", r"losses\.1\.loss: .*loads\.py:loads: its process ended \(exit code 3\) while it was loaded; "),
        ("os.abort()", r"its process ended \(SIGABRT\) while it was loaded; "),
        ("time.sleep(1000)", r"it was not done after 3 s while it was loaded; "),
    ],
)
def test_a_file_that_cannot_be_loaded_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded: str, message: str
) -> None:
    monkeypatch.setattr(user_losses, "SECONDS", 3.0)
    file, before = Misbehaving(loaded=loaded).written("loads", tmp_path), state()
    with pytest.raises(UserError, match=message) as refused:
        plan(config(**SMALL, losses=[{"loss": "ce"}, {"loss": file}]))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 700
    assert state() == before


@pytest.mark.parametrize("name", LOSSES)
def test_what_a_loss_does_is_its_own_failure(all_of_them: CompareRecord, name: str) -> None:
    result, expected = of(all_of_them, name), LOSSES[name].message
    if not expected:
        assert (result.status, result.message) == ("ok", "")
        return
    assert result.status == "failed"
    assert re.search(expected, result.message), result.message
    assert result.message.isprintable()
    assert len(result.message) <= 600


RAISING = ["exits", "exits_backwards", "interrupts", "ends_a_generator", "raises_at_length", "raises_in_silence"]


@pytest.mark.parametrize("name", RAISING)
@pytest.mark.parametrize("command", ["train", "doctor"])
def test_where_a_loss_is_the_only_one_what_it_raises_is_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    """It is not run apart there: there are no others."""
    file = LOSSES[name].written(name, tmp_path)
    if command == "doctor":
        assert main(["doctor", file]) == 1
        said = capsys.readouterr().out
        assert "error" in said
    else:
        words = f"train --data iris --epochs 2 --hidden 4 --quiet --output {tmp_path / 'runs'} --loss {file}"
        assert main(words.split()) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert re.search(LOSSES[name].message, said), said
    assert "Traceback" not in said
    assert all(line.isprintable() for line in said.splitlines())


def test_a_ctrl_c_while_a_loss_is_called_is_a_ctrl_c(tmp_path: Path) -> None:
    """It comes out of the same frame as a KeyboardInterrupt that the loss raises itself."""
    misbehaving = Misbehaving(loaded="import _thread", called="_thread.interrupt_main(); time.sleep(5)")
    loss = find_loss(misbehaving.written("waits", tmp_path))
    with pytest.raises(KeyboardInterrupt):
        loss(torch.zeros(2, 3), torch.tensor([0, 1]))
