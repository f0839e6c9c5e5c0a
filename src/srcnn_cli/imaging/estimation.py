"""What the pixels of a picture tell about its past: JPEG compression, noise, careless reduction.

It would be worse to call a clean picture damaged than to miss damage, so all three answer only
where they are sure.

A JPEG, decoded and saved again in another format, still has the discrete cosine coefficients of its
8×8 blocks near multiples of the quantisation steps (compare Fan and de Queiroz, IEEE TIP 2003). How
noise is measured: `imaging.noise`, and how a reduction is found: `imaging.reduction_kind`.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.imaging.color import LUMINANCE_SHARES, NOISE_IN_LUMINANCE
from srcnn_cli.imaging.jpeg_blocks import SIDE, luminance_table, transformed, whole_blocks
from srcnn_cli.imaging.levels import CLEAN_QUALITY
from srcnn_cli.imaging.noise import noise, patches, rises
from srcnn_cli.imaging.reduction_kind import ReductionKind, reduction_kind
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

# What is looked at: the middle of a picture, in pixels along each side.
_LOOKED_AT = 512
_SMALLEST = 64

_QUALITIES = range(95, 4, -1)  # of several with the same steps the highest
_LEAST_STEP = 3  # smaller ones are lost in the rounding of pixels
_LEAST_COEFFICIENTS = 150
# The mean distance of a coefficient from a multiple of the step, in steps: 0.25 by chance.
_NEAR = 0.14
_HIGHEST = 3  # of the two frequencies' sum

# Of a picture that was cut after it had been compressed: from here on the loss is forgotten.
_FAINT = 80

# Less noise than this, in levels of luminance, could as well be texture; also in a JPEG file that
# counts as clean. A compressed picture is not clean anyway, and being told a little noise that is
# none costs it least, so there it may be called noisy sooner.
_LEAST_NOISE = 4.5
_LEAST_NOISE_SLIGHTLY_COMPRESSED = 3.3
_LEAST_NOISE_COMPRESSED = 2.0
_LEAST_NOISE_STRONGLY_COMPRESSED = 2.5  # which makes some itself
_STRONGLY = 80  # at qualities below
# Where compression makes it unsure how much noise there was, a network is best told a little less:
# too much costs it more than too little (noise of 8 + JPEG 90: told 0.9 to 0.95 is best).
_TOLD_COMPRESSED = 0.9
# Texture is the same in all channels, the noise of a sensor is not: where red and blue differ by
# about as much noise as luminance has, less of it is enough, on average of the two. Colours that
# have more are another kind of noise; where they have less, part of it may be texture.
_LEAST_NOISE_IN_COLORS = 1.75
_RATIO_TO_COLORS = (0.8, 1.75)
_MIDDLE_GREY = 128
# Over texture that is so many times as strong, the network for clean pictures makes more of a
# noisy one (30 held-back pictures, subpixel-s x2, noise of 3: clean +1.92 dB over bicubic, told
# +2.30, by this rule +2.44; where that is not so, with subpixel-l x2, it costs 0.05).
_HIDDEN = 8

# What a network can be told of a reduction, as softness and aliasing (`Levels`), and what
# `subpixel-s-photo` gains by that over the network for clean pictures, in dB, by what happened
# (`ReductionKind`): means of x2, x3 and x4, of 10 pictures (scripts/gains_of_levels.py). In between
# lie answers for pictures of which it is not sure.
TOLD = ((0.0, 0.0), (0.2, 0.0), (0.0, 0.5), (0.0, 0.8), (0.0, 0.9), (0.0, 1.0))
_GAINS = np.array(
    [
        [0.0, -0.62, -1.36, -2.14, -2.63, -3.17],
        [0.0, 0.55, 0.18, -0.54, -1.04, -1.62],
        [0.0, 2.13, 3.13, 3.64, 3.38, 2.88],
        [0.0, 1.35, 2.04, 3.04, 3.65, 4.13],
    ]
)
# So much counts the loss of pictures that were averaged as they should, or never reduced: they are
# more frequent than among those that taught the regression, and it is worse to call one of them
# damaged. Softness, which gains least, is told where that is next to certain.
_COUNTED = np.array([1, 35, 15, 15, 15, 15])
# How many pixels a side it takes to tell a reduction from fine stripes.
_SMALLEST_REDUCED = 96
# Where one in 200 of the differences of two pixels is not larger than this many times the noise,
# the steepest ones are noise themselves, of which `reduction_kind` would say that pixels were
# picked: so it is with a blurred picture that is noisy.
_LESS_STEEP = 0.995
_STEEPNESS = 10


class Estimate(NamedTuple):
    """What was found.

    Attributes:
        quality: Of a JPEG that the picture once was, 5 to 95; None: none was found.
        noise: Standard deviation in 8-bit levels of luminance; 0: none was found.
        softness: `Levels.softness` of a reduction that gives harder edges than bicubic reduction
            does; 0: none was found.
        aliasing: `Levels.aliasing` of one without averaging; 0: none was found.
    """

    quality: int | None = None
    noise: float = 0.0
    softness: float = 0.0
    aliasing: float = 0.0


def estimate(
    pixels: NDArray[np.uint8], *, quality: int | None = None, reduced: bool = True
) -> Estimate:
    """Look at the middle of a picture.

    Args:
        pixels: (H, W) grey or (H, W, 3) R'G'B', of which luminance from 0 to 255 is taken.
        quality: Of the JPEG file that it comes from, if any: compression takes noise away.
        reduced: Whether to look how it was reduced.
    """
    part = _middle(pixels)
    if min(part.shape[:2]) < _SMALLEST:
        return Estimate()
    luminance: NDArray[np.float32] = part.astype(np.float32)
    if luminance.ndim == 3:
        luminance = luminance @ LUMINANCE_SHARES
    coefficients = _coefficients(luminance)
    # Neither needs the other, and there may be an idle core.
    looks: tuple[Callable[[], Any], ...] = (
        lambda: _quality(luminance, coefficients),
        lambda: patches(luminance),
    )
    seen, found = crew().map(lambda look: look(), looks)
    worst = min((known for known in (seen, quality) if known is not None), default=None)
    sigma = noise(luminance, worst, found, coefficients)
    if worst is not None and worst < CLEAN_QUALITY:  # which has changed what tells of a reduction
        return Estimate(seen, _TOLD_COMPRESSED * sigma if sigma >= _least_noise(worst) else 0.0)
    softness = aliasing = 0.0
    if reduced and _tells_of_reduction(luminance, sigma):
        softness, aliasing = worth_telling(reduction_kind(luminance))
    if sigma < _least_noise(worst):
        sigma = _in_all_channels(part, sigma) if worst is None else 0.0
        if sigma and rises(luminance, coefficients):
            sigma = 0.0
    if found.texture > _HIDDEN * sigma:
        sigma = 0.0
    return Estimate(noise=sigma, softness=softness, aliasing=aliasing)


def worth_telling(kind: ReductionKind) -> tuple[float, float]:
    """Softness and aliasing that a network is best told of a reduction; zero: nothing."""
    expected = np.array(kind[1:]) @ _GAINS[1:] + kind.averaged * _COUNTED * _GAINS[0]
    return TOLD[int(expected.argmax())]


def _least_noise(quality: int | None) -> float:
    if quality is None:
        return _LEAST_NOISE
    if quality >= CLEAN_QUALITY:
        return _LEAST_NOISE_SLIGHTLY_COMPRESSED
    return _LEAST_NOISE_COMPRESSED if quality >= _STRONGLY else _LEAST_NOISE_STRONGLY_COMPRESSED


def _tells_of_reduction(luminance: NDArray[np.float32], sigma: float) -> bool:
    """Whether a picture is large enough, and its steepest edges are not its noise's."""
    if min(luminance.shape) < _SMALLEST_REDUCED:
        return False
    for axis in (0, 1):
        steps = np.abs(np.diff(luminance, axis=axis)).ravel()
        place = int(_LESS_STEEP * len(steps))
        if np.partition(steps, place)[place] <= _STEEPNESS * sigma:
            return False
    return True


