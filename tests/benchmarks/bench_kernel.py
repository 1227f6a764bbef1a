"""The engine's steps by both kernels, and the limit: a program of its own for one net and one loss (`limit.cpp`).

All in one process, in turn, in seconds of the processor: rates are model-steps per second on one core.
"""

import ctypes
import math
import subprocess
import tempfile
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from lossbench.engine.kernel.build import FLAGS, compiler
from lossbench.engine.kernel.choice import resolve_kernel
from tests.benchmarks import competitors as rivals
from tests.benchmarks.bench_engine import BATCH, engine
from tests.benchmarks.measure import leave, rates

CASES = (
    ((64, 64, 64, 64), (1, 16, 256), {1: 0.30, 16: 0.65, 256: 0.65}),
    ((16,), (1, 16, 64, 256), {64: 0.50, 256: 0.50}),
    ((256, 256, 256, 256), (8,), {}),
)


def limit(hidden, folder):
    """The limit's function for that net, compiled in a folder."""
    path = Path(folder) / f"limit-{len(hidden)}x{hidden[0]}.so"
    sizes = [f"-DINPUTS={rivals.INPUTS}", f"-DWIDTH={hidden[0]}", f"-DDEPTH={len(hidden)}"]
    source = Path(__file__).with_name("limit.cpp")
    subprocess.run([compiler(), *FLAGS, "-ffast-math", *sizes, "-o", str(path), str(source)], check=True)
    function = ctypes.CDLL(str(path)).limit
    function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3]
    function.restype = ctypes.c_double
    x, t = rivals.table(rivals.ROWS, 0)

    def run(members, epochs):
        loss = function(x.data_ptr(), t.data_ptr(), len(x), members, epochs)
        mean = loss / (members * epochs * rivals.steps(BATCH) * BATCH)
        assert 0 < mean < math.log(2) + 0.3, mean  # it has learnt something, or has only begun
        return members * epochs * rivals.steps(BATCH)

    return run


def main(quick=False):
    """Measure, print, and leave outputs/bench/kernel.json."""
    console = Console()
    console.rule("[bold]the compiled kernel")
    here = resolve_kernel("auto", torch.device("cpu"), "relu")
    if here.name != "compiled":
        console.print(f"there is none: {here.why}")
        return
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for hidden, populations, _ in CASES:
            at_best = limit(hidden, folder)
            for count in populations:
                work = {64: 1_000, 16: 10_000, 256: 40}[hidden[0]]  # model-steps
                epochs = max(10 if hidden[0] < 256 else 2, round(work / count / rivals.steps(BATCH)))
                ways = {
                    "torch": partial(engine, hidden, count, epochs, kernel="torch"),
                    "compiled": partial(engine, hidden, count, epochs, kernel="compiled"),
                    "limit": partial(at_best, count, epochs),
                }
                results[f"{len(hidden)}x{hidden[0]}, P={count}"] = rates(ways, 5 if quick else 15)
    table = Table("net", "torch", "compiled", "limit", "compiled / torch", "compiled / limit", "goal")
    table.title = "model-steps/s, one core"
    goals = {f"{len(h)}x{h[0]}, P={p}": goal for h, _, goals in CASES for p, goal in goals.items()}
    for name, of in results.items():
        shares = (f"{of['compiled'] / of[other]:.2f}" for other in ("torch", "limit"))
        table.add_row(
            name, *(f"{of[way]:,.0f}" for way in ("torch", "compiled", "limit")), *shares, str(goals.get(name, ""))
        )
    console.print(table)
    console.print(f"left in {leave('kernel', results)}")


if __name__ == "__main__":
    main()
