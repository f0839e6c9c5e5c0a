"""Pickles: what they hold is read, and what they would do is not done."""

import collections
import contextlib
import io
import os
import pickle
import struct
import subprocess
import zipfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from foreign_networks import as_tensors, assert_layers, random_layers
from srcnn_cli.errors import ModelError
from srcnn_cli.models.foreign.importer import import_weights
from srcnn_cli.models.foreign.pickles import Made, Name, take_apart


def apart(data):
    return take_apart(io.BytesIO(data), lambda reference: reference)


# Plain values


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.binary(), inner)
    ),
    max_leaves=30,
)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@settings(max_examples=15)
@given(value=PLAIN)
def test_plain_values_are_what_pickle_makes_of_them(protocol, value):
    data = pickle.dumps(value, protocol)
    if protocol < 3 and contains_bytes(value):  # they are made by a call, and no call is made
        apart(data)
    else:
        assert apart(data) == value


def contains_bytes(value):
    if isinstance(value, dict):
        return any(map(contains_bytes, [*value, *value.values()]))
    if isinstance(value, list | tuple):
        return any(map(contains_bytes, value))
    return isinstance(value, bytes)


def test_shared_and_recursive_values_stay_so():
    shared = [1]
    first, second = apart(pickle.dumps((shared, shared)))
    assert first is second
    shared.append(shared)
    loop = apart(pickle.dumps(shared))
    assert loop[1] is loop


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_objects_are_named_and_not_made(protocol):
    counter = collections.OrderedDict(a=1)
    made = apart(pickle.dumps(counter, protocol))
    assert isinstance(made, Made)
    assert made.name == "collections.OrderedDict"
    made = apart(pickle.dumps(Namespace(rate=0.1), protocol))
    assert made.state == {"rate": 0.1}
    assert apart(pickle.dumps(os.system, protocol)) == Name(f"{os.system.__module__}.system")
    assert isinstance(apart(pickle.dumps({1, 2}, protocol)), Made)


@pytest.mark.parametrize(
    "data",
    [
        b"", b".", b"\x80\x02", b"\x80\x02.", b"(.", b"\x80\x02(0.", b"\x80\x02K\x01s.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02K\x01K\x02a.", b"\x80\x02h\x07.", b"\x80\x02t.", b"\x80\x02X\xff\xff\xff\xffa.",
        b"\x80\x05\x97.", b"\x80\x02\x82\x01.", b"\x80\x02\xff.", b"I12x\n.", b"\x80\x02]q\x00u.",
    ],
)  # fmt: skip
def test_nonsense_is_an_exception_and_nothing_else(data):
    with pytest.raises(Exception):  # noqa: B017, PT011 - of any type: the reader makes one of it
        apart(data)


def test_a_place_in_the_memo_takes_no_memory_for_those_before():
    assert apart(b"\x80\x02K\x01r\xff\xff\xff\xff.") == 1


# Malicious ones


