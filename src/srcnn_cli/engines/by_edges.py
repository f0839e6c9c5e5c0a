"""One object for each kind of tile, made when the first tile of that kind comes."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from srcnn_cli.imaging.regions import Edges

Made = TypeVar("Made")


class ByEdges(Generic[Made]):
    """What runs tiles, by the sides on which they lie at the picture's border; for all threads.

    Args:
        make: Makes one. For two kinds of tiles that may be at the same time, for one kind it is
            once.
    """

    def __init__(self, make: Callable[[Edges], Made]) -> None:
        self._make = make
        self._lock = Lock()
        self._locks: dict[Edges, Lock] = {}
        self._made: dict[Edges, Made] = {}

    def __contains__(self, edges: object) -> bool:
        """Whether that for a kind of tile is made."""
        return edges in self._made

    def __getitem__(self, edges: Edges) -> Made:
        """That for a kind of tile."""
        with self._lock:
            own = self._locks.setdefault(edges, Lock())
        with own:
            if edges not in self._made:
                self._made[edges] = self._make(edges)
            return self._made[edges]
