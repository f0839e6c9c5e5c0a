"""How a network is trained: each value defined once, with its option, its check and its help.

No torch and no numpy here: `srcnn train --help` prints what stands beside the fields.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_type_hints

from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.models.config import Precision

# `muon` (Jordan et al., 2024) makes the momentum of a layer's filters orthogonal; it is for all
# filters but those of the last layer, with Adam for the rest.
Optimizer = Literal["muon", "adam", "sgd"]
# `mse` is the mean of the squared errors; `half-sum` half their sum over a sub-image, averaged over
# the batch (what the papers' rates are meant for); `charbonnier` the mean of sqrt(error^2 + 1e-6);
# `log-mse` the mean over sub-images of log(MSE + log_floor), because it is the mean of a logarithm,
# PSNR, that a network is judged by.
Loss = Literal["mse", "half-sum", "charbonnier", "log-mse"]
# To zero along half a cosine, to a tenth after each of the first three quarters, or not at all.
Decay = Literal["cosine", "quarters", "constant"]
# See `initialization`; `gaussian` has sigma 0.001, `he` is He et al., ICCV 2015.
Initial = Literal["identity", "gaussian", "he"]
Channels = Literal["all", "y", "cbcr"]
# All positions of all pictures, or all pictures, however large each is.
Sampling = Literal["positions", "pictures"]


@dataclass(frozen=True)
class Value:
    """What stands beside a field of `Schedule`: the one definition of option, check and help.

    Attributes:
        help: What it is, in full sentences; ``{choices}`` stands for the words to choose from.
        at_least: The lowest possible number.
        below: What a number must stay below.
        opposite: Of a switch: the option that turns it off, ``no-`` and its name by default.
        metavar: What stands for the value in the help, where its type does not say it.
    """

    help: str
    at_least: float = -math.inf
    below: float = math.inf
    opposite: str = ""
    metavar: str = ""

    def check(self, name: str, value: Any, kind: object) -> None:  # noqa: ANN401 - any field's
        """Whether a field may have a value.

        Args:
            name: The field.
            value: Its value; NaN is outside any range.
            kind: The field's type.

        Raises:
            UsageError: It may not.
        """
        choices = get_args(kind)
        if choices and value not in choices:
            raise UsageError(f"unknown {name} {value!r}: use {', '.join(choices)}")
        if not choices and not self.at_least <= value < self.below:
            # A bound a hair above a number stands for that number itself being possible.
            end = "at most" if float(f"{self.below:g}") < self.below else "below"
            raise UsageError(
                f"{name.replace('_', ' ')} must be at least {self.at_least:g} and {end} "
                f"{self.below:g}, not {value}"
            )


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; stored in checkpoints and weights.

    Each field has its `Value` beside it, which says what it is. Checkpoints of older versions lack
    newer fields, which then take their defaults: a new field's default is what was done before
    there was that field.

    Raises:
        UsageError: A value is impossible.
    """

    # The recipe that this began as; `--recipe` chooses it.
    recipe: str = "fast"
    steps: Annotated[
        int, Value("Optimiser steps in the whole run; 0: as many as --epochs makes.", 0, 1e12)
    ] = 20_000
    epochs: Annotated[
        float, Value("Passes over all sub-images, where the steps are not given.", 0, 1e9)
    ] = 0.0
    batch: Annotated[int, Value("Sub-images per step, over all devices together.", 1, 1e6)] = 16
    patch: Annotated[int, Value("Side of a sub-image in pixels.", 1, 1e5)] = 48
    stride: Annotated[
        int, Value("Pixels from one sub-image to the next; 1: they are cut anywhere.", 1, 1e5)
    ] = 1
    sampling: Annotated[
        Sampling, Value("What is drawn with equal chances, however large it is: {choices}.")
    ] = "pictures"
    augment: Annotated[bool, Value("Turn and flip sub-images at random.")] = True
    shrink: Annotated[
        str,
        Value(
            "Train on smaller copies of each picture, too, reduced by these factors, such as "
            "0.8,0.6.",
            metavar="N,N",
        ),
    ] = ""
    blur: Annotated[
        float,
        Value("Sigma in pixels of a Gaussian before subsampling; 0: bicubic reduction.", 0, 100),
    ] = 0.0
    degrade: Annotated[
        str,
        Value(
            "What is done to the training pictures, for a network that restores: photo, jpeg, "
            "colors, or a chain such as noise:8+jpeg:75."
        ),
    ] = ""
    # In these steps a sub-image is a small picture with borders, the output being as large as the
    # input by the network's border policy; in the others the loss is that of the central crop.
    border_share: Annotated[
        float,
        Value(
            "Share of the steps that train the border policy, too; the others use valid "
            "convolutions.",
            0,
            math.nextafter(1, 2),
        ),
    ] = 0.0
    loss: Annotated[Loss, Value("Loss to minimise: {choices}.")] = "log-mse"
    # The lower it is, the more the sub-images with next to no errors count.
    log_floor: Annotated[
        float, Value("What is added to the MSE inside the logarithm of log-mse.", 1e-12, 1e6)
    ] = 3e-4
    optimizer: Annotated[Optimizer, Value("Optimiser: {choices}.")] = "muon"
    rate: Annotated[float, Value("Peak learning rate.", 1e-12, 10)] = 1e-3
    last_rate: Annotated[
        float, Value("Factor on the learning rate of the last layer.", 0, 1000)
    ] = 1.0
    bias_rate: Annotated[float, Value("Factor on the learning rate of all biases.", 0, 1000)] = 1.0
    momentum: Annotated[float, Value("Momentum for SGD.", 0, 1)] = 0.9
    weight_decay: Annotated[float, Value("Weight decay for SGD.", 0, 1)] = 0.0
    # Kim et al., section 3.2.
    clip: Annotated[
        float,
        Value("Clip each gradient to ± this number divided by the rate; 0: do not clip.", 0, 1e9),
    ] = 0.0
    decay: Annotated[Decay, Value("How the learning rate falls: {choices}.")] = "cosine"
    warmup: Annotated[
        int, Value("Steps in which the learning rate rises linearly at first.", 0, 1e12)
    ] = 200
    initial: Annotated[Initial, Value("What the weights are at first: {choices}.")] = "identity"
    # Exactly as they start, in float32, while the others are trained; for `identity` only.
    fixed_carriers: Annotated[
        bool,
        Value(
            "Keep the connections that carry the picture through the network as they start.",
            opposite="free-carriers",
        ),
    ] = False
    pretrain: Annotated[
        Channels, Value("Channels of a colour network that count at first: {choices}.")
    ] = "all"
    pretrain_steps: Annotated[int, Value("Steps before all channels count.", 0, 1e12)] = 0
    average: Annotated[
        float, Value("Decay of the moving average of the weights; 0: no average.", 0, 1)
    ] = 0.999
    precision: Annotated[Precision, Value("Numbers that the network computes in: {choices}.")] = (
        "float32"
    )
    interval: Annotated[int, Value("Steps between two validations.", 1, 1e12)] = 1000
    seed: Annotated[
        int, Value("Seed of the initial weights and of the sub-images.", -(2**63), 2**63)
    ] = 1

    def __post_init__(self) -> None:
        for field in fields(self):  # 80 epochs are written as 80.0, and read back
            if isinstance(field.default, float):
                object.__setattr__(self, field.name, float(getattr(self, field.name)))
        for name, (kind, value) in schedule_values().items():
            if kind not in {bool, str}:
                value.check(name, getattr(self, name), kind)
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
        """The inverse of `dataclasses.asdict`; a field that is missing has its default.

        Raises:
            ModelError: A field is unknown, of the wrong type, or has an impossible value.
        """
        defaults = {f.name: f.default for f in fields(cls)}
        if not isinstance(values, dict):
            raise ModelError("its schedule is not one of this program")
        unknown = ", ".join(sorted(str(name) for name in values if name not in defaults))
        if unknown:
            raise ModelError(f"its schedule has what this version does not know: {unknown}")
        for name, value in values.items():
            if type(value) is not type(defaults[name]):
                raise ModelError(f"its schedule has {value!r} as {name}")
        try:
            return cls(**values)
        except UsageError as error:
            raise ModelError(f"its schedule is impossible: {error.reason}") from error


@cache
def schedule_values() -> dict[str, tuple[Any, Value]]:
    """The type and the definition of every field of `Schedule` that a user can replace, by name."""
    return {
        name: (hint.__origin__, hint.__metadata__[0])
        for name, hint in get_type_hints(Schedule, include_extras=True).items()
        if hasattr(hint, "__metadata__")
    }
