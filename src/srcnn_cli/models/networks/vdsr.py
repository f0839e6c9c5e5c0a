"""VDSR (Kim et al., CVPR 2016): many small layers that compute what a bicubic enlargement lacks."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from srcnn_cli.models.networks.base import Family

if TYPE_CHECKING:
    from srcnn_cli.models.networks.base import Hyperparameters


class Vdsr(Family):
    """Kim et al., CVPR 2016, section 3: many layers of 3×3, whose output is added to the input."""

    name = "vdsr"
    residual = True
    uniform = True
    border = "zero"
    training = MappingProxyType(
        {
            "border_share": 1.0,  # a patch has next to nothing but borders for 20 layers
            # The planes inside are faint, being details of a picture, and Adam's steps for biases
            # are not: slower ones learned a little faster (docs/training-log.md).
            "bias_rate": 0.1,
            "last_rate": 0.2,
        }
    )

    def label(self, network: Hyperparameters) -> str:
        """See `Family`: by depth."""
        return f"vdsr-{len(network.filters)}"

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """See `Family`: 20 layers with 64 maps."""
        del scale
        depth = 20 if depth is None else depth
        return (3,) * depth, (64 if width is None else width,) * (depth - 1)
