"""Pictures in folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from srcnn_cli.errors import InputError
from srcnn_cli.files import describe_os_error
from srcnn_cli.pictures.formats import READABLE_EXTENSIONS
from srcnn_cli.remote import find_remote, is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator


def find_pictures(folder: Path, *, recursive: bool) -> tuple[list[Path], list[Path]]:
    """The files in a folder that look like pictures by their extension, sorted by name.

    Hidden files are left out: they are other programs' thumbnails and half-written files.

    Returns:
        The pictures, and the other files.

    Raises:
        InputError: There is no such folder, it cannot be read, or it holds no pictures.
    """
    if not folder.is_dir():
        raise InputError("is not a folder" if folder.exists() else "no such folder", folder)

    found: list[Path] = []
    others: list[Path] = []
    for path in _files(folder, recursive=recursive):
        (found if path.suffix.lower() in READABLE_EXTENSIONS else others).append(path)
    if not found:
        hint = "" if recursive else " (--recursive looks into its subfolders too)"
        raise InputError(f"holds no pictures{hint}", folder)
    return found, others


def _files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """All files but hidden ones, those of a folder before those of its subfolders."""
    if is_remote(folder):
        yield from sorted(
            find_remote(folder, recursive=recursive), key=lambda path: (path.parent, path.name)
        )
        return

    def refuse(error: OSError) -> None:
        raise InputError(f"cannot be read: {describe_os_error(error)}", error.filename) from error

    for directory, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(f for f in folders if not f.startswith(".")) if recursive else []
        for name in sorted(n for n in names if not n.startswith(".")):
            yield Path(directory, name)
