"""The programs that run exported networks, each behind the same function."""

from __future__ import annotations

import atexit
import base64
import contextlib
import io
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from srcnn_cli.imaging.resize import resize
from srcnn_cli.imaging.rounding import round_to_uint8

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from srcnn_cli.exports.base import Exported

    Planes = NDArray[np.float32]
    # (C, h, w) planes in [0, 1] to (C, s h, s w).
    Run = Callable[[Planes], Planes]


ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "exported_network.py"


class Missing(Exception):  # noqa: N818 - no error: a program that is not here
    """The program is not installed."""


class Program(NamedTuple):
    """Something that runs an exported network.

    Attributes:
        name: As it is called.
        format: What it reads, a key of the registry of formats.
        load: Makes the function that enlarges, of the file that was written.
        picture: Whether it takes R'G'B'; else it takes Y', or what the network is for.
        quantized: Whether pictures go in as 8-bit files.
    """

    name: str
    format: str
    load: Callable[[Path, Exported], Run]
    picture: bool = False
    quantized: bool = False


def _on_its_grid(run: Run, exported: Exported) -> Run:
    """A function for the network's own planes as one for planes of low resolution."""
    if not exported.config.interpolated:
        return run

    def interpolated(planes: Planes) -> Planes:
        height, width = (side * exported.scale for side in planes.shape[-2:])
        return run(resize(planes, height, width))

    return interpolated


def _onnxruntime(path: Path, exported: Exported) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return _onnx(path, exported, lambda planes: session.run(["y"], {"x": planes})[0])


def _opencv(path: Path, exported: Exported) -> Run:
    try:
        import cv2
    except ImportError:
        raise Missing("opencv-python-headless") from None
    net = cv2.dnn.readNetFromONNX(str(path))

    def run(planes: Planes) -> Planes:
        net.setInput(planes, "x")
        result: Planes = net.forward()
        return result

    return _onnx(path, exported, run)


def _openvino(path: Path, exported: Exported) -> Run:
    try:
        import openvino
    except ImportError:
        raise Missing("openvino") from None
    core = openvino.Core()
    # By default OpenVINO computes in bfloat16 where the processor can.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(core.read_model(path), "CPU", exact)
    return _onnx(path, exported, lambda planes: compiled(planes)[0])


def _onnx(path: Path, exported: Exported, run: Callable[[Any], Planes]) -> Run:
    def whole(planes: Planes) -> Planes:
        return run(np.ascontiguousarray(planes[None], np.float32))[0]

    return whole if b"picture" in path.read_bytes()[-400:] else _on_its_grid(whole, exported)


def _torch(path: Path, exported: Exported) -> Run:
    try:
        import torch
    except ImportError:
        raise Missing("torch") from None
    example = runpy.run_path(str(EXAMPLE))
    config = exported.config
    network = example["ExportedNetwork"](
        torch.load(path, weights_only=True),
        border=config.border,
        scale=config.factor,
        residual=config.residual,
        mean=config.mean,
    )

    def run(planes: Planes) -> Planes:
        with torch.inference_mode():
            result: Planes = network(torch.from_numpy(planes[None].astype(np.float32)))[0].numpy()
        return result

    return _on_its_grid(run, exported)


def _spandrel(path: Path, exported: Exported) -> Run:
    try:
        import torch

        # Operators that no DnCNN needs, and that fail in a build for another torch than this.
        name = "torchvision._meta_registrations"
        sys.modules.setdefault(name, ModuleType(name))
        import spandrel
    except ImportError as error:
        raise Missing(str(error.name)) from None
    model = spandrel.ModelLoader(device="cpu").load_from_file(path)

    def run(planes: Planes) -> Planes:
        with torch.inference_mode():
            return model(torch.from_numpy(planes[None]))[0].numpy()

    return _on_its_grid(run, exported)


