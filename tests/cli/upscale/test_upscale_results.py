"""`srcnn upscale` as a user meets it: files and lines."""

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command import command, threads
from sample_pictures import noise, opened
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.upscaling.upscaler import Upscaler
from terminal import listing, one_line


def test_the_result_stands_beside_the_input_with_exact_size(run):
    noise("in.png", (20, 14))
    code, out, err = run("in.png", "--scale", "3")
    assert code == 0
    assert err == ""
    assert opened("in_x3.png").size == (60, 42)
    assert out.startswith("in.png → in_x3.png  60×42  ")
    assert out.count("\n") == 1


def test_verbose_says_where_the_time_went(run):
    noise("in.png", (20, 14))
    out = run("in.png", "-s", "3", "--verbose")[1]
    assert "20×14 → 60×42" in out
    for step in ("read", "prepare", "network", "merge", "write", "bicubic"):
        assert step in out


def test_the_file_holds_what_the_library_gives(run, weights):
    source = noise("in.png")
    run("in.png", "-s", "2.5", "-o", "out.png")
    expected = Upscaler(weights).upscale(np.asarray(opened(source)), 2.5)
    assert np.array_equal(np.asarray(opened("out.png")), expected)


@pytest.mark.parametrize("color", ["rgb", "ycbcr"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_a_color_network_enlarges_every_kind_of_picture(run, tiny_weights, color, mode):
    config = ModelConfig(filters=(3, 1, 3), widths=(6, 5), color=color, scales=(2, 3))
    path = str(tiny_weights(config, name=f"{color}.safetensors"))
    source = noise("in.png", (20, 14), mode)
    for scale, size in ((3, (60, 42)), (7, (140, 98))):
        code, out, err = run(source, "-s", scale, "-o", f"{scale}.png", "--json", model=path)
        assert (code, err) == (0, "")
        assert json.loads(out)["output_size"] == list(size)
        result = opened(f"{scale}.png")
        assert (result.size, result.mode) == (size, mode)
        expected = Upscaler(path).upscale(np.asarray(opened(source)), scale)
        assert np.array_equal(np.asarray(result), expected)


def test_overwrite_replaces_even_the_input_itself(run):
    noise("in.png", (8, 8))
    code, _, _ = run("in.png", "-o", "in.png", "-s", "2", "--overwrite")
    assert code == 0
    assert opened("in.png").size == (16, 16)


def test_skip_existing_leaves_the_file_and_succeeds(run):
    noise("in.png")
    Path("in_x3.png").write_bytes(b"precious")
    code, _, _ = run("in.png", "--skip-existing")
    assert code == 0
    assert Path("in_x3.png").read_bytes() == b"precious"


def test_dry_run_says_the_plan_and_writes_nothing(run):
    noise("a.png")
    code, out, _ = run("a.png", "-o", "big/{stem}-{scale}{ext}", "-s", "3", "--dry-run")
    assert code == 0
    assert "a.png → big/a-3.png" in out
    assert listing(".") == ["a.png"]


def test_a_folder_becomes_a_folder_and_other_files_are_counted(run):
    noise("in/a.png")
    noise("in/b.jpg", seed=1)
    Path("in/notes.txt").write_text("no picture")
    code, out, err = run("in", "-o", "out", "-s", "2")
    assert code == 0
    assert listing("out") == ["a_x2.png", "b_x2.jpg"]
    assert out.count("\n") == 2
    assert "2 done, 0 skipped, 0 failed" in err
    assert "1 not taken" in err


def test_recursive_mirrors_the_tree(run):
    noise("in/a.png")
    noise("in/deep/er/b.png")
    assert run("in", "-o", "out", "-r")[0] == 0
    assert Path("out/a_x3.png").exists()
    assert Path("out/deep/er/b_x3.png").exists()


def test_a_second_run_over_a_folder_does_not_enlarge_the_results_of_the_first(run):
    noise("in/a.png")
    assert run("in")[0] == 0
    code, _, _ = run("in", "--overwrite")
    assert code == 0
    assert listing("in") == ["a.png", "a_x3.png"]


def test_the_output_format_follows_the_extension(run):
    noise("in.png")
    assert run("in.png", "-o", "out.webp")[0] == 0
    assert opened("out.webp").format == "WEBP"


def test_a_format_that_cannot_be_written_becomes_png(run):
    noise("in.gif")
    assert run("in.gif")[0] == 0
    assert opened("in_x3.png").size == (60, 42)


def test_sixteen_bits_stay_sixteen_bits(run):
    values = np.arange(12 * 10, dtype=np.uint16).reshape(10, 12) * 500
    Image.fromarray(values).save("deep.png")
    assert run("deep.png")[0] == 0
    result = np.asarray(opened("deep_x3.png"))
    assert result.dtype == np.uint16
    assert result.shape == (30, 36)


def test_orientation_is_applied_once(run):
    exif = Image.Exif()
    exif[0x0112] = 6
    noise("turned.jpg", (20, 10), exif=exif)
    assert run("turned.jpg", "-o", "out.jpg")[0] == 0
    result = opened("out.jpg")
    assert result.size == (30, 60)
    assert result.getexif().get(0x0112, 1) == 1


def test_transparency_into_jpeg_needs_a_background(run):
    noise("in.png", mode="RGBA")
    code, _, err = run("in.png", "-o", "out.jpg")
    assert code == 4
    assert "--background" in one_line(err)
    assert run("in.png", "-o", "out.jpg", "--background", "#ff0000")[0] == 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_json_names_the_precision(run, precision):
    noise("a.png", (20, 14))
    code, out, _ = run("a.png", "--precision", precision, "--json")
    assert code == 0
    assert json.loads(out)["precision"] == precision


def test_json_gives_one_object_per_file_and_nothing_else(run):
    noise("in/a.png", (20, 14))
    Path("in/b.png").write_bytes(b"broken")
    code, out, _ = run("in", "-o", "out", "-s", "3", "--json")
    assert code == 1
    done, failed = map(json.loads, out.splitlines())
    assert done["status"] == "done"
    assert done["input_size"] == [20, 14]
    assert done["output_size"] == [60, 42]
    assert done["weights"] == [3]
    assert set(done["seconds"]) == {
        "load", "read", "prepare", "network", "merge", "write", "total", "bicubic",
    }  # fmt: skip
    parts = sum(
        done["seconds"][k] for k in ("load", "read", "prepare", "network", "merge", "write")
    )
    assert done["seconds"]["total"] == pytest.approx(parts, abs=0.002)
    assert done["peak_memory_mb"] > 10
    assert failed["status"] == "failed"
    assert failed["exit_code"] == 3


def test_quiet_prints_nothing_when_all_is_well(run):
    noise("in.png")
    assert run("in.png", "--quiet") == (0, "", "")


def test_unicode_and_spaces_in_names(run):
    noise("böse Katze 猫.png")
    assert run("böse Katze 猫.png")[0] == 0
    assert Path("böse Katze 猫_x3.png").exists()


def test_markup_in_a_name_is_printed_as_it_is(run):
    noise("[red]cat[/x].png")
    code, out, _ = run("[red]cat[/x].png")
    assert code == 0
    assert "[red]cat[/x]_x3.png" in out


def test_a_wrong_extension_is_read_with_a_warning(run):
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(buffer, "PNG")
    Path("cat.jpg").write_bytes(buffer.getvalue())
    code, _, err = run("cat.jpg")
    assert code == 0
    assert err.startswith("warning: cat.jpg: ")
    assert opened("cat_x3.jpg").format == "JPEG"


def test_it_runs_as_a_module_from_prompt_to_file(tmp_path, weights):
    noise(tmp_path / "in.png")
    arguments = command("upscale", tmp_path / "in.png", "-m", weights, "-s", "3", "-t", "16")
    subprocess.run(arguments, env=threads(1), check=True, capture_output=True)
    assert opened(tmp_path / "in_x3.png").size == (60, 42)


@pytest.mark.parametrize("options", [(), ("--device", "cpu"), ("--quiet",), ("--json",)])
def test_an_unused_gpu_is_mentioned_once_for_a_batch(run, monkeypatch, options):
    noise("in/a.png")
    noise("in/b.png", seed=1)
    monkeypatch.setattr("srcnn_cli.engines.devices.lacks_torch_for_gpu", lambda: True)
    code, _, err = run("in", "-s", "2", *options)
    assert code == 0
    assert err.count("GPU") == (not options)
    assert ("[gpu]" in err) == (not options)
