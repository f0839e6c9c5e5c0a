"""The layers of a network that was found in a foreign file, and the order that they must have."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_LAYERS = 128
LAYOUTS = (
    "what can be imported: the .mat files of SRCNN and VDSR, "
    "and state dicts of torch as .pth, .pt or .safetensors"
)
_CHANNELS = (1, 3)  # luminance, colour
_MAX_SEARCH = 20_000  # steps in search of an order of layers


@dataclass(frozen=True)
class Layer:
    """One convolution: filters (out, in, f, f) and, unless it has none, biases (out,)."""

    weight: NDArray[Any]
    bias: NDArray[Any] | None

    @property
    def maps(self) -> tuple[int, int]:
        """Feature maps that come in and go out."""
        return self.weight.shape[1], self.weight.shape[0]

    def __str__(self) -> str:
        before, after = self.maps
        return f"{before}→{after} ({'×'.join(map(str, self.weight.shape[2:]))})"


@dataclass(frozen=True)
class FoundNetwork:
    """A network in a file, and what the file's layout says of it."""

    layers: list[Layer]
    layout: str
    architecture: str | None = None
    scales: tuple[int, ...] | None = None


def in_sequence(layers: list[Layer]) -> list[Layer]:
    """The layers as they follow each other: as listed if that fits, else in the only way that does.

    Layers of equal shape keep their order. (A module that names its first and last layer after
    the ones between lists them last.)

    Raises:
        ModelError: They do not lead from c channels back to c, or in several ways.
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
    for layer in layers:
        if layer.weight.shape[0] == layer.weight.shape[1] == layers[0].maps[0]:
            raise ModelError(f"a layer from colours to colours is not SRCNN's or VDSR's: {layer}")
    channels = layers[0].maps[0]
    if any(layer.maps[1] == channels for layer in layers[:-1]):
        raise ModelError(
            f"its layers narrow to {channels} in between: several networks, or another kind"
        )
    return layers


def joined(layers: list[Layer]) -> bool:
    """Whether each layer takes what the one before gives, from c channels back to c."""
    maps = [layer.maps for layer in layers]
    return (
        2 <= len(maps) <= MAX_LAYERS
        and all(before[1] == after[0] for before, after in pairwise(maps))
        and maps[0][0] == maps[-1][1] in _CHANNELS
    )


def _orders(shapes: Counter[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Up to two orders of the shapes that lead from c channels to c, and there at the end only."""
    total, budget = sum(shapes.values()), _MAX_SEARCH
    found: list[list[tuple[int, ...]]] = []
    if total > MAX_LAYERS:
        return found

    def extend(path: list[tuple[int, ...]], channels: int) -> None:
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
                and (shape[0] == channels) == last
            ):
                shapes[shape] -= 1
                extend([*path, shape], channels)
                shapes[shape] += 1

    for channels in _CHANNELS:
        if not found:
            extend([], channels)
    return found


def no_sequence(layers: list[Layer]) -> str:
    """Why layers are no network, for a message."""
    shown = listed([str(layer) for layer in layers])
    maps = [layer.maps for layer in layers]
    if all(a[1] == b[0] for a, b in pairwise(maps)) and maps[0][0] != maps[-1][1]:
        return (
            f"ends in {maps[-1][1]} channels but begins with {maps[0][0]}: {shown}; networks that "
            "enlarge by themselves (ESPCN, FSRCNN) are not SRCNN or VDSR"
        )
    return f"its layers do not lead from 1 or 3 channels back to as many: {shown}"


def printable(name: str) -> str:
    """A name from a file, fit for a message."""
    return "".join(c if c.isprintable() else "?" for c in name[:80])


def listed(values: Sequence[object]) -> str:
    """The first few of some values, for a message."""
    shown = ", ".join(map(str, values[:6]))
    return shown + (f" and {len(values) - 6} more" if len(values) > 6 else "")