def _ncnn(path: Path, exported: Exported) -> Run:
    try:
        import ncnn
    except ImportError:
        raise Missing("ncnn") from None
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    net.opt.num_threads = 1
    if net.load_param(str(path)) or net.load_model(str(path.with_suffix(".bin"))):
        raise ValueError(f"{path}: ncnn refuses it")

    def run(planes: Planes) -> Planes:
        source = np.ascontiguousarray(planes, np.float32)  # a `Mat` does not keep it alive
        with net.create_extractor() as extractor:
            extractor.input("in0", ncnn.Mat(source).clone())
            return np.array(extractor.extract("out0")[1])

    return _on_its_grid(run, exported)


def _ffmpeg(path: Path, exported: Exported) -> Run:
    if shutil.which("ffmpeg") is None:
        raise Missing("ffmpeg")

    def run(planes: Planes) -> Planes:
        height, width = planes.shape[1:]
        source = ["-f", "rawvideo", "-pix_fmt", "grayf32le", "-s", f"{width}x{height}", "-i", "-"]
        network = f"dnn_processing=dnn_backend=native:model={path}:input=x:output=y"
        ended = subprocess.run(  # noqa: S603
            ["ffmpeg", "-v", "error", *source, "-vf", network, "-f", "rawvideo", "-"],  # noqa: S607
            input=np.ascontiguousarray(planes, "<f4").tobytes(),
            capture_output=True,
            check=False,
        )
        if b"native" in ended.stderr and not ended.stdout:
            raise Missing("an ffmpeg of 4.3 to 6.0")
        factor = exported.config.factor
        return np.frombuffer(ended.stdout, "<f4").reshape(1, height * factor, width * factor)

    return _on_its_grid(run, exported)


def _libplacebo(path: Path, exported: Exported) -> Run:
    if shutil.which("ffmpeg") is None:
        raise Missing("ffmpeg")

    def run(planes: Planes) -> Planes:
        height, width = planes.shape[1:]
        large = f"w={width * exported.scale}:h={height * exported.scale}"
        shader = f"custom_shader_path={path}:dithering=-1:format=yuv444p16le"
        ended = subprocess.run(  # noqa: S603
            [  # noqa: S607
                "ffmpeg", "-v", "error", "-init_hw_device", "vulkan=vk", "-filter_hw_device", "vk",
                "-f", "rawvideo", "-pix_fmt", "yuv444p", "-s", f"{width}x{height}", "-i", "-",
                "-vf", f"hwupload,libplacebo={large}:{shader},hwdownload,format=yuv444p16le",
                "-f", "rawvideo", "-",
            ],
            input=np.concatenate(
                [round_to_uint8(planes), np.full((2, height, width), 128, np.uint8)]
            ).tobytes(),
            capture_output=True,
            check=False,
        )  # fmt: skip
        if not ended.stdout:
            raise Missing(f"libplacebo with Vulkan ({ended.stderr.decode()[:200]})")
        size = (3, height * exported.scale, width * exported.scale)
        return np.frombuffer(ended.stdout, "<u2").reshape(size)[:1] / np.float32(255 * 256)

    return run


