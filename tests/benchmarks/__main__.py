"""`python -m tests.benchmarks [--quick] [NAME ...]`: every benchmark, or those named, one after another."""

import argparse
import importlib
import pkgutil

from tests import benchmarks

names = sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name.startswith("bench_"))
parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=benchmarks.__doc__)
parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(n.removeprefix("bench_") for n in names))
parser.add_argument("--quick", action="store_true", help="few and short rounds: a look, not a measurement")
parser.add_argument("--whole", action="store_true", help="workers: all of 20,000 short evaluations")
requested = parser.parse_args()
for name in names:
    if not requested.names or name.removeprefix("bench_") in requested.names:
        importlib.import_module(f"tests.benchmarks.{name}").main(quick=requested.quick)
