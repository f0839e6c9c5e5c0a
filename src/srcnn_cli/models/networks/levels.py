"""Networks that are told how damaged a picture is.

FFDNet (Zhang et al., IEEE TIP 2018, section III) shows a network the level of noise as a plane that
is constant all over the picture, beside the picture. What a filter makes of a constant plane is
itself a constant, which adds to the filter's bias: so here the levels change biases, those of all
layers but the last, by ``conv1.levels`` (out, number of levels) and so on. At one level such a
network is an ordinary one with other biases, and it costs what an ordinary one costs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.levels import LEVELS

if TYPE_CHECKING:
    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors


def at_level(config: ModelConfig, tensors: Tensors, levels: Levels) -> tuple[ModelConfig, Tensors]:
    """The ordinary network that a network is at some levels; one that is told none is itself.

    Args:
        config: The network.
        tensors: Its weights.
        levels: Of the picture.

    Raises:
        ModelError: It is told something that this program does not know of.
    """
    if not config.levels:
        return config, tensors
    if not set(config.levels) <= set(LEVELS):
        raise ModelError(f"it is told levels that are unknown here: {', '.join(config.levels)}")
    told = np.array([getattr(levels, name) for name in config.levels], np.float32)
    result = {name: value for name, value in tensors.items() if not name.endswith(".levels")}
    for name, value in tensors.items():
        if name.endswith(".levels"):
            bias = name.replace(".levels", ".bias")
            result[bias] = tensors[bias] + value @ told
    return replace(config, levels=()), result


def with_levels(config: ModelConfig, tensors: Tensors) -> tuple[ModelConfig, Tensors]:
    """The same network, told all levels and taking no notice of them yet."""
    if config.levels:
        return config, tensors
    told = replace(config, levels=LEVELS)
    silent = {
        name: np.zeros(shape, np.float32)
        for name, shape in told.tensor_shapes.items()
        if name not in tensors
    }
    return told, {**tensors, **silent}
