"""The networks as ONNX models, written without torch and without the package ``onnx``.

An ONNX file is a protocol buffer: a message is a row of fields, and a field its number, its length
and its bytes. Of the format's messages a row of convolutions needs six; the numbers in them are
those of ``onnx.proto3`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.errors import UsageError
from srcnn_cli.models.networks.onnx_format import ints, message, node, planes_info, string, tensor

if TYPE_CHECKING:
    from srcnn_cli.imaging.regions import Edges
    from srcnn_cli.models.config import ModelConfig
    from srcnn_cli.models.weights import Tensors

INPUT, OUTPUT = "input", "output"

_IR_VERSION, _OPSET = 7, 13  # of 2020: every ONNX Runtime of the last years reads them


def can_express(config: ModelConfig) -> bool:
    """Whether `plane_model` can write the network, with its border policy."""
    return config.border != "normalize"


def plane_model(config: ModelConfig, tensors: Tensors, edges: Edges) -> bytes:
    """The convolutions of `networks.PlaneNetwork` for patches with these edges.

    What goes around them is left to the caller: the mean, and the input that is added to what a
    residual network computes.

    Args:
        config: The network; see `can_express`.
        tensors: Its weights, as `weights.load_weights` gives them.
        edges: The sides that are extended by the border policy.

    Returns:
        A model that takes (1, C, H, W) float32 as `INPUT`, and gives (1, C, H', W') as `OUTPUT`.

    Raises:
        UsageError: The border policy is ``normalize``.
    """
    if not can_express(config):
        raise UsageError("the border policy normalize has no ONNX model")
    nodes: list[bytes] = []
    constants: list[bytes] = []
    planes, last = INPUT, len(config.filters)
    for index, side in enumerate(config.filters, start=1):
        weight, bias = f"conv{index}.weight", f"conv{index}.bias"
        constants += [tensor(weight, tensors[weight]), tensor(bias, tensors[bias])]
        top, left, bottom, right = pads = [side // 2 * edge for edge in edges]
        if config.border == "replicate" and any(pads):
            amounts, padded = f"pads{index}", f"padded{index}"
            before_and_after = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
            constants.append(tensor(amounts, before_and_after))
            nodes.append(node("Pad", [planes, amounts], padded, string("mode", "edge")))
            planes, pads = padded, [0, 0, 0, 0]
        output = OUTPUT if index == last else f"conv{index}"
        nodes.append(node("Conv", [planes, weight, bias], output, ints("pads", pads)))
        planes = output
        if index < last:
            planes = f"relu{index}"
            nodes.append(node("Relu", [output], planes))
    graph = message(
        *((1, node) for node in nodes),
        (2, config.name),
        *((5, constant) for constant in constants),
        (11, planes_info(INPUT, config.channels)),
        (12, planes_info(OUTPUT, config.channels)),
    )
    opset = message((1, ""), (2, _OPSET))
    return message((1, _IR_VERSION), (2, "srcnn-cli"), (7, graph), (8, opset))
