"""What each choice is worth, against separate formulas and against the named protocols."""

import itertools
import math

import numpy as np
import pytest
from PIL import Image

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.explain import STEPS, Choice, Outcome, _resizer, effects, explain
from srcnn_cli.evaluation.protocol import SRCNN, make_pair


def textured_pixels(height=70, width=83, seed=0):
    """Fine stripes of turning direction, with colour noise: much that can alias."""
    rows, columns = np.mgrid[:height, :width]
    waves = np.sin(rows * columns / 37.0) + 0.6 * np.sin(1.7 * columns + rows / 5)
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    colors = np.array([60, 45, 70]) * waves[..., None] + [120, 130, 110] + noise
    return np.clip(np.round(colors), 0, 255).astype(np.uint8)


def psnr_of(outcomes, *values):
    """The PSNR under the combination of these values, in the order of the steps."""
    (found,) = (o.psnr for o in outcomes if tuple(c.value for c in o.choices) == values)
    return found


@pytest.fixture(scope="module")
def outcomes():
    return explain(textured_pixels(), 3)


def test_every_combination_comes_once_in_a_fixed_order(outcomes):
    assert list(STEPS) == ["resize", "luminance", "low-resolution", "crop", "rounding"]
    assert [len(choices) for choices in STEPS.values()] == [4, 3, 2, 3, 2]
    assert [o.choices for o in outcomes] == list(itertools.product(*STEPS.values()))
    assert len(outcomes) == 144
    paper = [choice.value for choice in outcomes[0].choices]
    assert paper == ["matlab", "y", "float", "scale", "uint8"]
    assert [c.value for c in outcomes[1].choices] == ["matlab", "y", "float", "scale", "none"]


def test_choices_know_their_step_and_have_labels():
    for step, choices in STEPS.items():
        assert {choice.step for choice in choices} == {step}
        assert len({choice.label for choice in choices}) == len(choices)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("shape", [(70, 83, 3), (71, 82)])
def test_the_papers_combination_is_the_srcnn_protocol_exactly(shape, scale):
    pixels = textured_pixels(*shape[:2])
    pixels = pixels if len(shape) == 3 else np.ascontiguousarray(pixels[..., 1])
    pair = make_pair(pixels, scale)
    assert explain(pixels, scale)[0].psnr == pair.psnr(pair.interpolated)


@pytest.mark.parametrize("color", ["y", "y-full", "rgb"])
@pytest.mark.parametrize("low", ["float", "uint8"])
@pytest.mark.parametrize(("crop", "border"), [("scale", None), ("none", 0), ("scale+6", 9)])
def test_matlab_combinations_are_protocols_exactly(outcomes, color, low, crop, border):
    protocol = SRCNN.changed(color=color, quantize_lr=low == "uint8", crop_border=border)
    pair = make_pair(textured_pixels(), 3, protocol)
    expected = pair.psnr(pair.interpolated)
    assert psnr_of(outcomes, "matlab", color, low, crop, "uint8") == expected


def test_full_range_reads_lower_by_the_ratio_of_the_ranges(outcomes):
    for library, low, crop, rounding in itertools.product(
        ("matlab", "opencv", "pillow", "torch"), ("float", "uint8"),
        ("scale", "none", "scale+6"), ("uint8", "none"),
    ):  # fmt: skip
        studio = psnr_of(outcomes, library, "y", low, crop, rounding)
        full = psnr_of(outcomes, library, "y-full", low, crop, rounding)
        # Without rounding the float32 output limits how exact this is.
        assert studio - full == pytest.approx(20 * math.log10(255 / 219), abs=1e-5)


def test_unrounded_psnr_against_a_slow_bicubic(outcomes, slow_bicubic):
    pixels = textured_pixels()[:69, :81].astype(np.int64)
    luma = (2 * (pixels @ [65481, 128553, 24966]) + 255_000) // 510_000 + 16
    output = slow_bicubic(slow_bicubic(luma, 23, 27), 69, 81)
    error = np.mean((output - luma)[9:-9, 9:-9] ** 2)
    expected = 10 * math.log10(255**2 / error)
    found = psnr_of(outcomes, "matlab", "y", "float", "scale+6", "none")
    assert found == pytest.approx(expected, abs=1e-4)


def test_without_antialiasing_a_textured_picture_reads_lower(outcomes):
    for rest in itertools.product(*([c.value for c in s] for s in list(STEPS.values())[1:])):
        matlab = psnr_of(outcomes, "matlab", *rest)
        assert psnr_of(outcomes, "opencv", *rest) < matlab - 0.1
        assert psnr_of(outcomes, "torch", *rest) < matlab - 0.1
        assert psnr_of(outcomes, "pillow", *rest) == pytest.approx(matlab, abs=0.1)


def keys_without_antialiasing(length, target, a):
    """Dense matrix of Keys' kernel at half-pixel centres, with the edge pixels repeated."""
    matrix = np.zeros((target, length))
    for row in range(target):
        centre = (row + 0.5) * length / target - 0.5
        for tap in range(math.floor(centre) - 1, math.floor(centre) + 3):
            x = abs(centre - tap)
            inner = (a + 2) * x**3 - (a + 3) * x**2 + 1
            weight = inner if x <= 1 else a * (x**3 - 5 * x**2 + 8 * x - 4)
            matrix[row, min(max(tap, 0), length - 1)] += weight
    return matrix


