"""What worker processes give a comparison, and what its journal and scheduling cost.

The same work by one process, by one process whose nets train on two threads, and by two processes, in turn; the default
comparison and eight tables by one and two processes; and 20,000 evaluations of almost no work each, where everything
but training shows: a sample of them, or all (`python -m tests.benchmarks workers --whole`).
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table as Grid

from lossbench.config.commands.compare import CompareConfig
from lossbench.data.table import Table
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.record import JOURNAL, CompareRecord, Journal, write_record
from lossbench.report.compare.analysis.comparison import compare as analyse
from lossbench.report.compare.files import write_comparison
from lossbench.workers import in_process
from lossbench.workers.processes import processes
from tests.benchmarks.measure import leave, rates

EIGHT = ["ce", "brier", "hinge", "focal", "l1", "mse", "poly1", "gce"]
TABLES = ["titanic", "wine", "breast_cancer", "iris", "digits", "moons", "circles", "blobs"]
SHORT = {
    "folds": 3,
    "repeats": 1,
    "lrs": [1e-3, 1e-2],
    "net": 8,
    "optim": {"epochs": 2},
    "label_noise": [0, 0.1, 0.2, 0.4],
    "train_share": [0.7, 1],
    "threads": 1,
}


def compared(config: CompareConfig, jobs: int, folder: Path | None = None, tables: list[Table] | None = None):
    """A comparison by so many processes -> its record and the seconds of all but planning."""
    planned = plan(config, tables or ())
    with tempfile.TemporaryDirectory() as temporary, Journal.open(folder or Path(temporary)) as journal:
        began = time.perf_counter()
        record = run(planned, journal, lambda seconds: processes(jobs) if jobs > 1 else in_process())
        return record, time.perf_counter() - began


def small_table(number: int, rows: int = 150) -> Table:
    """Three overlapping clouds in six dimensions."""
    random = np.random.default_rng(number)
    target = np.repeat(np.arange(3), rows // 3)
    x = random.normal(size=(rows, 6)) + random.normal(size=(3, 6))[target]
    names = [f"x{i}" for i in range(6)]
    features = pd.DataFrame(x, columns=names)
    kinds = dict.fromkeys(names, "number")
    return Table(f"clouds-{number}", "multiclass", features, kinds, target, "y", classes=("a", "b", "c"))


def short_runs(tables: int, folder: Path) -> dict[str, float]:
    """So many tables x 25 losses x 8 conditions, two epochs each, on two processes."""
    given = [small_table(number) for number in range(tables)]
    config = CompareConfig.model_validate({**SHORT, "data": [f"openml:{1 + n}" for n in range(tables)]})
    began, before = time.perf_counter(), time.process_time()
    record, seconds = compared(config, 2, folder, given)
    planned, here = time.perf_counter() - began - seconds, time.process_time() - before
    training = sum(result.seconds or 0.0 for result in record.results)
    began = time.perf_counter()
    record.name = "short-runs"
    record.analysis = analyse(record)
    analysed = time.perf_counter() - began
    began = time.perf_counter()
    write_comparison(record, folder)
    write_record(record, folder)
    drawn = time.perf_counter() - began
    size = {name: (folder / name).stat().st_size / 1e6 for name in (JOURNAL, "result.json", "report.html")}
    return {
        "evaluations": len(record.results),
        "plan_seconds": planned,
        "run_seconds": seconds,
        "training_seconds": training,
        "all_but_training": 2 * seconds / training - 1,  # settings, matrices, journal, scheduling, start of processes
        "journal_and_scheduling": here / training,  # processor time of the process that plans, schedules and writes
        "analysis_seconds": analysed,
        "report_seconds": drawn,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        **{f"{name}_mb": value for name, value in size.items()},
    }


def main(quick: bool = False) -> None:
    """Measure, print, and leave outputs/bench/workers.json."""
    console = Console()
    console.rule("[bold]workers")
    eight = {"losses": EIGHT, "tune_params": "never", "repeats": 1 if quick else 2}
    one, two = (CompareConfig.model_validate({**eight, "threads": threads}) for threads in (1, 2))
    ways = {
        "one process, one thread": lambda: len(compared(one, 1)[0].results),
        "one process, two threads": lambda: len(compared(two, 1)[0].results),
        "two processes": lambda: len(compared(one, 2)[0].results),
    }
    measured = rates(ways, 1 if quick else 3, time.perf_counter)
    first = measured["one process, one thread"]
    grid = Grid("way", "evaluations/s", "x one thread", title=f"{len(EIGHT)} losses x {one.repeats * 5} splits")
    for way, rate in measured.items():
        grid.add_row(way, f"{rate:.3f}", f"{rate / first:.2f}")
    console.print(grid)
    results: dict[str, object] = {
        "rates": measured,
        "times_one_thread": {way: r / first for way, r in measured.items()},
    }
    if not quick:
        whole = {"default": CompareConfig(), "8 tables": CompareConfig.model_validate({"data": TABLES, "repeats": 1})}
        for name, config in whole.items():
            seconds = {jobs: _whole(config, jobs) for jobs in (1, 2)}
            console.print(f"{name}: {seconds[1]:.0f} s with -j 1, {seconds[2]:.0f} s with -j 2")
            results[name] = seconds
    tables = 100 if "--whole" in sys.argv else 1 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        short = short_runs(tables, Path(folder))
    console.print({name: round(value, 3) for name, value in short.items()})
    results["short_runs"] = short
    console.print(f"left in {leave('workers', results)}")


def _whole(config: CompareConfig, jobs: int) -> float:
    record: CompareRecord
    record, seconds = compared(config, jobs)
    assert record.status == "ok"
    return seconds


if __name__ == "__main__":
    main("--quick" in sys.argv)
