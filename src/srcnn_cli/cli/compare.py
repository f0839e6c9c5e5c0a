"""`srcnn compare`: see what methods make of a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srcnn_cli.cli import _progress
from srcnn_cli.cli._compare_outputs import (
    PAGES,
    check_folder,
    check_output,
    page_names,
    write_comparison,
    write_index,
)
from srcnn_cli.cli._compare_report import Reporter
from srcnn_cli.cli._methods import Choice
from srcnn_cli.cli._options import (
    BorderOption,
    DegradeOption,
    DeviceOption,
    IntegerScaleOption,
    JsonOption,
    ModelsOption,
    OverwriteOption,
    PrecisionOption,
    QuietOption,
    TileOption,
    alternatives,
    parse_degrade,
)
from srcnn_cli.errors import InputError, ModelError, OutputError, SrcnnError, UsageError
from srcnn_cli.evaluation.names import ProtocolName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srcnn_cli.comparison.compare import Comparison, Request
    from srcnn_cli.evaluation.benchmark import Record
    from srcnn_cli.evaluation.sources import Source
    from srcnn_cli.imaging.regions import Region
    from srcnn_cli.methods.base import Method


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
        convention = replace(convention, name=f"{convention.name} (given-lr)", given_lr=True)
    crops = tuple(map(_parse_crop, crop or []))
    request = Request(scale, convention, not no_reference, crops, error_map)
    outputs = output or []
    chosen = model or (None if methods is None else [])
    choice = Choice(
        chosen, "nearest,bicubic" if methods is None else methods, border, device, tile,
        precision=precision,
    )  # fmt: skip
    reporter = Reporter(json=json, quiet=quiet)
    if picture.is_dir():
        _check_folder_options(outputs, zoom=zoom, errors=error_map)
        _compare_folder(picture, outputs, reference, request, choice, reporter, overwrite=overwrite)
        return
    for path in outputs:
        check_output(path, overwrite=overwrite)
    source = _source(picture, reference)
    # How long a method will take is not known.
    with _progress.ProgressBar("comparing", None, visible=reporter.lively):
        made = _compare_one(source, choice.make(scale), request)
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


def _compare_one(source: Source, methods: Sequence[Method], request: Request) -> Comparison:
    from srcnn_cli.comparison import compare as core

    return core.compare(source, methods, request)


def _compare_folder(
    folder: Path,
    outputs: Sequence[Path],
    reference: Path | None,
    request: Request,
    choice: Choice,
    reporter: Reporter,
    *,
    overwrite: bool,
) -> None:
    from srcnn_cli.evaluation.sources import find_sources

    sources, passed_over = (
        find_sources(folder) if reference is None else find_sources(reference, folder)
    )
    reporter.passed_over(folder, passed_over)
    target = outputs[0] if outputs else None
    pages = page_names(sources)
    if target is not None:
        check_folder(target, [*pages, "index.html"], overwrite=overwrite)
    methods = choice.make(request.scale)
    entries: list[tuple[str, list[Record]]] = []
    conditions = request.describe()
    reporter.heading(f"{folder.resolve().name} ×{request.scale}", conditions)
    with _progress.ProgressBar("comparing", len(sources), visible=reporter.lively) as bar:
        for number, (source, page) in enumerate(zip(sources, pages, strict=True)):
            bar.update(number)
            try:
                made = _compare_one(source, methods, request)
                written = [] if target is None else [target / page]
                for path in written:
                    write_comparison(path, made, zoom=0, overwrite=overwrite)
            except (ModelError, UsageError):
                raise  # no other picture would fare better
            except SrcnnError as error:
                reporter.failed(source.low or source.path, error)
                continue
            entries.append((page, made.records()))
            reporter.picture(source.low or source.path, made, written)
    if entries:
        if target is not None:
            write_index(target, folder, request, conditions, entries, overwrite=overwrite)
        reporter.averages(entries)
    if reporter.failures:
        raise typer.Exit(1)
