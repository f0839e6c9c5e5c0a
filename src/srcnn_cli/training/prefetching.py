"""Training pictures, read ahead of time by other processes.

One after the other they come in a given order, however many processes read them. Those processes
end with this one, whatever ends it, and leave Ctrl-C to it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import DataLoader

from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.imaging.degradation import Example
from srcnn_cli.training.examples import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import BaseContext

    from torch import Tensor

    from srcnn_cli.training.order import CropDataset, Order

    Arrival = Example | Skipped | tuple[Tensor, Tensor]

_LINUX = sys.platform == "linux"

# Per process. All that is read ahead must fit into the 64 MB of shared memory of a container.
_PREFETCH = 2


class Prefetcher:
    """The crops of an endless order, one after the other.

    Args:
        crops: What is read.
        order: In which order; its start is ignored.
        workers: Processes that read ahead; 0: this one reads when asked.
    """

    def __init__(self, crops: CropDataset, order: Order, workers: int) -> None:
        self._crops, self._order, self._workers = crops, order, workers
        self._next = 0
        self._arriving: Iterator[Arrival] | None = None

    def restart(self, number: int) -> None:
        """Go on with the crop of that number in the order."""
        self._next = number
        self._arriving = None

    def close(self) -> None:
        """End the processes that read."""
        # torch ends them with their iterator, but an exception on its way may still refer to that.
        getattr(self._arriving, "_shutdown_workers", lambda: None)()
        self._arriving = None

    def read(self) -> Example | Skipped:
        """The next crop; begins to read ahead the first time.

        Raises:
            OutOfMemoryError: A process that reads was killed, twice in a row.
        """
        killed = 0
        while True:
            if self._arriving is None:
                self._arriving = self._begin()
            try:
                arrived = next(self._arriving)
            except RuntimeError as error:
                # Killed from outside: for its memory, or by a signal to the whole group that will
                # stop this process in order too. The next ones go on where these stopped.
                if "DataLoader worker (pid" not in str(error):
                    raise
                self._arriving = None
                killed += 1
                if killed == 2:
                    raise OutOfMemoryError(
                        "a process that reads training pictures was killed, twice in a row; "
                        "with fewer of them the pictures may fit into memory"
                    ) from error
            else:
                self._next += 1
                if isinstance(arrived, tuple):
                    return Example(arrived[0].numpy(), arrived[1].numpy())
                return arrived

    def _begin(self) -> Iterator[Arrival]:
        """What the order holds from the next crop on."""
        how: dict[str, Any] = {"collate_fn": _unchanged}
        if self._workers:
            how = {
                "collate_fn": _shared,
                "multiprocessing_context": worker_context(),
                "prefetch_factor": _PREFETCH,
                "worker_init_fn": begin_worker,
            }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # more workers than cores are the caller's wish
            loader: DataLoader[Any] = DataLoader(
                self._crops,  # type: ignore[arg-type]  # reads by number: all it takes
                batch_size=None,
                sampler=replace(self._order, start=self._next),
                num_workers=self._workers,
                generator=torch.Generator(),  # or it would draw from the global one
                **how,
            )
        if not self._workers:
            return iter(loader)
        with interrupts_blocked():
            return iter(loader)


def _unchanged(item: Example | Skipped) -> Example | Skipped:
    return item


def _shared(item: Example | Skipped) -> tuple[Tensor, Tensor] | Skipped:
    """An example as tensors, which travel through shared memory.

    Arrays would be written to a pipe, where a process that is killed half-way leaves the reader
    waiting for ever.
    """
    if isinstance(item, Skipped):
        return item
    return torch.from_numpy(item.truth), torch.from_numpy(item.source)


def worker_context() -> BaseContext:
    """How worker processes are started.

    Not by plain fork, which is unsafe beside the threads of training. The server from which they
    are forked imports torch once for all of them.
    """
    if not _LINUX:
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Processes started inside never see Ctrl-C, which the terminal sends to all of a group.

    A handler in the worker would come too late: importing torch takes seconds.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    _start_resource_tracker()  # here, because it unblocks the signal
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _start_resource_tracker() -> None:
    """Start Python's process that removes what processes share, and keep it from complaining.

    It warns on the terminal of what it had to remove whenever this process ends at once.
    """
    from multiprocessing import resource_tracker

    name = "PYTHONWARNINGS"
    before = os.environ.get(name)
    os.environ[name] = "ignore::UserWarning:multiprocessing.resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def begin_worker(_index: int = 0) -> None:
    """What such a process does first: leave Ctrl-C to its parent, and watch over that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The thread that hands out shared memory prints here when the training process has gone away.
    sys.excepthook = lambda *_: None
    # A worker from the fork server is not a child of the training process, and torch's own watch
    # over the parent would keep it for ever once that was killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
