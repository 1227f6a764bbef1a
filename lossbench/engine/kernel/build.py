"""`step.cpp` compiled for this processor, once: for one hidden activation and one type of numbers at a time.

The library is kept in the user's cache under a key of all that determines it (sources, what is compiled of them,
compiler with its version, flags, processor). It is written aside and renamed, so several processes can build at once.
"""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

SOURCES = tuple(Path(__file__).with_name(name) for name in ("step.cpp", "products.h", "activations.h"))
COMPILERS = ("c++", "g++", "clang++")
FLAGS = (
    "-std=c++17",
    "-O3",
    "-march=native",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
)
SECONDS = 120  # that a compiler may take


class CannotBuildError(Exception):
    """Why there is no compiled kernel here."""


@dataclass(frozen=True)
class Functions:
    """The two functions of a library; `lossbench.engine.kernel.binding` has their arguments."""

    forward: Callable[..., None]
    backward: Callable[..., None]


@cache
def functions(activation: str, dtype: str) -> Functions:
    """The kernel of nets with this hidden activation, for "float32" or "float64", from the cache or compiled now.

    Raises `CannotBuildError`.
    """
    definitions = (f"-DACTIVATION={activation}", f"-DNUMBER={ {'float32': 'float', 'float64': 'double'}[dtype] }")
    program = compiler()
    path = _cache_folder() / f"step-{activation}-{dtype}-{_key(program, definitions)[:32]}.so"
    if path.is_file():
        try:
            return _load(path)
        except (OSError, AttributeError):  # cut off, or of another system: it is made again
            pass
    _compile(program, definitions, path)
    try:
        return _load(path)
    except (OSError, AttributeError) as problem:
        raise CannotBuildError(f"{path}: {problem}") from None


def _load(path: Path) -> Functions:
    library = ctypes.CDLL(str(path))
    place, number = ctypes.c_void_p, ctypes.c_int64
    forward: Any = library.lossbench_forward
    forward.argtypes, forward.restype = (place, place, number, number), None
    backward: Any = library.lossbench_backward
    backward.argtypes, backward.restype = (place, place, number, place, number, place), None
    return Functions(forward, backward)


def compiler() -> str:
    """The C++ compiler that is called: $CXX, or the first one there is."""
    for name in (os.environ.get("CXX", ""), *COMPILERS):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise CannotBuildError("no C++ compiler")


def _key(compiler: str, definitions: tuple[str, ...]) -> str:
    parts = (
        *(file.read_text() for file in SOURCES),
        compiler,
        _run([compiler, "--version"]),
        *FLAGS,
        *definitions,
        *_processor(),
    )
    return sha256("\0".join(parts).encode()).hexdigest()


def _processor() -> tuple[str, ...]:
    """What `-march=native` depends on."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine(), platform.processor(), platform.node()
    first = text.split("\n\n", 1)[0].splitlines()
    told = [line for line in first if line.split("\t")[0] in {"model name", "flags", "Features", "CPU part"}]
    return (platform.machine(), *told)


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = (Path(base) if base else Path.home() / ".cache") / "lossbench"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as problem:
        raise CannotBuildError(f"no folder for it: {problem}") from None
    return folder


def _compile(compiler: str, definitions: tuple[str, ...], path: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as aside:
            made = Path(aside) / path.name
            _run([compiler, *FLAGS, *definitions, "-o", str(made), str(SOURCES[0])])
            made.replace(path)
    except OSError as problem:
        raise CannotBuildError(f"{path.parent}: {problem.strerror or problem}") from None


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise CannotBuildError(f"{command[0]}: {problem}") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise CannotBuildError(f"{command[0]}: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout
