"""The kernel of a training changes its last bits: it is in the keys and in the record, resolved."""

from typing import Any

import pytest
import torch

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.engine.training import training_state
from lossbench.engine.training.step import step_of
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run as compare
from lossbench.experiments.compare.unit_key import protocol_key
from lossbench.experiments.train.plan import plan_train
from lossbench.experiments.train.run import run

QUICK: dict[str, Any] = {"data": "iris", "optim": {"epochs": 2}, "net": {"hidden": [8]}, "threads": 1}
HERE = resolve_kernel("auto", torch.device("cpu"), "relu")
needs_compiler = pytest.mark.skipif(HERE.name != "compiled", reason=HERE.why)


def compared(**other: Any) -> CompareConfig:
    return CompareConfig.model_validate(QUICK | {"folds": 3, "repeats": 1, "losses": "ce,brier", "lrs": [1e-2]} | other)


def test_auto_is_resolved_in_the_config_the_key_and_the_environment() -> None:
    chosen = plan_train(TrainConfig.model_validate(QUICK | {"device": "cpu"}))
    record = run(chosen).record
    assert record.environment["kernel"] == record.config["kernel"] == chosen.key["kernel"] == HERE.name
    assert record.environment["kernel_note"] == HERE.why


def test_a_training_by_another_kernel_has_another_key() -> None:
    torchs = plan_train(TrainConfig.model_validate(QUICK | {"kernel": "torch"})).key
    assert torchs["kernel"] == "torch"
    assert "kernel" not in torchs["config"]  # else one that asked for auto would differ from the one that it came to
    if HERE.name == "compiled":
        ours = plan_train(TrainConfig.model_validate(QUICK | {"kernel": "compiled"})).key
        assert ours == torchs | {"kernel": "compiled"}


@needs_compiler
def test_a_comparison_has_the_kernel_in_its_key_and_trains_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []

    def watched(kernel: str, *of: Any) -> Any:
        used.append(kernel)
        return step_of(kernel, *of)

    monkeypatch.setattr(training_state, "step_of", watched)
    ours, torchs = (plan(compared(kernel=name)) for name in ("auto", "torch"))
    assert protocol_key(ours) == protocol_key(torchs) | {"kernel": "compiled"}
    for one in (ours, torchs):
        used.clear()
        record = compare(one)
        assert record.environment["kernel"] == record.config["kernel"] == one.kernel.name
        assert set(used) == {one.kernel.name}


@needs_compiler
def test_both_kernels_train_the_same_nets() -> None:
    ours, torchs = (
        run(plan_train(TrainConfig.model_validate(QUICK | {"kernel": name, "seeds": 3}))).record.results[0].members
        for name in ("compiled", "torch")
    )
    for one, other in zip(ours, torchs, strict=True):
        # 8 steps in float32, whose rounding is 6e-8
        assert one.curves["train_loss"] == pytest.approx(other.curves["train_loss"], rel=1e-5)
