"""Interpolations as methods."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from srcnn_cli.imaging.regions import Region, divided
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Clock, Method, run_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
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
