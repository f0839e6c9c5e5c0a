"""Ways to enlarge a picture that `bench` and `compare` set side by side.

A method takes what a test pair offers, the low-resolution planes, and gives planes of the size of
the truth, together with the seconds of its steps. Interpolations and networks are alike in that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from srcnn_cli.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.resize import resize
from srcnn_cli.tiling import run_plane

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.engine.torch_engine import TorchEngine

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")


@dataclass(frozen=True)
class Steps:
    """Seconds of one enlargement.

    Attributes:
        prepare: Interpolation, and R'G'B' to Y'CbCr where colour is compared.
        network: The network; 0 for an interpolation.
        post: Y'CbCr back to R'G'B'.
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
        self, low: NDArray[np.float64], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """(h, w) luminance or (3, h, w) R'G'B' in [0, 1] to (height, width) or (3, ...)."""
        ...


class Interpolation:
    """Nearest, bilinear, bicubic or Lanczos (a = 3), on every plane alike."""

    def __init__(self, name: str) -> None:
        self.name = name

    def enlarge(
        self, low: NDArray[np.float64], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """See `Method`."""
        started = time.perf_counter()
        result: NDArray[np.float32] = resize(
            low.astype(np.float32), height, width, kernel=self.name
        )
        return result, Steps(time.perf_counter() - started)


class Network:
    """A network on bicubically enlarged luminance; colour is enlarged bicubically.

    Args:
        name: As printed.
        engine: Runs it.
        ensemble: Average over the eight flips and turns of the input ("self-ensemble", Timofte
            et al., CVPR 2016): some better, eight times slower.
        tile: Side of the tiles; 0 chooses.
    """

    def __init__(
        self, name: str, engine: TorchEngine, *, ensemble: bool = False, tile: int = 0
    ) -> None:
        self.name = f"{name}+" if ensemble else name
        self._engine = engine
        self._ensemble = ensemble
        self._tile = tile or engine.best_tile()

    def enlarge(
        self, low: NDArray[np.float64], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """See `Method`."""
        started = time.perf_counter()
        low = low.astype(np.float32)
        planes: NDArray[np.float32] = resize(
            low if low.ndim == 2 else ycbcr_from_rgb(low), height, width
        )
        prepared = time.perf_counter()
        result = self._run(planes if planes.ndim == 2 else planes[0])
        done = time.perf_counter()
        if planes.ndim == 3:
            result = rgb_from_ycbcr(np.concatenate([result[None], planes[1:]]))
        finished = time.perf_counter()
        return result, Steps(prepared - started, done - prepared, finished - done)

    def _run(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        if not self._ensemble:
            output: NDArray[np.float32] = run_plane(self._engine, plane[None], self._tile)[0]
            return output
        total = np.zeros_like(plane)
        for flip in (False, True):
            for turns in range(4):
                view = np.rot90(plane[:, ::-1] if flip else plane, turns)
                output = run_plane(self._engine, np.ascontiguousarray(view)[None], self._tile)[0]
                output = np.rot90(output, -turns)
                total += output[:, ::-1] if flip else output
        total /= 8
        return total
