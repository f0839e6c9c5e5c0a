"""Options that several subcommands share, defined once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from srcnn_cli.cli._completion import complete_model
from srcnn_cli.errors import UsageError
from srcnn_cli.models.config import ARCHITECTURES, EngineName, Precision, PrecisionChoice
from srcnn_cli.models.dictionaries import DICTIONARIES
from srcnn_cli.models.networks.base import BorderPolicy

if TYPE_CHECKING:
    from srcnn_cli.imaging.chain import Chain
    from srcnn_cli.pictures.writing import RGB

    Architecture = str
    DictionaryName = str
else:  # for typer, whatever families of networks and kinds of dictionaries there are
    Architecture = Literal[ARCHITECTURES]
    DictionaryName = Literal[tuple(DICTIONARIES)]


def alternatives(choice: object) -> str:
    """The words of a `Literal`, as ``a, b or c``; nothing of any other type."""
    *others, last = get_args(choice) or ("",)
    return f"{', '.join(others)} or {last}" if others else str(last)


# Panels of the help, of options that several commands have.
COMPUTING, FILES, TELLING = "Computing", "Files", "What is said"

DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        "-d",
        metavar="NAME",
        help="Where: auto, cpu, cuda, cuda:N or mps.",
        rich_help_panel=COMPUTING,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs on stdout.", rich_help_panel=TELLING)
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=TELLING)
]
CONVENTION = "Convention of the measurement"
IntegerScaleOption = Annotated[
    int,
    typer.Option(
        "--scale",
        "-s",
        metavar="N",
        min=1,
        max=16,
        help="Factor; 1 restores only, with --degrade.",
    ),
]
DegradeOption = Annotated[
    str | None,
    typer.Option(
        "--degrade",
        metavar="CHAIN",
        help="How low resolution is made instead, such as jpeg:75, blur:1.2 or noise:8+jpeg:90; "
        "restoring models are told.",
        rich_help_panel=CONVENTION,
    ),
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="One of `srcnn models`, a .safetensors or any .onnx file; may be given several times "
        "(default: all for the scale).",
        autocompletion=complete_model,
    ),
]
BorderOption = Annotated[
    BorderPolicy | None,
    typer.Option(
        "--border",
        metavar="NAME",
        help=f"Border policy: {alternatives(BorderPolicy)}.",
        rich_help_panel=COMPUTING,
    ),
]
TileOption = Annotated[
    int,
    typer.Option(
        "--tile",
        "-t",
        metavar="N",
        min=0,
        help="Side of the tiles in pixels (default: automatic).",
        rich_help_panel=COMPUTING,
    ),
]
OverlapOption = Annotated[
    int | None,
    typer.Option(
        "--overlap",
        metavar="N",
        min=0,
        help="Overlap of an .onnx file's tiles (default: measured).",
        rich_help_panel=COMPUTING,
    ),
]
PrecisionOption = Annotated[
    Precision,
    typer.Option(
        "--precision",
        metavar="NAME",
        help=f"Numbers in {alternatives(Precision)}.",
        rich_help_panel=COMPUTING,
    ),
]
PrecisionChoiceOption = Annotated[
    PrecisionChoice,
    typer.Option(
        "--precision",
        metavar="NAME",
        help="Numbers in float32, bfloat16 or, if harmless, auto.",
        rich_help_panel=COMPUTING,
    ),
]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        metavar="NAME",
        help=f"Engine: {alternatives(EngineName)}.",
        rich_help_panel=COMPUTING,
    ),
]
ThreadsOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        max=1024,
        help="Processor cores to compute with (default: all).",
        rich_help_panel=COMPUTING,
    ),
]
OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files that exist already.", rich_help_panel=FILES),
]


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
        raise UsageError(f"{text!r} is not a colour (try '#ffffff' or white)") from None
    return red, green, blue


def parse_degrade(text: str | None, scale: int, *, needed: bool) -> Chain | None:
    """The chain that ``--degrade`` names.

    Raises:
        UsageError: It is none, or there is nothing to undo.
    """
    if text is None:
        if scale == 1 and needed:
            raise UsageError("at a scale of 1 nothing is lost: --degrade says what to restore")
        return None
    from srcnn_cli.imaging.chain import parse_chain

    return parse_chain(text)