def _in_all_channels(pixels: NDArray[np.uint8], sigma: float) -> float:
    """How much of the noise of luminance, in its levels, the colours confirm; 0: none."""
    least, most = _RATIO_TO_COLORS
    # So nobody needs to look at the colours of a picture whose luminance is clean.
    if pixels.ndim == 2 or sigma * (1 + 1 / least) / 2 < _LEAST_NOISE_IN_COLORS:
        return 0.0
    red, blue = (pixels[..., channel].astype(np.float32) for channel in (0, 2))
    difference = np.clip((red - blue) / math.sqrt(2) + _MIDDLE_GREY, 0, 255)
    found = noise(difference, None) * NOISE_IN_LUMINANCE
    confirmed = min(sigma, most * found)
    enough = (confirmed + found) / 2 >= _LEAST_NOISE_IN_COLORS
    return confirmed if enough and sigma >= least * found else 0.0


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle, beginning on a grid of blocks whose first block is the picture's corner."""
    top, left = (max(0, side - _LOOKED_AT) // 2 // SIDE * SIDE for side in pixels.shape[:2])
    return pixels[top : top + _LOOKED_AT, left : left + _LOOKED_AT]


def _coefficients(luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of all whole blocks, (n, 8, 8)."""
    return transformed(whole_blocks(luminance))


def _quality(luminance: NDArray[np.float32], coefficients: NDArray[np.float32]) -> int | None:
    quality = _quality_on_grid(coefficients)
    if quality is None:
        top, left = (_grid(luminance, axis) for axis in (0, 1))
        if (top, left) != (0, 0):
            quality = _quality_on_grid(_coefficients(luminance[top:, left:]))
            if quality is not None and quality >= _FAINT:
                return None
    return quality


def _grid(luminance: NDArray[np.float32], axis: int) -> int:
    """Where along an axis blocks begin, by the kinks at their borders."""
    along = np.moveaxis(luminance, axis, 0)
    # How much more two pixels differ than their neighbours lead one to expect.
    kink = np.abs(along[:-3] - 3 * along[1:-2] + 3 * along[2:-1] - along[3:]).mean(axis=1)
    means = [kink[phase::SIDE].mean() for phase in range(SIDE)]
    return int(np.argmax(means) + 2) % SIDE


def _quality_on_grid(coefficients: NDArray[np.float32]) -> int | None:
    distances = _distances(coefficients)
    best = int(distances.argmin())
    return _QUALITIES[best] if distances[best] < _NEAR else None


@cache
def _tables() -> NDArray[np.int64]:
    """Of all qualities, (n, 8, 8)."""
    return np.array([luminance_table(quality) for quality in _QUALITIES])


def _distances(coefficients: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean distance of coefficients from multiples of each quality's steps; infinite: too few.

    Of the lowest frequencies, which are rarely quantised to nothing.
    """
    places = [(u, v) for u in range(SIDE) for v in range(SIDE) if 1 <= u + v <= _HIGHEST]
    tables = _tables()
    sums, counts = np.zeros(len(tables)), np.zeros(len(tables))
    for u, v in places:
        values = np.abs(coefficients[:, u, v])
        steps, which = np.unique(tables[:, u, v], return_inverse=True)
        multiples = values / steps[:, None].astype(np.float32)
        far = np.abs(multiples - np.rint(multiples))
        large = (multiples > 0.5) & (steps >= _LEAST_STEP)[:, None]
        sums += (far * large).sum(axis=1)[which]
        counts += large.sum(axis=1)[which]
    enough = counts >= _LEAST_COEFFICIENTS
    return np.where(enough, sums / np.maximum(counts, 1), np.inf)
