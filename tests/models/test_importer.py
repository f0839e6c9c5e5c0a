"""Weights of other programs: what they mean, and that nothing in a file is trusted."""

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from scipy.io import savemat

from foreign_networks import (
    PLANE,
    as_tensors,
    assert_layers,
    random_layers,
    refused,
    run,
    slow_network,
)
from srcnn_cli.errors import ModelError
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.methods.sanity import flat_error
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.foreign import importer, matlab, state_dicts, stored
from srcnn_cli.models.foreign.importer import import_weights


def column_major(square):
    """What MATLAB's ``filter(:)`` is."""
    return square.ravel(order="F")


def save_srcnn_mat(path, layers, *, transposed=True, **changes):
    """The demo's layout, filter by filter as MATLAB code would fill it."""
    content = {}
    (first, _), (second, _), (third, _) = layers
    turn = np.transpose if transposed else np.asarray
    content["weights_conv1"] = np.stack([column_major(turn(f[0])) for f in first], axis=1)
    content["weights_conv2"] = np.stack(
        [np.stack([column_major(turn(f)) for f in filters]) for filters in second], axis=2
    )
    content["weights_conv3"] = np.stack([column_major(turn(f)) for f in third[0]])
    for index, (_, bias) in enumerate(layers, start=1):
        content[f"biases_conv{index}"] = bias[:, None]
    content.update(changes)
    savemat(path, {k: v for k, v in content.items() if v is not None}, do_compression=transposed)
    return path


def cell(values):
    array = np.empty((1, len(values)), object)
    array[0, :] = values
    return array


def save_vdsr_mat(path, layers):
    # MATLAB drops the last dimension of (3, 3, 64, 1).
    weights = [np.squeeze(w.transpose(2, 3, 1, 0), 3) if len(w) == 1 else w.transpose(2, 3, 1, 0)
               for w, _ in layers]  # fmt: skip
    model = {"weight": cell(weights), "bias": cell([b[:, None] for _, b in layers])}
    savemat(path, {"model": model})
    return path


# MATLAB


@pytest.mark.parametrize("transposed", [True, False])
@pytest.mark.parametrize(("filters", "widths"), [((5, 3, 3), (4, 3)), ((9, 1, 5), (3, 1))])
def test_the_authors_layout_filters_as_its_author_meant(tmp_path, transposed, filters, widths):
    layers = random_layers(filters, widths)
    path = save_srcnn_mat(tmp_path / "srcnn.mat", layers, transposed=transposed)
    config, tensors, sentence = import_weights(path, scales=[3], transpose=transposed)
    assert config == ModelConfig("srcnn", filters, widths, scales=(3,), border="replicate")
    assert "SRCNN" in sentence
    assert config.name in sentence
    expected = slow_network(PLANE, layers)
    np.testing.assert_allclose(run(config, tensors, PLANE), expected, rtol=0, atol=1e-5)
    config, tensors, _ = import_weights(path, scales=[3], transpose=not transposed)
    assert np.abs(run(config, tensors, PLANE) - expected).max() > 0.01


def test_vdsrs_layout_is_a_residual_network_with_zeros_around(tmp_path):
    layers = random_layers((3,) * 4, (5, 5, 4))
    path = save_vdsr_mat(tmp_path / "model.mat", layers)
    config, tensors, sentence = import_weights(path)
    assert config == ModelConfig("vdsr", (3,) * 4, (5, 5, 4), scales=(2, 3, 4), border="zero")
    assert_layers(tensors, layers)
    expected = slow_network(PLANE, layers, residual=True, mode="constant")
    np.testing.assert_allclose(run(config, tensors, PLANE), expected, rtol=0, atol=1e-5)
    assert "VDSR" in sentence
    assert "×2, ×3, ×4" in sentence


def test_whole_numbers_that_matlab_stores_as_integers_are_read(tmp_path):
    path = save_srcnn_mat(tmp_path / "srcnn.mat", random_layers(), transposed=False)
    data = path.read_bytes()
    # biases_conv3 is a single float: type 7, 4 bytes in the short form. As the integer 2, type 2.
    at = data.index(struct.pack("<I", 4 << 16 | 7), data.index(b"biases_conv3"))
    path.write_bytes(data[:at] + struct.pack("<IBxxx", 1 << 16 | 2, 2) + data[at + 8 :])
    assert import_weights(path, scales=[3])[1]["conv3.bias"] == [2.0]


