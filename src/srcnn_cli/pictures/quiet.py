"""Silence for Pillow's warnings."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_threads = 0
_saved_filters: warnings.catch_warnings[None] | None = None


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings, which would reach the terminal past the command line.

    The list of warning filters belongs to the whole process: of several threads the first saves it
    and the last restores it.
    """
    global _threads, _saved_filters  # noqa: PLW0603 - as the filters are the process's
    with _lock:
        if _threads == 0:
            _saved_filters = warnings.catch_warnings()
            _saved_filters.__enter__()
            warnings.simplefilter("ignore")
        _threads += 1
    try:
        yield
    finally:
        with _lock:
            _threads -= 1
            if _threads == 0 and _saved_filters is not None:
                _saved_filters.__exit__(None, None, None)
