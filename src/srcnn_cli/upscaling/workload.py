"""How much work lies in each of many files, so that the time left can be told from pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.pictures.formats import open_header
from srcnn_cli.remote import is_remote
from srcnn_cli.streams import is_stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Enough for the size of a picture in most files.
_BEGINNING = 1 << 16


def workloads(paths: Sequence[Path]) -> list[float]:
    """The pixels in each file; where its beginning does not say, as many as on average."""
    if len(paths) == 1:
        return [1.0]
    known = [_pixels(path) for path in paths]
    sizes = [size for size in known if size]
    average = sum(sizes) / len(sizes) if sizes else 1.0
    return [size or average for size in known]


def _pixels(path: Path) -> float | None:
    if is_stream(path) or is_remote(path):  # is read only once, and only for its sake
        return None
    try:
        with path.open("rb") as file:
            image = open_header(file.read(_BEGINNING), path.name)
    except Exception:  # noqa: BLE001 - what is wrong with it is said when its turn comes
        return None
    return float(image.width * image.height) if image is not None else None
