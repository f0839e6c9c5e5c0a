"""The picture formats of this tool: their names, extensions and limits, and how Pillow opens them.

Pillow's plugins are imported one by one, most likely first. That is quicker than ``Image.init()``
(25 ms for some forty plugins) and keeps the formats out that run an interpreter (EPS, WMF).
"""

from __future__ import annotations

import importlib
import io
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

if TYPE_CHECKING:
    from types import ModuleType

    from PIL.ImageFile import ImageFile

# Pillow's name of each readable format -> the plugin that registers it. MPO comes with JPEG.
_PLUGINS = {
    "PNG": "PngImagePlugin",
    "JPEG": "JpegImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "BMP": "BmpImagePlugin",
    "DIB": "BmpImagePlugin",
    "PPM": "PpmImagePlugin",
    "JPEG2000": "Jpeg2KImagePlugin",
    "AVIF": "AvifImagePlugin",
    "TGA": "TgaImagePlugin",
}

_NAMES_OF_EXTENSIONS = {
    ".png": ("PNG",),
    ".apng": ("PNG",),
    ".jpg": ("JPEG", "MPO"),
    ".jpeg": ("JPEG", "MPO"),
    ".jpe": ("JPEG", "MPO"),
    ".jfif": ("JPEG", "MPO"),
    ".mpo": ("MPO", "JPEG"),
    ".webp": ("WEBP",),
    ".tif": ("TIFF",),
    ".tiff": ("TIFF",),
    ".gif": ("GIF",),
    ".bmp": ("BMP", "DIB"),
    ".dib": ("DIB", "BMP"),
    ".ppm": ("PPM",),
    ".pgm": ("PPM",),
    ".pbm": ("PPM",),
    ".pnm": ("PPM",),
    ".jp2": ("JPEG2000",),
    ".j2k": ("JPEG2000",),
    ".jpx": ("JPEG2000",),
    ".avif": ("AVIF",),
    ".tga": ("TGA",),
    ".heic": ("HEIF",),
    ".heif": ("HEIF",),
    ".hif": ("HEIF",),
    ".jxl": ("JXL",),
}

READABLE_EXTENSIONS = frozenset(_NAMES_OF_EXTENSIONS)

JPEG_BEGINNING = b"\xff\xd8\xff"
JPEG_XL_BEGINNINGS = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
TIFF_BEGINNINGS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Of programs that confuse the byte order in the second half of this; it is meant as in the first.
ODD_TIFF_BEGINNINGS = (b"MM*\0", b"II\0*")

# Of raw photographs that are built like a TIFF.
RAW_EXTENSIONS = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".dcr",
        ".dng",
        ".erf",
        ".fff",
        ".iiq",
        ".k25",
        ".kdc",
        ".mef",
        ".mos",
        ".nef",
        ".nrw",
        ".pef",
        ".ptx",
        ".raw",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
    ]
)


class Target(NamedTuple):
    """What a format that we write can hold.

    Attributes:
        name: Pillow's name of the format.
        max_side: The largest width and height in pixels.
        max_bytes: The largest file, where the format stores offsets in 32 bits.
        lossy: Whether it has a quality.
        alpha: Whether it holds transparency.
        deep: Whether 16-bit pixels are written as 16 bits.
        grey: Whether it holds one channel.
        color: Whether it holds three channels.
        icc: Whether it carries an ICC profile.
        exif: Whether it carries EXIF.
        xmp: Whether it carries XMP.
        iptc: Whether it carries IPTC.
    """

    name: str
    max_side: int = 2**31 - 1
    max_bytes: int | None = None
    lossy: bool = False
    alpha: bool = False
    deep: bool = False
    grey: bool = True
    color: bool = True
    icc: bool = False
    exif: bool = False
    xmp: bool = False
    iptc: bool = False


# The sides are libjpeg's, libwebp's and libavif's own limits, as found by trying.
_PNG = Target("PNG", alpha=True, deep=True, icc=True, exif=True, xmp=True, iptc=True)
_JPEG = Target("JPEG", max_side=65_500, lossy=True, icc=True, exif=True, xmp=True, iptc=True)
_WEBP = Target(
    "WEBP", max_side=16_383, lossy=True, alpha=True, grey=False, icc=True, exif=True, xmp=True
)
_AVIF = Target(
    "AVIF", max_side=65_536, lossy=True, alpha=True, grey=False, icc=True, exif=True, xmp=True
)
_TIFF = Target(
    "TIFF", max_bytes=2**32, alpha=True, deep=True, icc=True, exif=True, xmp=True, iptc=True
)
_BMP = Target("BMP", max_bytes=2**32)

