"""TIFF files of the few old kinds that only libtiff decodes, through Pillow."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def decode_with_pillow(data: bytes, number: int, notes: list[str]) -> np.ndarray:
    """The pixels of a directory of a TIFF, not turned: (H, W) or (H, W, 3) uint8.

    Args:
        data: The whole file.
        number: Of the directory, from 0.
        notes: What is changed is added here.

    Raises:
        InputError: It has pixels of another kind. It names no file.
        Exception: Whatever Pillow raises over what it cannot read.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    from srcnn_cli.pictures.orientation import ORIENTATION

    image = TiffImageFile(io.BytesIO(data))
    image.seek(number)
    image.tag_v2.pop(ORIENTATION, None)  # it would be turned while it is loaded
    with _without_messages():
        image.load()
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.mode not in ("RGB", "YCbCr"):
        raise InputError(f"has {image.mode} pixels in a compression that is no longer in use")
    if image.mode == "YCbCr":
        notes.append("its YCbCr colours were converted to RGB")
    return np.asarray(image.convert("RGB"))


@contextmanager
def _without_messages() -> Iterator[None]:
    """Keep libtiff from writing to stderr by itself, past the command line."""
    sys.stderr.flush() if sys.stderr else None
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
