"""The clock of a search: what it counts, and what it does not."""

import threading
import time

import numba
import pytest

from spatial.errors import InputError
from spatial.siting.answer import Effort, Watch


def fresh_loop():
    """A loop that nothing has compiled yet."""

    @numba.njit
    def loop(n):
        total = 0.0
        for i in range(n):
            total += i**0.5
        return total

    return loop


def test_the_time_in_which_a_loop_is_compiled_is_not_counted():
    loop, watch = fresh_loop(), Watch(Effort(seconds=1000))
    begun = time.perf_counter()
    loop(3)
    took_s = time.perf_counter() - begun
    assert 1000 - watch.left_s < 0.5 * took_s


def test_the_time_of_a_compiled_loop_and_of_waiting_is_counted():
    loop = fresh_loop()
    loop(3)
    watch = Watch(Effort(seconds=1000))
    begun = time.perf_counter()
    loop(10_000_000)
    time.sleep(0.02)
    took_s = time.perf_counter() - begun
    assert 1000 - watch.left_s >= took_s


def test_what_another_thread_compiles_counts_for_whoever_does_not_wait_for_it():
    watch = Watch(Effort(seconds=1000))
    begun = time.perf_counter()
    other = threading.Thread(target=fresh_loop(), args=(3,))
    other.start()
    other.join()
    assert 1000 - watch.left_s >= time.perf_counter() - begun - 0.01


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"gap_share": 1.0}, {"seed": -1}])
def test_an_effort_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Effort(**wrong)
