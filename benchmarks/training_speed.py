"""How fast `srcnn train` trains, and what share of it is not the network.

A training step draws and cuts its patches, goes forward and backward through the network, changes
the weights and their moving average. What is neither forward, backward nor optimiser is "outside";
the median of its share is printed. Pixels are those of the output, which valid convolutions make
smaller than the patches.

    python benchmarks/training_speed.py                # 9-1-5 and 9-5-5, recipe fast
    python benchmarks/training_speed.py --recipe vdsr  # one of the other recipes
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.training.matching import degradation, patch_spec
from srcnn_cli.training.patches import PatchSampler
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.run import choose_training_device, configure
from srcnn_cli.training.trainer import Trainer
from srcnn_cli.training.validation import Validator

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Result = TypeVar("Result")

_WARM_UP = 5  # steps that choose algorithms and fill caches
_PICTURES, _SIDE = 40, 512  # about the size of T91 and BSD together, per picture


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--filters", action="append", help="9-1-5; several are allowed")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    device = choose_training_device(arguments.device)
    networks = arguments.filters or (["9-1-5", "9-5-5"] if arguments.recipe == "fast" else [None])
    print(f"{device}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print("| network | recipe | precision | step (ms) | trained MP/s | outside the network |")
    print("|---|---|---|---|---|---|")
    for filters in networks:
        network = {"filters": tuple(map(int, filters.split("-")))} if filters else {}
        config, schedule = configure(arguments.recipe, network, {"steps": 10**6}, device)
        examples = [
            degradation(config, schedule).example(picture, scale)
            for picture in _pictures()
            for scale in config.scales
        ]
        patches = PatchSampler(examples, patch_spec(config, schedule), device)
        pair = make_pair(next(_pictures()), config.scales[0])
        with tempfile.TemporaryDirectory() as folder:
            trainer = Trainer(
                config, schedule, patches, Validator([pair], Ranks()),
                Path(folder), device, {}, compiled=arguments.compile,
            )  # fmt: skip
            seconds, share, pixels = _measure(trainer, arguments.rounds)
        print(
            f"| {config.name} | {schedule.recipe} | {schedule.precision} | {seconds * 1e3:.1f} "
            f"| {pixels / seconds / 1e6:.2f} | {share:.1%} |"
        )


def _measure(trainer: Trainer, rounds: int) -> tuple[float, float, int]:
    """Median seconds of a step, median share of it outside the network, pixels of its output."""
    learn = trainer._learn  # noqa: SLF001 - the very step that is measured
    inside = 0.0

    def timed(source: Tensor, truth: Tensor) -> tuple[Tensor, int]:
        nonlocal inside
        inside, result = _seconds(lambda: learn(source, truth), trainer.device)
        return result

    trainer._learn = timed  # type: ignore[method-assign]  # noqa: SLF001
    seconds, shares, pixels = [], [], 0
    for index in range(rounds + _WARM_UP):
        whole, (_, pixels) = _seconds(trainer._train_step, trainer.device)  # noqa: SLF001
        if index >= _WARM_UP:
            seconds.append(whole)
            shares.append(1 - inside / whole)
    return statistics.median(seconds), statistics.median(shares), pixels


def _seconds(action: Callable[[], Result], device: torch.device) -> tuple[float, Result]:
    started = time.perf_counter()
    result = action()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started, result


def _pictures():  # noqa: ANN202 - an iterator of (H, W) uint8
    rng = np.random.default_rng(0)
    for _ in range(_PICTURES):
        yield rng.integers(0, 256, (_SIDE, _SIDE), np.uint8)


if __name__ == "__main__":
    main()
