"""The threads of the process: how many there are, and how they share work."""

import threading
import time

import pytest

from srcnn_cli.threads import Crew


@pytest.mark.parametrize("size", [1, 2, 5])
def test_results_come_in_order_whoever_computes_them(size):
    def square(value):
        time.sleep(0.001 * (value % 3))
        return value * value

    assert list(Crew(size).map(square, range(40))) == [value * value for value in range(40)]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_no_more_than_its_threads_are_ever_at_work(size):
    crew = Crew(size)
    lock, working, most = threading.Lock(), 0, 0

    def work(_):
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        time.sleep(0.002)
        with lock:
            working -= 1

    def several():
        with crew.member():
            work(None)
            list(crew.map(work, range(6)))

    callers = [threading.Thread(target=several) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(10)
    assert working == 0
    assert most == size


def test_the_calling_thread_works_too():
    names = set(
        Crew(2).map(lambda _: time.sleep(0.01) or threading.current_thread().name, range(9))
    )
    assert threading.current_thread().name in names
    assert len(names) == 2


def test_only_a_few_items_are_begun_before_their_results_are_fetched():
    begun = []
    results = Crew(2).map(begun.append, range(1000))
    for fetched in range(100):
        next(results)
        assert len(begun) <= fetched + 1 + 3 * 2 + 2
    results.close()
    count = len(begun)
    time.sleep(0.01)
    assert len(begun) == count  # nobody goes on


def test_an_exception_is_raised_to_who_asked_once_nothing_is_at_work_any_more():
    working = []

    def work(value):
        working.append(value)
        try:
            time.sleep(0.005)
            if value == 3:
                raise ValueError("three")
        finally:
            working.remove(value)

    crew = Crew(3)
    with pytest.raises(ValueError, match="three"):
        list(crew.map(work, range(50)))
    assert working == []
    assert list(crew.map(abs, [-1, 2])) == [1, 2]  # and the crew goes on


def test_work_within_work_ends():
    crew = Crew(2)

    def outer(value):
        return sum(crew.map(lambda inner: value * inner, range(5)))

    assert list(crew.map(outer, range(6))) == [10 * value for value in range(6)]


def test_members_share_the_threads():
    crew = Crew(5)
    assert crew.share == 5
    with crew.member():
        assert crew.share == 5
        second = threading.Event()

        def work():
            with crew.member():
                second.set()
                done.wait(10)

        done = threading.Event()
        other = threading.Thread(target=work)
        other.start()
        assert second.wait(10)
        assert crew.share == 2
        done.set()
        other.join(10)
        assert crew.share == 5


def test_more_members_than_threads_have_one_each():
    crew = Crew(1)
    with crew.member(), crew.resting(), crew.member():
        assert crew.share == 1
