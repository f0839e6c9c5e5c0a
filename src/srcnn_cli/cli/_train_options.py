"""The options of `srcnn train`: those of the run, and one for every value of a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from srcnn_cli.cli._options import Architecture, DictionaryName, alternatives
from srcnn_cli.imaging.channels import Planes
from srcnn_cli.models.networks.base import BorderPolicy
from srcnn_cli.training.recipes import RECIPES, RecipeName
from srcnn_cli.training.schedule import schedule_values

_DATA = "Data"
_NETWORK = "Network (default: the recipe's)"
RECIPE_PANEL = "Values of the recipe, which --recipes explains"
_RUN = "Run"
# What stands for a value in the help, narrow enough for the help itself.
_METAVARS = {int: "N", float: "NUMBER"}

DataOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Training pictures; may be given several times.",
        rich_help_panel=_DATA,
    ),
]
ValidationOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Validation pictures (default: some are held back).",
        rich_help_panel=_DATA,
    ),
]
HoldBackOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        help="Pictures to hold back, at most a tenth.",
        rich_help_panel=_DATA,
    ),
]
CacheOption = Annotated[
    float,
    typer.Option(
        metavar="GB",
        min=0,
        help="Memory for pictures; more are streamed.",
        rich_help_panel=_DATA,
    ),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        help="Processes that read a stream or degrade.",
        rich_help_panel=_DATA,
    ),
]
RecipeOption = Annotated[
    RecipeName,
    typer.Option(
        metavar="NAME",
        help="How to train. "
        + "; ".join(f"{name} is {recipe.summary}" for name, recipe in RECIPES.items())
        + ".",
    ),
]
RecipesOption = Annotated[
    bool, typer.Option("--recipes", help="Print all values of the recipes, and what they are.")
]
MethodOption = Annotated[
    DictionaryName | None,
    typer.Option(
        metavar="NAME",
        help="A method of before the networks instead, with its authors' values: "
        f"{alternatives(DictionaryName)}.",
        rich_help_panel=_NETWORK,
    ),
]
ArchitectureOption = Annotated[
    Architecture | None,
    typer.Option(
        metavar="NAME",
        help=f"Family of the network: {alternatives(Architecture)}.",
        rich_help_panel=_NETWORK,
    ),
]
FiltersOption = Annotated[
    str | None,
    typer.Option(
        metavar="F-F-F",
        help="Filter sizes from the first to the last layer, such as 9-1-5.",
        rich_help_panel=_NETWORK,
    ),
]
WidthsOption = Annotated[
    str | None,
    typer.Option(
        metavar="N-N",
        help="Feature maps between the layers, such as 64-32.",
        rich_help_panel=_NETWORK,
    ),
]
DepthOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Number of layers, of vdsr and subpixel.",
        rich_help_panel=_NETWORK,
    ),
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Feature maps between the layers, of vdsr and subpixel.",
        rich_help_panel=_NETWORK,
    ),
]
ChannelsOption = Annotated[
    Planes | None,
    typer.Option(
        "--channels",
        metavar="NAME",
        help=f"Planes that go through the network: {alternatives(Planes)}.",
        rich_help_panel=_NETWORK,
    ),
]
ScalesOption = Annotated[
    str | None,
    typer.Option(
        "--scale",
        "-s",
        metavar="N,N",
        help="Factor, or several for one network: 2,3,4.",
        rich_help_panel=_NETWORK,
    ),
]
TrainedBorderOption = Annotated[
    BorderPolicy | None,
    typer.Option(
        "--border",
        metavar="NAME",
        help=f"How the network treats a picture's border: {alternatives(BorderPolicy)}.",
        rich_help_panel=_NETWORK,
    ),
]
InitOption = Annotated[
    Path | None,
    typer.Option(
        "--init",
        metavar="FILE",
        help="Start from these weights; vdsr and subpixel may grow by --depth, --width and "
        "--scale.",
        rich_help_panel=_NETWORK,
    ),
]
RenewOption = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        help="Draw the last N layers of --init anew.",
        rich_help_panel=_NETWORK,
    ),
]
RunFolderOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder of the run (default: runs/NAME-xSCALE).",
        rich_help_panel=_RUN,
    ),
]
ResumeOption = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN",
        help="Continue the run in this folder, or from a checkpoint in it, as it was started.",
        rich_help_panel=_RUN,
    ),
]
MinutesOption = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        min=0.0,
        help="Validate, save and stop after so many minutes.",
        rich_help_panel=_RUN,
    ),
]
CompileOption = Annotated[
    bool,
    typer.Option(
        "--compile/--no-compile",
        help="Let torch.compile make the network's code.",
        rich_help_panel=_RUN,
    ),
]


def with_recipe_values(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each value of a recipe in the place of its ``**values``.

    Name, type and help are those that `Schedule` has beside its fields. What is not given is None.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _recipe_options().items()
    ]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def _recipe_options() -> dict[str, Any]:
    options = {}
    for name, (kind, value) in schedule_values().items():
        option = f"--{name.replace('_', '-')}"
        if kind is bool:
            option += f"/--{value.opposite or f'no-{option[2:]}'}"
        options[name] = Annotated[
            kind | None,
            typer.Option(
                option,
                metavar=value.metavar or _METAVARS.get(kind, None if kind is bool else "NAME"),
                help=value.help.format(choices=alternatives(kind)),
                rich_help_panel=RECIPE_PANEL,
            ),
        ]
    return options
