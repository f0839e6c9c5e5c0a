"""What a network is, as plain values: no torch, so that listing models stays instant.

Scale is not in the weights of SRCNN or VDSR (they see an interpolated picture), and neither is
the border policy: both are part of `ModelConfig`, which travels inside every weights file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args

from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.channels import PLANES, Planes

BorderPolicy = Literal["normalize", "replicate", "zero"]
BORDER_POLICIES: tuple[BorderPolicy, ...] = get_args(BorderPolicy)
ARCHITECTURES = ("srcnn", "vdsr")
Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
# Files written before networks had colours say how many planes there are, not which.
_COLOR_OF_CHANNELS: dict[int, Planes] = {1: "y", 3: "rgb"}


@dataclass(frozen=True)
class ModelConfig:
    """The architecture of a network and what it was trained for.

    Attributes:
        architecture: Its family. Both are convolutions with a ReLU after each but the last;
            ``srcnn`` gives the picture (Dong et al., ECCV 2014, eqs. 1-3), ``vdsr`` what is to be
            added to its input (Kim et al., CVPR 2016, section 3).
        filters: Side lengths f1, f2, ... of the square filters, one per layer, all odd.
        widths: Feature maps n1, n2, ... between the layers, one fewer than ``filters``.
        color: The planes that go in and come out: ``y`` is luminance alone, ``rgb`` and ``ycbcr``
            are all three of a colour picture (Dong et al., TPAMI 2016, section 4.5).
        scales: The enlargement factors it was trained for.
        border: How "same"-sized output is made at the picture's border (see `networks`).
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

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
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
        if not self.scales or any(not 2 <= s <= 16 for s in self.scales):
            raise ModelError(f"scales must be between 2 and 16, not {self.scales}")
        if self.border not in BORDER_POLICIES:
            raise ModelError(f"unknown border policy {self.border!r}")
        object.__setattr__(self, "mean", float(self.mean))  # 0 is written as 0.0, and read back
        if not 0 <= self.mean <= 1:
            raise ModelError(f"the mean must lie in [0, 1], not {self.mean}")

    @property
    def name(self) -> str:
        """The field's short name: ``srcnn-9-1-5`` by filter sizes, ``vdsr-20`` by depth.

        A colour network has its planes appended: ``srcnn-9-1-5-rgb``.
        """
        sizes = [len(self.filters)] if self.architecture == "vdsr" else self.filters
        planes = [] if self.color == "y" else [self.color]
        return "-".join([self.architecture, *map(str, sizes), *planes])

    @property
    def channels(self) -> int:
        """Input and output planes c: 1 for luminance, 3 for colour."""
        return 1 if self.color == "y" else 3

    @property
    def residual(self) -> bool:
        """Whether the network's output is added to its input."""
        return self.architecture == "vdsr"

    @property
    def receptive_radius(self) -> int:
        """Pixels that one output pixel looks to each side: 6 for 9-1-5, 8 for 9-5-5."""
        return sum(f // 2 for f in self.filters)

    @property
    def layer_shapes(self) -> list[tuple[int, int, int, int]]:
        """Weight shape (out, in, f, f) of every layer, first to last."""
        maps = (self.channels, *self.widths, self.channels)
        return [
            (after, before, f, f)
            for (before, after), f in zip(pairwise(maps), self.filters, strict=True)
        ]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(out * (inp * f * f + 1) for out, inp, f, _ in self.layer_shapes)

    @property
    def operations_per_pixel(self) -> int:
        """Multiplications per output pixel, the usual measure of a network's cost."""
        return sum(out * inp * f * f for out, inp, f, _ in self.layer_shapes)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values, in the order of the fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: object) -> ModelConfig:
        """The inverse of `to_dict`, strict about names and types.

        Files written before there were colour networks have ``channels`` (1 or 3) in place of
        ``color``; three channels are R'G'B'.

        Raises:
            ModelError: A field is unknown, missing or of the wrong type.
        """
        names = {f.name for f in fields(cls)}
        if isinstance(values, dict) and "color" not in values:
            values = _with_color(values)
        if not isinstance(values, dict) or set(values) != names:
            raise ModelError("its configuration is not one of this program's")
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name in {"filters", "widths", "scales"}:
                if not isinstance(value, (list, tuple)) or any(type(v) is not int for v in value):
                    raise ModelError(f"its configuration has no list of integers as {name}")
                checked[name] = tuple(value)
            elif type(value) is not (float if name == "mean" else str):
                raise ModelError(f"its configuration has {value!r} as {name}")
            else:
                checked[name] = value
        return cls(**checked)


def _with_color(values: dict[Any, Any]) -> dict[Any, Any]:
    """The values of a file that still says ``channels``."""
    rest = {name: value for name, value in values.items() if name != "channels"}
    channels = values.get("channels")
    if type(channels) is not int or channels not in _COLOR_OF_CHANNELS:
        return rest
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
