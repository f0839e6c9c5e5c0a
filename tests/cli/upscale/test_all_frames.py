"""`--all-frames`: animations and pages are enlarged as wholes, with timing and course."""

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageSequence

from terminal import listing, no_leftovers, one_line

SIZE = (24, 18)
TIMES = [100, 40, 250, 70]


def moments(mode="RGB", count=4):
    """A square that moves over a gradient, or over nothing at all."""
    result = []
    for number in range(count):
        rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
        picture = np.dstack([10 * columns, 12 * rows, 0 * rows + 60]).astype(np.uint8)
        alpha = np.full(SIZE[::-1], 0 if mode == "RGBA" else 255, np.uint8)
        place = np.s_[4:12, 3 + 4 * number : 11 + 4 * number]
        picture[place], alpha[place] = (250, 40, 20), 255
        pixels = np.dstack([picture, alpha]) if mode == "RGBA" else picture
        result.append(Image.fromarray(pixels))
    return result


def animation(path, mode="RGB", loop=0, **options):
    first, *others = moments(mode)
    if path.endswith("webp"):
        options |= {"lossless": True, "exact": True}
    if loop is not None:
        options["loop"] = loop
    first.save(path, save_all=True, append_images=others, duration=TIMES, **options)


def shown(path):
    """What a viewer shows: every frame as a whole, and for how long."""
    with Image.open(path) as image:
        frames, times = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGBA")).astype(int))
            times.append(frame.info["duration"])
        return image.format, frames, times, image.info.get("loop")


