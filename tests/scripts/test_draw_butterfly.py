"""The picture at the top of the README is the one that the script draws."""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


def test_the_butterfly_is_drawn_by_its_script():
    spec = importlib.util.spec_from_file_location("butterfly", ROOT / "scripts/draw_butterfly.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with Image.open(ROOT / "examples" / "butterfly.png") as image:
        stored = np.asarray(image).astype(int)
    drawn = np.asarray(module.draw()).astype(int)
    assert drawn.shape == stored.shape
    assert np.abs(drawn - stored).max() <= 1  # sines differ by a hair from machine to machine
