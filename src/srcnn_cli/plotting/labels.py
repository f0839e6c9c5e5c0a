"""Where the labels of points stand.

Not by the library adjustText, which was tried (1.4.0, four settings) on plots like those that
`srcnn bench` makes: it pushes texts about until time is up and may end with two names on top of
each other, names on markers and lines through names, where this search over places had none; it
takes longer for most plots, and needs pyplot and scipy.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.plotting.figure import DPI

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARKER = 9.0  # points across


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, y up."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Shared area."""
        across = min(self.right, other.right) - max(self.left, other.left)
        if across <= 0:
            return 0.0
        return across * max(0.0, min(self.top, other.top) - max(self.bottom, other.bottom))

    def outside(self, other: Box) -> float:
        """How far it sticks out of the other, in pixels."""
        return (
            max(0.0, other.left - self.left)
            + max(0.0, self.right - other.right)
            + max(0.0, other.bottom - self.bottom)
            + max(0.0, self.top - other.top)
        )

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The place in it that is nearest to a given one."""
        return min(max(x, self.left), self.right), min(max(y, self.bottom), self.top)

    def grown(self, by: float) -> Box:
        """With a margin."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)


@dataclass(frozen=True)
class Place:
    """Where a label may stand.

    Attributes:
        box: What the text covers.
        roomy: That with a margin, which others should leave free.
        line: From the point to the box.
        dislike: How little the direction is liked, in pixels of line.
    """

    box: Box
    roomy: Box
    line: tuple[float, float, float, float]
    dislike: float

    @property
    def length(self) -> float:
        """Of the line, in pixels."""
        x, y, to_x, to_y = self.line
        return math.hypot(to_x - x, to_y - y)


def marker_radius() -> float:
    """Pixels that a marker and a little room around it take to each side."""
    return (MARKER / 2 + 1) * DPI / 72


def arrange(
    anchors: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], frame: Box
) -> list[Place]:
    """Places for labels of these sizes near these points: few overlaps, short lines.

    Every label in turn moves to the place that is best given all others, until none wants to.
    Where that ends with labels in each other's way, it is tried again in another order.
    """
    radius = marker_radius()
    markers = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in anchors]
    options = [
        list(_candidates(anchor, size, radius))
        for anchor, size in zip(anchors, sizes, strict=True)
    ]  # fmt: skip
    fixed = [
        [_fixed_cost(option, index, markers, frame) for option in own]
        for index, own in enumerate(options)
    ]
    as_given = range(len(anchors))
    orders = (
        as_given,
        sorted(as_given, key=lambda index: anchors[index][1]),
        sorted(as_given, key=lambda index: anchors[index][0]),
    )
    best: tuple[float, list[Place]] = (math.inf, [])
    for order in orders:
        places = _settle(options, fixed, list(order))
        conflicts = sum(_conflict(a, b) for a, b in itertools.combinations(places, 2))
        if conflicts < best[0]:
            best = (conflicts, places)
        if conflicts == 0:
            break
    return best[1]


def _settle(
    options: Sequence[Sequence[Place]], fixed: Sequence[Sequence[float]], order: Sequence[int]
) -> list[Place]:
    """One option for each label, none of which would be better exchanged alone."""
    chosen: dict[int, Place] = {}
    for _ in range(12):
        before = dict(chosen)
        for index in order:
            others = [place for other, place in chosen.items() if other != index]
            costs = [
                cost + sum(_conflict(option, other) for other in others)
                for option, cost in zip(options[index], fixed[index], strict=True)
            ]
            chosen[index] = options[index][costs.index(min(costs))]
        if chosen == before:
            break
    return [chosen[index] for index in range(len(options))]


def _candidates(
    anchor: tuple[float, float], size: tuple[float, float], radius: float
) -> Iterator[Place]:
    """Places around a point, the nearest first; straight ones are liked better than slanted."""
    x, y = anchor
    width, height = size
    for distance in (1.3, 2.2, 3.6, 5.5, 8.0, 11.0, 14.5, 18.5, 23.0):
        for turn in range(16):
            across, up = math.cos(turn * math.pi / 8), math.sin(turn * math.pi / 8)
            # The middle of the label, so that its edge is `distance` from the point.
            middle_x = x + across * ((distance + 0.4) * radius + width / 2)
            middle_y = y + up * (distance * radius + height / 2)
            box = Box(
                middle_x - width / 2, middle_y - height / 2,
                middle_x + width / 2, middle_y + height / 2,
            )  # fmt: skip
            dislike = {4: 0.0, 0: 2.0, 8: 2.0, 12: 3.0}.get(turn, 12.0)
            yield Place(box, box.grown(4), (x, y, *box.nearest(x, y)), dislike)


def _fixed_cost(place: Place, index: int, markers: Sequence[Box], frame: Box) -> float:
    """What is wrong with a place whatever the other labels do."""
    box = place.roomy
    cost = place.length + place.dislike + 100 * box.outside(frame)
    for other, marker in enumerate(markers):
        cost += 4 * box.overlap(marker)
        if other != index and _crosses(place.line, marker):
            cost += 150
    return cost


def _conflict(one: Place, other: Place) -> float:
    cost = 4 * one.roomy.overlap(other.box)
    if _crosses(one.line, other.roomy) or _crosses(other.line, one.roomy):
        cost += 600
    if _intersect(one.line, other.line):
        cost += 150
    return cost


def _crosses(line: tuple[float, float, float, float], box: Box) -> bool:
    """Whether any part of a line lies inside a box."""
    x, y, to_x, to_y = line
    if max(x, to_x) <= box.left or min(x, to_x) >= box.right:
        return False
    if max(y, to_y) <= box.bottom or min(y, to_y) >= box.top:
        return False
    start, stop = 0.0, 1.0  # the part of the line that may
    for origin, step, low, high in (
        (x, to_x - x, box.left, box.right),
        (y, to_y - y, box.bottom, box.top),
    ):
        if step:
            enter, leave = (low - origin) / step, (high - origin) / step
            start, stop = max(start, min(enter, leave)), min(stop, max(enter, leave))
    return start < stop


def _intersect(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    def side(line: tuple[float, float, float, float], x: float, y: float) -> float:
        return (line[2] - line[0]) * (y - line[1]) - (line[3] - line[1]) * (x - line[0])

    return (
        side(one, *other[:2]) * side(one, *other[2:]) < 0
        and side(other, *one[:2]) * side(other, *one[2:]) < 0
    )
