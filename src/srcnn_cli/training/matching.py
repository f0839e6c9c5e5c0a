"""What a network and its schedule ask of each other, and of the sub-images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.degradation import Degradation
from srcnn_cli.models.networks.carriers import without_carriers
from srcnn_cli.training.degraded_patches import draw_of, surroundings
from srcnn_cli.training.examples import parse_shrinks
from srcnn_cli.training.positions import PatchSpec

if TYPE_CHECKING:
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.training.schedule import Schedule


def check_schedule(config: ModelConfig, schedule: Schedule) -> None:
    """Whether a network can be trained that way.

    Raises:
        UsageError: It cannot.
    """
    if schedule.pretrain != "all" and config.color != "ycbcr":
        raise UsageError(f"pre-training on {schedule.pretrain} needs the colours ycbcr")
    if schedule.initial == "identity" and not (config.residual or config.interpolated):
        raise UsageError(
            f"{config.name} cannot start as the identity: its output is not as large as its input "
            "(--initial he)"
        )
    parse_shrinks(schedule.shrink)
    radius = config.receptive_radius
    if schedule.border_share < 1 and schedule.patch <= 2 * radius:
        raise UsageError(
            f"a patch of {schedule.patch} leaves nothing after {config.name}'s valid "
            f"convolutions: use at least {2 * radius + 1}"
        )
    if schedule.fixed_carriers:
        without_carriers(config)
    if schedule.degrade:
        draw_of(schedule.degrade)
        if config.interpolated or not config.residual:
            raise UsageError("--degrade is for the families subpixel and chrominance")
        if schedule.blur:
            raise UsageError("--degrade says how pictures are blurred: --blur is not for it")
    elif config.family.keeps_luminance:
        raise UsageError(f"{config.name} undoes damage: --degrade says which (colors)")
    elif config.levels:
        raise UsageError(f"{config.name} is told how damaged pictures are: --degrade says by what")


def patch_spec(config: ModelConfig, schedule: Schedule) -> PatchSpec:
    """How the sub-images of a run are cut."""
    if schedule.degrade:
        return surroundings(config, schedule)
    # If all convolutions are valid, what they leave out on each side need not be cut at all.
    margin = 0 if schedule.border_share > 0 else config.receptive_radius
    return PatchSpec(
        schedule.patch, margin, schedule.stride, schedule.sampling, schedule.augment, config.factor
    )


def degradation(config: ModelConfig, schedule: Schedule) -> Degradation:
    """How a network's training input is made; if it is degraded, from the pictures themselves."""
    if schedule.degrade:
        # What is done to colours is done to R'G'B'.
        return Degradation((1,), "y" if config.color == "y" else "rgb")
    return Degradation(
        config.scales,
        config.color,
        schedule.blur,
        interpolated=config.interpolated,
        residual=config.residual,
    )


def trained_network(config: ModelConfig, schedule: Schedule) -> ModelConfig:
    """What is trained in place of a network whose carriers are fixed: the rest of it."""
    return without_carriers(config) if schedule.fixed_carriers else config
