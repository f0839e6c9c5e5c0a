"""`--self-ensemble`: the mean of what becomes of the eight flips and turns of a picture."""

import json

import numpy as np
import pytest

from sample_pictures import opened, smooth
from srcnn_cli.upscaling.upscaler import Upscaler


def flips_and_turns(run, picture):
    results = []
    for flip in (lambda array: array, np.fliplr):
        for turns in range(4):
            result = run(np.ascontiguousarray(np.rot90(flip(picture), turns)))
            results.append(flip(np.rot90(result, -turns)))
    return results


@pytest.mark.parametrize("model", ["subpixel-s", "srcnn-9-1-5", "vdsr-20"])
def test_it_is_the_mean_over_eight_pictures_in_tiles_of_whatever_size(model):
    picture = np.random.default_rng(3).uniform(0.45, 0.55, (37, 52)).astype(np.float32)
    one, averaged = Upscaler(model), Upscaler(model, tile=40, self_ensemble=True)
    results = flips_and_turns(lambda array: one.upscale(array, 2), picture)
    assert np.ptp(results, axis=0).max() > 1e-4
    np.testing.assert_allclose(
        averaged.upscale(picture, 2), np.mean(results, axis=0), rtol=0, atol=2e-6
    )


def test_the_command_averages_says_so_and_shows_how_far_it_is(run):
    smooth("in.png")
    assert run("in.png", "-s", "2", "-o", "one.png", model="subpixel-s")[0] == 0
    code, out, _ = run("in.png", "-s", "2", "--self-ensemble", "--json", model="subpixel-s")
    assert code == 0
    assert json.loads(out)["self_ensemble"] is True
    assert opened("in_x2.png").tobytes() != opened("one.png").tobytes()


@pytest.mark.parametrize("model", ["bicubic", "a-plus"])
def test_what_is_no_network_is_refused(run, model):
    smooth("in.png")
    code, _, err = run("in.png", "-s", "2", "--self-ensemble", model=model)
    assert code == 2
    assert f"--self-ensemble is for networks, and {model} is none" in err
