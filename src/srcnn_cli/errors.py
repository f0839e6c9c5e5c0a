"""The errors a user can meet, each with the exit code that `srcnn` ends with.

The core raises these; only the command line prints them, as one line
``error: <path>: <reason>``. Anything else that escapes is a bug of ours (exit code 70).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os


class SrcnnError(Exception):
    """A failure with a cause that the user can understand and act on.

    Args:
        reason: One line: what is wrong and, where it helps, what to do.
        path: The file or folder concerned, if any.
    """

    exit_code = 70

    def __init__(self, reason: str, path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(reason if path is None else f"{path}: {reason}")
        self.reason = reason
        self.path = path


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
