"""Networks that files describe operator by operator, brought into the form of a row of layers.

A file of ONNX or TensorFlow says what is computed, so nothing has to be guessed: the order of the
layers, their activations, what happens at the border. It may say the same thing in many ways,
though: PReLU may be one operator or six. So each value is followed as ``up x`` where x, a layer's
output, is positive and ``down x`` where it is negative; all activations made of ReLU, absolute
values, sums and products with constants stay of that form.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.layers import (
    Deconvolution,
    FoundNetwork,
    Layer,
    check_shapes,
    factor_of,
    joined,
    no_sequence,
)
from srcnn_cli.models.foreign.signals import ONE, ZERO, Signal, refuse
from srcnn_cli.models.foreign.subpixels import channels_first

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.foreign.signals import Value
    from srcnn_cli.models.networks.base import BorderPolicy


class Chain:
    """A network that grows operator by operator; methods give what the operator gives."""

    def __init__(self) -> None:
        self._layers: list[Layer] = []
        self._versions = [0]
        self._borders: set[BorderPolicy | None] = set()
        self._residual = False
        self._factor = 1
        self._mean = 0.0

    def convolve(
        self,
        signal: Signal,
        weight: NDArray[Any],
        bias: NDArray[Any] | None,
        *,
        padding: int | None,
        deconvolution: Deconvolution | None = None,
    ) -> Signal:
        """A layer.

        Args:
            signal: What goes in.
            weight: (out, in, f, f).
            bias: (out,), or None.
            padding: Zeros that are added on each side; None: as many as keep the size.
            deconvolution: It is transposed.
        """
        self._need_last(signal)
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
            raise ModelError(f"filters of shape {weight.shape}, which are not square")
        if signal.finished:
            raise ModelError(f"a layer after {signal.finished}, as in no network here")
        if signal.layer:
            self._activate(signal)
        elif signal.linear:
            weight = weight * signal.up[:, None, None]
        else:
            raise ModelError("its input goes through an activation first")
        half = weight.shape[2] // 2
        if deconvolution is None and half:
            amount, policy, constant = signal.padded or (padding, "zero", 0.0)
            if constant:  # W x + b = W (x - c) + b + c ΣW
                self._mean = constant
                share = constant * weight.sum(axis=(1, 2, 3))
                bias = share if bias is None else bias + share
            kept = amount in {None, half} and not (signal.padded and padding)
            self._borders.add(policy if kept else None)
        self._layers.append(
            Layer(weight.astype(np.float32), bias, "none", deconvolution=deconvolution)
        )
        self._versions.append(0)
        return Signal(len(self._layers))

    def pad(
        self, signal: Signal, amount: int, policy: BorderPolicy, constant: float = 0.0
    ) -> Signal:
        """A picture continued at its border, by its own values or by a constant.

        A constant other than 0 around the network's input is a mean that was not subtracted.
        """
        if constant and (signal.layer or self._mean or not 0 < constant < 1):
            raise ModelError(f"continues its planes with {constant:g}, as no network here does")
        return replace(signal, padded=(amount, policy, constant))

    def plus(self, signal: Signal, values: NDArray[Any]) -> Signal:
        """A sum with constants: a layer's bias."""
        values = self._by_channel(signal, values)
        if not signal.linear:
            raise ModelError("a constant is added after an activation")
        self._need_last(signal)
        if not signal.layer:
            offset = values / signal.up
            if self._mean or len(set(offset.tolist())) != 1 or not -1 <= offset[0] <= 0:
                raise ModelError("its input is shifted as no network's here is")
            self._mean = float(-offset[0])
            self._versions[0] += 1
            return replace(signal, version=self._versions[0])
        if self._factor > 1 and len(values) > 1:
            values = np.repeat(values, self._factor**2)
        layer = self._layers[-1]
        bias = ZERO if layer.bias is None else layer.bias
        self._replace(
            weight=layer.weight * signal.up.reshape(-1, 1, 1, 1),
            bias=np.broadcast_to(bias * signal.up + values, len(layer.weight)).copy(),
        )
        self._versions[-1] += 1
        return replace(signal, version=self._versions[-1], up=ONE, down=ONE)

    def times(self, signal: Signal, values: NDArray[Any]) -> Signal:
        """A product with constants."""
        values = self._by_channel(signal, values)
        if signal.tanh or (self._factor > 1 and len(values) > 1):
            raise ModelError("a result is multiplied as no network's here is")
        up, down = signal.up * values, signal.down * values
        return replace(signal, up=up, down=down)

    def rectify(self, signal: Signal) -> Signal:
        """ReLU."""
        return self._pieces(signal, np.maximum(signal.up, 0), np.minimum(signal.down, 0))

    def absolute(self, signal: Signal) -> Signal:
        """|x|."""
        return self._pieces(signal, np.abs(signal.up), -np.abs(signal.down))

    def leak(self, signal: Signal, slope: NDArray[Any]) -> Signal:
        """PReLU and leaky ReLU: what is negative, multiplied."""
        slope = self._by_channel(signal, slope)
        up = np.where(signal.up < 0, signal.up * slope, signal.up)
        down = np.where(signal.down > 0, signal.down * slope, signal.down)
        return self._pieces(signal, up, down)

    def tanh(self, signal: Signal) -> Signal:
        """Tanh of a layer's output."""
        if not (signal.linear and np.all(signal.up == 1)):
            raise ModelError("a tanh of something else than a layer's output")
        return replace(signal, tanh=True)

    def add(self, first: Signal, second: Signal) -> Signal:
        """A sum of parts of an activation, or of the network's input and its result."""
        if first.layer == second.layer and first.version == second.version:
            return self._pieces(first, first.up + second.up, first.down + second.down)
        source, result = sorted((first, second), key=lambda signal: signal.layer)
        self._need_last(result)
        plain = source.linear and np.all(source.up == 1) and not source.version
        if source.layer or not plain or not result.linear or self._factor > 1:
            raise ModelError("layers whose results are added to others: a residual network")
        result = self.plus(result, ZERO)
        self._residual = True
        return replace(result, finished="the sum with its input")

    def largest(self, first: Signal, second: Signal) -> Signal:
        """The larger of two parts of an activation."""
        if (first.layer, first.version) != (second.layer, second.version):
            raise ModelError("the larger of two layers' results is taken")
        up, down = np.maximum(first.up, second.up), np.minimum(first.down, second.down)
        return self._pieces(first, up, down)

    def normalize(self, signal: Signal, parameters: list[NDArray[Any]], epsilon: float) -> Signal:
        """Batch normalisation by (scale, offset, mean, variance): a product and a sum."""
        scale, offset, mean, variance = (p.astype(np.float64) for p in parameters)
        factor = scale / np.sqrt(variance + epsilon)
        return self.plus(self.times(signal, factor), offset - mean * factor)

    def shuffle(self, signal: Signal, *, channels_last: bool) -> Signal:
        """Sub-pixels, which are planes, into their places; see `subpixels.channels_first`."""
        signal = self.plus(signal, ZERO)  # what it is multiplied by becomes part of the layer
        self._factor = factor_of(self._layers)
        if self._factor < 2:
            raise ModelError(no_sequence(self._layers))
        layer = self._layers[-1]
        if channels_last:
            self._replace(
                weight=channels_first(layer.weight, self._factor),
                bias=None if layer.bias is None else channels_first(layer.bias, self._factor),
            )
        return replace(signal, finished="the sub-pixels are in their places")

    def clip(self, signal: Signal) -> Signal:
        """Values limited to a range: the picture's, at the end."""
        return replace(signal, finished="values are limited to a range")

    def network(self, output: Value | None, layout: str) -> FoundNetwork:
        """The whole.

        Args:
            output: What it gives.
            layout: See `FoundNetwork`.

        Raises:
            ModelError: It is none of those that are here.
        """
        if not isinstance(output, Signal) or not output.layer:
            refuse(output)
        self._need_last(output)
        if output.tanh:
            raise ModelError("its last layer ends in a tanh")
        if output.linear:
            output = self.plus(output, ZERO)
        elif np.any(output.up != 1):
            raise ModelError("its last layer ends in an activation")
        # What is below black is cut off in the end anyway.
        layers = self._layers
        if not joined(layers):
            raise ModelError(no_sequence(layers))
        check_shapes(layers)
        if factor_of(layers) > 1 and self._factor == 1:
            raise ModelError("its last layer's planes are not put together to a picture")
        if self._mean and not self._residual:
            bias = ZERO if layers[-1].bias is None else layers[-1].bias
            self._replace(bias=np.broadcast_to(bias - self._mean, len(layers[-1].weight)).copy())
        return FoundNetwork(
            self._layers,
            layout,
            border=next(iter(self._borders)) if len(self._borders) == 1 else None,
            residual=self._residual,
            mean=self._mean,
        )

    def _activate(self, signal: Signal) -> None:
        """What follows the last layer is known now."""
        layer = self._layers[-1]
        if signal.tanh:
            self._replace(activation="tanh")
            return
        up, down = np.broadcast_arrays(signal.up, signal.down)
        if np.any(up <= 0):
            raise ModelError("an activation of another kind than ReLU, PReLU and tanh")
        if np.any(up != 1):
            bias = None if layer.bias is None else layer.bias * up
            self._replace(weight=layer.weight * up.reshape(-1, 1, 1, 1), bias=bias)
        slope = (down / up).astype(np.float32)
        if np.all(slope == 0):
            self._replace(activation="relu")
        elif np.any(slope != 1):
            self._replace(activation="prelu", slope=slope)

    def _pieces(self, signal: Signal, up: NDArray[Any], down: NDArray[Any]) -> Signal:
        if signal.tanh:
            raise ModelError("an activation after a tanh")
        return replace(signal, up=up, down=down)

    def _replace(self, **values: Any) -> None:  # noqa: ANN401 - those of a layer
        self._layers[-1] = replace(self._layers[-1], **values)

    def _need_last(self, signal: Signal) -> None:
        if (signal.layer, signal.version) != (len(self._layers), self._versions[-1]):
            raise ModelError("its layers do not stand in one row: they branch")

    def _by_channel(self, signal: Signal, values: NDArray[Any]) -> NDArray[Any]:
        """Constants as (1,) or (channels,), wherever their file has the channels' side."""
        flat = np.asarray(values, np.float32).ravel()
        maps = self._layers[signal.layer - 1].maps[1] if signal.layer else 3
        if self._factor > 1:
            maps //= self._factor**2
        if len(flat) not in {1, maps}:
            raise ModelError(f"{len(flat)} constants for {maps} planes")
        return flat
