"""Training patches from more pictures than fit into memory.

A pool holds crops of the latest few hundred pictures of an endless order; every few steps the
next picture takes the place of the oldest. Other processes read and degrade the pictures ahead of
time. What the pool holds follows from the seed and the step alone, so that a resumed run goes on
as if it had never stopped.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.pictures.formats import open_header
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.training.examples import Skipped, least_side, load_examples, shrunk_size
from srcnn_cli.training.order import CropDataset, Order
from srcnn_cli.training.patches import PatchSampler, PicturePool
from srcnn_cli.training.prefetching import Prefetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import torch
    from torch import Tensor

    from srcnn_cli.imaging.degradation import Degradation, Example
    from srcnn_cli.training.positions import PatchSpec

_LINUX = sys.platform == "linux"

# Pictures in the pool before the first step, as few as a start of seconds asks for ...
_FIRST = 64
# ... and at most: beyond, more of them only lengthen the start of a resumed run.
_MOST = 512
# A pool of fewer would give batches of hardly any variety, whatever the memory saved.
_LEAST = 8
# Patches drawn per picture and visit: what decoding a picture costs is spread over them.
_DRAWS = 64


class PatchStream:
    """Random patches from a pool of picture crops that changes as training goes on.

    The pool begins with a few dozen crops, one of each picture, and grows to as many as
    ``cache_bytes`` hold, at most 512; after that each new crop takes the place of the oldest.

    Args:
        files: Pictures; at least one.
        degradation: How the network's input is made.
        spec: How patches are cut, but for the stride: a stream's are anywhere.
        device: Where the pool lives and the patches are made.
        cache_bytes: Memory for the pool; never fewer than eight crops are held.
        batch: Patches per step, over all ranks: how often a new picture is due.
        seed: Of the order of the pictures and the places of the crops.
        rank: Of several processes that train together, each with a part of the files.
        world: How many such processes there are.
        workers: Processes that read pictures; 0: this one reads them itself, between steps.
        side: Side of a crop, for pictures that are larger: decoding costs as much for a small one.
        on_skip: Told once of each file that does not serve.
        shrinks: Of smaller copies of each picture, see `shrunk`.

    Attributes:
        positions: Patches drawn while every file is visited once, by all ranks: one epoch.
        skipped: Files found so far that do not serve.
        slots: Crops that the pool has room for.

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
        shrinks: Sequence[float] = (),
    ) -> None:
        if not files:
            raise UsageError("no pictures to train on")
        self.skipped: list[Skipped] = []
        smallest = spec.patch * spec.factor
        crops = CropDataset(
            files, degradation, smallest=smallest, seed=seed, rank=rank, side=side, shrinks=shrinks
        )
        order = Order(len(files), degradation.scales, seed, rank, world)
        self._files = len(files)
        self._prefetcher = Prefetcher(crops, order, workers)
        self._on_skip = on_skip
        self._told: set[Path] = set()
        self._room = max(
            (crops.side(scale) // degradation.factor(scale)) ** 2 for scale in degradation.scales
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
            if failed >= 2 * self._files and not self._pool.positions:
                raise _none_usable(self.skipped)

    def advance(self) -> None:
        """Go to the next step."""
        self.seek(self._step + 1)

    def close(self) -> None:
        """End the processes that read pictures."""
        self._prefetcher.close()

    def _restart(self, number: int) -> None:
        for slot in range(self.slots):
            self._pool.put(slot, slot * self._room, None)
        self._next = number
        self._prefetcher.restart(number)

    def _visit(self) -> bool:
        """Take in the next picture; whether it serves."""
        arrived = self._prefetcher.read()
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
    shrinks: Sequence[float] = (),
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
        shrinks: Of smaller copies of each picture, see `shrunk`.

    Returns:
        The patches; the files that did not serve, to which a stream adds those it meets later;
        and the number of pictures that are used, so far as is known.

    Raises:
        InputError: No picture serves.
        UsageError: There are no files.
    """
    if not files:
        raise UsageError("no pictures to train on")
    scales, smallest = len(degradation.scales), spec.patch * spec.factor
    limit = cache_bytes // (degradation.bytes_per_pixel * scales)
    least = least_side(degradation, smallest)
    room = _pixels(files, spec.factor, limit, [(shrink, least) for shrink in (1.0, *shrinks)])
    if room is None:
        stream = PatchStream(
            files, degradation, spec, device=device, cache_bytes=cache_bytes,
            batch=batch, seed=seed, rank=rank, world=world,
            workers=_some_workers() if workers is None else workers, on_skip=on_skip,
            shrinks=shrinks,
        )  # fmt: skip
        try:
            stream.seek(step, progress)
        except BaseException:
            stream.close()
            raise
        return stream, stream.skipped, len(files) - len(stream.skipped)
    skipped: list[Skipped] = []

    def usable() -> Iterator[Example]:
        for item in load_examples(files, degradation, smallest=smallest, shrinks=shrinks):
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


def _pixels(
    files: Sequence[Path], factor: int, limit: int, copies: Sequence[tuple[float, int]]
) -> int | None:
    """Pixels of all copies of all files, reduced by a factor; None: more than ``limit``.

    The files' headers are read; a copy is ``shrink`` and ``smallest`` of `shrunk_size`.
    """
    total = 0
    for path in files:
        try:
            with quiet():
                image = open_header(path.read_bytes(), str(path))
        except Exception:  # noqa: BLE001, S112 - it will be skipped, with a reason, when it is read
            continue
        if image is not None:
            sizes = (shrunk_size(image.height, image.width, *copy) for copy in copies)
            total += sum((height // factor) * (width // factor) for height, width in sizes)
        if total > limit:
            return None
    return total


def _none_usable(skipped: Sequence[Skipped]) -> InputError:
    reason = f"no picture is usable for training; this one, for instance, {skipped[0].reason}"
    return InputError(reason, skipped[0].path)


def _some_workers() -> int:
    """One core is left to the training."""
    return min(4, max(1, len(os.sched_getaffinity(0)) - 1 if _LINUX else (os.cpu_count() or 2) - 1))
