"""From which JPEG quality on clean weights do better than those for damaged pictures.

Mean PSNR, protocol ``srcnn``, over pictures that no network was trained on, which are
compressed after their reduction. `srcnn upscale --restore auto` runs the clean weights from there
on.

    python benchmarks/clean_quality.py HELD_BACK_PICTURES
    python benchmarks/clean_quality.py HELD_BACK_PICTURES --write  # store in weights/index.json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from shipped import store
from srcnn_cli.evaluation.restoration import TOLD, measure_levels
from srcnn_cli.evaluation.sources import find_sources
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.methods.selection import method_of_file
from srcnn_cli.models.catalog import find_model, photograph_weights

if TYPE_CHECKING:
    from srcnn_cli.evaluation.sources import Source

LEAST, MOST = 80, 100


def crossing(clean: Path, restoring: Path, scale: int, sources: list[Source]) -> int:
    """The least quality from which on the clean weights do better, found by halving."""
    told = f"restoring{TOLD}"
    columns = {
        name: method_of_file(name, path, "cpu").told
        for name, path in (("clean", clean), (told, restoring))
    }
    low, high = LEAST, MOST
    while high - low > 1:
        quality = (low + high) // 2
        chains = [parse_chain(f"jpeg:{quality}")]
        (row,) = measure_levels(sources, columns, scale=scale, chains=chains)
        gain = row.gains[told].mean - row.gains["clean"].mean
        print(f"{restoring.stem} at {quality}: {gain:+.3f} dB", flush=True)
        low, high = (low, quality) if gain < 0 else (quality, high)
    return high


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--file", nargs="*", help="names of files; none: all")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    sources = find_sources(options.pictures).sources
    found: dict[str, int] = {}
    for weights in photograph_weights():
        name = weights.path.name
        if weights.scale == 1 or (options.file and name not in options.file):
            continue
        clean = find_model(weights.family)[weights.scale]
        found[name] = crossing(clean, weights.path, weights.scale, sources)
        print(f"{name}: clean weights do better from quality {found[name]} on", flush=True)
    if options.write:
        store({name: {"clean_from": quality} for name, quality in found.items()})


if __name__ == "__main__":
    main()
