"""How good a network is while it is trained: `bench`'s PSNR on pictures held back."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from srcnn_cli.imaging.planes import network_input, network_picture
from srcnn_cli.methods.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.evaluation.protocol import Pair
    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.training.ranks import Ranks


class Validator:
    """Validation pairs with their enlargements, made once.

    Args:
        pairs: At least one; of one or several scales.
        color: Of the networks.
        ranks: The processes share the pictures.
    """

    def __init__(self, pairs: Sequence[Pair], color: Planes, ranks: Ranks) -> None:
        self._color, self._ranks = color, ranks
        self.scales = sorted({pair.scale for pair in pairs})
        self._counts = [sum(pair.scale == scale for pair in pairs) for scale in self.scales]
        own = list(pairs)[ranks.share(len(pairs))]
        self._pictures = [(pair, self._input(pair)) for pair in own]
        self.bicubic = self._means([(pair, pair.psnr(pair.interpolated)) for pair in own])

    def _input(self, pair: Pair) -> NDArray[np.float32]:
        return network_input(self._low(pair), self._color, *pair.truth.shape[-2:])

    def _low(self, pair: Pair) -> NDArray[Any]:
        return pair.offered(color=self._color != "y")

    def psnr(self, engine: Engine) -> list[float]:
        """Mean PSNR in dB for each of `scales`, under the ``srcnn`` convention."""
        network = Network("validated", engine)
        scores = []
        for pair, planes in self._pictures:
            grey = self._low(pair).ndim == 2
            picture = network_picture(network.run(planes), self._color, grey=grey)
            scores.append((pair, pair.psnr(picture)))
        return self._means(scores)

    def _means(self, values: list[tuple[Pair, float]]) -> list[float]:
        sums = [sum(v for pair, v in values if pair.scale == scale) for scale in self.scales]
        return [
            total / count
            for total, count in zip(self._ranks.total(sums), self._counts, strict=True)
        ]


def overall(psnr: Sequence[float]) -> float:
    """One figure to choose by: the mean over the scales."""
    return statistics.fmean(psnr)
