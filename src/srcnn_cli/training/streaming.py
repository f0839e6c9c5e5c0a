"""Training patches from more pictures than fit into memory.

A pool holds parts of the latest few hundred pictures of an endless order; every few steps the
next picture takes the place of the oldest. Other processes read and degrade the pictures ahead of
time. What the pool holds follows from the seed and the step alone, so that a resumed run goes on
as if it had never stopped.
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

from srcnn_cli.errors import InputError, OutOfMemoryError, UsageError
from srcnn_cli.imaging.degradation import Example
from srcnn_cli.pictures.formats import open_header, quiet
from srcnn_cli.training.examples import Skipped, load_examples
from srcnn_cli.training.order import Order, Parts
from srcnn_cli.training.patches import PatchSampler, PatchSpec, PicturePool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import BaseContext
    from pathlib import Path

    from torch import Tensor

    from srcnn_cli.imaging.degradation import Degradation

    Arrival = Example | Skipped | tuple[Tensor, Tensor]

_LINUX = sys.platform == "linux"

# Pictures in the pool before the first step, as few as a start of seconds asks for ...
_FIRST = 64
# ... and at most: beyond, more of them only lengthen the start of a resumed run.
_MOST = 512
# A pool of fewer would give batches of hardly any variety, whatever the memory saved.
_LEAST = 8
# Patches drawn per picture and visit: what decoding a picture costs is spread over them.
_DRAWS = 64
# Per process. All that is read ahead must fit into the 64 MB of shared memory of a container.
_PREFETCH = 2


class PatchStream:
    """Random patches from a pool of picture parts that changes as training goes on.

    The pool begins with a few dozen parts, one of each picture, and grows to as many as
    ``cache_bytes`` hold, at most 512; after that each new part takes the place of the oldest.

    Args:
        files: Pictures; at least one.
        degradation: How the network's input is made.
        spec: How patches are cut, but for the stride: a stream's are anywhere.
        device: Where the pool lives and the patches are made.
        cache_bytes: Memory for the pool; never fewer than eight parts are held.
        batch: Patches per step, over all ranks: how often a new picture is due.
        seed: Of the order of the pictures and the places of the parts.
        rank: Of several processes that train together, each with a part of the files.
        world: How many such processes there are.
        workers: Processes that read pictures; 0: this one reads them itself, between steps.
        side: Side of a part, for pictures that are larger: decoding costs as much for a small one.
        on_skip: Told once of each file that does not serve.

    Attributes:
        positions: Patches drawn while every file is visited once, by all ranks: one epoch.
        skipped: Files found so far that do not serve.
        slots: Parts that the pool has room for.

    Raises:
        UsageError: There are no files.
    """

    def __init__(
        self,
        files: Sequence[Path],
        degradation: Degradation,
        spec: PatchSpec,
        *,
        device: torch.device,
        cache_bytes: int,
        batch: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        workers: int = 0,
        side: int = 512,
        on_skip: Callable[[Skipped], object] | None = None,
    ) -> None:
        if not files:
            raise UsageError("no pictures to train on")
        self.skipped: list[Skipped] = []
        self._parts = Parts(
            files, degradation, smallest=spec.patch * spec.factor, seed=seed, rank=rank, side=side
        )
        self._order = Order(len(files), degradation.scales, seed, rank, world)
        self._workers = workers
        self._on_skip = on_skip
        self._told: set[Path] = set()
        self._room = max(
            (self._parts.side(scale) // degradation.factor(scale)) ** 2
            for scale in degradation.scales
        )
        slot_bytes = self._room * degradation.bytes_per_pixel
        self.slots = min(max(cache_bytes // slot_bytes, _LEAST), _MOST)
        room = self.slots * self._room
        spec = replace(spec, stride=1)
        self._pool = PicturePool(room, degradation.channels, spec, device, degradation.truth_type)
        drawn = -(-batch // world)
        self._every = max(1, _DRAWS // drawn)
        self.positions = len(files) * self._every * drawn
        self._step = -1
        self._next = 0
        self._arriving: Iterator[Arrival] | None = None

    @property
    def pixels(self) -> int:
        """Pixels of the network's input in the pool at present."""
        return self._pool.pixels

    def sample(
        self, count: int, generator: torch.Generator, share: slice = slice(None)
    ) -> tuple[Tensor, Tensor]:
        """See `Patches.sample`."""
        if self._step < 0:
            self.seek(0)
        return self._pool.draw(count, generator, share)

    def seek(self, step: int, progress: Callable[[], object] | None = None) -> None:
        """Bring the pool to where it stands at the given step, counted from 0.

        Args:
            step: Steps done before.
            progress: Called after each picture that is read for it.

        Raises:
            InputError: No file of a whole epoch serves.
            OutOfMemoryError: The processes that read pictures are killed, time and again.
        """
        end = min(_FIRST, self.slots) + step // self._every
        oldest = max(0, end - self.slots)
        if step < self._step or oldest > self._next:
            self._restart(oldest)
        self._step = step
        failed = 0
        # A pool without anything in it reads on, however many files it takes.
        while self._next < end or not self._pool.positions:
            failed = 0 if self._visit() else failed + 1
            if progress is not None:
                progress()
            # Two epochs' worth of visits in a row hold a whole epoch.
            if failed >= 2 * self._order.files and not self._pool.positions:
                raise _none_usable(self.skipped)

    def advance(self) -> None:
        """Go to the next step."""
        self.seek(self._step + 1)

    def close(self) -> None:
        """End the processes that read pictures."""
        # torch ends them with their iterator, but an exception on its way may still refer to that.
        getattr(self._arriving, "_shutdown_workers", lambda: None)()
        self._arriving = None

    def _restart(self, number: int) -> None:
        for slot in range(self.slots):
            self._pool.put(slot, slot * self._room, None)
        self._next = number
        self._arriving = None

    def _visit(self) -> bool:
        """Take in the next picture; whether it serves."""
        arrived = self._arrived()
        example = None if isinstance(arrived, Skipped) else arrived
        # The slot of a file that does not serve stays empty: what the pool holds must not depend
        # on what was there before.
        slot = self._next % self.slots
        self._pool.put(slot, slot * self._room, example)
        self._next += 1
        if isinstance(arrived, Skipped) and arrived.path not in self._told:
            self._told.add(arrived.path)
            self.skipped.append(arrived)
            if self._on_skip is not None:
                self._on_skip(arrived)
        return example is not None

    def _arrived(self) -> Example | Skipped:
        killed = 0
        while True:
            if self._arriving is None:
                self._arriving = self._read()
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
                if isinstance(arrived, tuple):
                    return Example(arrived[0].numpy(), arrived[1].numpy())
                return arrived

    def _read(self) -> Iterator[Arrival]:
        """What the order holds from the next visit on; begins to read ahead at once."""
        how: dict[str, Any] = {"collate_fn": _unchanged}
        if self._workers:
            how = {
                "collate_fn": _shared,
                "multiprocessing_context": _context(),
                "prefetch_factor": _PREFETCH,
                "worker_init_fn": _begin_worker,
            }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # more workers than cores are the caller's wish
            loader: DataLoader[Any] = DataLoader(
                self._parts,  # type: ignore[arg-type]  # reads by number: all it takes
                batch_size=None,
                sampler=replace(self._order, start=self._next),
                num_workers=self._workers,
                generator=torch.Generator(),  # or it would draw from the global one
                **how,
            )
        if not self._workers:
            return iter(loader)
        with _interrupts_blocked():
            return iter(loader)


