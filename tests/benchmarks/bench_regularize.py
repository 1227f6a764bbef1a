"""The work of `regularize-gif` against the course's way: an MLPClassifier and a figure for each alpha, PIL's save.

Both make a GIF of 20 alphas of iris (setosa, versicolor) from a net with one hidden layer of 16 on a grid of 200 x 200,
taken in turn in one process. Ours also draws the charts, both stills and the record; the course's way only the regions.
Adam's default tolerance ends far above the minimum where the penalty is weak, so the goal is about training to the end.
"""

import io
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

import matplotlib as mpl
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.experiments.regularize.plan import plan
from lossbench.experiments.regularize.run import run
from lossbench.record import write_record
from lossbench.report.regularize import write
from tests.benchmarks.measure import leave

ALPHAS, GRID, GOAL = 20, 200, 10.0
CONVERGED = "the course's way (adam) to the end"
COLUMNS = ("train and regions", "pictures", "total", "objective at the weakest alpha")


def ours(folder):
    """The whole command's work, its record and stills included; seconds of its stages."""
    config = RegularizeConfig.model_validate({"alphas": ALPHAS, "grid": GRID, "loss": "bce_with_logits"})
    began = time.perf_counter()
    record = run(plan(config))
    ran = time.perf_counter()
    write_record(record, folder)
    write(record, folder)
    weakest = record.results[0].members[0].path_record()
    seconds = {"train and regions": ran - began, "pictures": time.perf_counter() - ran}
    return seconds | {"objective at the weakest alpha": weakest.data_loss + weakest.penalty}


def the_courses_way(folder, solver, tolerance):
    """As the exercise is usually solved; `tolerance` is MLPClassifier's, its default 1e-4."""
    import matplotlib.pyplot as plt

    began = time.perf_counter()
    data = load_iris()
    two = data.target < 2
    x, y = StandardScaler().fit_transform(data.data[two][:, [0, 2]]), data.target[two]
    xx, yy = np.meshgrid(np.linspace(-3, 3, GRID), np.linspace(-3, 3, GRID))
    frames, trained, objectives = [], 0.0, []
    for alpha in np.logspace(-4, 1, ALPHAS):
        start = time.perf_counter()
        # Its penalty is alpha / (2 n) sum w^2.
        net = MLPClassifier((16,), alpha=alpha * len(y), solver=solver, tol=tolerance, max_iter=50_000, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            net.fit(x, y)
        p = net.predict_proba(np.c_[xx.ravel(), yy.ravel()])[:, 1].reshape(xx.shape)
        trained += time.perf_counter() - start
        objectives.append(float(net.loss_))
        figure, axes = plt.subplots(figsize=(6, 5))
        axes.contourf(xx, yy, p, levels=20, cmap="RdBu", alpha=0.8)
        axes.contour(xx, yy, p, levels=[0.5])
        axes.scatter(x[:, 0], x[:, 1], c=y, cmap="RdBu", edgecolors="k")
        axes.set_title(f"alpha = {alpha:.4g}, accuracy = {net.score(x, y):.3f}")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=100)
        plt.close(figure)
        frames.append(Image.open(buffer))
    frames[0].save(folder / "course.gif", save_all=True, append_images=frames[1:], duration=250, loop=0)
    seconds = {"train and regions": trained, "pictures": time.perf_counter() - began - trained}
    return seconds | {"objective at the weakest alpha": objectives[0]}


def main(*, quick=False):
    mpl.use("agg")
    ways = {
        "lossbench": ours,
        CONVERGED: lambda folder: the_courses_way(folder, "adam", 1e-7),
        "the same, stopped by the default tolerance": lambda folder: the_courses_way(folder, "adam", 1e-4),
        "the same with lbfgs": lambda folder: the_courses_way(folder, "lbfgs", 1e-7),
    }
    seen = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours(folder)  # warms up
        for _ in range(1 if quick else 3):
            for name, way in ways.items():
                seen[name].append(way(folder))
        sizes = {path.name: path.stat().st_size for path in folder.glob("*.gif")}
    results = {name: {key: median(run[key] for run in runs) for key in runs[0]} for name, runs in seen.items()}
    for result in results.values():
        result["total"] = result["train and regions"] + result["pictures"]
    table = Table("20 alphas and their GIF", *COLUMNS, "ratio", title="seconds")
    for name, result in results.items():
        cells = [f"{result[key]:.4f}" if "objective" in key else f"{result[key]:.2f}" for key in COLUMNS]
        table.add_row(name, *cells, f"{result['total'] / results['lossbench']['total']:.1f}")
    ratio = results[CONVERGED]["total"] / results["lossbench"]["total"]
    console = Console()
    console.print(table)
    console.print(f"trained to the end, the course's way takes {ratio:.1f} times as long; goal {GOAL:g}")
    console.print(str(leave("regularize", {"results": results, "ratio": ratio, "goal": GOAL, "bytes": sizes})))
