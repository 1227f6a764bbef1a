"""Work measured in turn: rounds of short runs, so that a busy machine is busy for every way alike."""

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import torch

OUT = Path("outputs/bench")
Way = Callable[[], int]  # does some work, returns how much


def rates(ways: Mapping[str, Way], rounds: int, clock: Callable[[], float] = time.process_time) -> dict[str, float]:
    """Work per second of every way: the median over the rounds. The first run of each is for warming up.

    By default seconds of the processor, all threads together: what a busy neighbour takes is not counted. Ways that use
    several cores or processes want `time.perf_counter`.
    """
    for way in ways.values():
        way()
    seen: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = clock()
            work = way()
            seen[name].append(work / (clock() - start))
    return {name: statistics.median(values) for name, values in seen.items()}


def leave(name: str, results: dict[str, object]) -> Path:
    """Write results with the machine that they were measured on to outputs/bench/NAME.json."""
    OUT.mkdir(parents=True, exist_ok=True)
    machine = {"platform": platform.platform(), "processor": _processor(), "torch": torch.__version__}
    path = OUT / f"{name}.json"
    path.write_text(json.dumps({"when": datetime.now(UTC).isoformat(), "machine": machine, **results}, indent=1) + "\n")
    return path


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
