"""What colour networks gain on each channel: PSNR of Y', Cb, Cr and R'G'B', averaged over a folder.

As in the table of colour channels (Dong et al., TPAMI 2016, Table 5): the truth is the original in
8-bit Y'CbCr, which is reduced bicubically in floating point; every method gets the colours of that
and is measured on Y', Cb and Cr, each rounded to 8 bits, as many pixels shaved off each side as the
scale says. ``YCbCr`` is over the three planes together, which is what the paper prints as its
figure of the colour image (bicubic has 34.57 there); ``R'G'B'`` is over the original's own channels
and stands in no table. Grey pictures are left out. Networks of luminance alone leave bicubic's Cb
and Cr.

    python benchmarks/color_channels.py srcnn-9-1-5 runs/rgb/best.safetensors --set ../Set5
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.cli._methods import Choice
from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.published import published_figures, recognise_dataset
from srcnn_cli.evaluation.sources import find_sources
from srcnn_cli.imaging.color import rgb_from_ycbcr, ycbcr_from_rgb
from srcnn_cli.imaging.resize import modcrop, resize
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from srcnn_cli.methods.base import Method

COLUMNS = ("Y'", "Cb", "Cr", "YCbCr", "R'G'B'")
# What the published table calls the first four of them.
PUBLISHED = ("psnr", "psnr_cb", "psnr_cr", "psnr_color")


def measure(pixels: NDArray[np.uint8], scale: int, methods: Sequence[Method]) -> list[list[float]]:
    """PSNR in dB by method and column on one (H, W, 3) picture."""
    picture = modcrop(np.moveaxis(pixels, -1, 0), scale)
    truth = round_to_uint8(ycbcr_from_rgb(picture / 255))
    height, width = truth.shape[-2:]
    low = rgb_from_ycbcr(resize(truth / 255, height // scale, width // scale))
    rows = []
    for method in methods:
        rgb, _ = method.enlarge(low, height, width)
        ycbcr = ycbcr_from_rgb(rgb)
        pairs = [*zip(ycbcr, truth, strict=True), (ycbcr, truth), (rgb, picture)]
        inside = (..., slice(scale, -scale), slice(scale, -scale))
        rows.append([psnr(round_to_uint8(a)[inside], b[inside]) for a, b in pairs])
    return rows


def main() -> None:
    """Measure and print a line per method, then what was published."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--set", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--scale", type=int, default=3)
    options = parser.parse_args()

    methods = Choice(options.models, "bicubic", None, "cpu", 0).make(options.scale)
    pictures = {source.name: read_8bit(source.path) for source in find_sources(options.set)[0]}
    sizes = {name: pixels.shape[:2] for name, pixels in pictures.items()}
    # Some of Set14 are grey that is stored as R'G'B': their Cb and Cr have no error at all.
    colored = [p for p in pictures.values() if p.ndim == 3 and np.ptp(p, axis=2).any()]
    values = [measure(pixels, options.scale, methods) for pixels in colored]

    names = [method.name for method in methods]
    rows = {
        name: [fmean(picture[index][column] for picture in values) for column in range(5)]
        for index, name in enumerate(names)
    }
    published: dict[str, list[float]] = {}
    source = ""
    if recognise_dataset(sizes) == "Set5":
        for metric in PUBLISHED:
            for figure in published_figures(dataset="Set5", scale=options.scale, metric=metric):
                if "Table 5" in figure.source:
                    published.setdefault(figure.method, []).append(figure.value)
                    source = figure.source
    wide = max(len(name) for name in (*rows, *published))
    print(f"{options.set.resolve().name} x{options.scale}, {len(colored)} pictures in colour, dB")
    print(" " * wide, *(f"{column:>7}" for column in COLUMNS))
    for name, row in rows.items():
        print(name.ljust(wide), *(f"{value:7.2f}" for value in row))
    if published:
        print(source)
        for name, row in published.items():
            print(name.ljust(wide), *(f"{value:7.2f}" for value in row))


if __name__ == "__main__":
    main()
