"""What other programs made of pictures: whose is whose, and how it is compared."""

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sample_pictures import random_pixels
from srcnn_cli.errors import InputError, UsageError
from srcnn_cli.evaluation.benchmark import average, measure
from srcnn_cli.evaluation.judging import judge
from srcnn_cli.evaluation.protocol import PROTOCOLS, SRCNN
from srcnn_cli.evaluation.results import Results, find_results, parse_results
from srcnn_cli.evaluation.sources import Source, find_sources, load


def save(path, pixels):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return Path(path)


def sources_of(folder, *names):
    for index, name in enumerate(names):
        save(folder / "set" / f"{name}.png", random_pixels((30, 33, 3), seed=index))
    return find_sources(folder / "set").sources


@pytest.mark.parametrize(
    ("original", "result"),
    [
        ("baby", "baby"),
        ("baby", "baby_SR"),
        ("baby", "babyx3"),
        ("baby", "baby_x3"),
        ("baby", "baby_x3_SR"),
        ("baby", "baby_EDSR"),
        ("baby", "baby_EDSR_Lx3_f256b32"),
        ("baby", "BABY_out"),
        ("baby_HR", "baby"),
        ("baby_HR", "baby_HR"),
        ("img_001_SRF_3_HR", "img_001_SRF_3_SRCNN"),
        ("img_1", "img_1_b"),
    ],
)
def test_a_result_is_found_by_the_name_of_its_original(tmp_path, original, result):
    sources = sources_of(tmp_path, original, "img_10", "other")
    for name in (result, "img_10_EDSR", "other_EDSR", "babyface", "nothing"):
        save(tmp_path / "made" / f"{name}.png", random_pixels((30, 33, 3)))
    found = find_results("EDSR", tmp_path / "made", sources)
    own = next(source for source in sources if source.path.stem == original)
    assert found.files[own.name].stem == result


def test_the_name_of_the_results_chooses_among_several(tmp_path):
    sources = sources_of(tmp_path, "img_001_SRF_3_HR")
    for method in ("SRCNN", "A+", "bicubic", "LR", "HR"):
        save(tmp_path / "made" / f"img_001_SRF_3_{method}.png", random_pixels((30, 33, 3)))
    for method in ("SRCNN", "A+", "bicubic"):
        found = find_results(method, tmp_path / "made", sources)
        assert [path.stem for path in found.files.values()] == [f"img_001_SRF_3_{method}"]
    with pytest.raises(InputError, match=r"has two results in .*made: img_001"):
        find_results("VDSR", tmp_path / "made", sources)


def test_what_belongs_to_a_longer_name_is_not_taken(tmp_path):
    sources = sources_of(tmp_path, "a", "a_b")
    save(tmp_path / "made" / "a_b_EDSR.png", random_pixels((30, 33, 3)))
    with pytest.raises(InputError, match=r"a\.png: has no result"):
        find_results("x", tmp_path / "made", sources)
    save(tmp_path / "made" / "a_EDSR.png", random_pixels((30, 33, 3)))
    found = find_results("x", tmp_path / "made", sources)
    assert {name: path.stem for name, path in found.files.items()} == {
        "a": "a_EDSR", "a_b": "a_b_EDSR",
    }  # fmt: skip


def test_the_originals_themselves_are_no_results(tmp_path):
    sources = sources_of(tmp_path, "a")
    with pytest.raises(InputError, match="has no result"):
        find_results("x", tmp_path / "set", sources)
    save(tmp_path / "set" / "a_EDSR.png", random_pixels((30, 33, 3)))
    assert find_results("x", tmp_path / "set", sources).files["a"].stem == "a_EDSR"


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [("EDSR=out/x3", "EDSR", "out/x3"), ("A+=x", "A+", "x"), ("out/EDSR", "EDSR", "out/EDSR"),
     ("a=b=c", "a", "b=c")],
)  # fmt: skip
def test_a_name_and_a_path_are_read(text, name, path):
    assert parse_results(text) == (name, Path(path))


def test_a_path_that_exists_is_one_whatever_signs_it_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("x=3").mkdir()
    save("y=2.png", random_pixels((8, 8)))
    assert parse_results("x=3") == ("x=3", Path("x=3"))
    assert parse_results("y=2.png") == ("y=2", Path("y=2.png"))


@pytest.mark.parametrize("text", ["", "=out", "EDSR="])
def test_an_empty_name_or_path_is_refused(text):
    with pytest.raises(UsageError, match="NAME=PATH"):
        parse_results(text)


def output(folder, original, result, protocol=SRCNN, scale=3):
    path = save(folder / "a.png", original)
    loaded = load(Source(path))
    given = Results("x", {"a": save(folder / "made.png", result)})
    pair = loaded.pair(scale, protocol)
    return pair, given.output(loaded, pair)


