"""`srcnn export`: a network as a file for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._completion import complete_model
from srcnn_cli.cli._options import BorderOption, OverwriteOption, QuietOption
from srcnn_cli.errors import UsageError
from srcnn_cli.exports.registry import FORMATS

if TYPE_CHECKING:
    from srcnn_cli.exports.base import ExportFormat

    Name = str
else:  # for typer, whatever formats there are
    Name = Literal[tuple(FORMATS)]

_LIST = "; ".join(f"{made.name} ({made.about})" for made in FORMATS.values())
# What `srcnn upscale` enlarges by where nothing is said.
_USUAL_SCALE = 3


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A name from `srcnn models` or a .safetensors file.",
            autocompletion=complete_model,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write; its ending says the format (default: the model's name).",
        ),
    ] = None,
    format_: Annotated[
        Name | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help=f"The format: {_LIST}.",
        ),
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option(
            "--scale",
            "-s",
            metavar="N",
            min=2,
            max=16,
            help="Factor of enlargement (default: 3, or the first that the model has).",
        ),
    ] = None,
    border: BorderOption = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a network as a file that other programs run.

    The file computes what `srcnn upscale` does: srcnn export subpixel-s -o upscaler.onnx
    """
    chosen = _format(format_, output)
    from srcnn_cli.exports.base import Exported
    from srcnn_cli.files import check_writable, write_atomically
    from srcnn_cli.models.catalog import find_model, load_model

    files = find_model(model)
    if scale is None:
        scale = _USUAL_SCALE if _USUAL_SCALE in files else min(files)
    if scale not in files:
        trained = ", ".join(f"×{known}" for known in sorted(files))
        raise UsageError(f"{model} is for {trained}, not for ×{scale}")
    config, tensors = load_model(files[scale], border=border)
    network = Exported(_label(model, scale), config, tensors, scale)
    chosen.check(network)
    if output is None:
        output = Path(f"{network.name}{chosen.endings[0]}")
    targets = {ending: output.with_suffix(ending) for ending in chosen.endings}
    for target in targets.values():
        check_writable(target, overwrite=overwrite)
    for ending, data in chosen.files(network).items():
        write_atomically(targets[ending], partial(_fill, data), overwrite=overwrite)
    if not quiet:
        names = " and ".join(map(str, targets.values()))
        _terminal.say(f"{names}: {network.name}, ×{scale}, as {chosen.name}")
        _terminal.say(chosen.usage(network, str(output)))


def _fill(data: bytes, file: BinaryIO) -> None:
    file.write(data)


def _format(name: str | None, output: Path | None) -> ExportFormat:
    """The format by its name, or by the ending of the file.

    Raises:
        UsageError: Neither says one, or they contradict each other.
    """
    ending = "" if output is None else output.suffix.lower()
    if name is not None:
        chosen = FORMATS[name]
        if output is not None and ending != chosen.endings[0]:
            raise UsageError(f"{output}: a file of {name} must end in {chosen.endings[0]}")
        return chosen
    for made in FORMATS.values():
        if ending == made.endings[0]:
            return made
    names = ", ".join(FORMATS)
    if output is None:
        raise UsageError(f"say what to write: --format ({names}), or -o with a file's name")
    endings = ", ".join(dict.fromkeys(made.endings[0] for made in FORMATS.values()))
    raise UsageError(f"{output}: no format ends so: use {endings}, or --format ({names})")


def _label(model: str, scale: int) -> str:
    """``subpixel-s`` as ``subpixel-s-x3``; a file by its name without the ending."""
    path = Path(model)
    name = path.stem if path.suffix == ".safetensors" else path.name
    return name if name.endswith(f"x{scale}") else f"{name}-x{scale}"
