"""Where networks run, and on how many cores."""

import subprocess
import sys

import pytest
import torch

from srcnn_cli.engines import devices
from srcnn_cli.engines.devices import cpu_cores, find_device
from srcnn_cli.errors import UsageError

NO_TORCH = """
import sys
from srcnn_cli.engines import devices
devices._LINUX_DRIVERS = ()
print([devices.find_device(name) for name in sys.argv[1:]], "torch" in sys.modules)
"""


def test_the_cpu_is_always_there():
    assert find_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["", "gpu", "cuda:99", "cpu:1", "meta", "xpu"])
def test_devices_that_are_not_there_are_refused(name):
    with pytest.raises(UsageError):
        find_device(name)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the drivers of Linux")
def test_without_a_driver_torch_is_not_asked():
    done = subprocess.run(
        [sys.executable, "-c", NO_TORCH, "cpu", "auto"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['cpu', 'cpu'] False"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the drivers of Linux")
@pytest.mark.parametrize(("present", "expected"), [(True, "cuda"), (False, "cpu")])
def test_with_a_driver_torch_decides(monkeypatch, tmp_path, present, expected):
    monkeypatch.setattr(devices, "_LINUX_DRIVERS", ("/dev/no-such-driver", str(tmp_path)))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert find_device("auto") == expected


@pytest.mark.parametrize(
    ("system", "machine", "driver", "asked"),
    [
        ("Windows", "AMD64", True, True),
        ("Windows", "AMD64", False, False),
        ("Darwin", "arm64", False, True),
        ("Darwin", "x86_64", False, False),
    ],
)
def test_on_other_systems_torch_is_asked_where_it_could_find_one(
    monkeypatch, tmp_path, system, machine, driver, asked
):
    (tmp_path / "System32").mkdir()
    if driver:
        (tmp_path / "System32" / "nvcuda.dll").touch()
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert devices._may_have_gpu() is asked


@pytest.mark.parametrize(("value", "cores"), [("1", 1), ("7", 7)])
def test_the_environment_says_how_many_cores_to_use(monkeypatch, value, cores):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert cpu_cores() == cores


@pytest.mark.parametrize("value", ["", "0", "many", "-2", "4,2"])
def test_nonsense_in_the_environment_is_passed_over(monkeypatch, value):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    cores = cpu_cores()
    assert cores >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert cpu_cores() == cores


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a core's threads")
def test_the_threads_of_a_core_count_once(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 4, 5, 6})
    monkeypatch.setattr(devices, "_siblings", lambda cpu: f"{cpu % 4},{cpu % 4 + 4}\n")
    assert cpu_cores() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux says of a core's threads")
def test_a_thread_of_which_linux_says_nothing_is_a_core():
    assert devices._siblings(10**6) == "1000000"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the drivers of Linux")
@pytest.mark.parametrize(("driver", "torch_there"), [(d, t) for d in (0, 1) for t in (0, 1)])
def test_a_gpu_goes_unused_for_want_of_torch_alone(monkeypatch, tmp_path, driver, torch_there):
    monkeypatch.setattr(devices, "_LINUX_DRIVERS", (str(tmp_path),) if driver else ())
    monkeypatch.setattr(devices, "find_spec", lambda _: torch_there or None)
    assert devices.lacks_torch_for_gpu() == (driver and not torch_there)
