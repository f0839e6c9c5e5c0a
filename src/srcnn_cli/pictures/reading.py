"""Pictures in and out: what the rest of the tool knows about image files.

Reading gives plain upright pixels and what travels with them, or an `InputError` that says what is
wrong. Writing (`writing`) is offered here too.
"""

from __future__ import annotations

import codecs
import re
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import InputError, OutOfMemoryError
from srcnn_cli.files import describe_os_error, is_memory_error
from srcnn_cli.imaging.rounding import to_8bit
from srcnn_cli.pictures import png
from srcnn_cli.pictures.decoding import decode
from srcnn_cli.pictures.formats import (
    JPEG_BEGINNING,
    JPEG_XL_BEGINNINGS,
    ODD_TIFF_BEGINNINGS,
    RAW_EXTENSIONS,
    RAW_PHOTOGRAPH,
    READABLE_EXTENSIONS,
    TIFF_BEGINNINGS,
    disagrees,
    open_header,
    other_kind,
)
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.picture import SEVERAL, Picture
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.pictures.writing import check_destination, write_picture
from srcnn_cli.remote import is_remote, read_remote

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from PIL.ImageFile import ImageFile

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "READABLE_EXTENSIONS",
    "Metadata",
    "Picture",
    "check_destination",
    "decode_picture",
    "largest_file",
    "read_8bit",
    "read_file",
    "read_picture",
    "write_picture",
]

# 1.5 GB once decoded as RGB: more than any camera takes in one exposure (150 megapixels) or by
# shifting its sensor (400), and still what a workstation holds. A forged header asks for far more.
DEFAULT_MAX_PIXELS = 500_000_000

# No picture of n pixels needs a larger file than this; it keeps disk images out of memory.
_MAX_BYTES_PER_PIXEL = 8
_MAX_BYTES_BESIDES = 1 << 28


def read_picture(
    path: str | os.PathLike[str],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    strict: bool = False,
    accept_damaged: bool = False,
) -> Picture:
    """Read a picture file; what it holds is judged by its content, not by its name.

    Args:
        path: The file.
        max_pixels: Refuse, before decoding, a picture of more pixels.
        strict: Refuse a file of several pictures instead of taking the first.
        accept_damaged: Take what there is of a damaged JPEG, with a note, instead of refusing it.

    Raises:
        InputError: There is no such file, or it is not a sound picture of an accepted kind.
        OutOfMemoryError: It does not fit into the memory.
    """
    data = read_file(path, max_pixels)
    return decode_picture(
        data, str(path), max_pixels=max_pixels, strict=strict, accept_damaged=accept_damaged
    )


def read_file(path: str | os.PathLike[str], max_pixels: int) -> bytes:
    """The content of a file that may be a picture of so many pixels.

    Raises:
        InputError: There is no such file, or it is too large.
        OutOfMemoryError: It does not fit into the memory.
    """
    if is_remote(path):
        return read_remote(path, largest_file(max_pixels))
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError("is a folder, not a picture", path)
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            raise InputError("is a device, not a picture", path)
        if status.st_size > largest_file(max_pixels):
            raise InputError(
                f"is a file of {status.st_size:,} bytes, too large for a picture of at most "
                f"{max_pixels:,} pixels (--max-pixels)",
                path,
            )
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError("no such file", path) from error
    except OSError as error:
        raise InputError(f"cannot be read: {describe_os_error(error)}", path) from error
    except ValueError as error:  # a NUL in the name
        raise InputError(f"is not a valid name: {error}", path) from error
    except MemoryError as error:
        raise OutOfMemoryError("is larger than the free memory", path) from error


def largest_file(max_pixels: int) -> int:
    """The most bytes that a file of a picture of so many pixels may have."""
    return max_pixels * _MAX_BYTES_PER_PIXEL + _MAX_BYTES_BESIDES


