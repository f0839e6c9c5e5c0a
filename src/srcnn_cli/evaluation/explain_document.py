"""What `srcnn bench --explain` found, as documents for programs (docs/bench.md)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.evaluation.claims import Answer, Claim, Match
    from srcnn_cli.evaluation.conventions import Change, Known
    from srcnn_cli.evaluation.explain import Explanation


def explanation_document(base: Known, found: Explanation) -> dict[str, Any]:
    """What each other choice moves; PSNR and differences in dB, None where they are infinite."""
    return {
        "protocol": base.name,
        "psnr": _decibels(found.psnr),
        "effects": [
            {
                **_change(effect.change),
                "alone": _decibels(effect.alone),
                "least": _decibels(effect.least),
                "most": _decibels(effect.most),
            }
            for effect in found.effects
        ],
        "combinations": found.combinations,
        "least": _decibels(found.least),
        "most": _decibels(found.most),
    }


def answer_document(claim: Claim, answer: Answer) -> dict[str, Any]:
    """All conventions that give a figure, the likeliest first, or those that come nearest."""
    return {
        "claim": claim.psnr,
        "tolerance": claim.tolerance,
        "combinations": answer.combinations,
        "departures": answer.most,
        "fitting": _matches(answer.fitting),
        "nearest": _matches(answer.nearest),
    }


def _matches(matches: Sequence[Match]) -> list[dict[str, Any]]:
    return [
        {
            "psnr": _decibels(match.psnr),
            "known": match.known.name,
            "departures": [_change(change) for change in match.departures],
            "convention": match.convention.steps(),
        }
        for match in matches
    ]


def _change(change: Change) -> dict[str, Any]:
    return {"steps": list(change.steps), "way": change.way, "choice": change.label}


def _decibels(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
