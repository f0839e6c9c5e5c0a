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
# From this quality of a JPEG file on, its colours are better left alone if they are not subsampled
# (held-back pictures, x2: restoring them gives at 80, 85, 92 +0.03, +0.00, -0.04 dB in R'G'B').
# Subsampled ones never are (at 95 and 99 +0.15 and +0.08); at 100, whose level is that of clean
# ones, they are restored as at 99.
_CLEAN_COLORS = 86
_MOST_SUBSAMPLED = 99
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
        return _found(picture, enlarged=scale > 1)


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


def _found(picture: Picture, *, enlarged: bool) -> Finding:
    quality, source = picture.quality, FILE
    # Without enlarging nothing can be done about how it became small.
    seen, noise, softness, aliasing = _seen(picture.pixels, quality, reduced=enlarged)
    # A picture that was saved again says in its pixels what it was before.
    if seen is not None and (quality is None or seen < quality - 2):
        quality, source = seen, PIXELS
    compression = 0.0
    if quality is not None and quality < CLEAN_QUALITY:
        compression = compression_level(quality)
    chrominance = None
    if source == FILE and (compression or enlarged):
        chrominance = _chrominance(quality, subsampled=picture.subsampled, noisy=noise > 0)
    words = []
    if compression or chrominance:
        words.append(f"JPEG quality {quality}")
    else:
        source = PIXELS
    if noise:
        words.append(f"noise of {noise:.0f} levels")
    if softness or aliasing:
        words.append("jagged edges" if aliasing else "averaged pixels")
        source = PIXELS
    if not words:
        return Finding()
    level = noise_level(noise * (1 if picture.pixels.ndim == 2 else _STUDIO))
    levels = Levels(compression, level, softness, aliasing, chrominance)
    return Finding(levels, " and ".join(words), source)


def _seen(
    pixels: NDArray[Any], quality: int | None, *, reduced: bool
) -> tuple[int | None, float, float, float]:
    """What pixels tell, as `imaging.estimation.Estimate`; nothing if they are not looked at."""
    looked_at = pixels.dtype == np.uint8 and (pixels.ndim == 2 or pixels.shape[2] == 3)
    if not looked_at or min(pixels.shape[:2]) < _LEAST_SIDE:
        return None, 0.0, 0.0, 0.0
    from srcnn_cli.imaging.estimation import estimate

    return estimate(pixels, quality=quality, reduced=reduced)


def _chrominance(quality: int | None, *, subsampled: bool | None, noisy: bool) -> float | None:
    """`Levels.chrominance` of a JPEG file, by its quality; None: it is not known."""
    if quality is None or subsampled is None:
        return None
    if subsampled:
        return compression_level(min(quality, _MOST_SUBSAMPLED))
    return 0.0 if quality >= _CLEAN_COLORS and not noisy else None
