"""The options that `srcnn upscale` alone has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from srcnn_cli.cli._completion import complete_method
from srcnn_cli.cli._options import alternatives, parse_path
from srcnn_cli.pictures.subsampling import Subsampling
from srcnn_cli.streams import input_path, output_path

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
    list[Path],
    typer.Argument(
        metavar="INPUT",
        help="Picture files, or folders of them; - is standard input.",
        parser=_parse_input,
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="A file, a folder, a template such as {stem}.big{ext}, or - for standard output "
        "(default: beside each input). The extension chooses the format.",
        parser=_parse_output,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help=f"Format of the results: {alternatives(Format)} (default: by the extension, and on "
        "standard output that of the input).",
    ),
]
ScaleOption = Annotated[
    float | None,
    typer.Option(
        "--scale", "-s", metavar="NUMBER", help="Factor of enlargement, from 1 to 16 (default: 3)."
    ),
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Width of the results in pixels, instead of a factor; with --height they fit into "
        "both.",
    ),
]
HeightOption = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Height of the results in pixels, likewise."),
]
MaxSideOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Enlarge less where a side would become longer than this."
    ),
]
MaxPixelsOutOption = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, help="Enlarge less where a result would have more pixels than this."
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="A name from `srcnn models`, a .safetensors file, or an interpolation: nearest, "
        "bilinear, bicubic or lanczos.",
        autocompletion=complete_method,
    ),
]
RestoreOption = Annotated[
    str,
    typer.Option(
        metavar="WHAT",
        help="Damage to undo: auto finds JPEG compression and noise, off leaves all as it is; or "
        "say it, such as jpeg:50, noise:8+jpeg:90, blur:1.2 or nearest. With a --scale of 1 "
        "nothing else is done.",
    ),
]
RecursiveOption = Annotated[
    bool, typer.Option("--recursive", "-r", help="Look into subfolders, too.")
]
SkipExistingOption = Annotated[
    bool, typer.Option("--skip-existing", help="Leave out inputs whose result exists already.")
]
FailFastOption = Annotated[
    bool, typer.Option("--fail-fast", help="Stop at the first file that fails.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")
]
AllFramesOption = Annotated[
    bool,
    typer.Option(
        "--all-frames",
        help="Enlarge every frame of GIF, WebP, APNG and AVIF, and every page of TIFF.",
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Refuse files that hold several pictures.")
]
AcceptDamagedOption = Annotated[
    bool,
    typer.Option("--accept-damaged", help="Take what there is of a damaged JPEG, and warn."),
]
StripOption = Annotated[
    bool, typer.Option("--strip", help="Do not copy EXIF, ICC profile and resolution.")
]
QualityOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=100,
        help="Quality of JPEG, WebP and AVIF (default: a JPEG's own, from 75 to 95; else 95).",
    ),
]
SubsamplingOption = Annotated[
    Subsampling,
    typer.Option(metavar="NAME", help=f"Colour subsampling of JPEG: {alternatives(Subsampling)}."),
]
CompressionOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        max=9,
        help="Effort to make PNG and TIFF files smaller; no pixel changes.",
    ),
]
BackgroundOption = Annotated[
    str | None,
    typer.Option(
        metavar="COLOUR",
        help="Colour to put behind transparent pixels where the format has none, such as "
        "'#ffffff'.",
    ),
]
MaxPixelsOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        help="Refuse pictures of more pixels than this, before or after enlarging.",
    ),
]
RawOption = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--raw",
        metavar="SIZE PIXELS",
        help="Input and output are bare frames of a video: 1920x1080 rgb24, say, as FFmpeg calls "
        "them.",
    ),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say where the time of each file went.")
]
LogFileOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Add all that is said to the end of this file.", parser=parse_path
    ),
]
