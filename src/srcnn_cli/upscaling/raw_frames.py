"""Frames of a video as bare pixels, one after the other, as FFmpeg's `rawvideo` has them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.files import describe_os_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from srcnn_cli.upscaling.upscaler import Upscaler

# FFmpeg's names: channels, and the type of a sample.
PIXEL_FORMATS = {
    "gray": (1, "u1"),
    "gray16le": (1, "<u2"),
    "ya8": (2, "u1"),
    "ya16le": (2, "<u2"),
    "rgb24": (3, "u1"),
    "rgb48le": (3, "<u2"),
    "rgba": (4, "u1"),
    "rgba64le": (4, "<u2"),
}


@dataclass(frozen=True)
class RawFormat:
    """What the bytes are.

    Attributes:
        width: Of a frame in pixels.
        height: Likewise.
        pixels: A key of `PIXEL_FORMATS`.
    """

    width: int
    height: int
    pixels: str

    @property
    def frame_bytes(self) -> int:
        """The length of a frame."""
        channels, sample = PIXEL_FORMATS[self.pixels]
        return self.width * self.height * channels * np.dtype(sample).itemsize

    def frame(self, data: bytes) -> NDArray[Any]:
        """(H, W) or (H, W, C), uint8 or uint16."""
        channels, sample = PIXEL_FORMATS[self.pixels]
        shape = (self.height, self.width, channels)[: 2 if channels == 1 else 3]
        frame = np.frombuffer(data, sample).reshape(shape)
        return frame.astype(frame.dtype.newbyteorder("="), copy=False)

    def data(self, frame: NDArray[Any]) -> NDArray[Any]:
        """The samples of a frame in the order of bytes that is meant, C-contiguous."""
        return np.ascontiguousarray(frame, PIXEL_FORMATS[self.pixels][1])


def parse_raw(size: str, pixels: str) -> RawFormat:
    """From ``1920x1080`` and ``rgb24``.

    Raises:
        UsageError: They are not of this kind.
    """
    found = re.fullmatch(r"([1-9]\d{0,5})[xX×]([1-9]\d{0,5})", size)
    if found is None:
        raise UsageError(f"--raw begins with the size of a frame, such as 1920x1080, not {size!r}")
    if pixels not in PIXEL_FORMATS:
        raise UsageError(
            f"--raw ends with a pixel format of FFmpeg: {', '.join(PIXEL_FORMATS)}, not {pixels!r}"
        )
    return RawFormat(int(found[1]), int(found[2]), pixels)


def upscale_frames(
    source: BinaryIO,
    name: str,
    target: BinaryIO,
    raw: RawFormat,
    scale: float,
    upscaler: Upscaler,
    progress: Callable[[int], object],
) -> int:
    """Enlarge frame after frame, while the next is read and the last is written.

    Args:
        source: Where frames come from.
        name: Of that, for errors.
        target: Where they go, as soon as they are done.
        raw: What a frame is.
        scale: 1 to 16.
        upscaler: What enlarges them.
        progress: Told how many frames are done.

    Returns:
        The number of frames. At no time are more than four in memory.

    Raises:
        InputError: There is no frame, or the last one is cut off; those before it were written.
        OSError: The target does not take them, whoever it belongs to.
    """
    count = 0
    pool = ThreadPoolExecutor(2)

    def read() -> bytes:
        try:
            return _read_whole(source, raw.frame_bytes)
        except OSError as error:
            raise InputError(f"cannot be read: {describe_os_error(error)}", name) from error

    def write(frame: NDArray[Any]) -> None:
        target.write(raw.data(frame).data)
        target.flush()  # whoever shows it need not wait for the next

    try:
        coming = pool.submit(read)
        going: Future[None] | None = None
        while len(data := coming.result()) == raw.frame_bytes:
            coming = pool.submit(read)
            enlarged = upscaler.upscale_pixels(raw.frame(data), scale).pixels
            if going is not None:
                going.result()
            going = pool.submit(write, enlarged)
            count += 1
            progress(count)
        if going is not None:
            going.result()
        if data:
            raise InputError(
                f"ends within frame {count + 1}: {len(data):,} bytes of {raw.frame_bytes:,} (are "
                "size and pixel format right?)",
                name,
            )
        if not count:
            raise InputError("holds no frame", name)
        return count
    finally:
        # Not waiting: a reader may wait for input that never comes, and the command ends anyway.
        pool.shutdown(wait=False, cancel_futures=True)


def _read_whole(source: BinaryIO, length: int) -> bytes:
    """So many bytes, fewer only at the end; a pipe gives them in pieces."""
    pieces = []
    missing = length
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
