"""ONNX, plane form: just the network, for programs that make planes and pictures themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    from srcnn_cli.exports.base import Exported


class OnnxPlane(ExportFormat):
    """``x`` to ``y``, float32 (1, C, H, W) of any size, values in [0, 1], not clipped.

    C is 1, studio-range Y' (BT.601, 16 to 235 of 255), or 3 of a colour network. Networks on the
    interpolated grid take planes that are enlarged already; others take them as they are, and the
    bicubic enlargement that may belong to them is inside.
    """

    name = "onnx-plane"
    endings = (".onnx",)
    about = "ONNX, luminance in and out, for your own program"

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.onnx_nodes import enlarged, metadata, network_nodes
        from srcnn_cli.models.networks.onnx_format import Graph

        config = network.config
        graph = Graph(network.name)
        planes = network_nodes(graph, "x", network.network)
        if config.residual:
            source = "x" if config.interpolated else enlarged(graph, "x", config.factor, "bicubic")
            planes = graph.node("Add", [planes, source], "sum")
        graph.node("Identity", [planes], "y")
        channels = config.channels
        model = graph.model({"x": channels}, {"y": channels}, metadata(network, "plane"))
        return {".onnx": model}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        planes = {"y": "Y' (16-235)", "rgb": "R'G'B'", "ycbcr": "Y'CbCr"}[network.config.color]
        size = "of the final size" if network.config.interpolated else "to be enlarged"
        return f"{name} takes {planes} {size} as x, (1, {network.config.channels}, H, W) in 0 to 1"
