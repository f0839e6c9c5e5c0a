"""From pixels to more pixels, in one pass over each part: interpolated, enlarged, merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.imaging.planes import merge_planes, planes_of, split_alpha
from srcnn_cli.imaging.resize import Resampler
from srcnn_cli.methods.base import Clock, Timing, stored_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Region
    from srcnn_cli.methods.base import Method
    from srcnn_cli.upscaling.stages import Stage


def enlarge_pixels(
    pixels: NDArray[Any],
    stages: list[Stage],
    methods: list[Method],
    tile: int,
    progress: Callable[[float], object],
) -> tuple[NDArray[Any], Timing]:
    """Enlarge an array by its stages.

    Args:
        pixels: (H, W[, 2 to 4]), see `Upscaler`.
        stages: At least one.
        methods: What does each.
        tile: Side of the tiles in pixels of the result.
        progress: Told time and again how much is done, 0 to 1.

    Returns:
        The larger pixels, and the seconds.

    Raises:
        OutOfMemoryError: The tiles do not fit.
    """
    total, done = sum(stage.height * stage.width for stage in stages), 0

    def advance(pixels: int) -> None:
        nonlocal done
        done += pixels
        progress(done / total)

    clock = Clock()
    last = methods[-1]
    picture, alpha = split_alpha(pixels)
    planes, given = planes_of(picture, alpha, last.color)
    height, width = stages[-1].height, stages[-1].width
    resampler = Resampler(planes.shape[-2:], (height, width), kernel=last.kernel)
    timing = Timing(prepare=clock.lap())
    others = methods[0].beside(planes, given)
    if others is not given:
        timing.network += clock.lap()
    for stage, method in zip(stages[:-1], methods[:-1], strict=True):
        larger = np.empty((len(planes), stage.height, stage.width), np.float32)
        timing += method.run(
            planes, stage.height, stage.width, stored_in(larger), tile=tile, advance=advance
        )
        planes = larger
    result = np.empty((height, width, *pixels.shape[2:]), pixels.dtype)

    # Part by part: what stands in floating point at any moment is a few tiles.
    def finish(region: Region, part: NDArray[np.float32], timing: Timing) -> None:
        clock = Clock()
        other_part = resampler.region(others, region) if len(others) else others
        timing.interpolated(clock.lap())
        merge_planes(part, other_part, last.color, result[region.in_pixels])
        timing.merge += clock.lap()

    timing += last.run(planes, height, width, finish, tile=tile, advance=advance)
    return result, timing
