"""Where networks can run on this machine, without importing torch as far as that is possible."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    import torch


def choose_device(name: str) -> torch.device:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: There is no such device here.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"unknown device {name!r}: use auto, cpu, cuda, cuda:N or mps") from None
    present = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if device.type not in present:
        raise UsageError(f"unknown device {name!r}: use auto, cpu, cuda, cuda:N or mps")
    if (device.index or 0) >= present[device.type]:
        raise UsageError(f"no device {name!r} on this machine (--device cpu always works)")
    return device


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 there."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001


# Without any of these torch finds no GPU: NVIDIA's driver, AMD's, Windows' for Linux, Jetson's.
_LINUX_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg", "/dev/nvmap")


def find_device(name: str) -> str:
    """The device for ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``, as torch names it.

    Torch, whose import takes most of a second, is asked only if it could find anything but a CPU.

    Raises:
        UsageError: There is no such device here.
    """
    if name == "cpu" or (name == "auto" and (not _may_have_gpu() or find_spec("torch") is None)):
        return "cpu"
    return str(choose_device(name))


def lacks_torch_for_gpu() -> bool:
    """Whether this machine seems to have a GPU that is not used for want of torch."""
    return _may_have_gpu() and find_spec("torch") is None


def _may_have_gpu() -> bool:
    if platform.system() == "Linux":
        return any(Path(driver).exists() for driver in _LINUX_DRIVERS)
    if platform.system() == "Windows":
        return Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "System32", "nvcuda.dll").exists()
    return platform.machine() == "arm64"  # Apple's own processors
