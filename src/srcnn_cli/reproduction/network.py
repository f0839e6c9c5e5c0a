"""A network trained on T91, for the curve of Figure 1 of the ECCV 2014 paper."""

from __future__ import annotations

import csv
import math
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import InputError
from srcnn_cli.files import write_atomically
from srcnn_cli.training.checkpoints import CHECKPOINT
from srcnn_cli.training.log import LOG
from srcnn_cli.training.ranks import Ranks
from srcnn_cli.training.run import choose_training_device, configure, continued_run, new_run
from srcnn_cli.training.session import Resources, find_pictures, open_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from srcnn_cli.training.recipes import RecipeName

# Holds the minutes that a run in the folder has had to its end; "inf": all of its steps are done.
_DONE = "minutes"
# What is changed of a recipe: the first steps are where the curve rises.
_CHANGED: dict[RecipeName, dict[str, Any]] = {"fast": {"interval": 250, "warmup": 100}}
_SHORTEST = 0.1


@dataclass(frozen=True)
class Course:
    """How a training went.

    Attributes:
        log: Its ``log.csv``.
        recipe: By which it was done.
        psnr: On the test set at its end, in dB.
        minutes: Of training, without what the measuring took.
        samples: Sub-images seen.
    """

    log: Path
    recipe: RecipeName
    psnr: float
    minutes: float
    samples: int


def train_network(
    folder: Path,
    data: Path,
    test_set: Path,
    recipe: RecipeName,
    minutes: float | None,
    say: Callable[[str], object],
) -> Course:
    """Train a 9-1-5 at ×3, and note its PSNR on a test set as it goes.

    That is what the paper's curve shows. No weights are chosen by it: the network of the tables
    is another.

    Args:
        folder: Of the run; what is there is continued, if it has had fewer minutes.
        data: T91.
        test_set: Set5.
        recipe: Its name.
        minutes: For all of the training; None: all of the recipe's steps.
        say: Told in a line what is being done.

    Raises:
        InputError: What is in the folder is damaged.
    """
    wanted = math.inf if minutes is None else minutes
    had = _minutes_had(folder)
    if had < wanted:
        device = choose_training_device("auto")
        if (folder / CHECKPOINT).exists():
            run = continued_run(folder)
        else:
            changed = _CHANGED.get(recipe, {})
            config, schedule = configure(recipe, {"scales": (3,)}, changed, device)
            run = new_run(folder, config, schedule, [data], validation=test_set)
        spent = max(had, run.checkpoint.state["seconds"] / 60 if run.checkpoint else 0)
        left = None if minutes is None else max(_SHORTEST, minutes - spent)
        limit = "" if left is None else f" for {left:.1f} minutes"
        say(f"training srcnn-9-1-5 ×3 on T91 by the recipe {recipe}{limit}")
        resources = Resources(minutes=left, compiled=False, cache_bytes=1 << 30, workers=0)
        pictures = find_pictures(run)
        with closing(open_session(run, pictures, device, resources, Ranks())) as session:
            for progress in session.train(lambda: False):
                say(
                    f"  step {progress.step:,}, {progress.seconds / 60:.1f} minutes, "
                    f"Set5 {progress.psnr:.2f} dB"
                )
            ended = session.ending(stop_requested=False)
        mark = f"{math.inf if ended == 'done' else wanted}\n".encode()
        write_atomically(folder / _DONE, lambda file: file.write(mark), overwrite=True)
    return _course(folder / LOG, recipe)


def _minutes_had(folder: Path) -> float:
    path = folder / _DONE
    try:
        return float(path.read_text(encoding="ascii")) if path.exists() else 0.0
    except ValueError as error:
        raise InputError("is damaged: delete it, and the training goes on", path) from error


def _course(log: Path, recipe: RecipeName) -> Course:
    """Where a training stands by its log."""
    try:
        with log.open(encoding="utf-8", newline="") as file:
            last = list(csv.DictReader(file))[-1]
        psnr, minutes = float(last["psnr"]), float(last["seconds"]) / 60
        return Course(log, recipe, psnr, minutes, int(last["samples"]))
    except (OSError, IndexError, KeyError, ValueError, TypeError) as error:
        raise InputError("is no log of a training: delete its folder", log) from error
