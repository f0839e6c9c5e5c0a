"""A file of several pictures, all of them enlarged: an animation, or the pages of a TIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError
from srcnn_cli.methods.base import Timing
from srcnn_cli.pictures.frames import Frame
from srcnn_cli.pictures.frames_writing import Course, write_frames
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.upscaling.stages import target_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.pictures.frames import Frames
    from srcnn_cli.upscaling.one_file import Opened, Task
    from srcnn_cli.upscaling.upscaled import Upscaled
    from srcnn_cli.upscaling.upscaler import Upscaler


def upscale_frames(
    opened: Opened,
    frames: Frames,
    task: Task,
    upscaler: Upscaler,
    progress: Callable[[float], object] | None,
    levels: Levels,
) -> tuple[Upscaled, list[str]]:
    """Enlarge every picture of an opened file and write the result.

    Args:
        opened: The file.
        frames: Its pictures.
        task: What to do with them.
        upscaler: What enlarges them.
        progress: As in `Upscaler`, over all of them.
        levels: Of damage that is undone in all of them.

    Returns:
        The first of them with the time of all, and what did not fit into the format.

    Raises:
        InputError: One of them is damaged, or too large when enlarged.
        OutputError: The result cannot be written.
    """
    timing = Timing()
    first: list[Upscaled] = []
    notes: dict[str, None] = {}
    pixels = 0

    def enlarged() -> Iterator[Frame]:
        nonlocal pixels, timing
        for number, (picture, milliseconds) in enumerate(frames):
            height, width = picture.pixels.shape[:2]
            scale, _ = task.size.factor(height, width)
            height, width = target_size(height, width, scale)
            pixels += height * width
            if pixels > task.max_pixels:
                raise InputError(
                    f"would have more than {task.max_pixels:,} pixels in all frames together "
                    "(--max-pixels raises it)",
                    opened.job.source_name,
                )

            def show(share: float, number: int = number) -> None:
                if progress is not None:
                    progress((number + share) / frames.count)

            done = upscaler.upscale_pixels(picture.pixels, scale, show, levels)
            timing += done.timing
            notes.update(dict.fromkeys(done.notes))
            first[:] = first or [done]
            metadata = Metadata() if task.strip else picture.metadata
            yield Frame(picture._replace(pixels=done.pixels, metadata=metadata), milliseconds)

    dropped = write_frames(
        opened.job.target,
        enlarged(),
        Course(frames.plays, frames.has_cover) if frames.animated else None,
        Metadata() if task.strip else opened.picture.metadata,
        overwrite=task.overwrite,
        quality=opened.quality or 95,
        compression=task.compression,
        subsampling=task.subsampling,
        background=task.background,
        extension=opened.extension,
    )
    return first[0]._replace(timing=timing, notes=tuple(notes)), dropped
