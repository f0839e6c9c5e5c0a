"""A weights file is one network, checked through and through; writing never loses anything."""

import contextlib
import json
import os
import pickle
import stat
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from srcnn_cli import files
from srcnn_cli.errors import ModelError, OutputError
from srcnn_cli.files import describe_os_error, write_atomically
from srcnn_cli.imaging.regions import WHOLE
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.torch_network import PlaneNetwork
from srcnn_cli.models.weights import file_sha256, load_weights, read_config, save_weights

CONFIGS = [
    ModelConfig(filters=(3, 1, 3), widths=(4, 3)),
    ModelConfig(filters=(5,), widths=(), color="rgb", scales=(2, 4), border="zero"),
    ModelConfig(filters=(3, 3, 1, 5), widths=(2, 3, 4), border="normalize"),
]
CONFIG = CONFIGS[0]
KEY = "srcnn"


def tensors_of(config=CONFIG):
    torch.manual_seed(0)
    return {name: value.numpy() for name, value in PlaneNetwork(config).state_dict().items()}


def file_bytes(tensors=None, metadata=None):
    metadata = {KEY: json.dumps({"config": CONFIG.to_dict()})} if metadata is None else metadata
    return save(tensors_of() if tensors is None else tensors, metadata)


def assert_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        load_weights(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("mutations") / "model.safetensors"


@pytest.mark.parametrize("config", CONFIGS)
def test_a_network_gives_the_same_output_after_saving_and_loading(path, config):
    torch.manual_seed(1)
    network = PlaneNetwork(config)
    save_weights(path, config, {k: v.numpy() for k, v in network.state_dict().items()})
    loaded_config, tensors = load_weights(path)
    again = PlaneNetwork(loaded_config)
    again.load_state_dict({name: torch.from_numpy(np.array(t)) for name, t in tensors.items()})
    planes = torch.rand(1, config.channels, 9, 11)
    with torch.no_grad():
        assert torch.equal(network(planes, WHOLE), again(planes, WHOLE))


@pytest.mark.parametrize("config", CONFIGS)
def test_the_configuration_alone_can_be_read(path, config):
    save_weights(path, config, tensors_of(config))
    assert read_config(path) == config == load_weights(path)[0]


@pytest.mark.parametrize(("channels", "color"), [(1, "y"), (3, "rgb")])
def test_a_file_written_before_colors_is_read(path, channels, color):
    config = ModelConfig(filters=(3, 3), widths=(4,), color=color)
    stored = {**config.to_dict(), "channels": channels}
    del stored["color"]
    path.write_bytes(file_bytes(tensors_of(config), {KEY: json.dumps({"config": stored})}))
    assert read_config(path) == load_weights(path)[0] == config


def test_the_color_stands_in_the_file(path):
    config = ModelConfig(filters=(3, 3), widths=(4,), color="ycbcr")
    save_weights(path, config, tensors_of(config))
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    assert json.loads(header["__metadata__"][KEY])["config"]["color"] == "ycbcr"


def test_transposed_tensors_are_saved_by_value(path):
    tensors = tensors_of()
    tensors["conv1.weight"] = np.asfortranarray(tensors["conv1.weight"]).swapaxes(2, 3)
    save_weights(path, CONFIG, tensors)
    np.testing.assert_array_equal(load_weights(path)[1]["conv1.weight"], tensors["conv1.weight"])


def test_how_the_weights_came_about_stands_in_the_file(path):
    save_weights(path, CONFIG, tensors_of(), training={"seed": 7})
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])
    stored = json.loads(header["__metadata__"][KEY])
    assert stored["training"] == {"seed": 7}
    assert stored["config"] == json.loads(json.dumps(CONFIG.to_dict()))


def test_the_checksum_is_sha256(path):
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(path) == expected


def test_an_intact_file_is_accepted(path):
    path.write_bytes(file_bytes())
    assert load_weights(path)[0] == CONFIG


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 9, 100, -400, -4, -1])
def test_a_truncated_file_is_refused(path, kept):
    assert_refused(path, file_bytes()[:kept])


def test_trailing_bytes_are_refused(path):
    assert_refused(path, file_bytes() + b"\0\0\0\0")


@pytest.mark.parametrize(
    "content",
    [
        bytes(2000),
        np.random.default_rng(0).bytes(2000),
        b"\xff" * 2000,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2**64 - 1) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 20) + b'{"__metadata__": 12} ',
        struct.pack("<Q", 20000) + b"[" * 20000,
        pickle.dumps({"conv1.weight": [1.0]}),
        b"PK\x03\x04" + bytes(500),
        b"\x89PNG\r\n\x1a\n" + bytes(500),
    ],
)
def test_files_of_another_kind_are_refused(path, content):
    assert_refused(path, content)


def test_a_pickle_is_not_executed(path, tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "executed",))

    assert_refused(path, pickle.dumps(Trap()))
    assert not (tmp_path / "executed").exists()


