"""Training dictionaries: what K-SVD recovers, and whole runs on a few small pictures."""

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.methods.dictionary import Dictionary
from srcnn_cli.models.dictionaries import DICTIONARIES
from srcnn_cli.models.weights import load_any, read_training
from srcnn_cli.training.dictionary import DictionaryPlan, train_dictionary
from srcnn_cli.training.dictionary_samples import Sampler, principal_components
from srcnn_cli.training.ksvd import code_all, learn_dictionary
from srcnn_cli.training.regressors import in_basis

SMALL = DictionaryPlan(
    atoms=48, iterations=4, stride=1, batches=4, joint_stride=3, sizes=2, nearest=96, rank=81
)


def picture(seed, side=72):
    """Discs and stripes with sharp edges: what interpolation blurs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    result = np.full((side, side), 90.0)
    for _ in range(12):
        cy, cx, r = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(5, 18)
        result[(y - cy) ** 2 + (x - cx) ** 2 < r * r] = rng.uniform(20, 230)
    return result.astype(np.uint8)


PICTURES = [picture(seed) for seed in range(6)]


def ignore(_stage, _done, _total):
    pass


def test_ksvd_finds_the_atoms_that_signals_were_made_of():
    rng = np.random.default_rng(0)
    true = rng.standard_normal((24, 16)).astype(np.float32)
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    signals = np.zeros((3000, 16), np.float32)
    for index in range(len(signals)):
        for atom in rng.choice(24, 2, replace=False):
            signals[index] += rng.choice([-1, 1]) * rng.uniform(0.5, 1.5) * true[atom]
    atoms, chosen, weights = learn_dictionary(signals, 24, 2, 25, rng, lambda: True)
    np.testing.assert_allclose(np.linalg.norm(atoms, axis=1), 1, atol=1e-5)
    assert (np.abs(true @ atoms.T).max(1) > 0.98).sum() >= 20
    rebuilt = sum(weights[:, i, None] * atoms[chosen[:, i]] for i in range(2))
    assert ((signals - rebuilt) ** 2).sum() < 0.05 * (signals**2).sum()


def test_codes_do_not_depend_on_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    atoms = rng.standard_normal((30, 8)).astype(np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    signals = rng.standard_normal((100, 8)).astype(np.float32)
    whole = code_all(signals, atoms, 3)
    monkeypatch.setattr("srcnn_cli.training.ksvd._BLOCK", 7)
    for one, other in zip(whole, code_all(signals, atoms, 3), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_principal_components_keep_the_energy_that_was_asked_for():
    rng = np.random.default_rng(2)
    samples = (rng.standard_normal((5000, 6)) * [5, 3, 1, 0.1, 0.01, 0.001]).astype(np.float32)
    directions = principal_components(samples, 0.999)
    assert directions.shape == (6, 3)
    np.testing.assert_allclose(np.abs(directions), np.eye(6, 3), atol=0.02)


def test_a_basis_of_full_rank_changes_no_regressor():
    rng = np.random.default_rng(3)
    regressors = rng.standard_normal((5, 9, 4)).astype(np.float32)
    atoms = rng.standard_normal((5, 4)).astype(np.float32)
    features = rng.standard_normal((200, 4)).astype(np.float32)
    reduced, basis = in_basis(regressors, atoms, features, 9)
    np.testing.assert_allclose(np.swapaxes(reduced, 1, 2) @ basis, np.swapaxes(regressors, 1, 2),
                               atol=1e-4)  # fmt: skip


def test_samples_are_the_patches_of_the_pictures_in_every_size():
    sampler = Sampler(PICTURES, 3)
    derivatives, details = sampler.patches(1)
    assert derivatives.shape == (len(PICTURES) * 20 * 20, 324)  # a border of one pixel left out
    projection = np.eye(324, 5, dtype=np.float32)
    features, same = sampler.features(projection, 1, 0.98, 10**6)
    np.testing.assert_allclose(features, derivatives[:, :5], atol=1e-6)
    np.testing.assert_allclose(same, details, atol=1e-3)
    assert len(sampler.features(projection, 1, 0.98, 1000)[0]) == 1000
    assert len(sampler.features(projection, 2, 0.9, 10**6)[0]) > len(features)


@pytest.mark.parametrize("method", [name for name in DICTIONARIES if name != "sc"])
def test_every_method_beats_bicubic_after_a_minute_of_training(method):
    config, tensors = train_dictionary(method, PICTURES, 3, SMALL, ignore)
    pair = make_pair(picture(99), 3)
    result, _ = Dictionary(method, config, tensors).enlarge(pair.low, *pair.truth.shape)
    assert pair.psnr(result) > pair.psnr(pair.interpolated) + 0.3


def test_sparse_coding_learns_atoms_of_features_and_of_pictures():
    config, tensors = train_dictionary("sc", PICTURES, 3, SMALL, ignore)
    assert (config.side, config.step, config.penalty) == (5, 1, 0.2)
    assert tensors["details"].shape == (48, 25)
    np.testing.assert_allclose(np.linalg.norm(tensors["atoms"], axis=1), 1, atol=1e-4)
    pair = make_pair(picture(99), 3)
    result, _ = Dictionary("sc", config, tensors).enlarge(pair.low, *pair.truth.shape)
    assert pair.psnr(result) > pair.psnr(pair.interpolated)


def test_training_twice_gives_the_same_dictionary():
    one, two = (train_dictionary("a-plus", PICTURES[:2], 2, SMALL, ignore) for _ in range(2))
    assert one[0] == two[0]
    for name, value in one[1].items():
        np.testing.assert_array_equal(value, two[1][name])


def test_the_command_trains_a_dictionary_that_upscale_takes(srcnn, work, monkeypatch):
    monkeypatch.setattr("srcnn_cli.training.dictionary_run.DictionaryPlan", lambda: SMALL)
    folder = work / "data"
    folder.mkdir()
    for index, plane in enumerate(PICTURES[:3]):
        Image.fromarray(plane).save(folder / f"{index}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    code, out, err = srcnn("train", "--method", "anr", "--data", folder, "-s", "2")
    assert code == 0, err
    assert "broken.png" in err
    path = work / "runs" / "anr-x2" / "best.safetensors"
    assert str(path.relative_to(work)) in out
    assert load_any(path)[0].name == "anr"
    training = read_training(path)
    assert training["pictures"] == 3
    assert training["command"].startswith("srcnn")
    code, _, err = srcnn("upscale", folder / "0.png", "-s", "2", "--model", path, "-o", "large.png")
    assert code == 0, err
    with Image.open("large.png") as large:
        assert large.size == (144, 144)
    code, _, err = srcnn("train", "--method", "anr", "--data", folder, "-s", "2")
    assert (code, "not empty" in err) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "anr", "--depth", "3", "--data", "x"], "--depth is for networks"),
        (["--method", "anr"], "no training pictures"),
        (["--method", "anr", "--data", "x", "-s", "2,3"], "one scale"),
    ],
)
def test_what_makes_no_sense_for_a_dictionary_is_refused(srcnn, work, arguments, words):
    code, _, err = srcnn("train", *arguments)
    assert code == 2
    assert words in err
