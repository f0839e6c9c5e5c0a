"""Do exported networks compute in other programs what they compute here?

Every model is exported in every format that can hold it and run by the program that the format is
for, on a test set under the protocol of `srcnn bench`. The table, in Markdown, has our own mean
PSNR, that of each program, and the largest difference of a picture. Programs that are not installed
are named as such.

    python benchmarks/export_round_trip.py ../shared/data/Set5
    python benchmarks/export_round_trip.py ../shared/data/Set5 subpixel-s --program 'torch:PyTorch'
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from export_programs import PROGRAMS, Missing
from srcnn_cli.engines.selection import make_engine
from srcnn_cli.errors import ModelError
from srcnn_cli.evaluation.protocol import PROTOCOLS
from srcnn_cli.evaluation.sources import find_sources, load
from srcnn_cli.exports.base import Exported
from srcnn_cli.exports.registry import FORMATS
from srcnn_cli.imaging.chain import parse_chain
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.methods.network import Network
from srcnn_cli.models.catalog import find_model, load_model, photograph_weights, shipped_models
from srcnn_cli.models.networks.levels import at_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from export_programs import Program
    from srcnn_cli.evaluation.protocol import Pair


def compared(
    exported: Exported, program: Program, pairs: Sequence[Pair]
) -> tuple[float, float, float]:
    """Mean PSNR here and there, and the largest difference of one picture, in dB."""
    FORMATS[program.format].check(exported)
    method = Network(exported.name, make_engine(exported.config, exported.tensors, "cpu"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{FORMATS[program.format].endings[0]}"
        for ending, data in FORMATS[program.format].files(exported).items():
            path.with_suffix(ending).write_bytes(data)
        run = program.load(path, exported)
        ours, theirs = [], []
        for pair in pairs:
            low = pair.low_rgb if program.picture else pair.low[None]
            if low is None:
                continue
            low = np.asarray(low, np.float32)
            if program.quantized:  # pictures are so already, and a video's luminance is
                low = round_to_uint8(low).astype(np.float32) / 255
            size = pair.truth.shape[-2:]
            here = method.enlarge(low if program.picture else low[0], *size)[0]
            # A picture's colours are clipped before Y' is taken of them, as in a file.
            here = here.clip(0, 1) if program.picture else here
            if program.quantized:
                here = round_to_uint8(here).astype(np.float32) / 255
            ours.append(pair.psnr(here))
            there = run(low)
            theirs.append(pair.psnr(there if program.picture else there[0]))
    worst = max(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    return fmean(ours), fmean(theirs), worst


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", nargs="*", help="default: all that ship")
    parser.add_argument("--program", action="append", choices=list(PROGRAMS))
    parser.add_argument(
        "--restore", default="jpeg:50", help="for the weights for photographs (default: jpeg:50)"
    )
    options = parser.parse_intermixed_args()
    chain = parse_chain(options.restore)
    known = [model.family for model in shipped_models()]
    known += [f"{weights.family}-photo" for weights in photograph_weights()]
    models = options.models or list(dict.fromkeys(known))
    programs = [PROGRAMS[name] for name in options.program or PROGRAMS]
    pictures = [load(source) for source in find_sources(options.folder)[0]]
    print("| format | program | model | here | there | largest difference of a picture |")
    print("|---|---|---|---|---|---|")
    for program in programs:
        protocol = PROTOCOLS["vdsr" if program.quantized else "srcnn"]
        for name in models:
            for scale, path in find_model(name).items():
                row = f"| {program.format} | {program.name} | {name} ×{scale} |"
                try:
                    config, tensors = load_model(path)
                    convention = protocol
                    if config.levels:  # measured on what it undoes
                        convention = protocol.changed(degrade=chain)
                        config, tensors = at_level(config, tensors, chain.levels(scale))
                    pairs = [picture.pair(scale, convention) for picture in pictures]
                    exported = Exported(name, config, tensors, scale)
                    ours, theirs, worst = compared(exported, program, pairs)
                except Missing as error:
                    print(f"{row} not tried: {error} | | |")
                except ModelError as error:
                    print(f"{row} no such export: {error} | | |")
                else:
                    print(f"{row} {ours:.3f} | {theirs:.3f} | {worst:.4f} |", flush=True)


if __name__ == "__main__":
    main()
