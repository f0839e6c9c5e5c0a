"""`srcnn bench` on the papers' own data: the papers' own figures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from known_sets import SET5
from reference_weights import srcnn_reference, vdsr_reference
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.models.weights import save_weights


@pytest.mark.data
@pytest.mark.parametrize(
    ("folder", "scale", "psnr", "ssim"),
    [
        ("Set5", 2, 33.66, 0.9299),
        ("Set5", 3, 30.39, 0.8682),
        ("Set5", 4, 28.42, 0.8104),
        ("Set14", 3, 27.54, 0.7736),
    ],
)
def test_bicubic_is_the_published_one(report, shared_data, folder, scale, psnr, ssim):
    document, err = report(shared_data / folder, "-s", scale)
    assert err == ""
    assert document["dataset"]["recognised"] == folder
    assert document["warnings"] == []
    (average,) = document["averages"]
    assert average["psnr"] == pytest.approx(psnr, abs=0.01)
    assert average["ssim"] == pytest.approx(ssim, abs=0.0001)
    compared = 0
    for row in document["records"]:
        for figure in published_figures(
            dataset=folder, scale=scale, image=row["image"], method="Bicubic", metric="psnr"
        ):
            # Of 29 cells three are not ours when rounded: bird ×3 (by 0.008), pepper (by 0.010)
            # and foreman, which is 31.157 where the paper has 31.18.
            tolerance = 0.025 if row["image"] == "foreman" else 0.01
            assert row["psnr"] == pytest.approx(figure.value, abs=tolerance), row["image"]
            compared += 1
    assert compared == len(document["records"])


@pytest.mark.data
@pytest.mark.parametrize(
    ("protocol", "psnr"), [("vdsr", 30.387), ("rgb", 28.625)], ids=["vdsr", "rgb"]
)
def test_bicubic_under_the_other_protocols(report, shared_data, protocol, psnr):
    document, _ = report(shared_data / "Set5", "--protocol", protocol)
    assert document["averages"][0]["psnr"] == pytest.approx(psnr, abs=0.001)
    assert bool(document["published"]) == (protocol == "vdsr")


@pytest.mark.data
def test_the_canary_warns_if_the_low_resolution_files_are_not_the_papers(report, shared_data):
    import cv2

    Path("low").mkdir()
    for name in SET5:
        with Image.open(shared_data / "Set5" / f"{name}.png") as image:
            width, height = (side // 3 for side in image.size)
            pixels = np.asarray(image.convert("RGB"))[: 3 * height, : 3 * width]
        low = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        Image.fromarray(low).save(f"low/{name}.png")
    document, err = report(shared_data / "Set5", "--lr", "low")
    (warning,) = document["warnings"]
    assert warning.startswith("bicubic measures 29.72 dB, but Dong et al., ECCV 2014, Table 1 has ")
    assert "30.39" in warning
    assert err.startswith("warning: ")


@pytest.mark.data
def test_the_canary_warns_if_luminance_is_stretched(report, shared_data):
    document, err = report(shared_data / "Set5", "--color", "y-full")
    assert document["averages"][0]["psnr"] == pytest.approx(29.07, abs=0.005)
    assert document["warnings"]
    assert err.startswith("warning: ")


@pytest.mark.data
@pytest.mark.parametrize(("name", "psnr"), [("9-1-5", 32.46), ("9-3-5", 32.61), ("9-5-5", 32.55)])
def test_reference_weights_of_srcnn_have_their_known_psnr(
    report, shared_data, tmp_path, name, psnr
):
    path = tmp_path / f"srcnn-{name}.safetensors"
    save_weights(path, *srcnn_reference(shared_data, name))
    document, err = report(shared_data / "Set5", "--model", path)
    assert err == ""
    network = document["averages"][1]
    assert network["method"].endswith(f"srcnn-{name}")
    assert network["psnr"] == pytest.approx(psnr, abs=0.01)


@pytest.mark.data
@pytest.mark.parametrize(
    ("protocol", "psnr", "tolerance"),
    # The VDSR paper has 33.66 and 0.9213; the other figure is that of shared/data/README.md.
    [("srcnn", 33.66, 0.01), ("vdsr", 33.62, 0.02)],
)
def test_the_authors_vdsr_has_its_known_psnr(
    report, shared_data, tmp_path, protocol, psnr, tolerance
):
    path = tmp_path / "vdsr.safetensors"
    save_weights(path, *vdsr_reference(shared_data))
    document, _ = report(shared_data / "Set5", "-m", path, "--protocol", protocol)
    network = document["averages"][1]
    assert network["psnr"] == pytest.approx(psnr, abs=tolerance)
    assert network["ssim"] == pytest.approx(0.9213, abs=0.0003 if protocol == "srcnn" else 0.001)