def test_a_torch_checkpoint_is_refused(path):
    torch.save({"conv1.weight": torch.zeros(3)}, path)
    assert_refused(path, path.read_bytes())


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"format": "pt"},
        {KEY: ""},
        {KEY: "9-1-5"},
        {KEY: "null"},
        {KEY: "[" * 100_000},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"filters": [9, 1, 5]}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"widths": [4, 4]}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"filters": [3, 2, 3]}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"architecture": "edsr"}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"border": "none"}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"scales": [2.5]}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"color": "cmyk"}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"color": "rgb"}})},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"channels": 10**400}})},
        {KEY: '{"config": {"channels": 1' + "0" * 5000 + "}}"},
        {KEY: json.dumps({"config": CONFIG.to_dict() | {"extra": 1}})},
    ],
)
def test_metadata_that_do_not_describe_the_tensors_are_refused(path, metadata):
    assert_refused(path, file_bytes(metadata=metadata))


def changed(**tensors):
    return {n: v for n, v in (tensors_of() | tensors).items() if v is not None}


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        (changed(**{"conv2.bias": None}), "conv2.bias"),
        (changed(**{"conv4.bias": np.zeros(1, np.float32)}), "conv4.bias"),
        (changed(**{"conv1.weight": np.zeros((4, 1, 3, 5), np.float32)}), "shape"),
        (changed(**{"conv2.bias": np.zeros((3, 1), np.float32)}), "shape"),
        (changed(**{"conv3.bias": np.zeros(1, np.float16)}), "float16"),
        (changed(**{"conv3.bias": np.zeros(1, np.float64)}), "float64"),
        (changed(**{"conv3.bias": np.zeros(1, np.int32)}), "int32"),
        (changed(**{"conv3.bias": np.array([np.nan], np.float32)}), "not finite"),
        (changed(**{"conv3.bias": np.array([-np.inf], np.float32)}), "not finite"),
    ],
)
def test_tensors_that_do_not_fit_are_named_on_loading_and_on_saving(path, tensors, reason):
    path.write_bytes(file_bytes(tensors))
    with pytest.raises(ModelError, match=reason) as caught:
        load_weights(path)
    assert str(path) in str(caught.value)
    path.unlink()
    with pytest.raises(ModelError, match=reason):
        save_weights(path, CONFIG, tensors)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2", "BOOL", "XYZ"])
def test_exotic_element_types_are_refused(path, kind):
    size = {"BF16": 2}.get(kind, 1)
    config = ModelConfig(filters=(1,), widths=())
    header = json.dumps(
        {
            "__metadata__": {KEY: json.dumps({"config": config.to_dict()})},
            "conv1.weight": {"dtype": kind, "shape": [1, 1, 1, 1], "data_offsets": [0, size]},
            "conv1.bias": {"dtype": "F32", "shape": [1], "data_offsets": [size, size + 4]},
        }
    ).encode()
    assert_refused(path, struct.pack("<Q", len(header)) + header + bytes(size + 4))


@pytest.mark.parametrize("read", [load_weights, read_config, file_sha256])
def test_a_missing_file_is_named(tmp_path, read):
    with pytest.raises(ModelError, match=r"nothing\.safetensors: no such weights file"):
        read(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("read", [load_weights, read_config, file_sha256])
def test_a_folder_is_no_weights_file(tmp_path, read):
    with pytest.raises(ModelError, match="cannot be read") as caught:
        read(tmp_path)
    assert str(tmp_path) in str(caught.value)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
    st.booleans(),
)
@settings(max_examples=300)
def test_flipped_bytes_give_a_model_error_or_a_valid_network(scratch, changes, in_header):
    content = bytearray(file_bytes())
    end = 8 + struct.unpack("<Q", content[:8])[0] if in_header else len(content)
    for position, value in changes:
        content[position % end] = value
    scratch.write_bytes(content)
    with contextlib.suppress(ModelError):
        config, tensors = load_weights(scratch)
        assert {n: t.shape for n, t in tensors.items()} == {
            name: shape
            for index, weight in enumerate(config.layer_shapes, start=1)
            for name, shape in (
                (f"conv{index}.weight", weight),
                (f"conv{index}.bias", weight[:1]),
            )
        }
        assert all(np.isfinite(t).all() for t in tensors.values())


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_random_headers_give_a_model_error(scratch, content):
    scratch.write_bytes(struct.pack("<Q", len(content)) + content)
    with pytest.raises(ModelError):
        load_weights(scratch)


def test_existing_weights_are_not_overwritten(path):
    path.write_bytes(b"precious")
    with pytest.raises(OutputError, match="already exists"):
        save_weights(path, CONFIG, tensors_of())
    assert path.read_bytes() == b"precious"


def test_existing_weights_are_replaced_when_asked(path):
    path.write_bytes(b"old")
    save_weights(path, CONFIG, tensors_of(), overwrite=True)
    assert read_config(path) == CONFIG


