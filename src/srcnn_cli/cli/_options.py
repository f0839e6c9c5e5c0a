"""Options that several subcommands share, defined once."""

from __future__ import annotations

from typing import Annotated

import typer

from srcnn_cli.config import BORDER_POLICIES

DeviceOption = Annotated[
    str, typer.Option("--device", "-d", help="auto, cpu, cuda, cuda:N or mps.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
IntegerScaleOption = Annotated[int, typer.Option("--scale", "-s", min=2, max=16, help="Factor.")]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        help="A name from `srcnn models` or a .safetensors file; several are allowed "
        "(default: every shipped model for the scale).",
    ),
]
BorderOption = Annotated[
    str | None,
    typer.Option(
        "--border", help=f"{', '.join(BORDER_POLICIES)} (default: as each model was trained)."
    ),
]
TileOption = Annotated[
    int, typer.Option("--tile", "-t", min=0, help="Side of the tiles in pixels; 0: automatic.")
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite/--no-overwrite", help="Replace files that exist.")
]
