"""Options that several subcommands share, defined once."""

from __future__ import annotations

from typing import Annotated

import typer

from srcnn_cli.config import BORDER_POLICIES, BorderPolicy
from srcnn_cli.errors import UsageError

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


def parse_border(name: str | None) -> BorderPolicy | None:
    """The border policy of that name; None stays None.

    Raises:
        UsageError: There is none of that name.
    """
    for policy in BORDER_POLICIES:
        if policy == name:
            return policy
    if name is not None:
        raise UsageError(f"unknown border policy {name!r}: use {', '.join(BORDER_POLICIES)}")
    return None
