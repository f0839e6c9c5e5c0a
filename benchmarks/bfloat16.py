"""What bfloat16 costs each shipped network, and what it gains.

The cost is the PSNR of float32 less that of bfloat16, in dB; the gain, the time of float32 (ONNX
Runtime) over that of bfloat16 (OpenVINO) for a result of 1020x1020, network alone. Protocol
``srcnn``, means over pictures that no network was trained on; networks for damaged
pictures get them as JPEGs of quality 75. `srcnn upscale --precision auto` takes bfloat16 where a
file's largest cost is below 0.005 dB and its least gain 2 or more.

    python benchmarks/bfloat16.py HELD_BACK_PICTURES
    python benchmarks/bfloat16.py HELD_BACK_PICTURES --write  # store in weights/index.json, and in
                                                              # the card
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from shipped import store, write_card
from speed import in_tiles, medians
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.sources import find_sources, load
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.methods.base import wants_color
from srcnn_cli.methods.selection import method_of_file
from srcnn_cli.models.catalog import (
    RESTORING,
    load_model,
    photograph_weights,
    shipped_models,
    weights_folder,
)
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.levels import at_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.evaluation.sources import Source
    from srcnn_cli.models.config import EngineName, Precision


HEAD = "| file | scale | mean cost (dB) | largest of a picture (dB) | times as fast |"
SIDE = 1020
ENGINES: dict[Precision, EngineName] = {"float32": "onnx", "bfloat16": "openvino"}


def costs(path: Path, scale: int, sources: list[Source], protocol: Protocol) -> list[float]:
    """PSNR of float32 less that of bfloat16, of each picture."""
    methods = [
        method_of_file(precision, path, "cpu", precision=precision, engine=engine)
        for precision, engine in ENGINES.items()
    ]
    found = []
    for source in sources:
        pair = load(source).pair(scale, protocol)
        psnr = []
        for method in (method.told(pair.levels) for method in methods):
            low = pair.offered(color=wants_color(method))
            output, _ = method.enlarge(low, *pair.truth.shape[-2:])
            psnr.append(pair.psnr(output))
        found.append(psnr[0] - psnr[1])
    return found


def gain(path: Path, repeat: int = 5) -> float:
    """Time of float32 over that of bfloat16, medians of runs in turn."""
    config, tensors = at_level(*load_model(path), CLEAN)
    low = SIDE // config.factor
    planes = np.random.default_rng(0).random((config.channels, low, low), np.float32)
    plain, fewer = medians(in_tiles(config, tensors, planes, [*ENGINES.items()]), repeat)
    return plain.seconds / fewer.seconds


def tasks() -> Iterator[tuple[str, Path, int, Protocol]]:
    """Family, file, scale and protocol of all networks; those for damaged pictures get JPEGs."""
    for model in shipped_models():
        if isinstance(model.config, ModelConfig):
            yield from ((model.family, model.path, scale, SRCNN) for scale in model.scales)
    for weights in photograph_weights():
        jpeg = SRCNN.changed(degrade=parse_chain("jpeg:75"))
        yield weights.family + RESTORING, weights.path, weights.scale, jpeg


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--model", nargs="*", help="families; none: all networks")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    sources = find_sources(options.pictures).sources
    measured: dict[str, dict[str, dict[str, float]]] = {}
    rows: dict[str, list[str]] = {}
    print(f"{HEAD}\n|---|---|---|---|---|")
    for family, path, scale, protocol in tasks():
        if options.model and family not in options.model:
            continue
        found = costs(path, scale, sources, protocol)
        speed = gain(path)
        costs_of = f"{fmean(found):.4f} | {max(found):.4f}"
        row = f"| `{path.name}` | ×{scale} | {costs_of} | {speed:.2f} |"
        print(row, flush=True)
        rows.setdefault(path.name, []).append(row)
        measured.setdefault(path.name, {})[str(scale)] = {
            "cost": round(fmean(found), 4),
            "speed": round(speed, 2),
        }
    if options.write:
        store({name: {"bfloat16": own} for name, own in measured.items()})
        write_card(weights_folder() / "README.md", {"bfloat16": rows})


if __name__ == "__main__":
    main()
