"""A picture with what enlarges it, under any convention: see `conventions`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.conventions import STEPS, Convention
from srcnn_cli.evaluation.metrics import shave
from srcnn_cli.evaluation.resizers import RESIZERS
from srcnn_cli.imaging.color import LUMINANCE_SHARES, luminance_of_8bit, ycbcr_from_rgb
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.imaging.resize import modcrop, resize
from srcnn_cli.imaging.rounding import round_to_uint8, to_uint8
from srcnn_cli.methods.base import wants_color

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Method

_INPUT = ("reduction", "size", "low")
_COMPARISON = ("color", "truth", "result", "crop")
_STRETCH = 255 / 219
_SMALL = 2_000_000  # pixels, up to which much is kept instead of made anew
_KEPT, _KEPT_OF_LARGE = 24, 5


class Subject(ABC):
    """An original and what is made of it.

    Args:
        pixels: The original, uint8: (H, W, 3) R'G'B' or (H, W) grey, which is compared as stored.
        scale: Integer factor, 2 or more.

    Attributes:
        steps: Of a convention, those that make a difference.
        pixels: How many the original has.

    Raises:
        UsageError: Not such a picture, one too small for what is shaved off, or another scale.
    """

    steps: tuple[str, ...] = (*_INPUT, "enlargement", *_COMPARISON)

    def __init__(self, pixels: NDArray[np.uint8], scale: int) -> None:
        if pixels.dtype != np.uint8 or (pixels.ndim != 2 and pixels.shape[2:] != (3,)):
            raise UsageError("only 8-bit grey and 8-bit RGB pictures can be explained")
        if scale < 2:
            raise UsageError(f"the scale must be 2 or more, not {scale}")
        self.scale = scale
        self.pixels = pixels.shape[0] * pixels.shape[1]
        planes = pixels if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
        self._original: NDArray[np.uint8] = np.ascontiguousarray(planes)
        self._grey = pixels.ndim == 2
        # Found before anything is measured.
        cropped = modcrop(self._original, scale)
        plane = cropped if self._grey else cropped[0]
        for crop in STEPS["crop"]:
            shave(plane, Convention(crop=crop).border(scale))
        leaves = () if any(side % scale for side in pixels.shape[:2]) else ("size",)
        if self._grey:
            leaves = (*leaves, "color", "truth")
        self.steps = tuple(step for step in self.steps if step not in leaves)
        # What the next conventions are likely to share; see `explain`.
        self._kept: OrderedDict[object, NDArray[Any]] = OrderedDict()
        self._most_kept = _KEPT if self.pixels <= _SMALL else _KEPT_OF_LARGE

    @abstractmethod
    def output(self, convention: Convention, colors: bool) -> NDArray[Any]:  # noqa: FBT001
        """The result in [0, 1], not rounded: (3, H, W) for ``colors``, else the plane compared."""

    def error(self, convention: Convention) -> float:
        """The mean squared error in 8-bit code values."""
        ways = convention.steps()
        key = tuple(way for step, way in ways.items() if step not in ("crop", "average"))
        difference = self._once(("difference", key), lambda: self._difference(convention))
        planes = np.moveaxis(difference, 0, -1) if difference.ndim == 3 else difference
        inside = shave(planes, convention.border(self.scale))
        return float(np.mean(np.square(inside)))

    def sized(self, convention: Convention) -> NDArray[np.uint8]:
        """The original in a multiple of the scale, (3, H, W) or (H, W)."""

        def made() -> NDArray[np.uint8]:
            if convention.size == "crop":
                return np.ascontiguousarray(modcrop(self._original, self.scale))
            sides = (side // self.scale * self.scale for side in self._original.shape[-2:])
            return resize(self._original, *sides)

        return self._once(("sized", convention.size), made)

    def truth(self, convention: Convention) -> NDArray[Any]:
        """What is compared of the original, in 8-bit code values."""
        original = self.sized(convention)
        if self._grey or convention.color == "rgb":
            return original
        color, rounded = convention.color.replace("y-full", "y"), convention.truth == "uint8"
        key = ("truth", convention.size, color, rounded)
        return self._once(key, lambda: _luminance(original, color, rounded=rounded))

    def forget(self) -> None:
        """Free the memory that intermediate results take."""
        self._kept.clear()

    def _difference(self, convention: Convention) -> NDArray[np.float64]:
        """What is compared of the result minus that of the original, in code values."""
        truth = self.truth(convention).astype(np.float64)
        as_picture = convention.result.startswith("picture") and not self._grey
        in_colors = as_picture or convention.color == "rgb"
        result = self.output(convention, in_colors and not self._grey)
        rounded = convention.result in ("uint8", "picture-uint8")
        if as_picture:
            plane = _luminance(round_to_uint8(result), convention.color, rounded=rounded)
        elif self._grey and convention.result != "none":
            plane = round_to_uint8(result)
        else:
            plane = round_to_uint8(result) if rounded else result * 255.0
        difference: NDArray[np.float64] = plane - truth
        return difference * _STRETCH if convention.color == "y-full" else difference

    def _once(self, key: object, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """What ``make`` gives, made anew only if it was not among the last few."""
        if key not in self._kept:
            made = make()
            self._kept[key] = made
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


class Enlarged(Subject):
    """A picture that is reduced and enlarged again, by bicubic interpolation or a method.

    Where MATLAB's bicubic is used, a convention is what `make_pair` makes under the `Protocol` of
    the same steps. OpenCV and Pillow reduce 8-bit pictures with their own 8-bit code where that is
    what their users get, and floating point in floating point. All enlarge in floating point.

    Args:
        method: What enlarges; None: bicubic interpolation.
    """

    def __init__(self, pixels: NDArray[np.uint8], scale: int, method: Method | None = None) -> None:
        if method is not None and not method.interpolated:
            self.steps = (*_INPUT, *_COMPARISON)
        super().__init__(pixels, scale)
        self._method = method

    def output(self, convention: Convention, colors: bool) -> NDArray[Any]:  # noqa: FBT001
        """See `Subject`."""
        whole = colors or (
            self._method is not None and wants_color(self._method) and not self._grey
        )
        # Without a picture file in between, the plane that is compared is reduced itself.
        plane = "rgb" if whole else convention.color.replace("y-full", "y")
        truth = convention.truth if convention.low == "float" and not whole else ""
        key = (convention.size, convention.low, convention.reduction, plane, truth)
        result = self._once(
            ("result", *key, convention.enlargement),
            lambda: self._enlarge(
                self._once(("low", *key), lambda: self._low(convention, whole=whole)), convention
            ),
        )
        if whole and not colors:
            return _luminance_of(result, convention.color)
        return result

    def _low(self, convention: Convention, *, whole: bool) -> NDArray[np.float64]:
        resized = RESIZERS[convention.reduction]
        original = self.sized(convention)
        height, width = (side // self.scale for side in original.shape[-2:])
        if convention.low == "uint8-plane" and not self._grey:
            original = _luminance(original, convention.color, rounded=True)
        if convention.low != "float":
            low: NDArray[np.float64] = resized(original, height, width) / 255
            if low.ndim == 3 and not whole:
                low = _luminance_of(low, convention.color)
            return low
        source = original if whole else self.truth(convention)
        return resized(source.astype(np.float64) / 255, height, width)

    def _enlarge(self, low: NDArray[np.float64], convention: Convention) -> NDArray[Any]:
        sides = tuple(side * self.scale for side in low.shape[-2:])
        if self._method is None:
            return RESIZERS[convention.enlargement](low, *sides).astype(np.float32)
        if self._method.interpolated and convention.enlargement != "matlab":
            low = RESIZERS[convention.enlargement](low, *sides)
        return self._method.enlarge(low, *sides)[0]


class Given(Subject):
    """A picture and what another program made of it: nothing but the comparison can differ.

    Args:
        result: (3, H, W) R'G'B' or (H, W) in [0, 1], of the original's size cropped to a multiple
            of the scale.
    """

    steps = _COMPARISON

    def __init__(self, pixels: NDArray[np.uint8], scale: int, result: NDArray[np.float32]) -> None:
        super().__init__(pixels, scale)
        self._result = result

    def output(self, convention: Convention, colors: bool) -> NDArray[Any]:  # noqa: FBT001
        """See `Subject`."""
        if colors or self._result.ndim == 2:
            return self._result
        return _luminance_of(self._result, convention.color)


def _luminance(rgb: NDArray[np.uint8], color: str, *, rounded: bool) -> NDArray[Any]:
    """8-bit R'G'B' as the luminance that a convention compares, in code values."""
    if color == "grey":
        exact: NDArray[Any] = np.tensordot(LUMINANCE_SHARES.astype(np.float64), rgb, axes=1)
        return to_uint8(exact) if rounded else exact
    if color == "y-bgr":
        rgb = rgb[::-1]
    if rounded:
        return luminance_uint8(np.moveaxis(rgb, 0, -1))
    return luminance_of_8bit(rgb)


def _luminance_of(rgb: NDArray[Any], color: str) -> NDArray[Any]:
    """The same of R'G'B' in [0, 1], in [0, 1]."""
    if color == "grey":
        result: NDArray[Any] = np.tensordot(LUMINANCE_SHARES.astype(np.float64), rgb, axes=1)
        return result
    luminance: NDArray[Any] = ycbcr_from_rgb(rgb[::-1] if color == "y-bgr" else rgb)[0]
    return luminance.astype(np.float64)
