"""The export formats: the one table that names them. They import numpy when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.exports.ffmpeg import FfmpegNative
from srcnn_cli.exports.html import HtmlPage
from srcnn_cli.exports.mpv import MpvShader
from srcnn_cli.exports.ncnn import Ncnn
from srcnn_cli.exports.onnx_picture import OnnxPicture
from srcnn_cli.exports.onnx_plane import OnnxPlane
from srcnn_cli.exports.torch_state import SpandrelDncnn, TorchState

if TYPE_CHECKING:
    from srcnn_cli.exports.base import ExportFormat

# Of formats with the same ending the first is meant where only a file's name is given.
FORMATS: dict[str, ExportFormat] = {
    made.name: made
    for made in (
        OnnxPicture(),
        OnnxPlane(),
        TorchState(),
        SpandrelDncnn(),
        Ncnn(),
        HtmlPage(),
        FfmpegNative(),
        MpvShader(),
    )
}
