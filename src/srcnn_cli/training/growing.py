"""A network that begins with the weights of a smaller one, or of one for another factor.

A grown network computes at first what the smaller one computed, next to the noise that its new maps
bring; compare Chen, Goodfellow and Shlens, Net2Net (ICLR 2016), sections 2.2 and 2.3. The output
planes of another factor are the old ones, interpolated: neighbouring sub-pixels are much alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import interpolate

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

# Of He et al.'s noise, beside the identity of a new layer: a fourth of what fresh layers have,
# because what lies before them is trained already.
_HIDDEN_GAIN = 0.05
# What the last layer makes of new maps at first.
_LAST_LAYER_GAIN = 0.01


def can_grow(config: ModelConfig, target: ModelConfig) -> bool:
    """Whether a network may begin with another's weights: the same kind, and at least as large.

    Args:
        config: The network that there are weights of.
        target: The network that is to begin with them.
    """
    family = target.family
    like = replace(config, scales=target.scales, border=target.border)
    if like == target:
        return True
    return (
        family.uniform
        and family.residual
        and replace(like, filters=target.filters, widths=target.widths) == target
        and {*config.filters, *target.filters} == {target.filters[0]}
        and len(target.filters) >= len(config.filters)
        and min(target.widths, default=0) >= max(config.widths, default=0)
        and len({*config.widths}) == len({*target.widths}) == 1
    )


def grow(
    config: ModelConfig, tensors: Tensors, target: ModelConfig, generator: torch.Generator
) -> Tensors:
    """The weights that a network begins with.

    New layers stand before the last one and begin as the identity, new maps as noise that next to
    nothing listens to.

    Args:
        config: The network that there are weights of.
        tensors: They, as in a weights file.
        target: The network that is to begin with them.
        generator: Source of randomness, on the CPU.

    Returns:
        Tensors by their names in a weights file, with the shapes of ``target``.

    Raises:
        ModelError: It cannot begin with them, see `can_grow`.
    """
    if not can_grow(config, target):
        raise ModelError(
            f"is {config.name} with mean {config.mean:g}, with which the {target.name} with mean "
            f"{target.mean:g} that is to be trained cannot begin"
        )
    if {name: tensor.shape for name, tensor in tensors.items()} == target.tensor_shapes:
        return tensors
    old = {name: torch.from_numpy(tensor) for name, tensor in tensors.items()}
    shapes = target.tensor_shapes
    last, new_last = len(config.filters), len(target.filters)
    result: dict[str, Tensor] = {}
    for index, layer in enumerate(target.layers, start=1):
        shape = (layer.outputs, layer.inputs, layer.side, layer.side)
        noise = (
            torch.randn(shape, generator=generator) * (2 / (layer.inputs * layer.side**2)) ** 0.5
        )
        bias = torch.zeros(layer.outputs)
        if index == new_last:
            weight = noise * _LAST_LAYER_GAIN
            source = old[f"conv{last}.weight"]
            weight[:, : source.shape[1]] = _other_factor(source, config.factor, target.factor)
            bias = _other_factor(old[f"conv{last}.bias"], config.factor, target.factor)
        elif index < last:
            source = old[f"conv{index}.weight"]
            weight = noise
            weight[: len(source)] = 0
            weight[: len(source), : source.shape[1]] = source
            bias[: len(source)] = old[f"conv{index}.bias"]
        else:
            weight = noise * _HIDDEN_GAIN
            weight[:, :, layer.side // 2, layer.side // 2] += torch.eye(layer.outputs)
        result[f"conv{index}.weight"], result[f"conv{index}.bias"] = weight, bias
        if (heeded := f"conv{index}.levels") in shapes:
            result[heeded] = torch.zeros(shapes[heeded])
            if index < last:
                result[heeded][: len(source)] = old[heeded]
    return {name: tensor.numpy() for name, tensor in result.items()}


def _other_factor(values: Tensor, factor: int, target: int) -> Tensor:
    """The last layer's filters or biases for another factor, (c·s², ...) to (c·t², ...)."""
    if factor == target:
        return values
    rest = values.shape[1:]
    grid = values.reshape(-1, factor, factor, rest.numel()).permute(0, 3, 1, 2)
    other = interpolate(grid, size=(target, target), mode="bilinear", align_corners=False)
    return other.permute(0, 2, 3, 1).reshape(-1, *rest)
