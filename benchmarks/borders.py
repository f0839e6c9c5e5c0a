"""What border policies do to the outermost pixels of whole pictures, and whether they draw a frame.

Two tables, in Markdown. Protocol ``srcnn``, but nothing is shaved off: mean PSNR of Y' over whole
pictures, and over their outermost 8 pixels alone. Then two pictures on which every error is seen: a
flat grey field, and a ramp that rises by 60 levels from left to right and as much from top to
bottom. Of these the largest deviation from the truth is printed, in levels of 8 bits, clipped but
not rounded, over the outermost 8 pixels under every policy; and what the model makes of the inside,
where policies play no part. The ramp of low resolution is exactly a ramp; what bicubic
interpolation, with its symmetric edges, makes of it stands beside the networks.

    python benchmarks/borders.py ../shared/data/Set14               # all shipped weights
    python benchmarks/borders.py ../shared/data/Set14 srcnn-9-1-5-x3 runs/own/best.safetensors
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import find_sources, load
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.methods.base import wants_color
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.config import BORDER_POLICIES
from srcnn_cli.models.weights import load_weights
from weights_files import weights_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from srcnn_cli.evaluation.protocol import Pair
    from srcnn_cli.methods.base import Method

WIDTH = 8  # pixels of the result that count as its border, on each side

_LOW = (60, 80)  # rows and columns of the flat field and of the ramp, in low resolution
_GREY, _DARKEST, _RISE = 126.0, 66.0, 60.0  # levels


class Means(NamedTuple):
    """Mean PSNR in dB over some pictures.

    Attributes:
        whole: Over all pixels.
        border: Over the outermost ones.
    """

    whole: float
    border: float


class Deviations(NamedTuple):
    """Largest absolute deviations from the truth in levels of 8 bits.

    Attributes:
        inside: Of all but the outermost pixels.
        border: Of those.
    """

    inside: float
    border: float


def border_mask(height: int, width: int) -> NDArray[np.bool_]:
    """Which pixels of (H, W) are the outermost ones."""
    mask = np.ones((height, width), bool)
    mask[WIDTH:-WIDTH, WIDTH:-WIDTH] = False
    return mask


def picture_figures(pairs: Sequence[Pair], method: Method) -> Means:
    """PSNR of whole pictures without shaving, and of their borders."""
    whole, border = [], []
    for pair in pairs:
        low = pair.offered(color=wants_color(method))
        output, _ = method.enlarge(low, *pair.truth.shape)
        rounded = round_to_uint8(pair.like_truth(output))
        mask = border_mask(*pair.truth.shape)
        whole.append(psnr(rounded, pair.truth))
        border.append(psnr(rounded[mask], pair.truth[mask]))
    return Means(fmean(whole), fmean(border))


def deviations(low: NDArray[np.float64], truth: NDArray[np.float64], method: Method) -> Deviations:
    """How far a method's result lies from what it should be.

    Args:
        low: (h, w) grey in levels.
        truth: (H, W) in levels.
        method: Enlarges the one to the size of the other.
    """
    output, _ = method.enlarge(low / 255, *truth.shape)
    error = np.abs(np.clip(output.astype(np.float64), 0, 1) * 255 - truth)
    mask = border_mask(*truth.shape)
    return Deviations(float(error[~mask].max()), float(error[mask].max()))


def flat(scale: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A grey field: low resolution and truth, in levels."""
    return np.full(_LOW, _GREY), np.full([side * scale for side in _LOW], _GREY)


def ramp(scale: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A ramp: low resolution and truth, in levels; both have its values where their pixels are."""

    def sampled(factor: int) -> NDArray[np.float64]:
        rows, columns = ((np.arange(side * factor) + 0.5) / (side * factor) for side in _LOW)
        values: NDArray[np.float64] = _DARKEST + _RISE * (rows[:, None] + columns)
        return values

    return sampled(1), sampled(scale)


def picture_table(pairs: dict[int, list[Pair]], rows: Sequence[_Row]) -> list[str]:
    """Markdown: PSNR under every policy."""
    policies = " | ".join(BORDER_POLICIES)
    lines = [
        f"| model | scale | own policy | {policies} | {policies} |",
        f"|---|---|---|{'---|' * (2 * len(BORDER_POLICIES))}",
    ]
    for row in rows:
        means = [picture_figures(pairs[row.scale], method) for method in row.methods]
        values = [*(m.whole for m in means), *(m.border for m in means)]
        cells = [_number(value) for value in values]
        if len(means) == 1:  # an interpolation
            blank = [""] * (len(BORDER_POLICIES) - 1)
            cells = [cells[0], *blank, cells[1], *blank]
        lines.append(f"| {row.name} | ×{row.scale} | {row.own} | {' | '.join(cells)} |")
    return lines


def frame_table(rows: Sequence[_Row]) -> list[str]:
    """Markdown: deviations on the flat field and on the ramp."""
    columns = ("inside", *BORDER_POLICIES)
    fields = [f"{picture}, {column}" for picture in ("flat", "ramp") for column in columns]
    lines = [
        f"| model | scale | own policy | {' | '.join(fields)} |",
        f"|---|---|---|{'---|' * len(fields)}",
    ]
    for row in rows:
        cells: list[str] = []
        for low, truth in (flat(row.scale), ramp(row.scale)):
            own = [deviations(low, truth, method) for method in row.methods]
            # Beyond the receptive radius it is the same for all policies; the least is that.
            cells.append(_number(min(deviation.inside for deviation in own)))
            cells += [_number(deviation.border) for deviation in own]
            cells += [""] * (len(BORDER_POLICIES) - len(own))
        lines.append(f"| {row.name} | ×{row.scale} | {row.own} | {' | '.join(cells)} |")
    return lines


class _Row(NamedTuple):
    """What a line of the tables is about: one method, or one for every policy in their order."""

    name: str
    scale: int
    own: str
    methods: list[Method]


def rows_of(names: Sequence[str]) -> list[_Row]:
    """A row for every weights file and scale, those of bicubic interpolation first."""
    rows = []
    for name, path in weights_files(names).items():
        config, tensors = load_weights(path)
        methods: list[Method] = [
            Network(border, make_engine(replace(config, border=border), tensors, "cpu"))
            for border in BORDER_POLICIES
        ]
        rows += [_Row(name, scale, config.border, methods) for scale in config.scales]
    scales = sorted({row.scale for row in rows})
    return [_Row("bicubic", scale, "", [Interpolation("bicubic")]) for scale in scales] + rows


def _number(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.2f}"


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, metavar="FOLDER")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="none: all shipped weights")
    options = parser.parse_args()
    rows = rows_of(options.models)
    loaded = [load(source) for source in find_sources(options.pictures)[0]]
    pairs = {row.scale: [picture.pair(row.scale, SRCNN) for picture in loaded] for row in rows}
    print(
        f"{options.pictures.resolve().name}, {len(loaded)} pictures, protocol srcnn without "
        f"shaving, PSNR of Y' in dB: whole pictures, then their outermost {WIDTH} pixels.\n"
    )
    print("\n".join(picture_table(pairs, rows)), flush=True)
    print(
        f"\nLargest deviation in levels of 8 bits from a flat field of {_GREY:g} and from a ramp "
        f"of {_DARKEST:g} to {_DARKEST + 2 * _RISE:g}, inside and over the outermost {WIDTH} "
        "pixels.\n"
    )
    print("\n".join(frame_table(rows)))


if __name__ == "__main__":
    main()
