"""What `srcnn bench` checks before it measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def check_metrics(text: str) -> list[str]:
    """The metrics that are named, each once.

    Raises:
        UsageError: One is unknown.
    """
    from srcnn_cli.evaluation.benchmark import METRICS

    names = [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        raise UsageError(f"unknown metric {', '.join(unknown)!r}: use {', '.join(METRICS)}")
    return list(dict.fromkeys(names))


def check_outputs(output: Path | None, plot: Path | None, *, overwrite: bool) -> None:
    """Found before an hour of measuring, not after it.

    Raises:
        OutputError: A file exists, or its name says another kind of file.
    """
    from srcnn_cli.files import check_writable

    for path, known in ((output, (".json", ".csv", ".md")), (plot, (".png",))):
        if path is None:
            continue
        if path.suffix.lower() not in known:
            raise OutputError(f"its extension must be {' or '.join(known)}", path)
        check_writable(path, overwrite=overwrite)