def doubled(frame):
    return frame.repeat(2, axis=0).repeat(2, axis=1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(
    ("name", "kind", "tolerance"),
    [("in.gif", "GIF", 12), ("in.png", "PNG", 0), ("in.apng", "PNG", 0), ("in.webp", "WEBP", 0)],
)
def test_every_frame_is_enlarged_and_the_timing_kept(run, name, kind, tolerance, mode):
    animation(name, mode)
    code, out, err = run(name, "-s", "2", "--all-frames", "--quality", "100", model="nearest")
    assert (code, err) == (0, "")
    output = name.replace("in", "in_x2")
    assert "48×36  4 frames  " in out
    before, after = shown(name), shown(output)
    assert after[0] == kind
    assert after[2:] == before[2:]
    assert after[2] == TIMES
    for own, result in zip(before[1], after[1], strict=True):
        expected = doubled(own)
        opaque = expected[..., 3] > 0
        np.testing.assert_array_equal(result[..., 3], expected[..., 3])
        assert np.abs(result[opaque] - expected[opaque]).mean() <= tolerance
    assert no_leftovers(".")


@pytest.mark.parametrize(("loop", "plays"), [(None, 1), (0, 0), (2, 3)])
def test_how_often_a_gif_is_shown_is_kept_in_every_format(run, loop, plays):
    animation("in.gif", loop=loop)
    for name in ("out.gif", "out.webp", "out.png"):
        assert run("in.gif", "-s", "2", "--all-frames", "-o", name, model="nearest")[0] == 0
    assert shown("out.gif")[3] == loop
    assert shown("out.webp")[3] == plays
    assert shown("out.png")[3] == plays
    # and back again
    assert run("out.webp", "-s", "1", "--all-frames", "-o", "back.gif", model="nearest")[0] == 0
    assert shown("back.gif")[3] == loop


def test_a_cover_that_is_no_frame_stays_one(run):
    first, *others = moments()
    first.save(
        "in.png", save_all=True, append_images=others, duration=TIMES[1:], default_image=True
    )
    assert run("in.png", "-s", "2", "--all-frames", model="nearest")[0] == 0
    with Image.open("in.png") as before, Image.open("in_x2.png") as after:
        assert after.info["default_image"] is before.info["default_image"] is True
        assert after.n_frames == before.n_frames == 4


def test_an_animation_is_written_as_avif(run):
    animation("in.gif")
    code, out, _ = run("in.gif", "-s", "2", "--all-frames", "-f", "avif", model="bicubic")
    assert code == 0
    assert "4 frames  quality 95" in out
    kind, frames, times, _ = shown("in_x2.avif")
    assert (kind, len(frames), times) == ("AVIF", 4, TIMES)


def test_times_that_a_gif_does_not_hold_are_rounded_and_said(run):
    first, *others = moments()
    first.save("in.webp", save_all=True, append_images=others, duration=[33, 67, 100, 41])
    code, _, err = run("in.webp", "-s", "2", "--all-frames", "-o", "out.gif", model="nearest")
    assert code == 0
    assert "hundredths" in err
    assert shown("out.gif")[2] == [30, 70, 100, 40]


def test_the_pages_of_a_tiff_stay_pages_with_their_sizes_depths_and_tags(run):
    rng = np.random.default_rng(0)
    pages = [
        rng.integers(0, 256, (9, 11, 3), np.uint8),
        rng.integers(0, 65536, (7, 5), np.uint16),
        rng.integers(0, 256, (4, 6, 4), np.uint8),
    ]
    with tifffile.TiffWriter("in.tif") as writer:
        for number, page in enumerate(pages):
            writer.write(
                page, photometric="minisblack" if page.ndim == 2 else "rgb",
                extrasamples=["unassalpha"] if page.shape[-1] == 4 else None,
                resolution=(72 + number, 72 + number), resolutionunit="inch", metadata=None,
            )  # fmt: skip
    code, out, err = run("in.tif", "-s", "2", "--all-frames", model="nearest")
    assert (code, err) == (0, "")
    assert "22×18  3 frames" in out
    with tifffile.TiffFile("in_x2.tif") as file:
        assert len(file.pages) == 3
        for number, (page, before) in enumerate(zip(file.pages, pages, strict=True)):
            np.testing.assert_array_equal(page.asarray(), doubled(before))
            assert page.get_resolution("inch") == (72 + number, 72 + number)


def test_the_result_of_another_format_must_hold_what_there_is(run):
    animation("in.gif")
    for options in (["-o", "out.jpg"], ["-f", "tiff"], ["-f", "bmp"]):
        code, _, err = run("in.gif", "-s", "2", "--all-frames", *options)
        assert code == 4
        assert "holds no animation" in one_line(err)
    Image.new("L", (5, 5)).save("p.tif", save_all=True, append_images=[Image.new("L", (5, 5), 9)])
    code, _, err = run("p.tif", "-s", "2", "--all-frames", "-f", "webp")
    assert code == 4
    assert "holds no pages" in one_line(err)
    assert listing(".") == ["in.gif", "p.tif"]


def test_without_it_the_first_frame_is_taken_and_said(run):
    animation("in.gif")
    code, _, err = run("in.gif", "-s", "2", model="nearest")
    assert code == 0
    assert "several pictures" in err
    assert listing(".") == ["in.gif", "in_x2.png"]


def test_files_of_one_picture_are_done_as_always_and_a_single_gif_stays_a_gif(run):
    still = moments()[0]
    still.save("a.jpg")
    still.save("b.png")
    still.save("c.gif")
    assert run(".", "-s", "2", "--all-frames", "-o", "out", model="nearest")[0] == 0
    assert listing("out") == ["a_x2.jpg", "b_x2.png", "c_x2.gif"]


def test_too_many_pixels_in_all_frames_together_are_refused(run):
    animation("in.gif")
    one = SIZE[0] * SIZE[1]
    code, _, err = run("in.gif", "-s", "1", "--all-frames", "--max-pixels", str(3 * one))
    assert code == 3
    assert "frames" in one_line(err)
    code, _, err = run("in.gif", "-s", "2", "--all-frames", "--max-pixels", str(15 * one))
    assert code == 3
    assert "frames" in one_line(err)
    assert listing(".") == ["in.gif"]


@pytest.mark.fault("an animation that is cut off, with --all-frames", "refused, nothing written", 3)
def test_an_animation_that_is_cut_off_is_refused_as_a_whole(run):
    for name in ("in.webp", "in.png"):
        animation(name)
        Path(name).write_bytes(Path(name).read_bytes()[:-60])
        code, _, err = run(name, "-s", "2", "--all-frames")
        assert code == 3
        one_line(err)
    assert listing(".") == ["in.png", "in.webp"]


def test_json_counts_the_frames(run):
    animation("in.gif")
    code, out, _ = run("in.gif", "-s", "2", "--all-frames", "--json", model="nearest")
    assert code == 0
    assert json.loads(out)["frames"] == 4


def test_what_an_animation_carries_is_carried_on(run):
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    animation("in.webp", exif=exif)
    assert run("in.webp", "-s", "2", "--all-frames", model="nearest")[0] == 0
    with Image.open("in_x2.webp") as image:
        assert image.getexif()[0x010F] == "Camera"
    assert (
        run("in.webp", "-s", "2", "--all-frames", "--strip", "-o", "s.webp", model="nearest")[0]
        == 0
    )
    with Image.open("s.webp") as image:
        assert not image.getexif()


def test_it_works_in_a_pipe(work, monkeypatch, capsysbinary):
    animation("in.gif")
    data = Path("in.gif").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    from srcnn_cli.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["upscale", "-", "-s", "2", "--all-frames", "-m", "nearest"])
    assert ended.value.code == 0
    with Image.open(io.BytesIO(capsysbinary.readouterr().out)) as image:
        assert (image.format, image.n_frames, image.size) == ("GIF", 4, (48, 36))
