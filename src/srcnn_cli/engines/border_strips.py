"""Tiles at the picture's border, of which only strips along the border compute the border policy.

A policy that normalises costs every layer several passes over all pixels of a tile, a third of
its time, although it changes none that is farther from the picture's border than the network's
receptive radius. So those are computed as if they lay inside a picture, and the others apart.
That pays with ONNX Runtime; OpenVINO and torch normalise more cheaply, and gain 8 % at best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.imaging.regions import INTERIOR, Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig

# How much longer a pixel takes where layers normalise, by ONNX Runtime on AVX-512: 1.5 times for
# `subpixel-s`, 1.4 for `subpixel-l`.
_NORMALIZED = 1.4
# Multiplications that have to be saved: they take as long as preparing one more kind of tiles.
_WORTHWHILE = 4e8


def run_border_apart(
    run: Callable[[NDArray[np.float32], Edges], NDArray[np.float32]],
    config: ModelConfig,
    patch: NDArray[np.float32],
    edges: Edges,
) -> NDArray[np.float32]:
    """What ``run`` makes of a patch, in parts where that is sooner done.

    Args:
        run: As `Engine.run`.
        config: The network that it runs.
        patch: (C, h, w).
        edges: Its sides that lie on the true border of the picture.

    Returns:
        As `Engine.run`, the same to the bit on the processors that were tried.
    """
    height, width = patch.shape[1:]
    if not worth_parting(config, height, width, edges):
        return run(patch, edges)
    whole = _delivered(Region(0, 0, height, width), edges, config.receptive_radius)
    size = whole.height * config.factor, whole.width * config.factor
    result = np.empty((len(patch), *size), np.float32)
    for source, sides in _parts(height, width, edges, config.receptive_radius):
        top, left, bottom, right = _delivered(source, sides, config.receptive_radius)
        place = Region(top - whole.top, left - whole.left, bottom - whole.top, right - whole.left)
        part = run(patch[source.in_planes], sides)
        result[place.times(config.factor).in_planes] = part
    return result


def worth_parting(config: ModelConfig, height: int, width: int, edges: Edges) -> bool:
    """Whether a patch is sooner done in parts, which repeat what both sides of a seam need."""
    radius = config.receptive_radius
    if config.border != "normalize" or edges == INTERIOR or min(height, width) <= 4 * radius:
        return False
    spent = sum(
        _pixels(source, sides, radius) * (_NORMALIZED if sides != INTERIOR else 1)
        for source, sides in _parts(height, width, edges, radius)
    )
    saved = _NORMALIZED * _pixels(Region(0, 0, height, width), edges, radius) - spent
    return saved * config.operations_per_pixel * config.factor**2 > _WORTHWHILE


def _parts(height: int, width: int, edges: Edges, radius: int) -> list[tuple[Region, Edges]]:
    """What to read of a patch for its inside, and for each strip, and the edges of that."""
    side = 2 * radius  # a strip, and its halo
    parts = [
        (True, Region(0, 0, height, width), INTERIOR),
        (edges.top, Region(0, 0, side, width), edges._replace(bottom=False)),
        (edges.bottom, Region(height - side, 0, height, width), edges._replace(top=False)),
        # Corners belong to the strips above and below.
        (edges.left, Region(0, 0, height, side), INTERIOR._replace(left=True)),
        (edges.right, Region(0, width - side, height, width), INTERIOR._replace(right=True)),
    ]
    return [(source, sides) for needed, source, sides in parts if needed]


def _delivered(source: Region, edges: Edges, radius: int) -> Region:
    """What the network gives for a part of a patch."""
    rows, columns = edges.left_by(radius, source.height, source.width)
    return Region(
        source.top + rows.start,
        source.left + columns.start,
        source.top + rows.stop,
        source.left + columns.stop,
    )


def _pixels(source: Region, edges: Edges, radius: int) -> float:
    """Pixels that a layer computes, on average over the layers."""
    return (source.area + _delivered(source, edges, radius).area) / 2
