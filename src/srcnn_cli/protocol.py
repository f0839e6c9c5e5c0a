"""The papers' evaluation convention: what exactly is compared with what.

SRCNN (ECCV 2014, TPAMI 2016; the authors' demo code): the 8-bit Y' plane of the original is the
truth, cropped to a multiple of the scale; the low-resolution picture is its bicubic reduction in
floating point, never rounded; it is enlarged bicubically in floating point, goes through the
network, is rounded to 8 bits, and ``scale`` pixels are shaved off each side before comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.color import luminance_uint8
from srcnn_cli.metrics import psnr, shave, ssim
from srcnn_cli.resize import modcrop, resize

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Pair:
    """One test picture under the ``srcnn`` convention.

    Attributes:
        truth: (H, W) uint8 Y'.
        interpolated: (H, W) float32, bicubic, in [0, 1] but for overshoot: the network's input.
        scale: The factor between them.
    """

    truth: NDArray[np.uint8]
    interpolated: NDArray[np.float32]
    scale: int

    def psnr(self, output: NDArray[Any]) -> float:
        """PSNR in dB of a network's (H, W) output in [0, 1], rounded and shaved by the scale."""
        return psnr(shave(round_to_uint8(output), self.scale), shave(self.truth, self.scale))

    def ssim(self, output: NDArray[Any]) -> float:
        """SSIM of the same two planes that `psnr` compares."""
        return ssim(shave(round_to_uint8(output), self.scale), shave(self.truth, self.scale))


def make_pair(pixels: NDArray[Any], scale: int) -> Pair:
    """A test pair from an original picture.

    Args:
        pixels: uint8 (H, W, 3) R'G'B' or (H, W) grey.
        scale: Integer factor.

    Raises:
        UsageError: The picture is smaller than the scale.
    """
    truth = modcrop(luminance_uint8(pixels), scale)
    plane = truth.astype(np.float64) / 255
    height, width = plane.shape
    low = resize(plane, height // scale, width // scale)
    return Pair(truth, resize(low, height, width).astype(np.float32), scale)


def round_to_uint8(plane: NDArray[Any]) -> NDArray[np.uint8]:
    """[0, 1] to 0-255, rounded half up and clipped."""
    result: NDArray[np.uint8] = np.clip(np.floor(plane * 255.0 + 0.5), 0, 255).astype(np.uint8)
    return result
