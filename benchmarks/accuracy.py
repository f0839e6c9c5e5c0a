"""PSNR and SSIM of the shipped weights on Set5 and Set14, and PSNR along the picture's border.

Protocol ``srcnn`` (see `srcnn_cli.protocol`). The border figure is the mean over the pictures of
the PSNR of their outermost 8 pixels, nothing shaved, under every border policy.

    python benchmarks/accuracy.py ../shared/data          # print
    python benchmarks/accuracy.py ../shared/data --write  # and store in weights/index.json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.batch import find_pictures
from srcnn_cli.catalog import shipped_models, weights_folder
from srcnn_cli.config import BORDER_POLICIES
from srcnn_cli.engine.torch_engine import TorchEngine, choose_device
from srcnn_cli.image import read_picture
from srcnn_cli.metrics import psnr
from srcnn_cli.protocol import Pair, make_pair, round_to_uint8
from srcnn_cli.tiling import run_plane
from srcnn_cli.weights import load_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETS = ("Set5", "Set14")


def frame_psnr(pair: Pair, output: NDArray[np.float32], width: int = 8) -> float:
    """PSNR in dB over the outermost ``width`` pixels alone."""
    frame = np.ones(pair.truth.shape, bool)
    frame[width:-width, width:-width] = False
    return psnr(round_to_uint8(output)[frame], pair.truth[frame])


def load_pairs(folder: Path, scale: int) -> list[Pair]:
    """All pictures of a test set as pairs."""
    return [
        make_pair(read_picture(path).pixels, scale)
        for path in find_pictures(folder, recursive=False)[0]
    ]


def main() -> None:
    """Measure every shipped model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that holds Set5 and Set14")
    parser.add_argument("--write", action="store_true", help="store the figures in the index")
    options = parser.parse_args()
    device = choose_device("cpu")
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for model in shipped_models():
        config, tensors = load_weights(model.path)
        entry: dict[str, dict[str, float]] = {"psnr": {}, "ssim": {}}
        for name in SETS:
            pairs = load_pairs(options.data / name, model.scale)
            engine = TorchEngine(config, tensors, device)
            outputs = [run_plane(engine, pair.interpolated[None], 128)[0] for pair in pairs]
            both = list(zip(pairs, outputs, strict=True))
            entry["psnr"][name] = round(fmean(p.psnr(o) for p, o in both), 3)
            entry["ssim"][name] = round(fmean(p.ssim(o) for p, o in both), 4)
            bicubic = fmean(pair.psnr(pair.interpolated) for pair in pairs)
            line = (
                f"{model.name} {name}: {entry['psnr'][name]:.3f} dB, "
                f"SSIM {entry['ssim'][name]:.4f} (bicubic {bicubic:.2f} dB)"
            )
            print(line)
            frames = [f"bicubic {fmean(frame_psnr(p, p.interpolated) for p in pairs):.2f}"]
            for border in BORDER_POLICIES:
                engine = TorchEngine(replace(config, border=border), tensors, device)
                values = (
                    frame_psnr(p, run_plane(engine, p.interpolated[None], 128)[0]) for p in pairs
                )
                frames.append(f"{border} {fmean(values):.2f}")
            print(f"    outermost 8 pixels: {', '.join(frames)} dB")
        figures[model.path.name] = entry
    if options.write:
        path = weights_folder() / "index.json"
        index = json.loads(path.read_text(encoding="utf-8"))
        for item in index["models"]:
            item.update(figures[item["file"]])
        path.write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
