"""Ways to enlarge a picture that `bench` and `compare` set side by side.

A method takes what a test pair offers, the low-resolution planes, and gives planes of the size of
the truth, together with the seconds of its steps. Interpolations and networks are alike in that.
Colour networks alone need R'G'B' also where only luminance is compared: `wants_color`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from srcnn_cli.color import grey_from_network, network_planes, rgb_from_network
from srcnn_cli.resize import resize
from srcnn_cli.tiling import run_plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.config import Color
    from srcnn_cli.tiling import Engine

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")


@dataclass(frozen=True)
class Steps:
    """Seconds of one enlargement.

    Attributes:
        prepare: Interpolation, and R'G'B' to the network's planes where it is given colour.
        network: The network; 0 for an interpolation.
        post: The network's planes back to R'G'B'.
    """

    prepare: float
    network: float = 0.0
    post: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.prepare + self.network + self.post


class Method(Protocol):
    """Something that enlarges."""

    name: str

    def enlarge(
        self, low: NDArray[Any], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """(h, w) luminance or (3, h, w) R'G'B' in [0, 1] to (height, width) or (3, ...)."""
        ...


def wants_color(method: Method) -> bool:
    """Whether a method is to be given R'G'B' even where luminance alone is compared."""
    return isinstance(method, Network) and method.color != "y"


class Interpolation:
    """Nearest, bilinear, bicubic or Lanczos (a = 3), on every plane alike."""

    def __init__(self, name: str) -> None:
        self.name = name

    def enlarge(
        self, low: NDArray[Any], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """See `Method`."""
        started = time.perf_counter()
        result: NDArray[np.float32] = resize(
            low.astype(np.float32), height, width, kernel=self.name
        )
        return result, Steps(time.perf_counter() - started)


def network_input(low: NDArray[Any], color: Color, height: int, width: int) -> NDArray[np.float32]:
    """What networks of a colour get, enlarged bicubically.

    Args:
        low: (h, w) luminance or grey, or (3, h, w) R'G'B', in [0, 1].
        color: `ModelConfig.color`.
        height: Of the result.
        width: Of the result.

    Returns:
        (1 or 3, height, width) as `color.network_planes` says.
    """
    planes: NDArray[np.float32] = resize(network_planes(low, color), height, width)
    return planes


def network_picture(
    planes: NDArray[np.float32], color: Color, *, grey: bool
) -> NDArray[np.float32]:
    """The way back from `network_input`: (H, W) if that was made of grey, else (3, H, W) R'G'B'."""
    return grey_from_network(planes, color) if grey else rgb_from_network(planes, color)


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
