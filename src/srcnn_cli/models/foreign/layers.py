"""The layers of a network that was found in a foreign file, and the order that they must have."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from srcnn_cli.models.networks.base import Activation, BorderPolicy

MAX_LAYERS = 128
_CHANNELS = (1, 3)  # luminance, colour
_FACTORS = range(2, 9)
_MAX_SEARCH = 20_000  # steps in search of an order of layers


@dataclass(frozen=True)
class Deconvolution:
    """What makes a layer a transposed convolution.

    Attributes:
        stride: Output pixels for one input pixel along each side; None: the file does not say.
        before: How many pixels of its full result are cut off above and to the left; None: half of
            those by which it is too large ("same" of TensorFlow and Keras).
    """

    stride: int | None
    before: int | None


@dataclass(frozen=True)
class Layer:
    """One convolution and what follows it.

    Attributes:
        weight: Filters (out, in, f, f), also where it is a transposed convolution.
        bias: (out,), unless it has none.
        activation: What follows; None: the file does not say.
        slope: (out,) or (1,): by what a ``prelu`` multiplies what is below zero.
        deconvolution: It is a transposed convolution.
    """

    weight: NDArray[Any]
    bias: NDArray[Any] | None
    activation: Activation | None = None
    slope: NDArray[Any] | None = None
    deconvolution: Deconvolution | None = None

    @property
    def maps(self) -> tuple[int, int]:
        """Feature maps that come in and go out."""
        return self.weight.shape[1], self.weight.shape[0]

    def __str__(self) -> str:
        before, after = self.maps
        return f"{before}→{after} ({'×'.join(map(str, self.weight.shape[2:]))})"


@dataclass(frozen=True)
class FoundNetwork:
    """A network in a file, and what the file's layout says of it.

    Attributes:
        layers: First to last.
        layout: In words.
        architecture: Its family; None: what the layers allow.
        scales: The factors it was trained for; None: the file does not say.
        border: What its layers do at a picture's border; None: the file does not say.
        residual: Whether its input is added to what it computes; None: the file does not say.
        mean: Is subtracted from its input, and added to its output, see `ModelConfig`.
    """

    layers: list[Layer]
    layout: str
    architecture: str | None = None
    scales: tuple[int, ...] | None = None
    border: BorderPolicy | None = None
    residual: bool | None = None
    mean: float = 0.0

    @property
    def factor(self) -> int:
        """By how much its last layer enlarges; 1: not at all; 0: the file does not say."""
        last = self.layers[-1]
        if last.deconvolution is not None:
            return last.deconvolution.stride or 0
        return factor_of(self.layers) or 1


def factor_of(layers: Sequence[Layer]) -> int:
    """S if layers lead from c channels to c s², 1 or more; 0 if they lead elsewhere."""
    channels, planes = layers[0].maps[0], layers[-1].maps[1]
    factor = math.isqrt(planes // channels)
    known = factor == 1 or factor in _FACTORS
    return factor if channels in _CHANNELS and planes == channels * factor**2 and known else 0


def in_sequence(layers: list[Layer]) -> list[Layer]:
    """The layers as they follow each other: as listed if that fits, else in the only way that does.

    Layers of equal shape keep their order. (A module that names its first and last layer after
    the ones between lists them last.)

    Raises:
        ModelError: They do not lead from c channels back to c or to c s², or in several ways.
    """
    if not joined(layers):
        rows: dict[tuple[int, ...], list[Layer]] = defaultdict(list)
        for layer in layers:
            rows[layer.weight.shape].append(layer)
        orders = _orders(Counter({shape: len(row) for shape, row in rows.items()}))
        if not orders:
            raise ModelError(no_sequence(layers))
        if len(orders) > 1:
            raise ModelError("its layers fit together in several orders, and it does not say which")
        layers = [rows[shape].pop(0) for shape in orders[0]]
    check_shapes(layers)
    return layers


def check_shapes(layers: list[Layer]) -> None:
    """Whether layers that lead from c channels to c or c s² are one network of a kind that is here.

    Raises:
        ModelError: They are not.
    """
    channels = layers[0].maps[0]
    for layer in layers:
        if layer.weight.shape[2] != layer.weight.shape[3] or 0 in layer.weight.shape:
            raise ModelError(f"a filter is not square: {layer}")
        if layer.maps == (channels, channels):
            raise ModelError(f"a layer from colours to colours is not SRCNN's or VDSR's: {layer}")
    if any(layer.maps[1] == channels for layer in layers[:-1]):
        raise ModelError(
            f"its layers narrow to {channels} in between: several networks, or another kind"
        )


def joined(layers: list[Layer]) -> bool:
    """Whether each layer takes what the one before gives, from c channels to c or c s²."""
    maps = [layer.maps for layer in layers]
    return (
        2 <= len(maps) <= MAX_LAYERS
        and all(before[1] == after[0] for before, after in pairwise(maps))
        and factor_of(layers) > 0
    )


def _orders(shapes: Counter[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Up to two orders of the shapes that lead from c channels to c, there at the end only.

    If there is none, those that lead to c s².
    """
    total, budget = sum(shapes.values()), _MAX_SEARCH
    found: list[list[tuple[int, ...]]] = []
    if total > MAX_LAYERS:
        return found

    def extend(path: list[tuple[int, ...]], channels: int, planes: int) -> None:
        nonlocal budget
        budget -= 1
        if budget < 0:
            raise ModelError("its layers could follow each other in too many ways")
        if len(path) == total:
            found.append(path)
            return
        last = len(path) == total - 1
        for shape, left in list(shapes.items()):
            if (
                left
                and len(found) < 2
                and shape[1] == (path[-1][0] if path else channels)
                and (shape[0] == planes or not last)
                and (shape[0] != channels or last)
            ):
                shapes[shape] -= 1
                extend([*path, shape], channels, planes)
                shapes[shape] += 1

    for factor in (1, *_FACTORS):
        for channels in _CHANNELS:
            if not found:
                extend([], channels, channels * factor**2)
    return found


def no_sequence(layers: list[Layer]) -> str:
    """Why layers are no network, for a message."""
    shown = listed([str(layer) for layer in layers])
    return f"its layers do not lead from 1 or 3 channels back to as many: {shown}"


def printable(name: str) -> str:
    """A name from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in name[:80])


def listed(values: Sequence[object]) -> str:
    """The first few of some values, for a message."""
    shown = ", ".join(map(str, values[:6]))
    return shown + (f" and {len(values) - 6} more" if len(values) > 6 else "")
