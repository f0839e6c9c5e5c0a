"""Why a PSNR does not match the paper: one picture under every combination of conventions.

Two people who write "bicubic, ×3, PSNR" mostly mean different things. Here the steps in which
they differ are a table, `STEPS`; `explain` measures a picture under all combinations, and
`effects` says how many decibels each departure from the paper's choice is worth.

OpenCV, Pillow and torch resize here only to show what that changes; everything else in this
project goes through `srcnn_cli.resize`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.protocol import SRCNN, Pair
from srcnn_cli.imaging.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.imaging.resize import modcrop, resize
from srcnn_cli.imaging.rounding import round_to_uint8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.evaluation.names import ColorSpace

    Resize = Callable[[NDArray[Any], int, int], NDArray[Any]]
    Enlarge = Callable[[NDArray[np.float64]], NDArray[Any]]


@dataclass(frozen=True)
class Choice:
    """One way to do one step.

    Attributes:
        step: A key of `STEPS`.
        value: Short name of the way, unique in its step.
        label: The same for people, in a few words.
    """

    step: str
    value: str
    label: str


@dataclass(frozen=True)
class Outcome:
    """The PSNR in dB under one combination: one choice for each step, in the order of `STEPS`."""

    choices: tuple[Choice, ...]
    psnr: float


@dataclass(frozen=True)
class Effect:
    """What a choice adds to the PSNR in dB, against the first choice of its step.

    Attributes:
        choice: Never the first of its step.
        mean: Averaged over all combinations of the other steps.
        base: With all other steps done as in the paper.
    """

    choice: Choice
    mean: float
    base: float


def _step(step: str, labels: dict[str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(step, value, label) for value, label in labels.items())


# The first choice of each step is what the SRCNN paper does: `srcnn_cli.protocol.SRCNN`.
STEPS: dict[str, tuple[Choice, ...]] = {
    step: _step(step, labels)
    for step, labels in {
        "resize": {
            "matlab": "MATLAB bicubic (antialiased, a = -0.5)",
            "opencv": "OpenCV INTER_CUBIC (not antialiased, a = -0.75)",
            "pillow": "Pillow BICUBIC (antialiased, a = -0.5, kernel cut off at the edges)",
            "torch": "torch bicubic (not antialiased, a = -0.75)",
        },
        "luminance": {
            "y": "Y' from 16 to 235",
            "y-full": "Y' from 0 to 255",
            "rgb": "R'G'B', all three channels",
        },
        "low-resolution": {
            "float": "low resolution not rounded",
            "uint8": "low resolution rounded to 8 bits, as in a file",
        },
        "crop": {
            "scale": "as many pixels as the scale shaved off each side",
            "none": "nothing shaved off",
            "scale+6": "6 pixels more than the scale shaved off each side",
        },
        "rounding": {
            "uint8": "result rounded and clipped to 8 bits",
            "none": "result neither rounded nor clipped",
        },
    }.items()
}


def explain(pixels: NDArray[np.uint8], scale: int, enlarge: Enlarge | None = None) -> list[Outcome]:
    """Measure bicubic interpolation, or a method, under every combination of `STEPS`.

    Where MATLAB's bicubic is used and the result rounded, a combination is what `make_pair` makes
    under the `Protocol` of the same steps, to the last bit of the PSNR. That defines the steps:
    ``y-full`` is the rounded 16-235 plane, stretched; ``uint8`` rounds the low-resolution
    *picture*, from whose colours Y' is then taken without rounding.

    The other libraries reduce 8-bit pictures with their own 8-bit code where that is what their
    users get (OpenCV, Pillow), and floating point in floating point (Pillow in its mode ``F``).
    torch pictures are [0, 1] and rounded after the reduction. All enlarge in floating point.

    Args:
        pixels: The original, uint8: (H, W, 3) R'G'B' or (H, W) grey. Grey is compared as it is
            stored, so the step ``luminance`` has nothing to choose and is left out: 48
            combinations remain of 144.
        scale: Integer factor, 2 or more.
        enlarge: A method that improves interpolated planes, such as a network: gets (H, W)
            luminance (or grey) in units of [0, 1] and gives the same. It is called 16 times, or 8
            for grey. When R'G'B' is compared, it gets the Y' of the interpolated picture and its
            result is put together with the interpolated Cb and Cr.

    Returns:
        In the order of ``itertools.product(*STEPS.values())``: the paper's combination first, the
        last step changing fastest.

    Raises:
        UsageError: Not such a picture, one too small for shaving ``scale + 6`` pixels, or another
            scale.
    """
    if pixels.dtype != np.uint8 or (pixels.ndim != 2 and pixels.shape[2:] != (3,)):
        raise UsageError("only 8-bit grey and 8-bit RGB pictures can be explained")
    if scale < 2:
        raise UsageError(f"the scale must be 2 or more, not {scale}")
    found = dict(_measure_all(pixels, scale, enlarge))
    steps = [choices for step, choices in STEPS.items() if step != "luminance" or pixels.ndim == 3]
    outcomes = []
    for choices in itertools.product(*steps):
        values = {choice.step: choice.value for choice in choices}
        key = tuple(values.get(step, STEPS[step][0].value) for step in STEPS)
        outcomes.append(Outcome(choices, found[key]))
    return outcomes


def effects(outcomes: Sequence[Outcome]) -> list[Effect]:
    """What each departure from the paper's convention is worth, in the order of `STEPS`.

    Args:
        outcomes: All that `explain` returned for one picture. Means over several pictures serve
            as well: average the PSNR of each combination first.
    """
    values = {outcome.choices: outcome.psnr for outcome in outcomes}
    result = []
    for place, first in enumerate(outcomes[0].choices if outcomes else ()):
        for choice in dict.fromkeys(choices[place] for choices in values):
            if choice == first:
                continue
            gains = [
                _gain(value, values[_with(choices, place, first)])
                for choices, value in values.items()
                if choices[place] == choice
            ]
            # The order of the combinations is kept: the paper's choices of the rest come first.
            result.append(Effect(choice, sum(gains) / len(gains), gains[0]))
    return result


def _with(choices: tuple[Choice, ...], place: int, choice: Choice) -> tuple[Choice, ...]:
    return (*choices[:place], choice, *choices[place + 1 :])


def _gain(value: float, base: float) -> float:
    """The difference, 0 also between two results without any error, which are infinite."""
    return 0.0 if value == base else value - base


def _measure_all(
    pixels: NDArray[np.uint8], scale: int, enlarge: Enlarge | None
) -> Iterator[tuple[tuple[str, ...], float]]:
    """The values of all steps with the PSNR; each resize is done once."""
    luminance = modcrop(luminance_uint8(pixels), scale)
    picture = luminance
    if pixels.ndim == 3:
        picture = modcrop(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)), scale)
    spaces: list[tuple[NDArray[np.uint8], tuple[ColorSpace, ...]]] = [
        (luminance, ("y", "y-full")),
        (picture, ("rgb",)),
    ]
    if pixels.ndim == 2:
        spaces = [(luminance, ("y",))]
    borders = {"scale": scale, "none": 0, "scale+6": scale + 6}
    for (truth, colors), quantized in itertools.product(spaces, (False, True)):
        # As make_pair does: Y' is reduced itself, unless there is a picture file in between.
        source = picture if quantized else truth
        for library in (choice.value for choice in STEPS["resize"]):
            resized = _resizer(library)
            low = _reduce(source, truth.ndim, scale, quantized=quantized, resized=resized)
            output = resized(low, *truth.shape[-2:]).astype(np.float32)
            if enlarge is not None:
                output = _improve(output, enlarge)
            for color, (crop, border) in itertools.product(colors, borders.items()):
                protocol = SRCNN.changed(color=color, quantize_lr=quantized, crop_border=border)
                pair = Pair(truth, low, scale, protocol)
                key = (library, color, "uint8" if quantized else "float", crop)
                yield (*key, "uint8"), pair.psnr(output)
                yield (*key, "none"), _psnr_unrounded(pair, output)


def _reduce(
    source: NDArray[np.uint8], dimensions: int, scale: int, *, quantized: bool, resized: Resize
) -> NDArray[np.float64]:
    """The low-resolution planes in [0, 1]; luminance if two dimensions are asked of a picture."""
    height, width = (side // scale for side in source.shape[-2:])
    low: NDArray[np.float64]
    if quantized:
        low = resized(source, height, width) / 255
    else:
        low = resized(source.astype(np.float64) / 255, height, width)
    return low if low.ndim == dimensions else ycbcr_from_rgb(low)[0].astype(np.float64)


def _improve(planes: NDArray[np.float32], enlarge: Enlarge) -> NDArray[Any]:
    if planes.ndim == 2:
        return enlarge(planes.astype(np.float64))
    ycbcr = ycbcr_from_rgb(planes)
    improved = enlarge(ycbcr[0].astype(np.float64)).astype(np.float32)
    return rgb_from_ycbcr(np.concatenate([improved[None], ycbcr[1:]]))


def _psnr_unrounded(pair: Pair, output: NDArray[Any]) -> float:
    """`Pair.psnr`, but for the output being neither rounded nor clipped."""
    _, reference = pair.compared(output)
    border = pair.protocol.border(pair.scale)
    height, width = output.shape[-2:]
    image = output[..., border : height - border, border : width - border] * 255.0
    if pair.protocol.color == "y-full":
        image = (image - 16) * (255 / 219)
    return psnr(image, reference)


def _resizer(library: str) -> Resize:
    """A function like `resize`: uint8 planes to uint8, floating point to floating point."""
    if library == "matlab":
        return resize
    one = {"opencv": _opencv, "pillow": _pillow, "torch": _torch}[library]

    def resized(planes: NDArray[Any], height: int, width: int) -> NDArray[Any]:
        planes = np.ascontiguousarray(planes)
        if planes.ndim == 2:
            return one(planes, height, width)
        return np.stack([one(plane, height, width) for plane in planes])

    return resized


def _opencv(plane: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    import cv2

    result: NDArray[Any] = cv2.resize(plane, (width, height), interpolation=cv2.INTER_CUBIC)
    return result


def _pillow(plane: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    from PIL import Image

    typed = plane if plane.dtype == np.uint8 else plane.astype(np.float32)
    image = Image.fromarray(typed).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image).astype(plane.dtype)


def _torch(plane: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    import torch

    values = plane / 255 if plane.dtype == np.uint8 else plane
    tensor = torch.from_numpy(values)[None, None]
    resized = torch.nn.functional.interpolate(
        tensor, size=(height, width), mode="bicubic", align_corners=False, antialias=False
    )
    result: NDArray[Any] = resized[0, 0].numpy()
    return round_to_uint8(result) if plane.dtype == np.uint8 else result