class Reduced:
    """Pickled as whatever call is given."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


def touch_by(marker):
    """Calls that leave a file behind, of every kind that is known from attacks."""
    path, text = str(marker), f"open({str(marker)!r}, 'w').close()"
    code = compile(text, "x", "exec")
    assert code
    return {
        "os.system": Reduced(os.system, (f"touch {path}",)),
        "os.popen": Reduced(os.popen, (f"touch {path}",)),
        "exec": Reduced(exec, (text,)),
        "eval": Reduced(eval, (f"open({path!r}, 'w').close()",)),
        "open": Reduced(open, (path, "w")),
        "path": Reduced(Path.touch, (marker,)),
        "os.mkdir": Reduced(os.mkdir, (path,)),
        "os.open": Reduced(os.open, (path, os.O_CREAT)),
        "popen": Reduced(subprocess.Popen, (["touch", path],)),
        "check_call": Reduced(subprocess.check_call, (["touch", path],)),
        "run": Reduced(subprocess.run, (["touch", path],)),
        "getoutput": Reduced(subprocess.getoutput, (f"touch {path}",)),
        "symlink": Reduced(os.symlink, ("/nowhere", path)),
        "nested": Reduced(print, (Reduced(exec, (text,)), file_of(path))),
        "state": Reduced(list, ((),), None, iter([Reduced(exec, (text,))])),
        "items": Reduced(dict, ((),), None, None, iter([("a", Reduced(exec, (text,)))])),
        "argument": Reduced(collections.OrderedDict, ([("a", Reduced(exec, (text,)))],)),
        "partial": Reduced(map, (exec, [text])),
        "torch": Reduced(torch.load, (path,)),
    }


def file_of(path):
    return Reduced(open, (path, "w"))


def written(module, name, argument):
    """A pickle of a call in the oldest protocol, written by hand."""
    return f"c{module}\n{name}\n(S{argument!r}\ntR.".encode()


def by_hand(marker):
    """Pickles that no pickler writes: instructions in odd places, tricks with memo and stack."""
    path, text = str(marker), f"open({str(marker)!r}, 'w').close()"
    short = text.encode()
    string = b"X" + struct.pack("<I", len(short)) + short
    call = b"cbuiltins\nexec\n" + string + b"\x85R"
    return {
        "protocol 0": written("posix", "system", f"touch {path}"),
        "python 2": b"c__builtin__\nexec\n(S" + repr(text).encode() + b"\ntR.",
        "inst": b"(S" + repr(f"touch {path}").encode() + b"\niposix\nsystem\n.",
        "obj": b"(cposix\nsystem\nS" + repr(f"touch {path}").encode() + b"\no.",
        "newobj": b"\x80\x02cbuiltins\nexec\n" + string + b"\x85\x81.",
        "newobj_ex": b"\x80\x04cbuiltins\nexec\n" + string + b"\x85}\x92.",
        "stack global": b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93" + string + b"\x85R.",
        "joined names": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + string + b"\x85R.",
        "dotted name": b"\x80\x04\x8c\x02os\x8c\x0bpath.os.open\x93(" + string + b"KAtR.",
        "memo": b"\x80\x02cbuiltins\nexec\nq\x05" + string + b"q\x060h\x05h\x06\x85R.",
        "memo written twice": b"\x80\x02" + string + b"q\x01cbuiltins\nexec\nq\x010h\x01"
        + string + b"\x85R.",
        "memo and dup": b"\x80\x02cbuiltins\nexec\n2q\x01" + string + b"\x85R.",
        "popped": b"\x80\x02" + call + b"0}.",
        "popped to a mark": b"\x80\x02(" + call + b"1}.",
        "in a key": b"\x80\x02}" + call + b"K\x01s.",
        "in a list": b"\x80\x02]" + call + b"a.",
        "build": b"\x80\x02" + call + b"}X\x08\x00\x00\x00__dict__" + call + b"sb.",
        "build of a name": b"\x80\x02cbuiltins\nobject\n}X\x01\x00\x00\x00a" + call + b"s\x86b.",
        "setstate": b"\x80\x02ccollections\nOrderedDict\n)R}X\x0c\x00\x00\x00__setstate__"
        b"cbuiltins\nexec\nsb" + string + b"b.",
        "result called": b"\x80\x02cbuiltins\ngetattr\ncbuiltins\n__dict__\nX\x04\x00\x00\x00exec"
        b"\x86R" + string + b"\x85R.",
        "persistent": b"\x80\x02" + call + b"Q.",
        "second pickle": b"\x80\x02}." + b"\x80\x02" + call + b".",
        "frame": b"\x80\x04\x95" + struct.pack("<Q", len(call) + 1) + call + b".",
    }  # fmt: skip


KINDS = sorted({*touch_by(Path("x")), *by_hand(Path("x"))})
FORMS = ["plain", "zip", "legacy"]


def put_into(form, path, pickled):
    """A pickle as a file, as torch's archive, or as torch's older row of pickles."""
    if form == "plain":
        path.write_bytes(pickled)
    elif form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickled)
            archive.writestr("archive/version", "3\n")
    else:
        head = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, "protocol_version": 1001}]
        rest = pickle.dumps([], 2)
        path.write_bytes(b"".join(pickle.dumps(part, 2) for part in head) + pickled + rest)


def pickled(kind, marker):
    objects = touch_by(marker)
    return pickle.dumps(objects[kind], 2) if kind in objects else by_hand(marker)[kind]


def test_there_are_enough_of_them():
    assert len(KINDS) >= 40


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_malicious_pickle_does_not_run(tmp_path, kind, form):
    marker = tmp_path / "it-ran"
    put_into(form, tmp_path / "evil_x2.pth", pickled(kind, marker))
    with pytest.raises(ModelError):
        import_weights(tmp_path / "evil_x2.pth")
    assert not marker.exists()


@pytest.mark.parametrize(
    "kind", ["os.system", "exec", "open", "nested", "memo", "inst", "obj", "popped", "in a list"]
)
@pytest.mark.filterwarnings("ignore")  # files that they leave open
def test_whoever_runs_them_has_the_damage(tmp_path, kind):
    marker = tmp_path / "it-ran"
    data = pickled(kind, marker)
    with contextlib.suppress(Exception):  # which come after the damage
        pickle.loads(data)  # noqa: S301 - that they are live is what is tested
    assert marker.exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("kind", sorted(touch_by(Path("x"))))
def test_a_network_beside_something_malicious_is_read_and_the_rest_not_run(tmp_path, kind, zipped):
    marker, layers = tmp_path / "it-ran", random_layers()
    bait = touch_by(marker)[kind]
    content = {**as_tensors(layers, "abc"), "bait": bait, "epoch": 3}
    torch.save(content, tmp_path / "a_x2.pth", _use_new_zipfile_serialization=zipped)
    assert_layers(import_weights(tmp_path / "a_x2.pth")[1], layers)
    assert not marker.exists()


# Odd things beside the tensors


class Trainer:
    """Some class of somebody's code."""

    def __init__(self, model):
        self.model, self.history = model, collections.defaultdict(list, {"psnr": [1.0, 2.0]})


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"state_dict": state, "best_psnr": np.float64(37.5)},
        lambda state: {"state_dict": state, "losses": np.arange(5.0)},
        lambda state: {"model": state, "opt": Namespace(cuda=True, out=Path("runs"))},
        lambda state: {"model": state, "history": collections.defaultdict(list, {"a": [1]})},
        lambda state: {"net": state, "path": Path("x"), "seen": {1, 2}},
        lambda state: {"net": state, "device": torch.device("cpu"), "text": b"x"},
        lambda state: {"net": state, "dtype": torch.float32, "slice": slice(3), "c": 1j},
        lambda state: collections.OrderedDict(model=collections.OrderedDict(state)),
        lambda state: [state, {"epoch": 3}],
        lambda state: ("srcnn", 3, state),
        Trainer,
        lambda state: Namespace(state_dict=state),
        lambda state: {"state_dict": state, "optimizer": {
            "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(4, 1, 5, 5)}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]}},
    ],
)  # fmt: skip
def test_odd_things_beside_the_tensors_do_not_matter(tmp_path, wrap, zipped):
    layers = random_layers()
    content = wrap(as_tensors(layers, "abc"))
    torch.save(content, tmp_path / "a_x2.pth", _use_new_zipfile_serialization=zipped)
    assert_layers(import_weights(tmp_path / "a_x2.pth")[1], layers)
