"""The networks as torch modules.

Training uses valid convolutions, or sub-images with borders. For a result as large as the picture
every layer is extended at the picture's true border by one of three policies:

* ``normalize`` (Dong et al., ECCV 2014, section 4.1): zeros outside, and each layer's output,
  before bias and activation, divided by the share of the filter's area that lay on valid pixels;
* ``replicate``: each layer's input continued with its outermost values (the authors' released
  test code does that);
* ``zero``: zeros outside.

Pixels further than the receptive radius from the border are the same under all three.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from srcnn_cli.imaging.regions import INTERIOR, Edges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from srcnn_cli.models.config import ModelConfig


class PlaneNetwork(nn.Module):
    """Convolutions ``conv1`` to ``convN`` with what follows each of them.

    * is what deep learning calls convolution: the filters are not flipped.

    Args:
        config: The network.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.names = [f"conv{i}" for i in range(1, len(config.layers) + 1)]
        for name, layer in zip(self.names, config.layers, strict=True):
            convolution = nn.Conv2d(layer.inputs, layer.outputs, layer.side)
            if layer.activation == "prelu":
                convolution.slope = nn.Parameter(torch.full((layer.outputs,), 0.25))
            if config.levels and layer.activation != "none":
                convolution.levels = nn.Parameter(torch.zeros(layer.outputs, len(config.levels)))
            self.add_module(name, convolution)

    @property
    def layers(self) -> list[nn.Conv2d]:
        """The convolutions, first to last."""
        return [cast("nn.Conv2d", getattr(self, name)) for name in self.names]

    def forward(self, planes: Tensor, edges: Edges = INTERIOR) -> Tensor:
        """Run (N, C, H, W) planes, values in [0, 1], through the network.

        Args:
            planes: Pictures on the network's grid. A network that is told levels gets them as
                further planes, each constant all over a picture.
            edges: The sides that lie on the picture's true border. There the output keeps its
                size by the border policy; on the other sides it loses `receptive_radius` pixels.

        Returns:
            (N, C, H', W'), unclipped. On the low-resolution grid (N, C s², H', W'): the sub-pixels
            of a pixel are planes, row by row, as torch's ``pixel_shuffle`` takes them; and where
            the bicubic enlargement belongs to the result, it is left to the caller to add.
        """
        config = self.config
        levels = planes[:, config.channels :, 0, 0] if config.levels else None
        source = planes = planes[:, : config.channels]
        planes = planes - config.mean
        for convolution, layer in zip(self.layers, config.layers, strict=True):
            at_once = levels is None and layer.activation == "relu"
            planes, rectified = self._convolve(convolution, planes, edges, rectify=at_once)
            if rectified:
                continue
            if levels is not None and layer.activation != "none":
                shift = functional.linear(levels, cast("Tensor", convolution.levels))
                planes = planes + shift.to(planes.dtype)[:, :, None, None]
            if layer.activation == "relu":
                planes = functional.relu(planes, inplace=True)
            elif layer.activation == "prelu":
                planes = functional.prelu(planes, cast("Tensor", convolution.slope).to(planes))
            elif layer.activation == "tanh":
                planes = torch.tanh(planes)
        if not config.residual:
            return planes + config.mean
        if not config.interpolated:
            return planes
        rows, columns = edges.left_by(config.receptive_radius, *source.shape[-2:])
        return planes + source[:, :, rows, columns]

    def _convolve(
        self, layer: nn.Conv2d, planes: Tensor, edges: Edges, *, rectify: bool
    ) -> tuple[Tensor, bool]:
        """A layer by the border policy; and whether the ReLU after it, if wanted, was done too."""
        radius = layer.kernel_size[0] // 2
        if radius == 0 or not any(edges):
            return cast("Tensor", layer(planes)), False
        if self.config.border != "replicate" and all(edges):
            # Without a padded copy, which would be 7 % of a training step of VDSR.
            output = functional.conv2d(planes, layer.weight, layer.bias, padding=radius)
        else:
            amounts = [radius * side for side in (edges.left, edges.right, edges.top, edges.bottom)]
            mode = "replicate" if self.config.border == "replicate" else "constant"
            output = cast("Tensor", layer(functional.pad(planes, amounts, mode)))
        if self.config.border != "normalize":
            return output, False
        bands_of = _bands.__wrapped__ if torch.compiler.is_compiling() else _bands
        bands = bands_of(planes.shape[-2:], radius, edges, output.dtype, output.device)
        done = _Normalized.apply(output, layer.bias, bands, rectify)  # type: ignore[no-untyped-call]
        return cast("Tensor", done), rectify


