"""The catalogue says of itself what is true of it, without loading what it does not need."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.describe.explain import loss_page, pair_page, penalty_page
from lossbench.catalog.describe.listing import activation_rows, loss_rows, metric_rows, penalty_rows
from lossbench.catalog.loss import LOSSES
from lossbench.catalog.vocabulary import Task
from lossbench.errors import UserError

LISTS_EVERYTHING = """
import sys
from lossbench.catalog import equivalence, decoders, metrics, targets
from lossbench.catalog.losses import domains
from lossbench.catalog.describe import explain
from lossbench.catalog.describe import listing
from lossbench.catalog.losses import row_operations as rows
from lossbench.catalog import verdicts
from lossbench.components import hidden_activations, optimizers, penalties, schedules
from lossbench.catalog.activations import ACTIVATIONS
from lossbench.catalog.loss import LOSSES
listing.loss_rows(), listing.activation_rows(), listing.metric_rows(), listing.penalty_rows()
for loss in LOSSES:
    explain.loss_page(loss)
    loss.bind(**loss.params)
    for activation in ACTIVATIONS:
        explain.pair_page(loss, activation)
print(*[m for m in ("torch", "numpy", "pandas", "scipy", "sklearn", "matplotlib") if m in sys.modules])
"""


def test_listing_and_explaining_everything_loads_no_heavy_library():
    done = subprocess.run([sys.executable, "-c", LISTS_EVERYTHING], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_table_has_a_line_for_each_entry_and_can_be_cut_to_a_task():
    assert [row.name for row in loss_rows()] == LOSSES.names()
    assert {row.name for row in loss_rows(Task.REGRESSION)} == {x.name for x in LOSSES if Task.REGRESSION in x.tasks}
    assert len(activation_rows()) == len(ACTIVATIONS)
    assert "auroc" not in {row.name for row in metric_rows(Task.REGRESSION)}
    assert [row.name for row in penalty_rows()] == ["l1", "l2", "elasticnet"]


def test_a_row_says_how_targets_are_coded_and_what_auto_is():
    row = next(row for row in loss_rows() if row.name == "mse")
    assert row.tasks == ("binary", "multiclass", "ordinal", "regression")
    assert row.target == "0/1 | one column a class, 0/1 | number, standardised"
    assert row.auto == ("sigmoid", "softmax", "identity")


def test_a_page_has_parameters_with_bounds_and_the_values_bound():
    page = loss_page(LOSSES.get("cross_entropy").bind(label_smoothing=0.1))
    assert page.name == "cross_entropy(label_smoothing=0.1)"
    assert page.abbreviations == ("ce",)
    (parameter,) = page.parameters
    assert (parameter.name, parameter.default, parameter.allowed) == ("label_smoothing", 0.1, ">= 0 and < 1")
    assert loss_page(LOSSES.get("cosine")).parameters[0].allowed == "own | all"


def test_a_page_says_width_and_verdicts_per_task():
    binary, multiclass = loss_page(LOSSES.get("l1")).tasks[:2]
    assert (binary.task, binary.outputs, binary.auto) == ("binary", "1", "sigmoid")
    assert (multiclass.outputs, multiclass.sound[0]) == ("one per class", "softmax")
    assert dict(binary.verdicts).keys() == set(ACTIVATIONS.names())
    assert loss_page(LOSSES.get("gaussian_nll")).tasks[0].outputs == "2"


def test_a_pair_is_explained_per_task_or_on_one():
    nll, relu = LOSSES.get("nll"), ACTIVATIONS.get("relu")
    assert [task for task, _ in pair_page(nll, relu).verdicts] == ["binary", "multiclass", "ordinal"]
    ((task, verdict),) = pair_page(nll, relu, Task.BINARY).verdicts
    assert (task, verdict.level) == ("binary", "broken")
    assert "falls without bound" in verdict.why
    with pytest.raises(UserError, match="nll supports binary and multiclass and ordinal, not regression"):
        pair_page(nll, relu, Task.REGRESSION)


def test_what_differs_between_tasks_is_said_of_the_task():
    facts = loss_page(LOSSES.get("hinge")).facts
    assert any(f.startswith("consistent") and f.endswith("(binary)") for f in facts)
    assert any(f.startswith("not consistent (multiclass, ordinal)") for f in facts)


def test_classes_in_an_order_are_said_to_be_as_unordered_ones_or_have_a_page_of_their_own():
    page = loss_page(LOSSES.get("nll"))
    assert [task.task for task in page.tasks] == ["binary", "multiclass"]
    assert page.on_order == "as multiclass: it does not see the order"
    (task,) = loss_page(LOSSES.get("corn")).tasks
    assert (task.task, task.outputs, task.auto) == ("ordinal", "one per class, but the last", "identity")
    assert loss_page(LOSSES.get("corn")).on_order == ""
    (task,) = loss_page(LOSSES.get("coral")).tasks
    assert task.outputs == "one per class, but the last; all but the first are biases without weights"
    assert loss_page(LOSSES.get("coral")).use.startswith("Use it when ")


def test_a_penalty_has_a_page_that_says_how_others_write_it():
    page = penalty_page("elastic_net")
    assert page is not None
    assert page.name == "elasticnet"
    elsewhere = dict(page.elsewhere)
    assert "C = 1 / (n alpha)" in elsewhere["LogisticRegression"]
    assert "its alpha = n alpha / 2" in elsewhere["Ridge"]
    assert "alpha / 2" in elsewhere["Lasso, ElasticNet"]
    assert "n alpha" in elsewhere["MLPClassifier"]
    assert {"weight decay", "AdamW"} <= set(elsewhere)
    assert penalty_page("hinge") is None
