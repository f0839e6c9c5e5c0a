"""`srcnn export`: a network as a file for other programs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._completion import complete_model
from srcnn_cli.cli._options import BorderOption, OverwriteOption, QuietOption
from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.exports.registry import FORMATS

if TYPE_CHECKING:
    from srcnn_cli.exports.base import Exported, ExportFormat
    from srcnn_cli.models.networks.base import BorderPolicy

    Name = str
else:  # for typer, whatever formats there are
    Name = Literal[tuple(FORMATS)]

_LIST = "; ".join(f"{made.name} ({made.about})" for made in FORMATS.values())
# What `srcnn upscale` enlarges by where nothing is said.
_USUAL_SCALE = 3

EXAMPLES = """\
srcnn export subpixel-s -o upscaler.html      a page that enlarges photos
srcnn export vdsr-20 -s 2 -f onnx-plane       luminance, for your own program
srcnn export subpixel-s --restore jpeg:50 -s 2 -o videos.glsl
"""


def export(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="One of `srcnn models`, a .safetensors file, or the folder of a run.",
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
            min=1,
            max=16,
            help="Factor of enlargement (default: 3, or the first there is).",
        ),
    ] = None,
    restore: Annotated[
        str | None,
        typer.Option(
            metavar="CHAIN",
            help="What the file undoes, by the weights for photographs: jpeg:75, say, or "
            "noise:8+jpeg:90.",
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
    from srcnn_cli.files import check_writable, write_atomically

    network = _network(model, scale, restore, border)
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
        _terminal.say(f"{names}: {network.name}, ×{network.scale}, as {chosen.name}")
        _terminal.say(chosen.usage(network, str(output)))


def _network(
    model: str, scale: int | None, restore: str | None, border: BorderPolicy | None
) -> Exported:
    """What is to be written.

    Raises:
        ModelError: There is no such model, or it is a dictionary.
        UsageError: It is for other factors, or for clean pictures where it is to restore, or it has
            not been said what it is to restore.
    """
    from srcnn_cli.exports.base import Exported, Network
    from srcnn_cli.models.catalog import (
        find_model,
        load_model,
        restoring_chrominance,
        restoring_weights,
    )
    from srcnn_cli.models.dictionaries import DictionaryConfig
    from srcnn_cli.models.networks.levels import at_level
    from srcnn_cli.models.weights import read_config

    files = (restore and restoring_weights(model)) or find_model(model)
    if scale is None:
        # Weights that restore without enlarging (×1) are for every model, and meant by none.
        scales = sorted(files, key=lambda factor: (factor != _USUAL_SCALE, factor == 1, factor))
        scale = scales[0]
    if scale not in files:
        trained = ", ".join(f"×{known}" for known in sorted(files))
        raise UsageError(f"{model} is for {trained}, not for ×{scale}")
    if isinstance(read_config(files[scale]), DictionaryConfig):
        raise ModelError(
            f"{model} is a dictionary, which no other program runs: export a network, such as "
            "subpixel-s"
        )
    config, tensors = load_model(files[scale], border=border)
    if config.family.keeps_luminance:
        raise ModelError(
            f"{model} puts right the colours beside a luminance, which no other program does with "
            "it: export a network that enlarges, such as subpixel-s"
        )
    label, chrominance = _label(model, scale), None
    if restore is not None:
        if not config.levels:
            raise UsageError(
                f"{model} is for clean pictures and restores nothing: leave out --restore, or "
                "take subpixel-s or subpixel-l"
            )
        from srcnn_cli.imaging.chain import parse_chain

        chain = parse_chain(restore)
        levels = chain.levels(scale)
        config, tensors = at_level(config, tensors, levels)
        if path := restoring_chrominance(levels):
            chrominance = Network(*at_level(*load_model(path), levels))
        # The weights may be those of another model, so the file is named.
        label = (
            f"{_label(files[scale].name, scale)}-{str(chain).replace(':', '').replace('+', '-')}"
        )
    elif config.levels:
        raise UsageError(
            f"{model} is told how damaged a picture is, and a file is told once for all: say "
            "--restore jpeg:75, or whatever it is to undo"
        )
    return Exported(label, config, tensors, scale, chrominance)


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
