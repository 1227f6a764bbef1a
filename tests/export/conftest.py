"""Runs as the command line leaves them, trained once for all tests that only read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lossbench.cli import main

TABLE = "size,colour,flag,kind\n" + "".join(
    f"{'' if i % 11 == 0 else i * 0.7 - 20},{['red', 'green', 'blue', ''][i % 4] if i % 37 else 'odd'},"
    f"{'' if i % 13 == 0 else ['yes', 'no'][i % 2]},{['a & b', 'c_d', 'e%'][(i * 7 // 5) % 3]}\n"
    for i in range(120)
)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runs `classes` (3 seeds), `values`, `many` (two tables) and `path`, and table.csv."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "table.csv").write_text(TABLE)
    lines = [
        f"train --data {folder}/table.csv --target kind --epochs 3 --seeds 3 --name classes",
        "train --data penguins-mass --loss poisson_nll --epochs 2 --hidden 4 --name values",
        "compare-losses --data wine,breast_cancer --losses ce,hinge,nll+relu --folds 3 --repeats 2 --epochs 2"
        " --lrs 1e-2 --hidden 4 --name many -j 1",
        "regularize-gif --alphas 2 --grid 20 --hidden 4 --format apng --name path",
    ]
    for line in lines:
        assert main([*line.split(), "--output", str(folder), "--quiet"]) == 0, line
    return folder


@pytest.fixture
def lossbench(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, list[str]]]:
    """Run a command line; (exit code, standard output, lines of standard error)."""

    def run(*arguments: object) -> tuple[int, str, list[str]]:
        capfd.readouterr()
        code = main([str(one) for one in arguments])
        out, err = capfd.readouterr()
        return code, out, err.splitlines()

    return run
