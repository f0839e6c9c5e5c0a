"""`srcnn import`: weights of other programs as a weights file of this one."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._options import Architecture, OverwriteOption, alternatives
from srcnn_cli.errors import UsageError
from srcnn_cli.imaging.channels import INPUT_CONVENTIONS, Planes
from srcnn_cli.models.networks.base import BorderPolicy

EXAMPLES = """\
srcnn import vdsr.pth -s 2 -s 3 -s 4 -o vdsr.safetensors
srcnn import espcn_x3.onnx --input 0-255 -o espcn-x3.safetensors
srcnn import best.pth.tar --key params_ema -o best.safetensors
"""


def _input_convention(name: str) -> str:
    if name not in INPUT_CONVENTIONS:
        raise typer.BadParameter(
            f"{name!r} is not one of {', '.join(map(repr, INPUT_CONVENTIONS))}."
        )
    return name


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A file of PyTorch, ONNX, Keras, TensorFlow or MATLAB, or .safetensors.",
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
            "(default: as the file says, else replicate for srcnn and zero for others).",
        ),
    ] = None,
    architecture: Annotated[
        Architecture | None,
        typer.Option(
            metavar="NAME",
            help=f"Family of the network: {alternatives(Architecture)} (default: as the file says, "
            "else the one as which flat pictures come out flat).",
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
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="NAME",
            parser=_input_convention,
            help="What the network was trained on, where that is not Y' from 16/255 to 235/255 or "
            "R'G'B' from 0 to 1: full-range (Y' from 0 to 1), 0-255 (values up to 255) or bgr "
            "(colours in OpenCV's order); may be given several times. It becomes part of the "
            "weights.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Entry of a PyTorch checkpoint that holds the network, such as params_ema "
            "(default: averaged weights where there are any).",
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

    It reads SRCNN, VDSR, ESPCN and FSRCNN from checkpoints and pickled modules of PyTorch, from
    .safetensors, ONNX, Keras' HDF5, frozen graphs of TensorFlow, and MATLAB's .mat. No code in a
    file is ever run, that of pickles included. docs/import.md has a table of all formats.
    """
    if output.suffix.lower() != ".safetensors":
        raise UsageError(f"{output}: the weights file must end in .safetensors")
    from srcnn_cli.methods.importing import import_plausible
    from srcnn_cli.models.weights import file_sha256, save_weights

    found = import_plausible(
        file,
        scales=scale,
        border=border,
        transpose=not no_transpose,
        architecture=architecture,
        color=color,
        inputs=tuple(inputs or ()),
        key=key,
    )
    save_weights(
        output,
        found.config,
        found.tensors,
        training={"imported_from": file.name, "sha256": file_sha256(file)},
        overwrite=overwrite,
    )
    if found.warning:
        _terminal.warn(file, found.warning)
    scales = found.config.scales
    use = f"srcnn upscale --model {shlex.quote(str(output))} --scale {scales[0]}"
    _terminal.say(f"{output}: {found.recognised}; use it with: {use} PICTURE")