@pytest.mark.parametrize("library", ["opencv", "torch"])
@pytest.mark.parametrize("size", [(8, 9), (48, 81)])
def test_opencv_and_torch_do_what_their_labels_say(library, size):
    plane = np.random.default_rng(1).random((24, 27))
    down, across = (
        keys_without_antialiasing(length, target, -0.75)
        for length, target in zip(plane.shape, size, strict=True)
    )
    found = _resizer(library)(plane, *size)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, down @ plane @ across.T, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(12, 14), (96, 112)])
def test_pillow_is_matlabs_bicubic_but_for_the_edges(slow_bicubic, size):
    plane = np.random.default_rng(2).random((48, 56))
    found, matlab = _resizer("pillow")(plane, *size), slow_bicubic(plane, *size)
    inside = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(found[inside], matlab[inside], rtol=0, atol=1e-6)
    assert np.abs(found - matlab).max() > 0.001


@pytest.mark.parametrize("library", ["opencv", "pillow", "torch"])
def test_8_bits_in_give_8_bits_out_near_the_float_result(library):
    plane = np.random.default_rng(3).integers(60, 190, (3, 24, 27), dtype=np.uint8)
    rounded = _resizer(library)(plane, 8, 9)
    exact = _resizer(library)(plane.astype(np.float64), 8, 9)
    assert (rounded.shape, rounded.dtype) == ((3, 8, 9), np.uint8)
    np.testing.assert_allclose(rounded, exact, rtol=0, atol=1.6)  # Pillow rounds twice


def test_grey_has_no_choice_of_luminance():
    pixels = np.ascontiguousarray(textured_pixels()[..., 0])
    outcomes = explain(pixels, 3)
    steps = [choices for step, choices in STEPS.items() if step != "luminance"]
    assert [o.choices for o in outcomes] == list(itertools.product(*steps))
    assert len(outcomes) == 48
    pair = make_pair(pixels, 3, SRCNN.changed(quantize_lr=True, crop_border=0))
    expected = pair.psnr(pair.interpolated)
    assert psnr_of(outcomes, "matlab", "uint8", "none", "uint8") == expected
    assert "luminance" not in {effect.choice.step for effect in effects(outcomes)}


def test_a_method_gets_luminance_and_counts(outcomes):
    seen = []

    def darken(plane):
        seen.append((plane.shape, plane.dtype))
        return plane - 8 / 255

    darker = explain(textured_pixels(), 3, darken)
    assert seen == [((69, 81), np.float64)] * 16
    pair = make_pair(textured_pixels(), 3)
    assert darker[0].psnr == pair.psnr(pair.interpolated - 8 / 255)
    assert all(a.psnr < b.psnr for a, b in zip(darker, outcomes, strict=True))
    same = explain(textured_pixels(), 3, lambda plane: plane)
    for a, b in zip(same, outcomes, strict=True):
        assert a.psnr == pytest.approx(b.psnr, abs=0.01)  # R'G'B' goes through Y'CbCr and back


def test_effects_are_differences_to_the_first_choice():
    first, other = Choice("one", "a", "A"), Choice("one", "b", "B")
    two = [Choice("two", value, value) for value in "xyz"]
    values = {(first, two[0]): 30.0, (first, two[1]): 31.0, (first, two[2]): 29.0,
              (other, two[0]): 28.0, (other, two[1]): 31.5, (other, two[2]): 28.0}  # fmt: skip
    found = effects([Outcome(choices, value) for choices, value in values.items()])
    assert [effect.choice for effect in found] == [other, two[1], two[2]]
    assert [effect.base for effect in found] == [-2.0, 1.0, -1.0]
    assert [effect.mean for effect in found] == pytest.approx([-2.5 / 3, 2.25, -0.5])
    assert effects([]) == []


def test_effects_of_a_picture_come_in_the_order_of_the_steps(outcomes):
    found = effects(outcomes)
    assert [e.choice for e in found] == [c for choices in STEPS.values() for c in choices[1:]]
    assert found[3].choice.value == "y-full"
    assert found[3].mean == pytest.approx(-20 * math.log10(255 / 219), abs=1e-5)
    assert found[0].base == psnr_of(outcomes, "opencv", "y", "float", "scale", "uint8") - (
        outcomes[0].psnr
    )


def test_a_flat_picture_has_no_effects_that_are_not_numbers():
    flat = np.full((40, 40), 128, np.uint8)
    assert explain(flat, 2)[0].psnr == math.inf
    infinite = [Outcome((Choice("one", value, value),), math.inf) for value in "ab"]
    assert effects(infinite)[0].mean == 0
    assert not any(math.isnan(effect.mean) for effect in effects(explain(flat, 2)))


@pytest.mark.parametrize(
    ("pixels", "scale", "reason"),
    [
        (np.zeros((40, 40, 3), np.float32), 3, "8-bit"),
        (np.zeros((40, 40, 4), np.uint8), 3, "8-bit"),
        (np.zeros((40, 40), np.uint8), 1, "scale must be 2 or more"),
        (np.zeros((18, 40), np.uint8), 3, "too small to shave 9 pixels"),
        (np.zeros((2, 40), np.uint8), 3, "smaller than the scale"),
    ],
)
def test_what_cannot_be_explained_is_refused(pixels, scale, reason):
    with pytest.raises(UsageError, match=reason):
        explain(pixels, scale)


@pytest.mark.data
def test_butterfly_as_in_the_paper(shared_data):
    outcomes = explain(np.array(Image.open(shared_data / "Set5" / "butterfly.png")), 3)
    assert outcomes[0].psnr == pytest.approx(24.04, abs=0.01)  # ECCV 2014, Table 1
    worth = {effect.choice.value: effect.base for effect in effects(outcomes)}
    assert worth["opencv"] < -0.5
    assert abs(worth["pillow"]) < 0.01
