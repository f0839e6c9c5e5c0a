"""Networks as methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.engines.tiling import run_bands
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Band, Clock, Method, Timing
from srcnn_cli.methods.interpolation import Interpolation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine

# Beside the network's own radius: the bicubic enlargement's two pixels, and one for its centre.
_BICUBIC_REACH = 3


class Network(Method):
    """A network, together with the bicubic enlargement that belongs to it.

    On the interpolated grid the enlargement to the final size comes first, whatever that is. On the
    low-resolution grid the network enlarges by its own factor; if another size is wanted its result
    is resized.

    Args:
        name: As printed.
        engine: Runs it.
        ensemble: Average over the eight flips and turns of the input ("self-ensemble", Timofte
            et al., CVPR 2016): some better, eight times slower.
        tile: Side of the tiles in pixels of the result; 0 chooses.
    """

    def __init__(self, name: str, engine: Engine, *, ensemble: bool = False, tile: int = 0) -> None:
        self.name = f"{name}+" if ensemble else name
        self.config = engine.config
        self.color = self.config.color
        self.border = self.config.border
        self._engine = engine
        self._ensemble = ensemble
        self._tile = tile

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
        tile = tile or self._tile
        if self._ensemble:
            yield Band(0, height, self._average(planes, height, width, tile, timing))
            return
        for band in self._once(planes, height, width, tile, timing):
            yield band
            if advance is not None:
                advance((band.stop - band.start) * width)

    def reach(self, scale: int) -> int:
        """See `Method`."""
        radius = self.config.receptive_radius
        if self.config.interpolated:
            return math.ceil(radius / scale) + _BICUBIC_REACH
        resized = 0 if scale == self.config.factor else _BICUBIC_REACH
        return max(radius, _BICUBIC_REACH) + resized + 1

    def best_tile(self, height: int, width: int, scale: float) -> int:
        """See `Method`."""
        factor = self.config.factor
        if factor > 1:
            height, width = (max(1, round(side / scale)) for side in (height, width))
        return self._engine.best_tile(height, width) * factor

    def _once(
        self, planes: NDArray[np.float32], height: int, width: int, tile: int, timing: Timing
    ) -> Iterator[Band]:
        if self.config.interpolated:
            return self._on_interpolated(planes, height, width, tile, timing)
        own = tuple(side * self.config.factor for side in planes.shape[-2:])
        bands = self._on_low_resolution(planes, tile, timing)
        if own == (height, width):
            return bands
        enlarged = np.empty((len(planes), *own), np.float32)
        for start, stop, band in bands:
            enlarged[:, start:stop] = band
        return Interpolation("bicubic").bands(enlarged, height, width, timing=timing)

    def _on_interpolated(
        self, planes: NDArray[np.float32], height: int, width: int, tile: int, timing: Timing
    ) -> Iterator[Band]:
        clock = Clock()
        resampler = Resampler(planes.shape[-2:], (height, width))
        tile = tile or self._engine.best_tile(height, width)
        timing.prepare += clock.lap()

        def rows(start: int, stop: int) -> NDArray[np.float32]:
            timing.network += clock.lap()
            band: NDArray[np.float32] = resampler.rows(planes, start, stop)
            timing.interpolated(clock.lap())
            return band

        for start, stop, band in run_bands(self._engine, height, width, tile, rows):
            timing.network += clock.lap()
            yield Band(start, stop, band)
            clock.lap()  # what the caller does with a band is not our time

    def _on_low_resolution(
        self, planes: NDArray[np.float32], tile: int, timing: Timing
    ) -> Iterator[Band]:
        clock = Clock()
        height, width = planes.shape[-2:]
        factor = self.config.factor
        tile = max(1, tile // factor) if tile else self._engine.best_tile(height, width)
        resampler = Resampler((height, width), (height * factor, width * factor))
        timing.prepare += clock.lap()
        for start, stop, band in run_bands(
            self._engine, height, width, tile, lambda start, stop: planes[:, start:stop]
        ):
            timing.network += clock.lap()
            if self.config.residual:
                np.add(band, resampler.rows(planes, start, stop), out=band)
                timing.interpolated(clock.lap())
            yield Band(start, stop, band)
            clock.lap()

    def _average(
        self, planes: NDArray[np.float32], height: int, width: int, tile: int, timing: Timing
    ) -> NDArray[np.float32]:
        total = np.zeros((len(planes), height, width), np.float32)
        for flip in (False, True):
            for turns in range(4):
                view = np.rot90(planes[..., ::-1] if flip else planes, turns, axes=(1, 2))
                sides = (width, height) if turns % 2 else (height, width)
                bands = self._once(np.ascontiguousarray(view), *sides, tile, timing)
                output = np.concatenate([band.planes for band in bands], axis=1)
                output = np.rot90(output, -turns, axes=(1, 2))
                total += output[..., ::-1] if flip else output
        total /= 8
        return total
