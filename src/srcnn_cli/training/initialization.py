"""How a network starts, before any training.

The papers draw weights from a Gaussian (SRCNN) or by He et al.'s rule (VDSR). Ours starts as the
identity: its first output is its input, the bicubic picture (in SRCNN by way of `carriers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from srcnn_cli.models.networks.torch_network import PlaneNetwork
    from srcnn_cli.training.schedule import Initial

_SIGMA = 0.001  # Dong et al., ECCV 2014, section 3.3
# Small, so that the noise of the untrained maps is far below the first steps' improvement.
_LAST_LAYER_GAIN = 0.01
# Of the noise beside the identity: eighteen layers of it add up to about the identity's own energy.
_HIDDEN_GAIN = 0.2


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
    always on. A network whose output is added to its input needs no carriers: its hidden layers
    begin as the identity plus a little noise (which for planes that no ReLU changes is a residual
    network; compare Zagoruyko and Komodakis, DiracNets, 2017). With noise alone VDSR begins to
    learn more slowly (docs/training-log.md).
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
            middle = layer.weight.shape[-1] // 2
            if last:
                noise *= _LAST_LAYER_GAIN
                bias[:channels] -= config.mean
            elif config.residual and not first and len(noise) == noise.shape[1]:
                noise *= _HIDDEN_GAIN
                noise[:, :, middle, middle] += torch.eye(*noise.shape[:2])
            for channel in range(min(channels, len(noise))):
                if not last:
                    noise[channel] = 0
                noise[channel, channel, middle, middle] = 1
            layer.weight.copy_(noise)
            cast("Tensor", layer.bias).copy_(bias)
