"""What runs planes through a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.imaging.channels import Planes
    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.networks.base import BorderPolicy


class Runnable(Protocol):
    """What methods have to know of a network, whatever it is made of; see `ModelConfig`."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def color(self) -> Planes: ...  # noqa: D102

    @property
    def border(self) -> BorderPolicy | None: ...  # noqa: D102

    @property
    def interpolated(self) -> bool: ...  # noqa: D102

    @property
    def residual(self) -> bool: ...  # noqa: D102

    @property
    def factor(self) -> int: ...  # noqa: D102

    @property
    def receptive_radius(self) -> int: ...  # noqa: D102

    @property
    def step(self) -> int: ...  # noqa: D102


class Engine(Protocol):
    """Something that runs patches through a network, of several threads at a time."""

    @property
    def config(self) -> Runnable:
        """The network."""
        ...

    def run(self, patch: NDArray[np.float32], edges: Edges) -> NDArray[np.float32]:
        """Run a (C, h, w) patch of the network's grid.

        Returns:
            (C, s h', s w') with s the network's factor; h' and w' are smaller than h and w by the
            receptive radius on the sides that are not in ``edges``.

        Raises:
            OutOfMemoryError: Memory is short.
        """
        ...

    def best_tile(self, height: int, width: int) -> int:
        """Side of the tiles in which a plane of ``height`` x ``width`` runs fastest."""
        ...
