"""FFmpeg's own network files, for its filters ``dnn_processing`` and ``sr``.

FFmpeg 4.3 to 6.0 runs them without any library (``dnn_backend=native``); later versions no longer
do. A file is a row of numbers of 32 bits, little-endian: a word and a version, the layers, the
tables of what goes in and out of them, and how many there were of both.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from srcnn_cli.errors import ModelError
from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    from srcnn_cli.exports.base import Exported
    from srcnn_cli.exports.folding import PlainLayer

_WORD, _VERSION = b"FFMPEGDNNNATIVE", (1, 23)
_CONVOLUTION, _DEPTH_TO_SPACE = 1, 2
_NEAREST_OUTSIDE = 2
_ACTIVATIONS = {"relu": 0, "tanh": 1, "none": 3}
_INPUT, _OUTPUT = 1, 2
_FLOAT = 1
_ANY = -1


class FfmpegNative(ExportFormat):
    """``x`` to ``y``: Y' of 8 bits, or of 32-bit floating point in 0 to 1.

    The filters know convolutions that continue a picture with its outermost values, ReLU, tanh and
    the shuffle of sub-pixels, and add no enlargement: SRCNN and ESPCN.
    """

    name = "ffmpeg"
    endings = (".model",)
    about = "FFmpeg 4.3 to 6.0, SRCNN and ESPCN"

    def check(self, network: Exported) -> None:
        """See `ExportFormat`."""
        config = network.config
        if config.residual or any(layer.activation == "prelu" for layer in config.layers):
            raise ModelError(
                f"FFmpeg's own format cannot hold {config.name}: it takes srcnn and espcn "
                "(FFmpeg runs others from ONNX files by OpenVINO: --format onnx-plane)"
            )
        if config.border != "replicate":
            raise ModelError(
                f"FFmpeg continues pictures with their outermost values, and {config.name} does "
                "not: --border replicate exports it so"
            )

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.folding import plain_layers

        config = network.config
        layers = plain_layers(config, network.tensors)
        parts = [_WORD, _numbers(*_VERSION)]
        planes = [config.channels]
        for layer in layers:
            parts.append(_convolution(layer, len(planes) - 1))
            planes.append(len(layer.weight))
        if config.factor > 1:
            place = len(planes) - 1
            parts.append(_numbers(_DEPTH_TO_SPACE, config.factor, place, place + 1))
            planes.append(config.channels)
        last = len(planes) - 1
        for place, count in enumerate(planes):
            kind = (_INPUT if place < last else 0) | (_OUTPUT if place else 0)
            name = {0: b"x", last: b"y"}.get(place, b"layer%d" % place) + b"\0"
            parts += [_numbers(place, len(name)), name]
            parts.append(_numbers(kind, _FLOAT, 1, _ANY, _ANY, count))
        parts.append(_numbers(last, len(planes)))
        return {".model": b"".join(parts)}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        before = (
            f"scale=iw*{network.scale}:ih*{network.scale}:flags=bicubic,"
            if network.config.interpolated
            else ""
        )
        return (
            f"ffmpeg -i in.mp4 -vf '{before}format=yuv420p,dnn_processing=dnn_backend=native:"
            f"model={name}:input=x:output=y' out.mp4"
        )


def _convolution(layer: PlainLayer, place: int) -> bytes:
    outputs, inputs, side, _ = layer.weight.shape
    head = (_CONVOLUTION, 1, _NEAREST_OUTSIDE, _ACTIVATIONS[layer.activation])
    weights: bytes = layer.weight.transpose(0, 2, 3, 1).astype("<f4").tobytes()
    biases: bytes = layer.bias.astype("<f4").tobytes()
    return _numbers(*head, inputs, outputs, side, 1) + weights + biases + _numbers(place, place + 1)


def _numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}i", *values)
