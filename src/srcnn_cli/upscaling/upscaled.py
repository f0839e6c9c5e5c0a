"""What `Upscaler` gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Timing
    from srcnn_cli.upscaling.stages import Stage


class Upscaled(NamedTuple):
    """An enlarged picture.

    Attributes:
        pixels: (H', W'), (H', W', 2), (H', W', 3) or (H', W', 4), of the input's type.
        timing: Where the seconds went.
        stages: Sizes and weights, see `stages`.
        tile: Side of the tiles that were used in pixels of the result, 0 if none.
        notes: What a user should know, such as tiles made smaller for want of memory.
    """

    pixels: NDArray[Any]
    timing: Timing
    stages: list[Stage]
    tile: int
    notes: tuple[str, ...]
