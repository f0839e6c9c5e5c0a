"""How a factor is reached: by which weights, in how many steps.

The weights exist for a few integer scales. A factor up to 4 takes one stage: interpolation to the
exact size, then the weights whose scale is nearest. Above 4 stages follow one another, since no
network was trained on pictures that blurred: x8 is x2 and then x4. Own weights of fewer scales are
used in the same way, in as many stages as it takes.

Networks on the low-resolution plane enlarge by their own factor and no other. There the weights are
those of the next larger scale, whose result is then reduced to the exact size. An interpolation,
which has no weights, takes one stage whatever the factor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MIN_FACTOR, MAX_FACTOR = 1.0, 16.0


class Stage(NamedTuple):
    """Enlarge to ``height`` x ``width`` with the weights for ``scale``; None: there are none."""

    height: int
    width: int
    scale: int | None

    @property
    def pixels(self) -> int:
        """Of its result."""
        return self.height * self.width


def target_size(height: int, width: int, factor: float) -> tuple[int, int]:
    """(height, width) times the factor, rounded half up, at least 1.

    Raises:
        UsageError: The factor is not between 1 and 16.
    """
    if not MIN_FACTOR <= factor <= MAX_FACTOR:  # also catches NaN
        raise UsageError(f"the scale must lie between 1 and 16, not {factor:g}")
    return max(1, math.floor(height * factor + 0.5)), max(1, math.floor(width * factor + 0.5))


def plan_stages(
    height: int, width: int, factor: float, scales: Collection[int], *, fixed: bool = False
) -> list[Stage]:
    """The stages that enlarge ``height`` x ``width`` by ``factor``.

    Args:
        height: Rows of the input.
        width: Columns of the input.
        factor: 1 to 16. Factor 1 needs no stage: there is nothing to enlarge.
        scales: The scales that there are weights for, each 2 or more; none for an interpolation.
        fixed: Whether weights enlarge by their own scale and no other.

    Raises:
        UsageError: The factor is out of range.
    """
    final = target_size(height, width, factor)
    if factor == 1:
        return []
    if not scales:
        return [Stage(*final, None)]
    stages = []
    choose = _next_larger if fixed else _nearest
    *natural, last = _split(factor, scales, choose)
    for scale in natural:
        height, width = height * int(scale), width * int(scale)
        stages.append(Stage(height, width, int(scale)))
    stages.append(Stage(*final, choose(last, scales)))
    return stages


def _split(
    factor: float, scales: Collection[int], choose: Callable[[float, Collection[int]], int]
) -> list[float]:
    """Factors that multiply to ``factor``: trained scales, but for the last, which is the rest."""
    if factor <= max(scales):
        return [factor]
    # The first factor whose rest is closest to the scale that will be chosen for it; among equals
    # the smallest, because the first stage then has the fewest pixels.
    candidates = [s for s in sorted(scales) if factor / s <= max(scales)] or [max(scales)]
    first = min(
        candidates, key=lambda s: round(_distance(factor / s, choose(factor / s, scales)), 9)
    )
    return [first, *_split(factor / first, scales, choose)]


def _nearest(factor: float, scales: Collection[int]) -> int:
    return min(sorted(scales), key=lambda s: _distance(factor, s))


def _next_larger(factor: float, scales: Collection[int]) -> int:
    # A factor that is a hair above a scale, as a quotient may be, is that scale.
    return min((s for s in scales if s >= factor - 1e-9), default=max(scales))


def _distance(factor: float, scale: float) -> float:
    return abs(math.log(factor / scale))
