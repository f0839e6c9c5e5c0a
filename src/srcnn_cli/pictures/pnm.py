"""Portable grey and pixel maps of more than 8 bits, plain or binary.

Pillow reduces their colours to 8 bits, and OpenCV spreads some maximum values twice.
"""

from __future__ import annotations

import re

import numpy as np

from srcnn_cli.errors import InputError

_CHANNELS = {b"P2": 1, b"P3": 3, b"P5": 1, b"P6": 3}
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEADER = re.compile(rb"(P[2356])" + (_GAP + rb"(\d{1,10})") * 3 + rb"(?:#[^\r\n]*)?\s")


def white_of(data: bytes) -> int:
    """The value that stands for white; 1 where there is none."""
    header = _HEADER.match(data[:65_536])
    return int(header[4]) if header else 1


def decode_deep(data: bytes, notes: list[str]) -> np.ndarray:
    """Decode a map whose maximum is above 255.

    Args:
        data: The whole file.
        notes: What is changed is added here.

    Returns:
        (H, W) or (H, W, 3) uint16, the maximum at 65,535.

    Raises:
        InputError: It is cut off or holds something else. It names no file.
    """
    header = _HEADER.match(data[:65_536])
    if header is None:
        raise InputError("is damaged: its header makes no sense")
    kind = header[1]
    width, height, white = (int(number) for number in header.groups()[1:])
    if not 0 < white <= 65_535:
        raise InputError(f"is damaged: its maximum is {white:,}")
    count = width * height * _CHANNELS[kind]
    if kind in (b"P5", b"P6"):
        values = np.frombuffer(data[header.end() : header.end() + 2 * count], ">u2")
    else:
        words = re.sub(rb"#[^\r\n]*", b" ", data[header.end() :]).split()[:count]
        if not all(word.isdigit() for word in words):
            raise InputError("is damaged: it holds something else than numbers")
        values = np.array([min(int(word), 2**31) for word in words], np.int64)
    if values.size < count:
        raise InputError("is cut off: pixels are missing at its end")
    if values.size and int(values.max()) > white:
        notes.append("it holds values above its maximum, which were taken as white")
    wide = np.minimum(values.astype(np.uint32), white)
    pixels = ((wide * np.uint32(65_535) + white // 2) // white).astype(np.uint16)
    shape = (height, width, 3) if _CHANNELS[kind] == 3 else (height, width)
    result: np.ndarray = pixels.reshape(shape)
    return result
