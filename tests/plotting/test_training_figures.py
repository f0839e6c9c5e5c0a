"""The pictures that a training run leaves: the right rows, the right order, nothing half done."""

import sys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from srcnn_cli.errors import InputError, ModelError, OutputError, UsageError
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.plotting.convergence import plot_convergence, spread_apart
from srcnn_cli.plotting.figure import HEIGHT, WIDTH
from srcnn_cli.plotting.filters import plot_filters

BLUE, BROWN, GREY = (11, 83, 149), (122, 74, 18), (95, 95, 95)


def pixels_of(path):
    with Image.open(path) as image:
        image.load()
        assert image.format == "PNG"
        return np.array(image.convert("RGB")).astype(int)


def places_of(pixels, color):
    """(n, 2) rows and columns of the pixels of a colour."""
    return np.argwhere(np.abs(pixels - color).max(axis=2) < 8)


def write_log(path, rows, columns="step,loss,psnr,best,rate,pixels_per_second,seconds"):
    values = {"loss": 0.001, "best": 31.5, "rate": 0.001, "pixels_per_second": 1e6, "seconds": 9.5}
    lines = [columns]
    lines += [",".join(str({**values, **row}[name]) for name in columns.split(",")) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rising(*steps):
    return [{"step": step, "psnr": 30 + step / 10_000} for step in steps]


def convergence(tmp_path, log, name="plot.png", **options):
    target = tmp_path / name
    plot_convergence(log, target, **{"bicubic": 29.0, "title": "a run", **options})
    return target


def test_the_curve_rises_above_the_dashed_line_of_bicubic(tmp_path):
    log = write_log(tmp_path / "log.csv", rising(2000, 4000, 6000, 8000, 10_000))
    pixels = pixels_of(convergence(tmp_path, log))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    inside = pixels[180:1150, 230:1500]
    curve, dashes = places_of(inside, BLUE), places_of(inside, GREY)
    left, right = curve[curve[:, 1] < 500], curve[curve[:, 1] > 900]
    assert left[:, 0].mean() > right[:, 0].mean() + 50  # rows count downwards
    assert dashes[:, 0].min() > curve[:, 0].max()
    assert np.ptp(dashes[:, 0]) < 6
    columns = np.unique(dashes[:, 1])
    assert np.ptp(columns) > 1200
    assert 600 < len(columns) < 1100  # there are gaps between the dashes


def test_samples_take_the_place_of_steps(tmp_path):
    """Whatever the steps, equal samples give equal pictures, and their axis says what they are."""
    columns = "seconds,psnr,samples,step,loss"
    by_samples = [
        write_log(
            tmp_path / f"{batch}.csv",
            [{**row, "samples": row["step"] * 16, "step": row["step"] * 16 // batch}
             for row in rising(2000, 4000, 6000)],
            columns,
        )
        for batch in (16, 64)
    ]  # fmt: skip
    by_steps = write_log(
        tmp_path / "steps.csv",
        [{**row, "step": row["step"] * 16} for row in rising(2000, 4000, 6000)],
    )
    one, other, steps = (
        convergence(tmp_path, log, f"{i}.png").read_bytes()
        for i, log in enumerate([*by_samples, by_steps])
    )
    assert one == other
    assert one != steps


def test_a_resumed_run_counts_once_and_what_it_said_later_holds(tmp_path):
    clean = write_log(tmp_path / "clean.csv", rising(1000, 2000, 3000, 4000))
    early = [{"step": step, "psnr": 29.9} for step in (2000, 3000, 4000)]
    resumed = write_log(
        tmp_path / "resumed.csv", [*rising(1000), *early, *rising(2000, 3000, 4000)]
    )
    ahead = write_log(
        tmp_path / "ahead.csv", [*rising(1000, 2000, 3000, 4000), {"step": 9000, "psnr": 35.0},
                                 *rising(4000)],
    )  # fmt: skip
    pictures = {
        convergence(tmp_path, log, f"{log.stem}.png").read_bytes()
        for log in (clean, resumed, ahead)
    }
    assert len(pictures) == 1


def test_one_row_is_a_point(tmp_path):
    log = write_log(tmp_path / "log.csv", rising(2000))
    inside = pixels_of(convergence(tmp_path, log))[180:1150, 230:1700]
    spot = places_of(inside, BLUE)
    assert len(spot) > 200
    assert np.ptp(spot[:, 0]) < 40


def test_a_row_at_step_zero_has_a_place(tmp_path):
    log = write_log(tmp_path / "log.csv", [{"step": 0, "psnr": 30.0}])
    assert pixels_of(convergence(tmp_path, log)).shape == (HEIGHT, WIDTH, 3)


def test_references_are_lines_across_the_plot(tmp_path):
    log = write_log(tmp_path / "log.csv", rising(2000, 4000))
    assert not len(places_of(pixels_of(convergence(tmp_path, log)), BROWN))
    references = {"the paper's": 32.39, "a $name_{ of 模型 " * 9: 31.0}
    target = convergence(tmp_path, log, references=references)
    rows, counts = np.unique(
        places_of(pixels_of(target)[:, 230:1150], BROWN)[:, 0], return_counts=True
    )
    lines = rows[counts > 800]
    assert len(lines)
    assert np.ptp(lines) > 100


def test_a_curve_between_close_references_keeps_its_own_label(tmp_path):
    """Labels of lines that nearly coincide stand one below the other."""
    log = write_log(tmp_path / "log.csv", [{"step": 10, "psnr": 32.0}])
    target = convergence(tmp_path, log, references={"high": 32.001, "low": 31.999})
    pixels = pixels_of(target)[:, 1780:]  # without the axes
    blue = places_of(pixels, BLUE)[:, 0]
    brown = places_of(pixels, BROWN)[:, 0]
    assert not set(blue) & set(brown)
    assert brown.min() < blue.min()
    assert brown.max() > blue.max()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: no such file"),
        (b"", "needs the columns step and psnr"),
        (b"step,loss\n1,2\n", "needs the columns step and psnr"),
        (b"step,psnr\n", "holds no row"),
        (b"step,psnr\n1,inf\n", "holds no row with a finite PSNR"),
        (b"step,psnr\n1,30\n2,3x\n", "is damaged in line 3"),
        (b"step,psnr\n1,30\n2\n", "is damaged in line 3"),
        (b"step,psnr\n1,30\n2,32,30\n", "is damaged in line 3"),
        (b"\xff\xfe\x00", "is no text"),
    ],
)
def test_what_is_no_log_is_refused_in_one_line(tmp_path, content, reason):
    log = tmp_path / "log.csv"
    if content is not None:
        log.write_bytes(content)
    with pytest.raises(InputError, match=reason) as caught:
        convergence(tmp_path, log)
    assert "\n" not in str(caught.value)
    assert caught.value.path == log
    assert not (tmp_path / "plot.png").exists()


