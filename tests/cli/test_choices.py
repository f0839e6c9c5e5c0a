"""Options that take one of several words: the words of the core, and one line for any other."""

from typing import get_args

import pytest
from typer.main import get_command

from srcnn_cli.cli import make_app
from srcnn_cli.evaluation.benchmark import METRICS
from srcnn_cli.evaluation.names import ColorSpace, ProtocolName
from srcnn_cli.evaluation.protocol import COLOR_SPACES, PROTOCOLS
from srcnn_cli.methods.interpolation import INTERPOLATIONS
from terminal import one_line

CHOICES = {
    "upscale": {
        "--border": "normalize replicate zero",
        "--precision": "auto float32 bfloat16",
        "--subsampling": "444 422 420",
    },
    "bench": {
        "--border": "normalize replicate zero",
        "--precision": "float32 bfloat16",
        "--protocol": "srcnn vdsr rgb basicsr",
        "--color": "y y-full rgb",
        "--format": "table md csv json",
    },
    "compare": {
        "--border": "normalize replicate zero",
        "--precision": "float32 bfloat16",
        "--protocol": "srcnn vdsr rgb basicsr",
    },
    "import": {
        "--border": "normalize replicate zero",
        "--architecture": "srcnn vdsr espcn espcn-relu fsrcnn subpixel chrominance",
        "--channels": "y rgb ycbcr",
        "--input": "full-range 0-255 bgr",
    },
    "train": {
        "--recipe": "fast srcnn vdsr",
        "--architecture": "srcnn vdsr espcn espcn-relu fsrcnn subpixel chrominance",
        "--channels": "y rgb ycbcr",
        "--border": "normalize replicate zero",
        "--sampling": "positions pictures",
        "--loss": "mse half-sum charbonnier log-mse",
        "--optimizer": "muon adam sgd",
        "--decay": "cosine quarters constant",
        "--initial": "identity gaussian he",
        "--pretrain": "all y cbcr",
        "--precision": "float32 bfloat16",
    },
}


@pytest.mark.parametrize(
    ("command", "option"), [(command, option) for command in CHOICES for option in CHOICES[command]]
)
def test_an_unknown_word_is_code_2_and_the_known_ones_are_named(srcnn, command, option):
    code, out, err = srcnn(command, "in", option, "nonsense")
    assert (code, out) == (2, "")
    known = ", ".join(f"'{word}'" for word in CHOICES[command][option].split())
    assert f"'{option}'" in one_line(err)
    assert f": 'nonsense' is not one of {known}." in err


def test_protocols_and_colour_spaces_are_those_of_the_core():
    assert get_args(ProtocolName) == tuple(PROTOCOLS)
    assert get_args(ColorSpace) == COLOR_SPACES


@pytest.mark.parametrize(
    ("command", "option", "words"),
    [
        # bicubic is measured anyway
        ("bench", "methods", [name for name in INTERPOLATIONS if name != "bicubic"]),
        ("bench", "metrics", METRICS),
        ("compare", "methods", INTERPOLATIONS),
    ],
)
def test_the_help_of_a_list_names_what_can_be_in_it(command, option, words):
    found = get_command(make_app([command])).get_command(None, command)
    (parameter,) = (p for p in found.params if p.name == option)
    assert f": {', '.join(words)}" in parameter.help
