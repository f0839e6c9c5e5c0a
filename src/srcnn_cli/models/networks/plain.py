"""The networks as torch modules.

SRCNN (Dong et al., ECCV 2014, eqs. 1-3): F1(Y) = max(0, W1 * Y + B1), F2 = max(0, W2 * F1 + B2),
F = W3 * F2 + B3, where * is what deep learning calls convolution (no flip of the filters).

Training uses valid convolutions. For a result of the picture's own size every layer is extended
at the true border of the picture by one of three policies:

* ``normalize`` (the paper, section 4.1): zeros outside, and each layer's output, before bias and
  ReLU, divided by the share of the filter's area that lay on valid pixels;
* ``replicate``: each layer's input continued with its outermost values (the authors' released
  test code does that);
* ``zero``: zeros outside.

Pixels further than the receptive radius from the border are the same under all three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from srcnn_cli.imaging.regions import INTERIOR, Edges

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig


class PlaneNetwork(nn.Module):
    """SRCNN and VDSR: convolutions ``conv1`` to ``convN``, a ReLU after each but the last.

    Args:
        config: Filter sizes, widths, channels and border policy.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.names = [f"conv{i}" for i in range(1, len(config.filters) + 1)]
        for name, (out, inp, f, _) in zip(self.names, config.layer_shapes, strict=True):
            self.add_module(name, nn.Conv2d(inp, out, f))

    @property
    def layers(self) -> list[nn.Conv2d]:
        """The convolutions, first to last."""
        return [cast("nn.Conv2d", getattr(self, name)) for name in self.names]

    def forward(self, planes: Tensor, edges: Edges = INTERIOR) -> Tensor:
        """Run (N, C, H, W) planes, values in [0, 1], through the network.

        Args:
            planes: Pictures interpolated to their final size.
            edges: The sides that lie on the picture's true border. There the output keeps its
                size by the border policy; on the other sides it loses `receptive_radius` pixels.

        Returns:
            (N, C, H', W'), unclipped.
        """
        layers = self.layers
        source = planes
        planes = planes - self.config.mean
        for index, layer in enumerate(layers):
            planes = self._convolve(layer, planes, edges)
            if index < len(layers) - 1:
                planes = functional.relu(planes, inplace=True)
        if self.config.residual:
            rows, columns = edges.left_by(self.config.receptive_radius, *source.shape[-2:])
            return planes + source[:, :, rows, columns]
        return planes + self.config.mean

    def _convolve(self, layer: nn.Conv2d, planes: Tensor, edges: Edges) -> Tensor:
        radius = layer.kernel_size[0] // 2
        if radius == 0 or not any(edges):
            return cast("Tensor", layer(planes))
        if self.config.border == "zero" and all(edges):
            # Without a padded copy, which would be 7 % of a training step of VDSR.
            return functional.conv2d(planes, layer.weight, layer.bias, padding=radius)
        height, width = planes.shape[-2:]
        amounts = [radius * side for side in (edges.left, edges.right, edges.top, edges.bottom)]
        mode = "replicate" if self.config.border == "replicate" else "constant"
        output = cast("Tensor", layer(functional.pad(planes, amounts, mode)))
        if self.config.border == "normalize":
            bias = cast("Tensor", layer.bias)[:, None, None]
            rows = _inverse_share(height, radius, before=edges.top, after=edges.bottom)
            columns = _inverse_share(width, radius, before=edges.left, after=edges.right)
            for start, stop, inverse in rows:
                strip = output[:, :, start:stop, :]
                strip.sub_(bias).mul_(inverse.to(output)[:, None]).add_(bias)
            for start, stop, inverse in columns:
                strip = output[:, :, :, start:stop]
                strip.sub_(bias).mul_(inverse.to(output)).add_(bias)
        return output


def _inverse_share(
    length: int, radius: int, *, before: bool, after: bool
) -> list[tuple[int, int, Tensor]]:
    """Where along one axis a filter sticks out of the picture, and by what to multiply there.

    The share of valid pixels under a square filter is the product of a share along the rows and
    one along the columns, so the two axes can be corrected one after the other, and only in the
    strips where a share is below one.

    Args:
        length: Input pixels along the axis.
        radius: Of the filter, whose side is ``2 * radius + 1``.
        before: The axis begins at the picture's border.
        after: The axis ends at the picture's border.

    Returns:
        ``(start, stop, factors)`` for at most two disjoint strips, in output coordinates.
    """
    side = 2 * radius + 1
    centre = torch.arange(0 if before else radius, length if after else length - radius)
    low = (centre - radius).clamp(min=0)
    high = (centre + radius).clamp(max=length - 1)
    share = (high - low + 1).double() / side
    count = len(centre)
    head = min(radius, count) if before else 0
    tail = max(count - radius, head) if after else count
    return [(a, b, 1 / share[a:b]) for a, b in ((0, head), (tail, count)) if a < b]
