"""A network as plain convolutions, for programs that know nothing of means and border policies.

Networks trained here see a picture less its mean. Here the mean is part of the biases, and what is
left of the border policies is what a convolution finds outside the picture, and what its output is
divided by. It is the same function, rounded in another place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.imaging.resize import resize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.networks.base import Activation
    from srcnn_cli.models.weights import Tensors

# How far the bicubic enlargement by a whole factor looks, in pixels of the input to each side.
BICUBIC_RADIUS = 2


class PlainLayer(NamedTuple):
    """One convolution, as large as its input, and what follows it.

    Attributes:
        weight: (out, in, side, side), float32; not flipped.
        bias: (out,), added to the convolution.
        outside: The value of what lies outside the picture; None: that of the nearest pixel.
        after: (out,), added once more, after the sum so far was divided by the share of the filter
            that lay inside the picture (Dong et al., ECCV 2014, section 4.1); None: no division.
        activation: What follows.
        slope: (out,), of PReLU below zero; None for other activations.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    outside: float | None
    after: NDArray[np.float32] | None
    activation: Activation
    slope: NDArray[np.float32] | None

    @property
    def side(self) -> int:
        """Of the filters."""
        return int(self.weight.shape[-1])

    @property
    def interior_bias(self) -> NDArray[np.float32]:
        """All that is added where the filter does not reach outside."""
        return self.bias if self.after is None else self.bias + self.after


def plain_layers(config: ModelConfig, tensors: Tensors) -> list[PlainLayer]:
    """The network's layers, first to last.

    What they compute of a picture is the network's output without what is added to that: the
    interpolated picture itself, or on the low-resolution grid the bicubic enlargement.
    """
    layers = []
    for index, layer in enumerate(config.layers, start=1):
        weight = tensors[f"conv{index}.weight"]
        own = tensors[f"conv{index}.bias"].astype(np.float64)
        of_mean = np.zeros(len(own))
        outside = None if config.border == "replicate" else 0.0
        if index == 1 and config.mean:
            of_mean = -config.mean * weight.sum(axis=(1, 2, 3), dtype=np.float64)
            outside = None if config.border == "replicate" else config.mean
        if index == len(config.layers) and not config.residual:
            own = own + config.mean
        divided = config.border == "normalize" and layer.side > 1
        layers.append(
            PlainLayer(
                weight,
                (of_mean if divided else of_mean + own).astype(np.float32),
                outside,
                own.astype(np.float32) if divided else None,
                layer.activation,
                tensors.get(f"conv{index}.slope"),
            )
        )
    return layers


def bicubic_filters(factor: int) -> NDArray[np.float32]:
    """The bicubic enlargement by a whole factor s as a convolution: (s², 1, 5, 5).

    One filter for each sub-pixel of a pixel, row by row, for a picture that is continued
    symmetrically. By these it is the same as `Resampler`.
    """
    along = bicubic_line(factor)
    filters: NDArray[np.float64] = np.einsum("ai,bj->abij", along, along)
    side = along.shape[1]
    return filters.reshape(factor**2, 1, side, side).astype(np.float32)


def bicubic_line(factor: int) -> NDArray[np.float64]:
    """The same along one axis: (s, 5), the weights of five pixels for each sub-pixel."""
    around = 2 * BICUBIC_RADIUS + 1
    # Column k of the enlarged identity is what input pixel k gives to each output pixel.
    along: NDArray[np.float64] = resize(np.eye(around), around * factor, around)
    return along[BICUBIC_RADIUS * factor : (BICUBIC_RADIUS + 1) * factor]
