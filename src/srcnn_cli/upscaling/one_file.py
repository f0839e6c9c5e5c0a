"""One file from disk to disk: read, check that the result can be written, enlarge, write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from srcnn_cli.errors import InputError, OutOfMemoryError, UsageError
from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.pictures.formats import STREAM_EXTENSIONS, WRITABLE
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.picture import SEVERAL
from srcnn_cli.pictures.reading import decode_picture, largest_file, read_file
from srcnn_cli.pictures.writing import check_destination, target_of, write_picture
from srcnn_cli.streams import STANDARD, is_stream, read_stdin
from srcnn_cli.upscaling.quality import DEFAULT_QUALITY, quality_for
from srcnn_cli.upscaling.restoring import OFF, OPTION, Finding, Restore
from srcnn_cli.upscaling.stages import target_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Timing
    from srcnn_cli.pictures.frames import Frame, Frames
    from srcnn_cli.pictures.picture import Picture
    from srcnn_cli.pictures.subsampling import Subsampling
    from srcnn_cli.pictures.writing import RGB
    from srcnn_cli.upscaling.all_frames import Enlarge
    from srcnn_cli.upscaling.jobs import Job
    from srcnn_cli.upscaling.sizes import Size
    from srcnn_cli.upscaling.stages import Stage
    from srcnn_cli.upscaling.upscaled import Upscaled
    from srcnn_cli.upscaling.upscaler import Upscaler


class Task(NamedTuple):
    """What to do with every file; the fields are the options of ``srcnn upscale``."""

    size: Size
    restore: Restore = Restore(OFF)
    overwrite: bool = False
    strict: bool = False
    accept_damaged: bool = False
    strip: bool = False
    quality: int | None = None
    compression: int = 1
    subsampling: Subsampling = "444"
    background: RGB | None = None
    max_pixels: int = 500_000_000
    all_frames: bool = False


class Done(NamedTuple):
    """What became of a file.

    Attributes:
        input_size: (width, height) in pixels, upright.
        output_size: Likewise.
        read: Seconds for reading and decoding.
        timing: Seconds for the steps in between.
        write: Seconds for encoding and writing to the disk.
        stages: How the factor was reached.
        tile: Side of the tiles.
        quality: Of the written file, if its format has one.
        finding: How damaged the input is.
        restored: Whether that was undone.
        frames: How many pictures were enlarged.
        notes: What the user should know, one sentence each.
    """

    input_size: tuple[int, int]
    output_size: tuple[int, int]
    read: float
    timing: Timing
    write: float
    stages: list[Stage]
    tile: int
    quality: int | None
    finding: Finding
    restored: bool
    frames: int
    notes: tuple[str, ...]

    @property
    def total(self) -> float:
        """Seconds from opening the input to the finished output."""
        return self.read + self.timing.total + self.write


class Opened(NamedTuple):
    """A picture that was read, and whose result can be written as far as one can tell before."""

    job: Job
    picture: Picture
    frames: Frames | None
    scale: float
    extension: str | None
    quality: int | None
    finding: Finding
    notes: tuple[str, ...]
    seconds: float


def open_file(job: Job, task: Task) -> Opened:
    """Read a picture and check everything that can be checked before any computing.

    Raises:
        InputError: The input is unreadable, or too large in or out.
        OutputError: The result could not be written.
        OutOfMemoryError: The picture does not fit into memory.
    """
    started = time.perf_counter()
    picture, frames = read_source(job, task)
    width, height = _size(picture.pixels)
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
        quality_for(picture, holder or target_of(job.target, extension), task.quality),
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


def upscale_file(
    opened: Opened,
    task: Task,
    upscaler: Upscaler,
    progress: Callable[[float], object] | None = None,
) -> Done:
    """Enlarge an opened picture and write the result; ``progress`` as in `Upscaler`.

    Raises:
        OutputError: The result cannot be written.
        BrokenPipeError: Nobody reads the stream that it should go to.
        ModelError: The weights do not load.
        OutOfMemoryError: It does not fit.
        UsageError: What the user wants restored cannot be.
    """
    job, picture, finding = opened.job, opened.picture, opened.finding
    restored = upscaler.restores(opened.scale, finding.levels)
    if finding.source == OPTION and finding.levels != CLEAN and not restored:
        raise UsageError(f"{upscaler.model} has no weights that restore at ×{opened.scale:g}")
    levels = finding.levels if restored else CLEAN
    started = time.perf_counter()
    try:
        if opened.frames is None:
            enlarged = upscaler.upscale_pixels(picture.pixels, opened.scale, progress, levels)
            dropped = _write(opened, task, enlarged.pixels)
        else:
            enlarged, dropped = _upscale_frames(
                opened,
                opened.frames,
                task,
                lambda pixels, scale, show: upscaler.upscale_pixels(pixels, scale, show, levels),
                progress,
            )
    except (OutOfMemoryError, MemoryError) as error:
        raise OutOfMemoryError(
            "does not fit into memory (a smaller --tile or --device cpu may help)",
            job.source_name,
        ) from error
    return Done(
        input_size=_size(picture.pixels),
        output_size=_size(enlarged.pixels),
        read=opened.seconds,
        timing=enlarged.timing,
        write=time.perf_counter() - started - enlarged.timing.total,
        stages=enlarged.stages,
        tile=enlarged.tile,
        quality=opened.quality,
        finding=finding,
        restored=restored,
        frames=1 if opened.frames is None else opened.frames.count,
        notes=(*opened.notes, *dropped, *enlarged.notes),
    )


def _upscale_frames(
    opened: Opened,
    frames: Frames,
    task: Task,
    enlarge: Enlarge,
    progress: Callable[[float], object] | None,
) -> tuple[Upscaled, list[str]]:
    from srcnn_cli.pictures.frames_writing import Course, write_frames
    from srcnn_cli.upscaling.all_frames import upscale_frames

    def write(enlarged: Iterable[Frame]) -> list[str]:
        return write_frames(
            opened.job.target,
            enlarged,
            Course(frames.plays, frames.has_cover) if frames.animated else None,
            _kept(opened.picture.metadata, task),
            **_how(opened, task),
        )

    return upscale_frames(
        frames,
        opened.job.source_name,
        enlarge,
        task.size,
        write,
        max_pixels=task.max_pixels,
        strip=task.strip,
        progress=progress,
    )


def _write(opened: Opened, task: Task, pixels: NDArray[Any]) -> list[str]:
    metadata = _kept(opened.picture.metadata, task)
    picture = opened.picture._replace(pixels=pixels, metadata=metadata)
    return write_picture(opened.job.target, picture, **_how(opened, task))


def _kept(metadata: Metadata, task: Task) -> Metadata:
    return Metadata() if task.strip else metadata


def _how(opened: Opened, task: Task) -> dict[str, Any]:
    """How the result is written, be it one picture or several."""
    return {
        "overwrite": task.overwrite,
        "quality": opened.quality or DEFAULT_QUALITY,
        "compression": task.compression,
        "subsampling": task.subsampling,
        "background": task.background,
        "extension": opened.extension,
    }


def _size(pixels: NDArray[Any]) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]
