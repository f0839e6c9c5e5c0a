"""What can be done to a picture once it is reduced: noise and compression."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from srcnn_cli.imaging.color import NOISE_IN_LUMINANCE
from srcnn_cli.imaging.jpeg_blocks import through_blocks
from srcnn_cli.imaging.levels import Levels, compression_level, noise_level

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.floating[Any]]

# Independent noise in R', G' and B' is this much weaker in Y', their weighted sum from 16 to 235.
_NOISE_IN_LUMINANCE = NOISE_IN_LUMINANCE * 219 / 255
_MIDDLE_GREY = 128.0


@dataclass(frozen=True)
class Step:
    """One thing that is done to a picture once it is reduced; its fields are its numbers."""

    name: ClassVar[str]

    def apply(self, picture: Samples, random: np.random.Generator) -> Samples:
        """Do it to (H, W) grey or (H, W, 3) R'G'B', in 8-bit levels but not yet rounded."""
        raise NotImplementedError

    def imitate(self, picture: Samples, random: np.random.Generator) -> Samples:
        """The same to (H, W), where it can be done faster, but for a level here and there."""
        return self.apply(picture, random)

    def levels(self, *, grey: bool) -> Levels:
        """What it does, in a picture with or without colour."""
        raise NotImplementedError

    def __str__(self) -> str:
        """As it is written: ``jpeg:75``, without what is as usual at the end."""
        values = [(getattr(self, field.name), field.default) for field in fields(self)]
        while len(values) > 1 and values[-1][0] == values[-1][1]:
            values.pop()
        return ":".join([self.name, *(f"{value:g}" for value, _ in values)])


@dataclass(frozen=True)
class Noise(Step):
    """Gaussian noise, independent in every channel.

    Attributes:
        sigma: In 8-bit levels.
    """

    name = "noise"
    sigma: float

    def apply(self, picture: Samples, random: np.random.Generator) -> Samples:
        """See `Step`."""
        return picture + self.sigma * random.standard_normal(picture.shape, np.float32)

    def levels(self, *, grey: bool) -> Levels:
        """See `Step`."""
        return Levels(noise=noise_level(self.sigma * (1 if grey else _NOISE_IN_LUMINANCE)))


@dataclass(frozen=True)
class Poisson(Step):
    """Shot noise: its variance is proportional to the value.

    Attributes:
        gain: Variance, in 8-bit levels, for each level.
    """

    name = "poisson"
    gain: float

    def apply(self, picture: Samples, random: np.random.Generator) -> Samples:
        """See `Step`."""
        return random.poisson(np.maximum(picture, 0) / self.gain) * self.gain

    def levels(self, *, grey: bool) -> Levels:
        """See `Step`; that of middle grey."""
        return Noise(math.sqrt(self.gain * _MIDDLE_GREY)).levels(grey=grey)


@dataclass(frozen=True)
class Jpeg(Step):
    """A JPEG file, as libjpeg writes it.

    Attributes:
        quality: 1 to 100.
        subsampling: Of chrominance: 420 or 444.
        shift: By how many pixels the grid of blocks begins above and to the left of the picture:
            8 times the rows and the columns, each 0 to 7. A picture that was cut between two
            compressions has the first one's grid shifted.
    """

    name = "jpeg"
    quality: int
    subsampling: int = 420
    shift: int = 0

    def apply(self, picture: Samples, random: np.random.Generator) -> Samples:
        """See `Step`."""
        del random
        how = {"quality": self.quality, "subsampling": 0 if self.subsampling == 444 else 2}
        return _through_file(picture, divmod(self.shift, 8), "JPEG", how)

    def imitate(self, picture: Samples, random: np.random.Generator) -> Samples:
        """See `Step`."""
        del random
        return through_blocks(picture, self.quality, divmod(self.shift, 8))

    def levels(self, *, grey: bool) -> Levels:
        """See `Step`."""
        del grey
        return Levels(compression=compression_level(self.quality))


@dataclass(frozen=True)
class Webp(Step):
    """A lossy WebP file.

    Attributes:
        quality: 1 to 100; its level is that of a JPEG of the same number.
    """

    name = "webp"
    quality: int

    def apply(self, picture: Samples, random: np.random.Generator) -> Samples:
        """See `Step`."""
        del random
        grey = picture.ndim == 2
        colors = np.stack([picture] * 3, axis=-1) if grey else picture
        result = _through_file(colors, (0, 0), "WEBP", {"quality": self.quality, "method": 2})
        return result[..., 1] if grey else result

    def levels(self, *, grey: bool) -> Levels:
        """See `Step`."""
        return Jpeg(self.quality).levels(grey=grey)


def _through_file(
    picture: Samples, shift: tuple[int, int], kind: str, how: dict[str, Any]
) -> Samples:
    from PIL import Image

    rows, columns = shift
    pixels = rounded(picture)
    beyond = [(rows, 0), (columns, 0), (0, 0)][: pixels.ndim]
    buffer = io.BytesIO()
    Image.fromarray(np.pad(pixels, beyond, "edge")).save(buffer, kind, **how)
    decoded = np.asarray(Image.open(buffer), np.float32)
    result: Samples = decoded[rows:, columns:]
    return result


def rounded(picture: Samples) -> NDArray[np.uint8]:
    """Values in 8-bit levels as they are stored."""
    pixels: NDArray[np.uint8] = np.clip(np.floor(picture + 0.5), 0, 255).astype(np.uint8)
    return pixels


# What can be done to a reduced picture: the one table that names it.
STEPS: dict[str, type[Step]] = {step.name: step for step in (Noise, Poisson, Jpeg, Webp)}
