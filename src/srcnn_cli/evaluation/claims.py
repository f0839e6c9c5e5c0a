"""Which conventions give a PSNR that somebody reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.conventions import KNOWN, around, departures, only
from srcnn_cli.evaluation.explain import common_steps, measure_conventions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from srcnn_cli.evaluation.conventions import Change, Convention, Known
    from srcnn_cli.evaluation.subjects import Subject

# What two sound implementations of one convention may differ by, in dB.
_SLACK = 0.005


@dataclass(frozen=True)
class Claim:
    """A figure that somebody reports.

    Attributes:
        psnr: In dB.
        tolerance: How far a measured value may be from it: half of its last digit, and a little
            for differences between programs.
    """

    psnr: float
    tolerance: float


@dataclass(frozen=True)
class Match:
    """A convention and what it gives.

    Attributes:
        convention: What it is.
        psnr: In dB.
        known: The known convention that it is nearest to.
        departures: What is done in another way than there.
    """

    convention: Convention
    psnr: float
    known: Known
    departures: tuple[Change, ...]

    def describe(self) -> str:
        """The known convention, and what is done in another way."""
        return "; ".join([self.known.label, *(change.label for change in self.departures)])


@dataclass(frozen=True)
class Answer:
    """What was found.

    Attributes:
        fitting: Conventions that give the figure, the one nearest to a known one first.
        nearest: If there are none, those whose figures are nearest.
        combinations: How many were tried.
        most: How many departures from a known convention were tried.
    """

    fitting: tuple[Match, ...]
    nearest: tuple[Match, ...]
    combinations: int
    most: int


def parse_claim(text: str) -> Claim:
    """A figure as it is printed; its digits say how exact it is.

    Raises:
        UsageError: It is no figure in dB.
    """
    whole, _, decimals = text.strip().partition(".")
    if not whole.isdecimal() or (decimals and not decimals.isdecimal()) or not text.isascii():
        raise UsageError(f"{text!r} is not a PSNR in dB, such as 30.39")
    return Claim(float(text), 0.5 * 10.0 ** -len(decimals) + _SLACK)


def find_conventions(
    subjects: Sequence[Subject],
    claim: Claim,
    *,
    most: int = 2,
    advance: Callable[[float], object] | None = None,
) -> Answer:
    """Try all conventions of few departures from a known one.

    Of so many, some give any figure by chance: the fewer departures, the likelier a convention.

    Args:
        subjects: The pictures with what enlarges them.
        claim: What is reported.
        most: How many departures.
        advance: Told how much is done, from 0 to 1.

    Raises:
        UsageError: There are no pictures.
    """
    steps = common_steps(subjects)
    tried = around(steps, most)
    found = measure_conventions(subjects, tried, advance=advance)
    matches = [_match(convention, psnr, steps) for convention, psnr in found.items()]

    def off(match: Match) -> float:
        return abs(match.psnr - claim.psnr)

    matches.sort(key=lambda m: (len(m.departures), round(off(m), 4), KNOWN.index(m.known)))
    # Where two come to the same the simpler one says it all.
    by_figure: dict[float, Match] = {}
    for match in matches:
        by_figure.setdefault(round(match.psnr, 6), match)
    distinct = list(by_figure.values())
    fitting = tuple(match for match in distinct if off(match) <= claim.tolerance)
    nearest = () if fitting else tuple(sorted(distinct, key=off)[:3])
    return Answer(fitting, nearest, len(tried), most)


def _match(convention: Convention, psnr: float, steps: tuple[str, ...]) -> Match:
    candidates = [(departures(convention, only(k.convention, steps)), k) for k in KNOWN]
    found, known = min(candidates, key=lambda candidate: len(candidate[0]))
    return Match(convention, psnr, known, tuple(found))
