"""Training recipes: every number that shapes a run, as plain values under three names.

``srcnn`` and ``vdsr`` are the papers' (Dong et al., ECCV 2014, section 4; Kim et al., CVPR 2016,
section 5); ``fast`` is ours, and the default: what reaches the best PSNR per minute. No torch here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.imaging.levels import LEVELS
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.registry import FAMILIES
from srcnn_cli.training.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping

RecipeName = Literal["fast", "srcnn", "vdsr"]


@dataclass(frozen=True)
class Recipe:
    """A named way of training.

    Attributes:
        summary: One line for users.
        architecture: The network that it trains unless another is asked for.
        filters: Filter sizes of that network.
        widths: Feature maps of that network.
        scales: Factors of that network.
        mean: See `ModelConfig`.
        schedule: All other values.
    """

    summary: str
    architecture: str
    filters: tuple[int, ...]
    widths: tuple[int, ...]
    scales: tuple[int, ...]
    mean: float
    schedule: Schedule

    def to_dict(self) -> dict[str, Any]:
        """Every value by name, for printing."""
        values = asdict(self)
        values.pop("summary")
        return {**values.pop("schedule"), **values}


RECIPES: dict[RecipeName, Recipe] = {
    "fast": Recipe(
        "our own, with the best PSNR per minute",
        "srcnn", (9, 1, 5), (64, 32), (3,), 0.5,
        Schedule(),
    ),
    "srcnn": Recipe(
        "that of Dong et al., ECCV 2014, section 4",
        "srcnn", (9, 1, 5), (64, 32), (3,), 0.0,
        Schedule(
            recipe="srcnn",
            # 8 x 10^8 sub-images, as in the paper's figures.
            steps=6_250_000, batch=128, patch=33, stride=14, sampling="positions", augment=False,
            loss="half-sum", optimizer="sgd", rate=1e-4, last_rate=0.1, momentum=0.9,
            decay="constant", warmup=0, initial="gaussian", average=0.0, interval=5000,
        ),
    ),
    "vdsr": Recipe(
        "that of Kim et al., CVPR 2016, section 5",
        "vdsr", (3,) * 20, (64,) * 19, (2, 3, 4), 0.0,
        Schedule(
            recipe="vdsr",
            steps=0, epochs=80, batch=64, patch=41, stride=41, sampling="positions",
            border_share=1.0,
            loss="half-sum", optimizer="sgd", rate=0.1, momentum=0.9, weight_decay=1e-4,
            clip=1e-3, decay="quarters", warmup=0, initial="he", average=0.0,
        ),
    ),
}  # fmt: skip


def plan(
    recipe: Recipe,
    network: Mapping[str, Any],
    schedule: Mapping[str, Any],
    *,
    fast_bfloat16: bool,
    start: ModelConfig | None = None,
    carriers: bool = True,
) -> tuple[ModelConfig, Schedule]:
    """A recipe with some values replaced, the others made to fit them.

    Args:
        recipe: Where to begin.
        network: Fields of `ModelConfig` by name, and ``depth`` and ``width`` for
            families whose layers are alike; only those to replace.
        schedule: Fields of `Schedule` by name.
        fast_bfloat16: Whether the device computes faster with it; decides where ``fast`` is
            followed and no precision is given.
        start: The network whose weights the run begins with, which it then is unless ``network``
            says otherwise; None: a fresh one.
        carriers: Whether those weights have the carriers that ``fast`` keeps fixed.

    Raises:
        ModelError: There is no such network.
        UsageError: There is no such schedule.
    """
    if start is not None:
        config = _begun_with(start, dict(network))
    else:
        config = _plan_network(recipe, dict(network))
    if schedule.get("degrade"):
        config = replace(config, levels=LEVELS)
    values: dict[str, Any] = {}
    if recipe.schedule.recipe == "fast":
        values["precision"] = "bfloat16" if fast_bfloat16 else "float32"
        values.update(config.family.training)
        if config.interpolated and not config.residual:
            values["fixed_carriers"] = (
                carriers
                and config.border != "normalize"
                and min(config.widths, default=0) > config.channels
                and schedule.get("initial", "identity") == "identity"
            )
    elif recipe.schedule.recipe == "srcnn" and config.scales != (3,):
        values["patch"] = 32  # section 4: 33 for a factor of 3, 32 for 2 and 4
    values.update(schedule)
    if "epochs" in schedule and "steps" not in schedule:
        values["steps"] = 0
    result = replace(recipe.schedule, **values)
    if result.steps:
        result = replace(result, interval=min(result.interval, result.steps))
    return config, result


def _begun_with(start: ModelConfig, values: dict[str, Any]) -> ModelConfig:
    """The network that begins with another's weights; what is not given is as in that one."""
    if "depth" in values or "width" in values:
        if not start.family.uniform:
            raise UsageError("--depth and --width are those of the weights to start from")
        values["filters"], values["widths"] = start.family.hyperparameters(
            scale=values.get("scales", start.scales)[0],
            depth=values.pop("depth", len(start.filters)),
            width=values.pop("width", max(start.widths, default=None)),
        )
    return replace(start, **values)


def _plan_network(recipe: Recipe, values: dict[str, Any]) -> ModelConfig:
    depth, width = values.pop("depth", None), values.pop("width", None)
    if depth is not None and "filters" in values:
        raise UsageError("--depth and --filters both say how many layers there are: give one")
    architecture = values.get("architecture", recipe.architecture)
    if architecture not in FAMILIES:
        raise ModelError(f"unknown architecture {architecture!r}: use {', '.join(FAMILIES)}")
    family = FAMILIES[architecture]
    scales = values.get("scales", family.scales or recipe.scales)
    if family.uniform and "filters" in values:
        depth = len(values["filters"])
    if architecture == recipe.architecture and depth is None and width is None:
        filters, widths = recipe.filters, recipe.widths
    else:
        filters, widths = family.hyperparameters(scale=scales[0], depth=depth, width=width)
    defaults = {
        "architecture": architecture,
        "filters": filters,
        "widths": widths,
        "scales": scales,
        "color": family.color,
        "border": family.border,
        "mean": recipe.mean,
    }
    return ModelConfig(**{**defaults, **values})
