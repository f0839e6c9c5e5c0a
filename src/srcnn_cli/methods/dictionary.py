"""Dictionaries as methods."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.imaging.regions import Region, divided
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Clock, Method, run_parts
from srcnn_cli.methods.coding import CODERS
from srcnn_cli.methods.dictionary_frame import Frame
from srcnn_cli.methods.interpolation import run_to_size
from srcnn_cli.threads import one_core_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Finish, Timing
    from srcnn_cli.models.dictionaries import DictionaryConfig
    from srcnn_cli.models.weights import Tensors

# What the bicubic enlargement reaches, in pixels of the input, and one for where it is centred.
_BICUBIC_REACH = 3
# Of the parts that are done at once, in cells: so many patches share the work of a regressor.
_SIDE = 128


class Dictionary(Method):
    """A dictionary, together with the bicubic enlargement whose details it makes.

    Beyond its border a picture is taken to be mirrored, so that as many patches cover a pixel
    there as anywhere. Everything is computed in parts of a bounded size.

    Args:
        name: As printed.
        config: The dictionary.
        tensors: Its tensors, as `weights.load_any` gives them.
    """

    def __init__(self, name: str, config: DictionaryConfig, tensors: Tensors) -> None:
        self.name, self.config = name, config
        self._frame = Frame(config.side, config.step, config.taps)
        self._projection = tensors["projection"]
        self._coder = CODERS[config.architecture](config, tensors)

    def run(
        self,
        planes: NDArray[np.float32],
        height: int,
        width: int,
        finish: Finish,
        *,
        tile: int = 0,
        advance: Callable[[int], object] | None = None,
    ) -> Timing:
        """See `Method`."""
        rows, columns = (side * self.config.factor for side in planes.shape[-2:])
        return run_to_size(
            lambda finish, advance: self._run(planes[0], tile, finish, advance),
            (1, rows, columns), height, width, finish, advance,
        )  # fmt: skip

    def reach(self, scale: int) -> int:
        """See `Method`."""
        resized = 0 if scale == self.config.factor else _BICUBIC_REACH
        return self._halo + resized

    @property
    def _halo(self) -> int:
        """Pixels of the input that a patch at the border reaches beyond it."""
        frame, factor = self._frame, self.config.factor
        return -(-((frame.across - 1) * frame.cell + frame.margin) // factor) + _BICUBIC_REACH

    def _run(
        self,
        plane: NDArray[np.float32],
        tile: int,
        finish: Finish,
        advance: Callable[[int], object] | None,
    ) -> Timing:
        """In the size of its own factor."""
        frame, factor = self._frame, self.config.factor
        height, width = (side * factor for side in plane.shape)
        padded = np.pad(plane, self._halo, mode="symmetric")
        rows, columns = padded.shape
        resampler = Resampler((rows, columns), (factor * rows, factor * columns))
        first = self._halo * factor  # of the picture, in the enlargement of what is padded
        around = (frame.across - 1) * frame.cell + frame.margin

        def compute(cells: Region, timing: Timing) -> tuple[Region, NDArray[np.float32]]:
            clock = Clock()
            region = cells.times(frame.cell)
            wanted = Region(
                first + region.top - around, first + region.left - around,
                first + region.bottom + around, first + region.right + around,
            )  # fmt: skip
            enlarged = resampler.region(padded, wanted)
            timing.interpolated(clock.lap())
            features = frame.project(frame.derivatives(enlarged), self._projection)
            sums = frame.add_up(self._details(features, enlarged))
            beyond = frame.across - 1
            detail = frame.plane(
                sums[beyond : beyond + cells.height, beyond : beyond + cells.width]
            )
            detail /= frame.across**2
            detail += enlarged[around:-around, around:-around]
            timing.network += clock.lap()
            return region, detail[None]

        side = max(1, tile // frame.cell) if tile else _SIDE
        parts = [*chain(*divided(height // frame.cell, width // frame.cell, side))]
        with one_core_each():
            return run_parts(parts, compute, finish, advance)

    def _details(
        self, features: NDArray[np.float32], enlarged: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        rows, columns, count = features.shape
        flat = features.reshape(-1, count)
        seen: NDArray[np.float32] | None = None
        if self._coder.sees_enlarged:
            margin = self._frame.margin
            inner = enlarged[None, margin:-margin, margin:-margin]
            seen = self._frame.patches(self._frame.cells(inner))
        details = np.empty((len(flat), self.config.side**2), np.float32)
        for start in range(0, len(flat), self._coder.block):
            part = slice(start, start + self._coder.block)
            details[part] = self._coder.details(flat[part], None if seen is None else seen[part])
        return details.reshape(rows, columns, -1)