def read_8bit(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture for training or evaluation: uint8, (H, W, 3) or (H, W), no transparency.

    Raises:
        InputError: As in `read_picture`.
    """
    pixels = read_picture(path).pixels
    if pixels.dtype != np.uint8:
        pixels = to_8bit(pixels)
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        pixels = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    return pixels


def decode_picture(
    data: bytes,
    name: str,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    strict: bool = False,
    accept_damaged: bool = False,
) -> Picture:
    """Decode the content of a picture file.

    Args:
        data: The whole file.
        name: What to call it in errors; a wrong extension is noted.
        max_pixels: Refuse, before decoding, a picture of more pixels.
        strict: Refuse a file of several pictures instead of taking the first.
        accept_damaged: Take what there is of a damaged JPEG, with a note, instead of refusing it.

    Raises:
        InputError: It is not a sound picture of an accepted kind.
        OutOfMemoryError: It does not fit into the memory.
    """
    if not data:
        raise InputError("is empty (0 bytes)", name)
    notes: list[str] = []
    with quiet(), decoded_or_reported(name) as said:
        if data.startswith(ODD_TIFF_BEGINNINGS):
            data = data[:2] + data[3:1:-1] + data[4:]
        if data.startswith(TIFF_BEGINNINGS):
            from srcnn_cli.pictures.tiff import decode_tiff

            said.file_format = "TIFF"
            if Path(name).suffix.lower() in RAW_EXTENSIONS:
                raise InputError(RAW_PHOTOGRAPH)
            _note_extension(name, "TIFF", notes)
            pixels, metadata = decode_tiff(data, notes, max_pixels=max_pixels, strict=strict)
            return Picture(pixels, "TIFF", metadata, tuple(notes))
        if data.startswith(JPEG_BEGINNING):
            from srcnn_cli.pictures import jpeg

            said.file_format = "JPEG"
            _check_area(*jpeg.size_of(data), max_pixels)
            data = jpeg.whole(data, notes, accept_damaged=accept_damaged)
        elif data.startswith(JPEG_XL_BEGINNINGS):
            from srcnn_cli.pictures import jpegxl

            _check_area(*jpegxl.size_of(data), max_pixels)  # the plugin decodes at once
        chunks = png.take_apart(data) if data.startswith(png.SIGNATURE) else None
        shown = data if chunks is None else chunks.essential
        image = _open(shown, name)
        file_format = said.file_format = image.format or ""
        _check_area(image.width, image.height, max_pixels)
        _note_extension(name, file_format, notes)
        if getattr(image, "is_animated", False) or (chunks and png.frames(chunks) > 1):
            if strict:
                raise InputError("holds several pictures, which --strict refuses")
            notes.append(SEVERAL)
        pixels = decode(image, shown, notes)
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        if chunks is not None and png.says_little(chunks):
            notes += chunks.notes
            metadata = Metadata(dpi=png.dpi(chunks))
        else:
            # Only here: it takes as long to import as a small picture to decode.
            from srcnn_cli.pictures.carried import carried
            from srcnn_cli.pictures.orientation import turn_upright

            metadata, orientation = carried(image, data, chunks, notes, channels=channels)
            pixels = turn_upright(pixels, orientation)
        pixels = np.ascontiguousarray(pixels)
        compressed = _jpeg_quality(image)
    return Picture(pixels, file_format, metadata, tuple(notes), *compressed)


def _jpeg_quality(image: ImageFile) -> tuple[int | None, bool | None]:
    """The quality of a JPEG, and whether it is subsampled."""
    if not (tables := getattr(image, "quantization", None)):
        return None, None
    from srcnn_cli.pictures.jpeg_quality import is_subsampled, quality_of

    return quality_of(tables), is_subsampled(getattr(image, "layer", ()))


def _check_area(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise InputError(
            f"is {width:,} x {height:,} = {width * height:,} pixels, above the limit of "
            f"{max_pixels:,} (--max-pixels raises it)"
        )


def _note_extension(name: str, file_format: str, notes: list[str]) -> None:
    if disagrees(name, file_format):
        notes.append(f"its name ends in {Path(name).suffix}, but it is a {file_format} file")


def _open(data: bytes, name: str) -> ImageFile:
    """Open the header, or say what the file is instead of a picture."""
    cause: Exception | None = None
    try:
        image = open_header(data, name)
    except InputError:
        raise
    except Exception as error:
        if is_memory_error(error):
            raise
        image, cause = None, error
    if image is not None:
        return image
    if (other := other_kind(data)) is not None:
        raise InputError(other) from cause
    if _is_text(data):
        raise InputError("is a text file, not a picture") from cause
    if cause is not None:
        raise InputError(
            f"is damaged, cut off or of an unsupported kind ({_in_one_line(cause)})"
        ) from cause
    raise InputError("is not a picture of a known format (PNG, JPEG, WebP, TIFF, ...)")


def _is_text(data: bytes) -> bool:
    """Whether it begins as UTF-8 without the control characters that no text holds."""
    start = data[:4096]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)  # which allows a cut at the end
    except UnicodeDecodeError:
        return False
    return re.search(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f]", start) is None


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class _Said:
    """What is known about a file so far."""

    file_format = "picture"


@contextmanager
def decoded_or_reported(name: str) -> Iterator[_Said]:
    """Turn whatever a decoder raises into the error that it means, with the file's name."""
    said = _Said()
    try:
        yield said
    except InputError as error:
        raise InputError(error.reason, name, extra=error.extra) from error.__cause__
    except Exception as error:
        if is_memory_error(error):
            raise OutOfMemoryError("does not fit into the free memory", name) from error
        raise InputError(
            f"is damaged or cut off: the {said.file_format} data cannot be decoded "
            f"({_in_one_line(error)})",
            name,
        ) from error
