"""What a family of networks is. No torch and no numpy here: `srcnn --help` needs it.

All families are rows of convolutions. What makes them differ is data: the grid on which they work,
what is added to their output, and the layers that their hyperparameters describe. From that alone
`torch_network` makes the module that is trained and `onnx_graph` the model that runs on the CPU, so
a new family is a class here beside the others and a line in `registry`.
"""

from __future__ import annotations

from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from srcnn_cli.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from srcnn_cli.imaging.channels import Planes

# ``interpolated``: pictures already enlarged to their final size; ``low-resolution``: as they are,
# the result being put together from as many planes as an enlarged pixel has sub-pixels.
Grid = Literal["interpolated", "low-resolution"]
Activation = Literal["none", "relu", "prelu", "tanh"]
BorderPolicy = Literal["normalize", "replicate", "zero"]


class Layer(NamedTuple):
    """One convolution.

    Attributes:
        side: Of its square filters, odd.
        inputs: Planes that go in.
        outputs: Planes that come out.
        activation: What follows it.
    """

    side: int
    inputs: int
    outputs: int
    activation: Activation


class Hyperparameters(Protocol):
    """What families read of a `ModelConfig`; see there."""

    @property
    def filters(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def widths(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def channels(self) -> int: ...  # noqa: D102

    @property
    def color(self) -> Planes: ...  # noqa: D102

    @property
    def scales(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def levels(self) -> tuple[str, ...]: ...  # noqa: D102


class Family:
    """A family of networks; the defaults are those of a plain row of convolutions.

    Attributes:
        name: As the architecture is called.
        grid: What its input is.
        residual: Whether the bicubic enlargement is added to what it computes. On the interpolated
            grid that enlargement is the network's own input.
        activation: What follows every convolution but the last.
        uniform: Whether depth and width say all about a network: its layers are alike.
        border: The border policy of its networks where none is asked for.
        color: The planes of its networks where none are asked for.
        scales: Likewise the factors; none: those of the recipe.
        unshuffled: Pixels to each side that it takes as planes of one: the inverse of a sub-pixel
            shuffle, which loses nothing (Zhang et al., IEEE TIP 2018, section III-B). 1: none.
        keeps_luminance: It puts right the colours beside a luminance that it only looks at.
        training: Values of the recipe ``fast`` that differ for it, see `training.recipes`.
    """

    name: str
    grid: Grid = "interpolated"
    residual: bool = False
    activation: Activation = "relu"
    uniform: bool = False
    border: BorderPolicy = "replicate"
    color: Planes = "y"
    scales: tuple[int, ...] = ()
    unshuffled: int = 1
    keeps_luminance: bool = False
    training: Mapping[str, object] = MappingProxyType({})

    def check(self, network: Hyperparameters) -> None:
        """Whether there is such a network.

        Raises:
            ModelError: There is not.
        """
        if self.grid == "low-resolution" and len(network.scales) != 1:
            raise ModelError(f"{self.name} has one scale, which its last layer makes")
        if self.grid == "interpolated" and network.levels:
            raise ModelError(f"{self.name} cannot be told how damaged a picture is")

    def factor(self, network: Hyperparameters) -> int:
        """Output pixels for one input pixel along each side."""
        return network.scales[0] if self.grid == "low-resolution" else 1

    def layers(self, network: Hyperparameters) -> list[Layer]:
        """The convolutions, first to last."""
        planes = network.channels * self.factor(network) ** 2
        maps = [*pairwise((network.channels, *network.widths, planes))]
        return [
            Layer(side, *maps[i], self.activation if i < len(maps) - 1 else "none")
            for i, side in enumerate(network.filters)
        ]

    def radius(self, network: Hyperparameters) -> int:
        """Pixels of the input that one output pixel looks to each side."""
        return sum(side // 2 for side in network.filters)

    def label(self, network: Hyperparameters) -> str:
        """The field's short name: ``srcnn-9-1-5`` by filter sizes, where nothing else is said."""
        return "-".join([self.name, *map(str, network.filters)])

    def hyperparameters(
        self, *, scale: int, depth: int | None = None, width: int | None = None
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The filter sizes and widths of a network of which no more is said.

        Args:
            scale: The enlargement factor.
            depth: Number of layers; None: as the family has it.
            width: Feature maps between the layers; None: as the family has it.

        Raises:
            UsageError: The family's layers are not given by these.
        """
        del scale, depth, width
        raise UsageError(
            f"--depth and --width are not for {self.name}: its layers are given by --filters and "
            "--widths"
        )
