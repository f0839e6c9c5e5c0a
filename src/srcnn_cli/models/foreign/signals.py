"""Values in a network that a file describes operator by operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import numpy as np

from srcnn_cli.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.models.networks.base import BorderPolicy

ONE = np.ones(1, np.float32)
ZERO = np.zeros(1, np.float32)


@dataclass(frozen=True, eq=False)
class Signal:
    """A value that depends on the picture: what follows from a layer's output.

    Attributes:
        layer: The number of the layer; 0: the network's input.
        version: Which sum with a constant of that output it is; an older one is not that any more.
        up: By what it is multiplied where it is positive, (1,) or (out,).
        down: By what where it is negative.
        tanh: Whether a tanh was taken of it.
        finished: What may come only after the last layer, for a message; "" if nothing did.
        padded: By how much it was continued at the border, how, and with which constant.
    """

    layer: int
    version: int = 0
    up: NDArray[Any] = field(default_factory=lambda: ONE)
    down: NDArray[Any] = field(default_factory=lambda: ONE)
    tanh: bool = False
    finished: str = ""
    padded: tuple[int, BorderPolicy, float] | None = None

    @property
    def linear(self) -> bool:
        """Whether it is a multiple of the layer's output."""
        return not self.tanh and bool(np.all(self.up == self.down))


@dataclass(frozen=True)
class Unknown:
    """A value that no network here has, and the operator that made it."""

    operator: str


Value: TypeAlias = "Signal | Unknown | NDArray[Any]"


def refuse(value: Value | None) -> NoReturn:
    """Say of what kind a value is that no network here has.

    Raises:
        ModelError: Always.
    """
    if isinstance(value, Unknown):
        raise ModelError(f"has an operator that no network here has: {value.operator}")
    raise ModelError("no convolutional network leads to its result")
