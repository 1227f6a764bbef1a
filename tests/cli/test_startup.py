"""Whoever asks for help, names or a check does not wait for torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "numpy", "pandas", "sklearn", "matplotlib", "scipy")
CONFIG = Path(__file__).parents[2] / "configs" / "notebook.yaml"

SCRIPT = f"""
import contextlib, io, os, sys
from lossbench.cli import main
from lossbench.cli.commands import COMMANDS

def loaded():
    return sorted(set({HEAVY!r}) & set(sys.modules))

def run(*words):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main(list(words))
    assert out.getvalue(), words
    assert not loaded(), (words, loaded())

for words in ([], ["config", "check"], *([entry.name] for entry in COMMANDS)):
    run(*words, "--help")
lines = ["losses", "activations", "metrics", "penalties", "datasets", "explain focal", "explain nll relu",
         "config schema", "config show", "config show " + {str(CONFIG)!r}, "config check " + {str(CONFIG)!r}]
for words in map(str.split, lines):
    run(*words)
os.environ.update(_LOSSBENCH_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="get-args")
for line in ("--loss ", "--data ", "--last-act ", "--metric ", "--decode ", "--target-encoding "):
    os.environ["_TYPER_COMPLETE_ARGS"] = "lossbench train " + line
    run()
for line in ("export outputs/x --to ", "plot-loss ", "plot-loss ce --what ", "init ", "init --for "):
    os.environ["_TYPER_COMPLETE_ARGS"] = "lossbench " + line
    run()
print("light")
"""


def test_help_names_checks_and_completion_import_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["light"], done.stderr


ALL_COMMANDS = """
import contextlib, io, os, sys
from lossbench.cli import main

with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
    main(sys.argv[1:])
assert "compare-losses" in out.getvalue(), out.getvalue()
print(*sorted(name for name in sys.modules if name.partition(".")[0] in {"lossbench", "pydantic", "yaml"}))
"""
# What the page of all commands is made of; a module that joins them is one that every command waits for.
FIRST_MODULES = [
    "lossbench", "lossbench.cli", "lossbench.cli.commands", "lossbench.errors", "lossbench.plain_warnings",
    "lossbench.printable", "lossbench.standard_streams", "lossbench.version",
]  # fmt: skip


@pytest.mark.parametrize("words", [[], ["--help"], ["complete_bash"], ["complete_zsh"]], ids=str)
def test_the_page_of_all_commands_and_the_completion_of_their_names_import_no_command(words):
    line = {"COMP_WORDS": "lossbench comp", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "lossbench comp"}
    shell = [word for word in words if word.startswith("complete")]
    environ = {**os.environ, **line, **({"_LOSSBENCH_COMPLETE": shell[0]} if shell else {})}
    done = subprocess.run(
        [sys.executable, "-c", ALL_COMMANDS, *(word for word in words if word not in shell)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == FIRST_MODULES, done.stderr


def test_a_reader_that_goes_away_is_no_error():
    line = f'"{sys.executable}" -m lossbench losses | true'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_python_m_lossbench_reports_mistakes_by_exit_code():
    done = subprocess.run(
        [sys.executable, "-m", "lossbench", "explain", "hings"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: unknown loss 'hings'; did you mean 'hinge'?\n"


NOT_LOADED = """
import contextlib, io, sys
from lossbench.cli import main

with contextlib.redirect_stdout(io.StringIO()) as out:
    assert main(sys.argv[2:]) == 0, sys.argv
assert out.getvalue()
print(*sorted(set(sys.argv[1].split(",")) & set(sys.modules)))
"""
COMPILERS = ("torch._dynamo", "torch._inductor", "sympy")  # torch.optim loads them, a second that is for torch.compile


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ((*COMPILERS, "pandas", "sklearn", "matplotlib", "scipy"), ["doctor", "nll"]),
        (COMPILERS, ["doctor", "hl_gauss"]),  # it has 51 outputs
        (("markdown_it", "pygments", "rich.markdown", "rich.traceback"), ["--help"]),
    ],
    ids=str,
)
def test_a_command_loads_no_library_that_it_does_not_need(modules, words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", NOT_LOADED, ",".join(modules), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


GARBAGE = """
import atexit, gc, sys
from lossbench.__main__ import run

# What was registered first is run last.
atexit.register(lambda: print(gc.get_stats()[2]["collections"], gc.get_freeze_count() > before / 2))
sys.argv = ["lossbench", "doctor", "nll", "--json"]
assert run() == 0
before = len(gc.get_objects())
"""


def test_what_the_imports_made_is_not_looked_through_for_garbage_again_and_again_nor_at_the_end():
    done = subprocess.run([sys.executable, "-c", GARBAGE], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["0 True"], (done.stdout, done.stderr)


MODELS = """
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.metrics import METRICS

print([entry.name for entry in (*LOSSES, *METRICS) if entry.schema is not None and "model" in vars(entry.schema)])
print(LOSSES.get("focal").bind(gamma=3).params["gamma"])
"""


def test_no_loss_or_metric_has_its_parameters_checked_by_being_declared():
    """A model for each of the catalogue takes as long as a training."""
    done = subprocess.run([sys.executable, "-c", MODELS], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["[]", "3.0"], (done.stdout, done.stderr)
