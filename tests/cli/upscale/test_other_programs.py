"""`srcnn upscale` between the programs that people put it between, in pipes of a real shell."""

import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from command import command, threads
from picture_files import tiff
from sample_pictures import noise, opened, smooth
from srcnn_cli.pictures.reading import read_picture

SRCNN = shlex.join(command("upscale"))


def imagemagick(tool):
    """Whether ImageMagick's own program is here, and no stand-in for it."""
    path = shutil.which(tool)
    if path is None:
        return False
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False)
    return said.stdout.startswith("Version: ImageMagick")


needs_imagemagick = pytest.mark.skipif(
    not (imagemagick("identify") and imagemagick("convert")), reason="ImageMagick is not here"
)
needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="FFmpeg is not here"
)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell is another one")


def shell(line):
    """What a pipe says on its stdout; every program in it must end well."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],  # noqa: S607
        capture_output=True, env=threads(1), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@needs_imagemagick
def test_a_jpeg_becomes_a_png_that_identify_reads(work):
    smooth("a.jpg")
    said = shell(f"cat a.jpg | {SRCNN} - -s 2 -m bicubic -o - --format png | identify -")
    assert said.decode().split()[1:3] == ["PNG", "80x68"]


@needs_imagemagick
def test_sixteen_bits_go_through_convert_and_back(work):
    deep = np.random.default_rng(3).integers(0, 65536, (9, 11, 3), np.uint16)
    (work / "in.tif").write_bytes(tiff(deep))
    shell(
        f"convert in.tif png:- | {SRCNN} - -s 1 --restore off -f tiff "
        "| convert tiff:- -depth 16 out.png"
    )
    np.testing.assert_array_equal(read_picture("out.png").pixels, deep)


@needs_imagemagick
def test_an_enlarged_gif_is_an_animation_to_others_too(work):
    frames = [opened(noise(f"{number}.png", seed=number)) for number in range(3)]
    frames[0].save(
        "in.gif", save_all=True, append_images=frames[1:], duration=[70, 120, 200], loop=0
    )
    said = shell(
        f"{SRCNN} in.gif -s 2 -m bicubic --all-frames -o - | identify -format '%m %wx%h %T\n' gif:-"
    )
    assert said.decode().split("\n")[:3] == ["GIF 40x28 7", "GIF 40x28 12", "GIF 40x28 20"]


@needs_ffmpeg
def test_frames_of_a_video_go_from_ffmpeg_and_back_to_it(work):
    shell("ffmpeg -v error -f lavfi -i testsrc=size=64x48:rate=5:duration=2 in.mkv")
    shell(
        "ffmpeg -v error -i in.mkv -f rawvideo -pix_fmt rgb24 - "
        f"| {SRCNN} --raw 64x48 rgb24 - -s 2 -m bicubic "
        "| ffmpeg -v error -f rawvideo -pix_fmt rgb24 -s 128x96 -r 5 -i - out.mkv"
    )
    said = shell(
        "ffprobe -v error -count_frames -select_streams v -of csv=p=0 "
        "-show_entries stream=width,height,r_frame_rate,nb_read_frames out.mkv"
    )
    assert said.decode().strip() == "128,96,5/1,10"


@needs_ffmpeg
def test_ffmpeg_gets_the_pixels_that_a_file_would_get(work):
    smooth("in.png", (48, 32))
    frame = shell(
        "ffmpeg -v error -i in.png -f rawvideo -pix_fmt rgb24 - "
        f"| {SRCNN} --raw 48x32 rgb24 - -s 2 -m bicubic"
    )
    shell(f"{SRCNN} in.png -s 2 -m bicubic --restore off -o out.png")
    with Image.open("out.png") as image:
        assert image.tobytes() == frame


@needs_ffmpeg
def test_a_picture_out_of_a_pipe_goes_into_ffmpeg(work):
    smooth("in.png", (48, 32))
    shell(
        f"cat in.png | {SRCNN} - -s 2 -m bicubic -f ppm "
        "| ffmpeg -v error -f image2pipe -c:v ppm -i - out.bmp"
    )
    assert opened("out.bmp").size == (96, 64)
