"""What a network for photographs gains by being told how a picture was reduced, rightly or wrongly.

Every kind of reduction is told as each of the levels among which `imaging.estimation` chooses; the
gain is that over the network for clean pictures, which runs where nothing is told. The means over
the scales are the table in that module.

    python scripts/gains_of_levels.py HELD_BACK_PICTURES --every 2
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from srcnn_cli.engines.devices import find_device
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import find_sources, load
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.estimation import TOLD
from srcnn_cli.imaging.levels import Levels
from srcnn_cli.methods.base import wants_color
from srcnn_cli.methods.selection import Candidates

if TYPE_CHECKING:
    from srcnn_cli.evaluation.sources import Loaded

# A row of the table each.
KINDS = {"averaged": "bicubic", "area": "area", "cubic": "cubic", "picked": "nearest"}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="subpixel-s")
    parser.add_argument("--scales", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--every", type=int, default=1, help="take each so-manieth picture")
    options = parser.parse_args()
    sources = find_sources(options.folder)[0][:: options.every]
    candidates, device = Candidates(options.model), find_device("cpu")
    columns = [f"softness {s:g}, aliasing {a:g}" for s, a in TOLD]
    print(f"{len(sources)} pictures, {options.model}, dB over what it gives for clean pictures:")
    print("; ".join(columns))
    pictures = [load(source) for source in sources]
    for kind, chain in KINDS.items():
        rows = []
        for scale in options.scales:
            rows.append(gains(pictures, chain, scale, candidates, device))
            print(f"  {kind} ×{scale}: {shown(rows[-1])}", flush=True)
        print(f"{kind}: {shown([fmean(own) for own in zip(*rows, strict=True)])}", flush=True)


def gains(
    pictures: list[Loaded], chain: str, scale: int, candidates: Candidates, device: str
) -> list[float]:
    """Means over pictures, in dB, for each of `TOLD`."""
    found: list[list[float]] = [[] for _ in TOLD]
    for picture in pictures:
        pair = picture.pair(scale, SRCNN.changed(degrade=parse_chain(chain)))
        for (softness, aliasing), own in zip(TOLD, found, strict=True):
            levels = Levels(softness=softness, aliasing=aliasing)
            method = candidates.method(scale, device, levels)
            low = pair.offered(color=wants_color(method))
            output, _ = method.enlarge(low, *pair.truth.shape[-2:])
            own.append(pair.psnr(output))
    return [fmean(own) - fmean(found[0]) for own in found]


def shown(numbers: list[float]) -> str:
    """With their signs."""
    return " ".join(f"{number:+.2f}" for number in numbers)


if __name__ == "__main__":
    main()
