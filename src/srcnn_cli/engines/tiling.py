"""Cutting a plane into tiles whose results fit together exactly.

The networks have a small, finite receptive radius. A tile that is read with a halo of that
radius, clamped at the true border of the picture, gives the same pixels as the whole picture
would: no overlap, no blending. Sides of a tile that lie on the true border are marked as such
(`Edges`), and only there does the network apply its border policy.
"""

from __future__ import annotations

import math
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.imaging.regions import Edges, Region, divided
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine, Runnable
    from srcnn_cli.models.config import ModelConfig

# Of the widest layer's output for one tile. Measured with 9-1-5 and 9-5-5 on two cores with 1 MiB
# of L2 each: 96 to 160 pixels are within 7 % of each other, 48 takes 25 to 30 % longer
# (benchmarks/tile_speed.py). VDSR's halo of 20 would be 70 % more to compute at 128 pixels; at 280,
# fourteen times the radius, it is 31 %, and still larger tiles gain little for their memory.
CPU_TILE_BYTES = 4_300_000
_RADII_PER_TILE = 14
_SMALLEST = 64
# Of the result: a larger one leaves the cores of a GPU's host without work.
_LARGEST = 2048
_SIDE_STEP = 8


class Tile(NamedTuple):
    """``core`` is what the tile delivers, ``source`` what it has to read for that."""

    core: Region
    source: Region
    edges: Edges

    @property
    def output_top(self) -> int:
        """First row that the network delivers for ``source``: below it the halo is used up."""
        return self.source.top if self.edges.top else self.core.top

    @property
    def output_left(self) -> int:
        """First column that the network delivers for ``source``."""
        return self.source.left if self.edges.left else self.core.left


def tile_side(
    config: ModelConfig, height: int, width: int, workers: int, budget: int = CPU_TILE_BYTES
) -> int:
    """The side of the tiles that run fastest: 64 pixels or more, of the result 2048 at most.

    Args:
        config: The network.
        height: Rows of the picture. A small one is cut into smaller tiles, so that each worker
            has one.
        width: Columns of the picture.
        workers: Tiles that run at the same time.
        budget: Bytes that the widest layer's output may take; as it is, for a CPU. A network with
            a large receptive radius takes more, lest the halo cost more than the tile.
    """
    radius = config.receptive_radius
    side = math.isqrt(budget // (4 * max(config.widths, default=1)))
    worthwhile = max(side // 16 * 16, _SMALLEST, _RADII_PER_TILE * radius)
    largest = min(worthwhile, _LARGEST // config.factor)

    def duration(side: int) -> int:
        rows, columns = math.ceil(height / side), math.ceil(width / side)
        rounds = math.ceil(rows * columns / workers)
        return rounds * (height // rows + 2 * radius) * (width // columns + 2 * radius)

    # Of equally good ones the largest.
    return min((largest, *reversed(range(_SMALLEST, largest, _SIDE_STEP))), key=duration)


def plan_bands(height: int, width: int, tile: int, radius: int, step: int = 1) -> list[list[Tile]]:
    """Tiles that cover ``height`` x ``width`` exactly once, as rows of tiles from the top.

    They are equally large but for a pixel, see `divided`: the halo of a sliver at the end would
    cost more than the tile.

    Args:
        height: Rows of the picture, at least 1.
        width: Columns of the picture, at least 1.
        tile: Largest side of a tile's core, at least 1.
        radius: The network's receptive radius.
        step: Tiles begin at multiples of this.
    """
    return [
        [_with_halo(core, height, width, radius) for core in row]
        for row in divided(height, width, tile, step)
    ]


def _with_halo(core: Region, height: int, width: int, radius: int) -> Tile:
    source = core.grown(radius, height, width)
    edges = Edges(source.top == 0, source.left == 0, source.bottom == height, source.right == width)
    return Tile(core, source, edges)


def plan_tiles(config: Runnable, height: int, width: int, tile: int) -> list[Tile]:
    """The tiles of `plan_bands` for a network, row after row."""
    return [*chain(*plan_bands(height, width, tile, config.receptive_radius, config.step))]


def run_tile(engine: Engine, tile: Tile, patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a tile delivers.

    Args:
        engine: Runs it.
        tile: Which one.
        patch: (C, h, w), the pixels of its source.

    Returns:
        (C, s h', s w'), those of its core, s being the network's factor.
    """
    top, left = tile.core.top - tile.output_top, tile.core.left - tile.output_left
    inner = Region(top, left, top + tile.core.height, left + tile.core.width)
    return engine.run(patch, tile.edges)[inner.times(engine.config.factor).in_planes]


def run_plane(engine: Engine, planes: NDArray[np.float32], tile: int) -> NDArray[np.float32]:
    """(C, H, W) through the network in tiles: (C, s H, s W), s being the network's factor."""
    height, width = planes.shape[-2:]
    factor = engine.config.factor
    result = np.empty((len(planes), height * factor, width * factor), np.float32)

    def work(part: Tile) -> None:
        core = part.core.times(factor)
        result[core.in_planes] = run_tile(engine, part, planes[part.source.in_planes])

    for _ in crew().map(work, plan_tiles(engine.config, height, width, tile)):
        pass
    return result
