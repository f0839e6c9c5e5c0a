"""How damaged a picture is: said by the user, by its file, or by its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.levels import (
    CLEAN,
    CLEAN_QUALITY,
    Levels,
    compression_level,
    noise_level,
)

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from srcnn_cli.imaging.chain import Chain
    from srcnn_cli.pictures.picture import Picture

AUTO, OFF = "auto", "off"
FILE, PIXELS, OPTION = "file", "pixels", "option"
# Smaller pictures are not looked at: they tell too little.
_LEAST_SIDE = 64
# Of luminance in grey pictures, which is stored from 0 to 255; in colours it is 219 levels wide.
_STUDIO = 219 / 255


class Finding(NamedTuple):
    """What is known about a picture.

    Attributes:
        levels: How damaged it is.
        words: What was found, such as ``JPEG quality 72``; empty: nothing.
        source: Who says so: ``file``, ``pixels`` or ``option``; empty: nobody.
    """

    levels: Levels = CLEAN
    words: str = ""
    source: str = ""


class Restore(NamedTuple):
    """What to do about damage.

    Attributes:
        how: ``auto`` or ``off``; else it is said by ``chain``.
        chain: What happened to the pictures.
    """

    how: str = AUTO
    chain: Chain | None = None

    def find(self, picture: Picture, scale: float) -> Finding:
        """What is known about a picture.

        Args:
            picture: From its file.
            scale: The factor of enlargement: a blur is given in pixels of a lost original.
        """
        pixels = picture.pixels
        if self.how == OFF:
            return Finding()
        if self.chain is not None:
            grey = pixels.ndim == 2 or pixels.shape[2] == 2
            return Finding(self.chain.levels(round(scale), grey=grey), str(self.chain), OPTION)
        return _found(pixels, picture.quality, enlarged=scale > 1)


def parse_restore(text: str) -> Restore:
    """``auto``, ``off``, or a chain such as ``jpeg:50``.

    Raises:
        UsageError: It is none of these.
    """
    if text in (AUTO, OFF):
        return Restore(text)
    from srcnn_cli.imaging.chain import parse_chain

    try:
        return Restore(text, parse_chain(text))
    except UsageError as error:
        raise UsageError(f"--restore takes auto, off, or what to undo: {error.reason}") from None


def _found(pixels: NDArray[Any], quality: int | None, *, enlarged: bool) -> Finding:
    source = FILE
    noise = softness = aliasing = 0.0
    looked_at = pixels.dtype == np.uint8 and (pixels.ndim == 2 or pixels.shape[2] == 3)
    if looked_at and min(pixels.shape[:2]) >= _LEAST_SIDE:
        from srcnn_cli.imaging.estimation import estimate

        seen, noise, softness, aliasing = estimate(pixels, quality=quality)
        # A picture that was saved again says in its pixels what it was before.
        if seen is not None and (quality is None or seen < quality - 2):
            quality, source = seen, PIXELS
    words = []
    compression = 0.0
    if quality is not None and quality < CLEAN_QUALITY:
        compression = compression_level(quality)
        words.append(f"JPEG quality {quality}")
    if noise:
        words.append(f"noise of {noise:.0f} levels")
        source = source if compression else PIXELS
    if not enlarged:  # then nothing can be done about it
        softness = aliasing = 0.0
    if softness or aliasing:
        words.append("jagged edges" if aliasing else "averaged pixels")
        source = PIXELS
    level = noise_level(noise * (1 if pixels.ndim == 2 else _STUDIO))
    if not words:
        return Finding()
    levels = Levels(compression, level, softness, aliasing)
    return Finding(levels, " and ".join(words), source)
