"""Networks as methods."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.engines.tiling import plan_tiles, run_tile
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Clock, Method, Timing, run_parts
from srcnn_cli.methods.interpolation import run_to_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.engines.tiling import Tile
    from srcnn_cli.imaging.regions import Region
    from srcnn_cli.methods.base import Finish
    from srcnn_cli.methods.chrominance import Chrominance

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
        ensemble: Average it over eight flips and turns, see `Ensemble`.
        tile: Side of the tiles in pixels of the result; 0 chooses.
        chrominance: Puts right Cb and Cr, which are interpolated after that; None: nothing does.
    """

    def __init__(
        self,
        name: str,
        engine: Engine,
        *,
        ensemble: bool = False,
        tile: int = 0,
        chrominance: Chrominance | None = None,
    ) -> None:
        self.name = f"{name}+" if ensemble else name
        self.config = engine.config
        self.color = self.config.color
        self.border = self.config.border
        self.interpolated = self.config.interpolated
        if ensemble:
            from srcnn_cli.engines.ensemble import Ensemble

            engine = Ensemble(engine)
        self._engine = engine
        self._tile, self._chrominance = tile, chrominance
        self.step = chrominance.step if chrominance else 1

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
        tile = tile or self._tile
        if self.config.interpolated:
            return self._on_interpolated(planes, height, width, finish, tile, advance)
        rows, columns = (side * self.config.factor for side in planes.shape[-2:])
        return run_to_size(
            lambda finish, advance: self._on_low_resolution(planes, finish, tile, advance),
            (len(planes), rows, columns), height, width, finish, advance,
        )  # fmt: skip

    def reach(self, scale: int) -> int:
        """See `Method`."""
        radius = self.config.receptive_radius
        beside = self._chrominance.reach(scale) + _BICUBIC_REACH if self._chrominance else 0
        if self.config.interpolated:
            return max(beside, math.ceil(radius / scale) + _BICUBIC_REACH)
        resized = 0 if scale == self.config.factor else _BICUBIC_REACH
        return max(beside, max(radius, _BICUBIC_REACH) + resized + 1)

    def beside(
        self, luminance: NDArray[np.float32], others: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See `Method`."""
        if self._chrominance is None or len(others) < 2:
            return others
        restored = self._chrominance.restored(luminance, others[:2])
        return np.concatenate([restored, others[2:]]) if len(others) > 2 else restored

    def best_tile(self, height: int, width: int, scale: float) -> int:
        """See `Method`."""
        factor = self.config.factor
        if factor > 1:
            height, width = (max(1, round(side / scale)) for side in (height, width))
        return self._engine.best_tile(height, width) * factor

    def _on_interpolated(
        self,
        planes: NDArray[np.float32],
        height: int,
        width: int,
        finish: Finish,
        tile: int,
        advance: Callable[[int], object] | None,
    ) -> Timing:
        resampler = Resampler(planes.shape[-2:], (height, width))

        def compute(part: Tile, timing: Timing) -> tuple[Region, NDArray[np.float32]]:
            clock = Clock()
            patch = resampler.region(planes, part.source)
            timing.interpolated(clock.lap())
            output = run_tile(self._engine, part, patch)
            timing.network += clock.lap()
            return part.core, output

        tile = tile or self._engine.best_tile(height, width)
        tiles = plan_tiles(self.config, height, width, tile)
        return run_parts(tiles, compute, finish, advance)

    def _on_low_resolution(
        self,
        planes: NDArray[np.float32],
        finish: Finish,
        tile: int,
        advance: Callable[[int], object] | None,
    ) -> Timing:
        height, width = planes.shape[-2:]
        factor = self.config.factor
        resampler = Resampler((height, width), (height * factor, width * factor))

        def compute(part: Tile, timing: Timing) -> tuple[Region, NDArray[np.float32]]:
            clock = Clock()
            output = run_tile(self._engine, part, planes[part.source.in_planes])
            timing.network += clock.lap()
            core = part.core.times(factor)
            if self.config.residual:
                output = np.add(output, resampler.region(planes, core))
                timing.interpolated(clock.lap())
            return core, output

        tile = max(1, tile // factor) if tile else self._engine.best_tile(height, width)
        tiles = plan_tiles(self.config, height, width, tile)
        return run_parts(tiles, compute, finish, advance)
