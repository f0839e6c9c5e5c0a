"""How many processor cores this process may compute with."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def usable_cores() -> int:
    """How many cores this process may use.

    OMP_NUM_THREADS says it. Without it, it is one for each physical core that the process may be
    scheduled on, and no more than its control group (a container's limit) pays for.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    if platform.system() != "Linux":
        return os.cpu_count() or 1
    cores = len({_siblings(cpu) for cpu in os.sched_getaffinity(0)})
    return max(1, round(min(cores, _quota())))


def _siblings(cpu: int) -> str:
    """The threads of the core that a thread belongs to, as Linux lists them."""
    try:
        return Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


_GROUPS = Path("/sys/fs/cgroup")


def _quota() -> float:
    """The processors that the control group of this process may use at once, as Linux says it.

    Within a container the group is the root of what can be seen, without one it lies below.
    """
    folders = {_GROUPS, _GROUPS / "cpu"}
    for line in _own_groups().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "" or "cpu" in controllers.split(","):
            folder = _GROUPS / ("cpu" if controllers else "") / path.strip("/")
            folders |= {folder, *folder.parents}
    return min(map(_quota_in, folders))


def _own_groups() -> str:
    """Lines of ``number:controllers:path``; version 2 has one, of number 0."""
    try:
        return Path("/proc/self/cgroup").read_text()
    except OSError:
        return ""


def _quota_in(folder: Path) -> float:
    """The limit that one group sets: of cgroups version 2, else of version 1."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        except OSError:
            return float("inf")
    try:
        return int(quota) / int(period) if int(quota) > 0 else float("inf")
    except ValueError:  # "max"
        return float("inf")
