"""What `gpu.py` measured: the figures, as JSON and as a Markdown table."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch

import srcnn_cli
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NO_TF32 = "float32, no TF32"


@dataclass(frozen=True)
class Figures:
    """What was measured of one weights file, at one size and precision.

    Attributes:
        model: The file's name.
        scale: The enlargement factor.
        megapixels: Asked for; ``height`` and ``width`` are what became of it.
        height: Rows of the result.
        width: Columns of the result.
        precision: ``float32``, ``bfloat16`` or `NO_TF32`.
        tiles: Seconds; None: it failed, for want of memory as a rule.
        tiles_resident: Seconds without transfers.
        eager: Seconds of the plain network.
        eager_resident: Seconds of it without transfers.
        picture: Seconds from picture to picture.
        memory_mb: Peak of the device's memory in ``tiles``; None on a CPU.
        deviation: From the CPU's result, in levels of 8 bits.
    """

    model: str
    scale: int
    megapixels: float
    height: int
    width: int
    precision: str
    tiles: float | None
    tiles_resident: float | None
    eager: float | None
    eager_resident: float | None
    picture: float | None
    memory_mb: float | None
    deviation: float


def machine(device: torch.device) -> dict[str, Any]:
    """What it was measured on."""
    facts: dict[str, Any] = {
        "srcnn_cli": srcnn_cli.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "device": str(device),
        "measured_on_gpu": device.type != "cpu",
        "cpu_cores": crew().size,
    }
    if device.type == "cuda":
        facts["gpu"] = torch.cuda.get_device_name(device)
        facts["gpu_memory_mb"] = torch.cuda.get_device_properties(device).total_memory / 1e6
        facts["cuda"] = torch.version.cuda
        facts["cudnn"] = torch.backends.cudnn.version()
    return facts


def markdown(facts: dict[str, Any], figures: Sequence[Figures], notes: Sequence[str]) -> str:
    """The table, with what it was measured on above and what is missing below."""
    where = facts.get("gpu", facts["device"])
    lines = [f"{where}, torch {facts['torch']}, {facts['cpu_cores']} CPU cores; milliseconds.", ""]
    if not facts["measured_on_gpu"]:
        lines[:0] = ["**Not measured on a GPU:** these are a CPU's figures.", ""]
    columns = [
        "model", "out", "precision", "tiles", "tiles, no transfers", "plain eager",
        "plain eager, no transfers", "picture to picture", "GPU memory (MB)", "deviation (levels)",
    ]  # fmt: skip
    lines += [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for own in figures:
        seconds = (own.tiles, own.tiles_resident, own.eager, own.eager_resident, own.picture)
        cells = [f"{own.model} ×{own.scale}", f"{own.width}×{own.height}", own.precision]
        cells += ["–" if value is None else f"{value * 1e3:.2f}" for value in seconds]
        cells += ["–" if own.memory_mb is None else f"{own.memory_mb:.0f}", f"{own.deviation:.3f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"- {note}" for note in notes)]).rstrip() + "\n"


def write(
    folder: Path, facts: dict[str, Any], figures: Sequence[Figures], notes: Sequence[str]
) -> None:
    """Write ``gpu.json`` and ``gpu.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {"machine": facts, "figures": [asdict(own) for own in figures], "notes": [*notes]}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    (folder / "gpu.json").write_text(text, encoding="utf-8")
    (folder / "gpu.md").write_text(markdown(facts, figures, notes), encoding="utf-8")
