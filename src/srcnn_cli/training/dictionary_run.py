"""A dictionary trained from folders into a weights file."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.files import make_folder
from srcnn_cli.models.dictionaries import DICTIONARIES
from srcnn_cli.models.weights import BEST, save_weights
from srcnn_cli.training.dictionary import DictionaryPlan, train_dictionary
from srcnn_cli.training.dictionary_samples import read_planes
from srcnn_cli.training.examples import training_files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from srcnn_cli.training.dictionary import Report
    from srcnn_cli.training.examples import Skipped

# With less time A+ is learnt from the pictures in their own size, half a million patches, as in
# the "A+ (0.5 mil)" of its paper.
_MINUTES_FOR_ALL_SIZES = 5
_FEW_SAMPLES = 500_000


def planned(minutes: float | None, seed: int | None) -> DictionaryPlan:
    """The authors' plan, with fewer samples where the time is short."""
    plan = DictionaryPlan()
    if minutes is not None and minutes < _MINUTES_FOR_ALL_SIZES:
        plan = replace(plan, samples=_FEW_SAMPLES)
    return plan if seed is None else replace(plan, seed=seed)


def atoms_deadline(started: float, minutes: float | None) -> float | None:
    """When learning atoms ends, of `time.monotonic`: after half of the minutes; None: never."""
    return None if minutes is None else started + 30 * minutes


def new_dictionary_folder(folder: Path | None, method: str, scale: int) -> Path:
    """The folder of a run, ``runs/a-plus-x3`` unless one is named; made if it is not there.

    Raises:
        OutputError: It holds something already, or cannot be made.
        UsageError: There is no such method.
    """
    if method not in DICTIONARIES:
        raise UsageError(f"unknown method {method!r}: use {', '.join(DICTIONARIES)}")
    folder = folder or Path("runs") / f"{method}-x{scale}"
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError("is not empty (--output names another)", folder)
    make_folder(folder)
    return folder


def train_into(
    target: Path,
    method: str,
    data: Sequence[Path],
    scale: int,
    plan: DictionaryPlan,
    report: Report,
    *,
    minutes: float | None = None,
    command: str = "",
    on_skip: Callable[[Skipped], object] | None = None,
) -> float:
    """Train a dictionary on all pictures of some folders and write it.

    Args:
        target: The weights file; stored in half precision.
        method: A key of `DICTIONARIES`.
        data: Folders.
        scale: The factor.
        plan: How.
        report: Told what is being done.
        minutes: Learning the atoms ends after half of them.
        command: That repeats it, stored with the weights.
        on_skip: Told of each picture that cannot be used.

    Returns:
        The seconds that it took, reading included.

    Raises:
        InputError: No picture can be used.
        OutputError: The file cannot be written.
    """
    started = time.monotonic()
    deadline = atoms_deadline(started, minutes)
    report("reading", 0, 0)
    planes = read_planes(training_files(data), scale, on_skip)
    config, tensors = train_dictionary(method, planes, scale, plan, report, deadline=deadline)
    seconds = time.monotonic() - started
    training = {
        "data": [str(path) for path in data], "pictures": len(planes), "plan": asdict(plan),
        "seconds": round(seconds, 1), "command": command,
    }  # fmt: skip
    save_weights(target, config, tensors, half=True, training=training)
    return seconds


def default_target(folder: Path) -> Path:
    """Where a run's weights are, as `srcnn train` leaves those of networks."""
    return folder / BEST
