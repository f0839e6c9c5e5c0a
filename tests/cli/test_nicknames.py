"""`fast` and `best`, names for what a user wants rather than for a network."""

import json

import numpy as np
import pytest

from sample_pictures import opened, smooth


@pytest.fixture
def small(tmp_path):
    return smooth(tmp_path / "in.png", size=(24, 20))


@pytest.mark.parametrize(("nickname", "family"), [("fast", "subpixel-s"), ("best", "subpixel-l")])
def test_a_nickname_gives_what_its_model_gives_and_says_which_that_is(
    srcnn, small, tmp_path, nickname, family
):
    for name in (nickname, family):
        output = tmp_path / f"{name}.png"
        code, out, _ = srcnn("upscale", small, "-s", "2", "-m", name, "-o", output, "--json")
        assert code == 0
        assert json.loads(out)["model"] == family
    one, two = (np.asarray(opened(tmp_path / f"{n}.png")) for n in (nickname, family))
    np.testing.assert_array_equal(one, two)


def test_the_list_of_models_names_them(srcnn):
    code, out, _ = srcnn("models", "--json")
    assert code == 0
    listed = {model["nickname"]: model["family"] for model in json.loads(out)}
    assert listed["fast"] == "subpixel-s"
    assert listed["best"] == "subpixel-l"
    assert "best: subpixel-l" in srcnn("models")[1]
