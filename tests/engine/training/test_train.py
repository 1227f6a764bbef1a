"""What the one training loop promises about curves, endings and events."""

import itertools
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.engine.problem import Fold, Member, Net, Objective, SplitPart
from lossbench.engine.training.trainer import population_size
from lossbench.errors import UserError
from lossbench.events import EpochEnded, MemberStopped
from tests.engine.problems import BRIER, CE, LOGISTIC, accuracy, fold, members, problem, same, trained

ABSOLUTE = Objective(lambda z: z, lambda out, t: (out - t).abs().squeeze(-1))
STILL = {"lr": 0.0}


def constant_zero(rows, ones):
    """A table whose inputs are all zero: a net without hidden layers puts out its bias for every row."""
    target = torch.zeros(rows, 1)
    target[list(ones)] = 1
    return SplitPart(torch.zeros(rows, 4), target, target[:, 0].long())


def test_losses_are_means_over_samples_not_over_batches():
    # 57 ones among 143 rows, 3 of them in the last batch of 15: the mean of batch means is (54/32 + 3/15) / 5 = 0.3775.
    ones = [*range(54), 128, 129, 130]
    table = constant_zero(143, ones)
    a = problem(
        [Member(seed=0, **STILL)],
        folds=[Fold(table, table)],
        net=Net(4, (), 1),
        objectives=[Objective(lambda z: z * 0, lambda out, t: (out - t).abs().squeeze(-1))],
        epochs=1,
    )
    ours, _ = trained(a)
    assert ours.members[0].val_loss[0] == pytest.approx(57 / 143, abs=1e-7)
    assert ours.members[0].train_loss[0] == pytest.approx(57 / 143, abs=1e-7)
    assert round(57 / 143, 4) == 0.3986
    assert round((54 / 32 + 3 / 15) / 5, 4) == 0.3775


def test_weights_weigh_losses_and_gradients():
    # Rows of weight 2 and 0 are the table with the first ones twice and the others gone.
    plain = fold(64, validation=0)
    half = SplitPart(*(t[:32] for t in (plain.train.x_ND, plain.train.target, plain.train.truth_N)))
    doubled = SplitPart(*(torch.cat([t, t]) for t in (half.x_ND, half.target, half.truth_N)))
    weight = torch.cat([torch.full((32,), 2.0), torch.zeros(32)])
    how = {"batch_size": None, "epochs": 5, "dtype": torch.float64}
    weighted, _ = trained(problem(members(1), folds=[Fold(plain.train, None, weight)], **how))
    repeated, _ = trained(problem(members(1), folds=[Fold(doubled)], **how))
    assert weighted.members[0].train_loss == pytest.approx(repeated.members[0].train_loss, abs=1e-12)
    for name, value in weighted.state(0).items():
        torch.testing.assert_close(value, repeated.state(0)[name])


def test_a_loss_of_whole_batches_gets_exact_rows_and_weights():
    seen = []

    def loss(out, t, weight):
        seen.append((tuple(out.shape[1:]), tuple(t.shape[1:]), tuple(weight.shape[1:])))
        return ((out - t).squeeze(-1) ** 2 * weight).mean(1)

    batch, _ = trained(problem(members(2), objectives=[Objective(torch.sigmoid, loss, per="batch")], epochs=2))
    sample, _ = trained(problem(members(2), objectives=[BRIER], epochs=2))
    assert set(seen) == {((n, 1), (n, 1), (n,)) for n in (32, 5, 37)}  # 101 rows by 32, and 37 of validation
    for k in range(2):  # float32: the mean over a batch is summed by another kernel
        assert batch.members[k].train_loss == pytest.approx(sample.members[k].train_loss, abs=1e-6)
        assert batch.members[k].val_loss == pytest.approx(sample.members[k].val_loss, abs=1e-6)


def test_statistics_reach_the_losses_that_ask():
    counts = [torch.tensor([3.0, 5.0, 8.0]), torch.tensor([1.0, 1.0, 9.0])]
    tables = [
        Fold(f.train, f.validation, None, {"counts": c}) for f, c in zip([fold(classes=3)] * 2, counts, strict=True)
    ]

    def loss(out, t, counts):
        assert counts.shape[1:] == (1, 3)
        return (out * 0).sum(-1) + counts[..., 2].expand(t.shape)

    a = problem(
        [Member(seed=0, fold=1), Member(seed=0, fold=0)],
        folds=tables,
        net=Net(4, (8,), 3),
        objectives=[Objective(lambda z: z, loss, statistics=("counts",))],
    )
    ours, _ = trained(a)
    assert [m.train_loss[-1] for m in ours.members] == [9.0, 8.0]


def test_folds_of_different_sizes_train_together():
    tables = [fold(101, validation=37), fold(102, validation=36), fold(101, validation=37, seed=5)]
    crowd = [Member(seed=s, fold=s % 3) for s in range(6)]
    ours, events = trained(problem(crowd, folds=tables, epochs=2), chunk=3)
    assert [m.status for m in ours.members] == ["ok"] * 6
    ended = [m for e in events for m in e.members]
    assert sorted(ended) == sorted(list(range(6)) * 2)


