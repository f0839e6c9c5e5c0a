"""The search for test pictures in training pictures finds what was copied, and nothing else."""

import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "leakage.py"


@pytest.fixture(scope="module")
def leakage():
    spec = importlib.util.spec_from_file_location("leakage", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["leakage"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    yield module
    del sys.modules["leakage"]


def scene(seed, height=240, width=320):
    """A made-up picture: soft light, discs and stripes, and some texture; (H, W) uint8."""
    rng = np.random.default_rng(seed)
    light = cv2.resize(rng.uniform(60, 190, (4, 5)), (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(14):
        center = rng.integers(0, (width, height)).tolist()
        end = rng.integers(0, (width, height)).tolist()
        grey = float(rng.uniform(0, 255))
        cv2.circle(light, center, int(rng.integers(8, 45)), grey, -1, cv2.LINE_AA)
        cv2.line(light, center, end, float(rng.uniform(0, 255)), 4, cv2.LINE_AA)
    fine = cv2.GaussianBlur(rng.normal(0, 60, (height, width)), (0, 0), 2)
    return np.clip(light + fine, 0, 255).astype(np.uint8)


def as_jpeg(pixels, quality=60):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def smaller(pixels, ratio):
    return cv2.resize(pixels, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)


TRAINING = range(2, 5)
WHOLE = {
    "copy": lambda p: p,
    "mirrored": lambda p: p[:, ::-1],
    "upside down": lambda p: p[::-1],
    "turned": np.rot90,
    "half the size": lambda p: smaller(p, 0.5),
    "jpeg": lambda p: as_jpeg(p, 40),
    "darker": lambda p: (p * 0.7).astype(np.uint8),
    "all of it": lambda p: as_jpeg(smaller(np.rot90(p)[:, ::-1], 0.6)),
}
PARTS = {
    "crop": lambda p: p[20:180, 50:270],
    "crop, mirrored": lambda p: p[20:180, 270:50:-1],
    "crop, turned": lambda p: np.rot90(p[20:180, 50:270]),
    "crop, smaller, jpeg": lambda p: as_jpeg(smaller(p[60:230, 10:250], 0.7)),
    "small crop": lambda p: p[40:160, 100:240],
}


def samples(leakage, pictures):
    return [
        leakage.Sample(name, np.ascontiguousarray(grey)) for name, grey in pictures.items()
    ]  # fmt: skip


@pytest.fixture(scope="module")
def training(leakage):
    return samples(leakage, {f"scene {seed}": scene(seed) for seed in TRAINING})


@pytest.mark.parametrize("change", WHOLE)
def test_a_copy_is_found_whatever_was_done_to_it(leakage, training, change):
    (finding,) = leakage.compare(samples(leakage, {change: WHOLE[change](scene(3))}), training)
    assert finding.suspicious
    assert finding.twin == finding.relative == "scene 3"
    assert finding.bits <= 30
    assert finding.correlation > 0.6


@pytest.mark.parametrize("change", PARTS)
def test_a_crop_is_found_though_its_hash_is_another(leakage, training, change):
    (finding,) = leakage.compare(samples(leakage, {change: PARTS[change](scene(3))}), training)
    assert finding.suspicious
    assert finding.relative == "scene 3"
    assert finding.relation == "test in training"
    assert finding.correlation > 0.6
    assert finding.bits > 64


def test_a_training_picture_cut_out_of_a_test_picture_is_found(leakage, training):
    pictures = {**{s.name: s.grey for s in training}, "cut": scene(50)[30:190, 80:300]}
    (finding,) = leakage.compare(
        samples(leakage, {"test": scene(50)}), samples(leakage, pictures)
    )  # fmt: skip
    assert finding.suspicious
    assert (finding.relative, finding.relation) == ("cut", "training in test")


def test_unrelated_pictures_are_not_suspicious(leakage, training):
    tests = {f"other {seed}": scene(seed) for seed in range(100, 102)}
    tests["small"] = scene(104, 70, 60)
    tests["wide"] = scene(105, 100, 500)
    findings = leakage.compare(samples(leakage, tests), training)
    assert [finding.test for finding in findings] == list(tests)
    assert not any(finding.suspicious for finding in findings)


def test_flat_areas_resemble_nothing(leakage, training):
    """A correlation with a constant is 0 / 0; it must not come out as 1."""
    half = np.full((200, 200), 255, np.uint8)
    half[:, 120:] = 0
    flat = {"white": np.full((200, 300), 255, np.uint8), "half": half}
    for tests, others in ((flat, training), ({"scene": scene(200)}, samples(leakage, flat))):
        findings = leakage.compare(samples(leakage, tests), others)
        assert max(finding.correlation for finding in findings) < 0.4


def test_the_script_names_the_pair_and_ends_with_1(tmp_path):
    for folder, seeds in (("training", (1, 2)), ("clean", (7,)), ("leaked", (7, 2))):
        (tmp_path / folder).mkdir()
        for seed in seeds:
            picture = scene(seed)[:, ::-1] if folder == "leaked" else scene(seed)
            Image.fromarray(np.ascontiguousarray(picture)).save(tmp_path / folder / f"{seed}.png")

    def run(tests):
        command = [sys.executable, SCRIPT, tmp_path / "training", "--tests", tmp_path / tests]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    clean, leaked, missing = run("clean"), run("leaked"), run("missing")
    assert (clean.returncode, leaked.returncode, missing.returncode) == (0, 1, 2)
    assert "No suspicious test pictures" in clean.stdout
    assert "SUSPICIOUS: leaked/2.png looks like training/2.png" in leaked.stdout
    assert "SUSPICIOUS: leaked/7.png" not in leaked.stdout
    assert "missing" in missing.stderr
