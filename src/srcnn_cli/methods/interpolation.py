"""Interpolations as methods."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.base import Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes


INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")


class Interpolation:
    """Nearest, bilinear, bicubic or Lanczos (a = 3), on every plane alike."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.color: Planes = "y"

    def enlarge(
        self, low: NDArray[Any], height: int, width: int
    ) -> tuple[NDArray[np.float32], Steps]:
        """See `Method`."""
        started = time.perf_counter()
        result: NDArray[np.float32] = resize(
            low.astype(np.float32), height, width, kernel=self.name
        )
        return result, Steps(time.perf_counter() - started)
