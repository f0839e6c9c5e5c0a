"""The steps in which evaluations differ, and the combinations of them that are known.

Two people who write "bicubic, ×3, PSNR" mostly mean different things. `STEPS` is the table of what
they do differently; a `Convention` takes one way of each step; `KNOWN` are the ones that papers and
much-used programs take.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each step with its ways; the first is what the SRCNN paper does: `protocol.SRCNN`.
STEPS: dict[str, dict[str, str]] = {
    "reduction": {
        "matlab": "reduced by MATLAB's bicubic (antialiased, a = -0.5)",
        "opencv": "reduced by OpenCV's or torch's bicubic (not antialiased, a = -0.75)",
        "pillow": "reduced by Pillow's bicubic (antialiased, a = -0.5, cut off at the edges)",
    },
    "enlargement": {
        "matlab": "enlarged by MATLAB's bicubic",
        "opencv": "enlarged by OpenCV's or torch's bicubic",
        "pillow": "enlarged by Pillow's bicubic",
    },
    "size": {
        "crop": "original cropped to a multiple of the scale",
        "resize": "original resized to a multiple of the scale",
    },
    "low": {
        "float": "low resolution not rounded",
        "uint8": "low resolution rounded to 8 bits, as in a picture file",
        "uint8-plane": "luminance alone reduced and rounded to 8 bits",
    },
    "color": {
        "y": "Y' from 16 to 235",
        "y-full": "Y' stretched to 0 to 255",
        "grey": "grey from 0 to 255, as OpenCV and Pillow make it",
        "y-bgr": "Y' with red and blue mistaken for each other",
        "rgb": "R'G'B', all three channels",
    },
    "truth": {
        "uint8": "luminance of the original rounded to 8 bits",
        "float": "luminance of the original not rounded",
    },
    "result": {
        "uint8": "result rounded and clipped to 8 bits",
        "none": "result neither rounded nor clipped",
        "picture": "result saved in 8-bit colours, its luminance not rounded",
        "picture-uint8": "result saved in 8-bit colours, its luminance rounded again",
    },
    "crop": {
        "scale": "as many pixels as the scale shaved off each side",
        "none": "nothing shaved off",
        "scale+6": "6 pixels more than the scale shaved off each side",
        "twice": "twice as many pixels as the scale shaved off each side",
    },
    "average": {
        "psnr": "mean of the pictures' PSNR",
        "error": "PSNR of the pictures' mean squared error",
    },
}
_KERNELS = ("reduction", "enlargement")


@dataclass(frozen=True)
class Convention:
    """One way of each step; see `STEPS`."""

    reduction: str = "matlab"
    enlargement: str = "matlab"
    size: str = "crop"
    low: str = "float"
    color: str = "y"
    truth: str = "uint8"
    result: str = "uint8"
    crop: str = "scale"
    average: str = "psnr"

    @property
    def possible(self) -> bool:
        """Whether the steps go together: luminance has ways that colours have not."""
        as_picture = self.result.startswith("picture")
        if self.color == "rgb":
            return self.truth == "uint8" and not as_picture and self.low != "uint8-plane"
        return not (as_picture and self.low == "uint8-plane")

    def border(self, scale: int) -> int:
        """Pixels shaved off each side."""
        return {"scale": scale, "none": 0, "scale+6": scale + 6, "twice": 2 * scale}[self.crop]

    def steps(self) -> dict[str, str]:
        """The way of every step."""
        return asdict(self)

    def departures(self, other: Convention) -> list[str]:
        """The steps that are done in another way than ``other`` does them."""
        ways = other.steps()
        return [step for step, way in self.steps().items() if way != ways[step]]


@dataclass(frozen=True)
class Known:
    """A convention that somebody uses.

    Attributes:
        name: Of the protocol, if it is one of `protocol.PROTOCOLS`.
        label: The same in a few words.
        convention: What it is.
    """

    name: str
    label: str
    convention: Convention


KNOWN = (
    Known("srcnn", "the SRCNN and VDSR papers (protocol srcnn)", Convention()),
    Known("vdsr", "low-resolution files (protocol vdsr)", Convention(low="uint8")),
    Known("rgb", "R'G'B' (protocol rgb)", Convention(low="uint8", color="rgb")),
    Known(
        "basicsr",
        "BasicSR's test_y_channel (protocol basicsr)",
        Convention(low="uint8", truth="float", result="picture"),
    ),
    Known("unrounded", "nothing rounded anywhere", Convention(truth="float", result="none")),
    Known(
        "opencv",
        "OpenCV throughout, in grey",
        Convention("opencv", "opencv", low="uint8-plane", color="grey"),
    ),
    Known(
        "opencv-colors",
        "OpenCV's colour pictures, their Y' compared",
        Convention("opencv", "opencv", low="uint8", result="picture-uint8"),
    ),
)


@dataclass(frozen=True)
class Change:
    """One way of a step in place of another.

    Attributes:
        steps: The step, or both interpolations, which are then done by the same program.
        way: Of each of them.
    """

    steps: tuple[str, ...]
    way: str

    def made_in(self, convention: Convention) -> Convention:
        """The convention, changed."""
        return replace(convention, **dict.fromkeys(self.steps, self.way))

    @property
    def label(self) -> str:
        """The way in a few words."""
        words = STEPS[self.steps[0]][self.way]
        if self.steps == _KERNELS:
            return words.replace("reduced by", "reduced and enlarged by")
        return words


def departures(convention: Convention, known: Convention) -> list[Change]:
    """The changes that make a convention of a known one.

    Another program for reducing and enlarging alike is one of them.
    """
    ways = convention.steps()
    steps = convention.departures(known)
    if set(_KERNELS) <= set(steps) and convention.reduction == convention.enlargement:
        rest = [Change((step,), ways[step]) for step in steps if step not in _KERNELS]
        return [Change(_KERNELS, convention.reduction), *rest]
    return [Change((step,), ways[step]) for step in steps]


def neighbours(convention: Convention, steps: tuple[str, ...]) -> Iterator[Change]:
    """What can be done in another way: each of the given steps, and both interpolations alike."""
    if set(_KERNELS) <= set(steps):
        for way in STEPS["reduction"]:
            if way not in (convention.reduction, convention.enlargement):
                yield Change(_KERNELS, way)
    for step in steps:
        for way in STEPS[step]:
            change = Change((step,), way)
            if way != getattr(convention, step) and change.made_in(convention).possible:
                yield change


def around(steps: tuple[str, ...], most: int) -> list[Convention]:
    """All conventions of few departures from a known one.

    Args:
        steps: Those that matter; the others stay as the SRCNN paper does them.
        most: How many departures.
    """
    known = [only(k.convention, steps) for k in KNOWN]
    return [
        convention
        for ways in itertools.product(*(STEPS[step] for step in steps))
        if (convention := Convention(**dict(zip(steps, ways, strict=True)))).possible
        and any(len(departures(convention, k)) <= most for k in known)
    ]


def only(convention: Convention, steps: tuple[str, ...]) -> Convention:
    """A convention with the other steps done as the SRCNN paper does them."""
    return Convention(**{s: way for s, way in convention.steps().items() if s in steps})
