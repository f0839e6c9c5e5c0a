"""Writing pictures: refused early if it cannot work, and complete or not at all.

`check_destination` is for before the hours of computing, `write_picture` for after them.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from srcnn_cli.errors import OutputError, SrcnnError
from srcnn_cli.files import check_writable, write_atomically
from srcnn_cli.imaging.rounding import to_8bit
from srcnn_cli.pictures.encoders import write_png
from srcnn_cli.pictures.formats import WRITABLE, Target
from srcnn_cli.pictures.metadata import Metadata
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.remote import check_remote_writable, is_remote, send_remote
from srcnn_cli.streams import is_stream, named, send

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from srcnn_cli.pictures.picture import Picture
    from srcnn_cli.pictures.subsampling import Subsampling

RGB = tuple[int, int, int]

# The length of a JPEG segment is stored in 16 bits and counts itself.
_MOST_IN_SEGMENT = 65_533


def check_destination(
    path: str | os.PathLike[str],
    *,
    height: int,
    width: int,
    channels: int,
    bits: int,
    overwrite: bool,
    background: RGB | None,
    extension: str | None = None,
    target: Target | None = None,
) -> list[str]:
    """Find out, before any computing, whether a picture can be written to ``path``.

    Args:
        path: The file to be written, or a stream; its extension chooses the format.
        height: Of the picture to be written, in pixels.
        width: Likewise.
        channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA.
        bits: 8 or 16.
        overwrite: Whether an existing file may be replaced.
        background: What `write_picture` will be given to replace transparency with.
        extension: Chooses the format instead of the name's own.
        target: The format, if it is not one of `WRITABLE`.

    Returns:
        What the format will lose, one sentence each.

    Raises:
        OutputError: It cannot; the reason says why and what would help.
    """
    target = target or target_of(path, extension)
    if is_remote(path):
        check_remote_writable(path, overwrite=overwrite)
    elif not is_stream(path):
        check_writable(path, overwrite=overwrite)
    path = named(path)
    if max(height, width) > target.max_side:
        raise OutputError(
            f"{target.name} holds at most {target.max_side:,} pixels a side, not "
            f"{width:,} x {height:,}: choose PNG or TIFF",
            path,
        )
    if target.max_bytes is not None:
        # A little is left for headers, metadata and pixels that do not compress.
        size = height * width * channels * bits // 8
        if size > target.max_bytes * 0.99:
            raise OutputError(
                f"{target.name} holds at most 4 GiB, not {size:,} bytes: choose PNG", path
            )
    alpha = channels in (2, 4)
    if alpha and not target.alpha and background is None:
        raise OutputError(
            f"{target.name} holds no transparency: choose PNG, or a colour to put behind it "
            "(--background)",
            path,
        )
    in_color = channels >= 3 or (
        alpha and not target.alpha and background is not None and len(set(background)) > 1
    )
    if in_color and not target.color:
        raise OutputError(
            f"a {extension or Path(path).suffix} file holds grey only: choose .ppm or .png", path
        )
    return _losses(target, channels=channels, bits=bits, in_color=in_color)


def write_picture(
    path: str | os.PathLike[str],
    picture: Picture,
    *,
    overwrite: bool = False,
    quality: int = 95,
    compression: int = 1,
    subsampling: Subsampling = "444",
    background: RGB | None = None,
    extension: str | None = None,
) -> list[str]:
    """Write a picture, complete or not at all, in the format that the extension names.

    A stream is given the whole picture once it is encoded. 16-bit pixels stay that in PNG and TIFF.

    Args:
        path: The file or the stream to write.
        picture: What to write; its ``format`` and ``notes`` play no part.
        overwrite: Replace a file that is already there.
        quality: 1-100, for JPEG and WebP; WebP is lossless at 100.
        compression: 0-9, for PNG and TIFF: zlib's effort. It never changes a pixel.
        subsampling: Of colour, for JPEG: none, horizontal or both ways.
        background: RGB (0-255) put behind transparent pixels where the format holds none.
        extension: Chooses the format instead of the name's own.

    Returns:
        The metadata that did not fit into the format, one sentence each.

    Raises:
        OutputError: It cannot be written. What stood at ``path`` is untouched.
        BrokenPipeError: Nobody reads the stream any more.
    """
    target = target_of(path, extension)
    check_destination(
        path,
        height=picture.pixels.shape[0],
        width=picture.pixels.shape[1],
        channels=_channels(picture.pixels),
        bits=8 * picture.pixels.itemsize,
        overwrite=overwrite or is_remote(path),  # it says so itself, and each question costs
        background=background,
        extension=extension,
    )
    notes: list[str] = []

    def encode(file: BinaryIO) -> None:
        with failures_reported(target, path):
            pixels = fit_pixels(picture.pixels, target, background)
            metadata = fit_metadata(picture.metadata, target, pixels, notes)
            with quiet():
                if target.name == "PNG":
                    write_png(file, pixels, metadata, compression)
                elif target.name == "TIFF":
                    from srcnn_cli.pictures.tiff_writing import write_tiff

                    write_tiff(file, [(pixels, metadata)], compression)
                else:
                    from srcnn_cli.pictures.pillow_writing import save_with_pillow

                    save_with_pillow(
                        file, pixels, metadata, target, quality=quality, subsampling=subsampling
                    )

    deliver(path, encode, overwrite=overwrite)
    return notes


@contextmanager
def failures_reported(target: Target, path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what an encoder raises into the error that it means."""
    try:
        yield
    except (OSError, SrcnnError):
        raise
    except MemoryError as error:
        raise OutputError(
            "does not fit into the free memory while encoding", named(path)
        ) from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise OutputError(f"cannot be encoded as {target.name}: {reason}", named(path)) from error


