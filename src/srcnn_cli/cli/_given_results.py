"""What other programs made of a folder of pictures, as `bench` and `compare` are told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.cli import _terminal
from srcnn_cli.evaluation.results import find_results, parse_results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.evaluation.sources import Source


def find_all_results(texts: Sequence[str], sources: Sequence[Source]) -> list[Results]:
    """What other programs made of a test set, from ``NAME=FOLDER``."""
    named = [parse_results(text) for text in texts]
    return [find_results(name, folder, sources) for name, folder in named]


def warn_left_out(
    folder: Path, left_out: Sequence[Path], results: Sequence[Results], option: str
) -> None:
    """Of a folder of originals, small versions and results: what nobody asked to measure."""
    measured = {path.resolve() for given in results for path in given.files.values()}
    rest = [path for path in left_out if path.resolve() not in measured]
    if rest:
        what = "picture that seems" if len(rest) == 1 else "pictures that seem"
        _terminal.warn(
            folder,
            f"{len(rest)} {what} to be made by other programs, such as {rest[0].name}, left out "
            f"({option} NAME=FOLDER measures them)",
        )
