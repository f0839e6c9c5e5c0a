"""What a training run is, and how one is made from what a user asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnn_cli.engines.devices import choose_device, fast_bfloat16
from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.models.networks.carriers import beside_carriers
from srcnn_cli.models.weights import load_weights, read_training
from srcnn_cli.training.checkpoints import load_checkpoint
from srcnn_cli.training.matching import check_schedule
from srcnn_cli.training.ranks import started_by_torchrun
from srcnn_cli.training.recipes import RECIPES, plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.training.checkpoints import Checkpoint
    from srcnn_cli.training.recipes import RecipeName
    from srcnn_cli.training.schedule import Schedule


@dataclass(frozen=True)
class Run:
    """What is trained, how, and on what: all that a checkpoint keeps.

    Attributes:
        folder: Receives checkpoints, weights, log and figures.
        config: The network.
        schedule: The training.
        provenance: JSON-ready facts that are stored with the weights: ``data`` (folders),
            ``validation`` (folder or None), ``hold_back`` (number of pictures), ``init`` (weights
            file or None) and ``renew`` (number of layers) among them.
        checkpoint: Where to continue from; None: a fresh run.
    """

    folder: Path
    config: ModelConfig
    schedule: Schedule
    provenance: dict[str, Any]
    checkpoint: Checkpoint | None = None


def choose_training_device(name: str) -> torch.device:
    """As `choose_device`; under ``torchrun`` every process gets a GPU of its own.

    Raises:
        UsageError: There is no such device here.
    """
    device = choose_device(name)
    if device.type == "cuda" and started_by_torchrun() and ":" not in name:
        return choose_device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}")
    return device


def configure(
    recipe: RecipeName,
    network: Mapping[str, Any],
    schedule: Mapping[str, Any],
    device: torch.device,
    start: Path | None = None,
) -> tuple[ModelConfig, Schedule]:
    """A named recipe with the values that a user gave.

    Args:
        recipe: Its name.
        network: Fields of `ModelConfig` to replace, and ``depth`` for VDSR.
        schedule: Fields of `Schedule` to replace.
        device: Trains here.
        start: Weights to start from.

    Raises:
        ModelError: There is no such network, or the weights to start from cannot be used.
        UsageError: There is no such schedule, or the two do not go together.
    """
    begun, carriers = (None, True) if start is None else _look_at(start)
    config, result = plan(
        RECIPES[recipe],
        network,
        schedule,
        fast_bfloat16=fast_bfloat16(device),
        start=begun,
        carriers=carriers,
    )
    check_schedule(config, result)
    return config, result


def _look_at(path: Path) -> tuple[ModelConfig, bool]:
    """The network in a weights file, and whether its carriers are as they started."""
    config, tensors = load_weights(path)
    return config, beside_carriers(config, tensors)[0].residual


def new_run(
    folder: Path | None,
    config: ModelConfig,
    schedule: Schedule,
    data: Sequence[Path],
    *,
    validation: Path | None = None,
    hold_back: int = 20,
    start: Path | None = None,
    renew: int = 0,
) -> Run:
    """A run that begins.

    Args:
        folder: Of the run, which must be empty or not exist; None: one named after the network.
        config: The network to train.
        schedule: How.
        data: Folders of training pictures.
        validation: Folder of validation pictures; None: training pictures are held back.
        hold_back: How many of them, at most.
        start: Weights to start from.
        renew: The last so many layers of those weights are drawn anew.

    Raises:
        ModelError: The weights to start from cannot be used.
        OutputError: The folder holds something already.
        UsageError: There are not so many layers to draw anew.
    """
    if renew and start is None:
        raise UsageError("--renew is for the weights of --init: a fresh network is all new")
    if renew >= len(config.filters):
        raise UsageError(f"--renew {renew} would leave nothing of {len(config.filters)} layers")
    folder = folder or Path("runs") / f"{config.name}-x{'-'.join(map(str, config.scales))}"
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError("is not empty (--resume continues a run, --output names another)", folder)
    provenance = {
        "data": [str(path) for path in data],
        "validation": str(validation) if validation else None,
        "hold_back": hold_back,
        "init": str(start) if start else None,
        "renew": renew,
        # The whole history of the weights travels with them.
        "start": read_training(start) if start else None,
    }
    return Run(folder, config, schedule, provenance)


def continued_run(path: Path) -> Run:
    """The run in a folder, from its last checkpoint on, or from a checkpoint in it.

    Raises:
        ModelError: There is no checkpoint that can be used.
    """
    checkpoint = load_checkpoint(path)
    folder = path.parent if path.is_file() else path
    return Run(folder, checkpoint.config, checkpoint.schedule, checkpoint.provenance, checkpoint)
