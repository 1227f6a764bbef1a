"""A large table in a process of its own: prints thousand model-rows per second and the peak of memory in MB."""

import resource
import sys
import threading
import time

import torch
import torch.nn.functional as F
from torch import nn

from tests.benchmarks.competitors import sequential

ROWS, INPUTS, HIDDEN, BATCH, MEMBERS = 1_000_000, 50, (64, 64, 64, 64), 256, 16


def dataloader(seconds):
    """One net through a DataLoader."""
    from torch.utils.data import DataLoader, TensorDataset

    x, y = made()
    model = sequential(HIDDEN, INPUTS)
    optimizer, criterion = torch.optim.Adam(model.parameters()), nn.BCEWithLogitsLoss()
    rows, start = 0, None
    for inputs, targets in DataLoader(TensorDataset(x, y), batch_size=BATCH, shuffle=True):
        start = start or time.perf_counter()
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        loss.item()
        rows += len(inputs)
        if time.perf_counter() - start > seconds:
            break
    return rows / (time.perf_counter() - start)


def population(seconds):
    """Sixteen nets in the engine, each with its own order of the rows."""
    from lossbench.engine.problem import Fold, Member, Net, Objective, Problem, SplitPart, Training
    from lossbench.engine.training.train import train

    stop, rows, began = threading.Event(), 0, None

    def loss(out, target):
        nonlocal rows, began
        began = began or time.perf_counter()
        rows += out.shape[0] * out.shape[1]
        if time.perf_counter() - began > seconds:
            stop.set()
        return F.binary_cross_entropy_with_logits(out, target, reduction="none").squeeze(-1)

    x, y = made()
    fold = Fold(SplitPart(x, y, torch.zeros(0)))
    problem = Problem(
        Net(INPUTS, HIDDEN, 1),
        (fold,),
        tuple(Member(seed=s) for s in range(MEMBERS)),
        (Objective(lambda z: z, loss),),
        Training(epochs=1, batch_size=BATCH),
    )
    train(problem, evaluation="large", threads=1, stopped=stop.is_set)
    return rows / (time.perf_counter() - began)


def made():
    """The table, float32 once."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(ROWS, INPUTS, generator=g)
    return x, (x[:, :1] > 0).float()


if __name__ == "__main__":
    torch.set_num_threads(1)
    rate = {"dataloader": dataloader, "population": population}[sys.argv[1]](float(sys.argv[2]))
    print(rate / 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