def open_patches(
    files: Sequence[Path],
    degradation: Degradation,
    spec: PatchSpec,
    *,
    device: torch.device,
    cache_bytes: int,
    batch: int,
    seed: int,
    rank: int = 0,
    world: int = 1,
    workers: int | None = None,
    step: int = 0,
    progress: Callable[[], object] | None = None,
    on_skip: Callable[[Skipped], object] | None = None,
) -> tuple[PatchSampler | PatchStream, list[Skipped], int]:
    """Hold the pictures in memory if they fit, else stream them.

    Args:
        files: Training pictures.
        degradation: How the network's input is made.
        spec: How patches are cut; a stream does not keep to the stride.
        device: Where the pictures are held and the patches are made.
        cache_bytes: Memory for pictures. The files' headers decide whether they fit.
        batch: Patches per step, over all ranks.
        seed: Of the stream's order.
        rank: Of several processes that train together; each streams a part of the files.
        world: How many such processes there are.
        workers: Processes that read for a stream; None: as many as the cores suggest, at most 4.
        step: Where training stands (see `Patches.seek`).
        progress: Called after each picture that is read before this returns.
        on_skip: Told of each file that does not serve, later ones included.

    Returns:
        The patches; the files that did not serve, to which a stream adds those it meets later;
        and the number of pictures that are used, so far as is known.

    Raises:
        InputError: No picture serves.
        UsageError: There are no files.
    """
    if not files:
        raise UsageError("no pictures to train on")
    scales = len(degradation.scales)
    room = _pixels(files, spec.factor, cache_bytes // (degradation.bytes_per_pixel * scales))
    if room is None:
        stream = PatchStream(
            files, degradation, spec, device=device, cache_bytes=cache_bytes,
            batch=batch, seed=seed, rank=rank, world=world,
            workers=_some_workers() if workers is None else workers, on_skip=on_skip,
        )  # fmt: skip
        try:
            stream.seek(step, progress)
        except BaseException:
            stream.close()
            raise
        return stream, stream.skipped, len(files) - len(stream.skipped)
    skipped: list[Skipped] = []

    def usable() -> Iterator[Example]:
        for item in load_examples(files, degradation, smallest=spec.patch * spec.factor):
            if progress is not None:
                progress()
            if not isinstance(item, Skipped):
                yield from item
                continue
            skipped.append(item)
            if on_skip is not None:
                on_skip(item)
        if len(skipped) == len(files):
            raise _none_usable(skipped)

    sampler = PatchSampler(usable(), spec, device, room=room * scales)
    return sampler, skipped, len(files) - len(skipped)


def _pixels(files: Sequence[Path], factor: int, limit: int) -> int | None:
    """Pixels of all files reduced by a factor, by their headers; None: more than ``limit``."""
    total = 0
    for path in files:
        try:
            with quiet():
                image = open_header(path.read_bytes(), str(path))
        except Exception:  # noqa: BLE001, S112 - it will be skipped, with a reason, when it is read
            continue
        if image is not None:
            total += (image.width // factor) * (image.height // factor)
        if total > limit:
            return None
    return total


def _none_usable(skipped: Sequence[Skipped]) -> InputError:
    reason = f"no picture is usable for training; this one, for instance, {skipped[0].reason}"
    return InputError(reason, skipped[0].path)


def _some_workers() -> int:
    """One core is left to the training."""
    return min(4, max(1, len(os.sched_getaffinity(0)) - 1 if _LINUX else (os.cpu_count() or 2) - 1))


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


def _context() -> BaseContext:
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
def _interrupts_blocked() -> Iterator[None]:
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


def _begin_worker(_index: int) -> None:
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
