"""Dictionaries: the frame against loops over patches, the codes against other libraries."""

import numpy as np
import pytest

from dictionaries import VALUES, random_dictionary, small_config
from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.resize import resize
from srcnn_cli.methods.coding import CODERS, pursue
from srcnn_cli.methods.dictionary import Dictionary
from srcnn_cli.methods.dictionary_frame import Frame
from srcnn_cli.methods.lasso import lasso
from srcnn_cli.methods.selection import method_of_file
from srcnn_cli.models.dictionaries import DICTIONARIES, DictionaryConfig
from srcnn_cli.models.weights import load_any, load_weights, save_weights
from srcnn_cli.upscaling.upscaler import Upscaler


def unit(rng, *shape):
    vectors = rng.standard_normal(shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def slow(config, tensors, low):
    """One patch after the other, as the papers tell it: (h, w) to (s h, s w)."""
    scale, side, step, taps = config.factor, config.side, config.step, config.taps
    halo = 8
    padded = np.pad(low, halo, mode="symmetric").astype(np.float64)
    mid = resize(padded, *(scale * n for n in padded.shape))
    near, far = taps // 2, taps - taps // 2

    def at(y, x):
        return mid[y : y + side, x : x + side]

    coder = CODERS[config.architecture](config, tensors)
    total, counts = np.zeros_like(mid), np.zeros_like(mid)
    first = halo * scale
    cell, across = step, side // step
    for y in range(first - side + step, first + scale * low.shape[0], step):
        for x in range(first - side + step, first + scale * low.shape[1], step):
            maps = np.stack([
                at(y, x + far) - at(y, x - near),
                at(y + far, x) - at(y - near, x),
                (at(y, x + taps) - 2 * at(y, x) + at(y, x - taps)) / 2,
                (at(y + taps, x) - 2 * at(y, x) + at(y - taps, x)) / 2,
            ])  # fmt: skip
            # Cell by cell, as the frame orders them.
            order = maps.reshape(4, across, cell, across, cell).transpose(1, 3, 0, 2, 4)
            feature = order.reshape(1, -1).astype(np.float32) @ tensors["projection"]
            patch = at(y, x).reshape(across, cell, across, cell).transpose(0, 2, 1, 3)
            seen = patch.reshape(1, -1).astype(np.float32)
            detail = coder.details(feature, seen).reshape(across, across, cell, cell)
            total[y : y + side, x : x + side] += detail.transpose(0, 2, 1, 3).reshape(side, side)
            counts[y : y + side, x : x + side] += 1
    inner = (slice(first, first + scale * low.shape[0]), slice(first, first + scale * low.shape[1]))
    return mid[inner] + total[inner] / counts[inner]


@pytest.mark.parametrize("method", DICTIONARIES)
@pytest.mark.parametrize("scale", [2, 3])
def test_a_picture_is_what_a_loop_over_its_patches_makes(method, scale):
    config = small_config(method, scale)
    tensors = random_dictionary(config)
    low = np.random.default_rng(1).random((6, 5)).astype(np.float32)
    result, timing = Dictionary("d", config, tensors).enlarge(low, 6 * scale, 5 * scale)
    np.testing.assert_allclose(result, slow(config, tensors, low), atol=2e-4)
    assert timing.network > 0
    assert timing.bicubic > 0


@pytest.mark.parametrize("method", ["a-plus", "sc"])
def test_parts_do_not_show(method, monkeypatch):
    config = small_config(method)
    dictionary = Dictionary("d", config, random_dictionary(config))
    low = np.random.default_rng(2).random((23, 9)).astype(np.float32)
    whole, _ = dictionary.enlarge(low, 69, 27)
    monkeypatch.setattr("srcnn_cli.methods.dictionary._SIDE", 5)
    banded, _ = dictionary.enlarge(low, 69, 27)
    np.testing.assert_allclose(banded, whole, atol=1e-6)


@pytest.mark.parametrize("method", DICTIONARIES)
def test_the_reach_is_as_far_as_the_result_depends_on(method):
    config = small_config(method)
    dictionary = Dictionary("d", config, random_dictionary(config))
    low = np.random.default_rng(3).random((31, 31)).astype(np.float32)
    changed = low.copy()
    changed[15, 15] += 0.5
    differs = np.abs(dictionary.enlarge(changed, 93, 93)[0] - dictionary.enlarge(low, 93, 93)[0])
    rows = np.flatnonzero((differs > 1e-5).any(1)) // 3
    assert 15 - dictionary.reach(3) <= rows.min()
    assert rows.max() <= 15 + dictionary.reach(3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (4, 2)])
def test_tiny_pictures_come_out_in_the_size_that_is_asked_for(shape):
    config = small_config("anr")
    dictionary = Dictionary("d", config, random_dictionary(config))
    low = np.full(shape, 0.25, np.float32)
    for height, width in ((3 * shape[0], 3 * shape[1]), (2 * shape[0], 5)):
        result, _ = dictionary.enlarge(low, height, width)
        np.testing.assert_allclose(result, np.full((height, width), 0.25), atol=1e-5)


def test_pursuit_equals_least_squares_on_the_atoms_it_chose_one_by_one():
    rng = np.random.default_rng(4)
    atoms, signals = unit(rng, 30, 8), unit(rng, 50, 8)
    chosen, weights = pursue(signals, atoms, atoms @ atoms.T, 3)
    for signal, own, values in zip(signals, chosen, weights, strict=True):
        left, picked = signal, []
        for _ in range(3):
            picked.append(int(np.abs(atoms @ left).argmax()))
            exact, *_ = np.linalg.lstsq(atoms[picked].T, signal, rcond=None)
            left = signal - atoms[picked].T @ exact
        assert list(own) == picked
        np.testing.assert_allclose(values, exact, atol=1e-4)


