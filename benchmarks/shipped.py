"""The figures of the shipped weights: PSNR and SSIM on Set5 and Set14, and PSNR along the border.

Protocol ``srcnn``. The border figure is the mean over the pictures of the PSNR of their outermost
8 pixels, nothing shaved, under every border policy.

    python benchmarks/shipped.py ../shared/data          # print
    python benchmarks/shipped.py ../shared/data --write  # and store in weights/index.json, and
                                                         # in the model card weights/README.md
    python benchmarks/shipped.py ../shared/data --model subpixel-s-x3 --write  # one of them alone
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.evaluation.benchmark import average, measure
from srcnn_cli.evaluation.metrics import psnr
from srcnn_cli.evaluation.protocol import SRCNN, Pair
from srcnn_cli.evaluation.sources import Source, find_sources, load
from srcnn_cli.imaging.rounding import round_to_uint8
from srcnn_cli.methods.base import Method, wants_color
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.methods.selection import method_of_file
from srcnn_cli.models.catalog import shipped_models, weights_folder
from srcnn_cli.models.config import BORDER_POLICIES
from srcnn_cli.models.dictionaries import DictionaryConfig
from srcnn_cli.models.weights import file_sha256, load_weights, read_training

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETS = ("Set5", "Set14")


def frame_psnr(pair: Pair, output: NDArray[np.float32], width: int = 8) -> float:
    """PSNR in dB over the outermost ``width`` pixels alone."""
    frame = np.ones(pair.truth.shape, bool)
    frame[width:-width, width:-width] = False
    return psnr(round_to_uint8(output)[frame], pair.truth[frame])


def border_figures(sources: list[Source], scale: int, methods: list[Method]) -> dict[str, float]:
    """Mean border PSNR in dB by method."""
    values: dict[str, list[float]] = {method.name: [] for method in methods}
    for source in sources:
        pair = load(source).pair(scale, SRCNN)
        for method in methods:
            low = pair.offered(color=wants_color(method))
            output, _ = method.enlarge(low, *pair.truth.shape)
            values[method.name].append(frame_psnr(pair, pair.like_truth(output)))
    return {name: fmean(own) for name, own in values.items()}


def stages(training: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The runs that made some weights, first to last; each began with the best of the last."""
    if training is None:
        return []
    return [*stages(training.get("start")), training]


def border_methods(path: Path) -> list[Method]:
    """Bicubic, and a network under every border policy, named after that."""
    config, tensors = load_weights(path)
    engines = {
        border: make_engine(replace(config, border=border), tensors, "cpu")
        for border in BORDER_POLICIES
    }
    return [Interpolation("bicubic"), *(Network(name, own) for name, own in engines.items())]


def measured(data: Path, method: Method, scale: int) -> dict[str, dict[str, float]]:
    """Mean PSNR and SSIM by test set."""
    own: dict[str, dict[str, float]] = {"psnr": {}, "ssim": {}}
    for name in SETS:
        sources = find_sources(data / name).sources
        images = measure(sources, [method], scale=scale, protocol=SRCNN)
        (mean,) = average([record for image in images for record in image])
        # Four digits, so that the two that are shown are not rounded twice.
        own["psnr"][name] = round(mean.metrics["psnr"], 4)
        own["ssim"][name] = round(mean.metrics["ssim"], 4)
    return own


def origin(run: dict[str, Any]) -> str:
    """A run in words."""
    if "plan" in run:
        values = ", ".join(f"{name} {value:g}" for name, value in run["plan"].items())
        return f"{run['pictures']} pictures, {values}"
    return (
        f"seed {run['schedule']['seed']}, best at step {run['step']:,} with "
        f"{run['validation_psnr']:.3f} dB on the held-back pictures:"
    )


def write_card(path: Path, rows: dict[str, dict[str, list[str]]]) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- end -->`` in the model card.

    Args:
        path: The card.
        rows: Lines by name, and by the file that they are about; what the card says of other files
            stays. Those of no file ("") are the head of a table.
    """
    text = path.read_text(encoding="utf-8")
    for name, new in rows.items():
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        old, _, after = rest.partition("<!-- end -->")
        lines: dict[str, list[str]] = {}
        file = ""
        for line in old.splitlines():
            found = re.match(r"(?:\| )?`([^`]+\.safetensors)`", line)
            file = found[1] if found else file
            lines.setdefault(file, []).append(line)
        merged = {**lines, **new}
        block = "\n".join(line for own in merged.values() for line in own).rstrip("\n")
        text = f"{before}<!-- {name} -->\n{block}\n<!-- end -->{after}"
    path.write_text(text, encoding="utf-8")


def store(figures: dict[str, Any]) -> None:
    """Write figures into the index, by the names of the files that they are about."""
    path = weights_folder() / "index.json"
    index = json.loads(path.read_text(encoding="utf-8"))
    for item in (*index["models"], *index["photographs"]):
        new = figures.get(item["file"], {})
        if item["sha256"] != new.get("sha256", item["sha256"]):
            item.pop("bfloat16", None)  # of other weights: bfloat16.py measures it
        item.update(new)
    path.write_text(json.dumps(index, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Measure every shipped model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder that holds Set5 and Set14")
    parser.add_argument("--write", action="store_true", help="store the figures in the index")
    parser.add_argument("--model", action="append", help="measure this one alone")
    options = parser.parse_args()
    figures: dict[str, dict[str, object]] = {}
    rows: dict[str, dict[str, list[str]]] = {"figures": {}, "borders": {}, "origins": {}}
    for model in shipped_models():
        if options.model and model.name not in options.model:
            continue
        file = model.path.name
        for lines in rows.values():
            lines[file] = []
        config = model.config
        method = method_of_file(model.name, model.path, "cpu")
        history = stages(read_training(model.path))
        hours = sum(run["seconds"] for run in history) / 3600
        methods = [] if isinstance(config, DictionaryConfig) else border_methods(model.path)
        by_scale: dict[str, dict[str, dict[str, float]]] = {}
        for scale in config.scales:
            own = measured(options.data, method, scale)
            sources = find_sources(options.data / SETS[-1]).sources
            both = [f"{own['psnr'][name]:.2f} / {own['ssim'][name]:.4f}" for name in SETS]
            borders = border_figures(sources, scale, methods)
            values = [f"{value:.2f}" for value in borders.values()]
            print(f"{model.name} ×{scale}: {', '.join(both)}; border {', '.join(values)} dB")
            by_scale[str(scale)] = own
            rows["figures"][file].append(
                f"| `{model.path.name}` | ×{scale} | {config.name} | {config.parameters:,} "
                f"| {both[0]} | {both[1]} | {config.border or '–'} | {hours:.2f} |"
            )
            if values:
                rows["borders"][file].append(
                    f"| `{model.path.name}` | ×{scale} | {' | '.join(values)} |"
                )
        figures[model.path.name] = {"sha256": file_sha256(model.path), "figures": by_scale}
        rows["origins"][file] += [f"`{model.path.name}`, sha256 `{file_sha256(model.path)}`:", ""]
        for number, run in enumerate(history, start=1):
            rows["origins"][file] += [f"{number}. {origin(run)}", ""]
            if run.get("command"):
                rows["origins"][file] += [f"        {run['command']}", ""]
    if options.write:
        store(figures)
        write_card(weights_folder() / "README.md", rows)


if __name__ == "__main__":
    main()
