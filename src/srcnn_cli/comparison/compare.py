"""One picture through several methods: figures, and the pixels that a sheet or a page shows.

Figures are those of `bench`; `rendering` says what the pixels are.

Memory stays bounded: the methods run one after the other, what is kept of each is 8-bit, metrics
are taken in bands, and without a reference a large result is never whole but made part by part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.comparison.differences import Differences, check_crops, surround
from srcnn_cli.comparison.rendering import ORIGINAL, ResultsInParts, WholeResults
from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.benchmark import Record, Watch
from srcnn_cli.evaluation.protocol import SRCNN, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.evaluation.sources import Source
    from srcnn_cli.imaging.regions import Region
    from srcnn_cli.methods.base import Method, Timing

    Pixels = NDArray[np.uint8]

# A larger result is shown whole only reduced, and its details at full size.
MAX_WHOLE_PIXELS = 4_000_000
# Details chosen for a picture that is shown whole, and for one that is shown reduced.
_DETAILS, _DETAILS_OF_LARGE = 1, 3


@dataclass(frozen=True)
class Request:
    """What to compare, and how.

    Attributes:
        scale: Integer factor.
        protocol: How the low-resolution picture is made and what is compared.
        reference: False: there is no truth, the picture itself is enlarged.
        crops: Details to show, in pixels of the result; none: where the methods differ most.
        errors: Keep the signed errors of luminance for the details.
    """

    scale: int = 3
    protocol: Protocol = SRCNN
    reference: bool = True
    crops: tuple[Region, ...] = ()
    errors: bool = False

    def describe(self) -> str:
        """One line that says under which conditions everything is made."""
        if not self.reference:
            return "no reference: the picture itself is enlarged, to compare by eye"
        return f"protocol {self.protocol.describe()}"


@dataclass(frozen=True, eq=False)
class Panel:
    """What one method made of the picture; the first panel may be the original.

    Attributes:
        name: Of the method, or ``original``.
        metrics: PSNR and SSIM by name; empty for the original and without a reference.
        steps: Seconds; None for the original and for what another program made.
        whole: uint8 (H, W, 3), the whole picture, reduced as `Comparison.reduction` says.
        details: uint8 (h, w, 3) for each of `Comparison.surroundings`.
        errors: int16 (h, w) for each of them: luminance minus that of the original, in 8-bit code
            values; empty if not asked for.
        original: Whether this is the original.
    """

    name: str
    metrics: Mapping[str, float]
    steps: Timing | None
    whole: Pixels
    details: tuple[Pixels, ...]
    errors: tuple[NDArray[np.int16], ...] = ()
    original: bool = False


@dataclass(frozen=True, eq=False)
class Comparison:
    """A picture, and what the methods made of it.

    Attributes:
        image: Name of the picture.
        width: Of the result, in pixels.
        height: Likewise.
        request: What was asked for.
        load: Seconds for reading the files.
        reduction: How many pixels of the result became one of `Panel.whole` along each axis.
        crops: The details to show.
        surroundings: For each of them a larger region around it, or itself.
        panels: The original, if there is one, and the methods in their order.
    """

    image: str
    width: int
    height: int
    request: Request
    load: float
    reduction: int
    crops: tuple[Region, ...]
    surroundings: tuple[Region, ...]
    panels: tuple[Panel, ...]

    def records(self) -> list[Record]:
        """The figures of the methods as `bench` has them."""
        return [
            Record(
                self.image, self.width, self.height, p.name, p.metrics, self.load, p.steps
            )
            for p in self.panels
            if not p.original
        ]  # fmt: skip


def compare(
    source: Source,
    methods: Sequence[Method],
    request: Request,
    *,
    given: Sequence[Results] = (),
    watch: Watch | None = None,
) -> Comparison:
    """Run methods on a picture.

    Args:
        source: The high-resolution picture, with or without a given low-resolution one; without a
            reference, the picture to enlarge.
        methods: What to compare, each under a name of its own.
        request: See `Request`.
        given: What other programs made of the picture, shown after the methods.
        watch: Is told how it goes on.

    Raises:
        UsageError: There are no methods, two have one name, or a crop reaches outside.
        InputError: A file does not serve.
    """
    names = [*(method.name for method in methods), *(result.name for result in given)]
    if not names:
        raise UsageError("there are no methods to compare: name some (--methods, --model)")
    if len(set(names)) < len(names):
        raise UsageError(f"two methods have the name {max(names, key=names.count)}")
    results = _results(source, methods, request, given, watch or Watch())
    height, width = results.height, results.width
    check_crops(request.crops, height, width)
    results.run()
    reduction = max(1, math.ceil(math.sqrt(height * width / MAX_WHOLE_PIXELS)))
    differences = Differences(height, width, reduction, results.names, ignore=_ignored(results))
    for region in differences.regions(MAX_WHOLE_PIXELS):
        differences.add(region, results.part(region))
    count = _DETAILS if reduction == 1 else _DETAILS_OF_LARGE
    margin = request.protocol.border(request.scale)
    crops = request.crops or differences.choose(count, margin)
    surroundings = tuple(surround(c, height, width, grow=reduction > 1) for c in crops)
    seconds = dict(results.steps)  # the details are not counted a second time
    details = [results.part(region) for region in surroundings]
    errors = (
        [results.error(region) for region in surroundings]
        if request.errors and isinstance(results, WholeResults)
        else []
    )
    panels = tuple(
        Panel(
            name, results.metrics.get(name, {}), seconds.get(name), whole,
            tuple(_in_color(detail[index]) for detail in details),
            tuple(error[index] for error in errors),
            original=name == ORIGINAL and index == 0 and request.reference,
        )
        for index, (name, whole) in enumerate(
            zip(results.names, map(_in_color, differences.wholes()), strict=True)
        )
    )  # fmt: skip
    return Comparison(
        source.name, width, height, request, results.load, reduction, crops, surroundings, panels
    )


def _results(
    source: Source,
    methods: Sequence[Method],
    request: Request,
    given: Sequence[Results],
    watch: Watch,
) -> WholeResults | ResultsInParts:
    if not request.reference:
        return ResultsInParts(source, methods, request.scale, given=given, watch=watch)
    return WholeResults(
        source, methods, request.scale, request.protocol,
        given=given, luma=request.errors, watch=watch,
    )  # fmt: skip


def _ignored(results: WholeResults | ResultsInParts) -> set[str]:
    """The original is no method; nearest differs at every edge and would drown the others."""
    for ignored in ({ORIGINAL, "nearest"}, {ORIGINAL}):
        if len(set(results.names) - ignored) > 1:
            return ignored
    return set()


def _in_color(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels if pixels.ndim == 3 else np.dstack([pixels] * 3))