# Writing files.


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


class SomeError(Exception):
    """Not one of this program's errors."""


def write_half_and(error):
    def write(file):
        file.write(b"half")
        raise error

    return write


def write_all(file):
    file.write(b"new")


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["plain.bin", "Grüße 漢字 😀.bin", "-dash", "no suffix."])
def test_a_file_is_written_under_its_name(tmp_path, name, overwrite):
    write_atomically(tmp_path / name, write_all, overwrite=overwrite)
    assert (tmp_path / name).read_bytes() == b"new"
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("error", [SomeError(), KeyboardInterrupt(), MemoryError()])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_midway_leaves_no_trace(tmp_path, error, overwrite):
    with pytest.raises(type(error)):
        write_atomically(tmp_path / "file", write_half_and(error), overwrite=overwrite)
    assert names_in(tmp_path) == []


def test_a_failure_midway_keeps_the_old_file(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(SomeError):
        write_atomically(tmp_path / "file", write_half_and(SomeError()), overwrite=True)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names_in(tmp_path) == ["file"]


def test_a_full_disk_is_an_output_error_in_the_systems_words(tmp_path):
    error = OSError(28, "No space left on device")
    with pytest.raises(OutputError, match="file: cannot be written: no space left on device"):
        write_atomically(tmp_path / "file", write_half_and(error))
    assert names_in(tmp_path) == []


def test_an_existing_file_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OutputError, match="already exists"):
        write_atomically(tmp_path / "file", pytest.fail)
    assert (tmp_path / "file").read_bytes() == b"old"


def test_an_existing_file_is_replaced_when_asked(tmp_path):
    (tmp_path / "file").write_bytes(b"old and longer")
    write_atomically(tmp_path / "file", write_all, overwrite=True)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_while_writing_is_kept(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(files.os, "link", no_links)

    def write(file):
        file.write(b"new")
        (tmp_path / "file").write_bytes(b"other program's")

    with pytest.raises(OutputError, match="already exists"):
        write_atomically(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"other program's"
    assert names_in(tmp_path) == ["file"]


@pytest.mark.filterwarnings("ignore:Exception ignored in. <_io")  # files that are left open
@pytest.mark.parametrize("old", [b"old", None])
def test_a_signal_at_any_moment_leaves_the_old_file_or_the_new_one_and_nothing_else(tmp_path, old):
    """Where Python would run the handler of a signal: before any of its instructions."""

    def interrupt_at(moment):
        counted = 0

        def trace(frame, event, _):
            nonlocal counted
            if frame.f_code.co_filename != files.__file__:
                return None
            frame.f_trace_opcodes = True
            counted += event == "opcode"
            if event == "opcode" and counted == moment:
                raise SystemExit(143)
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            write_atomically(tmp_path / "file", write_all, overwrite=old is not None)
        except SystemExit:
            return True
        finally:
            sys.settrace(before)
        return False

    moment = 0
    while True:
        (tmp_path / "file").unlink(missing_ok=True)
        if old is not None:
            (tmp_path / "file").write_bytes(old)
        moment += 1
        interrupted = interrupt_at(moment)
        assert set(names_in(tmp_path)) <= {"file"}, moment
        left = (tmp_path / "file").read_bytes() if names_in(tmp_path) else None
        assert left in {old, b"new"}
        if not interrupted:
            break
    assert left == b"new"
    assert moment > 50


def no_links(*_):
    raise PermissionError(1, "Operation not permitted")


def test_a_file_system_without_hard_links_is_written_to_as_well(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "link", no_links)
    write_atomically(tmp_path / "file", write_all)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert names_in(tmp_path) == ["file"]


def test_without_hard_links_a_failed_last_step_leaves_no_empty_file(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files.os, "link", no_links)
    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(OutputError, match="input/output error"):
        write_atomically(tmp_path / "file", write_all)
    assert names_in(tmp_path) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", write_all)
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_replaced_file_keeps_its_permissions(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o640)
    write_atomically(tmp_path / "file", write_all, overwrite=True)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_a_missing_folder_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="no such file or directory"):
        write_atomically(tmp_path / "nowhere" / "file", write_all)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_is_never_replaced(tmp_path, overwrite):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError):
        write_atomically(tmp_path / "folder", write_all, overwrite=overwrite)
    assert names_in(tmp_path) == ["folder"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_name_that_is_too_long_is_an_output_error(tmp_path, overwrite):
    with pytest.raises(OutputError):
        write_atomically(tmp_path / ("a" * 300), write_all, overwrite=overwrite)
    assert names_in(tmp_path) == []


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="already exists"):
        write_atomically(tmp_path / "link", write_all)
    assert names_in(tmp_path) == ["link"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "no space left on device"),
        (OSError("Odd"), "odd"),
        (OSError(), "oserror"),
    ],
)
def test_system_errors_are_described_in_lower_case(error, words):
    assert describe_os_error(error) == words
