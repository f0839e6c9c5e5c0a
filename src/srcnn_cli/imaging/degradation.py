"""Making a low-resolution picture: the only place where that happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.planes import color_planes
from srcnn_cli.imaging.resize import Resampler, cubic, modcrop, resize
from srcnn_cli.imaging.subpixels import unshuffled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes


# Where scipy cuts the Gaussian off, in sigmas.
_TRUNCATE = 4.0


@dataclass(frozen=True, eq=False)
class Example:
    """A picture, or a part of one, at one scale.

    Attributes:
        truth: What the network's output is compared with, on the grid of the input: uint8 (C, H,
            W), both sides multiples of the scale s; of a network on the low-resolution grid (C s²,
            H / s, W / s), each pixel's sub-pixels, row by row, as planes. Where a bicubic
            enlargement is still to be added to that output: float16, the truth in [0, 1] minus
            that enlargement.
        source: float32 (C, H, W) or (C, H / s, W / s), the network's input, in [0, 1] but for
            overshoot.
    """

    truth: NDArray[np.uint8] | NDArray[np.float16]
    source: NDArray[np.float32]


class Window(NamedTuple):
    """A part of a picture, in pixels that are all multiples of the scale."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Degradation:
    """How the network's input is made from a picture.

    The planes are reduced, in floating point and without rounding, and enlarged again bicubically.
    Reducing is MATLAB's antialiased bicubic, as in the papers' code; with ``blur`` it is what the
    SRCNN paper describes in words: a Gaussian, then sub-sampling (Dong et al., ECCV 2014, section
    4). The samples lie where bicubic reduction puts them: on every s-th pixel for odd scales s,
    half-way between two pixels, by cubic interpolation, for even ones.

    Attributes:
        scales: The integer factors at which every picture is used.
        color: The planes: ``y`` is 8-bit Y', ``rgb`` R'G'B' and ``ycbcr`` Y'CbCr rounded to 8
            bits. Grey pictures are three equal planes in ``rgb`` and have Cb = Cr = 128.
        blur: Sigma of the Gaussian in pixels of the original; 0: antialiased bicubic.
        interpolated: Whether the input is enlarged again, to the size of the original.
        residual: Whether the enlargement is added to the network's output; see `Example`.

    Raises:
        UsageError: A value is impossible.
    """

    scales: tuple[int, ...]
    color: Planes = "y"
    blur: float = 0.0
    interpolated: bool = True
    residual: bool = False

    def __post_init__(self) -> None:
        if not self.scales or min(self.scales) < 1:
            raise UsageError(f"a picture is reduced by integer scales, not {self.scales}")
        if not 0 <= self.blur <= 100:
            raise UsageError(f"the blur must lie between 0 and 100 pixels, not {self.blur}")

    @property
    def channels(self) -> int:
        """Planes of an example."""
        return 1 if self.color == "y" else 3

    def factor(self, scale: int) -> int:
        """Pixels of the original for one of the network's input along each side."""
        return 1 if self.interpolated else scale

    @property
    def truth_channels(self) -> int:
        """Planes of an example's truth; on the low-resolution grid there is but one scale."""
        return self.channels * self.factor(self.scales[0]) ** 2

    @property
    def truth_type(self) -> type[np.uint8 | np.float16]:
        """Of an example's truth."""
        return np.float16 if self.residual and not self.interpolated else np.uint8

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that an example takes for each pixel of the network's input."""
        return 4 * self.channels + np.dtype(self.truth_type).itemsize * self.truth_channels

    def example(self, pixels: NDArray[np.uint8], scale: int, part: Window | None = None) -> Example:
        """Make an example.

        Args:
            pixels: (H, W, 3) R'G'B' or (H, W) grey.
            scale: Integer factor.
            part: What of the picture to make, from its surroundings as they are; None: all of it,
                cropped to a multiple of the scale.

        Raises:
            UsageError: The picture is smaller than the scale.
        """
        height, width = cropped_size(pixels, scale)
        part = part or Window(0, 0, height, width)
        halo = scale * (4 + -(-int(_TRUNCATE * self.blur + 0.5) // scale))
        top, left = max(0, part.top - halo), max(0, part.left - halo)
        bottom = min(height, part.top + part.height + halo)
        right = min(width, part.left + part.width + halo)
        planes = color_planes(pixels[top:bottom, left:right], self.color)
        rows = slice(part.top - top, part.top - top + part.height)
        columns = slice(part.left - left, part.left - left + part.width)
        inside = (slice(None), rows, columns)
        low = self._reduced(planes, scale)
        # Copies of the truth, or a small part would keep the whole picture in memory.
        truth: NDArray[Any] = planes[inside].copy()
        if self.interpolated:
            source = resize(low, *planes.shape[-2:])[inside]
            return Example(truth, np.ascontiguousarray(source, np.float32))
        if self.residual:
            enlarged = resize(low, *planes.shape[-2:])[inside]
            truth = (truth / 255 - enlarged).astype(np.float16)
        source = low[:, rows.start // scale : rows.stop // scale]
        source = source[:, :, columns.start // scale : columns.stop // scale]
        return Example(unshuffled(truth, scale), np.ascontiguousarray(source, np.float32))

    def _reduced(self, planes: NDArray[np.uint8], scale: int) -> NDArray[np.float64]:
        if self.blur == 0:
            return reduced(planes, scale)
        from scipy.ndimage import gaussian_filter

        exact = planes.astype(np.float64) / 255
        sigma = (0, self.blur, self.blur)
        exact = gaussian_filter(exact, sigma, mode="nearest", truncate=_TRUNCATE)
        return _subsampled(_subsampled(exact, scale, -2), scale, -1)


def reduced(
    planes: NDArray[np.uint8] | NDArray[np.float64], scale: int, *, quantize: bool = False
) -> NDArray[np.float64]:
    """Planes reduced with MATLAB's antialiased bicubic.

    Args:
        planes: (..., H, W), both sides multiples of the scale; 8-bit, or in [0, 1].
        scale: Integer factor.
        quantize: Round to 8 bits, as a file would hold the result of 8-bit planes.

    Returns:
        (..., H / scale, W / scale) in [0, 1], but for overshoot where nothing is rounded.
    """
    height, width = (side // scale for side in planes.shape[-2:])
    if quantize:
        return resize(planes, height, width) / 255
    exact = planes / 255 if planes.dtype == np.uint8 else planes
    result: NDArray[np.float64] = resize(exact, height, width)
    return result


def reduced_colors(pixels: NDArray[np.uint8], scale: int) -> NDArray[np.float32]:
    """(H, W, 3) reduced in floating point to (3, h, w) R'G'B' in [0, 1] but for overshoot.

    Single precision does, for networks and for the eye, and nothing is made in the full size.
    """
    planes = modcrop(np.moveaxis(pixels, -1, 0), scale)
    height, width = planes.shape[-2:]
    target = (height // scale, width // scale)
    result: NDArray[np.float32] = Resampler((height, width), target).rows(planes, 0, target[0])
    result /= 255
    return result


def cropped_size(pixels: NDArray[Any], scale: int) -> tuple[int, int]:
    """Height and width of (H, W[, 3]) pixels once cropped to multiples of the scale.

    Raises:
        UsageError: Nothing would be left.
    """
    cropped = modcrop(pixels if pixels.ndim == 2 else pixels[..., 0], scale)
    return cropped.shape[0], cropped.shape[1]


def _subsampled(planes: NDArray[np.float64], scale: int, axis: int) -> NDArray[np.float64]:
    """One sample from the centre of every ``scale`` pixels along an axis, nothing smoothed."""
    length = planes.shape[axis]
    along = np.moveaxis(planes, axis, 0)
    if scale % 2:
        return np.moveaxis(along[scale // 2 :: scale], 0, axis)
    # Half-way between two pixels: Keys' cubic over four, with symmetric edges.
    padded = np.pad(along, [(1, 1)] + [(0, 0)] * (planes.ndim - 1), "symmetric")
    weights = cubic(np.array([-1.5, -0.5, 0.5, 1.5]))
    sampled = np.zeros((length // scale, *along.shape[1:]))
    for first, weight in enumerate(weights, start=scale // 2 - 1):
        sampled += weight * padded[first::scale][: length // scale]
    return np.moveaxis(sampled, 0, axis)
