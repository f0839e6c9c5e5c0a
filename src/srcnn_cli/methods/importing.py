"""Weights of other programs, taken in the way in which flat pictures stay flat.

A file of weights does not say everything about its network. What it leaves open is decided by
trying: a network that enlarges pictures gives back a flat one as it was, and does so only if it is
run as it was trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srcnn_cli.errors import ModelError
from srcnn_cli.methods.sanity import FLAT_TOLERANCE, flat_error
from srcnn_cli.models.foreign.importer import import_weights

if TYPE_CHECKING:
    import os

    from srcnn_cli.imaging.channels import InputConvention
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

# What else the layers of a family may be; which of them they are no state dict says.
_ALIKE = {
    "srcnn": ("vdsr",),
    "vdsr": ("srcnn",),
    "espcn": ("espcn-relu", "subpixel"),
    "espcn-relu": ("subpixel",),
}
_OTHER_INPUTS: tuple[tuple[InputConvention, ...], ...] = (
    ("0-255",),
    ("full-range",),
    ("0-255", "full-range"),
)


@dataclass(frozen=True)
class Imported:
    """Weights of another program.

    Attributes:
        config: The network.
        tensors: Its weights.
        recognised: One sentence on what was recognised and assumed.
        warning: Why it may be something else; "" if nothing speaks for that.
    """

    config: ModelConfig
    tensors: Tensors
    recognised: str
    warning: str = ""


def import_plausible(path: str | os.PathLike[str], **options: Any) -> Imported:  # noqa: ANN401
    """Read a network from a file of another program, as the family that flat pictures speak for.

    Args:
        path: See `importer.import_weights`.
        options: The same. What they say is not tried otherwise.

    Raises:
        ModelError: See there.
    """
    config, tensors, recognised = import_weights(path, **options)
    error = flat_error(config, tensors)
    if error < FLAT_TOLERANCE:
        return Imported(config, tensors, recognised)
    if not options.get("architecture"):
        for other in _ALIKE.get(config.architecture, ()):
            found = _try(path, **options | {"architecture": other})
            if found is not None:
                return Imported(
                    found[0],
                    found[1],
                    f"{found[2]} (not {config.architecture}, as which a flat picture would come "
                    f"out {error:.2g} of full white off)",
                )
    warning = (
        f"a flat picture comes out {error:.3g} of full white off: another architecture than "
        f"{config.architecture}, another range of values, or no trained network"
    )
    if not options.get("inputs"):
        for inputs in _OTHER_INPUTS:
            if _try(path, **options | {"inputs": inputs}) is not None:
                words = " ".join(f"--input {name}" for name in inputs)
                return Imported(config, tensors, recognised, f"{warning}; {words} would fit")
    return Imported(config, tensors, recognised, warning)


def _try(
    path: str | os.PathLike[str],
    **options: Any,  # noqa: ANN401
) -> tuple[ModelConfig, Tensors, str] | None:
    """What was imported, if there is such a network and flat pictures stay flat."""
    try:
        found = import_weights(path, **options)
    except ModelError:
        return None
    return found if flat_error(*found[:2]) < FLAT_TOLERANCE else None
