"""Which engine runs a network."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from srcnn_cli.errors import UsageError

if TYPE_CHECKING:
    from srcnn_cli.engines.base import Engine
    from srcnn_cli.models.catalog import Bfloat16
    from srcnn_cli.models.config import EngineName, ModelConfig, Precision
    from srcnn_cli.models.weights import Tensors


# What ``--precision auto`` asks for before it takes bfloat16. A loss in dB below this:
NEGLIGIBLE = 0.005
# On the CPU, a network so many times as fast. 9x9 filters on one plane, most of SRCNN's work, are
# no matrices, and what bfloat16 gains with the rest is lost again on the way.
WORTHWHILE = 2.0
# There also, so many multiplications of a picture: loading OpenVINO and having it make the code
# for nine kinds of tiles takes as long as about half of these take in float32.
LARGE = 1e11


def make_engine(
    config: ModelConfig,
    tensors: Tensors,
    device: str,
    *,
    precision: Precision = "float32",
    engine: EngineName = "auto",
) -> Engine:
    """The engine of that name, made for a network.

    Args:
        config: The network.
        tensors: Its weights, as `weights.load_weights` gives them.
        device: From `devices.find_device`.
        precision: What lies between the layers.
        engine: See `choose_engine`.

    Raises:
        UsageError: As there.
        ModuleNotFoundError: The engine is not installed.
    """
    chosen = choose_engine(device, precision, engine)
    if chosen == "onnx":
        from srcnn_cli.engines.onnx_engine import OnnxEngine

        return OnnxEngine(config, tensors)
    if chosen == "openvino":
        from srcnn_cli.engines.openvino_engine import OpenVinoEngine

        return OpenVinoEngine(config, tensors, precision=precision)
    import torch

    from srcnn_cli.engines.torch_engine import TorchEngine

    return TorchEngine(config, tensors, torch.device(device), precision=precision)


def choose_engine(device: str, precision: Precision, engine: EngineName = "auto") -> EngineName:
    """Which engine is meant by ``auto``.

    ONNX Runtime for float32 on the CPU, where it is as fast as OpenVINO or faster; OpenVINO for
    bfloat16 there, or torch if only that is installed; torch for a GPU.

    Raises:
        UsageError: The engine does not run there, or not in that precision.
    """
    if engine == "onnx" and (device != "cpu" or precision != "float32"):
        raise UsageError(
            f"the engine onnx computes in float32 on the CPU, not in {precision} on {device}"
        )
    if engine == "openvino" and device != "cpu":
        raise UsageError(f"the engine openvino computes on the CPU, not on {device}")
    if engine != "auto":
        return engine
    if device != "cpu":
        return "torch"
    if precision == "float32":
        return "onnx"
    return "torch" if find_spec("openvino") is None and find_spec("torch") else "openvino"


def best_precision(
    known: Bfloat16 | None, multiplications: float, device: str, engine: EngineName = "auto"
) -> Precision:
    """What ``auto`` means: bfloat16, if it is faster there and costs a network next to nothing.

    Decided for each picture by itself, so that its result does not depend on what is done besides.

    Args:
        known: What bfloat16 does to the network; None: nobody knows.
        multiplications: Of the network, for the whole picture.
        device: From `devices.find_device`.
        engine: See `choose_engine`.
    """
    if known is None or engine == "onnx":
        return "float32"
    if known.cost >= NEGLIGIBLE:
        return "float32"
    if device == "cpu" and (known.speed < WORTHWHILE or multiplications < LARGE):
        return "float32"
    chosen = choose_engine(device, "bfloat16", engine)
    installed = find_spec("openvino" if chosen == "openvino" else "torch") is not None
    return "bfloat16" if installed and fast_bfloat16(device, engine) else "float32"


def fast_bfloat16(device: str, engine: EngineName = "auto") -> bool:
    """Whether bfloat16 is faster than float32 there."""
    if choose_engine(device, "bfloat16", engine) == "openvino":
        from srcnn_cli.engines.openvino_engine import fast_bfloat16

        return fast_bfloat16()
    import torch

    from srcnn_cli.engines import devices

    return devices.fast_bfloat16(torch.device(device))
