"""Why a PSNR does not match the paper: pictures under many conventions, see `conventions`.

OpenCV and Pillow resize here only to show what that changes; everything else in this project goes
through `srcnn_cli.imaging.resize`.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.conventions import KNOWN, STEPS, Change, Convention, neighbours, only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from srcnn_cli.evaluation.subjects import Subject

# From the outside in: what is next to each other has much in common, and is computed once.
_ORDER = ("size", "low", "reduction", "enlargement", "color", "truth", "result", "crop")


@dataclass(frozen=True)
class Effect:
    """What a change of a convention adds to the PSNR in dB.

    Attributes:
        change: What is done in another way.
        alone: With all other steps as in the base.
        least: The least of that, with the other steps as in any of the known conventions.
        most: The most.
    """

    change: Change
    alone: float
    least: float
    most: float


@dataclass(frozen=True)
class Explanation:
    """What each step is worth.

    Attributes:
        psnr: In dB, under the base.
        effects: One for each change: both interpolations first, then in the order of `STEPS`.
        combinations: How many conventions were measured.
        least: The lowest PSNR among them.
        most: The highest.
    """

    psnr: float
    effects: tuple[Effect, ...]
    combinations: int
    least: float
    most: float


def explain(
    subjects: Sequence[Subject],
    base: Convention,
    *,
    advance: Callable[[float], object] | None = None,
) -> Explanation:
    """What every other way of a step does to the PSNR of a method.

    Args:
        subjects: The pictures with what enlarges them; their PSNR is averaged.
        base: What to start from.
        advance: Told how much is done, from 0 to 1.

    Raises:
        UsageError: There are no pictures.
    """
    steps = common_steps(subjects)
    base = only(base, steps)
    starts = list(dict.fromkeys([base, *(only(known.convention, steps) for known in KNOWN)]))
    changes = {start: list(neighbours(start, steps)) for start in starts}
    changed = [c.made_in(start) for start in starts for c in changes[start]]
    found = measure_conventions(subjects, dict.fromkeys([*starts, *changed]), advance=advance)
    effects = []
    for change in changes[base]:
        moved = {
            start: _difference(found[change.made_in(start)], found[start])
            for start in starts
            if change in changes[start]
        }
        effects.append(Effect(change, moved[base], min(moved.values()), max(moved.values())))
    values = found.values()
    return Explanation(found[base], tuple(effects), len(found), min(values), max(values))


def common_steps(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """The steps that make a difference for at least one of the pictures.

    Raises:
        UsageError: There are no pictures.
    """
    if not subjects:
        raise UsageError("there are no pictures to explain")
    steps = {step for subject in subjects for step in subject.steps}
    if len(subjects) > 1:
        steps.add("average")
    return tuple(step for step in STEPS if step in steps)


def measure_conventions(
    subjects: Sequence[Subject],
    conventions: Iterable[Convention],
    *,
    advance: Callable[[float], object] | None = None,
) -> dict[Convention, float]:
    """The PSNR in dB of some pictures under conventions, averaged as these say.

    Args:
        subjects: The pictures with what enlarges them.
        conventions: What to measure.
        advance: Told how much is done, from 0 to 1.
    """
    conventions = list(conventions)
    pictures = list(dict.fromkeys(_of_a_picture(c) for c in conventions))
    total = len(pictures) * sum(subject.pixels for subject in subjects)
    done = 0
    errors: list[Mapping[Convention, float]] = []
    for subject in subjects:
        found = {}
        for convention, error in _errors(subject, pictures):
            found[convention] = error
            done += subject.pixels
            if advance is not None:
                advance(done / total)
        errors.append(found)
        subject.forget()
    result = {}
    for convention in conventions:
        own = [found[_of_a_picture(convention)] for found in errors]
        if convention.average == "error":
            result[convention] = _psnr(statistics.fmean(own))
        else:
            result[convention] = statistics.fmean(map(_psnr, own))
    return result


def _errors(
    subject: Subject, conventions: Sequence[Convention]
) -> Iterator[tuple[Convention, float]]:
    """The mean squared error, in 8-bit code values, under each convention."""

    def order(convention: Convention) -> list[str]:
        ways = convention.steps()
        return [ways[step] for step in _ORDER]

    for convention in sorted(conventions, key=order):
        yield convention, subject.error(convention)


def _of_a_picture(convention: Convention) -> Convention:
    return only(convention, _ORDER)


def _psnr(error: float) -> float:
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def _difference(value: float, base: float) -> float:
    """0 also for two infinite values, as of a flat picture."""
    return 0.0 if value == base else value - base
