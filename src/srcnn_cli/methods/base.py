"""What enlarges planes, whatever it is made of.

There is one way: a `Method` takes planes in and gives larger ones, part by part and several at a
time. `Upscaler` puts pictures through it, `bench` and `compare` test pairs, `train` its validation
pictures, so that what is measured is what is shipped.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from srcnn_cli.imaging.planes import grey_from_network, network_planes, rgb_from_network
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.imaging.regions import Region
    from srcnn_cli.models.networks.base import BorderPolicy

Part = TypeVar("Part")


@dataclass
class Timing:
    """Where the seconds of an enlargement went.

    Where several threads work at a time, each of its parts is the share of the seconds from
    beginning to end that it has of the work of all threads.

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

    def within(self, seconds: float) -> Timing:
        """The same shares of so many seconds in all."""
        rate = seconds / self.total if self.total else 0.0
        return Timing(
            self.prepare * rate, self.network * rate, self.merge * rate, self.bicubic * rate
        )

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


class Finish(Protocol):
    """What is done with each part of a result, by several threads at a time."""

    def __call__(self, region: Region, planes: NDArray[np.float32], timing: Timing, /) -> None:
        """Take a part.

        Args:
            region: Of the result; each pixel belongs to one part.
            planes: (C, h, w), its pixels, which it may change.
            timing: Gets the seconds.
        """


def stored_in(result: NDArray[np.float32]) -> Finish:
    """Put every part into its place in (C, H, W) planes."""

    def store(region: Region, planes: NDArray[np.float32], timing: Timing) -> None:
        del timing
        result[region.in_planes] = planes

    return store


def run_parts(
    parts: Sequence[Part],
    compute: Callable[[Part, Timing], tuple[Region, NDArray[np.float32]]],
    finish: Finish,
    advance: Callable[[int], object] | None,
) -> Timing:
    """Compute and finish the parts of a result, on all threads of `crew`.

    Args:
        parts: Whatever tells one part from another.
        compute: Gives the region of a part, and its planes.
        finish: Takes them.
        advance: Told how many pixels of the result are done, time and again.

    Returns:
        The seconds that it took.
    """
    started = time.perf_counter()

    def work(part: Part) -> tuple[int, Timing]:
        timing = Timing()
        region, planes = compute(part, timing)
        finish(region, planes, timing)
        return region.area, timing

    timing = Timing()
    for area, own in crew().map(work, parts):
        timing += own
        if advance is not None:
            advance(area)
    return timing.within(time.perf_counter() - started)


class Method(ABC):
    """Something that enlarges.

    Attributes:
        name: As printed.
        color: The planes that it takes: luminance alone, or all of a colour picture.
        kernel: The interpolation of the planes that it does not take.
        border: What it does at the border of a picture; None: it has no such policy.
        step: A part of a picture has to begin at a multiple of so many pixels to become what it is
            in the whole picture.
        interpolated: It works on planes that were enlarged before, and may be given such planes in
            the final size.
    """

    name: str
    color: Planes = "y"
    kernel: str = "bicubic"
    border: BorderPolicy | None = None
    step: int = 1
    interpolated: bool = False

    @abstractmethod
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
        """Enlarge planes.

        Args:
            planes: (C, h, w), values in [0, 1]; C is 1 where ``color`` is ``y``, else 3.
            height: Rows of the result.
            width: Columns of the result.
            finish: Takes the result, part by part.
            tile: Side of the tiles in pixels of the result; 0 chooses.
            advance: Told how many pixels of the result are done, time and again.

        Returns:
            The seconds that it took.
        """

    @abstractmethod
    def reach(self, scale: int) -> int:
        """How many pixels of the input beyond a part of it the result there may depend on."""

    def told(self, levels: Levels) -> Method:
        """The method for a picture that is so damaged; most make no difference."""
        del levels
        return self

    def beside(
        self, luminance: NDArray[np.float32], others: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """What is to be interpolated beside the planes that it takes; most leave it as it is.

        Args:
            luminance: (1, h, w), what it takes.
            others: (n, h, w): Cb and Cr of a colour picture, and alpha if there is any.
        """
        del luminance
        return others

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
        self,
        low: NDArray[Any],
        height: int,
        width: int,
        *,
        advance: Callable[[int], object] | None = None,
    ) -> tuple[NDArray[np.float32], Timing]:
        """A whole picture as planes.

        Of R'G'B' a method for luminance improves Y'; Cb and Cr are interpolated. A method for
        colour improves all planes, and of (h, w), taken as a grey picture, it gives the luminance.

        Args:
            low: (h, w) luminance or grey, or (3, h, w) R'G'B', in [0, 1].
            height: Rows of the result.
            width: Columns of the result.
            advance: Told how many pixels of the result are done, time and again.

        Returns:
            (height, width) or (3, height, width), and the seconds.
        """
        clock = Clock()
        planes = network_planes(low, self.color)
        channels = 1 if self.color == "y" else len(planes)
        result = np.empty((*low.shape[:-2], height, width), np.float32)
        resampler = Resampler(planes.shape[1:], (height, width), kernel=self.kernel)
        timing = Timing(prepare=clock.lap())
        given = planes[channels:]
        others = self.beside(planes[:channels], given)
        if others is not given:
            timing.network += clock.lap()

        def finish(region: Region, part: NDArray[np.float32], timing: Timing) -> None:
            clock = Clock()
            if channels < len(planes):
                part = np.concatenate([part, resampler.region(others, region)])
                timing.interpolated(clock.lap())
            to_picture = grey_from_network if low.ndim == 2 else rgb_from_network
            result[region.in_planes] = to_picture(part, self.color)
            timing.merge += clock.lap()

        return result, timing + self.run(planes[:channels], height, width, finish, advance=advance)


def wants_color(method: Method) -> bool:
    """Whether a method is to be given R'G'B' even where luminance alone is compared."""
    return method.color != "y"