def test_options_override_what_the_layout_says(tmp_path):
    path = save_srcnn_mat(tmp_path / "x4.mat", random_layers())
    config, _, _ = import_weights(path, scales=[4, 2], border="zero", architecture="vdsr")
    assert (config.scales, config.border, config.architecture) == ((2, 4), "zero", "vdsr")
    path = save_vdsr_mat(tmp_path / "vdsr.mat", random_layers((3, 3), (4,)))
    config, _, _ = import_weights(path, scales=[3], border="replicate")
    assert (config.scales, config.border) == ((3,), "replicate")


@pytest.mark.parametrize(
    ("name", "scales"),
    [
        ("x3.mat", (3,)), ("srcnn-9-1-5-X2.mat", (2,)), ("srcnn_x2x3x4.mat", (2, 3, 4)),
        ("SRCNN.x16.v2.mat", (16,)), ("x2_x4.mat", (2, 4)), ("srcnn.mat", None),
        ("conv3x3.mat", None), ("x32.mat", None), ("x1.mat", None), ("max2.mat", None),
    ],
)  # fmt: skip
def test_the_scale_is_guessed_from_the_name_or_asked_for(tmp_path, name, scales):
    path = save_srcnn_mat(tmp_path / name, random_layers())
    if scales:
        config, _, sentence = import_weights(path)
        assert config.scales == scales
        assert "by the file's name" in sentence
    else:
        refused(path, "--scale", scales=None)
    assert "by the file's name" not in import_weights(path, scales=[3])[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights_conv1": np.ones((24, 4))}, "not square"),
        ({"weights_conv1": np.ones((16, 4))}, "odd"),
        ({"weights_conv1": np.ones((25, 5))}, "do not fit"),
        ({"weights_conv1": np.ones((25, 4, 2))}, "unknown shapes"),
        ({"weights_conv1": np.ones((25, 4), int)}, "floating-point"),
        ({"weights_conv1": np.ones((25, 4)) * 1j}, "floating-point"),
        ({"weights_conv1": "text"}, "floating-point"),
        ({"weights_conv1": np.zeros((0, 4))}, "shape"),
        ({"weights_conv2": np.ones((4, 9))}, "do not fit"),
        ({"weights_conv2": None}, "neither SRCNN"),
        ({"weights_conv4": np.ones((25, 4))}, "neither SRCNN"),
        ({"biases_conv2": None}, "biases_conv2 is missing"),
        ({"biases_conv2": np.ones((4, 1))}, "4 biases for 3"),
        ({"biases_conv2": np.full((3, 1), np.nan)}, "bias of layer 2 .* not finite"),
        ({"weights_conv3": np.full((3, 9), np.inf)}, "weight of layer 3 .* not finite"),
        ({"weights_conv3": np.full((3, 9), 1e300)}, "weight of layer 3 .* not finite"),
    ],
)
def test_other_arrays_in_the_authors_layout_are_refused(tmp_path, changes, words):
    refused(save_srcnn_mat(tmp_path / "a.mat", random_layers(), **changes), words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"net": np.ones(3), "x": "y"}, "it has net, x"),
        ({}, "it has nothing"),
        ({"model": np.ones((3, 3))}, "it has model"),
        ({"model": {"weight": cell([np.ones((3, 3, 1, 4))])}}, "it has model"),
        ({"model": {"weight": np.ones((3, 3)), "bias": np.ones((3, 3))}}, "no lists"),
        (
            {"model": {"weight": cell([np.ones((3, 3, 1, 4))]), "bias": cell([])}},
            "1 lists of filters and 0 of biases",
        ),
        (
            {
                "model": {
                    "weight": cell([np.ones((3, 3, 1, 4))] * 2),
                    "bias": cell([np.ones(4)] * 2),
                }
            },
            "do not lead",
        ),
        (
            {"model": {"weight": cell(["one", "two"]), "bias": cell([np.ones(4)] * 2)}},
            "floating-point",
        ),
        ({"model": {"weight": cell([]), "bias": cell([])}}, "0 lists of filters"),
    ],
)
def test_other_mat_files_are_named_for_what_they_hold(tmp_path, content, words):
    savemat(tmp_path / "other.mat", content)
    refused(tmp_path / "other.mat", words)


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


