"""Files of several pictures that are all meant: animations, and the pages of a TIFF."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.errors import InputError
from srcnn_cli.pictures.formats import TIFF_BEGINNINGS, import_tifffile, open_header
from srcnn_cli.pictures.orientation import ORIENTATION, turn_upright, valid_orientation
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.pictures.quiet import quiet
from srcnn_cli.pictures.reading import decoded_or_reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFile import ImageFile

# Formats whose further pictures are moments of one; not, for instance, the two of a stereo JPEG.
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")


class Frame(NamedTuple):
    """One of several pictures.

    Attributes:
        picture: The whole of it, as a viewer would show it, whatever the file stores.
        milliseconds: How long it is shown; None: it is a page.
    """

    picture: Picture
    milliseconds: float | None


class Frames:
    """The pictures in a file, to be decoded one after the other.

    Args:
        data: The whole file.
        name: What to call it in errors.
        max_pixels: Refuse more pixels than this in all pictures together.

    Attributes:
        count: How many there are; 1 in a file of one picture, of whatever format.
        animated: They are moments, and not pages.
        plays: How often an animation is shown; 0: without end.
        has_cover: The first frame is none of the animation, but for viewers that show no others.

    Raises:
        InputError: The file is damaged.
    """

    def __init__(self, data: bytes, name: str, *, max_pixels: int) -> None:
        self._data, self._name, self._max_pixels = data, name, max_pixels
        self.animated, self.plays, self.has_cover = False, 1, False
        pixels = 0
        with quiet(), decoded_or_reported(name):
            if data.startswith(TIFF_BEGINNINGS):
                from srcnn_cli.pictures.tiff_pages import pages_of

                with import_tifffile().TiffFile(io.BytesIO(data)) as file:
                    self.count = len(pages_of(file, data))
                return
            image = self._open()
            moving = image is not None and image.format in _ANIMATED
            self.count = int(getattr(image, "n_frames", 1)) if moving else 1
            if image is None or not moving:
                return
            self.animated = True
            self.plays = _plays(image)
            self.has_cover = bool(image.info.get("default_image"))
            pixels = image.width * image.height * self.count
        if pixels > max_pixels:
            raise InputError(
                f"has {self.count} frames of {image.width:,} x {image.height:,}, together "
                f"{pixels:,} pixels, above the limit of {max_pixels:,} (--max-pixels raises it)",
                name,
            )

    def __iter__(self) -> Iterator[Frame]:
        """Decode one after the other.

        Raises:
            InputError: One of them is damaged.
            OutOfMemoryError: One of them does not fit into the memory.
        """
        each = self._moments() if self.animated else self._pages()
        while True:
            with quiet(), decoded_or_reported(self._name):
                frame = next(each, None)
            if frame is None:
                return
            yield frame

    def _open(self) -> ImageFile | None:
        return open_header(self._data, self._name)

    def _moments(self) -> Iterator[Frame]:
        image = self._open()
        if image is None:
            return
        orientation = valid_orientation(image.getexif().get(ORIENTATION))
        for number in range(self.count):
            image.seek(number)
            image.load()
            transparent = image.has_transparency_data
            pixels = np.asarray(image.convert("RGBA" if transparent else "RGB"))
            if transparent and (pixels[..., 3] == 255).all():
                pixels = pixels[..., :3]
            upright = np.ascontiguousarray(turn_upright(pixels, orientation))
            yield Frame(Picture(upright), float(image.info.get("duration", 0)))

    def _pages(self) -> Iterator[Frame]:
        from srcnn_cli.pictures.tiff import decode_pages

        for pixels, metadata in decode_pages(self._data, max_pixels=self._max_pixels):
            yield Frame(Picture(pixels, "TIFF", metadata), None)


def _plays(image: ImageFile) -> int:
    """How often it is shown; 0: without end."""
    loop = image.info.get("loop")
    if image.format == "GIF":  # how often it is repeated, which is once more or not at all
        return 1 if loop is None else loop + 1 if loop else 0
    return int(loop or 0)
