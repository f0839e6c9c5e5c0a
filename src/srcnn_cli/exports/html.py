"""One HTML file that enlarges photos: the weights are inside, and nothing is loaded or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcnn_cli.exports.base import ExportFormat

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from srcnn_cli.exports.base import Exported, Network
    from srcnn_cli.exports.folding import PlainLayer

_FOLDER = "page"


class HtmlPage(ExportFormat):
    """A page that runs the network by WebGL 2, or by JavaScript where there is none.

    Its content security policy allows its own scripts, and no connection of any kind.
    """

    name = "html"
    endings = (".html",)
    about = "a page that enlarges photos in any browser, offline"

    def files(self, network: Exported) -> dict[str, bytes]:
        """See `ExportFormat`."""
        import json
        from html import escape
        from importlib.resources import files
        from string import Template

        from srcnn_cli import __version__

        folder = files("srcnn_cli.exports").joinpath(_FOLDER)
        texts = {
            name: folder.joinpath(name).read_text(encoding="utf-8")
            for name in ("page.html", "style.css", "network.js", "gpu.js", "app.js")
        }
        page = Template(texts["page.html"]).substitute(
            policy=_policy(texts),
            generator=f"srcnn-cli {__version__}",
            scale=network.scale,
            name=escape(network.name),
            style=texts["style.css"],
            # "</script>" must not end the data early.
            data=json.dumps(_model(network)).replace("<", "\\u003c"),
            network=texts["network.js"],
            gpu=texts["gpu.js"],
            app=texts["app.js"],
        )
        return {".html": page.encode()}

    def usage(self, network: Exported, name: str) -> str:
        """See `ExportFormat`."""
        return f"open {name} in a browser and drop a photo on it: ×{network.scale}, offline"


def _policy(texts: dict[str, str]) -> str:
    """Scripts and styles by their checksums, workers made by them, and nothing else."""
    import base64
    import hashlib

    def allowed(*names: str) -> str:
        digests = (hashlib.sha256(texts[name].encode()).digest() for name in names)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    scripts = allowed("network.js", "gpu.js", "app.js")
    return (
        f"default-src 'none'; script-src {scripts} blob:; worker-src blob:; "
        f"style-src {allowed('style.css')}; img-src data: blob:; base-uri 'none'; "
        "form-action 'none'"
    )


def _model(network: Exported) -> dict[str, Any]:
    """All that the scripts know of the network."""
    from srcnn_cli.exports.folding import bicubic_line
    from srcnn_cli.imaging.color import OFFSET, RGB_FROM_YCBCR, RGB_OFFSET, YCBCR_FROM_RGB

    config, colors = network.config, network.chrominance
    same = {"matrix": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "offset": [0, 0, 0]}
    into = {"matrix": YCBCR_FROM_RGB.tolist(), "offset": OFFSET.tolist()}
    back = {"matrix": RGB_FROM_YCBCR.tolist(), "offset": RGB_OFFSET.tolist()}
    return {
        "name": network.name,
        "scale": network.scale,
        "channels": config.channels,
        "interpolated": config.interpolated,
        "residual": config.residual,
        "bicubic": bicubic_line(network.scale).ravel().tolist(),
        "from_rgb": same if config.color == "rgb" else into,
        "to_rgb": same if config.color == "rgb" else back,
        "colors": colors and {"block": colors.config.family.unshuffled, **_layers(colors)},
        **_layers(network.network),
    }


def _layers(network: Network) -> dict[str, Any]:
    """What there is to compute, how much it is and how far it looks."""
    from srcnn_cli.exports.folding import plain_layers

    config = network.config
    return {
        "radius": config.receptive_radius,
        "operations": sum(o * i * f * f for o, i, f, _ in config.layer_shapes),
        "layers": [_layer(layer) for layer in plain_layers(*network)],
    }


def _layer(layer: PlainLayer) -> dict[str, Any]:
    outputs, inputs = layer.weight.shape[:2]
    return {
        "side": layer.side,
        "inputs": inputs,
        "outputs": outputs,
        "outside": layer.outside,
        "activation": layer.activation,
        "weight": _encoded(layer.weight),
        "bias": _encoded(layer.bias),
        "after": _encoded(layer.after),
        "slope": _encoded(layer.slope),
    }


def _encoded(values: NDArray[np.float32] | None) -> str | None:
    """Little-endian 32-bit numbers in base64."""
    import base64

    return None if values is None else base64.b64encode(values.astype("<f4").tobytes()).decode()
