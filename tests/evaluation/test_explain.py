"""What each step is worth, over one picture and several."""

import math

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.conventions import KNOWN, STEPS, Change, Convention
from srcnn_cli.evaluation.explain import explain, measure_conventions
from srcnn_cli.evaluation.subjects import Enlarged, Subject
from textures import textured_pixels


class Table(Subject):
    """Errors as if they were measured: the product of a factor for each way that is no base."""

    steps = ("low", "crop")

    def __init__(self, base):
        self.base, self.pixels, self.asked = base, 100, []

    def output(self, convention, colors):
        """Never asked for."""
        raise NotImplementedError

    def error(self, convention):
        """See `Subject`."""
        self.asked.append(convention)
        return (
            self.base
            * (2 if convention.low == "uint8" else 1)
            * (10 if convention.crop == "none" else 1)
        )

    def forget(self):
        """Nothing is kept."""


def test_every_other_way_comes_once_in_the_order_of_the_steps():
    found = explain([Enlarged(textured_pixels(), 3)], Convention())
    expected = [
        (step, way) for step, ways in STEPS.items() if step != "average" for way in list(ways)[1:]
    ]
    both = ("reduction", "enlargement")
    expected = [((step,), way) for step, way in expected]
    assert [(e.change.steps, e.change.way) for e in found.effects] == [
        (both, "opencv"), (both, "pillow"), *expected,
    ]  # fmt: skip
    assert all(e.least - 1e-12 <= e.alone <= e.most + 1e-12 for e in found.effects)
    assert found.least <= found.psnr <= found.most


def test_effects_are_differences_alone_and_from_the_known_conventions():
    found = explain([Table(1.0)], Convention())
    worth = {effect.change.way: effect for effect in found.effects}
    assert found.psnr == pytest.approx(20 * math.log10(255))
    assert worth["uint8"].alone == pytest.approx(-10 * math.log10(2))
    assert worth["none"].alone == worth["none"].least == pytest.approx(-10)
    assert worth["uint8-plane"].alone == pytest.approx(0)
    # From rounded pictures, as `vdsr` has them, the plane is better by what rounding costs.
    assert worth["uint8-plane"].most == pytest.approx(10 * math.log10(2))


def test_pictures_are_averaged_by_their_psnr_or_their_errors():
    subjects = [Table(1.0), Table(3.0)]
    single, pooled = Convention(), Convention(average="error")
    found = measure_conventions(subjects, [single, pooled])
    peak = 20 * math.log10(255)
    assert found[single] == pytest.approx(peak - 10 * math.log10(3) / 2)
    assert found[pooled] == pytest.approx(peak - 10 * math.log10(2))
    assert subjects[0].asked == [single]  # nothing is measured twice
    steps = {step for e in explain(subjects, single).effects for step in e.change.steps}
    assert steps == {"low", "crop", "average"}


def test_the_work_is_told_from_0_to_1():
    told = []
    measure_conventions([Table(1.0), Table(2.0)], [k.convention for k in KNOWN[:2]],
                        advance=told.append)  # fmt: skip
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_without_antialiasing_a_textured_picture_reads_lower():
    found = explain([Enlarged(textured_pixels(), 3)], Convention())
    worth = {effect.change: effect for effect in found.effects}
    both = ("reduction", "enlargement")
    assert worth[Change(both, "opencv")].most < -0.1
    assert abs(worth[Change(both, "pillow")].alone) < 0.1


def test_a_flat_picture_has_no_effects_that_are_not_numbers():
    found = explain([Enlarged(np.full((40, 40), 128, np.uint8), 2)], Convention())
    assert found.psnr == math.inf
    assert not any(math.isnan(e.alone) or math.isnan(e.least) for e in found.effects)


def test_no_pictures_are_refused():
    with pytest.raises(UsageError, match="no pictures"):
        explain([], Convention())


@pytest.mark.data
def test_butterfly_as_in_the_paper(shared_data):
    pixels = np.array(Image.open(shared_data / "Set5" / "butterfly.png"))
    found = explain([Enlarged(pixels, 3)], Convention())
    assert found.psnr == pytest.approx(24.04, abs=0.01)  # ECCV 2014, Table 1
    worth = {effect.change: effect.alone for effect in found.effects}
    both = ("reduction", "enlargement")
    assert worth[Change(both, "opencv")] == pytest.approx(-0.77, abs=0.01)
    assert abs(worth[Change(both, "pillow")]) < 0.01
