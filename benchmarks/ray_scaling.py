"""How `srcnn upscale --ray` scales: simulated nodes, workers that only wait, and real work.

    python benchmarks/ray_scaling.py waits --workers 1 4 16 64 --seconds 0.1
    python benchmarks/ray_scaling.py real PICTURES --cores 2 --repeats 5

``waits`` puts files through the very loop that `srcnn upscale --ray` runs, on a cluster of nodes
that are processes of this machine, with workers that wait instead of enlarging. What is short of
``workers / seconds`` is the cost of handing out work, which no further worker makes good.

``real`` enlarges a folder in this process and on a local cluster with one worker for each core, in
turns, without the time it takes to start either, on one core or several. Beside the rates, which
suffer from whatever else runs on the machine, stands the processor time that a file took in all
processes.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from srcnn_cli.methods.base import Timing
from srcnn_cli.threads import set_threads
from srcnn_cli.upscaling.cluster_worker import Settings, Worker
from srcnn_cli.upscaling.dispatcher import Dispatcher
from srcnn_cli.upscaling.jobs import Job, plan_jobs
from srcnn_cli.upscaling.one_file import Done
from srcnn_cli.upscaling.restoring import Finding
from srcnn_cli.upscaling.run import Outcome, run_jobs
from srcnn_cli.upscaling.sizes import Size
from srcnn_cli.upscaling.task import Task
from srcnn_cli.upscaling.upscaler import Upscaler

_PER_NODE = 8


class Waiting:
    """Stands in for `Worker`; the model's name is the number of seconds that a file takes."""

    def __init__(self, settings: Settings, _task: Task, _device: str) -> None:
        self._seconds = float(settings.model)

    def ready(self) -> None:
        """There."""

    def run(self, job: Job, _again: bool) -> Outcome:  # noqa: FBT001 - as `Worker` has it
        """Wait."""
        time.sleep(self._seconds)
        nothing = Finding()
        done = Done(
            (1, 1), (2, 2), 0.0, Timing(), 0.0, [], 0, None, nothing, restored=False, notes=()
        )
        return Outcome(job, done)


class Gathered(Dispatcher):
    """Hands out the first file when all workers are there, and not before."""

    size = 1
    begun = 0.0
    spent = 0.0
    _before = 0.0

    def _hand_out(self, member: Any) -> None:  # noqa: ANN401 - private to the module
        if self.begun:
            super()._hand_out(member)
        elif sum(each.ready for each in self.members) == self.size:
            self._before = _processor_seconds()
            self.begun = time.perf_counter()
            for each in self.members:
                super()._hand_out(each)

    def rate(self) -> float:
        """Files a second, from the first that is handed out to the last answer."""
        try:
            for _ in self.outcomes():
                pass
            ended = time.perf_counter()
            self.spent = _processor_seconds() - self._before
            return len(self.jobs) / (ended - self.begun)
        finally:
            self.dismiss()


def waits(workers: list[int], seconds: list[float]) -> None:
    """Print a line for each number of workers and each wait."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 80 << 20},
    )
    ray.init(cluster.address, log_to_driver=False, logging_level=logging.CRITICAL)
    there = 0
    for count in sorted(workers):
        while there < count:
            more = min(_PER_NODE, count - there)
            cluster.add_node(num_cpus=more, object_store_memory=80 << 20)
            there += more
        for each in seconds:
            files = min(6000, max(60, int(15 * count / max(each, 0.002))))
            jobs = [Job(Path(f"{number}.png"), Path(f"{number}_x2.png")) for number in range(files)]
            dispatcher = Gathered(jobs, Task(Size(2)), Settings(model=str(each)), print, Waiting)
            dispatcher.size = count
            asked = time.perf_counter()
            reached = dispatcher.rate()
            ready = dispatcher.begun - asked
            ideal = count / each if each else float("inf")
            print(
                f"{count} workers on {len(cluster.worker_nodes)} nodes, {each:g} s a file, {files} "
                f"files: {reached:.1f} a second, {reached / ideal:.1%} of {ideal:.0f} "
                f"(ready after {ready:.1f} s)",
                flush=True,
            )
    ray.shutdown()
    cluster.shutdown()


def real(folder: Path, repeats: int, model: str, cores: int) -> None:
    """Print what both ways take, in turns, and the ratios."""
    import ray

    # Ray's own processes and its workers inherit it.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])
    os.environ.update({"RAY_worker_niceness": "0"})  # or the workers yield to everything else
    ray.init(
        "local",
        num_cpus=cores,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
    )
    set_threads(cores)
    task = Task(Size(2), overwrite=True)
    ways = ("plain", "Ray")
    rates: dict[str, list[float]] = {way: [] for way in ways}
    costs: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as out:
        jobs, _ = plan_jobs([folder], Path(out), 2)
        for turn in range(repeats + 1):
            upscaler = Upscaler(model, device="cpu")  # anew, as the workers are
            before, started = time.process_time(), time.perf_counter()
            for _ in run_jobs(jobs, task, upscaler, lambda *_: None):
                pass
            seconds = {"plain": time.perf_counter() - started}
            cost = {"plain": time.process_time() - before}
            dispatcher = Gathered(jobs, task, Settings(model, device="cpu"), print, Worker)
            dispatcher.size = min(cores, len(jobs))
            seconds["Ray"] = len(jobs) / dispatcher.rate()
            cost["Ray"] = dispatcher.spent
            if turn == 0:  # files and libraries are in the disk's cache from now on
                continue
            for way in ways:
                rates[way].append(len(jobs) / seconds[way])
                costs[way].append(cost[way] / len(jobs))
            now = {way: f"{rates[way][-1]:.2f} a second, {costs[way][-1]:.3f} s" for way in ways}
            print(now, flush=True)
    for what, found, digits in (("files a second", rates, 2), ("processor seconds", costs, 4)):
        plain, other = (statistics.median(found[way]) for way in ways)
        ratios = [b / a for a, b in zip(found["plain"], found["Ray"], strict=True)]
        print(
            f"{len(jobs)} files, {cores} cores, {what}: plain {plain:.{digits}f}, Ray "
            f"{other:.{digits}f}, ratio {statistics.median(ratios):.3f}"
        )
    ray.shutdown()


def _processor_seconds() -> float:
    """What this process and all that it started have computed so far, Ray's own processes too."""
    spent, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it is no more
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            process = int(folder.name)
            parents[process] = int(fields[1])
            spent[process] = sum(map(int, fields[11:15]))  # with what it waited for
    own = {os.getpid()}
    while more := {process for process, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(spent[process] for process in own) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    which = parser.add_subparsers(dest="which", required=True)
    waiting = which.add_parser("waits")
    waiting.add_argument("--workers", type=int, nargs="+", default=[1, 4, 16, 64])
    waiting.add_argument("--seconds", type=float, nargs="+", default=[0.1])
    working = which.add_parser("real")
    working.add_argument("folder", type=Path)
    working.add_argument("--repeats", type=int, default=5)
    working.add_argument("--model", default="subpixel-s")
    working.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    if given.which == "waits":
        waits(given.workers, given.seconds)
    else:
        real(given.folder, given.repeats, given.model, given.cores)
