"""As many trials for every loss, with parameters of its own or without; what was given is not chosen."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lossbench.catalog.vocabulary import Task
from lossbench.config.commands.compare import CompareConfig
from lossbench.errors import UserError
from lossbench.experiments.compare.candidates import Candidate, select_candidates
from lossbench.experiments.compare.plan import plan
from lossbench.experiments.compare.time_estimate import estimate
from lossbench.experiments.compare.tuning.trials import Trial, budget, rates, trained, trials, tuned, tunes_params
from lossbench.record import CompareRecord
from lossbench.report.compare.analysis.comparison import compare as evidence_of
from lossbench.report.compare.members_csv import members_csv
from tests.experiments.compare.comparisons import blobs, config, finished, of_role


def candidates(losses: Any, *, task: Task = Task.BINARY, tune_params: bool = True) -> dict[str, Candidate]:
    found = select_candidates(config(losses=losses).losses, blobs(task=task.value), tune_params=tune_params).candidates
    return {candidate.name: candidate for candidate in found}


def param_sets(candidate: Candidate) -> list[dict[str, Any]]:
    return [candidate.params(i) for i in range(len(candidate.pairs))]


def test_a_loss_with_parameters_of_its_own_has_as_many_trials_as_one_without() -> None:
    chosen, found = CompareConfig(losses="ce,focal,sce,hinge"), candidates("ce,focal,sce,hinge")
    count = budget(chosen)
    assert count == 12
    each = {name: trials(chosen, candidate, 25, count) for name, candidate in found.items()}
    for tried in each.values():
        assert Counter(t.split for t in tried if t.counts) == dict.fromkeys(range(25), 12)
        assert len(tried) == 25 * trained(chosen, count)
    for name in ("focal", "sce"):
        assert {(t.lr, t.param_set) for t in each[name]} == {(lr, k) for lr in chosen.lrs for k in (0, 1)}
    assert {t.param_set for t in each["cross_entropy"]} == {0}
    own = sorted({t.lr for t in each["cross_entropy"]})
    assert (len(own), own[0], own[-1]) == (12, 1e-4, 3e-2)
    assert set(chosen.lrs) <= set(own)


def test_without_parameters_to_choose_the_rates_are_the_grid() -> None:
    chosen, found = config(tune_params="never"), candidates("ce,hinge,focal(gamma=3)")
    assert budget(chosen) == 2
    assert [t.lr for t in trials(chosen, found["focal(gamma=3)"], 1, 2)] == [1e-3, 1e-2]


def test_the_number_of_trials_does_not_depend_on_who_takes_part() -> None:
    assert plan(config(losses="ce,hinge")).trials == plan(config(losses="ce,hinge,focal")).trials == 4


def test_rates_in_between_halve_the_widest_gap() -> None:
    chosen = config(lrs=[1e-1, 1e-4, 1e-3])
    np.testing.assert_allclose(rates(chosen, 6), [1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2, 1e-1])
    assert rates(chosen, 3) == [1e-4, 1e-3, 1e-1]


def test_a_default_rate_beside_the_grid_is_one_more_trial_for_every_loss_that_cannot_be_chosen() -> None:
    chosen = config(optim={"lr": 2e-3})
    for candidate in candidates("ce,focal").values():
        tried = trials(chosen, candidate, 1, 4)
        assert [t for t in tried if not t.counts] == [Trial(0, 2e-3, 0, counts=False)]
        assert len(tried) == trained(chosen, 4) == 5


def test_given_parameters_are_not_chosen() -> None:
    found = candidates("focal,focal(gamma=3),multi_margin(margin=2),multi_margin(p=2),sce(beta=0.5),bi_tempered")
    assert param_sets(found["focal"]) == [{"gamma": 2.0}, {"gamma": 0.5}]
    assert param_sets(found["focal(gamma=3)"]) == [{}]
    assert param_sets(found["multi_margin(margin=2)"]) == [{"p": 1}, {"p": 2}]
    assert found["multi_margin(margin=2)"].pairs[1].loss.params == {"p": 2, "margin": 2.0}
    assert param_sets(found["multi_margin(p=2)"]) == [{}]
    assert param_sets(found["sce(beta=0.5)"]) == [{}]  # its two belong together
    assert param_sets(found["bi_tempered"]) == [{"t1": 0.8, "t2": 1.2}, {"t1": 0.2, "t2": 4.0}]
    assert tuned(list(found.values())).keys() == {"focal", "multi_margin(margin=2)", "bi_tempered"}


def test_a_default_that_is_given_is_not_chosen_either() -> None:
    (candidate,) = candidates("focal(gamma=2)").values()
    assert param_sets(candidate) == [{}]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, False),
        ({"losses": "ce,focal"}, True),
        ({"losses": "ce,focal", "lrs": [1e-3]}, False),
        ({"losses": "ce,focal", "tune_params": "never"}, False),
        ({"tune_params": "always"}, True),
    ],
)
def test_parameters_are_chosen_where_losses_are_named_or_the_config_says_so(
    other: dict[str, Any], expected: bool
) -> None:
    assert tunes_params(config(**other)) is expected


def test_choosing_parameters_at_a_single_rate_is_refused() -> None:
    with pytest.raises(UserError, match=r"tune_params: a loss without parameters .*; give two learning rates"):
        plan(config(losses="ce,focal", tune_params="always", lrs=[1e-3]))


def test_an_objective_that_may_be_chosen_is_not_that_of_its_default() -> None:
    losses = "huber,smooth_l1"
    fixed = candidates(losses, task=Task.REGRESSION, tune_params=False)
    assert {c.group for c in fixed.values()} == {"huber"}
    free = candidates(losses, task=Task.REGRESSION)
    assert {c.group for c in free.values()} == {"huber", "smooth_l1"}


# --- in a comparison ----------------------------------------------------------------------------------

NAMED = "ce,focal,focal(gamma=0),nll,kl_div"


@pytest.fixture(scope="module")
def record() -> CompareRecord:
    return finished(config(losses=NAMED, optim={"epochs": 3}))


def test_the_record_has_the_trials_that_were_declared_and_estimated(record: CompareRecord) -> None:
    planned = plan(config(losses=NAMED, optim={"epochs": 3}))
    assert planned.trials == record.protocol.trials == 4
    assert estimate(planned).members == 5 * 3 * (4 + 2)
    for run in record.results:
        splits = Counter((m.split["repeat"], m.split["fold"]) for m in of_role(run, "trial"))
        assert splits == {(0, 0): 4, (0, 1): 4, (0, 2): 4}
        assert len(of_role(run, "refit")) == len(of_role(run, "untuned")) == 3


def test_members_say_which_parameters_they_had(record: CompareRecord) -> None:
    focal = next(run for run in record.results if run.loss.label == "focal")
    assert {m.params["gamma"] for m in of_role(focal, "trial")} == {2.0, 0.5}
    for refit in of_role(focal, "refit"):
        (trial,) = (m for m in of_role(focal, "trial") if m.chosen and m.split == refit.split)
        assert (refit.lr, refit.params) == (trial.lr, trial.params)
    assert [(m.lr, m.params) for m in of_role(focal, "untuned")] == [(1e-3, {"gamma": 2.0})] * 3
    assert all(m.params == {} for run in record.results if run is not focal for m in run.members)
    head, *rows = members_csv(record).splitlines()
    place = head.split(",").index("param_gamma")
    assert {row.split(",")[place] for row in rows} == {"", "2.0", "0.5"}
    assert set(record.table().param_gamma.dropna()) == {2.0, 0.5}


def test_the_protocol_and_the_rows_say_what_was_chosen_from_and_what_was(record: CompareRecord) -> None:
    assert record.protocol.tuned_params == {"focal": [{"gamma": 2.0}, {"gamma": 0.5}]}
    (sentences,) = (line for line in record.protocol.text if "trials a split" in line)
    assert "4 trials" in sentences
    assert (
        "2 learning rates (0.001, 0.01) x 2 settings of its own parameters (focal: gamma=2 or gamma=0.5)" in sentences
    )
    (table,) = evidence_of(record).tables
    row = next(row for row in table.rows if row.name == "focal")
    assert row.params in {"gamma=2", "gamma=0.5"}
    assert row.params_share is not None
    assert row.params_share >= 0.5
    assert any(f"focal {row.params} (" in note for note in table.notes)
    assert all(other.params == "" for other in table.rows if other is not row)


def test_one_objective_ties_when_parameters_are_chosen(record: CompareRecord) -> None:
    first, *others = (run for run in record.results if run.loss.label != "focal")
    assert {run.loss.label for run in others} == {"focal(gamma=0)", "nll", "kl_div"}
    for other in others:
        assert other.objective.group == "cross_entropy"
        for a, b in zip(first.members, other.members, strict=True):
            assert (a.lr, a.split, a.role, a.epochs) == (b.lr, b.split, b.role, b.epochs)
            for metric in a.test.keys() & b.test.keys():
                assert b.test[metric] == pytest.approx(a.test[metric], abs=1e-6)


def test_without_choice_the_protocol_says_that_parameters_stay_as_they_are() -> None:
    for other, count, words in (
        ({"tune_params": "never"}, 2, "own parameters stay as they are"),
        ({"losses": "ce,hinge"}, 4, "no loss here has parameters of its own to choose"),
    ):
        sentences = plan(config(**{"losses": "ce,focal", **other})).protocol
        assert (sentences.trials, sentences.tuned_params) == (count, {})
        assert any(words in line for line in sentences.text)


PLANTED = """
import lossbench as lb

