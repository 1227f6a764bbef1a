"""The compiled kernel against the torch path: outputs, gradients and Adam's steps, whatever the shape."""

import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.engine.kernel import build
from lossbench.engine.kernel.binding import ACTIVATIONS, AdamStep, CompiledPass
from lossbench.engine.kernel.build import functions
from lossbench.engine.kernel.choice import resolve_kernel
from lossbench.engine.nets.mlp import initialised
from lossbench.engine.padding import ROWS, round_up
from lossbench.engine.problem import Member, Net, Training
from lossbench.engine.training.optimizers import PopulationOptimizer

CPU = torch.device("cpu")
HERE = resolve_kernel("compiled", CPU, "relu")
pytestmark = pytest.mark.skipif(HERE.name != "compiled", reason=HERE.why)

# Sums of up to 300 products in another order, through up to 4 layers; numbers are of the size of 1. Rounding is 6e-8
# and 1e-16 of each, and grows with the square root of their number: 1e-5 and 1e-13 leave a factor of some 10.
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-13}

shapes = st.fixed_dictionaries(
    {
        "members": st.integers(1, 5),
        "rows": st.one_of(st.integers(1, 70), st.sampled_from([128, 129, 300])),  # more than 128 are taken in blocks
        "inputs": st.integers(1, 40),
        "hidden": st.lists(st.integers(1, 70), max_size=3),
        "outputs": st.integers(1, 20),
        "activation": st.sampled_from(ACTIVATIONS),
        "dtype": st.sampled_from([torch.float32, torch.float64]),
        "shared": st.booleans(),  # one table for all members
    }
)


class Twins:
    """The same nets with the same batch, once for torch and once for the kernel."""

    def __init__(self, members, rows, inputs, hidden, outputs, activation, dtype, shared=False):
        self.net, self.rows, self.dtype = Net(inputs, tuple(hidden), outputs, activation), rows, dtype
        self.seeds = range(members)
        wide = round_up(rows, ROWS)
        g = torch.Generator().manual_seed(rows)
        x = torch.randn(1 if shared else members, wide, inputs, generator=g, dtype=dtype)
        self.x = x.expand(members, wide, inputs)
        self.slope = torch.randn(members, wide, outputs, generator=g, dtype=dtype) / rows
        self.slope[:, rows:] = 0  # no loss counts them
        self.torch = initialised(self.net, self.seeds, dtype, CPU).with_gradient()
        self.compiled = initialised(self.net, self.seeds, dtype, CPU).with_gradient()
        self.space = self.torch.workspace(wide)
        self.kernel = CompiledPass(functions(activation, str(dtype).removeprefix("torch.")), self.compiled, wide)

    def forward(self):
        """Both ways' outputs of the rows that count."""
        theirs = self.torch.forward(self.x, self.space)
        ours = self.kernel.forward(self.x, self.rows)
        return ours[:, : self.rows], theirs[:, : self.rows]

    def backward(self, adam=None):
        self.torch.backward(self.x, self.slope, self.space)
        slope = self.slope.clone()
        slope[:, self.rows :] = torch.nan  # must not be read
        self.kernel.backward(self.x, slope, self.rows, adam)

    def close(self, ours, theirs, times=1.0):
        limit = times * TOLERANCE[self.dtype]
        torch.testing.assert_close(ours, theirs, atol=limit, rtol=limit)


@settings(max_examples=60, deadline=None)
@given(shape=shapes)
def test_outputs_and_gradients_are_torchs(shape):
    twins = Twins(**shape)
    twins.close(*twins.forward())
    twins.backward()
    twins.close(twins.compiled.gradient, twins.torch.gradient)


