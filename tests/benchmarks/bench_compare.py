"""`compare-losses` against the same work done otherwise: the notebook's way, two processes of careful eager torch or
of MLPClassifier.

The unit is a model-step (one optimiser step of one net). Ours are counted from the record of real comparisons, all
that `compare-losses` does around the training included: preparation, tuning, refits, temperatures, every metric, the
cross-loss matrix. The others only train, one loss, with validation after every epoch.
"""

import math
import time

import torch
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from lossbench.config.commands.compare import CompareConfig
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from tests.benchmarks import competitors as rivals
from tests.benchmarks.measure import leave, rates

SAMPLE = ("ce", "hinge", "l1", "focal")  # of the losses, for the rounds in turn
GOALS = {"notebook": 30, "joblib x 2 eager": 8, "joblib x 2 MLPClassifier": 6}


def compared(config):
    """Run a comparison -> its record and its model-steps; a net both chosen and the default was trained once."""
    planned = plan(config)
    record = run(planned)
    (table,) = planned.tables
    rows = {"trial": len(table.pairs[0].train), "refit": len(table.folds[0].train)}
    batches = {role: math.ceil(count / config.optim.batch_size) for role, count in rows.items()}
    steps = 0
    for evaluation in record.results:
        trials = [m for m in evaluation.members if m.role == "trial"]
        others = {(str(m.split), m.lr, str(m.params), m.epochs) for m in evaluation.members if m.role != "trial"}
        # A trial's record has the longest of its nets; every net serves two splits.
        nets = len(table.pairs) / len(table.folds)
        steps += round(batches["trial"] * nets * sum(m.epochs for m in trials))
        steps += batches["refit"] * sum(epochs for *_, epochs in others)
    return record, steps


def main(quick=False):
    """Measure, print, and leave outputs/bench/compare.json."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    console = Console()
    console.rule("[bold]compare-losses")
    config = CompareConfig(threads=2)
    hidden, batch = tuple(config.net.hidden), config.optim.batch_size
    sample = CompareConfig.model_validate(
        {"losses": list(SAMPLE), "tune_params": "never", "threads": 2, "repeats": 2 if quick else 5}
    )
    with Parallel(n_jobs=2) as pool:

        def in_pool(way):
            return sum(pool(delayed(way)(hidden, batch, 10, validate=True) for _ in range(8 if quick else 24)))

        ways = {
            "compare-losses": lambda: compared(sample)[1],
            "notebook": lambda: rivals.notebook(hidden, batch, 10 if quick else 30, validate=True),
            "joblib x 2 eager": lambda: in_pool(rivals.eager),
            "joblib x 2 MLPClassifier": lambda: in_pool(rivals.scikit_learn),
        }
        measured = rates(ways, 2 if quick else 5, time.perf_counter)
    began = time.perf_counter()
    record, steps = compared(config if not quick else sample)
    seconds = time.perf_counter() - began
    what = f"{len(record.results)} losses x {config.repeats * config.folds} splits x {len(config.lrs)} learning rates"
    table = Table("way", "model-steps/s", "x slower", "goal", "seconds for the whole")
    table.title = f"{what}, refits included: {steps:,} model-steps on two cores"
    for way, rate in measured.items():
        round_up = f"{seconds:,.0f}" if way == "compare-losses" else f"{steps / rate:,.0f} (extrapolated)"
        slower = measured["compare-losses"] / rate
        goal = f">= {GOALS[way]}" if way in GOALS else ""
        table.add_row(way, f"{rate:,.0f}", f"{slower:.1f}", goal, round_up)
    console.print(table)
    results = {
        "work": what,
        "model_steps": steps,
        "seconds": seconds,
        "rates": measured,
        "times_faster": {way: measured["compare-losses"] / measured[way] for way in GOALS},
        "extrapolated": "the others' seconds: model-steps divided by the rate of a sample",
    }
    console.print(f"left in {leave('compare', results)}")
