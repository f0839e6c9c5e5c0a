"""Which engine runs a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcnn_cli.engines.base import Engine
    from srcnn_cli.models.config import ModelConfig, Precision
    from srcnn_cli.models.weights import Tensors


def make_engine(
    config: ModelConfig, tensors: Tensors, device: str, *, precision: Precision = "float32"
) -> Engine:
    """ONNX Runtime for float32 on the CPU, else torch.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
        device: From `devices.find_device`.
        precision: What lies between the layers.
    """
    if device == "cpu" and precision == "float32":
        from srcnn_cli.engines.onnx_engine import OnnxEngine

        return OnnxEngine(config, tensors)
    import torch

    from srcnn_cli.engines.torch_engine import TorchEngine

    return TorchEngine(config, tensors, torch.device(device), precision=precision)
