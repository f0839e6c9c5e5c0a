"""What runs planes through a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig


class Engine(Protocol):
    """Something that runs patches through a network, several at a time."""

    config: ModelConfig
    workers: int

    def submit(self, patch: NDArray[np.float32], edges: Edges) -> Future[NDArray[np.float32]]:
        """(C, h, w) patch to (C, h', w'): smaller by the radius on the sides not in ``edges``."""
        ...

    def best_tile(self, height: int, width: int) -> int:
        """Side of the tiles in which a plane of ``height`` x ``width`` runs fastest."""
        ...
