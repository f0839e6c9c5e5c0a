"""Colours of damaged pictures, put right before they are enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from srcnn_cli.engines.tiling import plan_tiles, run_tile
from srcnn_cli.imaging.regions import Region
from srcnn_cli.imaging.subpixels import shuffled, unshuffled
from srcnn_cli.methods.base import Clock, Method, Timing
from srcnn_cli.methods.interpolation import run_to_size
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.engines.tiling import Tile
    from srcnn_cli.methods.base import Finish
    from srcnn_cli.models.config import ModelConfig


class Chrominance(Method):
    """A network of the family `chrominance`: Cb and Cr are put right, Y' stays as it is.

    Args:
        name: As printed.
        engine: Runs it.
        tile: Side of the tiles in pixels of the picture; 0 chooses.
    """

    color = "ycbcr"

    def __init__(self, name: str, engine: Engine, *, tile: int = 0) -> None:
        self.name = name
        self._engine, self._tile = engine, tile
        self.config = cast("ModelConfig", engine.config)
        self.step = self.config.family.unshuffled
        self.border = self.config.border

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
        """See `Method`; what it gives is enlarged bicubically."""
        rows, columns = planes.shape[1:]

        def compute(finish: Finish, advance: Callable[[int], object] | None) -> Timing:
            clock, timing = Clock(), Timing()
            restored = np.concatenate([planes[:1], self.restored(planes[:1], planes[1:], tile)])
            timing.network += clock.lap()
            finish(Region(0, 0, rows, columns), restored, timing)
            if advance is not None:
                advance(rows * columns)
            return timing

        size = len(planes), rows, columns
        return run_to_size(compute, size, height, width, finish, advance)

    def restored(
        self, luminance: NDArray[np.float32], colors: NDArray[np.float32], tile: int = 0
    ) -> NDArray[np.float32]:
        """What colours were before the damage.

        Args:
            luminance: (1, H, W), as it is.
            colors: (2, H, W), Cb and Cr.
            tile: Side of the tiles in pixels; 0 chooses.

        Returns:
            (2, H, W).
        """
        block = self.step
        height, width = colors.shape[1:]
        blocks = (-(-height // block), -(-width // block))
        result: NDArray[np.float32] = colors.copy()

        def work(part: Tile) -> None:
            inside = part.source.times(block).in_planes
            patch = _in_blocks(np.concatenate([luminance[inside], colors[inside]]), block)
            change = shuffled(run_tile(self._engine, part, patch), block)
            place = result[part.core.times(block).in_planes]
            place += change[1:, : place.shape[1], : place.shape[2]]

        tile = tile or self._tile
        tile = max(1, tile // block) if tile else self._engine.best_tile(*blocks)
        for _ in crew().map(work, plan_tiles(self.config, *blocks, tile)):
            pass
        return result

    def reach(self, scale: int) -> int:
        """See `Method`."""
        del scale
        return self.step * (self.config.receptive_radius + 1)


def _in_blocks(patch: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """The pixels of each block as planes; the last row and column fill the last blocks."""
    missing = [(0, -side % block) for side in patch.shape[1:]]
    if any(after for _, after in missing):
        patch = np.pad(patch, [(0, 0), *missing], "edge")
    return unshuffled(patch, block)
