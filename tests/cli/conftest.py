import pytest

from lossbench import runner
from lossbench.cli import main


@pytest.fixture
def handed(monkeypatch):
    """What the command line hands to the runner, which does nothing: [(function, arguments, keywords)]."""
    calls = []
    for name in (
        "train",
        "compare",
        "regularize",
        "report",
        "describe_data",
        "predict",
        "doctor",
        "export",
        "init",
        "plot_loss",
    ):

        def take(*arguments, _name=name, **keywords):
            calls.append((_name, arguments, keywords))
            return 0

        monkeypatch.setattr(runner, name, take, raising=False)
    return calls


@pytest.fixture
def lossbench(capsys):
    """Run a command line; (exit code, standard output, lines of standard error)."""

    def run(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err.splitlines()

    return run
