"""Networks as most implementations have them: torch's own layers, the whole picture at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


class PlainNetwork(nn.Module):
    """The same weights in a row of `nn.Conv2d`, zero-padded, with a shuffle at the end.

    Away from the picture's border it is the same function as `PlaneNetwork`.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
    """

    def __init__(self, config: ModelConfig, tensors: Tensors) -> None:
        super().__init__()
        self.config = config
        body: list[nn.Module] = []
        for index, layer in enumerate(config.layers, start=1):
            convolution = nn.Conv2d(
                layer.inputs, layer.outputs, layer.side, padding=layer.side // 2
            )
            convolution.weight.data = torch.from_numpy(tensors[f"conv{index}.weight"].copy())
            convolution.bias = nn.Parameter(torch.from_numpy(tensors[f"conv{index}.bias"].copy()))
            body.append(convolution)
            if layer.activation == "prelu":
                body.append(nn.PReLU(layer.outputs))
                slopes = torch.from_numpy(tensors[f"conv{index}.slope"].copy())
                cast("nn.PReLU", body[-1]).weight.data = slopes
            elif layer.activation != "none":
                body.append(_ACTIVATIONS[layer.activation]())
        if config.factor > 1:
            body.append(nn.PixelShuffle(config.factor))
        self.body = nn.Sequential(*body)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """(N, C, h, w) in [0, 1] to (N, C, s h, s w), s being the network's factor.

        Where the bicubic enlargement of a low-resolution picture belongs to the result, it is left
        to the caller to add, as in `PlaneNetwork`.
        """
        output: torch.Tensor = self.body(planes - self.config.mean)
        if not self.config.residual:
            return output + self.config.mean
        return output + planes if self.config.interpolated else output
