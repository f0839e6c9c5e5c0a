"""A shader for mpv, and for whatever else takes its user shaders: videos through the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import ModelError
from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    from srcnn_cli.exports.base import Exported


class MpvShader(ExportFormat):
    """Passes that are hooked into the luminance of a video, four feature maps a texture.

    Each pass computes four maps of a layer; the last puts the sub-pixels in their places and adds
    the bicubic enlargement. Those that enlarge run only where the video is shown larger than it is.
    """

    name = "mpv"
    endings = (".glsl",)
    about = "a shader for mpv, sub-pixel networks"

    def check(self, network: Exported) -> None:
        """See `ExportFormat`."""
        config = network.config
        if config.interpolated or config.color != "y":
            raise ModelError(
                f"a shader enlarges the luminance of a video itself: {config.name} does not, "
                "subpixel-s does"
            )

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        from srcnn_cli.exports.mpv_passes import last_pass, layer_passes

        return {".glsl": "\n".join([*layer_passes(network), last_pass(network)]).encode()}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        where = "" if network.scale == 1 else ", in a window larger than the video"
        return f"mpv --glsl-shaders={name} video.mp4{where}"
