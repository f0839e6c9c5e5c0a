"""What happens to pictures before a network gets them, as values with names.

A `Chain` is a reduction and what comes before and after it: ``blur:1.2+area+noise:8+jpeg:75`` is a
picture blurred by a Gaussian of 1.2 pixels, reduced by averaging areas, with noise of 8 levels
added, and saved as a JPEG file of quality 75. Everything random comes from a generator that is
given, so a chain and a seed are one result.

What a network for photographs is told of a chain are its `Levels`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.chain_steps import STEPS, Step, rounded
from srcnn_cli.imaging.levels import Levels
from srcnn_cli.imaging.reduction import REDUCTIONS, gaussian

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.floating[Any]]

_RANGES: dict[str, tuple[float, float]] = {
    "sigma": (0, 100),
    "gain": (1e-6, 100),
    "quality": (1, 100),
    "shift": (0, 63),
}


@dataclass(frozen=True)
class Chain:
    """A picture's way to a network: blurred, reduced, and what `STEPS` do to it after that.

    Attributes:
        reduction: A name from `reduction.REDUCTIONS`; at scale 1 it plays no part.
        blur: Sigma of a Gaussian before it, in pixels of the original.
        steps: After it, in their order. At the end the picture is rounded to 8 bits.
    """

    reduction: str = "bicubic"
    blur: float = 0.0
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        """As `parse_chain` reads it."""
        blur = [f"blur:{self.blur:g}"] if self.blur else []
        steps = [str(step) for step in self.steps]
        plain = [] if self.reduction == "bicubic" and (blur or steps) else [self.reduction]
        return "+".join([*blur, *plain, *steps])

    def levels(self, scale: int, *, grey: bool = False) -> Levels:
        """What a network is told of it.

        Args:
            scale: The factor of the reduction.
            grey: Whether the picture has no colour: noise is stronger in its luminance then.
        """
        own = [step.levels(grey=grey) for step in self.steps]
        kind = REDUCTIONS[self.reduction]
        soft, aliased = (kind.softness, kind.aliasing) if scale > 1 else (0.0, 0.0)
        softness = soft + self.blur / scale if soft < 0 else math.hypot(soft, self.blur / scale)
        return Levels(
            compression=max((level.compression for level in own), default=0.0),
            noise=math.hypot(*(level.noise for level in own)),
            softness=softness,
            aliasing=aliased,
        )

    def matrix(self, length: int, scale: int) -> NDArray[np.float32]:
        """Blur and reduction along one axis: (length / scale, length)."""
        return _matrix(self.reduction, self.blur, length, scale)

    def imitated(self, reduced: Samples, random: np.random.Generator) -> Samples:
        """What is done after the reduction, to (H, W) in 8-bit levels, see `Step.imitate`."""
        for step in self.steps:
            reduced = step.imitate(reduced, random)
        return np.clip(np.rint(reduced), 0, 255)

    def apply(
        self, pixels: NDArray[np.uint8], scale: int, random: np.random.Generator
    ) -> NDArray[np.uint8]:
        """The low-resolution picture.

        Args:
            pixels: (H, W) grey or (H, W, 3) R'G'B', both sides multiples of the scale.
            scale: Integer factor; 1: nothing is reduced.
            random: Of the noise.

        Returns:
            (H / scale, W / scale[, 3]).
        """
        planes: Samples = np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), -1, 0).astype(
            np.float64
        )
        planes = _reduced(planes, self.reduction, self.blur, (scale, scale))
        reduced: Samples = np.moveaxis(planes, 0, -1)
        reduced = reduced.reshape(*reduced.shape[:2], *pixels.shape[2:])
        for step in self.steps:
            reduced = step.apply(reduced, random)
        return rounded(reduced)


def _reduced(planes: Samples, reduction: str, blur: float, scales: tuple[int, int]) -> Samples:
    if blur:
        planes = gaussian(planes, [blur if scale else 0.0 for scale in scales])
    scales = (scales[0] or 1, scales[1] or 1)
    return planes if scales == (1, 1) else REDUCTIONS[reduction].apply(planes, scales)


@lru_cache(maxsize=512)
def _matrix(reduction: str, blur: float, length: int, scale: int) -> NDArray[np.float32]:
    # The axes are reduced one by one: of the identity the columns stay as they are.
    return _reduced(np.eye(length), reduction, blur, (scale, 0)).astype(np.float32)


def parse_chain(text: str) -> Chain:
    """The inverse of ``str``: parts joined by +, such as ``nearest+noise:8+jpeg:50:444``.

    Raises:
        UsageError: A part is unknown or a number impossible.
    """
    reduction, blur, steps = None, 0.0, list[Step]()
    for part in text.split("+"):
        name, *words = part.strip().split(":")
        if name in REDUCTIONS and not words and reduction is None and not steps:
            reduction = name
            continue
        numbers = [_number(part, word) for word in words]
        if name == "blur" and len(numbers) == 1 and not (blur or steps or reduction):
            blur = numbers[0]
            if not 0 <= blur <= 100:
                raise UsageError(f"{part}: the blur must lie between 0 and 100 pixels")
        elif name in STEPS:
            steps.append(_step(part, STEPS[name], numbers))
        else:
            known = ", ".join(
                ["blur:SIGMA", *REDUCTIONS, *(_form(step) for step in STEPS.values())]
            )
            raise UsageError(
                f"{part!r} is no degradation, or not in its place; in this order: {known}"
            )
    return Chain(reduction or "bicubic", blur, tuple(steps))


def _form(step: type[Step]) -> str:
    return f"{step.name}:{fields(step)[0].name.upper()}"


def _number(part: str, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{part!r}: {word!r} is not a number") from None


def _step(part: str, kind: type[Step], numbers: list[float]) -> Step:
    values: dict[str, float] = {}
    for field, number in zip(fields(kind), numbers, strict=False):
        low, high = _RANGES.get(field.name, (-math.inf, math.inf))
        whole = field.type == "int"
        if not low <= number <= high or (whole and number != int(number)):
            number_kind = "a whole number" if whole else "a number"
            raise UsageError(
                f"{part}: the {field.name} must be {number_kind} from {low:g} to {high:g}"
            )
        if field.name == "subsampling" and number not in {420, 444}:
            raise UsageError(f"{part}: the subsampling must be 420 or 444")
        values[field.name] = int(number) if whole else number
    if not numbers or len(numbers) > len(fields(kind)):
        raise UsageError(f"{part!r} is written like {_form(kind)}")
    return kind(**values)
