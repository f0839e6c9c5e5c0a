"""From the options of a run to the run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srcnn_cli.engines.devices import choose_device, fast_bfloat16
from srcnn_cli.errors import UsageError
from srcnn_cli.models.networks.carriers import beside_carriers
from srcnn_cli.models.weights import load_weights
from srcnn_cli.training.ranks import started_by_torchrun
from srcnn_cli.training.recipes import RECIPES
from srcnn_cli.training.recipes import plan as plan_recipe
from srcnn_cli.training.trainer import check_schedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.training.recipes import Schedule


@dataclass(frozen=True)
class Options:
    """What does not change the result of a run.

    Attributes:
        minutes: Save and stop after so many; None: go on to the end.
        compiled: Use ``torch.compile``.
        cache_bytes: Memory for training pictures.
        workers: Processes that read pictures while streaming.
    """

    minutes: float | None
    compiled: bool
    cache_bytes: int
    workers: int


def choose_training_device(name: str) -> torch.device:
    """As `choose_device`; under ``torchrun`` every process gets a GPU of its own.

    Raises:
        UsageError: There is no such device here.
    """
    device = choose_device(name)
    if device.type == "cuda" and started_by_torchrun() and ":" not in name:
        return choose_device(f"cuda:{os.environ.get('LOCAL_RANK', '0')}")
    return device


def plan(
    recipe: str,
    network: Mapping[str, Any],
    schedule: Mapping[str, Any],
    device: torch.device,
    start: Path | None = None,
) -> tuple[ModelConfig, Schedule]:
    """A named recipe with the values that a user gave.

    Raises:
        ModelError: There is no such network, or the weights to start from do not serve.
        UsageError: There is no such recipe or schedule, or the two do not go together.
    """
    if recipe not in RECIPES:
        raise UsageError(f"unknown recipe {recipe!r}: use {', '.join(RECIPES)}")
    begun, carriers = (None, True) if start is None else _look_at(start)
    config, result = plan_recipe(
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
