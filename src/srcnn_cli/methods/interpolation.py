"""Interpolations as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Band, Clock, Method, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")

# Of the kernels, in pixels of the input to each side; a pixel more for where they are centred.
_REACH = {"nearest": 1, "bilinear": 2, "bicubic": 3, "lanczos": 4}
_BAND_PIXELS = 1_000_000


class Interpolation(Method):
    """Nearest, bilinear, bicubic or Lanczos (a = 3), on every plane alike."""

    def __init__(self, name: str) -> None:
        self.name = self.kernel = name

    def bands(
        self,
        planes: NDArray[np.float32],
        height: int,
        width: int,
        *,
        tile: int = 0,
        timing: Timing,
        advance: Callable[[int], object] | None = None,
    ) -> Iterator[Band]:
        """See `Method`."""
        clock = Clock()
        resampler = Resampler(planes.shape[-2:], (height, width), kernel=self.kernel)
        rows = tile or max(1, _BAND_PIXELS // width)
        for start in range(0, height, rows):
            stop = min(height, start + rows)
            band = resampler.rows(planes, start, stop)
            timing.interpolated(clock.lap())
            yield Band(start, stop, band)
            if advance is not None:
                advance((stop - start) * width)
            clock.lap()  # what the caller does with a band is not our time

    def reach(self, scale: int) -> int:
        """See `Method`."""
        del scale
        return _REACH[self.name]
