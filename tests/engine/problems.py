"""Small problems for the engine's tests, and the plain torch that they are compared with."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from lossbench.engine.problem import Fold, Member, Net, Objective, Problem, SplitPart, Training
from lossbench.engine.training.train import train
from lossbench.random_streams import torch_generator

KERNEL = "torch"  # that problems are trained by; a fixture of the training's tests sets the other one

# The twin of every hidden activation; one without fails the contract tests.
HIDDEN = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "identity": nn.Identity,
}

LOGISTIC = Objective(
    lambda z: z, lambda out, t: F.binary_cross_entropy_with_logits(out, t, reduction="none").squeeze(-1)
)
BRIER = Objective(torch.sigmoid, lambda out, t: ((out - t) ** 2).squeeze(-1))
LOG_COSH = Objective(torch.tanh, lambda out, t: torch.log(torch.cosh(out - t)).squeeze(-1))
NLL = Objective(lambda z: z.log_softmax(-1), lambda out, t: -out.gather(-1, t.unsqueeze(-1)).squeeze(-1))
CE = Objective(
    lambda z: z, lambda out, t: F.cross_entropy(out.flatten(0, 1), t.flatten(), reduction="none").view(t.shape)
)


def accuracy(out, truth, folds, objectives):
    label = (out[..., 0] > 0).long() if out.shape[-1] == 1 else out.argmax(-1)
    return (label == truth).to(out.dtype).mean(1)


def smooth_score(out, truth, folds, objectives):
    """A score full of transcendental functions: its bits would show any difference."""
    return out.sigmoid().mul(truth.unsqueeze(-1) + 1.0).log1p().mean((1, 2))


def part(rows, inputs, classes, seed):
    """A noisy, learnable table; two classes are coded as a column of 0/1, more as indices."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, inputs, generator=g)
    y = (x[:, 0] + 0.5 * torch.randn(rows, generator=g)).argsort().argsort() * classes // rows
    return SplitPart(x, y.to(x.dtype).unsqueeze(-1) if classes == 2 else y, y)


def fold(rows=101, inputs=4, classes=2, seed=0, validation=37):
    return Fold(
        part(rows, inputs, classes, seed), part(validation, inputs, classes, seed + 1000) if validation else None
    )


def problem(members, *, folds=None, net=None, objectives=(LOGISTIC,), score=accuracy, better="higher", **training):
    settings = {"epochs": 3, "batch_size": 32, "kernel": KERNEL} | training
    return Problem(
        net or Net(4, (16, 16), 1),
        tuple(folds or (fold(),)),
        tuple(members),
        tuple(objectives),
        Training(**settings),
        score,
        better,
    )


def trained(a_problem, **how):
    """(what was trained, the events)."""
    events = []
    return train(a_problem, evaluation="a run", **({"threads": 1, "emit": events.append} | how)), events


def same(a, b):
    """Equal bit for bit; NaN equals NaN."""
    return torch.equal(torch.as_tensor(a).nan_to_num(nan=7e7), torch.as_tensor(b).nan_to_num(nan=7e7))


def same_member(a, i, b, k):
    """Whether member i of one training is member k of another, bit for bit."""
    x, y = a.members[i], b.members[k]
    return (
        (x.status, x.epochs, x.best_epoch) == (y.status, y.epochs, y.best_epoch)
        and all(same(getattr(x, c), getattr(y, c)) for c in ("train_loss", "val_loss", "val_score"))
        and all(same(v, b.state(k)[name]) for name, v in a.state(i).items())
    )


def sequential(net, seed, dtype=torch.float64):
    """The plain net that a seed stands for."""
    torch.manual_seed(seed)
    sizes, layers = (net.inputs, *net.hidden, net.outputs), []
    for i, o in pairwise(sizes):
        layers += [nn.Linear(i, o), HIDDEN[net.activation]()]
    return nn.Sequential(*layers[:-1]).to(dtype)


def plain_training(a_problem, number, optimizer, scheduler=None):
    """Member `number` trained by torch alone, on the documented batches -> (net, mean loss of every epoch)."""
    member, training = a_problem.members[number], a_problem.training
    table = a_problem.folds[member.fold].train
    x = table.x_ND.double()
    t = table.target.double() if table.target.is_floating_point() else table.target
    objective = a_problem.objectives[member.objective]
    model = sequential(a_problem.net, member.seed)
    steps = optimizer(model, member)
    schedule = scheduler(steps) if scheduler else None
    orders, curve, rows = torch_generator(member.seed, "batches"), [], len(x)
    for _ in range(a_problem.epochs(number)):
        total = 0.0
        order = torch.arange(rows) if training.batch_size is None else torch.randperm(rows, generator=orders)
        for at in order.split(training.batch_size or rows):
            steps.zero_grad()
            loss = objective.loss(objective.activation(model(x[at]).unsqueeze(0)), t[at].unsqueeze(0)).mean()
            penalty = sum((layer.weight**2).sum() for layer in model if isinstance(layer, nn.Linear))
            (loss + member.l2 / 2 * penalty).backward()
            steps.step()
            total += float(loss.detach()) * len(at)
        if schedule:
            schedule.step()
        curve.append(total / rows)
    return model, curve


def furthest(state, model):
    """The largest difference between two nets' parameters."""
    other = model.state_dict()
    assert list(state) == list(other)
    return max(float((state[name] - other[name]).abs().max()) for name in other)


def members(count, **settings):
    return [Member(seed=s, **settings) for s in range(count)]
