"""Devices by name; what is not there is one clear line."""

import os

import pytest
import torch

from lossbench.engine.device import default_threads, resolve_device
from lossbench.errors import UserError


def test_auto_and_cpu():
    assert resolve_device("cpu") == torch.device("cpu")
    assert resolve_device("auto").type in {"cpu", "cuda"}


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "cpu:7", "", "mps:0", "CUDA"])
def test_a_name_that_is_no_device(name, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="unknown device"):
        resolve_device(name)


def test_what_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UserError, match="device 'cuda': no CUDA device here; use cpu or auto"):
        resolve_device("cuda")
    with pytest.raises(UserError, match="device 'mps': no Apple GPU here"):
        resolve_device("mps")


def test_an_index_beyond_the_last(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(UserError, match="'cuda:2': there is no such one; this machine has cuda:0 to cuda:1"):
        resolve_device("cuda:2")


def test_threads_are_the_processors_this_process_may_use():
    assert default_threads() == len(os.sched_getaffinity(0))