MAT_HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def test_a_mat_file_that_would_fill_the_memory_or_the_stack_is_refused(tmp_path, monkeypatch):
    head = element(6, struct.pack("<II", 1, 0)) + element(5, struct.pack("<ii", 1, 1))
    nested = element(14, b"")
    for _ in range(2000):  # scipy crashes over some ten times as many
        nested = element(14, head + element(1, b"model") + nested)
    path = tmp_path / "deep.mat"
    path.write_bytes(MAT_HEADER + nested)
    refused(path, "arrays within arrays")
    path.write_bytes(MAT_HEADER + element(14, b"") * 100_000)
    refused(path, "more parts")
    for module in (matlab, importer):
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 1 << 20)
    bomb = zlib.compress(element(14, bytes(1 << 22)))
    path.write_bytes(MAT_HEADER + struct.pack("<II", 15, len(bomb)) + bomb)
    refused(path, "holds more than")
    path.write_bytes(MAT_HEADER + bytes(1 << 20))
    refused(path, "holds more than")


# State dicts


def vdsr_names(depth):
    return ["input", *(f"residual_layer.{i}.conv" for i in range(depth - 2)), "output"]


SRCNN_NAMES = {
    "plain": ["conv1", "conv2", "conv3"],
    "sequential": ["features.0", "features.2", "features.4"],
    "nested": ["layers.0.0", "layers.1.0", "layers.2.0"],
    "parallel": ["module.conv1", "module.conv2", "module.conv3"],
    "misleading": ["third", "second", "first"],
    "sizes": ["conv9x9", "conv1x1", "conv5x5"],
}


@pytest.mark.parametrize("names", SRCNN_NAMES.values(), ids=list(SRCNN_NAMES))
@pytest.mark.parametrize("form", ["pth", "legacy", "safetensors"])
def test_a_state_dict_is_told_by_its_shapes(tmp_path, names, form):
    layers = random_layers((9, 1, 5), (6, 4))
    state = as_tensors(layers, names)
    path = tmp_path / f"srcnn_x2.{form}"
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "pth")
    config, tensors, sentence = import_weights(path)
    assert config == ModelConfig("srcnn", (9, 1, 5), (6, 4), scales=(2,), border="replicate")
    assert_layers(tensors, layers)
    assert "state dict" in sentence
    np.testing.assert_allclose(
        run(config, tensors, PLANE), slow_network(PLANE, layers), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("form", ["pth", "safetensors"])
@pytest.mark.parametrize("sort", [False, True], ids=["as defined", "sorted as text"])
@pytest.mark.parametrize("ends_last", [False, True])
def test_a_deep_network_is_put_in_order(tmp_path, form, sort, ends_last):
    depth = 13
    layers = random_layers((3,) * depth, (4,) * (depth - 1))
    state = as_tensors(layers, vdsr_names(depth), biases=False)
    names = list(state)
    if ends_last:  # a module that defines its body first
        names = [*names[1:-1], names[0], names[-1]]
    state = {name: state[name] for name in (sorted(names) if sort else names)}
    path = tmp_path / f"vdsr.{form}"
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    config, tensors, sentence = import_weights(path, scales=[2, 3, 4])
    assert config == ModelConfig(
        "vdsr", (3,) * depth, (4,) * (depth - 1), scales=(2, 3, 4), border="zero"
    )
    assert_layers(tensors, layers, biases=False)
    assert "no biases in 13 of 13 layers" in sentence
    assert import_weights(path, scales=[2], architecture="srcnn")[0].border == "replicate"


def test_seven_layers_or_other_filters_are_direct_unless_told(tmp_path):
    for filters in ((3,) * 7, (5, *(3,) * 8)):
        path = tmp_path / f"{len(filters)}.pth"
        layers = random_layers(filters, (4,) * (len(filters) - 1))
        torch.save(as_tensors(layers, map(str, range(len(filters)))), path)
        assert import_weights(path, scales=[2])[0].architecture == "srcnn"
        assert import_weights(path, scales=[2], architecture="vdsr")[0].residual
        refused(path, "unknown architecture 'edsr'", architecture="edsr")
        refused(path, "does not enlarge by itself", architecture="espcn")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": state, "optimizer": {"state": {0: {"m": torch.ones(4, 1, 5, 5)}}}},
        lambda state: {"epoch": 3, "best": {"net": state}},
        lambda state: {"params": {k: v + 1 for k, v in state.items()}, "params_ema": state},
        lambda state: {"anything": state, "other": {"a": torch.ones(2, 2, 3, 3)}},
        lambda state: {k: torch.nn.Parameter(v) for k, v in state.items()},
        lambda state: {k: v.double() for k, v in state.items()},
        lambda state: {**state, "version": 3, "name": "srcnn"},
    ],
)  # fmt: skip
def test_a_checkpoint_gives_its_network(tmp_path, wrap):
    layers = random_layers()
    torch.save(wrap(as_tensors(layers, ["a", "b", "c"])), tmp_path / "checkpoint.pt")
    assert_layers(import_weights(tmp_path / "checkpoint.pt", scales=[3])[1], layers)


