"""Measuring methods on a folder of pictures under a named protocol."""

from __future__ import annotations

import hashlib
import os
import re
import statistics
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from srcnn_cli.batch import find_pictures
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.files import describe_os_error
from srcnn_cli.image import read_8bit
from srcnn_cli.information_fidelity import ifc
from srcnn_cli.methods import Steps, wants_color
from srcnn_cli.metrics import ms_ssim
from srcnn_cli.protocol import Pair, Protocol, make_pair, pair_with_low

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.methods import Method


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
class Source:
    """A picture to measure on, and its low-resolution partner if that is given."""

    path: Path
    low: Path | None = None

    @property
    def name(self) -> str:
        """The file's name without its extension."""
        # A name that is no text, which a file system may hold, could not be printed.
        return os.fsencode(self.path.stem).decode("utf-8", "replace")


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
    steps: Steps


@dataclass(frozen=True)
class Average:
    """A method's means over all pictures; rates are over prepare, network and post."""

    method: str
    metrics: Mapping[str, float]
    load: float
    steps: Steps
    images_per_second: float
    megapixels_per_second: float


def find_sources(folder: Path, low_folder: Path | None = None) -> tuple[list[Source], int]:
    """The pictures of a test set, paired by name with given low-resolution files.

    A low-resolution file belongs to a picture if its stem is the same, or the same with ``x3``,
    ``_LR``, ``LRBI`` and the like appended, or with ``HR`` in place of ``LR``.

    Returns:
        The sources by name, and how many files were passed over as no pictures.

    Raises:
        InputError: A folder is missing or empty, or a picture has no partner or more than one.
    """
    pictures, others = find_pictures(folder, recursive=False)
    names: dict[str, Path] = {}
    for path in pictures:
        other = names.setdefault(path.stem, path)
        if other != path:
            raise InputError(f"has the name of {other.name}: which of the two is meant?", path)
    if low_folder is None:
        return [Source(path) for path in pictures], others
    candidates, _ = find_pictures(low_folder, recursive=False)
    sources = []
    for path in pictures:
        partners = [c for c in candidates if c.stem == path.stem] or [
            c for c in candidates if _bare_stem(c) == _bare_stem(path)
        ]
        if len(partners) != 1:
            found = " and ".join(p.name for p in partners[:2]) or "none"
            raise InputError(
                f"needs one low-resolution partner in {low_folder}, found {found}", path
            )
        sources.append(Source(path, partners[0]))
    return sources, others


def _bare_stem(path: Path) -> str:
    stem = path.stem.lower()
    previous = ""
    while previous != stem:
        previous = stem
        for mark in ("_lrbi", "_lr", "_hr", "_gt", "-lr", "-hr", "lr", "_"):
            stem = stem.removesuffix(mark) or stem
        stem = re.sub(r"(?<=.)x(1[0-6]|[2-9])$", "", stem)
    return stem


@dataclass(frozen=True, eq=False)
class Loaded:
    """A source that was read.

    Attributes:
        source: Its files.
        pixels: uint8 (H, W) or (H, W, 3), the picture.
        low: Likewise, its low-resolution partner if that was given.
        seconds: For reading.
    """

    source: Source
    pixels: NDArray[np.uint8]
    low: NDArray[np.uint8] | None
    seconds: float

    def pair(self, scale: int, protocol: Protocol) -> Pair:
        """The picture as a test pair.

        Raises:
            InputError: It is too small, or the partner's size does not fit.
        """
        smallest = 2 * protocol.border(scale) + 11  # SSIM's window must fit after shaving
        height, width = self.pixels.shape[:2]
        if min(height, width) // scale * scale < smallest:
            raise InputError(
                f"{width}x{height} is too small: at scale {scale}, with "
                f"{protocol.border(scale)} pixels shaved off, {smallest}x{smallest} are needed",
                self.source.path,
            )
        try:
            if self.low is None:
                return make_pair(self.pixels, scale, protocol)
            return pair_with_low(self.pixels, self.low, scale, protocol)
        except UsageError as error:
            raise InputError(error.reason, self.source.low or self.source.path) from error


def load(source: Source) -> Loaded:
    """Read a source.

    Raises:
        InputError: A file is unreadable.
    """
    started = time.perf_counter()
    pixels = read_8bit(source.path)
    low = None if source.low is None else read_8bit(source.low)
    return Loaded(source, pixels, low, time.perf_counter() - started)


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
        if not warm:
            for method in methods:
                method.enlarge(pair.offered(color=wants_color(method)), height, width)
            warm = True
        records = []
        for method in methods:
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
                steps=Steps(
                    *(
                        statistics.fmean(getattr(record.steps, step) for record in own)
                        for step in ("prepare", "network", "post")
                    )
                ),
                images_per_second=len(own) / total,
                megapixels_per_second=pixels / 1e6 / total,
            )
        )
    return result


def data_sha256(sources: Iterable[Source]) -> str:
    """One checksum over the names and contents of all files, in their order."""
    digest = hashlib.sha256()
    for source in sources:
        for path in (source.path, source.low):
            if path is not None:
                try:
                    content = path.read_bytes()
                except OSError as error:
                    raise InputError(f"cannot be read: {describe_os_error(error)}", path) from error
                digest.update(os.fsencode(path.name) + b"\0" + content)
    return digest.hexdigest()


def _median(runs: Sequence[Steps]) -> Steps:
    return Steps(
        *(
            statistics.median(getattr(run, step) for run in runs)
            for step in ("prepare", "network", "post")
        )
    )
