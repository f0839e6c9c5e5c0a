"""Options that several subcommands share, defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.channels import PLANES, Planes
from srcnn_cli.models.config import BORDER_POLICIES, PRECISIONS, BorderPolicy, Precision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.pictures.writing import RGB

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
PrecisionOption = Annotated[
    str,
    typer.Option(
        "--precision",
        help="float32, or bfloat16: faster on newer processors, some pixels a level off.",
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite/--no-overwrite", help="Replace files that exist.")
]


def check_choice(option: str, name: str | None, choices: Sequence[str]) -> None:
    """Whether a value is one of those that an option takes, if it was given.

    Raises:
        UsageError: It is not.
    """
    if name is not None and name not in choices:
        raise UsageError(f"{option} is {' or '.join(choices)}, not {name!r}")


def parse_border(name: str | None) -> BorderPolicy | None:
    """The border policy of that name; None stays None.

    Raises:
        UsageError: There is none of that name.
    """
    check_choice("--border", name, BORDER_POLICIES)
    return cast("BorderPolicy | None", name)


def parse_planes(name: str | None) -> Planes | None:
    """The planes of that name; None stays None.

    Raises:
        UsageError: There are none of that name.
    """
    check_choice("--channels", name, PLANES)
    return cast("Planes | None", name)


def parse_precision(name: str) -> Precision:
    """The precision of that name.

    Raises:
        UsageError: There is none of that name.
    """
    check_choice("--precision", name, PRECISIONS)
    return cast("Precision", name)


def parse_path(name: str) -> Path:
    """A file or folder.

    Raises:
        UsageError: The name is empty, which would stand for the current folder.
    """
    if not name:
        raise UsageError("a name of a file or folder is empty (an unset variable?)")
    return Path(name)


def parse_background(text: str) -> RGB:
    """A colour as CSS writes it (``#ffffff``, ``white``) in R'G'B', 0-255.

    Raises:
        UsageError: It is none.
    """
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise UsageError(f"no colour: {text!r} (try '#ffffff' or white)") from None
    return red, green, blue
