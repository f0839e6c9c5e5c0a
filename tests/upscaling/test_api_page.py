"""docs/api.md: its examples run as they stand, one after the other."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import srcnn_cli

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def test_the_examples_run(work):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save("photo.jpg", exif=exif, dpi=(300, 300))
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 6
    Path("page.py").write_text("\n".join([*blocks, "    print(len(larger))"]))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "page.py"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    with Image.open("large.png") as image:
        assert image.size == (72, 96)  # turned
    with Image.open("large.jpg") as image:
        assert image.size == (48, 64)
        assert image.info["dpi"] == (300, 300)
        assert image.getexif().get(0x0112, 1) == 1
    assert "(5, 96, 128, 3)" in done.stdout
    assert "100%" in done.stdout
    assert "white is 1, so divide by 255 first" in done.stdout
    assert done.stdout.endswith("\n5\n")


def test_it_names_every_error():
    text = PAGE.read_text(encoding="utf-8")
    for name in srcnn_cli.__all__:
        assert f"`{name}" in text or name == "__version__"
