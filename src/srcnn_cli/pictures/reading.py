"""Pictures in and out: what the rest of the tool knows about image files.

Reading gives plain upright pixels and what travels with them, or an `InputError` that says what is
wrong. Writing (`srcnn_cli.saving`) is offered here too.
"""

from __future__ import annotations

import codecs
import re
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.files import describe_os_error
from srcnn_cli.imaging.rounding import to_8bit
from srcnn_cli.pictures.decoding import decode
from srcnn_cli.pictures.formats import READABLE_EXTENSIONS, disagrees, open_header, quiet
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.writing import check_destination, write_picture

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
    "read_8bit",
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
    path: str | os.PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS, strict: bool = False
) -> Picture:
    """Read a picture file; what it holds is judged by its content, not by its name.

    Args:
        path: The file.
        max_pixels: Refuse, before decoding, a picture of more pixels.
        strict: Refuse a file of several pictures instead of taking the first.

    Raises:
        InputError: There is no such file, or it is not a sound picture of an accepted kind.
    """
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError("is a folder, not a picture", path)
        if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            raise InputError("is a device, not a picture", path)
        if status.st_size > max_pixels * _MAX_BYTES_PER_PIXEL + _MAX_BYTES_BESIDES:
            raise InputError(
                f"is a file of {status.st_size:,} bytes, too large for a picture of at most "
                f"{max_pixels:,} pixels (--max-pixels)",
                path,
            )
        data = Path(path).read_bytes()
    except FileNotFoundError as error:
        raise InputError("no such file", path) from error
    except OSError as error:
        raise InputError(f"cannot be read: {describe_os_error(error)}", path) from error
    except ValueError as error:  # a NUL in the name
        raise InputError(f"is not a valid name: {error}", path) from error
    except MemoryError as error:
        raise InputError("is larger than the free memory", path) from error
    return decode_picture(data, str(path), max_pixels=max_pixels, strict=strict)


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
    data: bytes, name: str, *, max_pixels: int = DEFAULT_MAX_PIXELS, strict: bool = False
) -> Picture:
    """Decode the content of a picture file.

    Args:
        data: The whole file.
        name: What to call it in errors; a wrong extension is noted.
        max_pixels: Refuse, before decoding, a picture of more pixels.
        strict: Refuse a file of several pictures instead of taking the first.

    Raises:
        InputError: It is not a sound picture of an accepted kind.
    """
    if not data:
        raise InputError("is empty (0 bytes)", name)
    with quiet():
        image = _open(data, name)
        file_format = image.format or ""
        for what, width, height in _areas(image):
            if width * height > max_pixels:
                raise InputError(
                    f"{what} {width:,} x {height:,} = {width * height:,} pixels, above the limit "
                    f"of {max_pixels:,} (--max-pixels raises it)",
                    name,
                )
        notes = []
        if disagrees(name, file_format):
            notes.append(f"its name ends in {Path(name).suffix}, but it is a {file_format} file")
        with _damage_reported(name, file_format):
            if getattr(image, "is_animated", False):
                if strict:
                    raise InputError("holds several pictures, which --strict refuses")
                notes.append("it holds several pictures; the first was taken")
            pixels, metadata = decode(image, data, notes)
    return Picture(pixels, file_format, metadata, tuple(notes))


def _open(data: bytes, name: str) -> ImageFile:
    """Open the header, or say what the file is instead of a picture."""
    cause: Exception | None = None
    try:
        image = open_header(data, name)
    except MemoryError as error:
        raise InputError("does not fit into the free memory", name) from error
    except Exception as error:  # noqa: BLE001 - Pillow lets a dozen types escape
        image, cause = None, error
    if image is not None:
        return image
    if _is_text(data):
        raise InputError("is a text file, not a picture", name) from cause
    if cause is not None:
        raise InputError(
            f"is damaged, cut off or of an unsupported kind ({_in_one_line(cause)})", name
        ) from cause
    raise InputError("is not a picture of a known format (PNG, JPEG, WebP, TIFF, ...)", name)


def _areas(image: ImageFile) -> Iterator[tuple[str, int, int]]:
    """The width and height of all that decoding will make room for."""
    yield "is", image.width, image.height
    if image.format == "TIFF":
        # A small picture may claim to be stored in one enormous tile.
        sides = [image.tag_v2.get(tag) for tag in (322, 323)]  # type: ignore[attr-defined]
        if all(isinstance(side, int) for side in sides):
            yield "is stored in tiles of", sides[0], sides[1]


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


@contextmanager
def _damage_reported(name: str, file_format: str) -> Iterator[None]:
    """Turn whatever a decoder raises into an `InputError`."""
    try:
        yield
    except InputError as error:
        raise InputError(error.reason, name) from error.__cause__
    except MemoryError as error:
        raise InputError("does not fit into the free memory", name) from error
    except Exception as error:
        raise InputError(
            f"is damaged or cut off: the {file_format} data cannot be decoded "
            f"({_in_one_line(error)})",
            name,
        ) from error
