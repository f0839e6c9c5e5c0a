"""ESPCN (Shi et al., CVPR 2016): three layers on the low-resolution picture, then a shuffle."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from srcnn_cli.models.networks.base import Family

if TYPE_CHECKING:
    from srcnn_cli.models.networks.base import Activation


class Espcn(Family):
    """5-3-3 with 64 and 32 maps and tanh between the layers (section 3.2).

    The last layer gives s² planes, one for every sub-pixel (eqs. 3 and 4); nothing is added.
    """

    name = "espcn"
    grid = "low-resolution"
    activation: Activation = "tanh"
    border = "normalize"
    # Nothing carries the picture past its layers, and bfloat16 has too few bits for that.
    training = MappingProxyType(
        {"border_share": 1.0, "initial": "he", "patch": 32, "precision": "float32"}
    )

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """See `Family`."""
        if depth is None and width is None:
            return (5, 3, 3), (64, 32)
        return super().hyperparameters(scale=scale, depth=depth, width=width)


class EspcnRelu(Espcn):
    """ESPCN with ReLU between the layers, as PyTorch's example and ONNX's model zoo have it."""

    name = "espcn-relu"
    activation = "relu"
