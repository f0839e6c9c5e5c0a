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
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.evaluation.results import Results
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


_STEPS = ("prepare", "network", "merge", "bicubic")

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
        steps: Seconds of the enlargement, the median over the repetitions; None: another program
            made it.
    """

    image: str
    width: int
    height: int
    method: str
    metrics: Mapping[str, float]
    load: float
    steps: Timing | None


@dataclass(frozen=True)
class Average:
    """A method's means over all pictures; rates are over prepare, network and post.

    Of what another program made there are neither seconds nor rates.
    """

    method: str
    metrics: Mapping[str, float]
    load: float
    steps: Timing | None
    images_per_second: float | None
    megapixels_per_second: float | None


class Watch:
    """Is told how a measurement goes on; this one does nothing with it."""

    def warmed(self, method: str, seconds_per_pixel: float) -> None:
        """A method has run once untimed, before anything is measured."""

    def ran(self, method: str, pixels: int) -> None:
        """A method has enlarged so many more pixels of a picture, counted in the result."""


def measure(
    sources: Iterable[Source],
    methods: Sequence[Method],
    *,
    scale: int,
    protocol: Protocol,
    metrics: Sequence[str] = ("psnr", "ssim"),
    repeat: int = 1,
    results: Sequence[Results] = (),
    watch: Watch | None = None,
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
        results: What other programs made of the pictures, measured after the methods.
        watch: Is told how it goes on.

    Yields:
        The records of one picture, in the order of the methods.

    Raises:
        UsageError: An unknown metric, or a picture too small for one.
        InputError: A file does not serve.
    """
    unknown = [name for name in metrics if name not in METRICS]
    if unknown:
        raise UsageError(f"unknown metric {unknown[0]!r}: use {', '.join(METRICS)}")
    watch = watch or Watch()
    warm = False
    for source in sources:
        loaded = load(source)
        pair = loaded.pair(scale, protocol)
        height, width = pair.truth.shape[-2:]
        told = [method.told(pair.levels) for method in methods]
        if not warm:
            for method in told:
                _, steps = method.enlarge(pair.offered(color=wants_color(method)), height, width)
                watch.warmed(method.name, steps.total / (height * width))
            warm = True
        records = []
        about = (source.name, width, height)
        for method in told:
            low = pair.offered(color=wants_color(method))
            advance = partial(watch.ran, method.name)
            runs = [method.enlarge(low, height, width, advance=advance) for _ in range(repeat)]
            steps = _median([steps for _, steps in runs])
            values = _values(pair, runs[0][0], metrics, source.path)
            records.append(Record(*about, method.name, values, loaded.seconds, steps))
        for given in results:
            output = given.output(loaded, pair)
            values = _values(pair, output, metrics, given.files[source.name])
            records.append(Record(*about, given.name, values, loaded.seconds, None))
        yield records


def _values(
    pair: Pair, output: NDArray[np.float32], metrics: Sequence[str], path: Path
) -> dict[str, float]:
    try:
        return {name: METRICS[name](pair, output) for name in metrics}
    except UsageError as error:
        raise InputError(error.reason, path) from error


def average(records: Sequence[Record]) -> list[Average]:
    """Means over the pictures, one `Average` per method in the order of the first picture."""
    result = []
    for name in dict.fromkeys(record.method for record in records):
        own = [record for record in records if record.method == name]
        metrics = {
            metric: statistics.fmean(record.metrics[metric] for record in own)
            for metric in own[0].metrics
        }
        load = statistics.fmean(record.load for record in own)
        timed = [record.steps for record in own if record.steps is not None]
        if not timed:
            result.append(Average(name, metrics, load, None, None, None))
            continue
        total = sum(steps.total for steps in timed)
        pixels = sum(record.width * record.height for record in own)
        mean = Timing(*(statistics.fmean(getattr(s, step) for s in timed) for step in _STEPS))
        rates = (len(own) / total, pixels / 1e6 / total)
        result.append(Average(name, metrics, load, mean, *rates))
    return result


def _median(runs: Sequence[Timing]) -> Timing:
    return Timing(*(statistics.median(getattr(run, step) for run in runs) for step in _STEPS))
