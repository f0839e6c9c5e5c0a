"""Many files on all threads: while one is read, another is enlarged or written."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.process import peak_memory_mb
from srcnn_cli.threads import crew
from srcnn_cli.upscaling.one_file import levels_to_undo, upscale_file
from srcnn_cli.upscaling.opening import open_file
from srcnn_cli.upscaling.stages import target_size

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from concurrent.futures import Future

    from srcnn_cli.models.networks.base import BorderPolicy
    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.one_file import Done
    from srcnn_cli.upscaling.task import Task
    from srcnn_cli.upscaling.upscaler import Upscaler

# Failures that no other file would be spared.
HOPELESS = (ModelError, UsageError, ModuleNotFoundError)

# Pixels of results that are in memory at a time, but for a single one that has more.
_PIXELS_AT_ONCE = 1 << 24

# Seconds between two looks at how far the files are.
_BETWEEN_LOOKS = 0.1


@dataclass
class Outcome:
    """What became of a file.

    Attributes:
        job: The file.
        done: The result; None if there is none.
        error: Why there is none.
        load_seconds: What the first file waited for weights.
        device: Where the networks ran.
        engine: What ran them.
        precision: What they computed in.
        border: The border policy of the last one; None if none was run.
        peak_memory_mb: The most memory that the process has held so far, if the system tells.
    """

    job: Job
    done: Done | None = None
    error: Exception | None = None
    load_seconds: float = 0.0
    device: str = ""
    engine: str = ""
    precision: str = ""
    border: BorderPolicy | None = None
    peak_memory_mb: float | None = None


def run_jobs(
    jobs: Sequence[Job],
    task: Task,
    upscaler: Upscaler,
    progress: Callable[[int, Sequence[float]], object],
    *,
    at_once: int | None = None,
) -> Generator[Outcome]:
    """Enlarge files, several at a time.

    Args:
        jobs: The files.
        task: What to do with each.
        upscaler: What enlarges them.
        progress: Told, by the calling thread, the number of the oldest file that is not done yet,
            from 0, and the share of each file that is done.
        at_once: Files that are worked on; None: as many as there are threads. The memory for their
            results is limited in any case.

    Yields:
        What became of each, in their order.
    """
    at_once = min(len(jobs), at_once or crew().size)
    shares = [0.0] * len(jobs)
    if at_once < 2:
        for number, job in enumerate(jobs):
            progress(number, shares)

            def show(share: float, number: int = number) -> None:
                shares[number] = share
                progress(number, shares)

            yield run_job(job, task, upscaler, show)
            shares[number] = 1.0
        return
    from concurrent.futures import ThreadPoolExecutor, wait  # not for a single file

    room = _Room()

    def work(number: int) -> Outcome:
        def show(share: float) -> None:
            shares[number] = share

        with crew().member():
            outcome = run_job(jobs[number], task, upscaler, show, room)
        shares[number] = 1.0
        return outcome

    pool = ThreadPoolExecutor(at_once, "srcnn-file")
    waiting: deque[Future[Outcome]] = deque()
    try:
        for oldest in range(len(jobs)):
            while len(waiting) <= at_once and oldest + len(waiting) < len(jobs):
                waiting.append(pool.submit(work, oldest + len(waiting)))
            first = waiting.popleft()
            while not first.done():
                progress(oldest, shares)
                wait([first], _BETWEEN_LOOKS)
            yield first.result()
    finally:
        pool.shutdown(cancel_futures=True)


def run_job(
    job: Job,
    task: Task,
    upscaler: Upscaler,
    show: Callable[[float], object] | None = None,
    room: _Room | None = None,
) -> Outcome:
    """Enlarge a file, and never fail: what goes wrong is a part of what became of it."""
    load_seconds = 0.0
    room = room or _Room()
    try:
        opened = open_file(job, task)
        height, width = opened.picture.pixels.shape[:2]
        height, width = target_size(height, width, opened.scale)
        with room.taken(height * width):
            # Only now: a mistyped name should not wait for torch or the weights.
            started = time.perf_counter()
            upscaler.load(opened.scale, levels_to_undo(opened, upscaler))
            load_seconds = time.perf_counter() - started
            done = upscale_file(opened, task, upscaler, show)
    except Exception as error:  # noqa: BLE001 - even a bug of ours stops one file only
        return Outcome(job, error=error)
    return outcome_of(job, done, upscaler, load_seconds)


def outcome_of(job: Job, done: Done, upscaler: Upscaler, load_seconds: float = 0.0) -> Outcome:
    """A file that was done in this process."""
    return Outcome(
        job,
        done,
        load_seconds=load_seconds,
        device=upscaler.device,
        engine=upscaler.engine_for(done.stages, done.undone),
        precision=upscaler.precision_for(done.stages, done.undone),
        border=upscaler.border_of(done.stages),
        peak_memory_mb=peak_memory_mb(),
    )


class _Room:
    """Memory for results, in pixels, that several threads share."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = 0

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Have so many to oneself; wait for them if need be, and let others compute meanwhile."""
        if not self._take(pixels, timeout=0):
            with crew().resting():
                self._take(pixels)
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()

    def _take(self, pixels: int, timeout: float | None = None) -> bool:
        with self._changed:
            taken = self._changed.wait_for(lambda: self._fits(pixels), timeout)
            if taken:
                self._taken += pixels
        return taken

    def _fits(self, pixels: int) -> bool:
        return self._taken == 0 or self._taken + pixels <= _PIXELS_AT_ONCE
