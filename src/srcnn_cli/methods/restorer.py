"""A network for damaged pictures as a method that is told how damaged each picture is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.methods.base import Finish, Method, Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.imaging.levels import Levels


class Restorer(Method):
    """By itself it takes pictures for clean; `told` gives it for others.

    Args:
        name: As printed.
        make: The method for a picture that is so damaged.
    """

    def __init__(self, name: str, make: Callable[[Levels], Method]) -> None:
        self._make = make
        self._made: dict[Levels, Method] = {}
        clean = self._for_clean = self.told(CLEAN)
        self.name, self.color, self.border, self.kernel = (
            name, clean.color, clean.border, clean.kernel,
        )  # fmt: skip

    def told(self, levels: Levels) -> Method:
        """See `Method`."""
        if levels not in self._made:
            self._made[levels] = self._make(levels)
        return self._made[levels]

    def run(
        self,
        planes: NDArray[np.float32],
        height: int,
        width: int,
        finish: Finish,
        *,
        tile: int = 0,
        advance: Callable[[int], object] | None = None,
    ) -> Timing:
        """See `Method`."""
        return self._for_clean.run(planes, height, width, finish, tile=tile, advance=advance)

    def reach(self, scale: int) -> int:
        """See `Method`."""
        return self._for_clean.reach(scale)

    def beside(
        self, luminance: NDArray[np.float32], others: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See `Method`."""
        return self._for_clean.beside(luminance, others)

    def best_tile(self, height: int, width: int, scale: float) -> int:
        """See `Method`."""
        return self._for_clean.best_tile(height, width, scale)
