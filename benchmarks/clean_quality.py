"""From which JPEG quality on clean weights do better than those for damaged pictures.

Mean PSNR, protocol ``srcnn``, over pictures that no network was trained or judged on, which are
compressed after their reduction. `srcnn upscale --restore auto` runs the clean weights from there
on.

    python benchmarks/clean_quality.py HELD_BACK_PICTURES
    python benchmarks/clean_quality.py HELD_BACK_PICTURES --write  # store in weights/index.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import find_sources, load
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.methods.base import wants_color
from srcnn_cli.methods.selection import method_of_file
from srcnn_cli.models.catalog import find_model, photograph_weights, weights_folder

if TYPE_CHECKING:
    from srcnn_cli.evaluation.sources import Source

LEAST, MOST = 80, 100


def psnr(path: Path, scale: int, quality: int, sources: list[Source]) -> float:
    """Mean PSNR in dB of the network in a file, on JPEGs of a quality."""
    method = method_of_file(path.stem, path, "cpu")
    convention = SRCNN.changed(degrade=parse_chain(f"jpeg:{quality}"))
    values = []
    for source in sources:
        pair = load(source).pair(scale, convention)
        told = method.told(pair.levels)
        low = pair.offered(color=wants_color(told))
        output, _ = told.enlarge(low, *pair.truth.shape[-2:])
        values.append(pair.psnr(output))
    return fmean(values)


def crossing(clean: Path, restoring: Path, scale: int, sources: list[Source]) -> int:
    """The least quality from which on the clean weights do better, found by halving."""
    low, high = LEAST, MOST
    while high - low > 1:
        quality = (low + high) // 2
        gain = psnr(restoring, scale, quality, sources) - psnr(clean, scale, quality, sources)
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
        path = weights_folder() / "index.json"
        index = json.loads(path.read_text(encoding="utf-8"))
        for item in index["photographs"]:
            if item["file"] in found:
                item["clean_from"] = found[item["file"]]
        path.write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
