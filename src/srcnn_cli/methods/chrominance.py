"""Colours of damaged pictures, put right before they are enlarged."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, cast

import numpy as np

from srcnn_cli.imaging.regions import INTERIOR, Region, divided
from srcnn_cli.imaging.subpixels import shuffled, unshuffled
from srcnn_cli.methods.base import Clock, Method, Timing
from srcnn_cli.methods.interpolation import run_to_size
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine
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
        block, radius = self.step, self.config.receptive_radius
        height, width = colors.shape[1:]
        blocks = (-(-height // block), -(-width // block))
        result: NDArray[np.float32] = colors.copy()

        def work(core: Region) -> None:
            source = _grown(core, radius).times(block)
            seen = np.concatenate([_continued(planes, source) for planes in (luminance, colors)])
            change = self._engine.run(unshuffled(seen, block), INTERIOR)[block**2 :]
            place = result[core.times(block).in_planes]
            place += shuffled(change, block)[:, : place.shape[1], : place.shape[2]]

        tile = tile or self._tile
        tile = max(1, tile // block) if tile else self._engine.best_tile(*blocks)
        for _ in crew().map(work, [*chain(*divided(*blocks, tile))]):
            pass
        return result

    def reach(self, scale: int) -> int:
        """See `Method`."""
        del scale
        return self.step * (self.config.receptive_radius + 1)


def _grown(region: Region, radius: int) -> Region:
    """With a halo that may reach beyond the picture."""
    top, left, bottom, right = region
    return Region(top - radius, left - radius, bottom + radius, right + radius)


def _continued(planes: NDArray[np.float32], region: Region) -> NDArray[np.float32]:
    """A region of planes; beyond them their outermost pixels go on: what is flat stays flat."""
    height, width = planes.shape[1:]
    beyond = [
        (max(0, -region.top), max(0, region.bottom - height)),
        (max(0, -region.left), max(0, region.right - width)),
    ]
    part = planes[region.grown(0, height, width).in_planes]
    return np.pad(part, [(0, 0), *beyond], "edge") if any(map(any, beyond)) else part
