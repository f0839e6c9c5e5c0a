"""`srcnn import`: weights of other programs as a weights file of this one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._options import check_choice, parse_border, parse_planes
from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.channels import PLANES
from srcnn_cli.models.config import ARCHITECTURES, BORDER_POLICIES

# A flat picture that comes out this much brighter or darker was not learned so: a few grey levels
# are usual, and a network taken for another is off by half of full white.
_GREY_TOLERANCE = 0.1


def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A .mat file of SRCNN or VDSR, or a state dict."),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The weights file to write, .safetensors.")
    ],
    scale: Annotated[
        list[int] | None,
        typer.Option(
            "--scale",
            "-s",
            min=2,
            max=16,
            help="Factor it was trained for; several are allowed (default: as the file says, "
            "or its name, as in srcnn_x3.pth).",
        ),
    ] = None,
    border: Annotated[
        str | None,
        typer.Option(
            help=f"Border policy: {', '.join(BORDER_POLICIES)} "
            "(default: replicate for srcnn, zero for vdsr)."
        ),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(
            help=f"{' or '.join(ARCHITECTURES)} (default: vdsr if it has at least 8 layers, "
            "all of 3x3)."
        ),
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            "--channels",
            help=f"What its planes are: {', '.join(PLANES)} (default: y, and rgb if it has three).",
        ),
    ] = None,
    no_transpose: Annotated[
        bool,
        typer.Option(
            "--no-transpose",
            help="Take the filters of SRCNN's .mat file as MATLAB's imfilter does; without it, "
            "rows and columns are swapped, as the known files trained with Caffe need it.",
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace a file that exists.")] = False,
) -> None:
    """Turn weights of other programs into a weights file that `srcnn upscale --model` takes.

    Read are the .mat files of SRCNN's demo and of VDSR, and state dicts of SRCNN and VDSR code for
    PyTorch (.pth, .pt, .safetensors), which are told by the shapes of their tensors. Nothing in a
    file is ever run.
    """
    if output.suffix.lower() != ".safetensors":
        raise UsageError(f"{output}: the weights file must end in .safetensors")
    policy = parse_border(border)
    check_choice("--architecture", architecture, ARCHITECTURES)
    planes = parse_planes(color)

    from srcnn_cli.models.foreign.importer import grey_error, import_weights
    from srcnn_cli.models.weights import file_sha256, save_weights

    config, tensors, recognised = import_weights(
        file,
        scales=scale,
        border=policy,
        transpose=not no_transpose,
        architecture=architecture,
        color=planes,
    )
    save_weights(
        output,
        config,
        tensors,
        training={"imported_from": file.name, "sha256": file_sha256(file)},
        overwrite=overwrite,
    )
    error = grey_error(config, tensors)
    if not error < _GREY_TOLERANCE:
        _terminal.warn(
            file,
            f"a flat grey picture comes out {error:.3g} of full white off: another architecture "
            f"than {config.architecture}, another range of values, or no trained network",
        )
    use = f"srcnn upscale --model {shlex.quote(str(output))} --scale {config.scales[0]}"
    _terminal.say(f"{output}: {recognised}; use it with: {use} PICTURE")
