"""Evaluation conventions: what exactly is compared with what.

"My PSNR does not match the paper" almost always means another convention, so each is a named
value that is printed and stored with every figure:

* ``srcnn`` (Dong et al., ECCV 2014 and TPAMI 2016, as in the authors' demo code): the 8-bit Y' of
  the original, cropped to a multiple of the scale, is the truth; it is reduced bicubically in
  floating point, and the low-resolution plane is never rounded.
* ``vdsr`` (the low-resolution *files* that were passed around from Huang et al., CVPR 2015, on):
  the colour picture is reduced with 8-bit rounding, as a file on disk would hold it, and Y' is
  taken from that.
* ``rgb``: the same 8-bit low-resolution picture, but all of R'G'B' is compared.
* ``basicsr`` (the metric of the BasicSR toolbox with its ``test_y_channel``, which most networks
  since EDSR are measured by): the same 8-bit low-resolution picture; the result is rounded to 8
  bits as a whole R'G'B' picture, and what is compared is the Y' of it and of the original, neither
  of them rounded. Grey is taken as R'G'B' of three equal channels, as OpenCV reads it.

In the first three the planes that are compared are rounded to 8 bits. In all of them ``scale``
pixels are shaved off each side.

Where Y' is compared, a network for colour still needs a colour picture. It gets the one that was
reduced in the protocol's way, `Pair.low_rgb`, and its result counts by the Y' of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.metrics import psnr, shave, ssim
from srcnn_cli.evaluation.names import ColorSpace, Rounding
from srcnn_cli.imaging.color import luminance_of_8bit, ycbcr_from_rgb
from srcnn_cli.imaging.degradation import cropped_size, reduced, reduced_colors
from srcnn_cli.imaging.levels import CLEAN, Levels
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.imaging.resize import modcrop, resize
from srcnn_cli.imaging.rounding import round_to_uint8

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.imaging.chain import Chain

COLOR_SPACES: tuple[ColorSpace, ...] = get_args(ColorSpace)


@dataclass(frozen=True)
class Protocol:
    """A convention; see the module's text for the named ones.

    Attributes:
        name: As printed; a changed step is appended to it.
        color: What is compared: ``y`` is studio-range Y' (16-235), ``y-full`` the same stretched
            to 0-255 (which reads 1.32 dB lower), ``rgb`` all three channels.
        quantize_lr: Whether the low-resolution picture is rounded to 8 bits, as a file would be.
        crop_border: Pixels shaved off each side before comparing; None: as many as the scale.
        degrade: How the low-resolution picture is made instead; it is rounded to 8 bits then.
        given_lr: Whether the low-resolution pictures are given as files, not made by reducing.
        rounding: What is rounded to 8 bits: the planes that are ``compared``, or the R'G'B'
            ``picture`` of which they are then taken without rounding.
    """

    name: str
    color: ColorSpace = "y"
    quantize_lr: bool = False
    crop_border: int | None = None
    degrade: Chain | None = None
    given_lr: bool = False
    rounding: Rounding = "compared"

    def border(self, scale: int) -> int:
        """Pixels shaved off each side at the given scale."""
        return scale if self.crop_border is None else self.crop_border

    def describe(self) -> str:
        """One line that says every step."""
        compared = {"y": "Y' (16-235)", "y-full": "Y' (0-255)", "rgb": "R'G'B'"}[self.color]
        compared, rounded = f"8-bit {compared}", "result rounded to 8 bits"
        if self.rounds_pictures:
            compared = f"{compared[6:]} of 8-bit R'G'B', itself not rounded"
            rounded = "result rounded to 8-bit R'G'B'"
        low = "rounded to 8 bits" if self.quantize_lr else "not rounded"
        down = "MATLAB bicubic down, low resolution " + low
        if self.degrade is not None:
            down = f"low resolution by {self.degrade}, rounded to 8 bits"
        if self.given_lr:
            down = "low resolution as given in files"
        border = "the scale" if self.crop_border is None else f"{self.crop_border} pixels"
        return f"{self.name}: {compared}, modcrop, {down}, {rounded}, {border} shaved off each side"

    @property
    def rounds_pictures(self) -> bool:
        """Whether R'G'B' is rounded and what is compared is not; under ``rgb`` it is the same."""
        return self.rounding == "picture" and self.color != "rgb"

    def with_given_low(self) -> Protocol:
        """For low-resolution pictures that are given."""
        return replace(self, name=f"{self.name} (given-lr)", given_lr=True)

    def changed(
        self,
        *,
        color: ColorSpace | None = None,
        quantize_lr: bool | None = None,
        crop_border: int | None = None,
        degrade: Chain | None = None,
    ) -> Protocol:
        """With some steps replaced, and a name that says so."""
        steps: dict[str, Any] = {
            "color": color, "quantize_lr": quantize_lr, "crop_border": crop_border,
            "degrade": degrade,
        }  # fmt: skip
        new = {k: v for k, v in steps.items() if v is not None and v != getattr(self, k)}
        if not new:
            return self
        words = ", ".join(f"{k.replace('_', '-')}={v}".lower() for k, v in new.items())
        return replace(self, name=f"{self.name} ({words})", **new)


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("srcnn"),
        Protocol("vdsr", quantize_lr=True),
        Protocol("rgb", color="rgb", quantize_lr=True),
        Protocol("basicsr", quantize_lr=True, rounding="picture"),
    )
}
SRCNN = PROTOCOLS["srcnn"]
_SEED = 0  # of noise: the same for everybody


