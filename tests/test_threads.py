"""The threads of the process: how many there are, and how they share work."""

import sys
import threading
import time

import pytest

from srcnn_cli import threads
from srcnn_cli.threads import Crew, usable_cores


@pytest.mark.parametrize(("value", "cores"), [("1", 1), ("7", 7)])
def test_the_environment_says_how_many_cores_to_use(monkeypatch, value, cores):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert usable_cores() == cores


@pytest.mark.parametrize("value", ["", "0", "many", "-2", "4,2"])
def test_nonsense_in_the_environment_is_passed_over(monkeypatch, value):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = usable_cores()
    assert cores >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert usable_cores() == cores


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a core's threads")
def test_the_threads_of_a_core_count_once(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 4, 5, 6})
    monkeypatch.setattr(threads, "_siblings", lambda cpu: f"{cpu % 4},{cpu % 4 + 4}\n")
    assert usable_cores() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a core's threads")
def test_a_thread_of_which_linux_says_nothing_is_a_core():
    assert threads._siblings(10**6) == "1000000"


def groups(monkeypatch, tmp_path, files, own):
    """Let control groups lie in a folder, with files of these contents."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(threads, "_GROUPS", tmp_path)
    monkeypatch.setattr(threads, "_own_groups", lambda: own)


@pytest.mark.parametrize(
    ("files", "own", "limit"),
    [
        ({"cpu.max": "200000 100000\n"}, "0::/\n", 2),
        ({"cpu.max": "max 100000\n"}, "0::/\n", 99),
        ({"a/cpu.max": "max 100000", "a/b/cpu.max": "150000 50000"}, "0::/a/b\n", 3),
        ({"a/cpu.max": "100000 100000", "a/b/cpu.max": "300000 100000"}, "0::/a/b\n", 1),
        ({"cpu/a/cpu.cfs_quota_us": "50000", "cpu/a/cpu.cfs_period_us": "100000"},
         "4:memory:/z\n3:cpu,cpuacct:/a\n", 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "1:cpu:/\n", 99),
        ({}, "", 99),
    ],
)  # fmt: skip
@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says")
def test_a_container_is_given_no_more_threads_than_it_may_use_cores(
    monkeypatch, tmp_path, files, own, limit
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(99)))
    monkeypatch.setattr(threads, "_siblings", str)
    groups(monkeypatch, tmp_path, files, own)
    assert usable_cores() == limit


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