@lb.loss(
    targets={lb.Task.MULTICLASS: lb.Encoding.CLASS_INDEX}, sound=(lb.Space.REAL,), decode=lb.Decoder.SOFTMAX,
    reference="here", also_try={"way": 1.0}, floor=None,
)
def planted(z_BK, y_B, *, way: float = -1.0):
    "way * cross-entropy."
    return way * -z_BK.log_softmax(-1).gather(-1, y_B.unsqueeze(-1)).squeeze(-1)
"""


def test_a_planted_parameter_is_found(tmp_path: Path) -> None:
    """The default of a user's loss unlearns; its other setting is cross-entropy."""
    file = tmp_path / "planted.py"
    file.write_text(PLANTED)
    ce, planted = finished(config(losses=f"ce,{file}:planted", optim={"epochs": 10})).results
    assert [m.params for m in of_role(planted, "refit")] == [{"way": 1.0}] * 3
    assert [m.params for m in of_role(planted, "untuned")] == [{"way": -1.0}] * 3

    def accuracy(run: Any, role: str) -> float:
        return float(np.mean([m.test["accuracy"] for m in of_role(run, role)]))

    assert accuracy(planted, "refit") > accuracy(planted, "untuned") + 0.2
    assert accuracy(planted, "refit") == pytest.approx(accuracy(ce, "refit"), abs=0.1)
