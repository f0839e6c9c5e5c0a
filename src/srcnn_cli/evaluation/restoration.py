"""What models gain over bicubic on pictures as people have them: degraded in a dozen ways."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.evaluation.protocol import SRCNN, Pair
from srcnn_cli.evaluation.sources import Source, load
from srcnn_cli.imaging.chain import Chain, parse_chain
from srcnn_cli.imaging.chain_steps import Jpeg
from srcnn_cli.imaging.levels import CLEAN, Levels
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.methods.base import wants_color
from srcnn_cli.pictures.picture import Picture
from srcnn_cli.upscaling.restoring import Restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.methods.base import Method

_ENLARGED = (
    "bicubic", "jpeg:95", "jpeg:85", "jpeg:75", "jpeg:50", "jpeg:30", "noise:3+jpeg:90",
    "noise:8+jpeg:90", "blur:1.2", "area", "linear", "lanczos", "cubic", "nearest",
)  # fmt: skip
_RESTORED = ("jpeg:10", "jpeg:20", "jpeg:30", "jpeg:40", "jpeg:75", "noise:8+jpeg:90")

# Ways to choose a method for a picture: as clean, as it is known to be damaged, and as
# `srcnn upscale` would find out.
CLEAN_NAME, TOLD, AUTO = "", " told", " auto"


@dataclass(frozen=True)
class Gain:
    """Of one method over bicubic, over the pictures of a set.

    Attributes:
        mean: In dB.
        least: That of the picture with the smallest.
        worse: Pictures on which it is below bicubic by more than 0.005 dB.
    """

    mean: float
    least: float
    worse: int


@dataclass(frozen=True)
class Row:
    """One degradation.

    Attributes:
        chain: What it is.
        bicubic: Mean PSNR of bicubic in dB.
        gains: By column.
        recognised: Pictures that are called damaged, by their pixels or as a JPEG file.
    """

    chain: Chain
    bicubic: float
    gains: Mapping[str, Gain]
    recognised: int


def chains_for(scale: int) -> tuple[Chain, ...]:
    """The degradations of the table."""
    return tuple(parse_chain(text) for text in (_ENLARGED if scale > 1 else _RESTORED))


def measure_levels(
    sources: Sequence[Source],
    columns: Mapping[str, Callable[[Levels], Method]],
    *,
    scale: int,
    chains: Sequence[Chain],
    protocol: Protocol = SRCNN,
) -> Iterator[Row]:
    """Measure methods under one degradation after the other.

    Args:
        sources: The pictures.
        columns: By name, what gives the method for a picture that is so damaged; a name that ends
            in `TOLD` is told the truth, one in `AUTO` what was found out, others nothing.
        scale: Integer factor; 1: nothing is enlarged, and bicubic is the damaged picture itself.
        chains: The degradations.
        protocol: The convention, but for the reduction.

    Raises:
        InputError: A file does not serve.
    """
    loaded = [load(source) for source in sources]
    for chain in chains:
        convention = protocol.changed(degrade=chain)
        differences: dict[str, list[float]] = {name: [] for name in columns}
        bicubic, recognised = [], 0
        for picture in loaded:
            pair = picture.pair(scale, convention)
            found = found_levels(pair)
            recognised += found != CLEAN
            bicubic.append(pair.psnr(pair.interpolated))
            done: dict[Method, float] = {}  # what is told and what is found out is often the same
            for name, make in columns.items():
                levels = CLEAN
                if name.endswith((TOLD, AUTO)):
                    levels = pair.levels if name.endswith(TOLD) else found
                method = make(levels)
                if method not in done:
                    low = pair.offered(color=wants_color(method))
                    output, _ = method.enlarge(low, *pair.truth.shape[-2:])
                    done[method] = pair.psnr(output)
                differences[name].append(done[method] - bicubic[-1])
        gains = {
            name: Gain(statistics.fmean(own), min(own), sum(value < -0.005 for value in own))
            for name, own in differences.items()
        }
        yield Row(chain, statistics.fmean(bicubic), gains, recognised)


def found_levels(pair: Pair) -> Levels:
    """What `srcnn upscale` would find out about a pair's low-resolution picture.

    A chain that ends in a JPEG gives a file, which says its quality and its subsampling.
    """
    low = pair.low if pair.low_rgb is None else pair.low_rgb
    pixels = round_to_uint8(np.asarray(low, np.float32))
    steps = pair.protocol.degrade.steps if pair.protocol.degrade is not None else ()
    whole = np.ascontiguousarray(pixels if pixels.ndim == 2 else np.moveaxis(pixels, 0, -1))
    picture = Picture(whole)
    if steps and isinstance(last := steps[-1], Jpeg):
        subsampled = last.subsampling != 444 if whole.ndim == 3 else None
        picture = picture._replace(quality=last.quality, subsampled=subsampled)
    return Restore().find(picture, pair.scale).levels
