"""How much faster a network runs in tiles than on the whole picture at once, on this CPU.

Both run in turn in one process, A B A B ..., so that a busy machine slows both; the ratio of the
medians is the figure to quote. The plain call is what most implementations do: one eager forward
pass over the padded picture with torch's defaults.

    python benchmarks/tile_speed.py --filters 9-5-5 --side 1020
    python benchmarks/tile_speed.py --depth 20 --side 600 --tiles 64 128 192 256
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import pad

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.engines.torch_engine import TorchEngine
from srcnn_cli.models.config import PRECISIONS, ModelConfig, parse_filters
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.threads import crew
from srcnn_cli.training.recipes import RECIPES, plan

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Measure and print a line per tile size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--filters", default="9-5-5")
    parser.add_argument("--depth", type=int, help="layers of VDSR, in place of --filters")
    parser.add_argument("--side", type=int, default=1020)
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--tiles", type=int, nargs="*", default=[48, 64, 96, 128, 160, 256])
    options = parser.parse_args()

    config = ModelConfig(filters=parse_filters(options.filters))
    if options.depth is not None:
        config, _ = plan(RECIPES["vdsr"], {"depth": options.depth}, {}, fast_bfloat16=False)
    torch.manual_seed(0)
    network = PlaneNetwork(config).eval()
    tensors = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    engine = make_engine(config, tensors, "cpu")
    plane = np.random.default_rng(0).random((1, options.side, options.side), np.float32)
    radius = config.receptive_radius

    def whole() -> None:
        with torch.inference_mode():
            network(pad(torch.from_numpy(plane)[None], (radius,) * 4, mode="replicate"))

    by_torch, low = (
        TorchEngine(config, tensors, torch.device("cpu"), precision=precision)
        for precision in PRECISIONS
    )
    best = engine.best_tile(options.side, options.side)
    tiles = [(f"tiles of {tile}", engine, tile) for tile in options.tiles]
    tiles += [(f"tiles of {best} (automatic)", engine, best)]
    tiles += [(f"tiles of {best}, torch", by_torch, best)]
    tiles += [(f"tiles of {best}, bfloat16 (torch)", low, best)]
    runs: list[Callable[[], object]] = [whole]
    runs += [lambda own=own, tile=tile: run_plane(own, plane, tile) for _, own, tile in tiles]
    seconds: list[list[float]] = [[] for _ in runs]
    for repeat in range(options.repeat + 1):
        for run, times in zip(runs, seconds, strict=True):
            started = time.perf_counter()
            run()
            if repeat:  # the first round warms up
                times.append(time.perf_counter() - started)
    medians = [statistics.median(times) for times in seconds]
    side = options.side
    print(f"{config.name}, {side}x{side}, {crew().size} threads, float32")
    print(f"{'whole picture, plain torch call':31} {medians[0] * 1000:8.1f} ms")
    for (label, _, _), median in zip(tiles, medians[1:], strict=True):
        print(f"{label:31} {median * 1000:8.1f} ms   {medians[0] / median:5.2f} times as fast")


if __name__ == "__main__":
    main()
