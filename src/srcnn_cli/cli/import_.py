"""`srcnn import`: weights of other programs as a weights file of this one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._options import Architecture, OverwriteOption, alternatives
from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.channels import Planes
from srcnn_cli.models.networks.base import BorderPolicy

# A flat picture that comes out this much brighter or darker was not learned so: a few grey levels
# are usual, and a network taken for another is off by half of full white.
_GREY_TOLERANCE = 0.1


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A .mat file of SRCNN or VDSR, or a state dict of PyTorch code."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The weights file to write, .safetensors."
        ),
    ],
    scale: Annotated[
        list[int] | None,
        typer.Option(
            "--scale",
            "-s",
            metavar="N",
            min=2,
            max=16,
            help="Factor that the network was trained for; may be given several times (default: as "
            "the file or its name says, such as srcnn_x3.pth).",
        ),
    ] = None,
    border: Annotated[
        BorderPolicy | None,
        typer.Option(
            metavar="NAME",
            help=f"How the network treats a picture's border: {alternatives(BorderPolicy)} "
            "(default: replicate for srcnn, zero for vdsr).",
        ),
    ] = None,
    architecture: Annotated[
        Architecture | None,
        typer.Option(
            metavar="NAME",
            help=f"Family of the network: {alternatives(Architecture)} (default: vdsr if it has at "
            "least 8 layers, all of them 3x3).",
        ),
    ] = None,
    color: Annotated[
        Planes | None,
        typer.Option(
            "--channels",
            metavar="NAME",
            help=f"Planes that go through the network: {alternatives(Planes)} (default: y, or rgb "
            "if there are three).",
        ),
    ] = None,
    no_transpose: Annotated[
        bool,
        typer.Option(
            "--no-transpose",
            help="Take the filters in SRCNN's .mat file as MATLAB's imfilter takes them. Otherwise "
            "their rows and columns are swapped, as the known files from Caffe need it.",
        ),
    ] = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Turn weights of other programs into a file that `srcnn upscale --model` takes.

    It reads the .mat files of SRCNN's demo and of VDSR, and state dicts of SRCNN and VDSR code for
    PyTorch (.pth, .pt, .safetensors), which it recognises by the shapes of their tensors. No code
    in a file is ever run.
    """
    if output.suffix.lower() != ".safetensors":
        raise UsageError(f"{output}: the weights file must end in .safetensors")
    from srcnn_cli.methods.sanity import grey_error
    from srcnn_cli.models.foreign.importer import import_weights
    from srcnn_cli.models.weights import file_sha256, save_weights

    config, tensors, recognised = import_weights(
        file,
        scales=scale,
        border=border,
        transpose=not no_transpose,
        architecture=architecture,
        color=color,
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