def test_events_say_what_the_outcomes_hold():
    ours, events = trained(problem(members(5), epochs=4), chunk=2, threads=2)
    curves = {m: [] for m in range(5)}
    for event in events:
        assert isinstance(event, EpochEnded)
        assert event.evaluation == "a run"
        for m, *values in zip(event.members, event.train_loss, event.val_loss, event.val_score, strict=True):
            assert len(curves[m]) == event.epoch - 1
            curves[m].append(values)
    for m, outcome in enumerate(ours.members):
        assert same(np.array(curves[m]), np.stack([outcome.train_loss, outcome.val_loss, outcome.val_score], 1))
        assert (outcome.status, outcome.epochs) == ("ok", 4)


def test_without_a_validation_part_its_curves_are_nan_and_no_epoch_is_best():
    ours, _ = trained(problem(members(2), folds=[fold(validation=0)]))
    assert np.isnan(ours.members[0].val_loss).all()
    assert np.isnan(ours.members[0].val_score).all()
    assert ours.members[0].best_epoch is None


def test_the_loss_of_a_validation_part_can_be_left_out():
    whole = problem(members(2))
    (with_loss, _), (without, _) = trained(whole), trained(replace(whole, has_val_loss=False))
    for own, other in zip(with_loss.members, without.members, strict=True):
        assert np.isnan(other.val_loss).all()
        assert np.isfinite(own.val_loss).all()
        assert same(own.val_score, other.val_score)
        assert same(own.train_loss, other.train_loss)


def test_a_shrinking_chunk_has_few_sizes():
    allowed = sorted({2**k for k in range(11)} | {3 * 2**k for k in range(10)})
    for staying in range(1, 1025):
        assert population_size(staying) == min(size for size in allowed if size >= staying)


def scripted(*scores):
    """A validation score that follows a script, whatever was learnt."""
    script = itertools.chain(scores, itertools.repeat(scores[-1]))
    return lambda out, truth, folds, objectives: out.new_full((len(out),), next(script))


def test_training_stops_after_so_many_epochs_without_a_better_score():
    a = problem(members(1), score=scripted(0.1, 0.5, 0.5, 0.4, 0.9), epochs=9, patience=2)
    ours, events = trained(a)
    assert (ours.members[0].epochs, ours.members[0].best_epoch, ours.members[0].status) == (4, 2, "ok")
    assert events[-1] == MemberStopped("a run", 0, 4, "early_stopping")


def test_lower_can_be_better_and_small_gains_may_not_count():
    a = problem(members(1), score=scripted(0.9, 0.5, 0.45, 0.3), better="lower", epochs=4, min_delta=0.1)
    assert trained(a)[0].members[0].best_epoch == 4
    a = problem(members(1), score=scripted(0.9, 0.5, 0.45, 0.44), better="lower", epochs=4, min_delta=0.1)
    assert trained(a)[0].members[0].best_epoch == 2


def test_the_best_weights_survive_when_asked_for():
    script = (0.1, 0.5, 0.2, 0.3)
    best, _ = trained(problem(members(1), score=scripted(*script), epochs=4, keep="best"))
    until_then, _ = trained(problem(members(1), epochs=2))
    last, _ = trained(problem(members(1), score=scripted(*script), epochs=4))
    to_the_end, _ = trained(problem(members(1), epochs=4))
    for name in best.state(0):
        assert torch.equal(best.state(0)[name], until_then.state(0)[name])
        assert torch.equal(last.state(0)[name], to_the_end.state(0)[name])


def test_members_have_their_own_epochs():
    ours, _ = trained(problem([Member(seed=1, epochs=2), Member(seed=1), Member(seed=1, epochs=1)], epochs=4))
    assert [m.epochs for m in ours.members] == [2, 4, 1]
    alone, _ = trained(problem([Member(seed=1)], epochs=2))
    for name, value in ours.state(0).items():
        assert torch.equal(value, alone.state(0)[name])


def test_a_member_that_diverges_is_stopped_and_said_so():
    a = problem([Member(seed=0), Member(seed=1, lr=1e38)], epochs=5)
    ours, events = trained(a)
    assert [m.status for m in ours.members] == ["ok", "diverged"]
    stops = [e for e in events if isinstance(e, MemberStopped)]
    assert stops == [MemberStopped("a run", 1, ours.members[1].epochs, "diverged")]
    assert ours.members[1].epochs < 5
    assert ours.members[0].epochs == 5


def test_a_loss_that_only_falls_is_no_divergence():
    # nll on anything but log-probabilities has no floor; that is evidence for the verdict, not a failure of the run.
    falling = Objective(torch.relu, lambda out, t: -out.gather(-1, t.unsqueeze(-1)).squeeze(-1))
    a = problem(members(2, lr=0.1), folds=[fold(classes=3)], net=Net(4, (16,), 3), objectives=[falling], epochs=20)
    ours, _ = trained(a)
    assert [m.status for m in ours.members] == ["ok", "ok"]
    assert ours.members[0].train_loss[-1] < -100


