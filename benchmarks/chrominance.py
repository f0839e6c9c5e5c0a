"""What the network for colours gains over interpolated ones, in R'G'B' and in chrominance.

Both results have the same luminance, restored by a model that is told the damage, or that finds out
as `srcnn upscale` does (--auto). PSNR in dB, 8-bit
R'G'B' (and float Cb and Cr, full white being 1), as many pixels shaved off as the scale.

    python benchmarks/chrominance.py shared/data/Set14 --model subpixel-l --scale 2
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.protocol import SRCNN, Pair, make_pair
from srcnn_cli.evaluation.restoration import found_levels
from srcnn_cli.evaluation.sources import Source, find_sources, load
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.selection import Candidates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

CHAINS = (
    "jpeg:85", "jpeg:75", "jpeg:50", "jpeg:30", "jpeg:75:444", "noise:8+jpeg:90", "noise:8",
)  # fmt: skip
# Of a picture in which no pixel's channels differ by more than this many levels there is no colour.
COLORLESS = 8


def pairs_of(sources: Iterable[Source], scale: int, chain: str) -> list[Pair]:
    """The pictures with colours, degraded."""
    protocol = SRCNN.changed(color="rgb", degrade=parse_chain(chain))
    pixels = [load(source).pixels for source in sources]
    colored = [p for p in pixels if p.ndim == 3 and int(np.ptp(p, axis=2).max()) > COLORLESS]
    return [make_pair(picture, scale, protocol) for picture in colored]


def chrominance_psnr(pair: Pair, rgb: NDArray[np.float32]) -> float:
    """PSNR of Cb and Cr together in dB."""
    inside = slice(pair.scale, -pair.scale)
    found, true = (ycbcr_from_rgb(planes)[1:, inside, inside] for planes in (rgb, pair.truth / 255))
    return float(-10 * np.log10(np.mean(np.square(found - true))))


def measure(
    pair: Pair, candidates: Candidates, *, auto: bool = False
) -> tuple[float, float, float, float]:
    """R'G'B' with interpolated and with restored colours, and their chrominance."""
    levels = pair.levels
    if auto:
        levels = candidates.worth_undoing(pair.scale, found_levels(pair))
    method = candidates.method(pair.scale, "cpu", levels)
    height, width = pair.truth.shape[-2:]
    restored, _ = method.enlarge(pair.low, height, width)
    colors = resize(ycbcr_from_rgb(pair.low)[1:], height, width)
    plain = rgb_from_ycbcr(np.concatenate([ycbcr_from_rgb(restored)[:1], colors]))
    return (
        psnr(*pair.compared(plain)),
        psnr(*pair.compared(restored)),
        chrominance_psnr(pair, plain),
        chrominance_psnr(pair, restored),
    )


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--model", default="subpixel-s")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--degrade", nargs="*", default=CHAINS)
    parser.add_argument("--auto", action="store_true", help="the damage is found, not told")
    options = parser.parse_args()
    candidates = Candidates(options.model)
    sources = find_sources(options.pictures).sources
    print("| low resolution | R'G'B' | with colours restored | least | Cb, Cr | restored |")
    print("|---|---|---|---|---|---|")
    for chain in options.degrade:
        pairs = pairs_of(sources, options.scale, chain)
        found = [measure(pair, candidates, auto=options.auto) for pair in pairs]
        plain, restored, before, after = map(fmean, zip(*found, strict=True))
        least = min(own[1] - own[0] for own in found)
        print(
            f"| {chain} | {plain:.2f} | {restored - plain:+.2f} | {least:+.2f} | {before:.2f} "
            f"| {after - before:+.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