def test_half_precision_is_widened(tmp_path):
    layers = random_layers()
    for dtype in (torch.float16, torch.bfloat16):
        state = {k: v.to(dtype) for k, v in as_tensors(layers, ["a", "b", "c"]).items()}
        torch.save(state, tmp_path / "half.pth")
        save_file(state, tmp_path / "half.safetensors")
        for name in ("half.pth", "half.safetensors"):
            tensors = import_weights(tmp_path / name, scales=[3])[1]
            np.testing.assert_array_equal(tensors["conv1.weight"], state["a.weight"].float())


@pytest.mark.parametrize("order", [("w1", "b1", "w2", "b2"), ("w1", "w2", "b1", "b2")])
def test_biases_without_a_common_name_are_paired_by_order(tmp_path, order):
    layers = random_layers((3, 3), (4,))
    values = {"w1": layers[0][0], "b1": layers[0][1], "w2": layers[1][0], "b2": layers[1][1]}
    torch.save({name: torch.from_numpy(values[name]) for name in order}, tmp_path / "a.pth")
    assert_layers(import_weights(tmp_path / "a.pth", scales=[3])[1], layers)


def test_colour_networks_are_read(tmp_path):
    layers = random_layers(widths=(5, 4), color="rgb")
    torch.save(as_tensors(layers, ["a", "b", "c"]), tmp_path / "rgb.pth")
    config, tensors, sentence = import_weights(tmp_path / "rgb.pth", scales=[3])
    assert config.color == "rgb"
    assert "3 channels, taken as R'G'B'" in sentence
    config, _, sentence = import_weights(tmp_path / "rgb.pth", scales=[3], color="ycbcr")
    assert config.color == "ycbcr"
    assert "3 channels, Y'CbCr" in sentence
    with pytest.raises(ModelError, match="3 planes, which cannot be y"):
        import_weights(tmp_path / "rgb.pth", scales=[3], color="y")
    assert_layers(tensors, layers)


