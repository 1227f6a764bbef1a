"""The whole command on a large table of one's own, from CSV and from Parquet, against reading and training by hand.

`lossbench train --data big.csv --target y --seeds 16 --epochs 1` with batches of 256: reading, checking, describing,
splitting, preparing, training, scoring and writing. By hand: pandas reads the file at once, and nothing else; so the
ratio says what the whole costs in reads. Each way is a process of its own, taken in turn; its peak of memory is the
kernel's.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from tests.benchmarks.measure import leave

COLUMNS, PIECE = 50, 50_000
READ = "import pandas, sys; frame = pandas.read_{0}(sys.argv[1]); print(len(frame))"


def write(folder, rows):
    """`big.csv` and `big.parquet` with so many rows, a piece at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    draw, writer = np.random.default_rng(0), None
    for start in range(0, rows, PIECE):
        x = draw.standard_normal((min(PIECE, rows - start), COLUMNS))
        frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(COLUMNS)])
        frame["y"] = (x[:, 0] + x[:, 1] * x[:, 2] + draw.standard_normal(len(x)) > 0).astype(int)
        frame.to_csv(folder / "big.csv", index=False, mode="a" if start else "w", header=not start)
        piece = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or parquet.ParquetWriter(folder / "big.parquet", piece.schema)
        writer.write_table(piece)
    writer.close()


def measured(command):
    """(seconds, processor seconds, peak in MB) of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(errors.decode())
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(quick=False):
    """Measure, print, and leave outputs/bench/table.json."""
    rows, seeds, rounds = (50_000, 4, 1) if quick else (1_000_000, 16, 3)
    console = Console()
    console.rule("[bold]a large table, the whole command")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, rows)
        options = ["--target", "y", "--seeds", str(seeds), "--epochs", "1", "--batch-size", "256", "--output", name]
        train = [sys.executable, "-m", "lossbench", "train", "--data"]
        ways = {
            "train from CSV": [*train, str(folder / "big.csv"), *options],
            "pandas.read_csv alone": [sys.executable, "-c", READ.format("csv"), str(folder / "big.csv")],
            "train from Parquet": [*train, str(folder / "big.parquet"), *options],
            "pandas.read_parquet alone": [sys.executable, "-c", READ.format("parquet"), str(folder / "big.parquet")],
        }
        seen = {way: [] for way in ways}
        for _ in range(rounds):
            for way, command in ways.items():
                seen[way].append(measured(command))
    found = {way: [statistics.median(column) for column in zip(*runs, strict=True)] for way, runs in seen.items()}
    table = Table("way", "seconds", "processor seconds", "peak MB")
    table.title = f"{rows:,} x {COLUMNS}, {seeds} seeds, 1 epoch, batches of 256"
    for way, values in found.items():
        table.add_row(way, *(f"{value:,.0f}" for value in values))
    console.print(table)
    results = {
        way: dict(zip(("seconds", "cpu_seconds", "peak_mb"), values, strict=True)) for way, values in found.items()
    }
    console.print(f"left in {leave('table', {'rows': rows, 'seeds': seeds, **results})}")


if __name__ == "__main__":
    main()
