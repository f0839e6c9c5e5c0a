"""Layers that enlarge, in the one form that is kept here: a convolution to s² planes and a shuffle.

A transposed convolution with stride s computes y[o] = Σ_i x[i] w[o + b - s i], i over the pixels of
its input and b what is cut off before. For the sub-pixel r of pixel q, o = s q + r and i = q + d,
that is Σ_d x[q + d] w[r + b - s d]: a convolution for each r, with every s-th value of w.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.layers import Layer


def as_convolution(layer: Layer, scale: int) -> Layer:
    """A transposed convolution as one to s² planes, in the order of torch's ``pixel_shuffle``.

    Args:
        layer: With a `Deconvolution`.
        scale: s, taken as its stride where the file does not say it.

    Raises:
        ModelError: It enlarges by another factor, or by larger filters than there are.
    """
    deconvolution = layer.deconvolution
    if deconvolution is None:
        return layer
    stride = deconvolution.stride or scale
    if stride != scale:
        raise ModelError(f"its last layer enlarges by {stride}, not by {scale}")
    out, inputs, side, _ = layer.weight.shape
    before = deconvolution.before
    if before is None:
        before = max(side - stride, 0) // 2
    # Of the offsets d with 0 <= r + b - s d < side for any r, the one furthest from 0.
    radius = max(before + stride - 1, side - 1 - before) // stride
    if not 0 <= before < side or 2 * radius + 1 > 63:
        raise ModelError(f"a transposed convolution of another kind: {layer}")
    taps = np.zeros((stride, 2 * radius + 1), int) - 1
    for sub in range(stride):
        for offset in range(-radius, radius + 1):
            index = sub + before - stride * offset
            if 0 <= index < side:
                taps[sub, offset + radius] = index
    padded = np.pad(layer.weight, ((0, 0), (0, 0), (0, 1), (0, 1)))  # index -1: a zero
    filters = padded[:, :, taps[:, None, :, None], taps[None, :, None, :]]  # (o, i, s, s, f, f)
    weight = filters.transpose(0, 2, 3, 1, 4, 5).reshape(
        out * stride**2, inputs, 2 * radius + 1, 2 * radius + 1
    )
    bias = None if layer.bias is None else np.repeat(layer.bias, stride**2)
    return replace(layer, weight=weight, bias=bias, deconvolution=None)


def channels_first(values: NDArray[Any], factor: int) -> NDArray[Any]:
    """Filters or biases of s² planes for each channel, from TensorFlow's order into torch's.

    TensorFlow's ``depth_to_space`` takes planes as (row, column, channel), torch's
    ``pixel_shuffle`` as (channel, row, column).
    """
    channels = len(values) // factor**2
    rest = values.shape[1:]
    planes: NDArray[Any] = values.reshape(factor**2, channels, *rest).swapaxes(0, 1)
    return planes.reshape(values.shape)
