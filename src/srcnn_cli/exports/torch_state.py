"""State dicts of torch: for PyTorch code, and as the DnCNN that spandrel reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import ModelError
from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.exports.base import Exported

# spandrel 0.4 knows a DnCNN by its first layers.
_FEWEST_OF_SPANDREL = 8


class TorchState(ExportFormat):
    """``conv1.weight`` (out, in, f, f), ``conv1.bias`` (out,), and so on; slopes of PReLU.

    The mean is part of the biases. What lies outside the picture is no matter of weights: the
    module has to do as the network's border policy says, or differs at the border.
    """

    name = "torch"
    endings = (".pth",)
    about = "a state dict for PyTorch code"

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.folding import plain_layers

        state = {}
        for index, layer in enumerate(plain_layers(network.config, network.tensors), start=1):
            state[f"conv{index}.weight"] = layer.weight
            state[f"conv{index}.bias"] = layer.interior_bias
            if layer.slope is not None:
                state[f"conv{index}.slope"] = layer.slope
        return {".pth": _saved(state)}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        return (
            f"{name} has conv1.weight, conv1.bias and so on, for a border policy of "
            f"{network.config.border} (docs/export.md has a module for it)"
        )


class SpandrelDncnn(ExportFormat):
    """VDSR as what spandrel, and with it chaiNNer and ComfyUI, takes for a DnCNN.

    A DnCNN (Zhang et al., TIP 2017) subtracts what its layers compute, VDSR adds it: the last layer
    is negated. Outside the picture that program sees zeros, not the mean.
    """

    name = "spandrel"
    endings = (".pth",)
    about = "vdsr-20 for chaiNNer and ComfyUI"

    def check(self, network: Exported) -> None:
        """See `ExportFormat`."""
        config = network.config
        alike = set(config.filters) == {3} and len(set(config.widths)) == 1
        if not (config.residual and config.interpolated and alike):
            raise ModelError(
                f"spandrel knows no network like {config.name}: only VDSR passes for its DnCNN "
                "(ONNX files take all: --format onnx)"
            )
        if len(config.filters) < _FEWEST_OF_SPANDREL:
            raise ModelError(
                f"spandrel takes {config.name} for no DnCNN: it must have "
                f"{_FEWEST_OF_SPANDREL} layers or more"
            )

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.folding import plain_layers

        layers = plain_layers(network.config, network.tensors)
        state = {}
        for index, layer in enumerate(layers):
            sign = -1 if index == len(layers) - 1 else 1
            # Between the convolutions stand ReLUs, which have no weights and count nevertheless.
            state[f"model.{2 * index}.weight"] = sign * layer.weight
            state[f"model.{2 * index}.bias"] = sign * layer.interior_bias
        return {".pth": _saved(state)}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        return (
            f"{name}: enlarge a picture bicubically to the final size ({network.scale} times), "
            "then run it on luminance"
        )


def _saved(state: Mapping[str, NDArray[np.float32]]) -> bytes:
    """A file as ``torch.save`` writes it."""
    import io

    import torch

    file = io.BytesIO()
    torch.save({name: torch.from_numpy(value.copy()) for name, value in state.items()}, file)
    return file.getvalue()
