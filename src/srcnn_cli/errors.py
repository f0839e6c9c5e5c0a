"""The errors a user can meet, each with the exit code that `srcnn` ends with.

The core raises these; only the command line prints them, as one line
``error: <path>: <reason>``. Anything else that escapes is a bug of ours (exit code 70).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable


class SrcnnError(Exception):
    """A failure with a cause that the user can understand and act on.

    Args:
        reason: One line: what is wrong and, where it helps, what to do.
        path: The file or folder concerned, if any.
        extra: The extra of the installation that would help, if one would.
    """

    exit_code = 70

    def __init__(
        self,
        reason: str,
        path: str | os.PathLike[str] | None = None,
        *,
        extra: str | None = None,
    ) -> None:
        super().__init__(reason if path is None else f"{path}: {reason}")
        self.reason = reason
        self.path = path
        self.extra = extra


class UsageError(SrcnnError):
    """The request itself makes no sense: an option, a scale, a combination."""

    exit_code = 2


class InputError(SrcnnError):
    """A file that cannot be read, or that is not acceptable as a picture."""

    exit_code = 3


class OutputError(SrcnnError):
    """A result that cannot be written where it was asked for."""

    exit_code = 4


class ModelError(SrcnnError):
    """Weights or a checkpoint that are missing, damaged or of another architecture."""

    exit_code = 5


class OutOfMemoryError(SrcnnError):
    """The picture did not fit, even in the smallest tiles."""

    exit_code = 6


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """Which of the known words was probably meant; None if none is near."""
    from difflib import get_close_matches

    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in known}
    bare = re.sub(r"[\W_]", "", word).lower()
    near = get_close_matches(bare, plain, n=1, cutoff=0.7)
    near = near or [name for name in plain if bare and name.startswith(bare)]
    return plain[near[0]] if near else None
