"""The kernel is compiled once and kept; where that fails there is a reason, and torch."""

import shutil
import stat
import subprocess
import sys

import pytest
import torch

from lossbench.engine.kernel import build, choice
from lossbench.engine.kernel.build import CannotBuildError
from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.errors import UserError

CPU = torch.device("cpu")
CALL = "from lossbench.engine.kernel.build import functions; functions('identity', 'float32')"  # in a new process
needs_compiler = pytest.mark.skipif(not any(map(shutil.which, build.COMPILERS)), reason="no C++ compiler")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache; the build's path is that of a new process."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build.functions.cache_clear()
    yield tmp_path / "lossbench"
    build.functions.cache_clear()


def program(folder, text):
    """A compiler of our own."""
    path = folder / "cxx"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@needs_compiler
def test_it_is_compiled_once_and_made_again_where_it_is_damaged(cache, monkeypatch):
    subprocess.run([sys.executable, "-c", CALL], check=True)
    (library,) = cache.iterdir()
    made = library.stat()
    subprocess.run([sys.executable, "-c", CALL], check=True)
    assert library.stat().st_mtime_ns == made.st_mtime_ns
    library.write_bytes(b"")  # as after a full disk
    subprocess.run([sys.executable, "-c", CALL], check=True)
    assert library.stat().st_size == made.st_size
    assert list(cache.iterdir()) == [library]


@needs_compiler
def test_several_processes_can_compile_it_at_once(cache):
    several = [subprocess.Popen([sys.executable, "-c", CALL]) for _ in range(3)]
    assert [one.wait() for one in several] == [0, 0, 0]
    assert len(list(cache.iterdir())) == 1


def test_without_a_compiler_auto_is_torch_and_compiled_is_refused(cache, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert resolve_kernel("auto", CPU, "relu") == choice.Kernel("torch", "no C++ compiler")
    with pytest.raises(UserError, match="kernel 'compiled': no C\\+\\+ compiler; use torch or auto"):
        resolve_kernel("compiled", CPU, "relu")


def test_a_compiler_that_fails_is_named_with_its_last_words(cache, tmp_path, monkeypatch):
    failing = program(tmp_path, 'case "$1" in --version) echo 1;; *) echo "no such option" >&2; exit 1;; esac')
    monkeypatch.setenv("CXX", failing)
    assert resolve_kernel("auto", CPU, "relu") == choice.Kernel("torch", f"{failing}: no such option")
    assert list(cache.iterdir()) == []


def test_a_compiler_that_makes_nothing_is_no_error(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", program(tmp_path, "exit 0"))
    assert resolve_kernel("auto", CPU, "relu").name == "torch"


def test_a_cache_that_cannot_be_written_is_no_error(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc")  # where root makes no folder either
    build.functions.cache_clear()
    assert resolve_kernel("auto", CPU, "relu").why.startswith("no folder for it")
    build.functions.cache_clear()


def test_a_file_where_the_cache_should_be_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    build.functions.cache_clear()
    kernel = resolve_kernel("auto", CPU, "relu")
    build.functions.cache_clear()
    assert kernel.name == "torch"


@needs_compiler
def test_the_key_names_source_compiler_and_what_is_compiled(tmp_path, monkeypatch):
    own, other = ("-DACTIVATION=relu",), ("-DACTIVATION=tanh",)
    keys = {build._key(build.compiler(), own), build._key(build.compiler(), other)}
    keys.add(build._key(program(tmp_path, "echo another"), own))
    monkeypatch.setattr(build, "_processor", lambda: ("another",))
    keys.add(build._key(build.compiler(), own))
    monkeypatch.setattr(build, "SOURCES", (tmp_path / "step.cpp",))
    (tmp_path / "step.cpp").write_text("another")
    keys.add(build._key(build.compiler(), own))
    assert len(keys) == 5


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_gpu_always_takes_torch(device):
    assert resolve_kernel("auto", torch.device(device), "relu").name == "torch"
    with pytest.raises(UserError, match=f"it is for the processor, not for {device}"):
        resolve_kernel("compiled", torch.device(device), "relu")


def test_an_activation_that_it_does_not_have_takes_torch(monkeypatch):
    monkeypatch.setattr(choice, "ACTIVATIONS", ("tanh",))
    assert resolve_kernel("auto", CPU, "relu") == choice.Kernel("torch", "it has no relu")


def test_torch_needs_no_compiler(monkeypatch):
    def never(*_):
        raise CannotBuildError("must not be called")

    monkeypatch.setattr(choice, "functions", never)
    assert resolve_kernel("torch", CPU, "relu") == choice.Kernel("torch")
