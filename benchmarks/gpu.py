"""How fast the networks are on a GPU, and how far their results lie from the CPU's.

Every weights file at 1, 4 and 27 megapixels of the result, in float32 and bfloat16, milliseconds:

* tiles: the network as `srcnn` runs it, from planes in the host's memory to planes there; and
  without transfers, the same tiles of planes that lie on the device, their results left there;
* plain eager: the same weights as torch's own layers, zero-padded, the whole picture at once, with
  and without transfers of the same planes;
* pictures: `Upscaler` from 8-bit R'G'B' to 8-bit R'G'B', which resizes and merges on the CPU;
* deviation: the largest from ONNX Runtime on the CPU, on a part of a photograph, in levels.

torch computes float32 convolutions in TF32 where a GPU has that, with 10 bits of mantissa; a last
pass is without, as "float32, no TF32". Each figure is the median of the runs that fit into
``--limit`` seconds, after one to warm up. What does not fit into ``--minutes`` is left out and
named. Without a GPU everything runs on the CPU, and the table says so.

    python benchmarks/gpu.py --output folder                   # folder/gpu.json, folder/gpu.md
    python benchmarks/gpu.py --output folder srcnn-9-1-5-x3 --megapixels 1 4
"""

from __future__ import annotations

import argparse
import contextlib
import math
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from gpu_report import NO_TF32, Figures, machine, markdown, write
from plain_network import PlainNetwork
from srcnn_cli.engines.devices import choose_device
from srcnn_cli.engines.onnx_engine import OnnxEngine
from srcnn_cli.engines.tiling import plan_bands, run_plane
from srcnn_cli.engines.torch_engine import TorchEngine, autocast
from srcnn_cli.errors import OutOfMemoryError
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.imaging.planes import luminance_uint8
from srcnn_cli.models.weights import load_weights
from srcnn_cli.pictures.reading import read_8bit
from srcnn_cli.upscaling.upscaler import Upscaler
from weights_files import weights_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from srcnn_cli.models.config import ModelConfig, Precision
    from srcnn_cli.models.weights import Tensors

EXAMPLE = Path(__file__).parents[1] / "examples" / "cat.png"
_REPEATS = 20
_PART = 256  # side of the part of the photograph, in pixels of the result


class Bench:
    """Measures on one device.

    Args:
        device: Where.
        limit: Seconds in which a figure's runs are to fit.
    """

    def __init__(self, device: torch.device, limit: float) -> None:
        self.device, self.limit = device, limit
        self.failures: list[str] = []
        self._deviations: dict[tuple[str, str], float] = {}

    def measure(self, name: str, path: Path, megapixels: float, precision: str) -> Figures:
        """All figures of a weights file at one size and precision."""
        config, tensors = load_weights(path)
        scale = scale_of(config)
        low = [max(8, round(math.sqrt(megapixels * 1e6 * r) / scale)) for r in (3 / 4, 4 / 3)]
        height, width = (side * scale for side in low)
        own: Precision = "bfloat16" if precision == "bfloat16" else "float32"
        engine = TorchEngine(config, tensors, self.device, precision=own)
        plain = PlainNetwork(config, tensors).to(self.device).eval()
        kind = torch.bfloat16 if precision == "bfloat16" else torch.float32
        plain = plain.to(kind)
        sides = (height, width) if config.interpolated else low
        planes = np.random.default_rng(0).random((config.channels, *sides), np.float32)
        there = torch.from_numpy(planes)[None].to(self.device)
        upscaler = Upscaler(path, device=str(self.device), precision=own)
        pixels = np.random.default_rng(0).integers(0, 256, (*low, 3), np.uint8)

        def in_tiles() -> None:
            run_plane(engine, planes, engine.best_tile(*sides))

        def eager() -> None:
            plain(torch.from_numpy(planes)[None].to(self.device, kind)).float().cpu()

        what = f"{name}, {megapixels:g} megapixels, {precision}"
        with _tf32(allowed=precision != NO_TF32), torch.inference_mode():
            self._forget()
            tiles = self._seconds(in_tiles, f"{what}: tiles")
            memory = self._peak()
            resident = self._seconds(lambda: run_resident(engine, there), f"{what}: resident tiles")
            picture = self._seconds(lambda: upscaler.upscale_pixels(pixels, scale), f"{what}: file")
            self._forget()
            whole = self._seconds(eager, f"{what}: plain eager")
            inside = there.to(kind)
            still = self._seconds(lambda: plain(inside), f"{what}: resident plain eager")
            deviation = self._deviation(name, config, tensors, engine, precision)
        return Figures(
            name, scale, megapixels, height, width, precision,
            tiles, resident, whole, still, picture, memory, deviation,
        )  # fmt: skip

    def _seconds(self, action: Callable[[], object], what: str) -> float | None:
        """Median seconds of an action; None if it fails, which is told in ``failures``."""
        times: list[float] = []
        try:
            self._timed(action)
            while not times or (len(times) < _REPEATS and sum(times) < self.limit):
                times.append(self._timed(action))
        except (RuntimeError, OutOfMemoryError) as error:
            reason = str(error).strip().splitlines()[0]
            self.failures.append(f"{what}: {reason}")
            self._forget()
            return None
        return statistics.median(times)

    def _timed(self, action: Callable[[], object]) -> float:
        self._wait()
        started = time.perf_counter()
        action()
        self._wait()
        return time.perf_counter() - started

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _forget(self) -> None:
        """Memory that torch keeps, which decides about the size of tiles."""
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self.device)

    def _peak(self) -> float | None:
        if self.device.type != "cuda":
            return None
        return torch.cuda.max_memory_allocated(self.device) / 1e6

    def _deviation(
        self, name: str, config: ModelConfig, tensors: Tensors, engine: TorchEngine, precision: str
    ) -> float:
        """The same for all sizes, so looked at once."""
        if (name, precision) not in self._deviations:
            planes = photograph(config, scale_of(config))
            exact = run_plane(OnnxEngine(config, tensors), planes, _PART)
            error = np.abs(run_plane(engine, planes, _PART) - exact).max()
            self._deviations[name, precision] = float(error) * 255
        return self._deviations[name, precision]


