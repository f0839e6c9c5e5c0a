"""Measuring methods on a folder of pictures under a named protocol."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.information_fidelity import ifc
from srcnn_cli.evaluation.metrics import ms_ssim
from srcnn_cli.evaluation.protocol import Pair, Protocol
from srcnn_cli.evaluation.sources import Source, load
from srcnn_cli.methods.base import Timing, wants_color

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Method


def _per_channel(
    metric: Callable[[NDArray[np.generic], NDArray[np.generic]], float],
) -> Callable[[Pair, NDArray[np.float32]], float]:
    """A metric on planes as one on a pair, averaged over the channels that are compared."""

    def measure(pair: Pair, output: NDArray[np.float32]) -> float:
        image, reference = pair.compared(output)
        if image.ndim == 2:
            return metric(image, reference)
        return statistics.fmean(metric(a, b) for a, b in zip(image, reference, strict=True))

    return measure


METRICS: dict[str, Callable[[Pair, NDArray[np.float32]], float]] = {
    "psnr": Pair.psnr,
    "ssim": Pair.ssim,
    # As the toolbox computes them that the papers' tables were made with.
    "ms_ssim": _per_channel(partial(ms_ssim, metrix=True)),
    "ifc": _per_channel(partial(ifc, metrix=True)),
}


@dataclass(frozen=True)
class Record:
    """What one method reached on one picture.

    Attributes:
        image: Name of the picture.
        width: Of the compared picture before shaving, in pixels.
        height: Likewise.
        method: Name of the method.
        metrics: Value by name.
        load: Seconds for reading the file.
        steps: Seconds of the enlargement, the median over the repetitions.
    """

    image: str
    width: int
    height: int
    method: str
    metrics: Mapping[str, float]
    load: float
    steps: Timing


@dataclass(frozen=True)
class Average:
    """A method's means over all pictures; rates are over prepare, network and post."""

    method: str
    metrics: Mapping[str, float]
    load: float
    steps: Timing
    images_per_second: float
    megapixels_per_second: float


def measure(
    sources: Iterable[Source],
    methods: Sequence[Method],
    *,
    scale: int,
    protocol: Protocol,
    metrics: Sequence[str] = ("psnr", "ssim"),
    repeat: int = 1,
) -> Iterator[list[Record]]:
    """Measure all methods on one picture after the other.

    Args:
        sources: The pictures.
        methods: What to measure.
        scale: Integer factor.
        protocol: The convention.
        metrics: Names from `METRICS`.
        repeat: Timed runs per method and picture, of which the median counts. Before the first
            picture every method runs once untimed.

    Yields:
        The records of one picture, in the order of the methods.

    Raises:
        UsageError: An unknown metric, or a picture too small for one.
        InputError: A file does not serve.
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise UsageError(f"unknown metric {unknown[0]!r}: use {', '.join(METRICS)}")
    warm = False
    for source in sources:
        loaded = load(source)
        pair = loaded.pair(scale, protocol)
        height, width = pair.truth.shape[-2:]
        told = [method.told(pair.levels) for method in methods]
        if not warm:
            for method in told:
                method.enlarge(pair.offered(color=wants_color(method)), height, width)
            warm = True
        records = []
        for method in told:
            low = pair.offered(color=wants_color(method))
            runs = [method.enlarge(low, height, width) for _ in range(repeat)]
            output = runs[0][0]
            try:
                values = {name: METRICS[name](pair, output) for name in metrics}
            except UsageError as error:
                raise InputError(error.reason, source.path) from error
            steps = _median([steps for _, steps in runs])
            records.append(
                Record(source.name, width, height, method.name, values, loaded.seconds, steps)
            )
        yield records


def average(records: Sequence[Record]) -> list[Average]:
    """Means over the pictures, one `Average` per method in the order of the first picture."""
    result = []
    for name in dict.fromkeys(record.method for record in records):
        own = [record for record in records if record.method == name]
        total = sum(record.steps.total for record in own)
        pixels = sum(record.width * record.height for record in own)
        result.append(
            Average(
                method=name,
                metrics={
                    metric: statistics.fmean(record.metrics[metric] for record in own)
                    for metric in own[0].metrics
                },
                load=statistics.fmean(record.load for record in own),
                steps=Timing(
                    *(
                        statistics.fmean(getattr(record.steps, step) for record in own)
                        for step in ("prepare", "network", "merge", "bicubic")
                    )
                ),
                images_per_second=len(own) / total,
                megapixels_per_second=pixels / 1e6 / total,
            )
        )
    return result


def _median(runs: Sequence[Timing]) -> Timing:
    return Timing(
        *(
            statistics.median(getattr(run, step) for run in runs)
            for step in ("prepare", "network", "merge", "bicubic")
        )
    )