def deliver(
    path: str | os.PathLike[str], encode: Callable[[BinaryIO], object], *, overwrite: bool
) -> None:
    """Give a file or a stream all that ``encode`` writes, or nothing."""
    if is_stream(path):
        send(path, encode)
    elif is_remote(path):
        send_remote(path, encode, overwrite=overwrite)
    else:
        write_atomically(path, encode, overwrite=overwrite)


def target_of(
    path: str | os.PathLike[str],
    extension: str | None,
    formats: Mapping[str, Target] = WRITABLE,
) -> Target:
    """The format that a file or a stream is to be written in.

    Raises:
        OutputError: There is none of that name among those offered.
    """
    extension = Path(path).suffix if extension is None else extension
    target = formats.get(extension.lower())
    if target is None:
        named = f"the extension {extension}" if extension else "a name without extension"
        raise OutputError(
            f"{named} names no format that can be written ({', '.join(formats)})", path
        )
    return target


def _losses(target: Target, *, channels: int, bits: int, in_color: bool) -> list[str]:
    notes = []
    if bits > 8 and not target.deep:
        notes.append(f"{target.name} holds 8 bits: 16-bit pixels are rounded to 8")
    if channels in (2, 4) and not target.alpha:
        notes.append(f"{target.name} holds no transparency: the background is put behind it")
    if not in_color and (not target.grey or (target.name == "TIFF" and channels == 2 and bits > 8)):
        notes.append(f"{target.name} does not hold such grey: it is stored as RGB")
    return notes


def _channels(pixels: np.ndarray) -> int:
    return 1 if pixels.ndim == 2 else int(pixels.shape[2])


def fit_pixels(pixels: np.ndarray, target: Target, background: RGB | None) -> np.ndarray:
    """Give pixels the channels and the depth that the format holds."""
    if _channels(pixels) in (2, 4) and not target.alpha and background is not None:
        pixels = _composite(pixels, background)
    if pixels.dtype == np.uint16 and not target.deep:
        pixels = to_8bit(pixels)
    # Few programs read a TIFF of 16-bit grey with alpha: Pillow refuses it, OpenCV misreads it.
    deep_alpha = target.name == "TIFF" and pixels.dtype == np.uint16 and _channels(pixels) == 2
    if _channels(pixels) < 3 and (not target.grey or deep_alpha):
        grey = pixels if pixels.ndim == 2 else pixels[..., 0]
        alpha = [] if pixels.ndim == 2 else [pixels[..., 1]]
        pixels = np.dstack([grey, grey, grey, *alpha])
    return np.ascontiguousarray(pixels)


def _composite(pixels: np.ndarray, background: RGB) -> np.ndarray:
    """Put a colour behind transparent pixels; grey stays grey over a grey background.

    Args:
        pixels: (H, W, 2) or (H, W, 4).
        background: RGB, 0-255.
    """
    white = np.iinfo(pixels.dtype).max
    behind = [value * (white // 255) for value in background]
    alpha = pixels[..., -1].astype(np.uint32)
    if pixels.shape[2] == 2:
        layers = [0] if len(set(background)) == 1 else [0, 0, 0]
    else:
        layers = [0, 1, 2]
    # 65,535 squared and a half still fit into 32 bits.
    blended = [
        (pixels[..., layer] * alpha + (white - alpha) * np.uint32(color) + white // 2) // white
        for layer, color in zip(layers, behind, strict=False)
    ]
    return np.dstack(blended).squeeze(2 if len(layers) == 1 else ()).astype(pixels.dtype)


def fit_metadata(
    metadata: Metadata, target: Target, pixels: np.ndarray, notes: list[str]
) -> Metadata:
    """Leave out what the format does not hold, and note it; state the size that it now has."""
    if metadata == Metadata(dpi=metadata.dpi):
        return metadata  # as most have it, and without the modules that know about the rest
    from srcnn_cli.pictures import exif, xmp
    from srcnn_cli.pictures.icc import profile_fits
    from srcnn_cli.pictures.pillow_writing import XMP_PREFIX

    height, width = pixels.shape[:2]
    limit = _MOST_IN_SEGMENT if target.name == "JPEG" else 2**31
    profile, iptc = metadata.icc_profile, metadata.iptc
    tags = metadata.exif and exif.with_size(metadata.exif, width, height)
    packet = metadata.xmp and xmp.with_size(metadata.xmp, width, height)
    if profile and not (target.icc and profile_fits(profile, _channels(pixels))):
        notes.append(f"{target.name} does not hold its ICC profile, which was dropped")
        profile = None
    if metadata.png_color and not metadata.icc_profile and target.name != "PNG":
        notes.append(f"{target.name} does not hold its HDR colour tag, which was dropped")
    if tags and not (target.exif and len(tags) + len(exif.PREFIX) <= limit):
        notes.append(f"{target.name} does not hold its EXIF, which was dropped")
        tags = None
    if packet and not (target.xmp and len(packet) + len(XMP_PREFIX) <= limit):
        notes.append(f"{target.name} does not hold its XMP, which was dropped")
        packet = None
    if iptc and not (target.iptc and len(iptc) + 32 <= limit):
        notes.append(f"{target.name} does not hold its IPTC, which was dropped")
        iptc = None
    return metadata._replace(icc_profile=profile, exif=tags, xmp=packet, iptc=iptc)