def weights(*shapes):
    """A state dict of filters with shapes (out, in, f)."""
    return {
        f"{i}.weight": torch.ones(out, inp, side, side) for i, (out, inp, side) in enumerate(shapes)
    }


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (weights((4, 1, 5), (8, 4, 3)), "do not lead"),
        (weights((4, 1, 5), (3, 5, 3), (1, 3, 3)), "do not lead"),
        (weights((4, 1, 4), (1, 4, 3)), "odd"),
        ({**weights((4, 1, 3)), "b": torch.ones(1, 4, 3, 5)}, "not square"),
        (weights((4, 1, 3)), "1 convolutions"),
        (weights((4, 5, 3), (5, 4, 3)), "do not lead"),
        (weights((3, 3, 1), (8, 3, 3), (3, 8, 3)), "colours to colours"),
        (weights((4, 1, 3), (1, 4, 3), (4, 1, 3), (1, 4, 3)), "in between"),
        (weights((8, 4, 5), (4, 8, 5), (8, 4, 3), (4, 8, 3), (4, 1, 3), (1, 4, 3)), "several"),
        ({**weights((4, 1, 3), (1, 4, 3)), "bn.running_mean": torch.ones(4)}, "normalisation"),
        ({**weights((4, 1, 3), (1, 4, 3)), "prelu.weight": torch.ones(4)}, "not by ReLU alone"),
        ({**weights((4, 1, 3), (1, 4, 3)), "prelu.weight": torch.ones(3)}, "3 slopes"),
        ({**weights((4, 1, 3), (1, 4, 3)), "a.weight": torch.ones(4), "b.weight": torch.ones(1)},
         "2 learned"),
        ({**weights((4, 1, 3), (1, 4, 3)), "fc.weight": torch.ones(4, 4)}, "neither filters"),
        ({**weights((4, 1, 3), (1, 4, 3)), "0.bias": torch.ones(3)}, "3 values for 4"),
        ({**weights((4, 1, 3), (1, 4, 3)), "x.bias": torch.ones(4)}, "1 biases cannot"),
        ({**weights((4, 1, 3), (1, 4, 3)), "n": torch.ones(1, dtype=torch.int64)}, "int64"),
        ({**weights((4, 1, 3), (1, 4, 3)), "n": torch.ones(4).to_sparse()}, "floating-point"),
        ({"a": torch.full((4, 1, 3, 3), torch.nan), "b": torch.ones(1, 4, 3, 3)}, "not finite"),
        ({"a": torch.ones(1).expand(4096, 4096, 63, 63), "b": torch.ones(1, 4, 3, 3)}, "values"),
        ({f"{i}": torch.ones(1, 1, 3, 3) for i in range(400)}, "400 tensors"),
        ({"a": 1, "b": [torch.ones(4, 1, 3, 3)]}, "without filters"),
        (torch.ones(4, 1, 3, 3), "without filters"),
        ({"a": weights((4, 1, 3), (1, 4, 3)), "b": weights((4, 1, 3), (1, 4, 3))}, "several net"),
        ({"config": "{}", "provenance": "{}", **weights((4, 1, 3), (1, 4, 3))}, "srcnn train"),
        (weights(*[(700, 700, 1)] * 3), "values"),
    ],
)  # fmt: skip
def test_other_networks_are_refused_with_the_reason(tmp_path, monkeypatch, state, words):
    for module in (state_dicts, stored):
        monkeypatch.setattr(module, "MAX_PARAMETERS", 1_000_000)
    torch.save(state, tmp_path / "other.pth")
    refused(tmp_path / "other.pth", words)


def test_own_weights_need_no_import(tiny_weights):
    refused(tiny_weights(), "use it with --model")


# Files that are damaged, or worse


def made_files(folder):
    layers = random_layers()
    state = as_tensors(layers, "abc")
    save_srcnn_mat(folder / "a.mat", layers)
    save_srcnn_mat(folder / "b.mat", layers, transposed=False)
    save_vdsr_mat(folder / "c.mat", layers)
    torch.save(state, folder / "d.pth")
    torch.save(state, folder / "e.pth", _use_new_zipfile_serialization=False)
    save_file(state, folder / "f.safetensors")
    return sorted(folder.iterdir())


