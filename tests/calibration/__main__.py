"""`make calibrate`: the whole measurement, on all processors; a table and outputs/calibration/calibration.json.

It takes hours of one processor: with `--keep FOLDER` each scenario's outcome is a file there as soon as it is known,
and a second start goes on from there.
"""

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

from tests.calibration.convex_losses import convex_losses
from tests.calibration.duplicated_rows import duplicated_rows
from tests.calibration.kept import Kept
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

# Of each truth how many draws there are; what is promised of those in TRUTHS comes with their outcomes.
NULL: dict[str, tuple[Callable[[int], Iterable[Ruling]], int]] = {
    "A/A: one loss, other seeds": (same_loss, 250),
    "equally good learners": (equal_learners, 1000),
}
PLANTED: dict[str, tuple[Callable[[int], Iterable[Ruling]], int]] = {
    "l1 beats mse, 10% outliers": (outliers, 100),
    "huber beats mse, 3% of y off by 1e4": (gross_outliers, 100),
    "l1 beats ce, 40% label noise": (noisy_labels, 50),
}
TRUTHS: dict[str, tuple[Callable[[int], Iterable[Outcome]], int]] = {
    "rare class, 5%": (rare_class, 100),
    "rare class, 0.5%": (partial(rare_class, share=0.005), 40),
    "rare class, 5%, signal": (partial(rare_class, signal=SIGNAL), 50),
    "rare class, 0.5%, signal": (partial(rare_class, share=0.005, signal=SIGNAL), 30),
    "tails only": (tails_only, 300),
    "duplicated rows": (duplicated_rows, 100),
    "quantile": (quantile, 60),
    "convex losses": (convex_losses, 40),
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


def in_json(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """The rate of each thing that may have happened."""
    return [rate.as_json() for rate in rates_of(outcomes)]


def processors() -> int:
    """How many there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> int:
    """Measure, print, write; 1 where the judge is not what it promises to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.calibration", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="share of the whole measurement, for a quick look")
    parser.add_argument("--output", type=Path, default=Path("outputs/calibration"))
    parser.add_argument(
        "--keep", type=Path, help="folder for each scenario's outcome, from which a second start goes on"
    )
    parser.add_argument("--workers", type=int, default=processors(), help="processes, of one thread each")
    given = parser.parse_args()
    kept = Kept(given.keep, given.share)

    began = time.perf_counter()
    with ProcessPoolExecutor(given.workers, mp_context=multiprocessing.get_context("spawn")) as pool:

        def drawn(name: str, truth: Callable[[int], Iterable[T]], draws: int, summary: Callable[[list[T]], Any]) -> Any:
            whole = max(2, round(draws * given.share))
            return kept.of(name, lambda: summary(gather(pool, partial(alone, truth), whole, name)))

        null = {name: drawn(name, truth, draws, shares) for name, (truth, draws) in NULL.items()}
        planted = {name: drawn(name, truth, draws, power) for name, (truth, draws) in PLANTED.items()}
        of_truths = [drawn(name, truth, draws, in_json) for name, (truth, draws) in TRUTHS.items()]
        harm = drawn("temperature", temperature_harm, 40, harm_by_size)
        parts = {name: kept.get(f"simulated {name}") for name in SCENARIOS}
        missing = [name for name, part in parts.items() if part is None]
        for name, found in zip(missing, pool.map(partial(rates, share=given.share), missing), strict=True):
            parts[name] = kept.put(f"simulated {name}", [rate.as_json() for rate in found])
    trained = [Rate.of_json(rate) for part in of_truths for rate in part]
    simulated = [Rate.of_json(rate) for part in parts.values() for rate in part]
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
        "machine": {"workers": given.workers, "platform": platform.platform(), "torch": torch.__version__},
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