def test_the_lasso_meets_the_conditions_of_its_minimum():
    rng = np.random.default_rng(5)
    atoms, signals, penalty = unit(rng, 60, 10), unit(rng, 40, 10), 0.2
    chosen, weights = lasso(signals, atoms, atoms @ atoms.T, penalty)
    dense = np.zeros((40, 60), np.float32)
    np.add.at(dense, (np.arange(40)[:, None], chosen), weights)
    slope = (signals - dense @ atoms) @ atoms.T
    assert np.abs(slope).max() < 1.1 * penalty
    used = dense != 0
    assert 1 < used.sum(1).mean() < 10
    np.testing.assert_allclose(slope[used], penalty * np.sign(dense[used]), atol=0.1 * penalty)


def test_the_lasso_does_not_depend_on_its_blocks(monkeypatch):
    rng = np.random.default_rng(8)
    atoms, signals = unit(rng, 60, 10), unit(rng, 41, 10)
    gram = atoms @ atoms.T
    whole = lasso(signals, atoms, gram, 0.2)
    monkeypatch.setattr("srcnn_cli.methods.lasso._SCANNED", 7)
    for one, other in zip(whole, lasso(signals, atoms, gram, 0.2), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_weights_of_nnls_meet_the_conditions_of_their_minimum():
    config = small_config("ne-nnls")
    rng = np.random.default_rng(6)
    features, neighbours = unit(rng, 20, 7), unit(rng, 20, 6, 7)
    weights = CODERS["ne-nnls"](config, random_dictionary(config)).weights(features, neighbours)
    slope = np.einsum(
        "nkd,nd->nk", neighbours, features - np.einsum("nk,nkd->nd", weights, neighbours)
    )
    assert (weights >= 0).all()
    assert slope.max() < 1e-5
    np.testing.assert_allclose(slope[weights > 0], 0, atol=1e-5)


def test_weights_of_lle_sum_to_one_and_write_what_can_be_written():
    config = small_config("ne-lle")
    rng = np.random.default_rng(7)
    neighbours = unit(rng, 5, 6, 7)
    mixed = rng.dirichlet(np.ones(6), 5).astype(np.float32)
    features = np.einsum("nk,nkd->nd", mixed, neighbours)
    weights = CODERS["ne-lle"](config, random_dictionary(config)).weights(features, neighbours)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.einsum("nk,nkd->nd", weights, neighbours), features, atol=1e-2)


def test_the_derivatives_of_a_parabola_are_those_of_calculus():
    y, x = np.mgrid[0:18, 0:24].astype(float)
    cells = Frame(9, 3, 3).derivatives(x * x + 5 * y)
    across, down, second_across, second_down = np.moveaxis(
        cells.reshape(4, 6, 4, 3, 3), 2, 0
    )  # (rows, columns, filter, cell, cell)
    assert set(down.ravel()) == {15.0}
    assert set(second_across.ravel()) == {9.0}  # half of 2 times 3²
    assert set(second_down.ravel()) == {0.0}
    assert across[0, 0, 0, 0] == (3 + 2) ** 2 - (3 - 1) ** 2


def test_a_file_holds_a_dictionary_and_half_precision_is_read_as_single(tmp_path):
    config = small_config("a-plus")
    tensors = random_dictionary(config)
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    save_weights(whole, config, tensors)
    save_weights(half, config, tensors, half=True)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    for path in (whole, half):
        read, found = load_any(path)
        assert read == config
        for name, value in tensors.items():
            assert found[name].dtype == np.float32
            np.testing.assert_allclose(found[name], value, atol=1e-3)


def test_where_a_network_is_needed_a_dictionary_is_refused(tmp_path):
    config = small_config("zeyde")
    path = tmp_path / "zeyde.safetensors"
    save_weights(path, config, random_dictionary(config))
    with pytest.raises(ModelError, match="zeyde is a dictionary"):
        load_weights(path)


@pytest.mark.parametrize(
    "change",
    [
        {"architecture": "magic"},
        {"scales": (2, 3)},
        {"side": 8},
        {"features": 0},
        {"neighbours": 21},
        {"penalty": float("nan")},
    ],
)
def test_impossible_configurations_are_refused(change):
    values = small_config("anr").to_dict()
    with pytest.raises(ModelError):
        DictionaryConfig.from_dict({**values, **change})


def test_a_configuration_survives_the_round_trip_and_unknown_fields_do_not():
    for method in VALUES:
        config = small_config(method)
        assert DictionaryConfig.from_dict(config.to_dict()) == config
        with pytest.raises(ModelError):
            DictionaryConfig.from_dict({**config.to_dict(), "magic": 1})


def test_the_upscaler_takes_a_dictionary_for_any_factor(tmp_path):
    config = small_config("anr")
    path = tmp_path / "anr.safetensors"
    save_weights(path, config, random_dictionary(config))
    picture = np.random.default_rng(8).integers(0, 256, (12, 10, 3), np.uint8)
    for scale, size in ((3, (36, 30)), (2.5, (30, 25)), (5, (60, 50))):
        assert Upscaler(str(path)).upscale(picture, scale).shape == (*size, 3)
    assert method_of_file("mine", path, "cpu").name == "mine"
