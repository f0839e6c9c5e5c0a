"""What methods make of one picture: whole and measured with a reference, in parts without one.

Figures are those of `bench`. What is *shown* is in colour: where luminance is compared, as in the
papers, it is the method's Y' together with Cb and Cr of the degraded colour picture, enlarged
bicubically (by an interpolation's own kernel for an interpolation), and rounded once. A colour
network shows its own colours.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.evaluation.benchmark import Watch
from srcnn_cli.evaluation.protocol import Pair, Protocol
from srcnn_cli.evaluation.results import read_result
from srcnn_cli.evaluation.sources import load
from srcnn_cli.imaging.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.imaging.regions import Region
from srcnn_cli.imaging.resize import Resampler, modcrop
from srcnn_cli.imaging.rounding import round_to_uint8, to_uint8
from srcnn_cli.methods.base import Timing, wants_color

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.evaluation.sources import Source
    from srcnn_cli.methods.base import Method

    Pixels = NDArray[np.uint8]
    _Chroma = NDArray[np.float32] | None

ORIGINAL = "original"
# Measured at once: the double-precision planes of SSIM are then 220 MB, however large the picture.
BAND_PIXELS = 2_000_000


def figures(pair: Pair, output: NDArray[Any]) -> dict[str, float]:
    """PSNR and SSIM of a method's output, in bands if the picture is large."""
    border = pair.protocol.border(pair.scale)
    height, width = (side - 2 * border for side in pair.truth.shape[-2:])
    count = max(1, round(height * width / BAND_PIXELS))
    if count == 1 or height < 32 * count:
        return {"psnr": pair.psnr(output), "ssim": pair.ssim(output)}
    plain = replace(pair.protocol, crop_border=0)
    columns = slice(border, border + width)

    def band(start: int, stop: int) -> tuple[Pair, NDArray[Any]]:
        rows = slice(border + start, border + stop)
        truth = pair.truth[..., rows, columns]
        return Pair(truth, pair.low, pair.scale, plain), output[..., rows, columns]

    squared = similar = 0.0
    # SSIM's window of 11 rows lies inside: 5 rows beside each of its centres.
    centres = height - 10
    for index in range(count):
        start, stop = (height * i // count for i in (index, index + 1))
        truth, result = band(start, stop)
        squared += (stop - start) * 10 ** (-truth.psnr(result) / 10)
        start, stop = (centres * i // count for i in (index, index + 1))
        truth, result = band(start, stop + 10)
        similar += (stop - start) * truth.ssim(result)
    psnr = math.inf if squared == 0 else -10 * math.log10(squared / height)
    return {"psnr": psnr, "ssim": similar / centres}


class WholeResults:
    """Results with a reference: measured as a whole, then kept in 8 bits.

    Args:
        source: The high-resolution picture, with or without a given low-resolution one.
        methods: What to run.
        scale: Integer factor.
        protocol: The convention.
        given: What other programs made of the picture.
        luma: Keep luminance too, for `error`.
        watch: Is told how it goes on.

    Attributes:
        height: Rows of the results.
        width: Columns of the results.
        load: Seconds for reading the files.
        names: Of the results, the original first.
        metrics: PSNR and SSIM by method.
        steps: Seconds by method.
    """

    def __init__(
        self,
        source: Source,
        methods: Sequence[Method],
        scale: int,
        protocol: Protocol,
        *,
        given: Sequence[Results] = (),
        luma: bool = False,
        watch: Watch,
    ) -> None:
        self._loaded = loaded = load(source)
        pair, pixels, self.load = loaded.pair(scale, protocol), loaded.pixels, loaded.seconds
        low_rgb = pair.low_rgb
        # Made now, so that the pair need not hold the picture that it is made from.
        self._pair = replace(pair, colors=None if low_rgb is None else lambda: low_rgb)
        self._picture = np.ascontiguousarray(
            np.moveaxis(modcrop(np.moveaxis(pixels, (0, 1), (-2, -1)), scale),
                        (-2, -1), (0, 1))
        )  # fmt: skip
        self.height, self.width = self._pair.truth.shape[-2:]
        self._chroma = None
        if low_rgb is not None and pair.truth.ndim == 2:
            self._chroma = ycbcr_from_rgb(low_rgb)[1:]
        self._methods = [method.told(pair.levels) for method in methods]
        self._given, self._watch = given, watch
        self._keep_luma = luma
        self.names = [ORIGINAL, *(method.name for method in methods), *(g.name for g in given)]
        self.metrics: dict[str, dict[str, float]] = {}
        self.steps: dict[str, Timing] = {}
        self._panels = [self._picture]
        truth = self._pair.truth
        self._luma = [to_uint8(truth) if truth.ndim == 2 else luminance_uint8(self._picture)]

    def run(self) -> None:
        """Run and measure every method."""
        warm_up(self._methods, self._offered, self._watch)
        for method in self._methods:
            advance = partial(self._watch.ran, method.name)
            output, steps = method.enlarge(
                self._offered(method), self.height, self.width, advance=advance
            )
            self.steps[method.name] = steps
            chroma = _chroma_beside(method, self._offered(method), self._chroma)
            self._keep(method.name, output, method.kernel, chroma)
        for given in self._given:
            output = given.output(self._loaded, self._pair)
            self._keep(given.name, output, "bicubic", self._chroma)

    def _keep(self, name: str, output: NDArray[np.float32], kernel: str, chroma: _Chroma) -> None:
        self.metrics[name] = figures(self._pair, output)
        self._panels.append(_rendered(output, chroma, kernel))
        if self._keep_luma:
            output = self._pair.like_truth(output)
            panel = self._panels[-1]
            luma = round_to_uint8(output) if output.ndim == 2 else luminance_uint8(panel)
            self._luma.append(luma)

    def part(self, region: Region) -> list[Pixels]:
        """The pixels of each result in a region."""
        return [_cut(panel, region) for panel in self._panels]

    def error(self, region: Region) -> list[NDArray[np.int16]]:
        """Luminance of each result minus that of the original, in 8-bit code values."""
        truth = _cut(self._luma[0], region).astype(np.int16)
        return [_cut(luma, region).astype(np.int16) - truth for luma in self._luma]

    def _offered(self, method: Method) -> NDArray[np.floating[Any]]:
        return self._pair.offered(color=wants_color(method))


class ResultsInParts:
    """Results without a reference: any part of them is made when it is asked for.

    Args:
        source: The picture to enlarge.
        methods: What to run.
        scale: Integer factor.
        given: What other programs made of the picture.
        watch: Is told how it goes on.

    Attributes: see `WholeResults`; ``steps`` grow with each part that is made.
    """

    def __init__(
        self,
        source: Source,
        methods: Sequence[Method],
        scale: int,
        *,
        given: Sequence[Results] = (),
        watch: Watch | None = None,
    ) -> None:
        loaded = load(source)
        self._pixels, self.load = loaded.pixels, loaded.seconds
        self._scale = scale
        self.height, self.width = (side * scale for side in self._pixels.shape[:2])
        self._methods, self._watch = methods, watch or Watch()
        size = (self.height, self.width)
        self._given = [read_result(g.files[source.name], size) for g in given]
        self.names = [method.name for method in methods]
        self.metrics: dict[str, dict[str, float]] = {}
        self.steps = {name: Timing() for name in self.names}
        self.names += [g.name for g in given]

    def run(self) -> None:
        """Nothing but the untimed first runs."""
        height, width = self._pixels.shape[:2]
        corner = Region(0, 0, min(64, height), min(64, width))
        warm_up(self._methods, _Planes(_cut(self._pixels, corner)).offered, self._watch)

    def part(self, region: Region) -> list[Pixels]:
        """The pixels of each result in a region; their seconds are added up."""
        scale = self._scale
        inner = Region(
            region.top // scale, region.left // scale,
            -(-region.bottom // scale), -(-region.right // scale),
        )  # fmt: skip
        parts = []
        for method in self._methods:
            # With as much around the part as the method looks at, so that the part is the same
            # as that of the whole picture's result.
            source = inner.grown(method.reach(scale), *self._pixels.shape[:2])
            source = source.begun_at_multiples(method.step)
            planes = _Planes(_cut(self._pixels, source))
            height, width = source.height * scale, source.width * scale
            top, left = region.top - source.top * scale, region.left - source.left * scale
            cut = Region(top, left, top + region.height, left + region.width)
            output, steps = method.enlarge(planes.offered(method), height, width)
            self.steps[method.name] += steps
            self._watch.ran(method.name, region.height * region.width)
            chroma = _chroma_beside(method, planes.offered(method), planes.chroma)
            parts.append(_cut(_rendered(output, chroma, method.kernel), cut))
        return [*parts, *(_cut(pixels, region) for pixels in self._given)]


class _Planes:
    """A picture to enlarge, (h, w) or (h, w, 3) uint8, as methods take it.

    Attributes:
        chroma: Cb and Cr; None of grey.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.chroma: NDArray[np.float32] | None = None
        if pixels.ndim == 2:
            self._rgb = self._luminance = pixels / 255
            return
        self._rgb = np.moveaxis(pixels, -1, 0) / 255
        ycbcr = ycbcr_from_rgb(self._rgb)
        self._luminance, self.chroma = ycbcr[0].astype(np.float64), ycbcr[1:]

    def offered(self, method: Method) -> NDArray[np.float64]:
        """What a method gets: luminance, or R'G'B' if it is for colour; grey as it is."""
        return self._rgb if wants_color(method) else self._luminance


def warm_up(
    methods: Sequence[Method],
    offered: Callable[[Method], NDArray[np.floating[Any]]],
    watch: Watch,
) -> None:
    """Each method once, untimed, on a corner: threads and libraries start with the first run.

    A second run says about how long it takes for a pixel.
    """
    for method in methods:
        corner = np.ascontiguousarray(offered(method)[..., :64, :64])
        height, width = 2 * corner.shape[-2], 2 * corner.shape[-1]
        method.enlarge(corner, height, width)
        _, steps = method.enlarge(corner, height, width)
        watch.warmed(method.name, steps.total / (height * width))


def _chroma_beside(method: Method, offered: NDArray[np.floating[Any]], chroma: _Chroma) -> _Chroma:
    """What a method makes of Cb and Cr before they are interpolated beside its luminance."""
    if chroma is None or wants_color(method):
        return chroma
    return method.beside(np.asarray(offered, np.float32)[None], chroma)


def _rendered(
    output: NDArray[np.float32], chroma: NDArray[np.float32] | None, kernel: str
) -> Pixels:
    """A method's output as 8-bit pixels to look at, (H, W, 3) or (H, W), made in bands."""
    height, width = output.shape[-2:]
    colored = output.ndim == 3 or chroma is not None
    result = np.empty((height, width, 3) if colored else (height, width), np.uint8)
    resampler: Resampler | None = None
    for start in range(0, height, 64):
        band = output[..., start : start + 64, :]
        if chroma is not None and output.ndim == 2:
            resampler = resampler or Resampler(chroma.shape[-2:], (height, width), kernel=kernel)
            colors = resampler.rows(chroma, start, start + band.shape[-2])
            band = rgb_from_ycbcr(np.concatenate([band[None], colors]))
        rounded = round_to_uint8(band)
        result[start : start + 64] = np.moveaxis(rounded, 0, -1) if colored else rounded
    return result


def _cut(pixels: NDArray[Any], region: Region) -> NDArray[Any]:
    return pixels[region.top : region.bottom, region.left : region.right]
