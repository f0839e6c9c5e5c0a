"""Random patches from pictures that lie end to end in flat tensors.

A batch of patches, flipped and turned, is one gather by computed index: the same few lines on CPU
and GPU, without a loop over pictures. The sub-images of the papers are the patches here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from srcnn_cli.errors import InputError
from srcnn_cli.training.positions import PatchSpec, Positions, turned_sub_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from srcnn_cli.imaging.degradation import Example


class Patches(Protocol):
    """Where training patches come from."""

    @property
    def positions(self) -> int:
        """Patches in one epoch."""

    @property
    def pixels(self) -> int:
        """Pixels of the network's input that are held, over all scales."""

    def sample(
        self, count: int, generator: torch.Generator, share: slice = slice(None)
    ) -> tuple[Tensor, Tensor]:
        """Draw patches at random.

        Args:
            count: How many.
            generator: On the CPU; its state, and the step, alone decide the draw. It moves on by
                the same amount on every rank.
            share: Which of them to make, for distributed training.

        Returns:
            Source (n, C, patch, patch) and truth (n, C s², patch - 2 margin, ...), float32; see
            `Example`. n is ``count`` or that of the share.
        """

    def seek(self, step: int) -> None:
        """Stand where ``step`` steps of training lead, counted from 0."""

    def advance(self) -> None:
        """Go to the next step; called once after each step."""

    def close(self) -> None:
        """Give back what is held outside this object; it is not used after that."""


class PicturePool:
    """Examples in flat tensors on the training device, and the patches at their positions.

    Positions are numbered through: row by row, example after example.

    Args:
        room: Pixels of all examples together, on the network's grid.
        channels: Planes of an example's source.
        spec: How patches are cut.
        device: Where the planes live and the patches are made.
        truth_type: Of the examples' truth, ``uint8`` or ``float16``.
    """

    def __init__(
        self,
        room: int,
        channels: int,
        spec: PatchSpec,
        device: torch.device,
        truth_type: type[np.generic] = np.uint8,
    ) -> None:
        self.spec, self.device, self.channels = spec, device, channels
        kind = torch.uint8 if truth_type is np.uint8 else torch.float16
        # Channels last: all of a pixel's lie side by side, so one index is enough for them.
        self._source = torch.empty((room, channels), dtype=torch.float32, device=device)
        self._truth = torch.empty((room, channels * spec.factor**2), dtype=kind, device=device)
        self._turned = turned_sub_pixels(channels, spec.factor).to(device)
        self._places: list[tuple[int, int, int]] = []  # first pixel, height, width
        self._table: Positions | None = None
        self._steps = torch.arange(spec.patch, device=device)

    @property
    def positions(self) -> int:
        """Patches that differ in more than flips and turns."""
        return self._positions().total

    @property
    def pixels(self) -> int:
        """Pixels of the network's input at present."""
        return sum(height * width for _, height, width in self._places)

    @property
    def nbytes(self) -> int:
        """Memory of the planes."""
        return self._source.nbytes + self._truth.nbytes

    def put(self, place: int, start: int, example: Example | None) -> None:
        """Put an example, or nothing, over what was there.

        Args:
            place: In the numbering of the positions; an existing one, or the next.
            start: The example's first pixel in the flat tensors.
            example: Fits between there and the next example.
        """
        height, width = example.source.shape[1:] if example is not None else (0, 0)
        if example is not None:
            for flat, planes in ((self._source, example.source), (self._truth, example.truth)):
                area = flat[start : start + height * width].view(height, width, len(planes))
                writable = np.require(planes, requirements=["C", "W"])  # torch takes no other
                area.copy_(torch.from_numpy(writable).permute(1, 2, 0))
        self._places[place : place + 1] = [(start, height, width)]
        self._table = None

    def _positions(self) -> Positions:
        if self._table is None:
            self._table = Positions(self._places, self.spec)
        return self._table

    def draw(self, count: int, generator: torch.Generator, share: slice) -> tuple[Tensor, Tensor]:
        """See `Patches.sample`."""
        # The pools of several ranks differ in size, their generators must not: so no `randint`,
        # whose use of the generator depends on the range.
        chance = torch.rand(count, generator=generator, dtype=torch.float64)[share]
        turn = torch.randint(8, (count,), generator=generator)[share] if self.spec.augment else None
        return self.cut(self._positions().pick(chance), turn)

    def cut(self, position: Tensor, turn: Tensor | None) -> tuple[Tensor, Tensor]:
        """Make patches.

        Args:
            position: (n,) int64 on the CPU, in [0, `positions`).
            turn: (n,) int64: bit 0 flips rows, bit 1 columns, bit 2 transposes; None: as it is.

        Returns:
            Source and truth as in `Patches.sample`.
        """
        corner, width = self._positions().locate(position)
        index = self._index(corner, width, turn)
        inner = slice(self.spec.margin, self.spec.patch - self.spec.margin)
        truth = self._gather(self._truth, index[:, inner, inner])
        if turn is not None and self.spec.factor > 1:
            places = self._turned[turn.to(self.device)][:, :, None, None].expand_as(truth)
            truth = truth.gather(1, places)
        truth = truth.float().div_(255) if truth.dtype == torch.uint8 else truth.float()
        return self._gather(self._source, index), truth

    def _index(self, corner: Tensor, width: Tensor, turn: Tensor | None) -> Tensor:
        """(n, patch, patch) flat positions of pixels."""
        if turn is None:
            parts = torch.stack([corner, width, torch.ones_like(width)])
        else:
            last = self.spec.patch - 1
            up, back = (turn & 1).bool(), (turn & 2).bool()
            corner = corner + torch.where(up, last * width, 0) + torch.where(back, last, 0)
            down, across = torch.where(up, -width, width), torch.where(back, -1, 1)
            swap = (turn & 4).bool()
            parts = torch.stack(
                [corner, torch.where(swap, across, down), torch.where(swap, down, across)]
            )
        corner, down, across = parts.to(self.device)[..., None]
        rows = corner + down * self._steps
        index: Tensor = rows[:, :, None] + (across * self._steps)[:, None, :]
        return index

    def _gather(self, flat: Tensor, index: Tensor) -> Tensor:
        count, height, width = index.shape
        if flat.shape[1] == 1:  # several times faster than rows of one
            return flat.view(-1).index_select(0, index.reshape(-1)).view(count, 1, height, width)
        rows = flat.index_select(0, index.reshape(-1))
        return rows.view(count, height, width, flat.shape[1]).permute(0, 3, 1, 2)


