"""Jobs on threads: results in order, the first error out, and nothing left behind in the calling thread."""

import threading
import time

import pytest
import torch

from lossbench.engine.threads import in_threads

DENORMAL = 1e-40  # in float32, whose smallest normal number is 1.2e-38


def keeps_denormals():
    return bool(torch.tensor([DENORMAL]).mul(1.0).count_nonzero())


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_jobs(threads):
    def job(k):
        def work(stopped):
            time.sleep(0.002 * (3 - k))  # later jobs end first
            return k

        return work

    assert in_threads([job(k) for k in range(3)], threads) == [0, 1, 2]


def test_one_thread_is_the_callers_own():
    (thread,) = in_threads([lambda stopped: threading.current_thread()], 4)
    assert thread is threading.current_thread()


def test_an_error_stops_the_other_jobs_and_is_raised_when_all_have_ended():
    ended, begun, before = [], threading.Barrier(2), threading.active_count()

    def fails(stopped):
        begun.wait()
        raise ZeroDivisionError("mine")

    def waits(stopped):
        begun.wait()
        while not stopped():
            time.sleep(1e-3)
        ended.append(True)

    with pytest.raises(ZeroDivisionError, match="mine"):
        in_threads([fails, waits], 2)
    assert ended == [True]
    assert threading.active_count() == before


def test_jobs_within_jobs_are_told_to_stop_by_the_outermost():
    stop = threading.Event()

    def inner(stopped):
        stop.set()
        while not stopped():
            time.sleep(1e-3)
        return "stopped"

    def outer(stopped):
        return in_threads([inner, inner], 2, stopped)

    assert in_threads([outer, outer], 2, stop.is_set) == [["stopped"] * 2] * 2


@pytest.mark.parametrize("threads", [1, 2])
def test_jobs_flush_denormals_and_the_caller_computes_as_before(threads):
    def work(stopped):
        return keeps_denormals(), torch.is_grad_enabled(), torch.get_num_threads()

    torch.set_num_threads(2)
    before = keeps_denormals(), torch.is_grad_enabled(), torch.get_num_threads()
    assert before == (True, True, 2)
    assert in_threads([work, work], threads) == [(False, False, 1)] * 2
    assert (keeps_denormals(), torch.is_grad_enabled(), torch.get_num_threads()) == before


@pytest.mark.parametrize("threads", [1, 2])
def test_after_an_error_no_further_job_is_begun(threads):
    begun = []

    def fails(stopped):
        begun.append(True)
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        in_threads([fails] * 10, threads)
    assert len(begun) <= threads
