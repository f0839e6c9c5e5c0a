"""ONNX, whole form: R'G'B' in, R'G'B' out, for programs that run any network on a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    from srcnn_cli.exports.base import Exported


class OnnxPicture(ExportFormat):
    """``x`` to ``y``, float32 (1, 3, H, W) R'G'B' of any size in [0, 1], enlarged and clipped.

    Everything that `Upscaler` does to a colour picture is inside: conversion to Y'CbCr and back as
    1x1 convolutions, what puts right the colours of a damaged one, and the bicubic enlargement of
    all planes.
    """

    name = "onnx"
    endings = (".onnx",)
    about = "ONNX, colour picture in, enlarged picture out"

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.onnx_nodes import (
            clipped,
            enlarged,
            metadata,
            mixed,
            network_nodes,
            sliced,
            with_restored_chrominance,
        )
        from srcnn_cli.imaging.color import OFFSET, RGB_FROM_YCBCR, RGB_OFFSET, YCBCR_FROM_RGB
        from srcnn_cli.models.networks.onnx_format import Graph, integer

        config, graph = network.config, Graph(network.name)
        planes = "x"
        if config.color != "rgb":
            planes = mixed(graph, planes, "ycbcr", YCBCR_FROM_RGB, OFFSET)
        if network.chrominance is not None:
            planes = with_restored_chrominance(graph, planes, network.chrominance)
        large = enlarged(graph, planes, network.scale, "bicubic")
        source = large if config.interpolated else planes
        before = large
        if config.color == "y":
            source = sliced(graph, source, "luminance", 1, 0, 1)
            before = sliced(graph, large, "large luminance", 1, 0, 1)
        planes = network_nodes(graph, source, network.network)
        if config.residual:
            planes = graph.node("Add", [planes, before], "sum")
        if config.color == "y":
            others = sliced(graph, large, "chrominance", 1, 1, 3)
            planes = graph.node("Concat", [planes, others], "merged", integer("axis", 1))
        if config.color != "rgb":
            planes = mixed(graph, planes, "rgb", RGB_FROM_YCBCR, RGB_OFFSET)
        clipped(graph, planes, "y")
        return {".onnx": graph.model({"x": 3}, {"y": 3}, metadata(network, "picture"))}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        size = "as large as that" if network.scale == 1 else f"{network.scale} times as large"
        return f"{name} takes R'G'B' as x, (1, 3, H, W) in 0 to 1, and gives y, {size}"
