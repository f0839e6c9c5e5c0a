"""Tiles at a border that is normalised: what runs them soonest.

A policy that normalises costs every layer two passes more over all pixels of a tile, a quarter of
its time, although it changes none that is farther from the picture's border than the network's
receptive radius. So of a larger tile those are computed as if they lay inside a picture, and strips
along the border apart. And one model can run tiles of all kinds (`onnx_border`), which is soon
prepared, but computes more than a model for a kind. Both is for ONNX Runtime; OpenVINO and torch
normalise more cheaply, and gain 8 % at best.
"""

from __future__ import annotations

from collections import defaultdict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.imaging.regions import INTERIOR, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig

# How much longer a pixel takes where layers normalise, by ONNX Runtime on AVX-512: in the one model
# for all kinds of tiles 1.45 times with 16 feature maps, 1.4 with 32 and 1.3 with 64, in one for a
# kind 1.7, 1.5 and 1.35. But the former computes all layers as far as the patch goes.
_FOR_ALL, _FOR_ONE = 1.4, 1.5
# Multiplications that take as long as preparing a model for tiles inside a picture, and for a kind
# of tiles at its border.
_PREPARING_INSIDE, _PREPARING_ONE = 2e8, 5e8
# The share of a patch's time that has to be saved: starting more runs takes time, too.
_WORTHWHILE = 0.02


class Preparation:
    """Which kinds of tiles are worth a model of their own, for all threads.

    One is prepared once what it would have saved takes as long: for a large picture with its first
    tiles, and for small ones when there are many.

    Args:
        config: The network.
        prepared: The kinds of tiles, by their edges, that have one.
    """

    def __init__(self, config: ModelConfig, prepared: Container[Edges]) -> None:
        self._config = config
        self._prepared = prepared
        self._missed: defaultdict[Edges, float] = defaultdict(float)  # multiplications
        self._lock = Lock()

    def has_own(self, patch: NDArray[np.float32], edges: Edges) -> bool:
        """Whether a (C, h, w) patch at the border is to be run by a model for its kind."""
        source = Region(0, 0, *patch.shape[1:])
        for_all, for_one = _costs(source, edges, self._config.receptive_radius)
        return self._pays(edges, for_all - for_one, _PREPARING_ONE)

    def is_parted(self, patch: NDArray[np.float32], edges: Edges) -> bool:
        """Whether the strips of a (C, h, w) patch along the border are to be run by themselves."""
        height, width = patch.shape[1:]
        saved = saved_by_parting(self._config, height, width, edges)
        return self._pays(INTERIOR, saved, _PREPARING_INSIDE)

    def _pays(self, edges: Edges, saved: float, preparing: float) -> bool:
        if saved <= 0:
            return False
        with self._lock:
            self._missed[edges] += (
                saved * self._config.operations_per_pixel * self._config.factor**2
            )
            return edges in self._prepared or self._missed[edges] > preparing


def run_border_apart(
    run: Callable[[NDArray[np.float32], Edges], NDArray[np.float32]],
    config: ModelConfig,
    patch: NDArray[np.float32],
    edges: Edges,
) -> NDArray[np.float32]:
    """What ``run`` makes of a patch, its inside and each strip along the border by itself.

    Args:
        run: As `Engine.run`.
        config: The network that it runs.
        patch: (C, h, w).
        edges: Its sides that lie on the true border of the picture.

    Returns:
        As `Engine.run`, the same to the bit on the processors that were tried.
    """
    height, width = patch.shape[1:]
    radius, factor = config.receptive_radius, config.factor
    whole = delivered(Region(0, 0, height, width), edges, radius)
    result = np.empty((len(patch), whole.height * factor, whole.width * factor), np.float32)
    for source, sides in _parts(height, width, edges, radius):
        top, left, bottom, right = delivered(source, sides, radius)
        place = Region(top - whole.top, left - whole.left, bottom - whole.top, right - whole.left)
        result[place.times(factor).in_planes] = run(patch[source.in_planes], sides)
    return result


def saved_by_parting(config: ModelConfig, height: int, width: int, edges: Edges) -> float:
    """Pixels of each layer, or 0 where parts, which do twice what is beside a seam, do not pay."""
    radius = config.receptive_radius
    if config.border != "normalize" or edges == INTERIOR or min(height, width) <= 4 * radius:
        return 0.0
    parts = _parts(height, width, edges, radius)
    spent = sum(min(_costs(source, sides, radius)) for source, sides in parts)
    whole = min(_costs(Region(0, 0, height, width), edges, radius))
    return whole - spent if spent <= (1 - _WORTHWHILE) * whole else 0.0


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


def delivered(source: Region, edges: Edges, radius: int) -> Region:
    """What a network of this receptive radius gives for a part of a patch, with these edges."""
    rows, columns = edges.left_by(radius, source.height, source.width)
    return Region(
        source.top + rows.start,
        source.left + columns.start,
        source.top + rows.stop,
        source.left + columns.stop,
    )


def _costs(source: Region, edges: Edges, radius: int) -> tuple[float, float]:
    """Pixels that a layer computes by the model for all kinds of tiles, and by one for this kind.

    On average over the layers, and as many as would take the same time inside a picture.
    """
    average = (source.area + delivered(source, edges, radius).area) / 2
    if edges == INTERIOR:
        return average, average
    return _FOR_ALL * source.area, _FOR_ONE * average