WRITABLE: dict[str, Target] = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": _WEBP,
    ".avif": _AVIF,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": _BMP,
    ".ppm": Target("PPM", grey=False),
    ".pgm": Target("PPM", color=False),
    ".pnm": Target("PPM"),
}

# What holds several pictures: moments of one, and pages.
ANIMATED: dict[str, Target] = {
    ".gif": Target("GIF", max_side=65_535, alpha=True, grey=False),
    ".png": _PNG._replace(deep=False),
    ".apng": _PNG._replace(deep=False),
    ".webp": _WEBP,
    ".avif": _AVIF,
}
PAGED = dict.fromkeys((".tif", ".tiff"), _TIFF)

# Of streams, whose names do not say it: by Pillow's name of the format that came in.
STREAM_EXTENSIONS = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "TIFF": ".tif",
    "BMP": ".bmp",
    "DIB": ".bmp",
    "PPM": ".pnm",
}


_CONVERT = "convert it first (to PNG or JPEG)"
RAW_PHOTOGRAPH = "is a raw photograph: convert it first (to TIFF or PNG, with a raw converter)"

# How files begin that are pictures, but of a kind that is not read here -> what they are.
_OTHER_BEGINNINGS = {
    b"II\xbc": f"is a JPEG XR picture, which is not read here: {_CONVERT}",
    b"8BPS": f"is a Photoshop document, which is not read here: {_CONVERT}",
    b"v/1\x01": f"is an OpenEXR picture, which is not read here: {_CONVERT}",
    b"%PDF": "is a PDF document, not a picture",
    b"IIRO": RAW_PHOTOGRAPH,
    b"IIRS": RAW_PHOTOGRAPH,
    b"MMOR": RAW_PHOTOGRAPH,
    b"IIU\0": RAW_PHOTOGRAPH,
    b"FUJIFILMCCD-RAW": RAW_PHOTOGRAPH,
    b"FOVb": RAW_PHOTOGRAPH,
    b"\0MRM": RAW_PHOTOGRAPH,
}


def import_tifffile() -> ModuleType:
    """`tifffile`, which takes a while to import, kept from printing its complaints."""
    import logging

    import tifffile

    log = logging.getLogger("tifffile")
    if not log.handlers:  # Python would print them
        log.addHandler(logging.NullHandler())
    module: ModuleType = tifffile
    return module


def import_plugin(file_format: str) -> None:
    """Have Pillow know a format of its own.

    Raises:
        ImportError: This Pillow does not.
    """
    importlib.import_module(f"PIL.{_PLUGINS[file_format]}")


def disagrees(name: str, file_format: str) -> bool:
    """Whether the extension of ``name`` (if any) promises another format than the content."""
    extension = PurePath(name).suffix.lower()
    return bool(extension) and file_format not in _NAMES_OF_EXTENSIONS.get(extension, ())


def open_header(data: bytes, name: str) -> ImageFile | None:
    """Open the picture in ``data``, which decodes its header only.

    ``Image.open`` is not used: it refuses what exceeds the process-wide ``MAX_IMAGE_PIXELS``,
    whereas our limit belongs to the call.

    Returns:
        The picture, or None if the content is of no known format.

    Raises:
        InputError: It is of a format that takes a package which is not installed.
        Exception: Whatever Pillow raises over a file that begins like a known format.
    """
    if data[4:8] == b"ftyp" or data.startswith(JPEG_XL_BEGINNINGS):
        from srcnn_cli.pictures.plugins import open_with, plugin_for

        plugin = plugin_for(data)
        if plugin is not None:
            return open_with(plugin, data)
    prefix = data[:16]
    for file_format in _PLUGINS:
        if file_format == "TGA" and not _may_be_tga(data, name):
            continue
        try:
            import_plugin(file_format)
        except ImportError:  # AVIF came with Pillow 11.3
            continue
        factory, accept = Image.OPEN[file_format]
        verdict = accept is None or accept(prefix)
        if isinstance(verdict, str):  # the format is known, but its library is missing
            raise OSError(verdict)
        if verdict:
            # Without a name: Pillow would map the file again, in the size that it has when turned.
            return factory(io.BytesIO(data), "")
    return None


def other_kind(data: bytes) -> str | None:
    """What a file is that is a picture of a kind not read here; None if it is none."""
    if data[4:11] == b"ftypcrx":
        return RAW_PHOTOGRAPH
    if data[6:14] == b"HEAPCCDR":
        return RAW_PHOTOGRAPH
    return next((what for start, what in _OTHER_BEGINNINGS.items() if data.startswith(start)), None)


def _may_be_tga(data: bytes, name: str) -> bool:
    """TGA has no magic number at its start, so almost anything would be tried as one."""
    return name.lower().endswith(".tga") or data.endswith(b"TRUEVISION-XFILE.\0")
