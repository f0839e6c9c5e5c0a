"""Networks that put right the colours of a damaged picture, beside its luminance.

Compression keeps a quarter of the samples of Cb and Cr and quantises them more coarsely than those
of Y'. What is lost is where colours end, and that luminance shows. Every 2×2 pixels become planes
of one, the reversible downsampling of FFDNet (Zhang et al., IEEE TIP 2018, section III-B): a filter
then sees twice as far and a layer costs a quarter.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from srcnn_cli.errors import ModelError
from srcnn_cli.models.networks.base import Family
from srcnn_cli.models.networks.subpixel import uniform_label

if TYPE_CHECKING:
    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.models.networks.base import Hyperparameters


class Chrominance(Family):
    """N layers of 3×3 filters with C maps between them, a ReLU after each but the last.

    Takes Y'CbCr and gives what is to be added to it; to Y' that is next to nothing and is not used.
    """

    name = "chrominance"
    grid = "low-resolution"
    residual = True
    uniform = True
    border = "zero"
    color: Planes = "ycbcr"
    scales = (1,)
    unshuffled = 2
    keeps_luminance = True
    training = MappingProxyType({"border_share": 1.0, "bias_rate": 0.1, "patch": 32})

    def check(self, network: Hyperparameters) -> None:
        """See `Family`."""
        super().check(network)
        if network.color != "ycbcr" or network.scales != (1,):
            raise ModelError(
                f"{self.name} takes Y'CbCr and enlarges nothing: -s 1, --channels ycbcr"
            )

    def label(self, network: Hyperparameters) -> str:
        """See `Family`: by depth and width, ``chrominance-8x16``."""
        return uniform_label(self.name, network)

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """See `Family`: eight layers of 16 maps; 24 would take twice as long."""
        del scale
        depth = 8 if depth is None else depth
        return (3,) * depth, (16 if width is None else width,) * (depth - 1)
