"""How many cores a process takes."""

import sys

import pytest

from srcnn_cli import cores
from srcnn_cli.cores import usable_cores


@pytest.mark.parametrize(("value", "count"), [("1", 1), ("7", 7)])
def test_the_environment_says_how_many_cores_to_use(monkeypatch, value, count):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert usable_cores() == count


@pytest.mark.parametrize("value", ["", "0", "many", "-2", "4,2"])
def test_nonsense_in_the_environment_is_passed_over(monkeypatch, value):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    count = usable_cores()
    assert count >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert usable_cores() == count


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a core's cores")
def test_the_cores_of_a_core_count_once(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 4, 5, 6})
    monkeypatch.setattr(cores, "_siblings", lambda cpu: f"{cpu % 4},{cpu % 4 + 4}\n")
    assert usable_cores() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a core's cores")
def test_a_thread_of_which_linux_says_nothing_is_a_core():
    assert cores._siblings(10**6) == "1000000"


def groups(monkeypatch, tmp_path, files, own):
    """Let control groups lie in a folder, with files of these contents."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(cores, "_GROUPS", tmp_path)
    monkeypatch.setattr(cores, "_own_groups", lambda: own)


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
def test_a_container_is_given_no_more_cores_than_it_may_use_cores(
    monkeypatch, tmp_path, files, own, limit
):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(99)))
    monkeypatch.setattr(cores, "_siblings", str)
    groups(monkeypatch, tmp_path, files, own)
    assert usable_cores() == limit
