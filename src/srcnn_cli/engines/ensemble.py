"""Averaging a network over the flips and turns of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.imaging.regions import Edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine

_TURNS = 4


class Ensemble:
    """An engine that runs another one on the eight flips and turns of every patch.

    The mean of the eight results, flipped and turned back ("self-ensemble", Timofte et al.,
    CVPR 2016), is some hundredths to tenths of a dB better, and takes eight times as long. It is
    exact in tiles, as the engine itself is.
    """

    def __init__(self, engine: Engine) -> None:
        self.config = engine.config
        self._engine = engine

    def best_tile(self, height: int, width: int) -> int:
        """See `Engine`."""
        return self._engine.best_tile(height, width)

    def run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        """See `Engine`."""
        results = []
        for flip in (False, True):
            view = patch[..., ::-1] if flip else patch
            sides = Edges(edges.top, edges.right, edges.bottom, edges.left) if flip else edges
            for turns in range(_TURNS):
                turned = np.ascontiguousarray(np.rot90(view, turns, axes=(1, 2)))
                output = np.rot90(self._engine.run(turned, sides), -turns, axes=(1, 2))
                results.append(output[..., ::-1] if flip else output)
                # A quarter of a turn to the left: the right side is the new top.
                sides = Edges(sides.right, sides.top, sides.left, sides.bottom)
        mean: NDArray[np.float32] = np.mean(results, axis=0)
        return mean
