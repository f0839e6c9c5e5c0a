"""Draw docs/images/restore.png: damaged pictures enlarged as they are, and restored.

    python scripts/draw_restoring.py

Every pair is two runs of `srcnn upscale --scale 2 --model subpixel-l`, with `--restore off` and
with what it does unasked. The portrait comes from scikit-image, the cat from examples/.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from srcnn_cli.imaging.chain import parse_chain

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "restore.png"
WIDTH, HEIGHT, GAP, TITLE = 160, 132, 6, 22  # of a part in the result, and between them
FONT = Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"


def letters() -> Image.Image:
    """Lines of red, black and blue on paper."""
    page = Image.new("RGB", (128, 96), (242, 238, 228))
    draw, font = ImageDraw.Draw(page), ImageFont.truetype(str(FONT), 12)
    lines = (("Red letters", (190, 20, 40)), ("on a page", (20, 20, 20)))
    lines += (("of a scan,", (20, 30, 120)), ("in 1923", (190, 20, 40)))
    for i, (line, color) in enumerate(lines):
        draw.text((4, 1 + 17 * i), line, color, font)
    return page


def compressed(quality: int) -> Callable[[Image.Image, Path], Path]:
    """Saves a picture as a JPEG."""

    def save(picture: Image.Image, path: Path) -> Path:
        picture.save(path.with_suffix(".jpg"), quality=quality)
        return path.with_suffix(".jpg")

    return save


def with_noise(picture: Image.Image, path: Path) -> Path:
    """Saves a picture with Gaussian noise of 8 levels in every channel."""
    noise, random = parse_chain("noise:8"), np.random.default_rng(0)
    noisy = noise.apply(np.asarray(picture), 1, random)
    Image.fromarray(noisy).save(path.with_suffix(".png"))
    return path.with_suffix(".png")


def enlarged(path: Path, restore: str) -> Image.Image:
    """What `srcnn upscale` makes of a file."""
    result = path.with_name(f"{path.stem}-{restore}.png")
    command = [sys.executable, "-m", "srcnn_cli", "upscale", str(path), "-s", "2"]
    command += ["-m", "subpixel-l", "--restore", restore, "-o", str(result)]
    done = subprocess.run(  # noqa: S603 - our own command
        command, check=True, capture_output=True, text=True
    )
    print(done.stdout.strip())
    return Image.open(result)


def main() -> None:
    """Damage, enlarge, cut and put together."""
    portrait = Image.fromarray(data.astronaut())
    cat = Image.open(ROOT / "examples" / "cat.png").convert("RGB")
    # Each with the upper left corner of what is shown, in pixels of the enlarged picture.
    rows = (
        (portrait, (370, 130)),
        (letters(), (0, 0)),
        (cat, (270, 130)),
        (portrait, (700, 340)),
    )
    columns = {f"JPEG {quality}": compressed(quality) for quality in (30, 50, 75)}
    columns |= {"noise 8": with_noise}
    size = (2 * len(columns) * (WIDTH + GAP) - GAP, TITLE + len(rows) * (HEIGHT + GAP) - GAP)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(str(FONT), 12)
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, save) in enumerate(columns.items()):
            for j, (picture, (left, top)) in enumerate(rows):
                path = save(picture, Path(folder) / f"{i}-{j}")
                for k, restore in enumerate(("off", "auto")):
                    x, y = (2 * i + k) * (WIDTH + GAP), TITLE + j * (HEIGHT + GAP)
                    part = enlarged(path, restore).crop((left, top, left + WIDTH, top + HEIGHT))
                    sheet.paste(part, (x, y))
                    title = f"{name}: off" if restore == "off" else "restored"
                    draw.text((x + 3, 4), title, "black", font)
    sheet.save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
