"""Other programs' results under every protocol: what a figure of theirs can be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError
from srcnn_cli.evaluation.benchmark import average, measure
from srcnn_cli.evaluation.protocol import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.evaluation.sources import Source


@dataclass(frozen=True)
class Judged:
    """The averages of somebody's results.

    Attributes:
        name: Of the results.
        protocols: By the name of the protocol the value of each metric; None where the results are
            not of a kind that it compares, such as grey ones where colours count.
    """

    name: str
    protocols: Mapping[str, Mapping[str, float] | None]


def judge(
    sources: Sequence[Source],
    results: Sequence[Results],
    *,
    scale: int,
    protocol: Protocol,
    metrics: Sequence[str],
) -> list[Judged]:
    """Measure results under every named protocol.

    Args:
        sources: The originals.
        results: What was made of them.
        scale: Integer factor.
        protocol: Whose shaving counts for all.
        metrics: Names from `benchmark.METRICS`.
    """
    conventions = [p.changed(crop_border=protocol.crop_border) for p in PROTOCOLS.values()]
    judged = []
    for given in results:
        found: dict[str, Mapping[str, float] | None] = {}
        for convention in conventions:
            try:
                images = measure(
                    sources, (), scale=scale, protocol=convention, metrics=metrics, results=[given]
                )
                (mean,) = average([record for image in images for record in image])
            except InputError:
                found[convention.name] = None
            else:
                found[convention.name] = mean.metrics
        judged.append(Judged(given.name, found))
    return judged
