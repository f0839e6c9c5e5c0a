"""The built wheel alone, with the packages of the base install alone: it enlarges pictures."""

import json
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from importlib.metadata import PackageNotFoundError, distributions, requires
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

from srcnn_cli import Upscaler
from srcnn_cli.pictures.reading import read_picture

ROOT = Path(__file__).resolve().parents[1]

# Runs in a process that ignores PYTHONPATH, with the wheel first on the path; a package that the
# base install does not bring is as missing there as in an empty environment.
RUN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
absent = set(sys.argv.pop(1).split(","))
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from importlib import util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name in absent else found(name, package)
from srcnn_cli.cli import main
import srcnn_cli
assert srcnn_cli.__file__.startswith(sys.path[0]), srcnn_cli.__file__
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The unpacked wheel, which is how pip installs one that is pure Python."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("srcnn_cli-*-py3-none-any.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def metadata(wheel):
    (file,) = wheel.glob("srcnn_cli-*.dist-info/METADATA")
    return HeaderParser().parsestr(file.read_text(encoding="utf-8"))


def brought_by(requirements):
    """The projects that are installed for these requirements, and for theirs."""
    names, waiting = set(), list(requirements)
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in names or not (
            requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ):
            continue
        names.add(name)
        try:
            waiting += requires(name) or []
        except PackageNotFoundError:  # something that this Python or system has no need of
            names.discard(name)
    return names


@pytest.fixture(scope="module")
def srcnn(wheel):
    """``srcnn(*arguments)`` runs the wheel's command in an environment of the base packages."""
    present = brought_by(metadata(wheel).get_all("Requires-Dist"))
    there, absent = set(), set()
    for project in distributions():
        name = canonicalize_name(project.metadata["Name"])
        modules = {file.parts[0].partition(".")[0] for file in project.files or ()}
        (there if name in present else absent).update(modules)
    # Namespaces that several projects share, such as google, and this project itself are there.
    absent = {name for name in absent - there if name.isidentifier()} - {"srcnn_cli"}
    assert {"torch", "scipy", "skimage", "matplotlib", "cv2"} <= absent
    assert not {"numpy", "PIL", "onnxruntime", "typer", "rich"} & absent

    def run(*arguments):
        names = ",".join(sorted(absent))
        return subprocess.run(
            [sys.executable, "-I", "-c", RUN, str(wheel), names, *map(str, arguments)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_a_picture_with_transparent_edges_is_enlarged(srcnn, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (14, 11, 4), dtype=np.uint8)
    pixels[4:9, :6, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "in.png")
    done = srcnn("upscale", tmp_path / "in.png", "-s", "2", "--device", "cpu", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    expected = Upscaler(device="cpu").upscale(Image.fromarray(pixels), scale=2)
    with Image.open(json.loads(done.stdout)["output"]) as enlarged:
        np.testing.assert_array_equal(np.array(enlarged), np.array(expected))


def test_a_png_with_16_bit_colours_is_enlarged(srcnn, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 65536, (14, 11, 3), dtype=np.uint16)
    imagecodecs.imwrite(tmp_path / "in.png", pixels, codec="png")
    done = srcnn("upscale", tmp_path / "in.png", "-s", "2", "--device", "cpu", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    enlarged = read_picture(json.loads(done.stdout)["output"]).pixels
    np.testing.assert_array_equal(enlarged, Upscaler(device="cpu").upscale(pixels, scale=2))


def test_the_models_are_inside(srcnn, wheel):
    done = srcnn("models", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    models = json.loads(done.stdout)
    assert {model["family"] for model in models} == {
        "srcnn-9-1-5", "srcnn-9-5-5", "vdsr-20", "espcn-5-3-3", "fsrcnn-56-12-4",
        "subpixel-s", "subpixel-l", "a-plus", "anr",
    }  # fmt: skip
    assert all(Path(model["path"]).is_relative_to(wheel) for model in models)
    assert srcnn("models").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [(["train", "--data", "."], "train"), (["bench", "."], "bench"),
     (["compare", "a.png", "-o", "b.png"], "bench")],
)  # fmt: skip
def test_the_other_commands_say_what_they_need(srcnn, arguments, extra):
    done = srcnn(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f'srcnn-cli[{extra}]"' in done.stderr or f'[{extra}]"' in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_of_every_command_is_there(srcnn):
    for command in ("upscale", "models", "train", "import", "bench", "compare"):
        done = srcnn(command, "--help")
        assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_is_complete_and_holds_nothing_else(wheel):
    own = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*")
           if path.is_file() and path.suffix != ".pyc"}  # fmt: skip
    weights = {f"srcnn_cli/weights/{path.name}" for path in (ROOT / "weights").iterdir()}
    there = {path.relative_to(wheel).as_posix() for path in (wheel / "srcnn_cli").rglob("*")
             if path.is_file() and path.suffix != ".pyc"}  # fmt: skip
    assert there == own | weights
    assert {path.name.split("-")[0] for path in wheel.iterdir()} <= {"srcnn_cli"}
    pages = {path.name for path in wheel.glob("srcnn_cli-*.data/data/share/man/man1/*")}
    assert pages == {path.name for path in (ROOT / "man").iterdir()}