class _Band(NamedTuple):
    """Where along one axis filters stick out of the picture, and by what to multiply there.

    Attributes:
        axis: Of the planes.
        start: First row or column.
        stop: Behind the last.
        factors: For broadcasting over the axes.
    """

    axis: int
    start: int
    stop: int
    factors: Tensor

    def of(self, planes: Tensor) -> Tensor:
        return planes.narrow(self.axis, self.start, self.stop - self.start)


class _Normalized(torch.autograd.Function):
    """Output of a zero-padded convolution, bias included, divided by the valid share.

    Done in place and where the share is below one only: a few rows and columns. Ordinary in-place
    operations on parts would have autograd copy the whole gradient once for each of them. With the
    ReLU that follows, because its gradient is a copy already.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        output: Tensor,
        bias: Tensor,
        bands: tuple[_Band, ...],
        rectify: bool,  # noqa: FBT001 - torch passes arguments by position
    ) -> Tensor:
        shift = bias.to(output)[:, None, None]
        for band in bands:
            band.of(output).sub_(shift).mul_(band.factors).add_(shift)
        if rectify:
            output.relu_()
            ctx.save_for_backward(output)
        ctx.mark_dirty(output)
        ctx.bands, ctx.rectify = bands, rectify
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:  # noqa: ANN401
        if ctx.rectify:
            (output,) = ctx.saved_tensors
            gradient = torch.ops.aten.threshold_backward(gradients[0], output, 0)
        else:
            gradient = gradients[0].clone()
        # The bias was not multiplied, which is more than its part in the convolution tells.
        of_bias = torch.zeros(gradient.shape[1], dtype=torch.float32, device=gradient.device)
        for band in reversed(ctx.bands):
            part = band.of(gradient)
            of_bias += (part * (1 - band.factors)).float().sum(dim=(0, 2, 3))
            part.mul_(band.factors)
        return gradient, of_bias, None, None


@lru_cache(maxsize=512)  # a training asks for the same ones in every layer of every step
def _bands(
    size: torch.Size, radius: int, edges: Edges, dtype: torch.dtype, device: torch.device
) -> tuple[_Band, ...]:
    """All bands of a layer.

    The share of valid pixels under a square filter is the product of a share along the rows and
    one along the columns, so the two axes can be corrected one after the other.

    Args:
        size: Rows and columns of its input.
        radius: Of the filter, whose side is ``2 * radius + 1``.
        edges: The sides that lie at the picture's border.
        dtype: Of the factors.
        device: Where they belong.
    """
    # Made in inference, they could not be used in a training.
    with torch.inference_mode(False):  # noqa: FBT003 - torch.compile knows no keyword
        return (
            *_along(2, size[0], radius, before=edges.top, after=edges.bottom, like=(dtype, device)),
            *_along(3, size[1], radius, before=edges.left, after=edges.right, like=(dtype, device)),
        )


def _along(
    axis: int,
    length: int,
    radius: int,
    *,
    before: bool,
    after: bool,
    like: tuple[torch.dtype, torch.device],
) -> Iterator[_Band]:
    """At most two disjoint bands along an axis, in output coordinates.

    Args:
        axis: Of the planes.
        length: Input pixels along it.
        radius: See `_bands`.
        before: The axis begins at the picture's border.
        after: The axis ends at the picture's border.
        like: Type and device of the factors.
    """
    side = 2 * radius + 1
    centre = torch.arange(0 if before else radius, length if after else length - radius)
    low = (centre - radius).clamp(min=0)
    high = (centre + radius).clamp(max=length - 1)
    dtype, device = like
    inverse = (side / (high - low + 1).double()).to(device, dtype)
    count = len(centre)
    head = min(radius, count) if before else 0
    tail = max(count - radius, head) if after else count
    for start, stop in ((0, head), (tail, count)):
        if start < stop:
            factors = inverse[start:stop]
            yield _Band(axis, start, stop, factors[:, None] if axis == 2 else factors)
