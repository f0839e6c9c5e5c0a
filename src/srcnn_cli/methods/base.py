"""What enlarges planes, whatever it is made of.

There is one way: a `Method` takes planes in and gives larger ones, band by band. `Upscaler` puts
pictures through it, `bench` and `compare` test pairs, `train` its validation pictures, so that what
is measured is what is shipped.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.imaging.planes import grey_from_network, network_planes, rgb_from_network
from srcnn_cli.imaging.resize import Resampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.models.networks.base import BorderPolicy


@dataclass
class Timing:
    """Where the seconds of an enlargement went.

    Attributes:
        prepare: Loading weights that were not loaded yet, R'G'B' to the planes that the method
            takes (Y'CbCr for most), interpolation.
        network: The network; 0 for an interpolation.
        merge: The planes back to R'G'B', rounding.
        bicubic: The part of ``prepare`` spent in interpolation of all channels: what a plain
            bicubic upscaler takes for the same size (in one stage; a cascade interpolates more).
    """

    prepare: float = 0.0
    network: float = 0.0
    merge: float = 0.0
    bicubic: float = 0.0

    @property
    def total(self) -> float:
        """All seconds; ``bicubic`` is contained in ``prepare``."""
        return self.prepare + self.network + self.merge

    def interpolated(self, seconds: float) -> None:
        """Count time spent in interpolation."""
        self.prepare += seconds
        self.bicubic += seconds

    def __add__(self, other: Timing) -> Timing:
        """Of one enlargement after the other."""
        return Timing(
            self.prepare + other.prepare,
            self.network + other.network,
            self.merge + other.merge,
            self.bicubic + other.bicubic,
        )


class Clock:
    """Seconds between calls of `lap`."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        """Seconds since the last call, or since the beginning."""
        now = time.perf_counter()
        elapsed, self._last = now - self._last, now
        return elapsed


class Band(NamedTuple):
    """Rows ``start`` to ``stop`` of a result; ``planes`` is float32 (C, stop - start, W)."""

    start: int
    stop: int
    planes: NDArray[np.float32]


class Method(ABC):
    """Something that enlarges.

    Attributes:
        name: As printed.
        color: The planes that it takes: luminance alone, or all of a colour picture.
        kernel: The interpolation of the planes that it does not take.
        border: What it does at the border of a picture; None: it has no such policy.
    """

    name: str
    color: Planes = "y"
    kernel: str = "bicubic"
    border: BorderPolicy | None = None

    @abstractmethod
    def bands(
        self,
        planes: NDArray[np.float32],
        height: int,
        width: int,
        *,
        tile: int = 0,
        timing: Timing,
        advance: Callable[[int], object] | None = None,
    ) -> Iterator[Band]:
        """Enlarge planes, from top to bottom.

        Args:
            planes: (C, h, w), values in [0, 1]; C is 1 where ``color`` is ``y``, else 3.
            height: Rows of the result.
            width: Columns of the result.
            tile: Side of the tiles in pixels of the result; 0 chooses.
            timing: Gets the seconds.
            advance: Told how many pixels of the result are done, time and again.
        """

    @abstractmethod
    def reach(self, scale: int) -> int:
        """How many pixels of the input beyond a part of it the result there may depend on."""

    def best_tile(self, height: int, width: int, scale: float) -> int:
        """Side of the tiles in which a result of that size is done fastest; 0: there are none.

        Args:
            height: Rows of the result.
            width: Columns of the result.
            scale: The enlargement factor.
        """
        del height, width, scale
        return 0

    def enlarge(
        self, low: NDArray[Any], height: int, width: int
    ) -> tuple[NDArray[np.float32], Timing]:
        """A whole picture as planes.

        Of R'G'B' a method for luminance improves Y'; Cb and Cr are interpolated. A method for
        colour improves all planes, and of (h, w), taken as a grey picture, it gives the luminance.

        Args:
            low: (h, w) luminance or grey, or (3, h, w) R'G'B', in [0, 1].
            height: Rows of the result.
            width: Columns of the result.

        Returns:
            (height, width) or (3, height, width), and the seconds.
        """
        timing, clock = Timing(), Clock()
        planes = network_planes(low, self.color)
        channels = 1 if self.color == "y" else len(planes)
        result = np.empty((len(planes), height, width), np.float32)
        timing.prepare += clock.lap()
        for start, stop, band in self.bands(planes[:channels], height, width, timing=timing):
            result[:channels, start:stop] = band
        clock.lap()
        if channels < len(planes):
            resampler = Resampler(planes.shape[1:], (height, width), kernel=self.kernel)
            result[channels:] = resampler.rows(planes[channels:], 0, height)
            timing.interpolated(clock.lap())
        grey = low.ndim == 2
        picture = (grey_from_network if grey else rgb_from_network)(result, self.color)
        timing.merge += clock.lap()
        return picture, timing


def wants_color(method: Method) -> bool:
    """Whether a method is to be given R'G'B' even where luminance alone is compared."""
    return method.color != "y"
