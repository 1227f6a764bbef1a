"""Completion, by the protocol that the three shells speak, and once through a real bash."""

import os
import shutil
import subprocess
import sys

import pytest

from lossbench.catalog.loss import LOSSES
from lossbench.cli import main


@pytest.fixture
def complete(monkeypatch, capsys):
    """The answer to a shell that has typed these words."""

    def ask(shell, line):
        words = line.split(" ")
        monkeypatch.setenv("_LOSSBENCH_COMPLETE", f"complete_{shell}")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
        with pytest.raises(SystemExit):
            main([])
        return capsys.readouterr().out

    return ask


def offered(answer, shell):
    """The values in a shell's answer."""
    if shell == "zsh":
        words = answer.strip().removeprefix("_arguments '*: :((").removesuffix("))'").splitlines()
        return [word.split('":"')[0].strip('"') for word in words]
    return [line.split("\t")[0] for line in answer.splitlines()]


SHELLS = ["bash", "zsh", "fish"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("lossbench train --loss tay", ["taylor_ce"]),
        ("lossbench train --last-act logso", ["logsoftmax"]),
        ("lossbench train --data tita", ["titanic", "titanic-full"]),
        ("lossbench train --metric bala", ["balanced_accuracy"]),
        ("lossbench train --penalty l1=1,l", ["l1=1,l1=", "l1=1,l2="]),
        ("lossbench train --class-weight b", ["balanced"]),
        ("lossbench train --optim ada", ["adam", "adamw"]),
        ("lossbench train --target-encoding sig", ["signed_one_hot", "sign"]),
        ("lossbench train --decode marg", ["margin"]),
        ("lossbench compare-losses --losses ce,tay", ["ce,taylor_ce"]),
        ("lossbench compare-losses --losses common,robu", ["common,robust"]),
        ("lossbench losses --family robu", ["robust"]),
        ("lossbench compare-losses --losses ce,nll+logso", ["ce,nll+logsoftmax"]),
        ("lossbench compare-losses --data titanic,tita", ["titanic,titanic-full"]),
        ("lossbench regularize-gif --penalty l1,", ["l1,l2", "l1,elasticnet"]),
        ("lossbench explain nll logso", ["logsoftmax"]),
        ("lossbench losses --task reg", ["regression"]),
        ("lossbench config show --kind comp", ["compare-losses"]),
        ("lossbench export outputs/x --to latex,par", ["latex,parquet"]),
        ("lossbench plot-loss ce nll+logso", ["nll+logsoftmax"]),
        ("lossbench plot-loss ce --what value,g", ["value,gradient"]),
        ("lossbench init --for comp", ["compare-losses"]),
        ("lossbench init penguins-m", ["penguins-mass"]),
        ("lossbench comp", ["compare-losses"]),
    ],
)
def test_names_are_completed(complete, shell, line, values):
    assert offered(complete(shell, line), shell) == values


@pytest.mark.parametrize("shell", SHELLS)
def test_every_loss_is_offered(complete, shell):
    assert set(LOSSES.names()) <= set(offered(complete(shell, "lossbench train --loss "), shell))


def test_a_real_bash_completes(tmp_path):
    bash = shutil.which("bash")
    assert bash, "bash is part of every system that the tests run on"
    command = tmp_path / "lossbench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lossbench "$@"\n')
    command.chmod(0o755)
    script = (
        'eval "$(_LOSSBENCH_COMPLETE=source_bash lossbench)"; COMP_WORDS=(lossbench train --loss tay); COMP_CWORD=3; '
        '_lossbench_completion lossbench; echo "${COMPREPLY[@]}"'
    )
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(
        [bash, "--norc", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["taylor_ce"]


def test_suites_are_offered_where_a_list_of_tables_is_taken(complete):
    assert "titanic,suite:small" in complete("fish", "lossbench compare-losses --data titanic,suite:sm")
    assert "suite:" not in complete("fish", "lossbench train --data suite:sm")
    assert complete("fish", "lossbench datasets --fetch adu").startswith("adult")
    assert not complete("fish", "lossbench datasets --fetch titan").strip()  # it is always here
