"""Carriers: the feature maps that bring the picture through SRCNN as it is.

One map per colour channel, by filters that are 1 in the middle. The rest of the network computes
what is to be added to the picture. As long as carriers are exact the two can be taken apart and put
together again, so that the picture stays in float32 whatever the rest is computed in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import ModelError, UsageError

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

# Above the mean, in carriers: bicubic interpolation undershoots black, and ReLU must not see it.
_HEADROOM = 0.5


def without_carriers(config: ModelConfig) -> ModelConfig:
    """The network beside the carriers: what it computes is to be added to the picture.

    To train it is to train the whole network with its carriers fixed, but the picture itself
    never passes through bfloat16, whose 8 bits are too few for it.

    Raises:
        UsageError: A layer has no maps beside the carriers, or the border policy changes carriers.
    """
    if config.residual:
        return config
    if config.border == "normalize":
        raise UsageError("carriers cannot be fixed under the border policy normalize")
    if not config.widths or min(config.widths) <= config.channels:
        raise UsageError(f"{config.name} has too few maps for fixed carriers")
    widths = tuple(width - config.channels for width in config.widths)
    return replace(config, architecture="vdsr", widths=widths)


def with_carriers(config: ModelConfig, tensors: Tensors) -> Tensors:
    """The weights of ``config`` made of those of `without_carriers` and of fixed carriers.

    Args:
        config: The whole network.
        tensors: Of the network beside the carriers.
    """
    if config.residual:
        return tensors
    channels, result = config.channels, {}
    for index, (out, inp, _, _) in enumerate(config.layer_shapes, start=1):
        weight, bias = _carriers(config, index)
        rows = slice(0 if index == len(config.filters) else channels, out)
        columns = slice(0 if index == 1 else channels, inp)
        weight[rows, columns] += tensors[f"conv{index}.weight"]
        bias[rows] += tensors[f"conv{index}.bias"]
        result[f"conv{index}.weight"], result[f"conv{index}.bias"] = weight, bias
    return result


def split_carriers(config: ModelConfig, tensors: Tensors) -> Tensors:
    """The inverse of `with_carriers`.

    Raises:
        ModelError: The carriers of these weights are not as they started.
    """
    if config.residual:
        return tensors
    channels, result = config.channels, {}
    for index, (out, inp, _, _) in enumerate(config.layer_shapes, start=1):
        rows = slice(0 if index == len(config.filters) else channels, out)
        columns = slice(0 if index == 1 else channels, inp)
        carriers = _carriers(config, index)
        result[f"conv{index}.weight"] = (tensors[f"conv{index}.weight"] - carriers[0])[
            rows, columns
        ]
        result[f"conv{index}.bias"] = (tensors[f"conv{index}.bias"] - carriers[1])[rows]
    # Differences of rounded numbers: equal but for the last bit.
    again = with_carriers(config, result)
    if any(not np.allclose(again[name], tensors[name], atol=1e-6) for name in tensors):
        raise ModelError(
            "its carriers have been trained: they cannot be fixed again (--free-carriers)"
        )
    return result


def beside_carriers(config: ModelConfig, tensors: Tensors) -> tuple[ModelConfig, Tensors]:
    """The same function as a residual network, if the picture passes through exact carriers.

    Otherwise, and if it is a residual network already, the network as it is.
    """
    try:
        return without_carriers(config), split_carriers(config, tensors)
    except (ModelError, UsageError):
        return config, tensors


def _carriers(config: ModelConfig, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of layer ``index`` with the carriers alone."""
    out, inp, f, _ = config.layer_shapes[index - 1]
    weight, bias = np.zeros((out, inp, f, f), np.float32), np.zeros(out, np.float32)
    for channel in range(config.channels):
        weight[channel, channel, f // 2, f // 2] = 1
    if index == 1:
        bias[: config.channels] = config.mean + _HEADROOM
    if index == len(config.filters):
        bias -= config.mean + _HEADROOM
    return weight, bias