def _mpv(path: Path, exported: Exported) -> Run:
    """Mpv itself, in a window that nobody sees; what is in the window is saved as a picture."""
    if shutil.which("mpv") is None or shutil.which("xvfb-run") is None:
        raise Missing("mpv and xvfb-run")
    from PIL import Image

    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    player = subprocess.Popen(  # noqa: S603
        [  # noqa: S607
            "xvfb-run", "-a", "-s", "-screen 0 4096x4096x24",
            "mpv", "--no-config", "--idle", "--vo=gpu", "--gpu-api=opengl", "--gpu-context=x11egl",
            "--gpu-sw", "--dither-depth=no", "--no-border", "--no-keepaspect-window", "--no-osc",
            "--hidpi-window-scale=no", f"--window-scale={exported.scale}", "--osd-level=0",
            "--pause", "--keep-open", "--keep-open-pause", f"--glsl-shaders={path}",
            f"--input-ipc-server={place / 'socket'}",
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    mpv = None

    def close() -> None:
        if mpv is not None:
            with contextlib.suppress(OSError):
                mpv.command("quit")
        try:
            player.wait(10 if mpv else 0)
        except subprocess.TimeoutExpired:
            os.killpg(player.pid, signal.SIGTERM)  # the display as well

    atexit.register(close)
    mpv = _Mpv(place / "socket")

    def run(planes: Planes) -> Planes:
        _, height, width = planes.shape
        video, shown = place / "frame.y4m", place / "shown.png"
        grey = np.full((2, height, width), 128, np.uint8)
        video.write_bytes(
            b"YUV4MPEG2 W%d H%d F25:1 Ip A1:1 C444\nFRAME\n" % (width, height)
            + np.concatenate([round_to_uint8(planes), grey]).tobytes()
        )
        shown.unlink(missing_ok=True)
        mpv.command("loadfile", str(video))
        mpv.wait_for("playback-restart")
        wanted = (width * exported.scale, height * exported.scale)
        ends = time.monotonic() + 30
        size = None
        while size != wanted:  # the window takes its size; compiling shaders delays the answer
            if time.monotonic() > ends:
                raise Missing(f"mpv with OpenGL: {size} in place of {wanted}")
            time.sleep(0.5)
            began = time.monotonic()
            mpv.command("screenshot-to-file", str(shown), "window")
            ends += time.monotonic() - began
            if shown.exists():
                with Image.open(shown) as image:
                    size = image.size
                    full = np.asarray(image.convert("RGB"), np.float32)[None, ..., 1]
        return (full * (219 / 255) + 16) / np.float32(255)

    return run


class _Mpv:
    """A connection to mpv, and what it is told (https://mpv.io/manual/stable/#json-ipc)."""

    def __init__(self, path: Path) -> None:
        ends = time.monotonic() + 60
        self._socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self._socket.connect(str(path))
            except OSError:
                if time.monotonic() > ends:
                    raise Missing("mpv that starts") from None
                time.sleep(0.2)
            else:
                break
        self._answers = self._socket.makefile("r")
        self._number = 0

    def command(self, *words: str) -> None:
        self._number += 1
        asked = {"command": words, "request_id": self._number}
        self._socket.sendall(json.dumps(asked).encode() + b"\n")
        for line in self._answers:
            if json.loads(line).get("request_id") == self._number:
                return

    def wait_for(self, event: str) -> None:
        for line in self._answers:
            if json.loads(line).get("event") == event:
                return


def _chromium(path: Path, exported: Exported) -> Run:
    from PIL import Image

    del exported
    sys.path.append(str(ROOT / "tests"))
    from chromium import Chromium, find_chromium

    program = find_chromium()
    if program is None:
        raise Missing("chromium")
    profile = tempfile.mkdtemp()
    browser = Chromium(program, profile)
    atexit.register(shutil.rmtree, profile, ignore_errors=True)
    atexit.register(browser.close)

    def run(planes: Planes) -> Planes:
        picture = path.with_name("picture.png")
        Image.fromarray(np.moveaxis(round_to_uint8(planes), 0, -1)).save(picture)
        browser.open(path)
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        node = browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        browser.call("DOM.setFileInputFiles", nodeId=node, files=[str(picture)])
        while browser.run("document.body.dataset.state") in ("empty", "working"):
            time.sleep(0.2)
        address = browser.run("document.getElementById('result').toDataURL()")
        with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as image:
            return np.moveaxis(np.asarray(image.convert("RGB"), np.float32), -1, 0) / 255

    return run


_ONNX = {"ONNX Runtime": _onnxruntime, "OpenCV dnn": _opencv, "OpenVINO (f32)": _openvino}

PROGRAMS = {
    f"{program.format}:{program.name}": program
    for program in (
        *(Program(name, "onnx-plane", load) for name, load in _ONNX.items()),
        *(Program(name, "onnx", load, picture=True) for name, load in _ONNX.items()),
        Program("PyTorch", "torch", _torch),
        Program("spandrel", "spandrel", _spandrel),
        Program("ncnn (float32)", "ncnn", _ncnn),
        Program("FFmpeg (dnn_processing)", "ffmpeg", _ffmpeg),
        Program("libplacebo", "mpv", _libplacebo, quantized=True),
        Program("mpv", "mpv", _mpv, quantized=True),
        Program("Chromium (JavaScript)", "html", _chromium, picture=True, quantized=True),
    )
}
