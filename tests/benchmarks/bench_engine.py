"""The population engine against the notebook's way, careful eager torch and scikit-learn's MLPClassifier.

Rates are model-steps per second (one optimiser step of one net), on one thread, ways taken in turn in one process.
"""

import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.engine.problem import Fold, Member, Net, Objective, Problem, SplitPart, Training
from lossbench.engine.slope import Slope
from lossbench.engine.training import training_state as state
from lossbench.engine.training.train import train
from tests.benchmarks import competitors as rivals
from tests.benchmarks.measure import leave, rates

NOTEBOOK, SMALL, BATCH = (64, 64, 64, 64), (16,), 32
SHAPES = {"notebook's net 4-64-64-64-64-1": NOTEBOOK, "one hidden layer of 16": SMALL}
POPULATIONS = (1, 16, 64, 256)
KERNEL = resolve_kernel("auto", torch.device("cpu"), "relu").name  # what a run would use here
E2E_SEEDS, E2E_EPOCHS = 30, 100


def _s(t):
    return 2 * t - 1


# Pure functions, as those of the catalogue, so they have keys: the engine may record them.
LOGISTIC = Objective(
    lambda z: z, lambda o, t: F.binary_cross_entropy_with_logits(o, t, reduction="none").squeeze(-1), key="logistic"
)
OTHERS = (
    Objective(torch.sigmoid, lambda o, t: ((o - t) ** 2).squeeze(-1)),
    Objective(torch.sigmoid, lambda o, t: (o - t).abs().squeeze(-1)),
    Objective(torch.sigmoid, lambda o, t: F.smooth_l1_loss(o, t, reduction="none", beta=0.5).squeeze(-1)),
    Objective(lambda z: z, lambda o, t: (1 - _s(t) * o).clamp_min(0).squeeze(-1)),
    Objective(lambda z: z, lambda o, t: (1 - _s(t) * o).clamp_min(0).square().squeeze(-1)),
    Objective(torch.sigmoid, lambda o, t: (o - t).cosh().log().squeeze(-1)),
    Objective(
        lambda z: z, lambda o, t: F.binary_cross_entropy_with_logits(o, 0.9 * t + 0.05, reduction="none").squeeze(-1)
    ),
)
EIGHT = (LOGISTIC, *(replace(other, key=f"loss {k}") for k, other in enumerate(OTHERS)))


def accuracy(out, truth, folds, objectives):
    return ((out[..., 0] > 0).long() == truth).to(out.dtype).mean(1)


def part(rows, seed):
    x, y = rivals.table(rows, seed)
    return SplitPart(x, y, y[:, 0].long())


def engine(
    hidden, members, epochs, *, objectives=(LOGISTIC,), validate=False, threads=1, kernel=KERNEL, rows=rivals.ROWS
):
    """The engine's way -> model-steps."""
    fold = Fold(part(rows, 0), part(rivals.VALIDATION, 1) if validate else None)
    crowd = tuple(Member(seed=s, objective=o) for o in range(len(objectives)) for s in range(members))
    problem = Problem(
        Net(rivals.INPUTS, hidden, 1),
        (fold,),
        crowd,
        tuple(objectives),
        Training(epochs, BATCH, kernel=kernel),
        accuracy,
    )
    train(problem, evaluation="bench", threads=threads)
    return len(crowd) * epochs * rivals.steps(BATCH, rows)


def speed(quick):
    """Rates per shape; the epochs of each way are chosen so that its runs take about as long as the others'."""
    results = {}
    for name, hidden in SHAPES.items():
        deep = len(hidden) > 1
        ways = {
            "notebook": partial(rivals.notebook, hidden, BATCH, 4),
            "eager": partial(rivals.eager, hidden, BATCH, 8),
            "MLPClassifier": partial(rivals.scikit_learn, hidden, BATCH, 10 if deep else 30),
        }
        for count in POPULATIONS:
            epochs = {1: 30, 16: 8, 64: 4, 256: 3}[count] if deep else {1: 40, 16: 40, 64: 20, 256: 10}[count]
            ways[f"engine P={count}"] = partial(engine, hidden, count, epochs)
        results[name] = rates(ways, 3 if quick else 9)
    return results


class _Analytic(Slope):
    """The logistic loss with its derivative by hand: what the generic path is measured against."""

    def __call__(self, targets, weights, sums_P, hidden_PBH=None):
        (group,), (target,) = self.groups, targets
        value = F.binary_cross_entropy_with_logits(group.out, target, reduction="none").squeeze(-1)
        torch.sum(value[:, : group.rows], 1, out=sums_P)
        return torch.sigmoid(group.out).sub_(target).mul_(group.share.unsqueeze(-1))


