"""Ways to enlarge a picture that `bench` and `compare` set side by side.

A method takes what a test pair offers, the low-resolution planes, and gives planes of the size of
the truth, together with the seconds of its steps. Interpolations and networks are alike in that.
Colour networks alone need R'G'B' also where only luminance is compared: `wants_color`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.imaging.planes import (
    network_input,
    network_picture,
)
from srcnn_cli.methods.base import Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine


class Network:
    """A network on the bicubic enlargement.

    Of R'G'B' a luminance network improves Y'; Cb and Cr are enlarged bicubically. A colour network
    improves all planes, and of (h, w), which it takes as a grey picture, it gives the luminance.

    Args:
        name: As printed.
        engine: Runs it.
        ensemble: Average over the eight flips and turns of the input ("self-ensemble", Timofte
            et al., CVPR 2016): some better, eight times slower.
        tile: Side of the tiles; 0 chooses.
    """

    def __init__(self, name: str, engine: Engine, *, ensemble: bool = False, tile: int = 0) -> None:
        self.name = f"{name}+" if ensemble else name
        self.color = engine.config.color
        self._engine = engine
        self._ensemble = ensemble
        self._tile = tile

    def enlarge(
        self, low: NDArray[Any], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """See `Method`."""
        started = time.perf_counter()
        planes = network_input(low, self.color, height, width)
        prepared = time.perf_counter()
        result = self.run(planes)
        done = time.perf_counter()
        picture = network_picture(result, self.color, grey=low.ndim == 2)
        finished = time.perf_counter()
        return picture, Steps(prepared - started, done - prepared, finished - done)

    def run(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """`network_input` with the network's own planes improved, (c, H, W) to the same."""
        channels = self._engine.config.channels
        result = self._improve(planes[:channels])
        rest = planes[channels:]
        return np.concatenate([result, rest]) if len(rest) else result

    def _improve(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        tile = self._tile or self._engine.best_tile(*planes.shape[1:])
        if not self._ensemble:
            return run_plane(self._engine, planes, tile)
        total = np.zeros_like(planes)
        for flip in (False, True):
            for turns in range(4):
                view = np.rot90(planes[..., ::-1] if flip else planes, turns, axes=(1, 2))
                output = run_plane(self._engine, np.ascontiguousarray(view), tile)
                output = np.rot90(output, -turns, axes=(1, 2))
                total += output[..., ::-1] if flip else output
        total /= 8
        return total
