"""Many files at the same time, on the nodes of a Ray cluster."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import UsageError
from srcnn_cli.upscaling.cluster_worker import DEVICES, Worker
from srcnn_cli.upscaling.dispatcher import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from srcnn_cli.upscaling.cluster_worker import Settings
    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.run import Outcome
    from srcnn_cli.upscaling.task import Task


def run_on_ray(
    jobs: Sequence[Job],
    task: Task,
    settings: Settings,
    address: str,
    *,
    warn: Callable[[str, str], object],
    worker: type = Worker,
) -> Generator[Outcome]:
    """Do jobs on a cluster, and give what became of each as it becomes known, in any order.

    While it lasts, SIGINT and SIGTERM call off the work and raise `KeyboardInterrupt` and
    `SystemExit`; so does closing the iterator, without raising anything.

    Args:
        jobs: From `jobs.plan_jobs`; no streams of this process are among them.
        task: What to do with every file.
        settings: What to enlarge with.
        address: ``auto``, the cluster that this machine is a part of; ``local``, one that is
            started on this machine for as long as it takes; or ``host:port``.
        warn: Told what the user should know, and what it is about.
        worker: Another class than `Worker` with the same methods, for measurements.

    Raises:
        UsageError: There is no such cluster, or it cannot do this work.
        ModelError: The weights do not load.
        ModuleNotFoundError: A package is missing, here or on a node.
    """
    if settings.device not in DEVICES:
        raise UsageError(
            f"--device {settings.device} is a device of one machine: with --ray use "
            f"{', '.join(DEVICES[:-1])} or {DEVICES[-1]}"
        )
    if not jobs:
        return
    with _connected(address), _interruptible():
        dispatcher = Dispatcher(jobs, task, settings, warn, worker)
        try:
            yield from dispatcher.outcomes()
        finally:
            dispatcher.dismiss()


@contextmanager
def _connected(address: str) -> Iterator[None]:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or it warns of the future
    import ray

    if ray.is_initialized():
        yield
        return
    options = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL, **options)
    except Exception as error:
        what = "no Ray cluster answers" if isinstance(error, ConnectionError) else "Ray says"
        reason = " ".join(str(error).split()).partition(". ")[0]
        hint = (
            "(`ray start --head` starts one, --ray local uses this machine alone)"
            if address == "auto"
            else f"at {address}"
        )
        raise UsageError(f"--ray: {what} {hint}: {reason}") from error
    _keep_quiet()
    try:
        yield
    finally:
        ray.shutdown()


def _keep_quiet() -> None:
    """Keep Ray from printing what it hears of dying nodes: on stdout, where our results go.

    It has no setting for that; what matters here we learn from the answers of workers.
    """
    from ray._private import worker

    worker.print_to_stdstream = lambda *_, **__: None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let signals raise what ends the work in good order; a second one ends the process at once.

    This process waits most of the time: no import and no callback is in the way of an exception.
    """
    before: dict[int, Any] = {}

    def call_off(number: int, _frame: object) -> None:
        for each, handler in before.items():
            signal.signal(each, handler)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    with suppress(ValueError):  # not the main thread, which alone is sent signals
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, call_off)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
