"""`srcnn bench --restore-levels`: what models gain on pictures as people have them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from srcnn_cli.cli import _terminal
from srcnn_cli.errors import ModelError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from srcnn_cli.evaluation.protocol import Protocol
    from srcnn_cli.evaluation.restoration import Row
    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.methods.base import Method


def bench_levels(
    folder: Path,
    scale: int,
    protocol: Protocol,
    models: Sequence[str],
    interpolations: Sequence[str],
    device: str,
    *,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Measure, print a line for every degradation, and write all of it.

    Raises:
        ModelError: A model has no weights for the scale.
        OutputError: The file is no .json, or cannot be written.
    """
    from srcnn_cli.evaluation.restoration import chains_for, measure_levels
    from srcnn_cli.evaluation.sources import find_sources

    if output is not None and output.suffix.lower() != ".json":
        raise OutputError("its extension must be .json", output)
    sources, passed_over, _ = find_sources(folder)
    _terminal.warn_passed_over(folder, passed_over)
    columns = _columns(models, interpolations, scale, device)
    chains = chains_for(scale)
    _terminal.say_paragraph(
        f"{folder.resolve().name} ×{scale}, {len(sources)} pictures: PSNR of bicubic in dB, and "
        "what others gain. told: the network knows the damage; auto: srcnn upscale finds out."
    )
    first = max(len(str(chain)) for chain in chains)
    widths = {name: max(len(name), 6) for name in columns}
    header = [name.rjust(width) for name, width in widths.items()]
    _terminal.say("  ".join(["".ljust(first), "bicubic", *header, "damaged"]))
    rows = []
    for row in measure_levels(sources, columns, scale=scale, chains=chains, protocol=protocol):
        cells = [f"{row.gains[name].mean:+.2f}".rjust(width) for name, width in widths.items()]
        seen = f"{row.recognised}".rjust(7)
        line = [str(row.chain).ljust(first), f"{row.bicubic:7.2f}", *cells, seen]
        _terminal.say("  ".join(line))
        rows.append(row)
    _say_worse(rows)
    if output is not None:
        _write(output, folder, scale, protocol, rows, overwrite=overwrite)


def _columns(
    models: Sequence[str], interpolations: Sequence[str], scale: int, device: str
) -> dict[str, Callable[[Levels], Method]]:
    from srcnn_cli.engines.devices import find_device
    from srcnn_cli.evaluation.restoration import AUTO, CLEAN_NAME, TOLD
    from srcnn_cli.methods.interpolation import Interpolation
    from srcnn_cli.methods.selection import Candidates

    columns: dict[str, Callable[[Levels], Method]] = {}
    if scale > 1:
        for name in interpolations:
            columns[name] = Interpolation(name).told
    where = find_device(device)
    for name in models:
        candidates = Candidates(name)
        known, restores = scale in candidates.scales, candidates.restores(scale)
        if not known and not restores:
            raise ModelError(f"{name} has no weights for ×{scale}")

        def make(levels: Levels, candidates: Candidates = candidates) -> Method:
            return candidates.method(scale, where, levels)

        def make_of_found(levels: Levels, candidates: Candidates = candidates) -> Method:
            return candidates.method(scale, where, candidates.worth_undoing(scale, levels))

        ways = {CLEAN_NAME: make} if known else {}
        if restores:
            ways |= {TOLD: make, AUTO: make_of_found}
        columns |= {f"{name}{way}": method for way, method in ways.items()}
    return columns


def _say_worse(rows: Sequence[Row]) -> None:
    """Where a model does harm."""
    for row in rows:
        for name, gain in row.gains.items():
            if gain.worse:
                _terminal.say(
                    f"{row.chain}: {name} is below bicubic on {gain.worse} "
                    f"({gain.least:+.2f} dB at worst)"
                )


def _write(
    path: Path,
    folder: Path,
    scale: int,
    protocol: Protocol,
    rows: Sequence[Row],
    *,
    overwrite: bool,
) -> None:
    from dataclasses import asdict

    from srcnn_cli.files import write_atomically

    document: dict[str, Any] = {
        "folder": folder.resolve().name,
        "scale": scale,
        "protocol": protocol.describe(),
        "rows": [
            {
                "degrade": str(row.chain),
                "bicubic": round(row.bicubic, 4),
                "recognised": row.recognised,
                "gains": {
                    name: {key: round(value, 4) for key, value in asdict(gain).items()}
                    for name, gain in row.gains.items()
                },
            }
            for row in rows
        ],
    }
    data = (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    write_atomically(path, lambda file: file.write(data), overwrite=overwrite)
