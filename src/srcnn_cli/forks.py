"""Processes that are forked from this one, as by `multiprocessing`: what they begin anew."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Something that holds threads or locks, which a forked process does not have."""

    def renew(self) -> None:
        """Begin anew."""


_renewed_in_child: WeakSet[Renewable] = WeakSet()


def renew_in_child(owner: Renewable) -> None:
    """Call ``owner.renew()`` in every process that is forked from this one, as long as it lives.

    Of the parent's threads a forked process has none but the one that forked, and its locks are as
    they were at that moment: whoever waits for either waits for ever.
    """
    _renewed_in_child.add(owner)


def _renew() -> None:
    for owner in tuple(_renewed_in_child):
        owner.renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew)
