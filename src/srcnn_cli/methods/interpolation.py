"""Interpolations as methods."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.imaging.regions import Region, divided
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Clock, Method, run_parts, stored_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Finish, Timing

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")

# Of the kernels, in pixels of the input to each side; a pixel more for where they are centred.
_REACH = {"nearest": 1, "bilinear": 2, "bicubic": 3, "lanczos": 4}
# Of the parts that are done at once: with all its planes one stays in a core's cache.
_SIDE = 384
_BAND_PIXELS = 1_000_000


class Interpolation(Method):
    """Nearest, bilinear, bicubic or Lanczos (a = 3), on every plane alike."""

    def __init__(self, name: str) -> None:
        self.name = self.kernel = name

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
        resampler = Resampler(planes.shape[-2:], (height, width), kernel=self.kernel)

        def compute(region: Region, timing: Timing) -> tuple[Region, NDArray[np.float32]]:
            clock = Clock()
            part = resampler.region(planes, region)
            timing.interpolated(clock.lap())
            return region, part

        if resampler.repeats or tile:
            parts = [*chain(*divided(height, width, tile or _SIDE))]
        else:  # whole rows, since each part of them would take more than its share of the work
            rows = max(1, _BAND_PIXELS // width)
            starts = range(0, height, rows)
            parts = [Region(top, 0, min(height, top + rows), width) for top in starts]
        return run_parts(parts, compute, finish, advance)

    def reach(self, scale: int) -> int:
        """See `Method`."""
        del scale
        return _REACH[self.name]


def run_to_size(
    run: Callable[[Finish, Callable[[int], object] | None], Timing],
    own: tuple[int, int, int],
    height: int,
    width: int,
    finish: Finish,
    advance: Callable[[int], object] | None,
) -> Timing:
    """Run what enlarges by a factor of its own, and resize its result if that is not wanted.

    Args:
        run: Makes the result of its own size, given what takes and what counts its parts.
        own: Planes, rows and columns of that.
        height: Rows that are wanted.
        width: Columns that are wanted.
        finish: See `Method`.
        advance: See `Method`.
    """
    if own[1:] == (height, width):
        return run(finish, advance)
    enlarged = np.empty(own, np.float32)
    timing = run(stored_in(enlarged), None)
    return timing + Interpolation("bicubic").run(enlarged, height, width, finish, advance=advance)
