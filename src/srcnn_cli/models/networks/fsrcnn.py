"""FSRCNN (Dong et al., ECCV 2016): SRCNN on the low-resolution picture, narrow in the middle."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from srcnn_cli.models.networks.base import Family

if TYPE_CHECKING:
    from srcnn_cli.models.networks.base import Hyperparameters

# Layers of 3×3 between shrinking and expanding: m of section 3.2.
_MAPPING = 4
_DECONVOLUTION = 9


class Fsrcnn(Family):
    """FSRCNN(56, 12, 4): 5×5, shrinking, four of 3×3, expanding, enlarging; PReLU between them.

    The paper's last layer is a deconvolution of 9×9 with the scale s as its stride. Each sub-pixel
    of its result is a weighted sum of ceil(9 / s) pixels of the low resolution along each side, so
    the layer is a convolution to s² planes and a shuffle, and that is how it is kept here (where
    ceil(9 / s) is even the filters are a pixel larger).
    """

    name = "fsrcnn"
    grid = "low-resolution"
    activation = "prelu"
    border = "normalize"
    # As for ESPCN; and layers of 12 maps gain nothing by bfloat16.
    training = MappingProxyType(
        {
            "border_share": 1.0, "initial": "he", "patch": 32, "rate": 2e-3,
            "precision": "float32",
        }
    )  # fmt: skip

    def label(self, network: Hyperparameters) -> str:
        """See `Family`: as the paper writes it, ``fsrcnn-56-12-4``."""
        widths = network.widths
        if len(widths) < 3:
            return super().label(network)
        return f"fsrcnn-{widths[0]}-{widths[1]}-{len(widths) - 3}"

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """See `Family`."""
        if depth is not None or width is not None:
            return super().hyperparameters(scale=scale, depth=depth, width=width)
        last = -(-_DECONVOLUTION // scale)
        last += 1 - last % 2
        return (5, 1, *[3] * _MAPPING, 1, last), (56, *[12] * (_MAPPING + 1), 56)
