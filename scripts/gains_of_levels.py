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
from srcnn_cli.evaluation.restoration import measure_levels
from srcnn_cli.evaluation.sources import find_sources
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.estimation import TOLD
from srcnn_cli.imaging.levels import Levels
from srcnn_cli.methods.selection import Candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    sources = find_sources(options.folder)[0][:: options.every]
    candidates, device = Candidates(options.model), find_device("cpu")
    told = {
        f"softness {softness:g}, aliasing {aliasing:g}": Levels(
            softness=softness, aliasing=aliasing
        )
        for softness, aliasing in TOLD
    }
    print(f"{len(sources)} pictures, {options.model}, dB over what it gives for clean pictures:")
    print("; ".join(told))
    table: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for scale in options.scales:
        columns = {
            name: lambda _found, scale=scale, levels=levels: candidates.method(
                scale, device, levels
            )
            for name, levels in told.items()
        }
        chains = [parse_chain(text) for text in KINDS.values()]
        rows = measure_levels(sources, columns, scale=scale, chains=chains)
        for kind, row in zip(KINDS, rows, strict=True):
            gains = [gain.mean for gain in row.gains.values()]
            table[kind].append([gain - gains[0] for gain in gains])
            print(f"  {kind} ×{scale}: {shown(table[kind][-1])}", flush=True)
    for kind, of_scales in table.items():
        print(f"{kind}: {shown([fmean(own) for own in zip(*of_scales, strict=True)])}")


def shown(numbers: Sequence[float]) -> str:
    """With their signs."""
    return " ".join(f"{number:+.2f}" for number in numbers)


if __name__ == "__main__":
    main()
