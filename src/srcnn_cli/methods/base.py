"""What enlarges planes, whatever it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes


@dataclass(frozen=True)
class Steps:
    """Seconds of one enlargement.

    Attributes:
        prepare: Interpolation, and R'G'B' to the network's planes where it is given colour.
        network: The network; 0 for an interpolation.
        post: The network's planes back to R'G'B'.
    """

    prepare: float
    network: float = 0.0
    post: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.prepare + self.network + self.post


class Method(Protocol):
    """Something that enlarges.

    Attributes:
        name: As printed.
        color: The planes that it is made for; see `wants_color`.
    """

    name: str
    color: Planes

    def enlarge(
        self, low: NDArray[Any], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """(h, w) luminance or (3, h, w) R'G'B' in [0, 1] to (height, width) or (3, ...)."""
        ...


def wants_color(method: Method) -> bool:
    """Whether a method is to be given R'G'B' even where luminance alone is compared."""
    return method.color != "y"
