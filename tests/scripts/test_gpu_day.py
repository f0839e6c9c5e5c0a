"""The script for a day with a GPU does all of its parts where there is none, too."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from random_weights import random_tensors
from sample_pictures import smooth
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.weights import read_training, save_weights
from srcnn_cli.training.checkpoints import load_checkpoint, save_checkpoint

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "gpu_day.sh"
SUBPIXEL = ModelConfig("subpixel", (3, 3), (4,), scales=(2,), border="normalize")

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("bash") is None, reason="needs a shell"
)


def gpu_day(*arguments, **environment):
    """Run it where no GPU is to be seen."""
    hidden = {"SRCNN_PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.run(
        [shutil.which("bash"), SCRIPT, *arguments],
        env={**os.environ, **hidden, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def pack(tmp_path):
    for index in range(4):
        smooth(tmp_path / "pack" / "training" / f"{index}.png", (80, 72), "L", index)
    smooth(tmp_path / "pack" / "validation" / "held.png", (80, 72), "L", 9)
    return tmp_path / "pack"


@pytest.fixture
def run(srcnn, pack, tmp_path):
    """A training run that has pictures elsewhere, stopped after two of its steps."""
    folder = tmp_path / "run"
    elsewhere = pack.rename(tmp_path / "elsewhere")
    code, _, errors = srcnn(
        "train", "--data", elsewhere / "training", "--validation", elsewhere / "validation",
        "--architecture", "subpixel", "--depth", 2, "--width", 4, "-s", 2, "--batch", 2,
        "--steps", 2, "--interval", 2, "--device", "cpu", "--precision", "float32", "-o", folder,
    )  # fmt: skip
    assert code == 0, errors
    elsewhere.rename(pack)
    checkpoint = load_checkpoint(folder)
    longer = replace(checkpoint, schedule=replace(checkpoint.schedule, steps=10**6, interval=10**5))
    save_checkpoint(folder, longer)
    return folder


@pytest.mark.slow
def test_without_a_gpu_every_part_runs_and_says_that_it_was_none(run, pack, tmp_path):
    output = tmp_path / "out"
    weights = tmp_path / "own.safetensors"
    save_weights(weights, SUBPIXEL, random_tensors(SUBPIXEL))
    done = gpu_day(output, run, pack, SRCNN_MODELS=str(weights))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not measured on a GPU" in done.stdout
    assert (output / "gpu.md").read_text(encoding="utf-8").startswith("**Not measured on a GPU:**")
    document = json.loads((output / "gpu.json").read_text(encoding="utf-8"))
    assert document["machine"]["measured_on_gpu"] is False
    assert [own["precision"] for own in document["figures"]] == ["float32", "bfloat16"]
    for own in document["figures"]:
        assert own["tiles"] > 0 < own["eager_resident"]
    assert "skipped" in (output / "tests.txt").read_text(encoding="utf-8")
    checkpoint = load_checkpoint(output / "training")
    assert checkpoint.state["step"] > 2
    assert checkpoint.provenance["data"] == [str(pack / "training")]
    assert not (output / "tmp").exists()


def test_it_says_what_it_is_for_and_writes_into_no_full_folder(tmp_path):
    assert "gpu_day.sh OUTPUT" in gpu_day().stderr
    (tmp_path / "kept").touch()
    done = gpu_day(tmp_path)
    assert (done.returncode, [path.name for path in tmp_path.iterdir()]) == (4, ["kept"])


def trainings(runs, pack, tmp_path, seconds):
    """Train a list of runs; what was printed, and the exit code."""
    listed = tmp_path / "runs.txt"
    listed.write_text("# a comment\n\n" + "\n".join(runs) + "\n", encoding="utf-8")
    return trained(listed, pack, tmp_path, seconds)


def trained(listed, pack, tmp_path, seconds):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "gpu_trainings.py", listed, tmp_path / "all.tar",
         "--pack", pack, "--seconds", str(seconds), "--device", "cpu"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).splitlines(), done.returncode


@pytest.mark.slow
def test_several_networks_train_until_a_moment_and_one_that_fails_leaves_the_other(pack, tmp_path):
    options = "-s 2 --batch 2 --patch 24 --precision float32 --architecture subpixel --depth 2"
    lines, code = trainings(
        [f"good {options} --width 4", "bad --init missing.safetensors -s 2"], pack, tmp_path, 12
    )
    assert code == 1
    assert "best.safetensors" in lines[0]
    assert "missing.safetensors" in lines[1]
    with tarfile.open(tmp_path / "all.tar") as archive:
        archive.extractall(tmp_path / "all")  # noqa: S202 - our own
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"good", "good.txt", "bad.txt"}
    facts = read_training(tmp_path / "all" / "good" / "last.safetensors")
    assert 0 < facts["step"] == facts["schedule"]["steps"] < 10**7


def test_runs_that_all_fail_end_at_once(pack, tmp_path):
    begun = time.monotonic()
    lines, code = trainings(["bad --init missing.safetensors -s 2"], pack, tmp_path, 600)
    assert (code, time.monotonic() - begun < 300) == (1, True)
    assert "missing.safetensors" in lines[0]


@pytest.mark.parametrize(
    ("runs", "missing", "reason"),
    [
        (["one -s 2"], "training", "training holds no pictures"),
        (["one -s 2"], "validation", "validation holds no pictures"),
        (["one -s 2", "one -s 3"], "", "names no runs, or one of them twice"),
        ([], "", "names no runs"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_a_run_begins(
    runs, missing, reason, pack, tmp_path
):
    if missing:
        shutil.rmtree(pack / missing)
    lines, code = trainings(runs, pack, tmp_path, 600)
    assert code == 2
    assert reason in lines[-1]
    assert not (tmp_path / "all.tar").exists()


def test_results_that_are_there_stay(pack, tmp_path):
    (tmp_path / "all.tar").write_bytes(b"kept")
    lines, code = trainings(["one -s 2"], pack, tmp_path, 600)
    assert (code, (tmp_path / "all.tar").read_bytes()) == (2, b"kept")
    assert "is there already" in lines[-1]


def test_a_list_that_is_not_there_is_named(pack, tmp_path):
    lines, code = trained(tmp_path / "none.txt", pack, tmp_path, 600)
    assert code == 2
    assert "there is no list of runs" in lines[-1]


@pytest.mark.slow
def test_the_day_takes_a_list_of_runs(pack, tmp_path):
    weights = tmp_path / "own.safetensors"
    save_weights(weights, SUBPIXEL, random_tensors(SUBPIXEL))
    listed = tmp_path / "runs.txt"
    listed.write_text("bad --init missing.safetensors -s 2\n", encoding="utf-8")
    done = gpu_day(tmp_path / "out", listed, pack, SRCNN_MODELS=str(weights))
    assert done.returncode == 1
    assert "Trainings: FAILED" in done.stdout
    with tarfile.open(tmp_path / "out" / "trainings.tar") as archive:
        assert archive.getnames() == ["bad.txt"]


def test_the_list_for_the_next_time_begins_with_weights_that_are_there():
    lines = (ROOT / "scripts" / "gpu_runs.txt").read_text(encoding="utf-8").splitlines()
    runs = [line.split() for line in lines if not line.startswith("#")]
    assert len({run[0] for run in runs}) == len(runs) > 1
    for run in runs:
        assert (ROOT / run[run.index("--init") + 1]).is_file()
