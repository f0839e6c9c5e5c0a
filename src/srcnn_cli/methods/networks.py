"""From a network's weights to the method that its family is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.errors import UsageError
from srcnn_cli.methods.network import Network
from srcnn_cli.models.catalog import load_model, restoring_chrominance
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.levels import at_level

if TYPE_CHECKING:
    from srcnn_cli.engines.base import Engine
    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.methods.base import Method
    from srcnn_cli.methods.chrominance import Chrominance
    from srcnn_cli.models.config import EngineName, Precision
    from srcnn_cli.models.weights import Tensors


def network_at_level(
    name: str,
    config: ModelConfig,
    tensors: Tensors,
    device: str,
    precision: Precision,
    engine: EngineName,
    tile: int,
    ensemble: bool,  # noqa: FBT001 - `partial` gives it
    levels: Levels,
) -> Method:
    """A network at some levels, if it is told any; see `selection.method_of_file`.

    One for the luminance of damaged pictures has another beside it that puts right their colours;
    so has one for clean luminance where only the colours are damaged.
    """
    colors = None
    if (config.levels or levels.only_chrominance) and config.color == "y":
        colors = _restoring_colors(device, engine, levels)
    config, tensors = at_level(config, tensors, levels)
    made = make_engine(config, tensors, device, precision=precision, engine=engine)
    return network_method(name, made, ensemble=ensemble, tile=tile, chrominance=colors)


def _restoring_colors(device: str, engine: EngineName, levels: Levels) -> Chrominance | None:
    """In float32 always: it takes so little time that computing in fewer bits gains nothing."""
    levels = levels.of_chrominance
    path = restoring_chrominance(levels)
    if path is None:
        return None
    own = (path.stem, *load_model(path), device)
    return cast("Chrominance", network_at_level(*own, "float32", engine, 0, False, levels))  # noqa: FBT003


def network_method(
    name: str,
    engine: Engine,
    *,
    ensemble: bool = False,
    tile: int = 0,
    chrominance: Chrominance | None = None,
) -> Method:
    """A network as the method that its family is for.

    Args:
        name: As it is to be printed.
        engine: Runs it.
        ensemble: Average it over eight flips and turns.
        tile: Side of its tiles; 0 chooses.
        chrominance: See `Network`.

    Raises:
        UsageError: A network for colours is to be averaged.
    """
    config = engine.config
    if isinstance(config, ModelConfig) and config.family.keeps_luminance:
        from srcnn_cli.methods.chrominance import Chrominance

        if ensemble:
            raise UsageError(f"{name} puts right colours: there is no ensemble of it")
        return Chrominance(name, engine, tile=tile)
    return Network(name, engine, ensemble=ensemble, tile=tile, chrominance=chrominance)
