"""Outputs that are biases alone: their weights are 0 and stay so, whatever steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from statsmodels.miscmodels.ordinal_model import OrderedModel

from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Space, Task
from lossbench.engine.nets.mlp import initialised
from lossbench.engine.nets.state import net_of, population_of, state_of
from lossbench.engine.problem import Fold, Member, Net, Objective, Problem, SplitPart, Training
from lossbench.engine.solver.minimize import converge
from lossbench.engine.solver.owlqn import Rule
from lossbench.engine.training.train import train

NET = Net(inputs=3, hidden=(5,), outputs=4, thresholds=3)


def table(rows: int = 300, classes: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Grades of a score, of which the inputs say a part."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3))
    score = x @ [1.0, -0.5, 0.25] + rng.logistic(size=rows)
    return x, np.searchsorted(np.quantile(score, np.arange(1, classes) / classes), score)


def fold_of(x: np.ndarray, y: np.ndarray, classes: int = 5) -> Fold:
    truth = torch.as_tensor(y)
    target = (truth[:, None] > torch.arange(classes - 1)).float()
    return Fold(SplitPart(torch.as_tensor(x).float(), target, truth))


def test_thresholds_start_without_weights_and_with_the_biases_of_any_output():
    population = initialised(NET, [0, 7], torch.float32, torch.device("cpu"))
    plain = initialised(replace(NET, thresholds=0), [0, 7], torch.float32, torch.device("cpu"))
    assert bool((population.weights[-1][:, :, 1:] == 0).all())
    assert torch.equal(population.weights[-1][:, :, 0], plain.weights[-1][:, :, 0])
    assert torch.equal(population.biases[-1], plain.biases[-1])


@pytest.mark.parametrize("kernel", ["torch", "compiled"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_weights_of_thresholds_stay_0_while_their_biases_are_learnt(kernel, optimizer):
    problem = Problem(
        net=NET,
        folds=(fold_of(*table()),),
        members=(Member(0, lr=0.05, l1=1e-3, l2=1e-3, weight_decay=0.01), Member(1, lr=0.01)),
        objectives=(Objective(lambda z: z, LOSSES.get("coral").fn),),
        training=Training(epochs=3, batch_size=32, optimizer=optimizer, kernel=kernel),
    )
    trained = train(problem, evaluation="thresholds")
    start = initialised(NET, [0, 1], torch.float32, torch.device("cpu"))
    for member in range(2):
        state = trained.state(member)
        assert bool((state["2.weight"][1:] == 0).all())
        assert bool((state["2.bias"] != start.biases[-1][member, 0]).all())
        assert bool((state["2.weight"][0] != start.weights[-1][member, :5, 0]).all())


def test_a_net_that_goes_on_from_weights_drops_those_of_thresholds():
    state = state_of(initialised(replace(NET, thresholds=0), [3], torch.float32, torch.device("cpu")), 0)
    assert bool((population_of(NET, state).weights[-1][:, :, 1:] == 0).all())
    assert bool((population_of(net_of(state, "relu"), state).weights[-1][:, :5, 1:] != 0).all())


def test_without_hidden_layers_cumulative_link_is_the_proportional_odds_model_of_statsmodels():
    x, y = table()
    fold = fold_of(x, y)
    fold = replace(fold, train=replace(fold.train, x_ND=torch.as_tensor(x)))
    net = Net(inputs=3, hidden=(), outputs=4, thresholds=3)
    objective = Objective(lambda z: z, LOSSES.get("cumulative_link").fn)
    rule = Rule(tolerance=1e-8, decrease=1e-14, patience=300)
    found = converge(net, fold, objective, [Member(0)], rule=rule)
    model = OrderedModel(y, x, distr="logit").fit(method="bfgs", disp=False, gtol=1e-8, maxiter=500)
    # both stop where no derivative is above 1e-8, far nearer to the minimum than the six digits that are compared
    assert found.members[0].data_loss == pytest.approx(-model.llf / len(y), rel=1e-8)
    (out,) = found.outputs(torch.as_tensor(x))
    p = LOSSES.get("cumulative_link").decoder_on(Space.REAL, Task.ORDINAL)(out).probability_PNC
    np.testing.assert_allclose(p[0].numpy(), model.predict(), atol=1e-6)
