"""`srcnn compare`: see what methods make of a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srcnn_cli.cli import _compare_work
from srcnn_cli.cli._compare_outputs import PAGES, check_output, write_comparison
from srcnn_cli.cli._compare_report import Reporter
from srcnn_cli.cli._methods import Choice
from srcnn_cli.cli._options import (
    BorderOption,
    DegradeOption,
    DeviceOption,
    IntegerScaleOption,
    JsonOption,
    ModelsOption,
    OverlapOption,
    OverwriteOption,
    PrecisionOption,
    QuietOption,
    TileOption,
    alternatives,
    parse_degrade,
)
from srcnn_cli.errors import InputError, OutputError, UsageError
from srcnn_cli.evaluation.names import ProtocolName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.evaluation.results import Results
    from srcnn_cli.evaluation.sources import Source
    from srcnn_cli.imaging.regions import Region

EXAMPLES = """\
srcnn compare photo.png -o page.html          a page with a slider
srcnn compare photo.png -o sheet.png          a sheet, as papers have them
srcnn compare Set5/ -o pages/                 a page for each, and an index
"""


def compare(
    picture: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="A picture, or a folder of pictures.")
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A picture file such as sheet.png for a sheet, an .html file for a page with a "
            "slider; may be given several times. For a folder of pictures: a folder for the pages.",
        ),
    ] = None,
    scale: IntegerScaleOption = 3,
    model: ModelsOption = None,
    methods: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Interpolations to show, separated by commas: nearest, bilinear, bicubic, lanczos "
            "(default: nearest,bicubic).",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The original; PICTURE is then its low-resolution version. For a folder of "
            "pictures: the folder of their originals, paired by name.",
        ),
    ] = None,
    result: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            help="What another program made of PICTURE, shown and measured beside ours; may be "
            "given several times. For a folder of pictures: NAME=FOLDER, paired by name.",
        ),
    ] = None,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="Enlarge PICTURE itself, without PSNR and SSIM.")
    ] = False,
    protocol: Annotated[
        ProtocolName,
        typer.Option(
            metavar="NAME",
            help=f"How PICTURE is reduced and measured: {alternatives(ProtocolName)}.",
        ),
    ] = "srcnn",
    degrade: DegradeOption = None,
    crop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y,W,H",
            help="A detail to show: left, top, width and height in pixels of the result; may be "
            "given several times (default: where the methods differ most).",
        ),
    ] = None,
    zoom: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            max=64,
            help="How many times details are enlarged in the sheet; 0: automatic.",
        ),
    ] = 0,
    error_map: Annotated[
        bool, typer.Option("--error-map", help="Add signed error images to the sheet.")
    ] = False,
    border: BorderOption = None,
    device: DeviceOption = "auto",
    tile: TileOption = 0,
    overlap: OverlapOption = None,
    precision: PrecisionOption = "float32",
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what methods make of a picture: as a table, as a sheet, as a page with a slider.

    The picture is taken as the original: it is reduced, enlarged again and measured as in
    `srcnn bench`. With --reference it is a low-resolution picture, whose original is named; with
    --no-reference it is enlarged itself, and nothing is measured.
    """
    from srcnn_cli.comparison.compare import Request
    from srcnn_cli.evaluation.protocol import PROTOCOLS

    if no_reference and (reference is not None or error_map):
        other = "--error-map" if reference is None else "--reference"
        raise UsageError(f"--no-reference and {other} exclude each other")
    needed = reference is None and not no_reference
    convention = PROTOCOLS[protocol].changed(degrade=parse_degrade(degrade, scale, needed=needed))
    if reference is not None:
        convention = convention.with_given_low()
    crops = tuple(map(_parse_crop, crop or []))
    request = Request(scale, convention, not no_reference, crops, error_map)
    outputs = output or []
    chosen = model or (None if methods is None else [])
    choice = Choice(
        chosen, "nearest,bicubic" if methods is None else methods, border, device, tile,
        precision=precision, overlap=overlap,
    )  # fmt: skip
    reporter = Reporter(json=json, quiet=quiet)
    if picture.is_dir():
        _check_folder_options(outputs, zoom=zoom, errors=error_map)
        _compare_work.compare_folder(
            picture, outputs, reference, result or [], request, choice, reporter,
            overwrite=overwrite,
        )  # fmt: skip
        return
    for path in outputs:
        check_output(path, overwrite=overwrite)
    source = _source(picture, reference)
    given = [_result_of(source, text) for text in result or []]
    with _compare_work.make_bar(reporter) as bar:
        chosen_methods = choice.make(scale)
        pace = _compare_work.make_pace(bar, [source], chosen_methods, request, reporter)
        made = _compare_work.compare_one(source, chosen_methods, request, given, pace)
    for path in outputs:
        write_comparison(path, made, zoom=zoom, overwrite=overwrite)
    reporter.heading(f"{made.image} ×{scale}", request.describe())
    reporter.picture(picture, made, outputs)


def _parse_crop(text: str) -> Region:
    from srcnn_cli.imaging.regions import Region

    try:
        x, y, width, height = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--crop {text!r} is not x,y,width,height in pixels") from None
    return Region(y, x, y + height, x + width)


def _check_folder_options(outputs: Sequence[Path], *, zoom: int, errors: bool) -> None:
    if len(outputs) > 1:
        raise UsageError("for a folder of pictures name one folder for the pages (--output)")
    if outputs and (outputs[0].suffix.lower() in PAGES or outputs[0].is_file()):
        raise OutputError("there are several pictures: name a folder for their pages", outputs[0])
    if zoom or errors:
        raise UsageError("--zoom and --error-map belong to a sheet, which is made of one picture")


def _source(picture: Path, reference: Path | None) -> Source:
    from srcnn_cli.evaluation.sources import Source

    if reference is None:
        return Source(picture)
    if reference.is_dir():
        raise InputError("is a folder, but there is one picture to compare", reference)
    return Source(reference, picture)


def _result_of(source: Source, text: str) -> Results:
    from srcnn_cli.evaluation.results import Results, parse_results

    name, path = parse_results(text)
    if path.is_dir():
        raise InputError("is a folder, but there is one picture to compare", path)
    return Results(name, {source.name: path})
