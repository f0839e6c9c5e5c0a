"""EXIF, edited in place.

It is not parsed and written anew, so that every tag other than those that would be wrong in the
copy (maker notes with their absolute offsets among them) stays as the camera wrote it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from srcnn_cli.pictures.orientation import ORIENTATION, valid_orientation

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIF_IFD = 0x8769
GPS_IFD = 0x8825
PREFIX = b"Exif\0\0"  # what EXIF begins with in a JPEG

# The tags of a main directory that describe the picture, not the layout of its file:
# description, maker, model, software, date, artist, copyright.
DESCRIPTIVE_TAGS = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298)

# Width and height, in the main directory and in that of EXIF.
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202

# Bytes of one value of each TIFF type, 1 (BYTE) to 13 (IFD).
_TYPE_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)


class _Entry(NamedTuple):
    position: int
    tag: int
    kind: int
    length: int
    value: int  # or the offset of the values

    @property
    def size(self) -> int:
        return self.length * (_TYPE_SIZES[self.kind] if self.kind < len(_TYPE_SIZES) else 0)


def normalized(exif: bytes) -> tuple[bytes, int | None]:
    """Set the orientation to 1 and take the thumbnail out, which shows the picture as it was.

    Args:
        exif: From its TIFF header on, or with the prefix of a JPEG.

    Returns:
        The changed EXIF without prefix, and the orientation (1-8) that it held, if any.

    Raises:
        ValueError: The main directory is damaged.
    """
    exif = exif.removeprefix(PREFIX)
    changed = bytearray(exif)
    orientation = None
    try:
        order = _order(exif)
        (start,) = struct.unpack_from(order + "I", exif, 4)
        end = start + 2
        for entry in _entries(exif, order, start):
            end = entry.position + 12
            if entry.tag in (EXIF_IFD, GPS_IFD):
                struct.unpack_from(order + "H", exif, entry.value)
            elif entry.size > 4 and entry.value + entry.size > len(exif):
                raise ValueError(f"tag {entry.tag} lies beyond the end")
            if entry.tag == ORIENTATION:
                (value,) = struct.unpack_from(order + "H", exif, entry.position + 8)
                orientation = valid_orientation(value)
                struct.pack_into(order + "HHIHH", changed, entry.position, ORIENTATION, 3, 1, 1, 0)
    except struct.error as error:
        raise ValueError("the directory is cut off") from error
    _remove_thumbnail(changed, order, end)
    return bytes(changed), orientation


def with_size(exif: bytes, width: int, height: int) -> bytes:
    """EXIF whose tags of width and height, where it has them, hold these; in pixels."""
    changed = bytearray(exif)
    try:
        order = _order(exif)
        (start,) = struct.unpack_from(order + "I", exif, 4)
        entries = list(_entries(exif, order, start))
        for entry in list(entries):
            if entry.tag == EXIF_IFD:
                entries += _entries(exif, order, entry.value)
    except (ValueError, struct.error):
        return exif
    for entry in entries:
        for tags, side in ((_WIDTHS, width), (_HEIGHTS, height)):
            if entry.tag in tags:
                # As a LONG: where a SHORT stood, there is room for four bytes.
                struct.pack_into(order + "HHII", changed, entry.position, entry.tag, 4, 1, side)
    return bytes(changed)


def of_info(info: dict[Any, Any]) -> tuple[bytes | None, int | None, str | None]:
    """Take the EXIF out of Pillow's ``info``.

    Returns:
        The EXIF as `normalized` gives it, the orientation that it held, a note if it was dropped.
    """
    exif = info.get("exif")
    if not isinstance(exif, bytes) or not exif:
        return None, None, None
    try:
        return (*normalized(exif), None)
    except ValueError as error:
        return None, None, f"its EXIF is damaged ({error}) and was dropped"


def _order(exif: bytes) -> str:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        raise ValueError("no TIFF header")
    return order


def _entries(exif: bytes, order: str, start: int) -> Iterator[_Entry]:
    (count,) = struct.unpack_from(order + "H", exif, start)
    for position in range(start + 2, start + 2 + 12 * count, 12):
        yield _Entry(position, *struct.unpack_from(order + "HHII", exif, position))


def _remove_thumbnail(exif: bytearray, order: str, pointer: int) -> None:
    """Cut off the second directory, and the picture that it points to.

    Args:
        exif: Changed in place.
        order: Its byte order, as `struct` has it.
        pointer: Where the first directory names the second.
    """
    if pointer + 4 > len(exif):
        return
    (start,) = struct.unpack_from(order + "I", exif, pointer)
    struct.pack_into(order + "I", exif, pointer, 0)
    try:
        found = {entry.tag: entry.value for entry in _entries(bytes(exif), order, start)}
    except struct.error:
        return
    offset, length = found.get(_THUMBNAIL_OFFSET, 0), found.get(_THUMBNAIL_LENGTH, 0)
    # Only where it lies behind the directories; elsewhere the numbers are not to be believed.
    if start == 0 or offset <= start or offset + length > len(exif):
        return
    if len(exif) - (offset + length) < 4:
        del exif[offset:]
    else:
        exif[offset : offset + length] = bytes(length)
