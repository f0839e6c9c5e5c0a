"""The options that `srcnn upscale` alone has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from srcnn_cli.cli._completion import complete_method
from srcnn_cli.cli._options import COMPUTING, FILES, TELLING, alternatives, parse_path
from srcnn_cli.pictures.subsampling import Subsampling
from srcnn_cli.streams import input_path, output_path

# The panels of the help; those of options of several commands are in `_options`.
_SIZE, _READING, _WRITING = "Size", "Reading", "Writing"

if TYPE_CHECKING:
    Location = Path
else:

    class Location:
        """To typer, what the parsers below give: of any `Path` it would make a local one again."""


Format = Literal["png", "jpeg", "webp", "avif", "tiff", "bmp", "ppm"]
EXTENSIONS: dict[str, str] = {
    "png": ".png",
    "jpeg": ".jpg",
    "webp": ".webp",
    "avif": ".avif",
    "tiff": ".tif",
    "bmp": ".bmp",
    "ppm": ".ppm",
}


def _parse_input(name: str) -> Path:
    parse_path(name)
    return input_path(name)


def _parse_output(name: str) -> Path:
    parse_path(name)
    return output_path(name)


InputsArgument = Annotated[
    list[Location],
    typer.Argument(
        metavar="INPUT",
        help="Files, folders, s3:// and gs://, or - for stdin.",
        parser=_parse_input,
    ),
]
OutputOption = Annotated[
    Location | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="A file, a folder, - for standard output, or a template such as {stem}.big{ext} "
        "(default: beside the input).",
        parser=_parse_output,
        rich_help_panel=FILES,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help=f"Written as {alternatives(Format)}.",
        rich_help_panel=FILES,
    ),
]
ScaleOption = Annotated[
    float | None,
    typer.Option(
        "--scale",
        "-s",
        metavar="NUMBER",
        help="Factor of enlargement, from 1 to 16 (default: 3).",
        rich_help_panel=_SIZE,
    ),
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Width of the results, instead of a factor.", rich_help_panel=_SIZE
    ),
]
HeightOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Height of the results; with --width: fit into both.",
        rich_help_panel=_SIZE,
    ),
]
MaxSideOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Enlarge less where a side would become longer.",
        rich_help_panel=_SIZE,
    ),
]
MaxPixelsOutOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Enlarge less where a result would have more.",
        rich_help_panel=_SIZE,
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="One of `srcnn models`, fast or best, a file, the folder of a run, or an "
        "interpolation, such as bicubic.",
        autocompletion=complete_method,
        rich_help_panel=COMPUTING,
    ),
]
RestoreOption = Annotated[
    str,
    typer.Option(
        metavar="WHAT",
        help="Undo damage: auto, off or jpeg:50.",
        rich_help_panel=COMPUTING,
    ),
]
AtOnceOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="N",
        min=1,
        max=1024,
        help="Files worked on at a time (default: all cores).",
        rich_help_panel=COMPUTING,
    ),
]
SelfEnsembleOption = Annotated[
    bool,
    typer.Option(
        "--self-ensemble",
        help="Average over eight turns: better, 8 times slower.",
        rich_help_panel=COMPUTING,
    ),
]
RecursiveOption = Annotated[
    bool,
    typer.Option("--recursive", "-r", help="Look into subfolders, too.", rich_help_panel=FILES),
]
SkipExistingOption = Annotated[
    bool,
    typer.Option(
        "--skip-existing", help="Leave out inputs whose result exists.", rich_help_panel=FILES
    ),
]
FailFastOption = Annotated[
    bool,
    typer.Option("--fail-fast", help="Stop at the first file that fails.", rich_help_panel=FILES),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Say what would be done, and write nothing.", rich_help_panel=FILES
    ),
]
AllFramesOption = Annotated[
    bool,
    typer.Option(
        "--all-frames",
        help="Enlarge all frames of animations and pages of TIFF.",
        rich_help_panel=_READING,
    ),
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict", help="Refuse files that hold several pictures.", rich_help_panel=_READING
    ),
]
AcceptDamagedOption = Annotated[
    bool,
    typer.Option(
        "--accept-damaged",
        help="Take what there is of a damaged JPEG, and warn.",
        rich_help_panel=_READING,
    ),
]
StripOption = Annotated[
    bool,
    typer.Option(
        "--strip", help="Do not copy EXIF, ICC profile and resolution.", rich_help_panel=_WRITING
    ),
]
QualityOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=100,
        help="Quality of JPEG, WebP, AVIF (default: a JPEG's own).",
        rich_help_panel=_WRITING,
    ),
]
SubsamplingOption = Annotated[
    Subsampling,
    typer.Option(
        metavar="NAME",
        help=f"Colours of JPEG: {alternatives(Subsampling)}.",
        rich_help_panel=_WRITING,
    ),
]
CompressionOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        max=9,
        help="Effort for small PNG and TIFF, 0 to 9.",
        rich_help_panel=_WRITING,
    ),
]
BackgroundOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLOUR",
        help="Put behind transparency, such as '#ffffff'.",
        rich_help_panel=_WRITING,
    ),
]
MaxPixelsOption = Annotated[
    int,
    typer.Option(
        metavar="N", min=1, help="Refuse more, before or after.", rich_help_panel=_READING
    ),
]
RawOption = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--raw",
        metavar="SIZE PIXELS",
        help="Frames of a video, such as 1920x1080 rgb24.",
        rich_help_panel=_READING,
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="A Ray cluster: auto, local or HOST:PORT.",
        rich_help_panel=COMPUTING,
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say where the time of each file went.", rich_help_panel=TELLING
    ),
]
LogFileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Add all that is said to the end of this file.",
        parser=parse_path,
        rich_help_panel=TELLING,
    ),
]