def analytic(*args):
    state.Slope = _Analytic
    try:
        return engine(*args)
    finally:
        state.Slope = Slope


def generic_path(quick):
    """Rate of any loss through autograd on the outputs, relative to a derivative by hand."""
    ratios = {}
    for name, hidden in SHAPES.items():
        for count in (1, 64, 256):
            epochs = max(1, (20 if len(hidden) > 1 else 200) // count) + 2
            ways = {
                "generic": partial(engine, hidden, count, epochs),
                "analytic": partial(analytic, hidden, count, epochs),
            }
            measured = rates(ways, 5 if quick else 15)
            ratios[f"{name}, P={count}"] = measured["generic"] / measured["analytic"]
    return ratios


def end_to_end(quick):
    """8 losses x 30 seeds x 100 epochs with validation every epoch, on two cores.

    Every way does a sample of it in turn (20 epochs of all members by the engine, a few members by the others, pools
    started before), extrapolated to the whole by its number of model-steps.
    """
    seeds, fits, epochs = (6, 4, 10) if quick else (E2E_SEEDS, 12, 20)
    round_up = len(EIGHT) * E2E_SEEDS * E2E_EPOCHS * rivals.steps(BATCH)
    with Parallel(n_jobs=2) as pool:

        def in_pool(way):
            return sum(pool(delayed(way)(NOTEBOOK, BATCH, 10, validate=True) for _ in range(fits)))

        ways = {
            "engine": partial(engine, NOTEBOOK, seeds, epochs, objectives=EIGHT, validate=True, threads=2),
            "notebook": partial(rivals.notebook, NOTEBOOK, BATCH, 10, validate=True),
            "joblib x 2 eager": partial(in_pool, rivals.eager),
            "joblib x 2 MLPClassifier": partial(in_pool, rivals.scikit_learn),
        }
        measured = rates(ways, 2 if quick else 5, time.perf_counter)
    seconds = {name: round_up / rate for name, rate in measured.items()}
    seconds["JAX, 2 processes, with compilation"] = in_jax(10 if quick else 20)
    return {"model_steps": round_up, "seconds": seconds}


def in_jax(epochs):
    """Seconds that JAX takes for the whole: two processes with half of the losses each, their training extrapolated
    from so many epochs, their compilation as it is."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.jax_way", half, str(E2E_SEEDS), str(epochs)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for half in ("even", "odd")
    ]
    times = [[float(number) for number in process.communicate()[0].split()] for process in processes]
    return max(compiling + training * E2E_EPOCHS / epochs for compiling, training in times)


def large(way, seconds):
    """1,000,000 x 50 in a process of its own -> (thousand model-rows per second, peak MB)."""
    out = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.large", way, str(seconds)], capture_output=True, text=True, check=True
    )
    rate, peak = out.stdout.split()
    return {"thousand_model_rows_per_second": float(rate), "peak_megabytes": float(peak)}


def main(quick=False):
    """Measure, print, and leave outputs/bench/engine.json."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    console = Console()
    console.rule("[bold]the population engine")
    results = {"speed": speed(quick)}
    for name, measured in results["speed"].items():
        table = Table("way", "model-steps/s", "x notebook", "x eager", "x MLPClassifier")
        table.title = f"{name}, batch {BATCH}, one core"
        for way, rate in measured.items():
            others = (f"{rate / measured[other]:.1f}" for other in ("notebook", "eager", "MLPClassifier"))
            table.add_row(way, f"{rate:,.0f}", *others)
        console.print(table)
    results["generic_over_analytic"] = generic_path(quick)
    table = Table("net", "generic / analytic", title="any loss through autograd on the outputs (goal: >= 0.95)")
    for name, ratio in results["generic_over_analytic"].items():
        table.add_row(name, f"{ratio:.3f}")
    console.print(table)
    results["end_to_end"] = end_to_end(quick)
    seconds = results["end_to_end"]["seconds"]
    table = Table(
        "way",
        "seconds",
        "x slower",
        title="8 losses x 30 seeds x 100 epochs, two cores, extrapolated (goals: 35, 10, 8, and faster than JAX)",
    )
    for way, value in seconds.items():
        table.add_row(way, f"{value:,.0f}", f"{value / seconds['engine']:.1f}")
    console.print(table)
    results["large"] = {way: large(way, 5 if quick else 20) for way in ("dataloader", "population")}
    table = Table("way", "thousand model-rows/s", "peak MB", title="1,000,000 x 50, batch 256 (goals: 4 x, 700 MB)")
    for way, value in results["large"].items():
        table.add_row(way, f"{value['thousand_model_rows_per_second']:.0f}", f"{value['peak_megabytes']:.0f}")
    console.print(table)
    console.print(f"left in {leave('engine', results)}")
