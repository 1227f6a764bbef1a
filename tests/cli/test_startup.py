"""Whoever asks for help, names or a check does not wait for torch."""

import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "numpy", "pandas", "sklearn", "matplotlib", "scipy")
CONFIG = Path(__file__).parents[2] / "configs" / "notebook.yaml"

SCRIPT = f"""
import contextlib, io, os, sys
from lossbench.cli import app, main

def loaded():
    return sorted(set({HEAVY!r}) & set(sys.modules))

def run(*words):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main(list(words))
    assert out.getvalue(), words
    assert not loaded(), (words, loaded())

commands = [command.name for command in app.registered_commands]
for words in ([], ["config"], ["config", "check"], *([name] for name in commands)):
    run(*words, "--help")
lines = ["losses", "activations", "metrics", "penalties", "datasets", "explain focal", "explain nll relu",
         "config schema", "config show", "config show " + {str(CONFIG)!r}, "config check " + {str(CONFIG)!r}]
for words in map(str.split, lines):
    run(*words)
os.environ.update(_LOSSBENCH_COMPLETE="complete_fish", _TYPER_COMPLETE_FISH_ACTION="get-args")
for line in ("--loss ", "--data ", "--last-act ", "--metric ", "--link ", "--target-encoding "):
    os.environ["_TYPER_COMPLETE_ARGS"] = "lossbench train " + line
    run()
print("light")
"""


def test_help_names_checks_and_completion_import_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["light"], done.stderr


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
