"""Cutting a plane into tiles whose results fit together exactly.

The networks have a small, finite receptive radius. A tile that is read with a halo of that
radius, clamped at the true border of the picture, gives the same pixels as the whole picture
would: no overlap, no blending. Sides of a tile that lie on the true border are marked as such
(`Edges`), and only there does the network apply its border policy.
"""

from __future__ import annotations

import math
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.imaging.regions import Edges, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.models.config import ModelConfig

# Of the widest layer's output for one tile. Measured with 9-1-5 and 9-5-5 on two cores with 1 MiB
# of L2 each: 96 to 160 pixels are within 7 % of each other, 48 takes 25 to 30 % longer
# (benchmarks/tile_speed.py). VDSR's halo of 20 would be 70 % more to compute at 128 pixels; at 280,
# fourteen times the radius, it is 31 %, and still larger tiles gain little for their memory.
CPU_TILE_BYTES = 4_300_000
_RADII_PER_TILE = 14
_SMALLEST = 64
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
    """The side of the tiles that run fastest, 64 to 2048 pixels.

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
    largest = min(max(side // 16 * 16, _SMALLEST, _RADII_PER_TILE * radius), _LARGEST)

    def duration(side: int) -> int:
        rows, columns = math.ceil(height / side), math.ceil(width / side)
        rounds = math.ceil(rows * columns / workers)
        return rounds * (height // rows + 2 * radius) * (width // columns + 2 * radius)

    # Of equally good ones the largest.
    return min((largest, *reversed(range(_SMALLEST, largest, _SIDE_STEP))), key=duration)


def plan_bands(height: int, width: int, tile: int, radius: int) -> list[list[Tile]]:
    """Tiles that cover ``height`` x ``width`` exactly once, as rows of tiles from the top.

    Tiles of one row are equally wide but for a pixel or two, and rows equally high, so that no
    sliver is left at the end, where the halo would cost more than the tile.

    Args:
        height: Rows of the picture, at least 1.
        width: Columns of the picture, at least 1.
        tile: Largest side of a tile's core, at least 1.
        radius: The network's receptive radius.
    """
    rows, columns = _cuts(height, tile), _cuts(width, tile)
    bands = []
    for top, bottom in rows:
        band = []
        for left, right in columns:
            core = Region(top, left, bottom, right)
            source = core.grown(radius, height, width)
            edges = Edges(
                source.top == 0,
                source.left == 0,
                source.bottom == height,
                source.right == width,
            )
            band.append(Tile(core, source, edges))
        bands.append(band)
    return bands


def run_bands(
    engine: Engine,
    height: int,
    width: int,
    tile: int,
    rows: Callable[[int, int], NDArray[np.float32]],
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Run a picture through a network band by band, so that memory never depends on its height.

    Args:
        engine: Runs the tiles.
        height: Rows of the network's input.
        width: Columns of the network's input.
        tile: Largest side of a tile, in pixels of the input.
        rows: Gives rows ``start`` to ``stop`` of the network's input as (C, stop - start, W).

    Yields:
        ``(start, stop, output)`` from top to bottom, in rows of the result, which is larger by the
        network's factor s; ``output`` is (C, stop - start, s W).
    """
    # Tiles are handed out ahead of the band that is waited for, so that no worker is idle at the
    # end of a band or while the caller does something with its rows.
    ahead: deque[tuple[list[Tile], list[Future[NDArray[np.float32]]]]] = deque()
    factor = engine.config.factor
    bands = iter(plan_bands(height, width, tile, engine.config.receptive_radius))
    while True:
        while sum(len(band) for band, _ in ahead) < 3 * engine.workers or len(ahead) < 2:
            band = next(bands, None)
            if band is None:
                break
            source = rows(band[0].source.top, band[0].source.bottom)
            patches = (source[:, :, tile.source.left : tile.source.right] for tile in band)
            ahead.append(
                (band, [engine.submit(p, t.edges) for p, t in zip(patches, band, strict=True)])
            )
        if not ahead:
            return
        band, outputs = ahead.popleft()
        top, bottom = band[0].core.top * factor, band[0].core.bottom * factor
        yield top, bottom, _join(band, outputs, factor)


def run_plane(engine: Engine, planes: NDArray[np.float32], tile: int) -> NDArray[np.float32]:
    """(C, H, W) through the network in tiles: (C, s H, s W), s being the network's factor."""
    height, width = planes.shape[-2:]
    factor = engine.config.factor
    result = np.empty((len(planes), height * factor, width * factor), np.float32)
    for start, stop, band in run_bands(
        engine, height, width, tile, lambda start, stop: planes[:, start:stop]
    ):
        result[:, start:stop] = band
    return result


def _join(
    band: list[Tile], outputs: list[Future[NDArray[np.float32]]], factor: int
) -> NDArray[np.float32]:
    parts = []
    for tile, future in zip(band, outputs, strict=True):
        top, left = tile.core.top - tile.output_top, tile.core.left - tile.output_left
        rows = slice(top * factor, (top + tile.core.height) * factor)
        columns = slice(left * factor, (left + tile.core.width) * factor)
        parts.append(future.result()[:, rows, columns])
    return np.concatenate(parts, axis=2)


def _cuts(length: int, tile: int) -> list[tuple[int, int]]:
    count = math.ceil(length / tile)
    ends = [length * i // count for i in range(count + 1)]
    return list(pairwise(ends))