def test_a_file_cut_anywhere_is_refused(tmp_path):
    for path in made_files(tmp_path):
        data = path.read_bytes()
        import_weights(path, scales=[3])
        for share in range(40):
            path.write_bytes(data[: len(data) * share // 40])
            refused(path, ".")


def test_a_file_with_wrong_bytes_is_read_or_refused_but_nothing_else(tmp_path):
    rng = np.random.default_rng(0)
    for path in made_files(tmp_path):
        data = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            wrong = data.copy()
            where = rng.integers(0, len(wrong), rng.choice([1, 3, 30]))
            wrong[where] = rng.integers(0, 256, len(where))
            path.write_bytes(wrong.tobytes())
            try:
                _, tensors, _ = import_weights(path, scales=[3])
            except ModelError as error:
                assert str(path) in str(error)  # noqa: PT017 - either outcome is right
            else:
                assert all(np.isfinite(value).all() for value in tensors.values())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\0", "format is not known"),
        (bytes(5000), "format is not known"),
        (b"some text, not weights\n" * 20, "format is not known"),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), "damaged HDF5"),
        (b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n" + bytes(99), "7.3.*-v7"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "format is not known"),
        (b"PK\x03\x04" + bytes(200), "damaged torch file"),
        (b"\x80\x02" + bytes(200), "damaged torch file"),
        (MAT_HEADER, "it has nothing"),
        (MAT_HEADER + bytes(7), "damaged"),
        (MAT_HEADER + b"\xff" * 800, "damaged"),
        ((2).to_bytes(8, "little") + b"{}" + bytes(4), "safetensors|format"),
        ((40).to_bytes(8, "little") + b"{" + b"x" * 60, "damaged or truncated .safetensors"),
    ],
)
def test_garbage_is_refused(tmp_path, data, words):
    path = tmp_path / "weights_x3.mat"
    path.write_bytes(data)
    refused(path, words)


def test_what_cannot_be_opened_is_named(tmp_path, monkeypatch):
    refused(tmp_path / "none.mat", "no such file")
    refused(tmp_path, "directory")
    path = save_srcnn_mat(tmp_path / "a.mat", random_layers())
    refused(path, "scales must be between", scales=[17])
    refused(path, "border", border="mirror")
    monkeypatch.setattr(importer, "MAX_FILE_BYTES", 100)
    refused(path, "holds more than")


# The check on a flat picture


def test_a_flat_picture_tells_networks_apart(tmp_path):
    weight = np.zeros((4, 1, 3, 3), np.float32)
    weight[0, 0, 1, 1] = 1
    last = np.ascontiguousarray(weight.transpose(1, 0, 2, 3))
    torch.save({"a": torch.from_numpy(weight), "b": torch.from_numpy(last)}, tmp_path / "a.pth")
    config, tensors, _ = import_weights(tmp_path / "a.pth", scales=[2])
    assert flat_error(config, tensors) == 0
    config, tensors, _ = import_weights(tmp_path / "a.pth", scales=[2], architecture="vdsr")
    assert flat_error(config, tensors) == pytest.approx(0.9)


# Research data


@pytest.fixture(scope="module")
def set5(shared_data):
    def pixels(path):
        with Image.open(path) as image:
            return np.array(image if image.mode in {"L", "RGB"} else image.convert("RGB"))

    return [make_pair(pixels(path), 3) for path in sorted((shared_data / "Set5").glob("*.png"))]


def mean_psnr(pairs, config, tensors):
    return np.mean([pair.psnr(run(config, tensors, pair.interpolated)) for pair in pairs])


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "decibels", "untransposed"),
    [("9-1-5", 32.46, 32.42), ("9-3-5", 32.61, 32.53), ("9-5-5", 32.55, 32.50)],
)
def test_the_reference_files_of_srcnn_reach_their_psnr(
    shared_data, set5, name, decibels, untransposed
):
    path = shared_data / "reference/weights" / f"srcnn-{name}-x3.mat"
    config, tensors, _ = import_weights(path)
    assert (config.name, config.scales, config.border) == (f"srcnn-{name}", (3,), "replicate")
    assert flat_error(config, tensors) < 0.01
    assert mean_psnr(set5, config, tensors) == pytest.approx(decibels, abs=0.02)
    other = import_weights(path, transpose=False)
    assert mean_psnr(set5, *other[:2]) == pytest.approx(untransposed, abs=0.02)


@pytest.mark.data
def test_the_authors_vdsr_reaches_its_psnr(shared_data, set5):
    config, tensors, _ = import_weights(shared_data / "reference/weights/vdsr-official.mat")
    assert config == ModelConfig(
        "vdsr", (3,) * 20, (64,) * 19, scales=(2, 3, 4), border="zero"
    )  # fmt: skip
    assert flat_error(config, tensors) < 0.01
    assert mean_psnr(set5, config, tensors) == pytest.approx(33.66, abs=0.01)
