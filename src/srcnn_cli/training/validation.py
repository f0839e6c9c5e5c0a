"""How good a network is while it is trained: `bench`'s PSNR on pictures held back."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from srcnn_cli.methods.base import wants_color
from srcnn_cli.methods.networks import network_method

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.evaluation.protocol import Pair
    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.methods.base import Method
    from srcnn_cli.training.ranks import Ranks


class Validator:
    """PSNR on held-back pictures, under the convention of their pairs.

    Args:
        pairs: At least one; of one or several scales.
        ranks: The processes share the pictures.
    """

    def __init__(self, pairs: Sequence[Pair], ranks: Ranks) -> None:
        self._ranks = ranks
        self.scales = sorted({pair.scale for pair in pairs})
        self._counts = [sum(pair.scale == scale for pair in pairs) for scale in self.scales]
        self._pairs = list(pairs)[ranks.share(len(pairs))]
        self.bicubic = self._means([(pair, pair.psnr(pair.interpolated)) for pair in self._pairs])

    def psnr(self, engine_at: Callable[[Levels], Engine]) -> list[float]:
        """Mean PSNR in dB for each of `scales`; the network is told how damaged a picture is."""
        networks: dict[Levels, Method] = {}
        scores = []
        for pair in self._pairs:
            if pair.levels not in networks:
                networks[pair.levels] = network_method("validated", engine_at(pair.levels))
            network = networks[pair.levels]
            low = pair.offered(color=wants_color(network))
            output, _ = network.enlarge(low, *pair.truth.shape[-2:])
            scores.append((pair, pair.psnr(output)))
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
