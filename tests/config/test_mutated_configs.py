"""A config that somebody or something has damaged is taken or refused in lines that name it; never a traceback."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
import yaml

from lossbench.config.commands.compare import CompareConfig
from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.config.commands.train import TrainConfig
from lossbench.config.load import load, to_yaml
from tests.mutations import is_taken, mutations

CONFIGS = {"train": TrainConfig, "compare-losses": CompareConfig, "regularize-gif": RegularizeConfig}
MUTATIONS, CUTS, FLIPS = 100, 20, 20
BY_HAND = (
    "loss: {{ loss }}", "{{ a }}: b", "? [a, b]\n: c", "? {a: b}\n: c", "loss: !!float foo", "loss: !!int foo",
    "loss: !!timestamp 2001-99-99", "loss: !!bool maybe", "loss: !!binary '***'", "loss: !!set {a, b}",
    "loss: !!omap [a: 1]", "loss: !!pairs [a: 1]", "loss: !!null x", "loss: !!python/object:os.system x",
    "loss: !!python/name:os.system", "loss: !mine x", "loss: &a x\nname: *a", "loss: *a", "a: &a [*a]",
    "<<: {loss: ce}", "<<: [{loss: ce}, {name: x}]", "loss: [", "loss: {", "loss: 'a", 'loss: "\\q"', "\tloss: ce",
    "loss: ce\nloss: nll", "- loss", "loss", "3", "null", "[]", "{}", "---\nloss: ce\n---\nloss: nll",
    "%YAML 9.9\n---\n",
    'data: "a\\0b.csv"', 'name: "a\\0b"', 'output: "a\\0b"', 'loss: "a\\0b.py:x"', 'data: "\\ud800"', "name: ../x",
    "name: .x", "name: ''", "name: 3", "name: [x]", "output: ''", "output: 3", "kind: nothing", "kind: [train]",
    "net: 100000000000000000000", "net: [100000, 100000]", "net: {hidden: [1000000, 1000000]}", "net: -1", "net: 0.5",
    "net: {hidden: x}", "net: {hidden: {a: b}}", "net: {hidden: [[1]]}", "net: true", "net: null", "optim: 3",
    "optim: {lr: .nan}", "optim: {lr: .inf}", "optim: {lr: 1e400}", "optim: {lr: -1}", "optim: {lr: 0}",
    "optim: {epochs: 1e3}", "optim: {epochs: 0}", "optim: {epochs: 9999999999999999999999}", "optim: {name: [adam]}",
    "optim: {batch_size: yes}", "loss: {name: focal, params: {gamma: x}}", "loss: {name: focal, params: 3}",
    "loss: {params: {gamma: 3}}", "loss: 3", "loss: [ce]", "loss: ''", "data: 3", "data: [wine]", "data: {}",
    "data: {name: wine, file: x.csv}", "data: {file: x.csv, target: y, sep: ''}", "data: {file: x.csv, target: [y]}",
    "data: {file: x.csv, target: y, na: {a: b}}", "split: 3", "split: {test: 2}", "split: {test: .5, validation: .5}",
    "penalty: x", "penalty: {l1: -1}", "penalty: {l1: x}", "early_stopping: 3", "seeds: 0", "seeds: x", "seeds: [a]",
    "threads: 0", "threads: 1e9", "device: gpu", "device: [cpu]", "x" * 100_000, "[" * 5_000, "{a: " * 2_000,
    "a: " + "1" * 10_000, "loss: \ufeff", "\ufeffloss: ce", "loss: \x85", "loss: \u2028ce",
)  # fmt: skip


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Reads bytes as a config file; every mistake must be a line of its own that names the file."""
    monkeypatch.chdir(tmp_path)

    def take(content: bytes, what: str) -> bool:
        Path("x.yaml").write_bytes(content)
        return is_taken(what, lambda: load("x.yaml"), start="x.yaml: ")

    return take


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_damaged_config_is_taken_or_refused_by_lines(kind: str, read) -> None:
    tree = yaml.safe_load(to_yaml(CONFIGS[kind]()))
    taken = [read(yaml.safe_dump(damaged).encode(), what) for what, damaged in mutations(tree, MUTATIONS, seed=0)]
    assert 0 < sum(taken) < MUTATIONS / 2


def test_bytes_that_are_damaged_are_taken_or_refused_by_lines(read) -> None:
    whole, draw = to_yaml(TrainConfig()).encode(), random.Random(0)
    for _ in range(CUTS):
        read(whole[: draw.randrange(len(whole))], "cut")
    for _ in range(FLIPS):
        damaged, bit = bytearray(whole), draw.randrange(8 * len(whole))
        damaged[bit // 8] ^= 1 << bit % 8
        read(bytes(damaged), f"bit {bit}")


@pytest.mark.parametrize("text", BY_HAND, ids=lambda text: text[:20].encode("unicode_escape").decode())
def test_what_was_thought_of_is_taken_or_refused_by_lines(text: str, read) -> None:
    with contextlib.suppress(UnicodeEncodeError):
        read(text.encode(), text[:80])
