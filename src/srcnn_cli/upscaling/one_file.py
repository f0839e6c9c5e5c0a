"""One file from disk to disk: an opened picture is enlarged and written."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.writing import write_picture
from srcnn_cli.upscaling.quality import DEFAULT_QUALITY
from srcnn_cli.upscaling.restoring import OPTION, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.methods.base import Timing
    from srcnn_cli.pictures.frames import Frame, Frames
    from srcnn_cli.upscaling.all_frames import Enlarge
    from srcnn_cli.upscaling.opening import Opened
    from srcnn_cli.upscaling.stages import Stage
    from srcnn_cli.upscaling.task import Task
    from srcnn_cli.upscaling.upscaled import Upscaled
    from srcnn_cli.upscaling.upscaler import Upscaler


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
        undone: What of that was undone.
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
    undone: Levels
    frames: int
    notes: tuple[str, ...]

    @property
    def total(self) -> float:
        """Seconds from opening the input to the finished output."""
        return self.read + self.timing.total + self.write

    @property
    def restored(self) -> bool:
        """Whether any damage was undone."""
        return self.undone != CLEAN


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
    levels = levels_to_undo(opened, upscaler)
    if finding.source == OPTION and finding.levels != CLEAN and levels == CLEAN:
        raise UsageError(f"{upscaler.model} has no weights that restore at ×{opened.scale:g}")
    how = _how(opened, task, quality := opened.quality(task, levels))
    started = time.perf_counter()
    try:
        if opened.frames is None:
            enlarged = upscaler.upscale_pixels(picture.pixels, opened.scale, progress, levels)
            dropped = _write(opened, task, how, enlarged.pixels)
        else:
            enlarged, dropped = _upscale_frames(
                opened,
                opened.frames,
                task,
                how,
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
        quality=quality,
        finding=finding,
        undone=levels,
        frames=1 if opened.frames is None else opened.frames.count,
        notes=(*opened.notes, *dropped, *enlarged.notes),
    )


def levels_to_undo(opened: Opened, upscaler: Upscaler) -> Levels:
    """The damage that is undone: what the user says, or of what was found what is worth it."""
    scale, (levels, _, source) = opened.scale, opened.finding
    if source != OPTION:
        levels = upscaler.worth_undoing(scale, levels)
    return levels if upscaler.restores(scale, levels) else CLEAN


def _upscale_frames(
    opened: Opened,
    frames: Frames,
    task: Task,
    how: dict[str, Any],
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
            **how,
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


def _write(opened: Opened, task: Task, how: dict[str, Any], pixels: NDArray[Any]) -> list[str]:
    kept = _kept(opened.picture.metadata, task)
    return write_picture(
        opened.job.target, opened.picture._replace(pixels=pixels, metadata=kept), **how
    )


def _kept(metadata: Metadata, task: Task) -> Metadata:
    return Metadata() if task.strip else metadata


def _how(opened: Opened, task: Task, quality: int | None) -> dict[str, Any]:
    """How the result is written, be it one picture or several."""
    return {
        "overwrite": task.overwrite,
        "quality": quality or DEFAULT_QUALITY,
        "compression": task.compression,
        "subsampling": task.subsampling,
        "background": task.background,
        "extension": opened.extension,
    }


def _size(pixels: NDArray[Any]) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]
