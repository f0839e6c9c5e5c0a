"""What travels with the pixels of a TIFF: profile, EXIF, XMP, IPTC, resolution."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from srcnn_cli.pictures import exif, xmp
from srcnn_cli.pictures.icc import checked_profile
from srcnn_cli.pictures.metadata import Metadata, bare_iptc, sensible_dpi

if TYPE_CHECKING:
    from tifffile import TiffPage

_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
XMP, IPTC = 700, 33723
_PHOTOSHOP, _ICC_PROFILE = 34377, 34675
_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131
_INTEROPERABILITY = 0xA005
_CENTIMETRES = 3


def metadata_of(
    page: TiffPage,
    data: bytes,
    notes: list[str],
    *,
    channels: int,
    keep_profile: bool,
    orientation: int | None,
) -> tuple[Metadata, int]:
    """The metadata of a directory, and how the picture is to be turned.

    Args:
        page: The directory.
        data: The whole file.
        notes: What is dropped is added here.
        channels: Of the pixels that were made of it.
        keep_profile: Whether the ICC profile still describes them.
        orientation: What the directory says about that, if it does.

    Returns:
        The metadata and the orientation, 1-8.
    """
    profile = None
    if keep_profile:
        profile, note = checked_profile(_bytes(page, _ICC_PROFILE), channels)
        notes += [note] if note else []
    kept, note = _exif_of(page, data)
    notes += [note] if note else []
    packet = _bytes(page, XMP)
    turned = orientation or xmp.orientation_of(packet) or 1
    iptc = bare_iptc(_bytes(page, IPTC)) or bare_iptc(_bytes(page, _PHOTOSHOP))
    packet = xmp.normalized(packet) if packet else None
    return Metadata(profile, kept, _dpi_of(page), packet, iptc), turned


def _bytes(page: TiffPage, tag: int) -> bytes | None:
    """A tag's values as bytes, whatever the type that they were stored with."""
    found = page.tags.get(tag)
    if found is None:
        return None
    value = found.value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, tuple):  # IPTC is often stored as LONG, in the file's byte order
        size = found.dtype_bytes if hasattr(found, "dtype_bytes") else 4
        order: Literal["little", "big"] = "little" if page.parent.byteorder == "<" else "big"
        try:
            return b"".join(int(number).to_bytes(size, order) for number in value).rstrip(b"\0")
        except (ValueError, OverflowError):
            return None
    return bytes(value) if isinstance(value, (bytes, bytearray)) else None


def _dpi_of(page: TiffPage) -> tuple[float, float] | None:
    try:
        across, down = (
            (numerator / denominator)
            for numerator, denominator in (
                page.tags[tag].value for tag in (_X_RESOLUTION, _Y_RESOLUTION)
            )
        )
        unit = page.tags.get(_RESOLUTION_UNIT)
        unit = 2 if unit is None else int(unit.value)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if unit not in (2, _CENTIMETRES):
        return None
    factor = 2.54 if unit == _CENTIMETRES else 1.0
    return sensible_dpi(across * factor, down * factor)


def _exif_of(page: TiffPage, data: bytes) -> tuple[bytes | None, str | None]:
    """Gather the descriptive tags, EXIF and GPS as EXIF; a note if that fails."""
    wanted = [tag for tag in exif.DESCRIPTIVE_TAGS if tag in page.tags]
    if (
        page.is_shaped or page.is_imagej or page.is_ome
    ):  # their descriptions are about the layout of the file
        wanted = [tag for tag in wanted if tag not in (_DESCRIPTION, _SOFTWARE)]
    below = [tag for tag in (exif.EXIF_IFD, exif.GPS_IFD) if tag in page.tags]
    if not wanted and not below:
        return None, None
    try:
        found = _directory(data, page.offset)
        kept = Image.Exif()
        for tag in wanted:
            kept[tag] = found[tag]
        for tag in below:
            if values := dict(_directory(data, found[tag])):
                values.pop(_INTEROPERABILITY, None)  # it points to somewhere in this file
                kept[tag] = values
        if not len(kept):
            return None, None
        return exif.normalized(kept.tobytes())[0], None
    except Exception as error:  # noqa: BLE001 - damaged tags raise a dozen types in Pillow
        return None, f"its EXIF is damaged ({' '.join(str(error).split())}) and was dropped"


def _directory(data: bytes, offset: int) -> Any:  # noqa: ANN401 - Pillow's mapping
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    file = io.BytesIO(data)
    file.seek(offset)
    big = data[2:4] in (b"+\0", b"\0+")
    directory = ImageFileDirectory_v2(data[:16] if big else data[:8])
    directory._bigtiff = big  # noqa: SLF001 - Pillow overlooks it where the byte order is big-endian
    directory.load(file)
    return directory


def tags_of(content: bytes) -> dict[int, Any]:
    """The opposite: values for the main directory of a TIFF to be written, dicts for further ones.

    Raises:
        Exception: Whatever Pillow raises over damaged tags.
    """
    parsed = Image.Exif()
    parsed.load(exif.PREFIX + content)
    tags: dict[int, Any] = {tag: parsed[tag] for tag in exif.DESCRIPTIVE_TAGS if tag in parsed}
    for tag in (exif.EXIF_IFD, exif.GPS_IFD):
        if tag in parsed and (values := dict(parsed.get_ifd(tag))):
            tags[tag] = values
    return tags
