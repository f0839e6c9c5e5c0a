"""What a network is, as plain values: no torch, so that listing models stays instant.

Scale is not in the weights of SRCNN or VDSR (they see an interpolated picture), and neither is
the border policy: both are part of `ModelConfig`, which travels inside every weights file. What a
network makes of these values its family says, see `networks.base`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.channels import PLANES, Planes
from srcnn_cli.models.networks.base import BorderPolicy
from srcnn_cli.models.networks.registry import FAMILIES

if TYPE_CHECKING:
    from srcnn_cli.models.networks.base import Family, Layer

BORDER_POLICIES: tuple[BorderPolicy, ...] = get_args(BorderPolicy)
ARCHITECTURES = tuple(FAMILIES)
Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
# ``auto``: bfloat16 where it is faster and was measured to cost next to nothing.
PrecisionChoice = Literal["auto", "float32", "bfloat16"]
PRECISION_CHOICES: tuple[PrecisionChoice, ...] = get_args(PrecisionChoice)
EngineName = Literal["auto", "onnx", "openvino", "torch"]
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
# What enlarges where no model is named.
DEFAULT_MODEL = "subpixel-s"
# Names for what a user wants rather than for a network.
NICKNAMES = {"fast": DEFAULT_MODEL, "best": "subpixel-l"}
# Files written before networks had colours say how many planes there are, not which.
_COLOR_OF_CHANNELS: dict[int, Planes] = {1: "y", 3: "rgb"}


# Without these a file describes no network; all others that a file lacks have their defaults.
_FIRST_FIELDS = {"architecture", "filters", "widths", "scales"}


@dataclass(frozen=True)
class ModelConfig:
    """The architecture of a network and what it was trained for.

    Attributes:
        architecture: The name of its family, see `networks.registry`.
        filters: Side lengths f1, f2, ... of the square filters, one per layer, all odd.
        widths: Feature maps n1, n2, ... between the layers, one fewer than ``filters``.
        color: The planes that go in and come out: ``y`` is luminance alone, ``rgb`` and ``ycbcr``
            are all three of a colour picture (Dong et al., TPAMI 2016, section 4.5).
        scales: The enlargement factors it was trained for.
        border: How "same"-sized output is made at the picture's border (see `torch_network`).
        levels: What it is told of how damaged a picture is, by the names in `chain.LEVELS`; none: a
            network for clean pictures. See `networks.levels`.
        mean: Subtracted from the input and added to the output, in units of full white. With it
            the filters are trained on values around zero; 0 for weights of other origin.

    Raises:
        ModelError: A value is impossible.
    """

    architecture: str = "srcnn"
    filters: tuple[int, ...] = (9, 1, 5)
    widths: tuple[int, ...] = (64, 32)
    color: Planes = "y"
    scales: tuple[int, ...] = (3,)
    border: BorderPolicy = "replicate"
    mean: float = 0.0
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.architecture not in FAMILIES:
            raise ModelError(f"unknown architecture {self.architecture!r}")
        if not self.filters or any(f < 1 or f % 2 == 0 or f > 63 for f in self.filters):
            raise ModelError(f"filter sizes must be odd and at most 63, not {self.filters}")
        if len(self.widths) != len(self.filters) - 1 or any(
            not 1 <= n <= 4096 for n in self.widths
        ):
            raise ModelError(
                f"{len(self.filters)} layers have no widths {self.widths} between them"
            )
        if self.color not in PLANES:
            raise ModelError(f"unknown colour {self.color!r}: use {', '.join(PLANES)}")
        if not self.scales or any(not 1 <= s <= 16 for s in self.scales):
            raise ModelError(f"scales must be between 1 and 16, not {self.scales}")
        if self.border not in BORDER_POLICIES:
            raise ModelError(f"unknown border policy {self.border!r}")
        object.__setattr__(self, "mean", float(self.mean))  # 0 is written as 0.0, and read back
        if not 0 <= self.mean <= 1:
            raise ModelError(f"the mean must lie in [0, 1], not {self.mean}")
        self.family.check(self)

    @property
    def family(self) -> Family:
        """What kind of network it is."""
        return FAMILIES[self.architecture]

    @property
    def name(self) -> str:
        """The field's short name, such as ``srcnn-9-1-5``; see `Family.label`.

        A colour network of a family that has others has its planes appended:
        ``srcnn-9-1-5-rgb``, and one that is told levels ``photo``.
        """
        label = self.family.label(self)
        if self.levels and not self.family.keeps_luminance:
            label += "-photo"
        return label if self.color == self.family.color else f"{label}-{self.color}"

    @property
    def channels(self) -> int:
        """Input and output planes c: 1 for luminance, 3 for colour; see `Family.unshuffled`."""
        return (1 if self.color == "y" else 3) * self.family.unshuffled**2

    @property
    def residual(self) -> bool:
        """Whether the bicubic enlargement is added to what the network computes."""
        return self.family.residual

    @property
    def interpolated(self) -> bool:
        """Whether its input is a picture already enlarged to the final size."""
        return self.family.grid == "interpolated"

    @property
    def factor(self) -> int:
        """Output pixels for one input pixel along each side: 1 on the interpolated picture."""
        return self.family.factor(self)

    @property
    def layers(self) -> list[Layer]:
        """The convolutions, first to last."""
        return self.family.layers(self)

    @property
    def step(self) -> int:
        """Pixels by which its input may be moved: convolutions treat all alike, so 1."""
        return 1

    @property
    def receptive_radius(self) -> int:
        """Input pixels that one output pixel looks to each side: 6 for 9-1-5, 8 for 9-5-5."""
        return self.family.radius(self)

    @property
    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every tensor by its name in a weights file, first layer to last.

        Weights are (out, in, f, f); biases, and the slopes of PReLU below zero, are (out,).
        """
        shapes: dict[str, tuple[int, ...]] = {}
        for index, layer in enumerate(self.layers, start=1):
            shapes[f"conv{index}.weight"] = (layer.outputs, layer.inputs, layer.side, layer.side)
            shapes[f"conv{index}.bias"] = (layer.outputs,)
            if layer.activation == "prelu":
                shapes[f"conv{index}.slope"] = (layer.outputs,)
            if self.levels and layer.activation != "none":
                shapes[f"conv{index}.levels"] = (layer.outputs, len(self.levels))
        return shapes

    @property
    def layer_shapes(self) -> list[tuple[int, int, int, int]]:
        """Weight shape (out, in, f, f) of every layer, first to last."""
        return [(layer.outputs, layer.inputs, layer.side, layer.side) for layer in self.layers]

    @property
    def parameters(self) -> int:
        """Number of weights, biases and slopes."""
        return sum(math.prod(shape) for shape in self.tensor_shapes.values())

    @property
    def operations_per_pixel(self) -> float:
        """Multiplications per output pixel, the usual measure of a network's cost."""
        return sum(map(math.prod, self.layer_shapes)) / self.factor**2

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values, in the order of the fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> ModelConfig:
        """The inverse of `to_dict`, strict about names and types.

        A field that an older program did not write yet has its default. Files written before there
        were colour networks have ``channels`` (1 or 3) in place of ``color``; three channels are
        R'G'B'.

        Raises:
            ModelError: A field is unknown or of the wrong type, or one without which there is no
                network is missing.
        """
        names = {f.name for f in fields(cls)}
        if isinstance(values, dict) and "color" not in values:
            values = _with_color(values)
        if not isinstance(values, dict) or not _FIRST_FIELDS <= set(values) <= names:
            raise ModelError("its configuration is not one of this program's")
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name in {"filters", "widths", "scales"}:
                if not isinstance(value, (list, tuple)) or any(type(v) is not int for v in value):
                    raise ModelError(f"its configuration has no list of integers as {name}")
                checked[name] = tuple(value)
            elif name == "levels":
                if not isinstance(value, (list, tuple)) or any(type(v) is not str for v in value):
                    raise ModelError("its configuration has no list of words as levels")
                checked[name] = tuple(value)
            elif type(value) is not (float if name == "mean" else str):
                raise ModelError(f"its configuration has {value!r} as {name}")
            else:
                checked[name] = value
        return cls(**checked)


def _with_color(values: dict[Any, Any]) -> dict[Any, Any]:
    """The values of a file that still says ``channels``."""
    channels = values.get("channels")
    if type(channels) is not int or channels not in _COLOR_OF_CHANNELS:
        return values
    rest = {name: value for name, value in values.items() if name != "channels"}
    return {**rest, "color": _COLOR_OF_CHANNELS[channels]}


def parse_filters(text: str) -> tuple[int, ...]:
    """``"9-1-5"`` as (9, 1, 5).

    Raises:
        ModelError: Not integers joined by hyphens.
    """
    try:
        return tuple(int(part) for part in text.split("-"))
    except ValueError:
        raise ModelError(f"filters are written like 9-1-5, not {text!r}") from None
