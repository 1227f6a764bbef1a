"""A net that is rebuilt from a state dict puts out what torch's own module with these parameters puts out."""

from functools import partial

import pytest
import torch

from lossbench.components.hidden_activations import HIDDEN_ACTIVATIONS
from lossbench.engine.nets.outputs import BLOCK, outputs_of
from lossbench.engine.nets.state import net_of
from lossbench.engine.problem import Net
from tests.engine.problems import sequential


@pytest.mark.parametrize("activation", HIDDEN_ACTIVATIONS.names())
@pytest.mark.parametrize("net", [(1, (), 1), (1, (5,), 3), (4, (16, 7), 1), (4, (33,), 2)])
@pytest.mark.parametrize("rows", [0, 1, BLOCK, 2 * BLOCK + 3])
def test_the_outputs_are_torchs(activation, net, rows):
    model, last_act = sequential(Net(*net, activation), 3), partial(torch.log_softmax, dim=-1)
    state = model.state_dict()
    x = torch.randn(rows, net[0], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = net_of(state, activation)
    assert found == Net(*net, activation)
    with torch.no_grad():
        expected = torch.log_softmax(model(x), -1)
    # Sums of at most 33 products of order 1 in float64, in another order.
    torch.testing.assert_close(outputs_of(found, state, last_act, x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"0.bias": None}, "no layers"),
        ({"1.weight": torch.zeros(2, 2)}, "no layers"),
        ({"2.weight": torch.zeros(3, 4)}, "layer 1 does not fit"),
        ({"0.weight": torch.zeros(5)}, "layer 0 does not fit"),
        ({"2.bias": torch.zeros(2)}, "layer 1 does not fit"),
    ],
)
def test_tensors_that_make_no_net_are_refused(change, message):
    state = dict(sequential(Net(4, (5,), 3), 0).state_dict()) | change
    with pytest.raises(ValueError, match=message):
        net_of({name: tensor for name, tensor in state.items() if tensor is not None}, "relu")


def test_no_tensors_make_no_net():
    with pytest.raises(ValueError, match="no layers"):
        net_of({}, "relu")
