"""All figures of speed in one run, as ratios: what is compared is run in turn, A B A B ...

Whole processes against `bare_onnxruntime.py`, which does the same work; networks alone against
OpenVINO on the whole plane and against what this processor multiplies; many files at once against
one after the other; and the cost of larger pictures. Medians; a busy machine slows all sides alike.

    python benchmarks/speed.py                           # prints a table in Markdown
    python benchmarks/speed.py --parts network files --repeat 3
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.imaging.regions import WHOLE
from srcnn_cli.models.catalog import find_model, load_model
from srcnn_cli.models.config import PRECISIONS
from srcnn_cli.models.networks.onnx_graph import network_model
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

EXAMPLE = Path(__file__).parents[1] / "examples" / "cat.png"
MODELS = ("subpixel-s", "srcnn-9-1-5", "srcnn-9-5-5", "vdsr-20")
SCALE = 3


def medians(runs: Sequence[Callable[[], object]], repeat: int) -> list[float]:
    """Seconds of each, run in turn after a first round that does not count."""
    seconds: list[list[float]] = [[] for _ in runs]
    for number in range(repeat + 1):
        for run, own in zip(runs, seconds, strict=True):
            started = time.perf_counter()
            run()
            if number:
                own.append(time.perf_counter() - started)
    return [statistics.median(own) for own in seconds]


def row(*cells: object) -> None:
    """Print a line of the table."""
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def process(*command: str) -> Callable[[], object]:
    """A process to its end, with compiled modules kept, as for any user."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, env=kept, stdout=subprocess.DEVNULL)  # noqa: S603


def srcnn(*options: str) -> Callable[[], object]:
    """`srcnn upscale` on the CPU."""
    return process(
        sys.executable, "-m", "srcnn_cli", "upscale", "-s", str(SCALE), "-d", "cpu",
        "--overwrite", "-q", *options,
    )  # fmt: skip


def whole_processes(folder: Path, repeat: int) -> None:
    """From prompt to file, against the bare script with the same network."""
    row("whole process, ×3", "seconds", "bare ONNX Runtime script", "ratio")
    row("---", "---", "---", "---")
    with Image.open(EXAMPLE) as cat:
        cat.crop((120, 60, 290, 230)).save(folder / "170.png")
        cat.resize((2000, 1500)).save(folder / "2000.png")
    for name in ("subpixel-s", "srcnn-9-1-5"):
        config, tensors = load_model(find_model(name)[SCALE])
        kind = "interpolated" if config.interpolated else "low"
        model = folder / f"{name}-{kind}.onnx"
        model.write_bytes(network_model(config, tensors, WHOLE))
        for picture in ("170.png", "2000.png"):
            given, made = str(folder / picture), str(folder / "out.png")
            bare = str(Path(__file__).with_name("bare_onnxruntime.py"))
            ours, theirs = medians(
                [
                    srcnn("-m", name, "-o", made, given),
                    process(sys.executable, bare, str(model), given, made, str(SCALE)),
                ],
                repeat,
            )
            label = f"{name}, {picture.removesuffix('.png')} pixels wide"
            row(label, f"{ours:.2f}", f"{theirs:.2f}", f"{ours / theirs:.2f}")


def on_whole_plane(
    config: ModelConfig, tensors: Tensors, planes: np.ndarray
) -> Callable[[], object]:
    """OpenVINO with all threads on all of the plane."""
    import openvino

    core = openvino.Core()
    model = core.read_model(network_model(config, tensors, WHOLE))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": crew().size}
    compiled = core.compile_model(model, "CPU", settings)
    return lambda: compiled([planes[None]])


def tiled(engine: Engine, planes: np.ndarray) -> None:
    """A plane in the tiles that are best for it."""
    run_plane(engine, planes, engine.best_tile(*planes.shape[-2:]))


def networks(side: int, repeat: int) -> None:
    """Networks alone, in billions of floating-point operations a second."""
    square = np.random.default_rng(0).random((2048, 2048), np.float32)
    (seconds,) = medians([lambda: square @ square], repeat)
    print(f"\nMatrix product of numpy: {2 * 2048**3 / seconds / 1e9:.0f} GFLOP/s\n")
    row(f"network, result {side}×{side}", "GFLOP/s", "against OpenVINO", "bfloat16 against float32")
    row("---", "---", "---", "---")
    for name in MODELS:
        config, tensors = load_model(find_model(name)[SCALE])
        low = side // config.factor
        planes = np.random.default_rng(0).random((config.channels, low, low), np.float32)
        runs = [
            partial(tiled, make_engine(config, tensors, "cpu", precision=precision), planes)
            for precision in PRECISIONS
        ]
        ours, fewer, theirs = medians([*runs, on_whole_plane(config, tensors, planes)], repeat)
        speed = 2 * config.operations_per_pixel * side**2 / ours / 1e9
        row(f"{name} ×{SCALE}", f"{speed:.0f}", f"{theirs / ours:.2f}", f"{ours / fewer:.2f}")


def files(folder: Path, repeat: int) -> None:
    """A hundred photos of a quarter of a megapixel out, two of them broken."""
    many = folder / "many"
    many.mkdir()
    with Image.open(EXAMPLE) as cat:
        for number in range(100):
            left, top = 2 * number % 200, number % 100
            cat.convert("RGB").crop((left, top, left + 190, top + 146)).save(
                many / f"{number:03}.jpg", quality=92
            )
    ours, theirs = medians(
        [
            srcnn(str(many), "-o", str(folder / "a")),
            srcnn(str(many), "-o", str(folder / "b"), "--fail-fast"),
        ],
        repeat,
    )
    print(f"\n100 JPEGs: {100 / ours:.1f} a second, {theirs / ours:.2f} times one by one\n")


def sizes(folder: Path, repeat: int) -> None:
    """Seconds for a megapixel of the result, by its size."""
    row("megapixels out", "seconds for each")
    row("---", "---")
    for megapixels in (0.25, 4, 27, 100):
        side = round((megapixels * 1e6) ** 0.5 / SCALE)
        with Image.open(EXAMPLE) as cat:
            cat.resize((side, side)).save(folder / "square.png")
        run = srcnn(str(folder / "square.png"), "-o", str(folder / "out.png"))
        (seconds,) = medians([run], 1 if megapixels > 30 else repeat)
        row(f"{megapixels:g}", f"{seconds / megapixels:.3f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parts = ("processes", "network", "files", "sizes")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--side", type=int, default=510)
    options = parser.parse_args()
    print(f"{crew().size} threads\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "processes" in options.parts:
            whole_processes(folder, options.repeat)
        if "network" in options.parts:
            networks(options.side, options.repeat)
        if "files" in options.parts:
            files(folder, options.repeat)
        if "sizes" in options.parts:
            sizes(folder, options.repeat)


if __name__ == "__main__":
    main()
