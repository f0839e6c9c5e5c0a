"""What other programs feed their networks, folded into the weights.

A network here takes planes in [0, 1], Y' of the studio range: 16/255 is black and 235/255 white. Of
one that was trained on values x' = a (x - m) the first layer's filters are multiplied by a, and the
last layer is divided by it; m becomes the network's mean. So the layers between compute what they
did, and what stands for "nothing" beyond a picture's border stays x' = 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection

    from srcnn_cli.imaging.channels import InputConvention
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

_BLACK, _RANGE = 16 / 255, 219 / 255


def fold_input(
    config: ModelConfig, tensors: Tensors, inputs: Collection[InputConvention]
) -> tuple[ModelConfig, Tensors]:
    """A network that takes what networks here take, of one that was trained on something else.

    Args:
        config: The network as the file has it.
        tensors: Its weights.
        inputs: What it was trained on; none: what networks here are trained on.

    Raises:
        ModelError: The network has no planes of that kind.
    """
    tensors = dict(tensors)
    if "bgr" in inputs:
        if config.color != "rgb":
            raise ModelError(f"has no colours in the order B'G'R': its planes are {config.color}")
        _reverse_planes(config, tensors)
    factor = 255.0 if "0-255" in inputs else 1.0
    if "full-range" in inputs:
        if config.color != "y":
            raise ModelError(f"the range is a matter of luminance alone, not of {config.color}")
        factor /= _RANGE
        config = replace(config, mean=_BLACK)
    first, last = "conv1", f"conv{len(config.layers)}"
    tensors[f"{first}.weight"] = tensors[f"{first}.weight"] * np.float32(factor)
    for name in (f"{last}.weight", f"{last}.bias"):
        tensors[name] = tensors[name] / np.float32(factor)
    return config, tensors


def _reverse_planes(config: ModelConfig, tensors: Tensors) -> None:
    """Channels in the other order, where they come in and where they go out."""
    last = f"conv{len(config.layers)}"
    tensors["conv1.weight"] = np.ascontiguousarray(tensors["conv1.weight"][:, ::-1])
    for name in (f"{last}.weight", f"{last}.bias"):
        values = tensors[name]
        by_channel = values.reshape(config.channels, -1, *values.shape[1:])
        tensors[name] = np.ascontiguousarray(by_channel[::-1]).reshape(values.shape)
