"""Writing files of several pictures: animations, and the pages of a TIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from srcnn_cli.errors import OutputError
from srcnn_cli.pictures.formats import ANIMATED, PAGED, Target, import_plugin
from srcnn_cli.pictures.pillow_writing import compression_for_pillow, tags_for_pillow
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.pictures.writing import (
    deliver,
    failures_reported,
    fit_metadata,
    fit_pixels,
    target_of,
)
from srcnn_cli.streams import named

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from srcnn_cli.pictures.frames import Frame
    from srcnn_cli.pictures.metadata import Metadata
    from srcnn_cli.pictures.subsampling import Subsampling
    from srcnn_cli.pictures.writing import RGB

_OPAQUE_FROM = 128  # of 255: what GIF, which knows no shades of transparency, shows
_TRANSPARENT = 255  # its index in a GIF's palette


class Course(NamedTuple):
    """How an animation runs.

    Attributes:
        plays: How often it is shown; 0: without end.
        has_cover: Its first frame is for viewers that show no others.
    """

    plays: int
    has_cover: bool = False


def holder_of(path: str | os.PathLike[str], extension: str | None, *, animated: bool) -> Target:
    """The format of a file that is to hold several pictures.

    Raises:
        OutputError: It does not.
    """
    try:
        return target_of(path, extension, ANIMATED if animated else PAGED)
    except OutputError as error:
        what, choice = ("animation", "WebP, PNG, GIF or AVIF") if animated else ("pages", "TIFF")
        raise OutputError(
            f"its format holds no {what}: choose {choice}, or leave --all-frames away", named(path)
        ) from error


def write_frames(
    path: str | os.PathLike[str],
    frames: Iterable[Frame],
    course: Course | None,
    metadata: Metadata,
    *,
    overwrite: bool,
    quality: int,
    compression: int,
    subsampling: Subsampling,
    background: RGB | None,
    extension: str | None = None,
) -> list[str]:
    """Write several pictures, all of them or none; as `write_picture`.

    Args:
        path: The file or the stream to write.
        frames: The pictures. The pages of a TIFF are written one by one, with the metadata of
            each; those of an animation are in memory together.
        course: Of an animation; None: they are pages.
        metadata: Of an animation as a whole.
        overwrite: Replace a file that is already there.
        quality: 1-100, for WebP and AVIF; WebP is lossless at 100.
        compression: 0-9, for PNG and TIFF.
        subsampling: Of colour, for AVIF.
        background: RGB (0-255) put behind transparent pixels where the format holds none.
        extension: Chooses the format instead of the name's own.

    Returns:
        What did not fit into the format, one sentence each.

    Raises:
        OutputError: It cannot be written. What stood at ``path`` is untouched.
        BrokenPipeError: Nobody reads the stream any more.
    """
    target = holder_of(path, extension, animated=course is not None)
    notes: list[str] = []

    def encode(file: BinaryIO) -> None:
        if course is None:
            from srcnn_cli.pictures.tiff_writing import write_tiff

            pages = (
                (
                    fit_pixels(frame.picture.pixels, target, background),
                    fit_metadata(frame.picture.metadata, target, frame.picture.pixels, notes),
                )
                for frame in frames
            )
            # Not `quiet`: reading a page, which this asks for, is, and one at a time can be.
            with failures_reported(target, path):
                write_tiff(file, pages, compression)
            return
        moments = list(frames)
        with failures_reported(target, path), quiet():
            pixels = [fit_pixels(frame.picture.pixels, target, background) for frame in moments]
            images = _alike(pixels, target)
            options = compression_for_pillow(target, quality, subsampling)
            if target.name == "PNG":
                options |= {"compress_level": compression, "blend": 0, "disposal": 0}
            elif target.name == "GIF":
                # Each frame is the whole picture: what is transparent shows nothing of the one
                # before.
                options |= {"disposal": 2, "optimize": False}
                if any(map(_has_alpha, pixels)):
                    options["transparency"] = _TRANSPARENT
            options |= tags_for_pillow(fit_metadata(metadata, target, pixels[0], notes), target)
            options |= _timing(
                [frame.milliseconds or 0 for frame in moments], course, target, notes
            )
            import_plugin(target.name)
            images[0].save(file, target.name, save_all=True, append_images=images[1:], **options)

    deliver(path, encode, overwrite=overwrite)
    return list(dict.fromkeys(notes))


def _alike(pixels: list[np.ndarray], target: Target) -> list[Image.Image]:
    """Pillow's images, all of one mode."""
    if target.name == "GIF":
        return [_with_palette(each) for each in pixels]
    mode = "RGBA" if any(map(_has_alpha, pixels)) else "RGB"
    return [Image.fromarray(each).convert(mode) for each in pixels]


def _has_alpha(pixels: np.ndarray) -> bool:
    return pixels.ndim == 3 and pixels.shape[2] in (2, 4)


def _with_palette(pixels: np.ndarray) -> Image.Image:
    """At most 255 colours of its own, near colours mixed from them, and one transparent index."""
    image = Image.fromarray(pixels)
    colors = image.convert("RGB")
    palette = colors.quantize(_TRANSPARENT, method=Image.Quantize.MEDIANCUT)
    result = colors.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if _has_alpha(pixels):
        indices = np.array(result)
        indices[pixels[..., -1] < _OPAQUE_FROM] = _TRANSPARENT
        mapped = Image.fromarray(indices, "L")
        mapped.putpalette(result.getpalette() or [])
        result = mapped
    return result


def _timing(
    milliseconds: list[float], course: Course, target: Target, notes: list[str]
) -> dict[str, Any]:
    """How long each frame is shown and how often all of them, as Pillow takes it."""
    shown = milliseconds[1:] if course.has_cover else milliseconds
    timing: dict[str, Any] = {}
    if target.name == "PNG":
        timing["loop"] = course.plays
        timing["default_image"] = course.has_cover
    elif target.name == "GIF":
        if course.plays != 1:
            timing["loop"] = max(0, course.plays - 1)
        rounded = [10 * round(value / 10) for value in shown]
        if rounded != shown:
            notes.append("GIF holds hundredths of a second: times are rounded to them")
        shown = [float(value) for value in rounded]
    elif target.name == "WEBP":
        timing["loop"] = course.plays
        shown = [round(value) for value in shown]
    elif course.plays:
        notes.append("AVIF does not hold how often an animation is shown: viewers choose")
    timing["duration"] = [round(value) if value == round(value) else value for value in shown]
    return timing
