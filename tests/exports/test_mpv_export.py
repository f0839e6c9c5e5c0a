"""The shader on software renderers: libplacebo in FFmpeg with Vulkan, and mpv with OpenGL."""

import numpy as np
import pytest

from export_programs import PROGRAMS, Missing
from networks_to_export import network, ours, picture
from random_weights import random_tensors
from srcnn_cli.errors import ModelError
from srcnn_cli.exports.base import Exported
from srcnn_cli.exports.registry import FORMATS
from srcnn_cli.models.config import ModelConfig

# libplacebo goes through R'G'B', which clips luminance to what there is.
BLACK, WHITE = 16 / 255, 235 / 255


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "architecture", "border", "scale"),
    [
        ("libplacebo", "subpixel", "normalize", 2),
        ("libplacebo", "subpixel", "normalize", 1),
        ("libplacebo", "espcn", "replicate", 2),
        ("libplacebo", "fsrcnn", "zero", 2),
        ("mpv", "subpixel", "normalize", 2),
    ],
)
def test_the_shader_enlarges_luminance_as_the_network_does(
    tmp_path, program, architecture, border, scale
):
    exported = network(architecture, scale, border)
    path = tmp_path / "shader.glsl"
    path.write_bytes(FORMATS["mpv"].files(exported)[".glsl"])
    plane = picture(20, 24, channels=1) * 0.4 + 0.3
    plane = (np.round(plane * 255) / 255).astype(np.float32)
    try:
        result = PROGRAMS[f"mpv:{program}"].load(path, exported)(plane)[0]
    except Missing as error:
        pytest.skip(f"{error} is not here")
    expected = ours(exported, plane[0])
    assert ((expected > BLACK) & (expected < WHITE)).mean() > 0.5
    # Between the layers there are numbers of 16 bits.
    difference = abs(result.clip(BLACK, WHITE) - expected.clip(BLACK, WHITE))
    assert difference.max() < 1 / 255


def test_every_pass_writes_four_maps_and_the_last_enlarges():
    text = FORMATS["mpv"].files(network("subpixel", 3))[".glsl"].decode()
    passes = text.split("//!DESC ")[1:]
    assert len(passes) == 2 + 2 + 3 + 1  # 8 maps, 8 maps, 9 sub-pixels, and the enlargement
    assert [p.count("//!SAVE") for p in passes] == [1] * 7 + [0]
    assert "//!WIDTH HOOKED.w 3 *" in passes[-1]


@pytest.mark.parametrize("exported", [network("srcnn"), network("subpixel", color="rgb")])
def test_networks_that_do_not_enlarge_luminance_are_refused(exported):
    with pytest.raises(ModelError, match="subpixel-s does"):
        FORMATS["mpv"].check(exported)


def test_a_shader_that_only_restores_runs_at_any_size():
    text = FORMATS["mpv"].files(network("subpixel", 1))[".glsl"].decode()
    assert "//!WHEN" not in text
    assert "//!WIDTH HOOKED.w 1 *" in text


def test_a_pass_binds_no_more_textures_than_libplacebo_lets_it():
    config = ModelConfig("subpixel", (3, 3, 3), (64, 64), "y", (4,), "normalize", 0.5)
    wide = Exported("wide", config, random_tensors(config, 0), 4)
    text = FORMATS["mpv"].files(wide)[".glsl"].decode()
    assert max(each.count("//!BIND") for each in text.split("//!DESC ")) == 16
