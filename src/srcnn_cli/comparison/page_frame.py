"""The frame of all pages: style and script inside, and a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from string import Template

from srcnn_cli import __version__

# Of metrics, as headings and sentences have them.
TITLES = {"psnr": "PSNR", "ssim": "SSIM"}


def filled(name: str, *, back: str = "", **values: str) -> bytes:
    """The frame of all pages around ``name``'s content and script, which alone the policy lets run.

    Args:
        name: Of ``NAME.html`` and ``NAME.js``.
        back: What stands above the heading: a link to where one comes from.
        values: For the places in the frame and in the content, by name.
    """
    folder = files("srcnn_cli.comparison")

    def read(file: str) -> str:
        return folder.joinpath(file).read_text(encoding="utf-8")

    style, script = read("page_style.css"), read(f"{name}.js")
    style_hash, script_hash = (
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (style, script)
    )
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style_hash}'; "
        f"script-src 'sha256-{script_hash}'; base-uri 'none'; form-action 'none'"
    )
    content = Template(read(f"{name}.html").rstrip()).substitute(values)
    text = Template(read("page_frame.html")).substitute(
        values, back=back, content=content, style=style, script=script, policy=policy,
        generator=f"srcnn-cli {__version__}",
    )  # fmt: skip
    return text.encode()
