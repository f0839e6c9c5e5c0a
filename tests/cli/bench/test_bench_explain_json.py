"""`srcnn bench --explain --json`: what moves a PSNR, for programs."""

import json

import pytest

from sample_pictures import smooth
from srcnn_cli.evaluation.conventions import STEPS


@pytest.fixture
def run(srcnn, work):
    for number, name in enumerate("ab"):
        smooth(work / f"set/{name}.png", (49, 43), seed=number)

    def call(*arguments):
        code, out, err = srcnn("bench", *arguments)
        assert (code, err) == (0, "")
        return json.loads(out)

    return call


@pytest.mark.parametrize("option", [("--json",), ("--format", "json")])
def test_every_choice_has_what_it_moves(run, srcnn, option):
    found = run("set", "--explain", "-s", 2, *option)
    assert (found["input"], found["scale"], found["method"]) == ("set", 2, "bicubic")
    assert found["protocol"] == "srcnn"
    effects = {(*effect["steps"], effect["way"]): effect for effect in found["effects"]}
    for step, ways in STEPS.items():
        assert sum(key[:-1] == (step,) for key in effects) == len(ways) - 1
    nearest = effects["color", "rgb"]
    assert nearest["least"] <= nearest["alone"] <= nearest["most"]
    assert nearest["choice"] == "R'G'B', all three channels"
    # The table says the same.
    _, out, _ = srcnn("bench", "set", "--explain", "-s", 2)
    assert f"{found['psnr']:.2f} dB." in out
    assert f"{found['combinations']} combinations" in out


def test_the_difference_of_a_choice_is_that_of_two_measurements(run):
    start, other = (
        run("set", "--explain", "-s", 2, "--json", "--protocol", name) for name in ("srcnn", "vdsr")
    )
    own = next(e for e in start["effects"] if (e["steps"], e["way"]) == (["low"], "uint8"))
    assert own["alone"] == pytest.approx(other["psnr"] - start["psnr"], abs=2e-4)


def test_a_claim_is_answered_with_conventions(run):
    figure = run("set", "--json", "-s", 2, "--explain")["psnr"]
    found = run("set", "--json", "-s", 2, "--explain", "--claims", f"{figure:.2f}")
    assert found["claim"] == round(figure, 2)
    first = found["fitting"][0]
    assert (first["departures"], first["known"], first["psnr"]) == ([], "srcnn", figure)
    assert set(first["convention"]) == set(STEPS)
    assert not found["nearest"]
    found = run("set", "--json", "-s", 2, "--explain", "--claims", "3.00")
    assert (found["fitting"], len(found["nearest"])) == ([], 3)


def test_without_explain_it_is_the_report(run, tiny_weights):
    assert run("set", "--json", "-s", 2, "-m", tiny_weights())["format"] == 1


def test_other_formats_are_refused(srcnn, work):
    smooth(work / "a.png", (48, 42))
    code, _, err = srcnn("bench", "a.png", "--explain", "-f", "csv")
    assert code == 2
    assert "--format json" in err
