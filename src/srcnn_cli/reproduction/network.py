"""A network trained on T91, for the curve of Figure 1 of the ECCV 2014 paper."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from srcnn_cli.training.checkpoints import CHECKPOINT
from srcnn_cli.training.log import LOG
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.run import choose_training_device, configure, continued_run, new_run
from srcnn_cli.training.session import Resources, find_pictures, open_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DONE = "done"
_INTERVAL = 250


def train_network(
    folder: Path, data: Path, test_set: Path, minutes: float | None, say: Callable[[str], object]
) -> Path:
    """Train a 9-1-5 at ×3 by the recipe `fast`, and note its PSNR on a test set as it goes.

    That is what the paper's curve shows. No weights are chosen by it: the network of the tables
    is another.

    Args:
        folder: Of the run; what is there is continued.
        data: T91.
        test_set: Set5.
        minutes: For training; None: all of the recipe's steps.
        say: Told in a line what is being done.

    Returns:
        The log.
    """
    log = folder / LOG
    if (folder / _DONE).exists():
        return log
    device = choose_training_device("auto")
    if (folder / CHECKPOINT).exists():
        run = continued_run(folder)
    else:
        config, schedule = configure(
            "fast", {"scales": (3,)}, {"interval": _INTERVAL, "warmup": 100}, device
        )
        run = new_run(folder, config, schedule, [data], validation=test_set)
    limit = "" if minutes is None else f" for {minutes:.1f} minutes"
    say(f"training srcnn-9-1-5 ×3 on T91{limit}")
    resources = Resources(minutes=minutes, compiled=False, cache_bytes=1 << 30, workers=0)
    pictures = find_pictures(run)
    with closing(open_session(run, pictures, device, resources, Ranks())) as session:
        for progress in session.train(lambda: False):
            say(f"  step {progress.step:,}, Set5 {progress.psnr:.2f} dB")
    (folder / _DONE).touch()
    return log