def test_levels_and_names_without_a_place_are_refused(tmp_path):
    log = write_log(tmp_path / "log.csv", rising(1000))
    with pytest.raises(UsageError, match="bicubic cannot be plotted at inf dB"):
        convergence(tmp_path, log, bicubic=float("inf"))
    with pytest.raises(UsageError, match="other cannot be plotted at nan dB"):
        convergence(tmp_path, log, references={"other": float("nan")})
    with pytest.raises(UsageError, match=r"must end in \.png"):
        convergence(tmp_path, log, "plot.pdf")
    with pytest.raises(OutputError):
        convergence(tmp_path, log, "missing/plot.png")
    assert [file.name for file in tmp_path.iterdir()] == ["log.csv"]


def test_a_picture_of_an_earlier_state_is_replaced(tmp_path):
    log = write_log(tmp_path / "log.csv", rising(1000))
    before = convergence(tmp_path, log).read_bytes()
    write_log(log, rising(1000, 2000))
    assert convergence(tmp_path, log).read_bytes() != before


def test_pyplot_stays_out_of_it(tmp_path):
    convergence(tmp_path, write_log(tmp_path / "log.csv", rising(1000)))
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("seed", range(20))
def test_spread_places_are_apart_in_order_and_close_to_where_they_were(seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 120, rng.integers(1, 9))
    spread = np.array(spread_apart(list(places), 20))
    order = np.argsort(places)
    assert (np.diff(spread[order]) >= 20 - 1e-9).all()
    assert spread.mean() == pytest.approx(places.mean())
    free = np.diff(np.sort(places)).min(initial=np.inf) >= 20
    assert not free or spread == pytest.approx(places)


def framed_patches(path):
    """The insides of the grey frames of the picture, in reading order, each (h, w, 3)."""
    pixels = pixels_of(path)
    marks, _ = ndimage.label((pixels == 184).all(axis=2))
    found = ndimage.find_objects(marks)
    sizes = [(box[0].stop - box[0].start, box[1].stop - box[1].start) for box in found]
    # A weight or a letter may have the colour of the frames by chance; it is smaller.
    boxes = [box for box, size in zip(found, sizes, strict=True) if size == max(sizes)]
    boxes.sort(key=lambda box: (box[0].start, box[1].start))
    patches = [pixels[box] for box in boxes]
    return [patch[(patch != 184).any(axis=(1, 2))][:, (patch != 184).any(axis=(0, 2))]
            for patch in patches]  # fmt: skip


def cells(patch, side):
    """The colour in the middle of each weight: (side, side, 3)."""
    step = len(patch) / side
    middle = ((np.arange(side) + 0.5) * step).astype(int)
    return patch[np.ix_(middle, middle)]


