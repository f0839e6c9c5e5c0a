"""The command as a process: signals, closed and full streams, limits of memory."""

import os
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and streams of Unix")


@pytest.fixture
def start(tmp_path, tiny_weights):
    """Start `srcnn upscale in.png -o out.png` on a small picture, as a process of its own."""
    weights = str(tiny_weights())
    Image.new("RGB", (30, 20), "teal").save(tmp_path / "in.png")

    def call(*before, code="from srcnn_cli.__main__ import run; run()", **options):
        arguments = ["srcnn", "upscale", "in.png", "-o", "out.png", "-m", weights, "-s", "3"]
        script = f"import sys; sys.argv = {arguments!r}\n" + "".join(before) + code
        return subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, **options)

    return call


def opened(path):
    with Image.open(path) as image:
        image.load()
        return image


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2), (0, 1, 2)])
@pytest.mark.fault("standard output or error is closed", "the picture", 0)
def test_closed_streams_do_not_stop_the_work(start, tmp_path, closed):
    def close():
        for descriptor in closed:
            os.close(descriptor)

    process = start(preexec_fn=close, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in out + err
    assert opened(tmp_path / "out.png").size == (90, 60)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")  # noqa: PTH110
@pytest.mark.fault("standard output is full", "the picture, and an error", 4)
def test_output_that_is_full_is_code_4_and_the_picture_is_there(start, tmp_path):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = start(stdout=full, stderr=subprocess.PIPE)
        _, err = process.communicate()
    assert process.returncode == 4
    assert err.startswith(b"error: standard output: cannot be written: ")
    assert err.count(b"\n") == 1
    assert opened(tmp_path / "out.png").size == (90, 60)


IMPORTS = """
import builtins, os, signal
original = builtins.__import__
def slow(name, *rest):
    if name == WHERE:
        try:
            os.kill(os.getpid(), WHICH)
            for _ in range(1000): pass
        except BaseException as error:  # as the import of a native module may do
            raise ImportError(name) from error
    return original(name, *rest)
builtins.__import__ = slow
"""


@pytest.mark.parametrize("where", ["numpy", "onnxruntime", "typer"])
@pytest.mark.parametrize(("which", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
@pytest.mark.fault("SIGTERM (or SIGINT: 130) at any moment", "ends at once", 143)
def test_a_signal_in_the_middle_of_an_import_ends_the_process(start, tmp_path, where, which, code):
    preparation = IMPORTS.replace("WHERE", repr(where)).replace("WHICH", f"signal.{which}")
    process = start(preparation, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate()
    assert process.returncode == code
    assert out == b""
    assert err == (b"error: interrupted\n" if which == "SIGINT" else b"")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".safetensors") == [
        "in.png"
    ]


@pytest.mark.fault("SIGTERM while a file is written", "nothing of it is left", 143)
def test_a_signal_while_a_file_is_written_leaves_nothing_of_it(start, tmp_path):
    preparation = (
        "import os, signal\n"
        "def fsync(descriptor): os.kill(os.getpid(), signal.SIGTERM)\n"
        "os.fsync = fsync\n"
    )
    process = start(preparation, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.communicate()
    assert process.returncode == 143
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".srcnn", "out"))]


@pytest.mark.skipif(sys.platform != "linux", reason="the limit works as on Linux")
@pytest.mark.parametrize("mebibytes", [150, 200, 250, 300, 350])
@pytest.mark.fault("too little memory (`ulimit -v`)", "an error", 6)
def test_a_small_address_space_is_code_6(start, tmp_path, mebibytes):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (mebibytes << 20,) * 2)

    process = start(preexec_fn=limit, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate()
    assert process.returncode == 6
    assert err.startswith(b"error: ")
    assert err.count(b"\n") == 1
    assert not (tmp_path / "out.png").exists()


@pytest.mark.fault("SIGKILL while a file is written", "the next run removes what is left", 0)
def test_a_killed_run_is_finished_by_the_next(start, tmp_path):
    preparation = (
        "import os, signal\n"
        "def fsync(descriptor): os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.fsync = fsync\n"
    )
    start(preparation, stdout=subprocess.PIPE, stderr=subprocess.PIPE).communicate()
    (left,) = (path for path in tmp_path.iterdir() if path.name.startswith(".srcnn"))
    os.utime(left, (time.time() - 60,) * 2)
    assert start(stdout=subprocess.DEVNULL).wait() == 0
    assert not left.exists()
    assert opened(tmp_path / "out.png").size == (90, 60)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL  # the tests' own is untouched
