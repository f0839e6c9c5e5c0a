"""Training recipes: every number that shapes a run, as plain values under three names.

``srcnn`` and ``vdsr`` are the papers' (Dong et al., ECCV 2014, section 4; Kim et al., CVPR 2016,
section 5); ``fast`` is ours, and the default: what reaches the best PSNR per minute. No torch here.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.models.config import PRECISIONS, ModelConfig, Precision
from srcnn_cli.models.networks.registry import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Mapping

Optimizer = Literal["muon", "adam", "sgd"]
Loss = Literal["mse", "half-sum", "charbonnier", "log-mse"]
Decay = Literal["cosine", "quarters", "constant"]
Initial = Literal["identity", "gaussian", "he"]
Channels = Literal["all", "y", "cbcr"]
Sampling = Literal["positions", "pictures"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": get_args(Optimizer),
    "loss": get_args(Loss),
    "decay": get_args(Decay),
    "initial": get_args(Initial),
    "precision": PRECISIONS,
    "pretrain": get_args(Channels),
    "sampling": get_args(Sampling),
}

# Lowest value, and what it must stay below; NaN is outside any range.
_RANGES: dict[str, tuple[float, float]] = {
    "steps": (0, 1e12),
    "epochs": (0, 1e9),
    "batch": (1, 1e6),
    "patch": (1, 1e5),
    "stride": (1, 1e5),
    "blur": (0, 100),
    "log_floor": (1e-12, 1e6),
    "border_share": (0, math.nextafter(1, 2)),
    "rate": (1e-12, 10),
    "last_rate": (0, 1000),
    "bias_rate": (0, 1000),
    "momentum": (0, 1),
    "weight_decay": (0, 1),
    "clip": (0, 1e9),
    "warmup": (0, 1e12),
    "pretrain_steps": (0, 1e12),
    "average": (0, 1),
    "interval": (1, 1e12),
    "seed": (-(2**63), 2**63),
}


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; stored in checkpoints and weights.

    Attributes:
        recipe: The recipe that this began as.
        steps: Optimiser steps in the whole run; 0: as many as ``epochs`` make (see `resolved`).
        epochs: How often every sub-image is seen, where ``steps`` is 0.
        batch: Sub-images per step, over all devices together.
        patch: Side of a sub-image in pixels.
        stride: Pixels between sub-images that are cut on a grid; 1: anywhere.
        sampling: Which sub-images are equally likely: those at all ``positions`` of all pictures,
            or those of all ``pictures``, however large a picture is.
        augment: Turn and flip sub-images at random.
        blur: Sigma in pixels of a Gaussian before subsampling; 0: MATLAB's bicubic reduction.
        border_share: The share of steps in which a sub-image is a small picture with borders, the
            output being as large as the input by the network's border policy. In the others the
            convolutions are valid, and the loss is that of the central crop.
        loss: ``mse``, the mean of the squared errors; ``half-sum``, half their sum over a
            sub-image, averaged over the batch (what the papers' rates are meant for);
            ``charbonnier``, the mean of sqrt(error^2 + 1e-6); or ``log-mse``, the mean over
            sub-images of log(MSE + ``log_floor``), because it is the mean of a logarithm, PSNR,
            that a network is judged by.
        log_floor: The lower, the more the sub-images with next to no errors count in ``log-mse``.
        optimizer: ``sgd``, ``adam``, or ``muon`` (Jordan et al., 2024: momentum made orthogonal)
            for all filters but those of the last layer, with Adam for the rest.
        rate: Peak learning rate.
        last_rate: Factor on the rate of the last layer.
        bias_rate: Factor on the rate of all biases.
        momentum: Of ``sgd``.
        weight_decay: Of ``sgd``.
        clip: Gradients are clipped to ±clip / rate, value by value (Kim et al., section 3.2); 0:
            not at all.
        decay: How the rate falls: to zero along half a ``cosine``, to a tenth after each of the
            first three ``quarters`` of the run, or ``constant``.
        warmup: Steps of linear rise at the beginning.
        initial: ``identity`` (see `initialization`), ``gaussian`` of sigma 0.001, or ``he``.
        fixed_carriers: Keep the connections that carry the picture through the network exactly
            as they start, in float32, and train the others; ``identity`` only.
        pretrain: Which channels of a colour network count in the first ``pretrain_steps``.
        pretrain_steps: Steps before all channels count.
        average: Decay of the moving average of the weights, which is what is validated and kept;
            0 keeps the raw weights.
        precision: ``bfloat16`` (autocast) or ``float32``.
        interval: Steps between validations and checkpoints.
        seed: Of the initial weights and of the sub-images drawn.

    Raises:
        UsageError: A value is impossible.
    """

    recipe: str = "fast"
    steps: int = 20_000
    epochs: float = 0.0
    batch: int = 16
    patch: int = 48
    stride: int = 1
    sampling: Sampling = "pictures"
    augment: bool = True
    blur: float = 0.0
    border_share: float = 0.0
    loss: Loss = "log-mse"
    log_floor: float = 3e-4
    optimizer: Optimizer = "muon"
    rate: float = 1e-3
    last_rate: float = 1.0
    bias_rate: float = 1.0
    momentum: float = 0.9
    weight_decay: float = 0.0
    clip: float = 0.0
    decay: Decay = "cosine"
    warmup: int = 200
    initial: Initial = "identity"
    fixed_carriers: bool = False
    pretrain: Channels = "all"
    pretrain_steps: int = 0
    average: float = 0.999
    precision: Precision = "float32"
    interval: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):  # 80 epochs are written as 80.0, and read back
            if isinstance(field.default, float):
                object.__setattr__(self, field.name, float(getattr(self, field.name)))
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise UsageError(
                    f"unknown {name} {getattr(self, name)!r}: use {', '.join(choices)}"
                )
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) < high:
                raise UsageError(
                    f"{name.replace('_', ' ')} must lie between {low:g} and {high:g}, "
                    f"not {getattr(self, name)}"
                )
        if self.steps == 0 and self.epochs == 0:
            raise UsageError("a run has at least 1 step")
        if self.fixed_carriers and self.initial != "identity":
            raise UsageError("carriers can only be fixed if the network starts as the identity")

    def resolved(self, positions: int) -> Schedule:
        """With the steps that ``epochs`` make of so many sub-images, if ``steps`` is 0."""
        if self.steps:
            return self
        return replace(self, steps=max(1, math.ceil(self.epochs * positions / self.batch)))

    def rate_at(self, step: int) -> float:
        """Learning rate of the given step, counted from 0."""
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        if self.decay == "constant":
            return self.rate
        if self.decay == "quarters":
            return self.rate * 0.1 ** min(3, 4 * step // self.steps)
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.rate * (1 + math.cos(math.pi * progress)) / 2

    def bordered(self, step: int) -> bool:
        """Whether the sub-images of the given step have borders: evenly spread over the run."""
        return math.floor((step + 1) * self.border_share) > math.floor(step * self.border_share)

    @classmethod
    def from_dict(cls, values: object) -> Schedule:
        """The inverse of `dataclasses.asdict`.

        Raises:
            ModelError: A field is unknown, missing, of the wrong type, or has an impossible value.
        """
        defaults = {f.name: f.default for f in fields(cls)}
        if not isinstance(values, dict) or set(values) != set(defaults):
            raise ModelError("its schedule is not one of this version of the program")
        for name, value in values.items():
            if type(value) is not type(defaults[name]):
                raise ModelError(f"its schedule has {value!r} as {name}")
        try:
            return cls(**values)
        except UsageError as error:
            raise ModelError(f"its schedule is impossible: {error.reason}") from error


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


RECIPES: dict[str, Recipe] = {
    "fast": Recipe(
        "ours: the best PSNR per minute",
        "srcnn", (9, 1, 5), (64, 32), (3,), 0.5,
        Schedule(),
    ),
    "srcnn": Recipe(
        "Dong et al., ECCV 2014, section 4",
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
        "Kim et al., CVPR 2016, section 5",
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
        network: Fields of `ModelConfig` by name, and ``depth`` for VDSR; only those to replace.
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
        if "depth" in network:
            raise UsageError("--depth is that of the weights to start from")
        config = replace(start, **network)
    else:
        config = _plan_network(recipe, dict(network))
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


def _plan_network(recipe: Recipe, values: dict[str, Any]) -> ModelConfig:
    depth, width = values.pop("depth", None), values.pop("width", None)
    if depth is not None and "filters" in values:
        raise UsageError("--depth and --filters both say how many layers there are: give one")
    architecture = values.get("architecture", recipe.architecture)
    if architecture not in FAMILIES:
        raise ModelError(f"unknown architecture {architecture!r}: use {', '.join(FAMILIES)}")
    family = FAMILIES[architecture]
    scales = values.get("scales", recipe.scales)
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
        "scales": recipe.scales,
        "border": family.border,
        "mean": recipe.mean,
    }
    return ModelConfig(**{**defaults, **values})
