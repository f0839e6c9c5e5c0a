"""How a network starts, before any training.

The papers draw weights from a Gaussian (SRCNN) or by He et al.'s rule (VDSR). Ours starts as the
identity: its first output is its input, the bicubic picture. In SRCNN one feature map per colour
channel, its carrier, brings the picture through all layers by filters that are 1 in the middle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from srcnn_cli.errors import ModelError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from srcnn_cli.config import ModelConfig
    from srcnn_cli.networks import PlaneNetwork
    from srcnn_cli.recipes import Initial
    from srcnn_cli.weights import Tensors

_SIGMA = 0.001  # Dong et al., ECCV 2014, section 3.3
# Small, so that the noise of the untrained maps is far below the first steps' improvement.
_LAST_LAYER_GAIN = 0.01
# Above the mean, in carriers: bicubic interpolation undershoots black, and ReLU must not see it.
_HEADROOM = 0.5


def initialize(network: PlaneNetwork, how: Initial, generator: torch.Generator) -> None:
    """Overwrite a network's parameters.

    Args:
        network: On the CPU.
        how: ``gaussian`` of sigma 0.001 (Dong et al.), ``he`` (Kim et al.), or ``identity``.
        generator: Source of randomness, on the CPU.
    """
    if how == "identity":
        _initialize_identity(network, generator)
        return
    with torch.no_grad():
        for layer in network.layers:
            sigma = _SIGMA if how == "gaussian" else _he_sigma(layer.weight)
            layer.weight.normal_(0, sigma, generator=generator)
            cast("Tensor", layer.bias).zero_()


def _he_sigma(weight: Tensor) -> float:
    return float((2 / weight[0].numel()) ** 0.5)


def _initialize_identity(network: PlaneNetwork, generator: torch.Generator) -> None:
    """Carriers beside He-normal noise, of which next to nothing reaches the result yet.

    Two things keep the noisy maps alive, without which four fifths of the first layer of a 9-1-5
    never fired again: the filters of the first layer sum to zero, so they see structure rather
    than brightness, and no map but the carrier itself listens to the carrier, which is large and
    always on. A network whose output is added to its input needs no carriers.
    """
    config = network.config
    channels = 0 if config.residual else config.channels
    layers = network.layers
    with torch.no_grad():
        for index, layer in enumerate(layers):
            first, last = index == 0, index == len(layers) - 1
            noise = torch.randn(layer.weight.shape, generator=generator) * _he_sigma(layer.weight)
            bias = torch.zeros(len(layer.weight))
            if first:
                noise -= noise.mean(dim=(2, 3), keepdim=True)
                bias[:channels] += config.mean
            else:
                noise[:, :channels] = 0
            if last:
                noise *= _LAST_LAYER_GAIN
                bias[:channels] -= config.mean
            middle = layer.weight.shape[-1] // 2
            for channel in range(min(channels, len(noise))):
                if not last:
                    noise[channel] = 0
                noise[channel, channel, middle, middle] = 1
            layer.weight.copy_(noise)
            cast("Tensor", layer.bias).copy_(bias)


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