def run_resident(engine: TorchEngine, planes: torch.Tensor) -> None:
    """The tiles of `run_plane`, of planes on the device; the results are dropped there."""
    height, width = planes.shape[-2:]
    config, side = engine.config, engine.best_tile(height, width)
    with torch.inference_mode(), autocast(engine.device, engine.precision):
        for band in plan_bands(height, width, side, config.receptive_radius):
            for tile in band:
                area = tile.source
                patch = planes[:, :, area.top : area.bottom, area.left : area.right]
                patch = patch.contiguous(memory_format=torch.channels_last)
                output = engine._network(patch, tile.edges).float()  # noqa: SLF001 - what is measured
                if config.factor > 1:
                    torch.pixel_shuffle(output, config.factor)


def scale_of(config: ModelConfig) -> int:
    """The one of its factors that a network is measured at."""
    return 3 if 3 in config.scales else config.scales[0]


def photograph(config: ModelConfig, scale: int) -> NDArray[np.float32]:
    """A part of the example, reduced, on the network's grid: (C, h, w) in [0, 1]."""
    pair = make_pair(luminance_uint8(read_8bit(EXAMPLE))[:_PART, :_PART], scale)
    plane = pair.interpolated if config.interpolated else pair.low.astype(np.float32)
    return np.repeat(plane[None], config.channels, axis=0)


@contextlib.contextmanager
def _tf32(*, allowed: bool) -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = allowed and before
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="none: all shipped weights")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 4, 27])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=float, default=0.2, help="seconds a figure")
    parser.add_argument("--minutes", type=float, default=60, help="in all")
    options = parser.parse_args()
    device = choose_device(options.device)
    bench, facts, files = (
        Bench(device, options.limit),
        machine(device),
        weights_files(options.models),
    )
    passes = [("float32", "bfloat16"), *([(NO_TF32,)] if device.type == "cuda" else [])]
    figures: list[Figures] = []
    left_out = []
    end = time.monotonic() + options.minutes * 60
    for precisions in passes:
        for megapixels in options.megapixels:
            for name, path in files.items():
                for precision in precisions:
                    if time.monotonic() > end:
                        left_out.append(f"{name}, {megapixels:g} megapixels, {precision}")
                        continue
                    figures.append(bench.measure(name, path, megapixels, precision))
                    # Written time and again, so that whatever ends the process leaves a table.
                    notes = [f"failed: {reason}" for reason in bench.failures]
                    write(options.output, facts, figures, notes)
    notes = [f"failed: {reason}" for reason in bench.failures]
    notes += [f"left out for want of time: {what}" for what in left_out]
    write(options.output, facts, figures, notes)
    print(markdown(facts, figures, notes))
    print(f"{len(figures)} rows, {len(bench.failures)} failures, {len(left_out)} left out")


if __name__ == "__main__":
    main()
