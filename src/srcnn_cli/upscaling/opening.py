"""Opening one file: read it, and check that its result can be written, before any computing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.errors import InputError
from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.pictures.formats import STREAM_EXTENSIONS, WRITABLE
from srcnn_cli.pictures.picture import SEVERAL
from srcnn_cli.pictures.reading import decode_picture, largest_file, read_file
from srcnn_cli.pictures.writing import check_destination, target_of
from srcnn_cli.streams import STANDARD, is_stream, read_stdin
from srcnn_cli.upscaling.quality import quality_for
from srcnn_cli.upscaling.stages import target_size

if TYPE_CHECKING:
    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.pictures.formats import Target
    from srcnn_cli.pictures.frames import Frames
    from srcnn_cli.pictures.picture import Picture
    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.restoring import Finding
    from srcnn_cli.upscaling.task import Task


class Opened(NamedTuple):
    """A picture that was read, and whose result can be written as far as one can tell before."""

    job: Job
    picture: Picture
    frames: Frames | None
    scale: float
    extension: str | None
    target: Target
    finding: Finding
    notes: tuple[str, ...]
    seconds: float

    def quality(self, task: Task, undone: Levels) -> int | None:
        """What the result is written with, see `quality_for`."""
        restored = undone.of_luminance != CLEAN
        return quality_for(self.picture, self.target, task.quality, restored=restored)


def open_file(job: Job, task: Task) -> Opened:
    """Read a picture and check everything that can be checked before any computing.

    Raises:
        InputError: The input is unreadable, or too large in or out.
        OutputError: The result could not be written.
        OutOfMemoryError: The picture does not fit into memory.
    """
    started = time.perf_counter()
    picture, frames = read_source(job, task)
    height, width = picture.pixels.shape[:2]
    try:
        scale, remarks = task.size.factor(height, width)
    except InputError as error:
        raise InputError(error.reason, job.source_name) from None
    height, width = target_size(height, width, scale)
    if height * width > task.max_pixels:
        raise InputError(
            f"would become {width:,} x {height:,} = {height * width:,} pixels, above the limit of "
            f"{task.max_pixels:,} (--max-pixels raises it)",
            job.source_name,
        )
    extension = job.extension
    if not extension and is_stream(job.target) and job.target.suffix.lower() not in WRITABLE:
        animated = frames is not None and picture.format == "GIF"
        extension = STREAM_EXTENSIONS.get(picture.format, ".gif" if animated else ".png")
    holder = None
    if frames is not None:
        from srcnn_cli.pictures.frames_writing import holder_of

        holder = holder_of(job.target, extension, animated=frames.animated)
    losses = check_destination(
        job.target,
        height=height,
        width=width,
        channels=1 if picture.pixels.ndim == 2 else picture.pixels.shape[2],
        bits=8 * picture.pixels.itemsize,
        overwrite=task.overwrite,
        background=task.background,
        extension=extension,
        target=holder,
    )
    return Opened(
        job,
        picture,
        frames,
        scale,
        extension,
        holder or target_of(job.target, extension),
        task.restore.find(picture, scale),
        (*picture.notes, *remarks, *losses),
        time.perf_counter() - started,
    )


def read_source(job: Job, task: Task) -> tuple[Picture, Frames | None]:
    """The first or only picture of a file, and, if they are wanted, all of several."""
    if job.source == STANDARD:
        data = read_stdin(largest_file(task.max_pixels))
    else:
        data = read_file(job.source, task.max_pixels)
    picture = decode_picture(
        data,
        job.source_name,
        max_pixels=task.max_pixels,
        strict=task.strict and not task.all_frames,
        accept_damaged=task.accept_damaged,
    )
    if not task.all_frames:
        return picture, None
    from srcnn_cli.pictures.frames import Frames

    frames = Frames(data, job.source_name, max_pixels=task.max_pixels)
    only_animated = picture.format == "GIF" or job.target.suffix.lower() == ".apng"
    if frames.count == 1 and not only_animated:
        return picture, None
    return picture._replace(notes=tuple(n for n in picture.notes if n != SEVERAL)), frames