@dataclass(frozen=True)
class Pair:
    """One test picture under a protocol.

    Attributes:
        truth: uint8, (H, W) for Y' and grey, (3, H, W) for R'G'B'; float64 (H, W) in code values
            for the Y' that ``basicsr`` compares.
        low: float64 in [0, 1] but for overshoot, (h, w) or (3, h, w): what a method gets.
            ``basicsr`` wants whole pictures, so it gives R'G'B' to all methods.
        scale: The factor between them.
        protocol: How they were made, and are to be compared.
        colors: Makes `low_rgb`, which few methods want; None for grey.
        levels: How damaged ``low`` is.
    """

    truth: NDArray[np.uint8] | NDArray[np.float64]
    low: NDArray[np.float64]
    scale: int
    protocol: Protocol = SRCNN
    colors: Callable[[], NDArray[np.floating[Any]]] | None = field(default=None, repr=False)
    levels: Levels = CLEAN

    @cached_property
    def low_rgb(self) -> NDArray[np.floating[Any]] | None:
        """The low-resolution colour picture, (3, h, w) R'G'B' in [0, 1] but for overshoot.

        Reduced like ``low``, or the given file; made when it is first asked for. None for grey.
        """
        return None if self.colors is None else self.colors()

    def offered(self, *, color: bool) -> NDArray[np.floating[Any]]:
        """What a method gets: ``low``, or `low_rgb` if it is for colour and there is any."""
        if color and self.low_rgb is not None:
            return self.low_rgb
        return self.low

    @property
    def interpolated(self) -> NDArray[np.float32]:
        """``low`` enlarged bicubically to the size of ``truth``, float32: the networks' input."""
        return resize(self.low, *self.truth.shape[-2:]).astype(np.float32)

    def like_truth(self, output: NDArray[Any]) -> NDArray[Any]:
        """A result in [0, 1] in the planes of ``truth``: Y' of R'G'B' where that is compared."""
        if output.ndim > self.truth.ndim:
            output = ycbcr_from_rgb(output)[0]
        return output

    def compared(self, output: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """A result in [0, 1] and the truth as they are compared: 8 bits, shaved, (..., H, W).

        Args:
            output: Of the shape of ``truth``; or (3, H, W) R'G'B', of which Y' is compared where
                ``truth`` is Y'. ``basicsr`` takes R'G'B' only.

        Raises:
            UsageError: Nothing is left after shaving.
        """
        whole = self.protocol.rounds_pictures
        rounded: NDArray[Any] = round_to_uint8(output if whole else self.like_truth(output))
        planes = (luminance_of_8bit(rounded) if whole else rounded, self.truth)
        border = self.protocol.border(self.scale)
        shaved = [np.moveaxis(shave(np.moveaxis(p, (-2, -1), (0, 1)), border), (0, 1), (-2, -1))
                  for p in planes]  # fmt: skip
        if self.protocol.color == "y-full":
            full = [(plane.astype(np.float64) - 16) * (255 / 219) for plane in shaved]
            return full[0], full[1]
        return shaved[0], shaved[1]

    def psnr(self, output: NDArray[Any]) -> float:
        """PSNR in dB of a method's output, see `compared`."""
        return psnr(*self.compared(output))

    def ssim(self, output: NDArray[Any]) -> float:
        """SSIM of a method's output, averaged over the channels that are compared."""
        image, reference = self.compared(output)
        if image.ndim == 2:
            return ssim(image, reference)
        return float(np.mean([ssim(a, b) for a, b in zip(image, reference, strict=True)]))


def make_pair(pixels: NDArray[Any], scale: int, protocol: Protocol = SRCNN) -> Pair:
    """A test pair from an original picture.

    Args:
        pixels: uint8 (H, W, 3) R'G'B' or (H, W) grey. Grey is compared as it is stored, whatever
            the protocol's colour space.
        scale: Integer factor.
        protocol: The convention.

    Raises:
        UsageError: The picture is smaller than the scale.
    """
    if protocol.degrade is not None:
        return _degraded_pair(pixels, scale, protocol, protocol.degrade)
    if protocol.rounds_pictures:
        pixels = _three_channels(pixels)
    if pixels.ndim == 2:
        protocol = replace(protocol, color="y")  # nothing to convert, so nothing to stretch
        truth = modcrop(pixels, scale)
        return Pair(truth, reduced(truth, scale, quantize=protocol.quantize_lr), scale, protocol)
    if protocol.color != "rgb" and not protocol.quantize_lr:
        truth = modcrop(luminance_uint8(pixels), scale)
        low = reduced(truth, scale, quantize=protocol.quantize_lr)
        return Pair(truth, low, scale, protocol, partial(reduced_colors, pixels, scale))
    picture = modcrop(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), scale)
    return _pair_of_colors(
        picture, reduced(picture, scale, quantize=protocol.quantize_lr), scale, protocol
    )