@settings(max_examples=60, deadline=None)
@given(
    shape=shapes,
    name=st.sampled_from(["adam", "adamw"]),
    lr=st.sampled_from([1e-3, 3e-2]),
    weight_decay=st.sampled_from([0.0, 0.1]),
    l1=st.sampled_from([0.0, 1e-2]),
    l2=st.sampled_from([0.0, 1e-1]),
)
def test_adam_steps_as_torchs(shape, name, lr, weight_decay, l1, l2):
    # In float64: a step of Adam is lr times the sign of a gradient, which rounding can turn where it is next to 0.
    twins = Twins(**(shape | {"dtype": torch.float64}))
    own = {"lr": lr, "weight_decay": weight_decay, "l1": l1, "l2": l2}
    members = [Member(seed=s, **(own if s % 2 == 0 else {"lr": lr})) for s in twins.seeds]
    torchs = PopulationOptimizer(twins.torch, members, Training(1, None, name, dtype=torch.float64))
    torchs.set_rates([m.lr for m in members])
    mean, square = (torch.zeros_like(twins.compiled.flat) for _ in range(2))
    adam = AdamStep(
        mean,
        square,
        weight_decay=[m.weight_decay for m in members],
        l1=[m.l1 for m in members],
        l2=[m.l2 for m in members],
        decoupled=name == "adamw",
    )
    for steps in (1, 2, 3):
        twins.forward()
        adam.begin(steps, torchs.rates)
        twins.backward(adam)
        torchs.step()
    twins.close(mean, torchs.state["mean"])
    twins.close(square, torchs.state["square"])
    # What divides is no smaller than 1e-8: a gradient's error of 1e-16 moves a weight by lr * 1e-8 at the most.
    torch.testing.assert_close(twins.compiled.flat, twins.torch.flat, atol=1e-7 * lr, rtol=1e-10)


def test_the_kernel_has_every_hidden_activation_that_it_names():
    assert set(ACTIVATIONS) <= set(HIDDEN_ACTIVATIONS.names())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_are_exact_far_out_and_near_zero_and_keep_nan(activation, dtype):
    values = torch.tensor(
        [0.0, -0.0, 1e-30, -1e-30, 1e-4, -1e-4, 0.3, -0.3, 5.0, -5.0, 50.0, -50.0, 800.0, -800.0], dtype=dtype
    )
    values = torch.cat(
        [values, torch.tensor([torch.inf, -torch.inf, torch.nan], dtype=dtype), torch.linspace(-9, 9, 999, dtype=dtype)]
    )
    twins = Twins(1, len(values), 1, [1], 1, activation, dtype)
    twins.compiled.flat.zero_()
    twins.compiled.weights[0][0, 0, 0] = 1
    twins.x[0, : len(values), 0] = values
    twins.kernel.forward(twins.x, len(values))
    ours = twins.kernel.values[0][0, : len(values), 0]
    theirs = values.double().clone()  # rounded once, at the end
    HIDDEN_ACTIVATIONS.get(activation).forward_(theirs)
    # Four roundings of the value: elu's and tanh's small values are relative to themselves, too.
    eps = torch.finfo(dtype).eps
    floor = torch.finfo(dtype).tiny * 4  # exp of less than -87 (-708) is taken for exp of that
    torch.testing.assert_close(ours.double(), theirs.to(dtype).double(), atol=floor, rtol=4 * eps, equal_nan=True)


# What the processor is told to have: the compiler makes vectors of that width of what there is.
WIDTHS = {16: ["-U__AVX__", "-U__AVX512F__"], 32: ["-D__AVX__", "-U__AVX512F__"], 64: ["-D__AVX__", "-D__AVX512F__"]}


@pytest.mark.parametrize("width", WIDTHS)
def test_vectors_of_every_width_give_torchs_outputs_and_gradients(width, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, *WIDTHS[width]))
    monkeypatch.setattr(sys.modules[__name__], "functions", build.functions.__wrapped__)
    for rows, hidden, outputs in ((32, [20, 64], 1), (27, [33], 5), (130, [16, 16, 16], 2), (16, [], 3)):
        twins = Twins(2, rows, 7, hidden, outputs, "sigmoid", torch.float32)
        twins.close(*twins.forward())
        twins.backward()
        twins.close(twins.compiled.gradient, twins.torch.gradient)


def test_a_neighbour_of_nan_changes_nothing():
    alone, beside = (Twins(count, 27, 4, [16, 5], 3, "relu", torch.float32) for count in (2, 3))
    beside.x = torch.cat([alone.x, torch.full_like(alone.x[:1], torch.nan)])
    beside.slope = torch.cat([alone.slope, alone.slope[:1]])
    for twins in (alone, beside):
        twins.forward()
        twins.backward()
    for ours, theirs in zip(
        [*alone.compiled.d_weights, *alone.compiled.d_biases],
        [*beside.compiled.d_weights, *beside.compiled.d_biases],
        strict=True,
    ):
        assert torch.equal(ours, theirs[:2])
    assert beside.compiled.d_weights[0][2, :4, :16].isnan().all()
