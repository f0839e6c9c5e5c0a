"""Sub-pixel networks: small layers on the low-resolution picture, one plane for every sub-pixel.

The way of ESPCN (Shi et al., CVPR 2016, section 3), with VDSR's small filters and its addition to
the bicubic enlargement (Kim et al., CVPR 2016, section 3): every multiplication is paid once for
each pixel of the low resolution, instead of once for each of its s² sub-pixels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from srcnn_cli.models.networks.base import Family

if TYPE_CHECKING:
    from srcnn_cli.models.networks.base import Hyperparameters


class Subpixel(Family):
    """N layers of 3×3 filters with C maps between them, a ReLU after each but the last."""

    name = "subpixel"
    grid = "low-resolution"
    residual = True
    uniform = True
    border = "normalize"
    training = MappingProxyType({"border_share": 1.0, "bias_rate": 0.1, "patch": 32})

    def label(self, network: Hyperparameters) -> str:
        """See `Family`: by depth and width, ``subpixel-10x32``."""
        return uniform_label(self.name, network)

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """See `Family`: at ×2 14 layers of 16 maps, at ×3 10 and at ×4 16 of 32 maps.

        At every scale a 9-1-5 takes about the same time.
        """
        usual = {2: (14, 16), 3: (10, 32)}.get(scale, (16, 32))
        depth = usual[0] if depth is None else depth
        return (3,) * depth, (usual[1] if width is None else width,) * (depth - 1)


def uniform_label(name: str, network: Hyperparameters) -> str:
    """``name-10x32``: layers and the feature maps between them."""
    maps = "-".join(dict.fromkeys(map(str, network.widths))) or "0"
    return f"{name}-{len(network.filters)}x{maps}"
