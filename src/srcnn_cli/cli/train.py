"""`srcnn train`: make weights from a folder of pictures."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._options import DeviceOption, check_choice, parse_border, parse_planes
from srcnn_cli.errors import OutputError, UsageError
from srcnn_cli.imaging.channels import PLANES
from srcnn_cli.models.config import ARCHITECTURES, BORDER_POLICIES, parse_filters
from srcnn_cli.training.recipes import RECIPES, Schedule

_DATA = "Data"
_NETWORK = "Network (default: the recipe's)"
_RECIPE = "Values of the recipe, to replace"
_RUN = "Run"


def train(
    context: typer.Context,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            help="Folder of training pictures; several are allowed.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            help="Folder of validation pictures, which are not trained on (default: hold some "
            "training ones back).",
            rich_help_panel=_DATA,
        ),
    ] = None,
    hold_back: Annotated[
        int,
        typer.Option(
            min=1, help="Training pictures to hold back for validation.", rich_help_panel=_DATA
        ),
    ] = 20,
    cache_gb: Annotated[
        float,
        typer.Option(
            min=0,
            help="Memory for training pictures; larger sets are streamed from disk.",
            rich_help_panel=_DATA,
        ),
    ] = 4.0,
    workers: Annotated[
        int,
        typer.Option(
            min=0, help="Processes that read pictures while streaming.", rich_help_panel=_DATA
        ),
    ] = 2,
    recipe: Annotated[
        str,
        typer.Option(help="; ".join(f"{name}: {r.summary}" for name, r in RECIPES.items()) + "."),
    ] = "fast",
    recipes: Annotated[
        bool, typer.Option("--recipes", help="Print the recipes with all their values, and end.")
    ] = False,
    architecture: Annotated[
        str | None, typer.Option(help=f"{' or '.join(ARCHITECTURES)}.", rich_help_panel=_NETWORK)
    ] = None,
    filters: Annotated[
        str | None,
        typer.Option(help="Filter sizes, first to last layer: 9-1-5.", rich_help_panel=_NETWORK),
    ] = None,
    widths: Annotated[
        str | None,
        typer.Option(help="Feature maps between the layers: 64-32.", rich_help_panel=_NETWORK),
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=1, help="Layers of VDSR.", rich_help_panel=_NETWORK)
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            "--channels",
            help=f"Planes that go through the network: {', '.join(PLANES)}.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--scale", "-s", help="Factor, or several: 2,3,4.", rich_help_panel=_NETWORK),
    ] = None,
    border: Annotated[
        str | None,
        typer.Option(
            help=f"Border policy of the result: {', '.join(BORDER_POLICIES)}.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    initial_weights: Annotated[
        Path | None,
        typer.Option(
            "--init",
            help="Start from this weights file, of whatever network.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    renew: Annotated[
        int,
        typer.Option(
            min=0, help="Draw the last so many layers of --init anew.", rich_help_panel=_NETWORK
        ),
    ] = 0,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder of the run (default: runs/NAME-xSCALE).",
            rich_help_panel=_RUN,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Continue the run in this folder, as it was started.", rich_help_panel=_RUN
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.0, help="Save and stop after so many minutes.", rich_help_panel=_RUN),
    ] = None,
    compiled: Annotated[
        bool,
        typer.Option(
            "--compile/--no-compile",
            help="Let torch.compile make the network's code.",
            rich_help_panel=_RUN,
        ),
    ] = False,
    device: DeviceOption = "auto",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimiser steps.", rich_help_panel=_RECIPE)
    ] = None,
    epochs: Annotated[
        float | None,
        typer.Option(help="Passes over all sub-images, if no steps.", rich_help_panel=_RECIPE),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Sub-images per step.", rich_help_panel=_RECIPE)
    ] = None,
    patch: Annotated[
        int | None,
        typer.Option(min=1, help="Side of a sub-image in pixels.", rich_help_panel=_RECIPE),
    ] = None,
    stride: Annotated[
        int | None,
        typer.Option(
            min=1, help="Pixels from sub-image to sub-image; 1: anywhere.", rich_help_panel=_RECIPE
        ),
    ] = None,
    sampling: Annotated[
        str | None,
        typer.Option(
            help="What is equally likely: positions or pictures.", rich_help_panel=_RECIPE
        ),
    ] = None,
    augment: Annotated[
        bool | None,
        typer.Option(
            "--augment/--no-augment", help="Turn and flip sub-images.", rich_help_panel=_RECIPE
        ),
    ] = None,
    blur: Annotated[
        float | None,
        typer.Option(
            help="Sigma of a Gaussian before subsampling; 0: bicubic.", rich_help_panel=_RECIPE
        ),
    ] = None,
    border_share: Annotated[
        float | None,
        typer.Option(help="Share of steps through the border policy.", rich_help_panel=_RECIPE),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="mse, log-mse, charbonnier or half-sum.", rich_help_panel=_RECIPE),
    ] = None,
    log_floor: Annotated[
        float | None,
        typer.Option(help="Added to the MSE in log-mse.", rich_help_panel=_RECIPE),
    ] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="muon, adam or sgd.", rich_help_panel=_RECIPE)
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Peak learning rate.", rich_help_panel=_RECIPE)
    ] = None,
    last_rate: Annotated[
        float | None,
        typer.Option(help="Factor on it in the last layer.", rich_help_panel=_RECIPE),
    ] = None,
    bias_rate: Annotated[
        float | None, typer.Option(help="Factor on it for biases.", rich_help_panel=_RECIPE)
    ] = None,
    momentum: Annotated[float | None, typer.Option(help="Of sgd.", rich_help_panel=_RECIPE)] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="Of sgd.", rich_help_panel=_RECIPE)
    ] = None,
    clip: Annotated[
        float | None,
        typer.Option(
            help="Clip gradients to this divided by the rate; 0: no.", rich_help_panel=_RECIPE
        ),
    ] = None,
    decay: Annotated[
        str | None,
        typer.Option(help="cosine, quarters or constant.", rich_help_panel=_RECIPE),
    ] = None,
    warmup: Annotated[
        int | None, typer.Option(min=0, help="Steps of rising rate.", rich_help_panel=_RECIPE)
    ] = None,
    initial: Annotated[
        str | None,
        typer.Option(help="Start: identity, gaussian or he.", rich_help_panel=_RECIPE),
    ] = None,
    fixed_carriers: Annotated[
        bool | None,
        typer.Option(
            "--fixed-carriers/--free-carriers",
            help="Keep the picture's own way through the network as it starts.",
            rich_help_panel=_RECIPE,
        ),
    ] = None,
    pretrain: Annotated[
        str | None,
        typer.Option(help="Count y or cbcr alone at first.", rich_help_panel=_RECIPE),
    ] = None,
    pretrain_steps: Annotated[
        int | None,
        typer.Option(min=0, help="Steps before all channels count.", rich_help_panel=_RECIPE),
    ] = None,
    average: Annotated[
        float | None,
        typer.Option(
            help="Decay of the moving average of the weights; 0: none.", rich_help_panel=_RECIPE
        ),
    ] = None,
    interval: Annotated[
        int | None, typer.Option(min=1, help="Steps between validations.", rich_help_panel=_RECIPE)
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of initial weights and sub-images.", rich_help_panel=_RECIPE),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="bfloat16 or float32.", rich_help_panel=_RECIPE),
    ] = None,
) -> None:
    """Train a network on your own pictures.

    Pictures are reduced and enlarged as in the papers; the network learns to undo that. The best
    weights by PSNR on the validation pictures are kept as best.safetensors in the run's folder,
    which `srcnn upscale --model` takes. Ctrl-C saves the state, and --resume continues from it.
    """
    if recipes:
        _print_recipes()
        return
    from srcnn_cli.cli import _training_progress
    from srcnn_cli.models.weights import read_training
    from srcnn_cli.training import session
    from srcnn_cli.training.checkpoints import load_checkpoint
    from srcnn_cli.training.ranks import joined

    where = session.choose_training_device(device)
    how = session.Options(
        minutes=minutes, compiled=compiled, cache_bytes=int(cache_gb * 1e9), workers=workers
    )
    if resume is not None:
        _refuse_others(context, {"resume", "minutes", "compiled", "device", "cache_gb", "workers"})
        checkpoint = load_checkpoint(resume)
        with joined(where) as ranks:
            _training_progress.run(
                resume, checkpoint.config, checkpoint.schedule, checkpoint.provenance, where,
                how, ranks, checkpoint,
            )  # fmt: skip
        return
    if not data:
        raise UsageError("no training pictures: give --data FOLDER, or --resume RUN to continue")
    check_choice("--architecture", architecture, ARCHITECTURES)
    network = {
        "architecture": architecture,
        "filters": parse_filters(filters) if filters else None,
        "widths": parse_filters(widths) if widths else None,
        "depth": depth,
        "color": parse_planes(color),
        "scales": _parse_scales(scale) if scale else None,
        "border": parse_border(border),
    }
    schedule = {
        name: value for name, value in context.params.items() if name in Schedule.__annotations__
    }
    config, plan = session.plan(
        recipe, _given(network), _given({**schedule, "recipe": None}), where, initial_weights
    )
    if renew and initial_weights is None:
        raise UsageError("--renew is for the weights of --init: a fresh network is all new")
    if renew >= len(config.filters):
        raise UsageError(f"--renew {renew} would leave nothing of {len(config.filters)} layers")
    folder = output or Path("runs") / f"{config.name}-x{'-'.join(map(str, config.scales))}"
    if folder.is_dir() and any(folder.iterdir()):
        raise OutputError("is not empty (--resume continues a run, --output names another)", folder)
    provenance: dict[str, Any] = {
        "data": [str(path) for path in data],
        "validation": str(validation) if validation else None,
        "hold_back": hold_back,
        "init": str(initial_weights) if initial_weights else None,
        "renew": renew,
        # The whole history of the weights travels with them.
        "start": read_training(initial_weights) if initial_weights else None,
    }
    with joined(where) as ranks:
        program = ["srcnn"]
        if ranks.world > 1:
            program = ["torchrun", f"--nproc-per-node={ranks.world}", "-m", "srcnn_cli"]
        provenance["command"] = shlex.join([*program, *sys.argv[1:]])
        _training_progress.run(folder, config, plan, provenance, where, how, ranks, None)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parse_scales(text: str) -> tuple[int, ...]:
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise UsageError(f"scales are written like 3 or 2,3,4, not {text!r}") from None


def _refuse_others(context: typer.Context, allowed: set[str]) -> None:
    """A resumed run goes on as it was started; options that would change it are a mistake."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in allowed:
            option = next(p.opts[0] for p in context.command.params if p.name == name)
            raise UsageError(f"{option} cannot be changed in a run that is resumed")


def _print_recipes() -> None:
    from srcnn_cli.cli import _console

    values = {name: recipe.to_dict() for name, recipe in RECIPES.items()}
    rows = [
        [field, *(_terminal.in_words(values[name][field]) for name in RECIPES)]
        for field in values["fast"]
    ]
    columns = [("value", "left"), *((name, "left") for name in RECIPES)]
    _console.print_table(_console.table(columns, rows))
