"""What a file that Pillow opened says beside its pixels, and how the picture is to be turned."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from srcnn_cli.pictures import exif, jpeg, png, xmp
from srcnn_cli.pictures.icc import checked_profile
from srcnn_cli.pictures.metadata import Metadata, bare_iptc, dpi_of

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from srcnn_cli.pictures.color_tags import PngChunks

_PHOTOSHOP_IPTC = 0x0404
_GAIN_MAP_LOST = "it holds a gain map, which is lost: the copy looks as on an ordinary screen"


def carried(
    image: ImageFile, data: bytes, chunks: png.Chunks | None, notes: list[str], *, channels: int
) -> tuple[Metadata, int]:
    """Gather the metadata of a loaded picture.

    Args:
        image: The picture, decoded.
        data: The whole file.
        chunks: Of a PNG.
        notes: What is dropped is added here.
        channels: Of the pixels.

    Returns:
        The metadata, and the orientation (1-8) that is to be applied.
    """
    info: dict[Any, Any] = image.info
    grey = channels < 3
    dpi, generated = dpi_of(info), None
    png_color: PngChunks = ()
    packet, iptc = _packet(info.get("xmp")), None
    if chunks is not None:
        from srcnn_cli.pictures import color_tags

        notes += chunks.notes
        info = {"exif": png.exif(chunks), "icc_profile": png.icc_profile(chunks)}
        packet, iptc = png.xmp(chunks), png.iptc(chunks)
        dpi = png.dpi(chunks)
        generated, png_color, note = color_tags.of_png(
            chunks.others, grey=grey, has_profile=bool(info["icc_profile"])
        )
        notes += [note] if note else []
    elif image.format in ("AVIF", "HEIF"):
        if not info.get("icc_profile"):
            from srcnn_cli.pictures import color_tags

            generated, png_color, note = color_tags.of_avif(data, grey=grey)
            notes += [note] if note else []
        if b"tmap" in data[:65_536] or (image.format == "HEIF" and jpeg.has_gain_map(data)):
            notes.append(_GAIN_MAP_LOST)
    elif image.format in ("JPEG", "MPO"):
        resources = info.get("photoshop")
        iptc = resources.get(_PHOTOSHOP_IPTC) if isinstance(resources, dict) else None
        if jpeg.has_gain_map(data):
            notes.append(_GAIN_MAP_LOST)
            packet = None  # it announces the gain map
    elif image.format == "JPEG2000":
        from srcnn_cli.pictures.jpeg2000 import Boxes

        boxes = Boxes(data)
        packet = packet or boxes.xmp
        info = {"exif": boxes.exif, **info}
    elif image.format in ("BMP", "DIB"):
        info = {"icc_profile": _bmp_profile(data), **info}

    kept, orientation, note = exif.of_info(info)
    notes += [note] if note else []
    orientation = 1 if _is_upright(image) else orientation or xmp.orientation_of(packet) or 1
    packet = xmp.normalized(packet) if packet else None
    profile = None
    if image.mode not in ("CMYK", "LAB"):  # those have just been converted to sRGB
        profile, note = checked_profile(generated or info.get("icc_profile"), channels)
        notes += [note] if note else []
    return Metadata(profile, kept, dpi, packet, bare_iptc(iptc), png_color), orientation


def _is_upright(image: ImageFile) -> bool:
    """Whether the format has the orientation in a place of its own, and the decoder applied it."""
    # A JPEG in a JPEG XL is as it was.
    return image.format == "HEIF" or (image.format == "JXL" and not getattr(image, "jpeg", False))


def _packet(found: object) -> bytes | None:
    if isinstance(found, str):
        return found.encode()
    return found if isinstance(found, bytes) and found else None


def _bmp_profile(data: bytes) -> bytes | None:
    """The ICC profile of a BMP of version 5."""
    if len(data) < 138 or struct.unpack_from("<I", data, 14)[0] < 124 or data[70:74] != b"DEBM":
        return None
    offset, size = struct.unpack_from("<II", data, 126)
    file = io.BytesIO(data)
    file.seek(14 + offset)
    return file.read(size)
