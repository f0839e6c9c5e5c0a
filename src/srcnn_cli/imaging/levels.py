"""How damaged a picture is, as the numbers that a network is told. No numpy here."""

from __future__ import annotations

import math
from typing import NamedTuple

_STRONGEST_QUANTIZATION = 5.0  # of JPEG quality 10, the standard tables being 1
_STRONGEST_NOISE = 16.0


class Levels(NamedTuple):
    """How damaged a picture is; all zero: not at all.

    Attributes:
        compression: 0 to about 1: the square root of JPEG's factor on its quantisation tables,
            1 being that of quality 10. Of several compressions the strongest.
        noise: Standard deviation in the luminance that a network sees, 1 being 16 8-bit levels.
        softness: Sigma of the Gaussian that blurs as much, in pixels of the low resolution; below
            zero: sharper than bicubic reduction.
        aliasing: 1 where single pixels were picked, 0 where all were averaged.
        chrominance: `compression` of Cb and Cr, where it is known to be another; 0: they had better
            be left as they are.
    """

    compression: float = 0.0
    noise: float = 0.0
    softness: float = 0.0
    aliasing: float = 0.0
    chrominance: float | None = None

    @property
    def numbers(self) -> tuple[float, ...]:
        """What networks are told, in the order of `LEVELS`."""
        return self.compression, self.noise, self.softness, self.aliasing

    @property
    def of_luminance(self) -> Levels:
        """The same, but nothing is known of chrominance."""
        return self._replace(chrominance=None)

    @property
    def of_chrominance(self) -> Levels:
        """What a network for Cb and Cr is told."""
        if self.chrominance is None:
            return self
        return self.of_luminance._replace(compression=self.chrominance)

    @property
    def only_chrominance(self) -> bool:
        """Whether nothing but Cb and Cr is damaged."""
        return bool(self.chrominance) and self.of_luminance == CLEAN


CLEAN = Levels()
# JPEG files of this quality and more are as good as clean.
CLEAN_QUALITY = 96
# What networks are told.
LEVELS: tuple[str, ...] = Levels._fields[:-1]


def compression_level(quality: float) -> float:
    """`Levels.compression` of a JPEG quality from 1 to 100, as libjpeg scales its tables."""
    factor = 50 / quality if quality < 50 else 2 - quality / 50
    return math.sqrt(factor / _STRONGEST_QUANTIZATION)


def noise_level(sigma: float) -> float:
    """`Levels.noise` of a standard deviation in luminance, in 8-bit levels."""
    return sigma / _STRONGEST_NOISE
