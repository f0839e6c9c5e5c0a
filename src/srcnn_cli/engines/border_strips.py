"""Tiles at the picture's border, of which only strips along the border compute the border policy.

A policy that normalises costs every layer two passes more over all pixels of a tile, a quarter of
its time, although it changes none that is farther from the picture's border than the network's
receptive radius. So those are computed as if they lay inside a picture, and the others apart.
That pays with ONNX Runtime; OpenVINO and torch normalise more cheaply, and gain 8 % at best.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.imaging.regions import INTERIOR, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig

# How much longer a pixel takes where layers normalise, by ONNX Runtime on AVX-512: 1.45 times with
# 16 feature maps, 1.4 with 32 and 1.3 with 64.
_NORMALIZED = 1.4
# Multiplications that take as long as preparing the kind of tiles that lie inside a picture.
_PREPARING = 2e8
# The share of a patch's time that has to be saved: starting more runs takes time, too.
_WORTHWHILE = 0.02


class BorderStrips:
    """Runs patches, in parts where that is sooner done, for all threads.

    Parts need tiles inside a picture, which may not be prepared. They are, once what parting would
    have saved takes as long: for a large picture with its first tile, and for small ones when there
    are many.

    Args:
        config: The network.
        prepared: The kinds of tiles, by their edges, that are.
    """

    def __init__(self, config: ModelConfig, prepared: Container[Edges]) -> None:
        self._config = config
        self._prepared = prepared
        self._missed = 0.0  # multiplications that could have been saved
        self._lock = Lock()

    def run(
        self,
        run: Callable[[NDArray[np.float32], Edges], NDArray[np.float32]],
        patch: NDArray[np.float32],
        edges: Edges,
    ) -> NDArray[np.float32]:
        """What ``run`` makes of a patch.

        Args:
            run: As `Engine.run`.
            patch: (C, h, w).
            edges: Its sides that lie on the true border of the picture.

        Returns:
            As `Engine.run`, the same to the bit on the processors that were tried.
        """
        height, width = patch.shape[1:]
        if not self._worth_parting(height, width, edges):
            return run(patch, edges)
        radius, factor = self._config.receptive_radius, self._config.factor
        whole = _delivered(Region(0, 0, height, width), edges, radius)
        result = np.empty((len(patch), whole.height * factor, whole.width * factor), np.float32)
        for source, sides in _parts(height, width, edges, radius):
            top, left, bottom, right = _delivered(source, sides, radius)
            place = Region(
                top - whole.top, left - whole.left, bottom - whole.top, right - whole.left
            )
            result[place.times(factor).in_planes] = run(patch[source.in_planes], sides)
        return result

    def _worth_parting(self, height: int, width: int, edges: Edges) -> bool:
        saved = saved_by_parting(self._config, height, width, edges)
        if saved <= 0:
            return False
        with self._lock:
            self._missed += saved
            return INTERIOR in self._prepared or self._missed > _PREPARING


def saved_by_parting(config: ModelConfig, height: int, width: int, edges: Edges) -> float:
    """Multiplications, or 0 where parts, which do twice what is beside a seam, do not pay."""
    radius = config.receptive_radius
    if config.border != "normalize" or edges == INTERIOR or min(height, width) <= 4 * radius:
        return 0.0
    parts = _parts(height, width, edges, radius)
    spent = sum(_cost(source, sides, radius) for source, sides in parts)
    whole = _cost(Region(0, 0, height, width), edges, radius)
    if spent > (1 - _WORTHWHILE) * whole:
        return 0.0
    return (whole - spent) * config.operations_per_pixel * config.factor**2


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


def _cost(source: Region, edges: Edges, radius: int) -> float:
    """Pixels that a layer computes, on average over the layers, each as one inside a picture."""
    if edges == INTERIOR:
        return (source.area + _delivered(source, edges, radius).area) / 2
    return _NORMALIZED * source.area  # see `onnx_border`