def dots(config, amplitudes):
    """Filters with a single weight, at a place that tells their number."""
    shape = config.layer_shapes[0]
    weight = np.zeros(shape, np.float32)
    for number, amplitude in enumerate(amplitudes):
        weight[number, 0, number // shape[3], number % shape[3]] = amplitude
    return {"conv1.weight": weight}


def test_filters_come_by_falling_variance_each_with_its_full_contrast(tmp_path):
    config = ModelConfig(filters=(5, 1, 3), widths=(6, 2))
    amplitudes = [0.1, -0.5, 0.01, 0.3, 0.0, -0.2]
    plot_filters(config, dots(config, amplitudes), tmp_path / "f.png")
    patches = framed_patches(tmp_path / "f.png")
    assert len(patches) == 6
    for patch, number in zip(patches, (1, 3, 5, 0, 2, 4), strict=True):
        expected = np.full((5, 5, 3), 128)
        if amplitudes[number]:
            expected[number // 5, number % 5] = 255 if amplitudes[number] > 0 else 0
        np.testing.assert_array_equal(cells(patch, 5), expected)


def test_grey_is_zero_and_not_the_mean_of_the_filter(tmp_path):
    """A constant filter has no variance, but it is not nothing: it comes last, and is white."""
    config = ModelConfig(filters=(3, 1, 3), widths=(2, 2))
    tensors = dots(config, [0.0, 1e-3])
    tensors["conv1.weight"][0] = 0.4
    plot_filters(config, tensors, tmp_path / "f.png")
    first, last = framed_patches(tmp_path / "f.png")
    assert cells(first, 3).min() == 128
    assert (cells(last, 3) == 255).all()


def test_bars_are_as_long_as_the_deviations(tmp_path):
    config = ModelConfig(filters=(3, 1, 3), widths=(4, 2))
    plot_filters(config, dots(config, [0.8, 0.4, 0.2, 0.0]), tmp_path / "f.png")
    marks, _ = ndimage.label((pixels_of(tmp_path / "f.png") == BLUE).all(axis=2))
    widths = sorted(box[1].stop - box[1].start for box in ndimage.find_objects(marks))
    np.testing.assert_allclose(np.array(widths) / widths[-1], [0.25, 0.5, 1], atol=0.01)


def test_filters_on_rgb_are_in_colour(tmp_path):
    config = ModelConfig(filters=(3, 1, 3), widths=(2, 2), color="rgb")
    weight = np.zeros(config.layer_shapes[0], np.float32)
    weight[1, 0, 0, 0], weight[1, 1, 0, 0], weight[1, 2, 2, 2] = 1.0, -1.0, 0.5
    plot_filters(config, {"conv1.weight": weight}, tmp_path / "f.png")
    patch = cells(framed_patches(tmp_path / "f.png")[0], 3)
    np.testing.assert_array_equal(patch[0, 0], (255, 0, 128))
    np.testing.assert_array_equal(patch[2, 2], (128, 128, 191))
    np.testing.assert_array_equal(patch[1, 1], (128, 128, 128))


def test_filters_on_ycbcr_are_a_picture_per_plane_with_one_stretch(tmp_path):
    config = ModelConfig(filters=(3, 1, 3), widths=(2, 2), color="ycbcr")
    weight = np.zeros(config.layer_shapes[0], np.float32)
    weight[0, :, 1, 1] = 1.0, -0.5, 0.25
    plot_filters(config, {"conv1.weight": weight}, tmp_path / "f.png")
    patches = framed_patches(tmp_path / "f.png")
    middles = [cells(patch, 3)[1, 1, 0] for patch in patches]
    assert middles == [255, 128, 64, 128, 159, 128]


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(),
        ModelConfig("vdsr", (3,) * 20, (64,) * 19, scales=(2, 3, 4)),
        ModelConfig(filters=(9,), widths=()),
        ModelConfig(filters=(1, 1), widths=(3,)),
        ModelConfig(filters=(63, 1), widths=(2,)),
        ModelConfig(filters=(3, 1), widths=(700,), color="ycbcr"),
    ],
    ids=lambda config: f"{config.name}-{config.layer_shapes[0][0]}",
)
def test_any_first_layer_has_a_picture_of_all_its_filters(tmp_path, config):
    rng = np.random.default_rng(0)
    tensors = {"conv1.weight": rng.normal(0, 1, config.layer_shapes[0]).astype(np.float32)}
    plot_filters(config, tensors, tmp_path / "f.png")
    planes = 3 if config.color == "ycbcr" else 1
    assert len(framed_patches(tmp_path / "f.png")) == planes * config.layer_shapes[0][0]


def test_filters_that_do_not_fit_are_refused(tmp_path):
    config = ModelConfig()
    tensors = {"conv1.weight": np.zeros((64, 1, 5, 5), np.float32)}
    with pytest.raises(ModelError, match=r"conv1\.weight has shape"):
        plot_filters(config, tensors, tmp_path / "f.png")
    with pytest.raises(UsageError, match=r"must end in \.png"):
        plot_filters(config, tensors, tmp_path / "f.gif")
    assert not list(tmp_path.iterdir())
