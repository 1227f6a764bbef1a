"""How the work grows: with nets, width, rows, and of a comparison with splits, losses and tables.

Seconds of the processor, on one core, the sizes of a series taken in turn. On axes of logarithms a straight line is a
power; from a series' last two sizes the table says which. Leaves outputs/bench/growth.json and growth.png, which README
shows.
"""

import math
import tempfile
import time
from pathlib import Path
from statistics import median

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from lossbench.config.commands.compare import CompareConfig
from lossbench.events import ignore
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.run import run
from lossbench.report.compare.analysis.comparison import compare as analyse
from lossbench.runner.reports import draw
from tests.benchmarks import competitors as rivals
from tests.benchmarks.bench_engine import NOTEBOOK, engine
from tests.benchmarks.measure import leave

LOSSES = ("ce", "brier", "hinge", "focal", "gce", "sce", "poly1", "square", "mse", "l1", "log_cosh", "smooth_l1")
LOSSES += ("squared_hinge", "cubed_hinge", "exponential", "taylor_ce")


def nets(*, hidden=NOTEBOOK, members=16, rows=rivals.ROWS):
    """Seconds of training so many nets."""
    began = time.process_time()
    engine(hidden, members, 1, rows=rows)
    return {"training": time.process_time() - began}


def comparison(*, losses=2, tables=1, splits=5):
    """Seconds of a comparison's nets, and of its report: tests, tables, pictures, page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(tables):
            x, y = rivals.table(200, number)
            lines = [",".join(map(str, (*row, int(own)))) for row, own in zip(x.tolist(), y[:, 0], strict=True)]
            header = ",".join([*(f"x{i}" for i in range(x.shape[1])), "y"])
            (folder / f"table{number}.csv").write_text("\n".join([header, *lines, ""]))
        config = CompareConfig.model_validate(
            {
                "data": [{"file": str(folder / f"table{k}.csv"), "target": "y"} for k in range(tables)],
                "losses": list(LOSSES[:losses]),
                "tune_params": "never",
                "repeats": splits // 5,
                "lrs": [1e-2],
                "optim": {"epochs": 2},
                "net": {"hidden": [8]},
                "threads": 1,
            }
        )
        planned = plan(config)
        began = time.process_time()
        record = run(planned)
        trained = time.process_time()
        record.name, record.analysis = "growth", analyse(record)
        draw(record, folder, ignore)
        return {"nets": trained - began, "report": time.process_time() - trained}


def series(quick):
    """Panel -> (what its axis counts, sizes, seconds of a size)."""
    few = slice(0, 2 if quick else None)
    return {
        "nets": ("nets of 4 x 64", (1, 4, 16, 64, 256, 1024)[few], lambda n: nets(members=n)),
        "width": ("units of each of 4 layers, 16 nets", (16, 32, 64, 128, 256)[few], lambda n: nets(hidden=(n,) * 4)),
        "rows": ("rows, 16 nets of 4 x 64", (500, 2000, 8000, 32000)[few], lambda n: nets(rows=n)),
        "splits": ("splits of 2 losses", (5, 20, 80, 320)[few], lambda n: comparison(splits=n)),
        "losses": ("losses on 5 splits", (2, 4, 8, 16)[few], lambda n: comparison(losses=n)),
        "tables": ("tables, 2 losses on 5 splits", (1, 4, 16, 64)[few], lambda n: comparison(tables=n)),
    }


def measured(sizes, seconds, rounds):
    """Work -> its seconds size by size: the median of rounds in which the sizes are taken in turn."""
    seen = [[seconds(size) for size in sizes] for _ in range(rounds)]
    return {work: [median(one[k][work] for one in seen) for k in range(len(sizes))] for work in seen[0][0]}


def picture(panels, path):
    """A panel a series, both axes of logarithms, and the slope of what grows in proportion."""
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9.6, 5.4), layout="constrained")
        for axes, (what, sizes, works) in zip(figure.subplots(2, 3).flat, panels, strict=True):
            for (work, seconds), colour in zip(works.items(), ("#2a6f97", "#c1666b"), strict=False):
                axes.loglog(sizes, seconds, "o-", color=colour, label=work, markersize=4)
            top = max(map(max, works.values()))
            axes.loglog(sizes, [top * size / sizes[-1] for size in sizes], ":", color="0.6", label="in proportion")
            axes.set_xlabel(what)
            axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
            axes.minorticks_off()
            axes.grid(color="0.92")
            axes.legend(frameon=False, fontsize=7)
        figure.supylabel("seconds of one core", fontsize=9)
        figure.savefig(path, dpi=110)


def main(quick=False):
    """Measure, print, draw, and leave outputs/bench/growth.json and growth.png."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    console = Console()
    console.rule("[bold]how the work grows")
    nets(), comparison()  # for warming up
    table = Table("with", "of", "smallest", "largest", "seconds", "power at the end")
    table.title = "seconds of one core; power 1: in proportion"
    panels, results = [], {}
    for name, (what, sizes, seconds) in series(quick).items():
        works = measured(sizes, seconds, 1 if quick else 3)
        panels.append((what, sizes, works))
        results[name] = {"what": what, "sizes": sizes, "seconds": works}
        for work, own in works.items():
            power = np.diff(np.log(own[-2:]))[0] / math.log(sizes[-1] / sizes[-2])
            table.add_row(
                what, work, f"{sizes[0]:,}", f"{sizes[-1]:,}", f"{own[0]:.3f} to {own[-1]:.3f}", f"{power:.2f}"
            )
    console.print(table)
    path = leave("growth", results)
    picture(panels, path.with_suffix(".png"))
    console.print(f"left in {path} and {path.with_suffix('.png')}")


if __name__ == "__main__":
    main()
