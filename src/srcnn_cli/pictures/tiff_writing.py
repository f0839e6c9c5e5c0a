"""The TIFF writer: deflate with horizontal differences, by `tifffile`."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

from srcnn_cli.pictures.exif import EXIF_IFD, GPS_IFD
from srcnn_cli.pictures.formats import import_tifffile
from srcnn_cli.pictures.tiff_metadata import IPTC, XMP, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from srcnn_cli.pictures.metadata import Metadata

# Strips of about this many bytes, so that readers need not hold all of a picture.
_STRIP_BYTES = 1 << 20

_LONG, _UNDEFINED, _ASCII = "I", 7, "s"


def write_tiff(
    file: BinaryIO, pages: Iterable[tuple[np.ndarray, Metadata]], compression: int
) -> None:
    """Write a TIFF, little-endian and below 4 GiB.

    Args:
        file: Where to; open for reading, too.
        pages: For each the pixels, (H, W) or (H, W, 2|3|4), uint8 or uint16, and what is stored
            as tags of its directory, with EXIF and GPS below it.
        compression: zlib's level, 0-9.

    Raises:
        Exception: Whatever the libraries raise over tags that cannot be stored.
    """
    below = []
    with import_tifffile().TiffWriter(file, byteorder="<", bigtiff=False) as writer:
        for pixels, metadata in pages:
            below.append(_write_page(writer, pixels, metadata, compression))
    for number, directories in enumerate(below):
        for tag, values in directories.items():
            _append_directory(file, number, tag, values)


def _write_page(
    writer: Any,  # noqa: ANN401 - a TiffWriter
    pixels: np.ndarray,
    metadata: Metadata,
    compression: int,
) -> dict[int, dict[int, Any]]:
    """Write a page; the directories that are still to be put below it."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    described = tags_of(metadata.exif) if metadata.exif else {}
    directories = {tag: described.pop(tag) for tag in (EXIF_IFD, GPS_IFD) if tag in described}
    # `tifffile` does not write these two: their numbers are put in later, see below.
    extra: list[tuple[Any, ...]] = [(tag - 1, _LONG, 1, 0, True) for tag in directories]
    extra += [(tag, _ASCII, 0, _ascii(value), True) for tag, value in described.items()]
    for tag, content in ((XMP, metadata.xmp), (IPTC, metadata.iptc)):
        if content:
            kind = 1 if tag == XMP else _UNDEFINED
            extra.append((tag, kind, len(content), content, True))
    writer.write(
        pixels,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
        compression="zlib",
        compressionargs={"level": compression},
        predictor=2,
        rowsperstrip=max(1, _STRIP_BYTES // int(pixels[0].nbytes)),
        resolution=metadata.dpi,
        resolutionunit="inch" if metadata.dpi else None,
        iccprofile=metadata.icc_profile,
        extratags=extra,
        metadata=None,  # of tifffile's own kind
        software=False,
        maxworkers=1,
    )
    return directories


def _append_directory(file: BinaryIO, page: int, tag: int, values: dict[int, Any]) -> None:
    """Write a directory to the end of a TIFF, and its place into a page's tag put by for it.

    That has the number before the right one, which keeps the tags in their order.
    """
    tifffile = import_tifffile()
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    directory = ImageFileDirectory_v2()  # little-endian
    for key, value in values.items():
        directory[key] = value
    offset = file.seek(0, io.SEEK_END)
    offset += file.write(bytes(offset % 2))
    file.write(directory.tobytes(offset))
    file.seek(0)
    with tifffile.TiffFile(file) as written:
        entry = written.pages[page].tags[tag - 1].offset
    file.seek(entry)
    file.write(struct.pack("<HHII", tag, 4, 1, offset))
    file.seek(0, io.SEEK_END)


def _ascii(value: object) -> bytes:
    """Text as TIFF stores it; what is beyond ASCII in UTF-8, as most programs do."""
    content = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
    return content.rstrip(b"\0") + b"\0"
