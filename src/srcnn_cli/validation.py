"""How good a network is while it is trained: `bench`'s PSNR on pictures held back."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.color import grey_from_network, network_planes, rgb_from_network
from srcnn_cli.resize import resize
from srcnn_cli.tiling import run_plane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from srcnn_cli.config import Color
    from srcnn_cli.distributed import Ranks
    from srcnn_cli.engine.torch_engine import TorchEngine
    from srcnn_cli.protocol import Pair

_TILE = 128


class Validator:
    """Validation pairs with their enlargements, made once.

    Args:
        pairs: At least one; of one or several scales.
        color: Of the networks.
        ranks: The processes share the pictures.
    """

    def __init__(self, pairs: Sequence[Pair], color: Color, ranks: Ranks) -> None:
        self._color, self._ranks = color, ranks
        self.scales = sorted({pair.scale for pair in pairs})
        self._counts = [sum(pair.scale == scale for pair in pairs) for scale in self.scales]
        own = list(pairs)[ranks.share(len(pairs))]
        self._pictures = [(pair, self._planes(pair)) for pair in own]
        self.bicubic = self._means([(pair, pair.psnr(pair.interpolated)) for pair in own])

    def _planes(self, pair: Pair) -> NDArray[np.float32]:
        low = pair.offered(color=self._color != "y").astype(np.float32)
        planes: NDArray[np.float32] = resize(
            network_planes(low, self._color), *pair.truth.shape[-2:]
        )
        return planes

    def psnr(self, engine: TorchEngine) -> list[float]:
        """Mean PSNR in dB for each of `scales`, under the ``srcnn`` convention."""
        return self._means([(p, p.psnr(self._run(engine, p, x))) for p, x in self._pictures])

    def _run(
        self, engine: TorchEngine, pair: Pair, planes: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        output = run_plane(engine, planes, _TILE)
        if pair.offered(color=self._color != "y").ndim == 2:
            return grey_from_network(output, self._color)
        return rgb_from_network(output, self._color)

    def _means(self, values: list[tuple[Pair, float]]) -> list[float]:
        sums = [sum(v for pair, v in values if pair.scale == scale) for scale in self.scales]
        return [
            total / count
            for total, count in zip(self._ranks.total(sums), self._counts, strict=True)
        ]


def overall(psnr: Sequence[float]) -> float:
    """One figure to choose by: the mean over the scales."""
    return statistics.fmean(psnr)