def test_a_stopped_training_leaves_valid_outcomes():
    seen, a = [], problem(members(6), epochs=10_000)
    ours, _ = trained(a, threads=2, chunk=2, emit=seen.append, stopped=lambda: len(seen) >= 7)
    assert {m.status for m in ours.members} == {"interrupted"}
    assert max(m.epochs for m in ours.members) >= 1
    for m in range(6):
        assert len(ours.members[m].train_loss) == ours.members[m].epochs
        assert all(v.isfinite().all() for v in ours.state(m).values())
    assert all(out.isfinite().all() for out in ours.outputs([a.folds[0].train.x_ND]))


def test_a_training_stopped_before_it_began_has_the_initial_nets():
    ours, events = trained(problem(members(2)), stopped=lambda: True)
    assert events == []
    assert [(m.status, m.epochs) for m in ours.members] == [("interrupted", 0)] * 2
    untouched, _ = trained(problem(members(2, lr=0.0), epochs=1))
    for name, value in ours.state(1).items():
        assert torch.equal(value, untouched.state(1)[name])


def test_what_a_loss_raises_comes_out_after_all_threads_have_ended():
    calls = itertools.count()

    def loss(out, t):
        if next(calls) == 50:
            raise ZeroDivisionError("mine")
        return (out - t).squeeze(-1) ** 2

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="mine"):
        trained(problem(members(6), objectives=[Objective(lambda z: z, loss)], epochs=1000), threads=2, chunk=2)
    assert threading.active_count() == before


def test_a_listener_that_fails_ends_the_threads():
    def fail(event):
        raise ZeroDivisionError("the listener's")

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="the listener's"):
        trained(problem(members(4), epochs=10_000), threads=2, chunk=2, emit=fail)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("loss", "complaint"),
    [
        (lambda out, t: (out - t).pow(2).mean(), "one value per sample"),
        (lambda out, t: (out - t).pow(2), "one value per sample"),
        (lambda out, t: torch.zeros(t.shape[:2]), "does not depend on the outputs"),
    ],
)
def test_a_loss_that_cannot_be_trained_is_a_users_mistake(loss, complaint):
    with pytest.raises(UserError, match=complaint):
        trained(problem(members(2), objectives=[Objective(lambda z: z, loss)]))


def test_folds_that_share_a_table_are_not_copied():
    table = torch.randn(3000, 4, generator=torch.Generator().manual_seed(0))
    target = torch.zeros(3000, 1)
    folds = [Fold(SplitPart(table, target.clone(), target[:, 0].long())) for _ in range(4)]
    seen = []

    def watching(out, t):
        seen.append(torch.as_tensor(0))
        return (out - t).squeeze(-1) ** 2

    from lossbench.engine.problem import moved

    a = problem([Member(seed=0, fold=k) for k in range(4)], folds=folds, objectives=[Objective(lambda z: z, watching)])
    assert all(f.train.x_ND is table for f in moved(a, torch.device("cpu")).folds)
    other = problem(a.members, folds=folds, dtype=torch.float64)
    assert len({id(f.train.x_ND) for f in moved(other, torch.device("cpu")).folds}) == 1


def test_outputs_come_per_member_for_its_own_fold():
    a = problem(
        [Member(seed=0, fold=1), Member(seed=0, fold=0)], folds=[fold(seed=0), fold(seed=1)], objectives=[BRIER]
    )
    ours, _ = trained(a)
    xs = [torch.randn(5, 4), torch.randn(9, 4)]
    outs = ours.outputs(xs)
    assert [tuple(out.shape) for out in outs] == [(9, 1), (5, 1)]
    assert all(((out >= 0) & (out <= 1)).all() for out in outs)


def test_the_callers_thread_count_is_as_before():
    torch.set_num_threads(2)
    trained(problem(members(2)))
    assert torch.get_num_threads() == 2


def test_a_score_of_all_objectives_together_names_each_members_own():
    seen = []

    def score(out, truth, folds, objectives):
        seen.append((len(out), list(folds), list(objectives)))
        return accuracy(out, truth, folds, objectives)

    a = problem(
        [Member(seed=0, objective=1), Member(seed=1, objective=0, fold=1)],
        folds=[fold(seed=0), fold(seed=1)],
        objectives=[LOGISTIC, ABSOLUTE],
        score=score,
        epochs=1,
    )
    trained(a, chunk=2)
    ((count, folds, objectives),) = seen
    assert len(folds) == len(objectives) == count
    assert (folds[:2], objectives[:2]) == ([1, 0], [0, 1])


def test_ten_classes_are_learnt():
    a = problem(
        members(2, lr=1e-2),
        folds=[fold(300, classes=5)],
        net=Net(4, (32,), 5),
        objectives=[CE],
        epochs=30,
        batch_size=16,
    )
    ours, _ = trained(a)
    assert ours.members[0].train_loss[-1] < 0.7 * ours.members[0].train_loss[0]
