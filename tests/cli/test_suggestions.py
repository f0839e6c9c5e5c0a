"""A mistyped name gets the one that was meant; a name like no other gets the list."""

import pytest

from sample_pictures import noise
from srcnn_cli.errors import suggestion
from terminal import one_line


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("vdsr", "vdsr-20"), ("srcnn915", "srcnn-9-1-5"), ("SRCNN-9-5-5", "srcnn-9-5-5"),
     ("bicubik", "bicubic"), ("lanczos3", "lanczos"), ("subpixel", "subpixel-s")],
)  # fmt: skip
def test_a_mistyped_model_gets_the_one_that_was_meant(srcnn, work, typed, meant):
    noise("in.png")
    code, out, err = srcnn("upscale", "in.png", "-m", typed)
    assert (code, out) == (5, "")
    assert one_line(err) == f"error: unknown model '{typed}': did you mean {meant}?\n"


def test_a_name_like_none_gets_the_models_and_the_interpolations(srcnn, work):
    noise("in.png")
    code, _, err = srcnn("upscale", "in.png", "-m", "nothing")
    assert code == 5
    for word in ("subpixel-s", "vdsr-20", "bicubic", "lanczos", ".safetensors", "run"):
        assert word in one_line(err)


@pytest.mark.parametrize(
    ("command", "typed", "meant"),
    [("upscale", "--outptu", "--output"), ("upscale", "--scal", "--scale"),
     ("train", "--minuts", "--minutes"), ("bench", "--protokol", "--protocol")],
)  # fmt: skip
def test_a_mistyped_option_gets_the_one_that_was_meant(srcnn, command, typed, meant):
    code, _, err = srcnn(command, typed, "3")
    assert code == 2
    assert f"No such option: {typed}. Did you mean {meant}?" in one_line(err)


def test_an_option_like_none_gets_no_guess(srcnn):
    code, _, err = srcnn("upscale", "--zzz", "3")
    assert code == 2
    assert "Did you mean" not in one_line(err)


def test_a_mistyped_command_gets_the_one_that_was_meant(srcnn):
    code, _, err = srcnn("upscael")
    assert code == 2
    assert "Did you mean 'upscale'?" in one_line(err)


def test_nothing_is_near_to_an_empty_word():
    assert suggestion("", ["bicubic"]) is None
    assert suggestion("bicubic", []) is None
