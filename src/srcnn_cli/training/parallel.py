"""Work on many cores at a time, each with matrix products of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from srcnn_cli.threads import crew, one_core_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    _T = TypeVar("_T")
    _R = TypeVar("_R")


def on_all_cores(work: Callable[[_T], _R], items: Sequence[_T]) -> Iterator[_R]:
    """``map``, on all cores; the results come in the order of the items."""
    with one_core_each():
        yield from crew().map(work, items)


def slices(count: int, size: int) -> list[slice]:
    """``count`` things in blocks of at most ``size``."""
    return [slice(start, min(count, start + size)) for start in range(0, count, size)]