def luma(pixels, *, rounded):
    exact = pixels.astype(float) @ [65.481, 128.553, 24.966] / 255 + 16
    return np.floor(exact + 0.5) if rounded else exact


def psnr_of(a, b):
    return 10 * math.log10(255**2 / np.mean((a[3:-3, 3:-3].astype(float) - b[3:-3, 3:-3]) ** 2))


def noisy(pixels, seed=5):
    noise = np.random.default_rng(seed).normal(0, 8, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("size", [(30, 33), (31, 35)])
def test_figures_against_separate_formulas(tmp_path, name, size):
    original = random_pixels((*size, 3))
    result = noisy(original)
    pair, made = output(tmp_path, original, result, PROTOCOLS[name])
    planes = [p[:30, :33] for p in (result, original)]  # a result that is not cropped is, too
    if name == "rgb":
        expected = psnr_of(*planes)
    else:
        expected = psnr_of(*(luma(p, rounded=name != "basicsr") for p in planes))
    assert pair.psnr(made) == pytest.approx(expected, abs=0.005)


def test_a_result_that_was_shaved_before_it_was_saved(tmp_path):
    original = random_pixels((30, 33, 3))
    result = noisy(original)
    whole = output(tmp_path, original, result)
    shaved = output(tmp_path, original, np.ascontiguousarray(result[3:-3, 3:-3]))
    assert shaved[0].psnr(shaved[1]) == whole[0].psnr(whole[1])
    assert shaved[0].ssim(shaved[1]) == whole[0].ssim(whole[1])
    with pytest.raises(InputError, match=r"made\.png: lacks 4 pixels .* --crop-border 4"):
        output(tmp_path, original, np.ascontiguousarray(result[4:-4, 4:-4]))


@pytest.mark.parametrize("shape", [(10, 11, 3), (30, 32, 3), (28, 29, 3), (60, 66, 3), (36, 39, 3)])
def test_another_size_is_refused_with_both_sizes(tmp_path, shape):
    with pytest.raises(InputError, match=rf"{shape[1]}x{shape[0]}, but 33x30"):
        output(tmp_path, random_pixels((30, 33, 3)), random_pixels(shape))


def test_a_grey_result_beside_colours_is_their_luminance(tmp_path):
    original = random_pixels((30, 33, 3))
    result = noisy(luma(original, rounded=True))
    pair, made = output(tmp_path, original, result)
    expected = psnr_of(result, luma(original, rounded=True))
    assert pair.psnr(made) == pytest.approx(expected, abs=1e-6)
    for name in ("rgb", "basicsr"):
        with pytest.raises(InputError, match="is grey"):
            output(tmp_path, original, result, PROTOCOLS[name])


def test_grey_from_0_to_255_beside_colours_is_refused(tmp_path):
    original = random_pixels((30, 33, 3))
    grey = np.asarray(Image.fromarray(original).convert("L"))
    with pytest.raises(InputError, match="grey from 0 to 255"):
        output(tmp_path, original, grey)


def test_grey_saved_in_colours_is_grey(tmp_path):
    original = random_pixels((30, 33))
    result = noisy(original)
    pair, made = output(tmp_path, original, np.stack([result] * 3, axis=-1))
    assert pair.psnr(made) == pytest.approx(psnr_of(result, original), abs=0.005)


def test_results_are_measured_beside_the_methods_without_times(tmp_path):
    sources = sources_of(tmp_path, "a", "b")
    for source in sources:
        pixels = np.asarray(Image.open(source.path))
        save(tmp_path / "made" / f"{source.name}_x3.png", noisy(pixels))
    given = find_results("theirs", tmp_path / "made", sources)
    images = measure(sources, [], scale=3, protocol=SRCNN, results=[given])
    records = [record for image in images for record in image]
    assert [(r.image, r.method, r.steps) for r in records] == [
        ("a", "theirs", None), ("b", "theirs", None),
    ]  # fmt: skip
    (mean,) = average(records)
    assert mean.images_per_second is None
    (judged,) = judge(sources, [given], scale=3, protocol=SRCNN, metrics=["psnr"])
    assert list(judged.protocols) == list(PROTOCOLS)
    assert judged.protocols["srcnn"] == {"psnr": mean.metrics["psnr"]}
    assert judged.protocols["rgb"]["psnr"] < mean.metrics["psnr"]


def test_a_protocol_that_does_not_compare_them_is_left_empty(tmp_path):
    sources = sources_of(tmp_path, "a")
    plane = luma(np.asarray(Image.open(sources[0].path)), rounded=True)
    save(tmp_path / "made" / "a.png", noisy(plane))
    given = find_results("theirs", tmp_path / "made", sources)
    (judged,) = judge(sources, [given], scale=3, protocol=SRCNN, metrics=["psnr"])
    assert judged.protocols["rgb"] is None
    assert judged.protocols["srcnn"] == judged.protocols["vdsr"]
