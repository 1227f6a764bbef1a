"""`make calibrate`: the whole measurement, on all processors; a table and outputs/calibration/calibration.json."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from tests.calibration.duplicated_rows import duplicated_rows
from tests.calibration.known_truths import equal_learners, gross_outliers, noisy_labels, outliers, same_loss
from tests.calibration.outcomes import Outcome, rates_of
from tests.calibration.quantile import quantile
from tests.calibration.rare_class import SIGNAL, rare_class
from tests.calibration.simulated_comparisons import Ruling, alone, shares
from tests.calibration.statistics import SCENARIOS, Rate, rates
from tests.calibration.tails_only import tails_only
from tests.calibration.temperature_harm import harm_by_size, temperature_harm
from tests.calibration.tuning_harm import tuning_harm

ALLOWED = 0.065  # 5% and 1.5% for the chance of a thousand comparisons
FOUND = 0.9

# What is promised of these truths besides: the truth, and of how many draws.
TRUTHS: dict[str, tuple[Callable[[int], Iterable[Outcome]], int]] = {
    "rare class, 5%": (rare_class, 100),
    "rare class, 0.5%": (partial(rare_class, share=0.005), 40),
    "rare class, 5%, signal": (partial(rare_class, signal=SIGNAL), 50),
    "rare class, 0.5%, signal": (partial(rare_class, share=0.005, signal=SIGNAL), 30),
    "tails only": (tails_only, 300),
    "duplicated rows": (duplicated_rows, 100),
    "quantile": (quantile, 60),
    "tuning": (tuning_harm, 26),
}

T = TypeVar("T")


def gather(pool: ProcessPoolExecutor, work: Callable[[int], list[T]], draws: int, what: str) -> list[T]:
    """What so many draws give, with a line of progress."""
    found: list[T] = []
    for done, of_draw in enumerate(pool.map(work, range(draws)), 1):
        found += of_draw
        if sys.stderr.isatty() or done == draws:
            print(f"\r{what}: {done}/{draws}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def power(rulings: Sequence[Ruling]) -> dict[str, Any]:
    """How often the second candidate was found to be better, and how often the wrong way round."""
    return {
        "comparisons": len(rulings),
        "found": float(np.mean([r.word == "better" for r in rulings])),
        "wrong_sign": float(np.mean([r.word == "worse" for r in rulings])),
        "mean_gain": float(np.mean([r.gain for r in rulings])),
    }


def main() -> int:
    """Measure, print, write; 1 where the judge is not what it promises to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="share of the whole measurement, for a quick look")
    parser.add_argument("--output", type=Path, default=Path("outputs/calibration"))
    given = parser.parse_args()

    def count(whole: int) -> int:
        return max(2, round(whole * given.share))

    began = time.perf_counter()
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        null = {
            "A/A: one loss, other seeds": shares(gather(pool, partial(alone, same_loss), count(250), "A/A")),
            "equally good learners": shares(
                gather(pool, partial(alone, equal_learners), count(1000), "equal learners")
            ),
        }
        planted = {
            "l1 beats mse, 10% outliers": power(gather(pool, partial(alone, outliers), count(100), "outliers")),
            "huber beats mse, 3% of y off by 1e4": power(
                gather(pool, partial(alone, gross_outliers), count(100), "gross outliers")
            ),
            "l1 beats ce, 40% label noise": power(gather(pool, partial(alone, noisy_labels), count(50), "label noise")),
        }
        trained = [
            rate
            for name, (truth, draws) in TRUTHS.items()
            for rate in rates_of(gather(pool, partial(alone, truth), count(draws), name))
        ]
        harm = harm_by_size(gather(pool, partial(alone, temperature_harm), count(40), "temperature"))
        simulated = [rate for part in pool.map(partial(rates, share=given.share), SCENARIOS) for rate in part]
    harmless = not any(row["harmed"] for row in harm.values())
    fair = all(row["different"] <= ALLOWED for row in null.values())
    fair = fair and all(rate.holds for rate in [*simulated, *trained])
    finds = all(row["found"] >= FOUND and row["wrong_sign"] == 0 for row in planted.values())
    show(null, planted, harm)
    show_rates("on simulated scores", simulated)
    show_rates("on trained comparisons", trained)
    print(f"{time.perf_counter() - began:.0f} s")
    given.output.mkdir(parents=True, exist_ok=True)
    result = {
        "no_difference": null,
        "planted": planted,
        "simulated": [rate.as_json() for rate in simulated],
        "trained": [rate.as_json() for rate in trained],
        "temperature": harm,
        "allowed": ALLOWED,
        "found_at_least": FOUND,
        "share": given.share,
        "seconds": time.perf_counter() - began,
        "machine": {"cpus": workers, "platform": platform.platform(), "torch": torch.__version__},
    }
    path = given.output / "calibration.json"
    path.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    print(
        f"{'fair' if fair else 'NOT FAIR'}, {'finds' if finds else 'DOES NOT FIND'} what is there, its temperature"
        f" {'does no harm' if harmless else 'HARMS'}; written to {path}"
    )
    return 0 if fair and finds and harmless else 1


def show_rates(where: str, measured: Sequence[Rate]) -> None:
    """Promised and measured rates, with their exact 95% intervals and the means of what comes with them."""
    columns = (where, "promised", "measured", "95% interval", "trials", "mean")
    table = Table(*columns, title="Are rates as promised?")
    for rate in measured:
        low, high = rate.interval
        row = (rate.what, rate.promised, f"{rate.measured:.1%}", f"[{low:.1%}, {high:.1%}]", str(rate.trials))
        row = (*row, "" if rate.mean is None else f"{rate.mean:+.3f}")
        table.add_row(*row, style="" if rate.holds else "bold red")
    Console(width=140).print(table)


def show(
    null: dict[str, dict[str, float]], planted: dict[str, dict[str, Any]], harm: dict[str, dict[str, float]]
) -> None:
    """Three tables."""
    console = Console(width=110)
    table = Table(
        "no difference there", "comparisons", '"different"', "p < 0.05", "naive paired t", title="Is it fair?"
    )
    for name, row in null.items():
        table.add_row(
            name,
            f"{row['comparisons']:.0f}",
            f"{row['different']:.1%}",
            f"{row['p_below']:.1%}",
            f"{row['naive_p_below']:.1%}",
        )
    console.print(table)
    table = Table("planted difference", "comparisons", "found", "wrong sign", "mean gain", title="Does it find?")
    for name, row in planted.items():
        table.add_row(
            name,
            str(row["comparisons"]),
            f"{row['found']:.1%}",
            f"{row['wrong_sign']:.1%}",
            f"{row['mean_gain']:.3g}",
        )
    console.print(table)
    table = Table(
        "calibrated - raw log-loss", "tables", "mean", "standard error", "worst", title="Does the temperature harm?"
    )
    for name, row in harm.items():
        table.add_row(
            name,
            f"{row['tables']:.0f}",
            f"{row['difference']:+.4f}",
            f"{row['standard_error']:.4f}",
            f"{row['worst']:+.4f}",
        )
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(main())
