"""Where networks run."""

import subprocess
import sys

import pytest
import torch

from srcnn_cli.engines import devices
from srcnn_cli.engines.devices import find_device
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


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the drivers of Linux")
@pytest.mark.parametrize(("driver", "torch_there"), [(d, t) for d in (0, 1) for t in (0, 1)])
def test_a_gpu_goes_unused_for_want_of_torch_alone(monkeypatch, tmp_path, driver, torch_there):
    monkeypatch.setattr(devices, "_LINUX_DRIVERS", (str(tmp_path),) if driver else ())
    monkeypatch.setattr(devices, "find_spec", lambda _: torch_there or None)
    assert devices.lacks_torch_for_gpu() == (driver and not torch_there)