class PatchSampler:
    """Random patches from examples that are all held in memory on the training device.

    Args:
        examples: Pictures at all their scales; those that are smaller than a patch are left out.
        spec: How patches are cut.
        device: Where the planes live and the patches are made.
        room: Pixels of all examples together, or more. If it is known in advance, examples from an
            iterator are copied one by one, and never held twice.

    Raises:
        InputError: No example is as large as a patch.
    """

    def __init__(
        self,
        examples: Iterable[Example],
        spec: PatchSpec,
        device: torch.device,
        *,
        room: int | None = None,
    ) -> None:
        fitting = (e for e in examples if min(e.source.shape[1:]) >= spec.patch)
        if room is None:
            held = list(fitting)
            room = sum(example.source[0].size for example in held)
            fitting = (example for example in held)
        pool, start = None, 0
        for place, example in enumerate(fitting):
            if pool is None:
                kind = example.truth.dtype.type
                pool = PicturePool(room, len(example.source), spec, device, kind)
            pool.put(place, start, example)
            start += example.source[0].size
        if pool is None:
            raise InputError(f"no picture is large enough for patches of {spec.patch} pixels")
        self._pool = pool

    @property
    def positions(self) -> int:
        """Patches that differ in more than flips and turns: one epoch."""
        return self._pool.positions

    @property
    def pixels(self) -> int:
        """Pixels of the network's input in the whole set, over all scales."""
        return self._pool.pixels

    def sample(
        self, count: int, generator: torch.Generator, share: slice = slice(None)
    ) -> tuple[Tensor, Tensor]:
        """See `Patches.sample`; the step plays no part."""
        return self._pool.draw(count, generator, share)

    def seek(self, step: int) -> None:
        """Nothing to do: everything is here at every step."""

    def advance(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
