"""`scripts/fit_noise.py` refuses what it cannot learn from, and leaves the shipped file alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from srcnn_cli.imaging import noise

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("option", [[], ["--held-back"]])
def test_a_folder_that_is_not_there_is_named(option, tmp_path):
    before = Path(noise.__file__).with_suffix(".json").read_bytes()
    folders = [tmp_path] if option else []
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "fit_noise.py", *folders, *option, tmp_path / "none"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(f"there is no folder {tmp_path / 'none'}")
    assert Path(noise.__file__).with_suffix(".json").read_bytes() == before