def _degraded_pair(pixels: NDArray[Any], scale: int, protocol: Protocol, chain: Chain) -> Pair:
    height, width = cropped_size(pixels, scale)
    original = pixels[:height, :width]
    low = chain.apply(original, scale, np.random.default_rng(_SEED))
    levels = chain.levels(scale, grey=pixels.ndim == 2)
    return replace(pair_with_low(original, low, scale, protocol), levels=levels)


def pair_with_low(pixels: NDArray[Any], low: NDArray[Any], scale: int, protocol: Protocol) -> Pair:
    """A test pair from an original and a given low-resolution picture, both uint8.

    Args:
        pixels: (H, W, 3) or (H, W), the original; cropped to a multiple of the scale.
        low: (H // scale, W // scale[, 3]).
        scale: Integer factor.
        protocol: Says what is compared; its way of reducing plays no part.

    Raises:
        UsageError: The sizes or channels do not belong together.
    """
    height, width = (side // scale for side in pixels.shape[:2])
    if low.shape[:2] != (height, width):
        raise UsageError(
            f"{low.shape[1]}x{low.shape[0]} is not {pixels.shape[1]}x{pixels.shape[0]} reduced by "
            f"{scale}, which is {width}x{height}"
        )
    if low.ndim != pixels.ndim:
        raise UsageError("one of the two is grey, the other is not")
    if protocol.rounds_pictures:
        pixels, low = _three_channels(pixels), _three_channels(low)
    if pixels.ndim == 2:
        return Pair(modcrop(pixels, scale), low / 255, scale, replace(protocol, color="y"))
    picture = modcrop(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), scale)
    return _pair_of_colors(picture, np.moveaxis(low, -1, 0) / 255, scale, protocol)


def _pair_of_colors(
    picture: NDArray[np.uint8], low: NDArray[np.float64], scale: int, protocol: Protocol
) -> Pair:
    """A pair from (3, H, W) and its low-resolution partner, of which Y' is taken if it counts."""
    if protocol.color == "rgb":
        return Pair(picture, low, scale, protocol, lambda: low)
    if protocol.rounds_pictures:
        return Pair(luminance_of_8bit(picture), low, scale, protocol, lambda: low)
    truth = luminance_uint8(np.moveaxis(picture, 0, -1))
    luminance = ycbcr_from_rgb(low)[0].astype(np.float64)
    return Pair(truth, luminance, scale, protocol, lambda: low)


def _three_channels(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
