"""How often noise is found in pictures, and how strong it is said to be.

Pictures are reduced (by 1: taken as they are), made noisy and compressed; what `imaging.estimation`
then says is counted. Rows without noise are false alarms.

    python benchmarks/noise_found.py FOLDER... --scales 1 2 3 --every 5
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.evaluation.sources import find_sources
from srcnn_cli.imaging.chain import Chain, parse_chain
from srcnn_cli.imaging.color import NOISE_IN_LUMINANCE
from srcnn_cli.imaging.estimation import estimate
from srcnn_cli.pictures.reading import read_8bit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

QUALITIES = (None, 95, 90, 75, 50)
SIGMAS = (0, 3, 4, 5, 8, 12)
LEAST_SIDE = 64  # smaller pictures are not looked at


def pictures(paths: Sequence[Path], scales: Sequence[int]) -> list[NDArray[np.uint8]]:
    """All of them, reduced by each factor."""
    found = []
    for path in paths:
        pixels = read_8bit(path)
        for scale in scales:
            height, width = (side // scale * scale for side in pixels.shape[:2])
            if min(height, width) // scale >= LEAST_SIDE:
                reduced = Chain().apply(pixels[:height, :width], scale, np.random.default_rng(0))
                found.append(reduced)
    return found


def row(loaded: Sequence[NDArray[np.uint8]], sigma: int, quality: int | None) -> str:
    """How many were called noisy, and, in percentiles, how much of the noise was found."""
    steps = [f"noise:{sigma}"] * bool(sigma) + [f"jpeg:{quality}"] * (quality is not None)
    chain, random = parse_chain("+".join(steps) or "bicubic"), np.random.default_rng(0)
    ratios, count = [], 0
    for picture in loaded:
        said = estimate(chain.apply(picture, 1, random), quality=quality).noise
        count += said > 0
        if sigma and said:
            ratios.append(said / (sigma * (1 if picture.ndim == 2 else NOISE_IN_LUMINANCE)))
    share = f"{'+'.join(steps) or 'clean':>16}: {count} of {len(loaded)}, {count / len(loaded):.1%}"
    if not ratios:
        return share
    return f"{share}  {np.percentile(ratios, [5, 25, 50, 75, 95]).round(2)}"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--every", type=int, default=1, help="of the pictures of a folder")
    options = parser.parse_args()
    paths = [
        source.path
        for folder in options.folders
        for source in find_sources(folder).sources[:: options.every]
    ]
    loaded = pictures(paths, options.scales)
    print(f"{len(loaded)} pictures; called noisy, and percentiles 5, 25, 50, 75, 95 of said / true")
    for quality in QUALITIES:
        for sigma in SIGMAS:
            print(row(loaded, sigma, quality), flush=True)


if __name__ == "__main__":
    main()
