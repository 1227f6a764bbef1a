"""The one sentence: what it must say, and what it must not."""

from lossbench.record import Diagnostics
from lossbench.report.compare.analysis.comparison import compare
from tests.report.compare.planted import Planted, planted_record


def sentence(*losses, **options):
    return compare(planted_record((Planted("cross_entropy"), *losses), **options)).sentence


def test_a_winner_is_named_with_its_effect_and_interval():
    assert sentence(Planted("focal", gain=0.03)).startswith("On titanic, by accuracy, focal beats cross_entropy by 0.0")


def test_without_a_winner_it_says_that_none_beats_the_baseline():
    answer = sentence(Planted("mse", spread=0.001), Planted("gce", spread=0.015), Planted("l1", gain=-0.05))
    assert answer.startswith("On titanic, by accuracy, no loss beats cross_entropy: mse is within 0.01 of it (ROPE)")
    assert "gce is not distinguishable from it" in answer
    assert "l1 is worse by 0.0" in answer
    assert "equal" not in answer


def test_a_broken_pair_is_explained_by_what_was_measured():
    answer = sentence(
        Planted(
            "nll",
            gain=-0.2,
            last_act="relu",
            level="broken",
            diagnostics=Diagnostics(floor=0.0, members=5, members_below_floor=5, below_floor_from_epoch=3),
        )
    )
    assert "nll is broken (−0." in answer
    assert "fell below its floor of 0 from epoch 3 on (all 5 nets)" in answer


def test_a_failed_loss_is_said_in_one_line():
    answer = sentence(Planted("mine", status="failed", message="mine.py:3:\n TypeError: no"))
    assert answer.endswith("mine failed: mine.py:3: TypeError: no.")


def test_many_winners_are_counted():
    answer = sentence(Planted("a", gain=0.05), Planted("b", gain=0.06), Planted("c", gain=-0.05))
    assert "2 of 3 losses beat cross_entropy, most of all b by 0.0" in answer


def test_levels_of_noise_share_one_sentence():
    answer = sentence(Planted("mae", gain=0.05), noise=(0.0, 0.4))
    assert "with clean labels mae beats" in answer
    assert "with 40% symmetric label noise mae beats" in answer


def test_too_few_data_sets_are_said_once_and_promise_nothing():
    answer = sentence(Planted("l1", gain=-0.05), data=("a", "b"), noise=(0.0, 0.4))
    assert answer.count("nothing can be significant") == 1
    assert "no loss is more likely than not to be better than cross_entropy" in answer
    assert "promising" not in answer


def test_several_data_sets_are_summed_up():
    answer = sentence(Planted("focal", gain=0.05), data=("a", "b", "c"))
    assert answer.startswith("Over 3 data sets nothing can be significant")
    assert "focal on 3 of 3" in answer


def test_several_are_counted_and_all_of_them_are_said_as_such():
    open_ = [Planted(name, spread=0.02) for name in ("a", "b", "c")]
    assert "none of the 3 is distinguishable from it" in sentence(*open_)
    assert "2 of 3 are not distinguishable from it" in sentence(*open_[:2], Planted("l1", gain=-0.1))


def test_each_objective_is_named_by_its_first_loss():
    answer = sentence(
        Planted("nll", last_act="logsoftmax", group="b", gain=0.001, spread=0.02),
        Planted("kl_div", group="b", gain=0.001),
        Planted("ce2", group="cross_entropy"),
    )
    assert "kl_div has the same gradients as nll on 1,000 probes up to |z| = 1e4" in answer
    assert "ce2 has the same gradients as cross_entropy on 1,000 probes up to |z| = 1e4" in answer


def test_when_every_loss_failed_the_errors_are_named():
    record = planted_record((Planted("cross_entropy", status="failed", message="TypeError: no"),))
    assert (
        compare(record).sentence
        == "On titanic every loss failed, so nothing can be said: cross_entropy: TypeError: no."
    )


def test_the_losses_that_noise_costs_least_and_most_are_named_with_numbers_and_broken_ones_are_not_dropped():
    broken = Planted("nll", gain=-0.3, level="broken", last_act="relu")
    answer = sentence(Planted("a", spread=0.001), Planted("b", gain=-0.01), broken, noise=(0.0, 0.4))
    assert "from clean labels to 40% symmetric label noise cross_entropy loses 0.1" in answer
    assert "loses least (0." in answer
    assert "nll is broken" in answer


def test_one_comparison_needs_and_two_need():
    assert "1 comparison needs at least 6" in sentence(Planted("l1"), data=("a", "b"))


def test_a_loss_that_noise_alone_makes_diverge_is_said_with_its_level():
    record = planted_record((Planted("cross_entropy"), Planted("mse"), Planted("wild")), noise=(0.0, 0.4))
    for member in record.results[-1].members:
        member.status = "diverged"
    assert "with 40% symmetric label noise wild diverged on every split" in compare(record).sentence
