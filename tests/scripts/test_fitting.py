"""Scripts that fit regressions refuse what teaches nothing, and leave the shipped files alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.imaging import noise, reduction_kind

ROOT = Path(__file__).resolve().parents[2]


SCRIPTS = {"fit_noise.py": noise, "fit_reduction_kind.py": reduction_kind}


def fitted(script, *arguments):
    """What a script that must fail says; it has changed no weights."""
    weights = Path(SCRIPTS[script].__file__).with_suffix(".json")
    before = weights.read_bytes()
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / script, *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode
    assert weights.read_bytes() == before
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("option", [[], ["--held-back"]])
def test_a_folder_that_is_not_there_is_named(script, option, tmp_path):
    folders = [tmp_path] if option else []
    said = fitted(script, *folders, *option, tmp_path / "none")
    assert said.endswith(f"there is no folder {tmp_path / 'none'}")


@pytest.mark.parametrize("script", SCRIPTS)
def test_pictures_that_only_judge_teach_nothing(script, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (140, 150, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    options = ["--held-back", tmp_path, "--rounds", "1"]
    options += ["--drawings", "0"] if script == "fit_reduction_kind.py" else []
    said = fitted(script, tmp_path, *options)
    assert said == "there is nothing to learn from: every picture only judges"


def test_gains_are_not_measured_on_a_folder_that_is_not_there(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "gains_of_levels.py", tmp_path / "none"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(f"there is no folder {tmp_path / 'none'}")
