"""A file of several pictures, all of them enlarged: an animation, or the pages of a TIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError
from srcnn_cli.methods.base import Timing
from srcnn_cli.pictures.frames import Frame
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.upscaling.stages import target_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from numpy.typing import NDArray

    from srcnn_cli.pictures.frames import Frames
    from srcnn_cli.upscaling.sizes import Size
    from srcnn_cli.upscaling.upscaled import Upscaled

    Enlarge = Callable[[NDArray[Any], float, Callable[[float], object]], Upscaled]


def upscale_frames(
    frames: Frames,
    name: str,
    enlarge: Enlarge,
    size: Size,
    write: Callable[[Iterable[Frame]], list[str]],
    *,
    max_pixels: int,
    strip: bool,
    progress: Callable[[float], object] | None = None,
) -> tuple[Upscaled, list[str]]:
    """Enlarge every picture of a file, each when it is asked for.

    Args:
        frames: The pictures.
        name: Of the file, for errors.
        enlarge: Enlarges one, by a factor; told of whom to tell its progress.
        size: How large they become.
        write: Takes the enlarged ones, and says what was lost.
        max_pixels: Refuse more pixels than this in all results together.
        strip: Without the metadata of each page.
        progress: Told how much of all is done, 0 to 1.

    Returns:
        The first result with the time of all, and what ``write`` says.

    Raises:
        InputError: One of them is damaged, or too large when enlarged.
    """
    timing = Timing()
    first: list[Upscaled] = []
    notes: dict[str, None] = {}
    pixels = 0

    def enlarged() -> Iterator[Frame]:
        nonlocal pixels, timing
        for number, (picture, milliseconds) in enumerate(frames):
            height, width = picture.pixels.shape[:2]
            scale, _ = size.factor(height, width)
            height, width = target_size(height, width, scale)
            pixels += height * width
            if pixels > max_pixels:
                raise InputError(
                    f"would have more than {max_pixels:,} pixels in all frames together "
                    "(--max-pixels raises it)",
                    name,
                )

            def show(share: float, number: int = number) -> None:
                if progress is not None:
                    progress((number + share) / frames.count)

            done = enlarge(picture.pixels, scale, show)
            timing += done.timing
            notes.update(dict.fromkeys(done.notes))
            first[:] = first or [done]
            metadata = Metadata() if strip else picture.metadata
            yield Frame(picture._replace(pixels=done.pixels, metadata=metadata), milliseconds)

    dropped = write(enlarged())
    return first[0]._replace(timing=timing, notes=tuple(notes)), dropped
