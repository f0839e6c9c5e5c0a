"""IFC has the properties and the values that its definition gives, and the published ones."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from srcnn_cli.errors import UsageError
from srcnn_cli.evaluation.information_fidelity import (
    _FIRST_LOWPASS,
    _LOWPASS,
    _subbands,
    _whole,
    ifc,
)
from srcnn_cli.evaluation.metrics import shave
from srcnn_cli.evaluation.protocol import make_pair
from srcnn_cli.imaging.rounding import round_to_uint8


def patterns(height, width):
    """A picture of whole numbers with edges and texture, and a blurred, uneven copy of it."""
    y, x = np.mgrid[:height, :width]
    reference = 40 + (x * x // 30 + 5 * y) % 101 + (x * y // 16) % 60
    neighbours = (np.roll(reference, shift, (0, 1)) for shift in ((0, 1), (1, 0), (1, 1)))
    return (reference + sum(neighbours)) // 4 + (7 * x + 13 * y) % 5, reference


def noisy(plane, sigma):
    return plane + sigma * np.random.default_rng(9).normal(size=plane.shape)


def window_statistics(seen, true, row, column, reach):
    """Gain and noise of the regression of ``seen`` on ``true`` around one coefficient."""

    def window(plane):
        padded = np.pad(plane, reach, mode="reflect")
        return padded[row : row + 2 * reach + 1, column : column + 2 * reach + 1].ravel()

    x, y = window(true), window(seen)
    (variance_x, covariance), (_, variance_y) = np.cov(x, y, bias=True)
    gain = covariance / variance_x
    return (gain, variance_y - gain * covariance) if gain > 0 else (0, variance_y)


def slow_ifc(image, reference):
    """Sheikh et al., eq. 9 to 14, block by block."""
    total = 0
    for (level, band), (_, other) in zip(_subbands(image), _subbands(reference), strict=True):
        rows, columns = (side // 3 for side in band.shape)
        seen, true = band[: 3 * rows, : 3 * columns], other[: 3 * rows, : 3 * columns]
        everywhere = [
            true[row : row + 3, column : column + 3].ravel()
            for row in range(3 * rows - 2)
            for column in range(3 * columns - 2)
        ]
        covariance = np.cov(np.transpose(everywhere), bias=True)
        inverse = np.linalg.inv(covariance)
        reach = 8 >> level
        border = int(np.ceil(reach / 3))
        for row in range(border, rows - border):
            for column in range(border, columns - border):
                vector = true[3 * row : 3 * row + 3, 3 * column : 3 * column + 3].ravel()
                scale = vector @ inverse @ vector / 9
                gain, noise = window_statistics(seen, true, 3 * row + 1, 3 * column + 1, reach)
                ratio = gain**2 * scale / (noise + 1e-10) * covariance
                total += np.linalg.slogdet(np.eye(9) + ratio)[1] / np.log(2)
    return total / reference.size


@pytest.mark.parametrize("shape", [(66, 70), (75, 65)])
def test_ifc_equals_the_formula_of_the_paper(shape):
    image, reference = (plane.astype(float) for plane in patterns(*shape))
    assert ifc(image, reference) == pytest.approx(slow_ifc(image, reference), rel=1e-9)


# pyrtools 1.1.1: its SteerablePyramidSpace(order=5), and its corrDn for the window sums.
@pytest.mark.parametrize(
    ("shape", "value", "swapped"),
    [
        ((90, 131), 1.8168275859850231, 1.7634376360152115),
        ((144, 176), 2.1430610868420743, 2.088610084393942),
    ],
)
def test_ifc_equals_the_release_on_the_pyramid_of_its_authors(shape, value, swapped):
    image, reference = patterns(*shape)
    assert ifc(image, reference) == pytest.approx(value, rel=1e-9)
    assert ifc(reference, image) == pytest.approx(swapped, rel=1e-9)


def test_the_pyramid_is_that_of_its_authors():
    bands = [band for _, band in _subbands(patterns(90, 131)[1].astype(float))]
    assert [band.shape for band in bands[::2]] == [(90, 131), (45, 66), (23, 33), (12, 17)]
    # pyrtools 1.1.1: bands 0 and 3 of levels 0 and 3.
    values = [abs(bands[index][3, 5]) for index in (0, 1, 6, 7)]
    assert values == pytest.approx(
        [0.2412020982051035, 2.0910266038107137, 6.065458695817585, 17.549342650631587], rel=1e-9
    )


def test_the_lowpass_filters_keep_the_mean():
    assert _whole(_FIRST_LOWPASS).sum() == pytest.approx(1, abs=1e-3)
    assert _whole(_LOWPASS).sum() == pytest.approx(2, abs=1e-6)


def test_ifc_is_not_symmetric():
    image, reference = patterns(80, 90)
    assert ifc(image, reference) > ifc(reference, image) + 0.03


def test_nothing_but_more_contrast_scores_higher_than_the_original():
    image, reference = patterns(80, 90)
    own = ifc(reference, reference)
    assert 30 < own < 100
    for worse in (image, noisy(reference, 0.1), gaussian_filter(reference, 0.5), reference // 2):
        assert ifc(worse, reference) < own
    assert own < ifc(1.5 * reference, reference) < 1.1 * own


@pytest.mark.parametrize(
    "worse",
    [noisy, lambda plane, sigma: gaussian_filter(plane, sigma / 4)],
    ids=["as noise grows", "as blur grows"],
)
@pytest.mark.parametrize("metrix", [False, True])
def test_ifc_falls(worse, metrix):
    plane = patterns(96, 100)[1].astype(float)
    values = [ifc(worse(plane, sigma), plane, metrix=metrix) for sigma in (2, 4, 8, 16, 32)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 3 * values[-1] > 0


@pytest.mark.parametrize("metrix", [False, True])
def test_a_flat_picture_neither_has_nor_gets_information(metrix):
    flat, textured = np.full((70, 80), 77), patterns(70, 80)[0]
    assert ifc(flat, flat, metrix=metrix) == 0
    assert ifc(flat, textured, metrix=metrix) == 0
    assert ifc(textured, flat, metrix=metrix) == 0


def test_an_original_that_varies_along_one_axis_only_is_measured():
    stripes = np.tile(40 + np.arange(80) ** 2 % 97, (70, 1))
    assert 0 < ifc(noisy(stripes, 3), stripes) < ifc(noisy(stripes, 1), stripes) < 100


def test_ifc_does_not_see_brightness():
    image, reference = patterns(80, 90)
    assert ifc(image + 20, reference) == pytest.approx(ifc(image, reference), rel=1e-6)


def test_ifc_of_uint8_planes_equals_that_of_their_values():
    image, reference = (plane.astype(np.uint8) for plane in patterns(70, 71))
    assert ifc(image, reference) == ifc(image.astype(float), reference.astype(float))


def test_metrix_changes_nothing_where_it_does_not_pad():
    image, reference = patterns(128, 160)
    assert ifc(image, reference, metrix=True) == ifc(image, reference)


def test_metrix_mirrors_out_to_multiples_of_32_with_corners_of_one_value():
    padded = []
    for plane in patterns(125, 131):
        # 128x160: two rows above and one below, 15 columns on the left and 14 on the right.
        whole = np.pad(plane, ((2, 1), (15, 14)), mode="reflect")
        whole[:2, :15], whole[:2, -14:] = plane[1, 1], plane[1, -2]
        whole[-1:, :15], whole[-1:, -14:] = plane[-2, 1], plane[-2, -2]
        padded.append(whole)
    assert ifc(*patterns(125, 131), metrix=True) == ifc(*padded)


def test_pictures_of_different_shape_are_not_compared():
    with pytest.raises(UsageError, match="cannot compare"):
        ifc(np.zeros((70, 70)), np.zeros((70, 1)))


@pytest.mark.parametrize("metrix", [False, True])
@pytest.mark.parametrize("shape", [(64, 200), (200, 64), (80, 80, 80)])
def test_ifc_refuses_pictures_without_a_block_on_the_coarsest_level(shape, metrix):
    with pytest.raises(UsageError, match="65x65"):
        ifc(np.zeros(shape), np.zeros(shape), metrix=metrix)


def test_the_smallest_picture_has_information_on_every_level():
    image, reference = patterns(65, 65)
    assert ifc(image, reference) > 0


# Means of bicubic enlargement. Published: Dong et al., TPAMI 2016, tables 2 and 3, row IFC, met
# to the last printed digit with the padding of MeTriX MuX, and by no other convention that was
# tried: planes not shaved or not rounded, or the two pictures exchanged.
@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "scale", "published", "without_padding"),
    [
        ("Set5", 2, 6.10, 6.0828),
        ("Set5", 3, 3.52, 3.5791),
        ("Set5", 4, 2.35, 2.3289),
        ("Set14", 3, 3.41, 3.4730),
    ],
)
def test_bicubic_has_the_published_mean_ifc(shared_data, folder, scale, published, without_padding):
    values = []
    for path in sorted((shared_data / folder).glob("*.png")):
        image = Image.open(path)
        pair = make_pair(np.array(image if image.mode == "L" else image.convert("RGB")), scale)
        planes = shave(round_to_uint8(pair.interpolated), scale), shave(pair.truth, scale)
        values.append([ifc(*planes, metrix=True), ifc(*planes)])
    assert len(values) == int(folder[3:])
    with_padding, plain = np.mean(values, axis=0)
    assert with_padding == pytest.approx(published, abs=0.005)
    assert plain == pytest.approx(without_padding, abs=0.0001)
