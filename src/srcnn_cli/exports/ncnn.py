"""ncnn: a description (.param) and the weights (.bin)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    from srcnn_cli.exports.base import Exported


class Ncnn(ExportFormat):
    """Plane form: blob ``in0`` to ``out0``, (C, H, W) of any size, values in [0, 1].

    As in ONNX's plane form, networks on the interpolated grid take planes of the final size, and
    others enlarge, with the bicubic enlargement inside where it belongs to the network.
    """

    name = "ncnn"
    endings = (".param", ".bin")
    about = "ncnn's param and bin, luminance in and out"

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.folding import bicubic_filters, plain_layers
        from srcnn_cli.exports.ncnn_format import NcnnModel

        config = network.config
        model = NcnnModel(config.channels)
        planes = source = model.source
        for index, layer in enumerate(plain_layers(config, network.tensors), start=1):
            planes = model.layer(planes, layer, f"conv{index}")
        planes = model.shuffled(planes, config.factor)
        if config.residual:
            if not config.interpolated:
                filters = bicubic_filters(config.factor)
                source = model.enlarged(source, filters, config.channels, config.factor)
            planes = model.sum(planes, source)
        model.named(planes, "out0")
        return {".param": model.description().encode(), ".bin": model.weights()}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        size = "of the final size" if network.config.interpolated else "to be enlarged"
        return f"{name}: blob in0 takes planes {size} in 0 to 1, blob out0 has the result"
