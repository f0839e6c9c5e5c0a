"""The papers' values, how a schedule unfolds, and how a recipe is fitted to what was asked for."""

import json
import math
from dataclasses import asdict, fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnn_cli.errors import ModelError, UsageError
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.training.recipes import RECIPES, RecipeName, plan
from srcnn_cli.training.schedule import Schedule


def planned(recipe, network=None, schedule=None, *, fast_bfloat16=False):
    return plan(RECIPES[recipe], network or {}, schedule or {}, fast_bfloat16=fast_bfloat16)


def test_srcnn_is_trained_as_dong_et_al_say():
    config, schedule = planned("srcnn")
    assert config == ModelConfig("srcnn", (9, 1, 5), (64, 32), "y", (3,), mean=0.0)
    assert (schedule.patch, schedule.stride, schedule.augment) == (33, 14, False)
    assert (schedule.initial, schedule.optimizer, schedule.loss) == ("gaussian", "sgd", "half-sum")
    assert (schedule.momentum, schedule.weight_decay, schedule.clip) == (0.9, 0, 0)
    assert schedule.rate == 1e-4
    assert schedule.rate * schedule.last_rate == pytest.approx(1e-5)
    assert (schedule.decay, schedule.warmup, schedule.average) == ("constant", 0, 0)
    # Valid convolutions: 33 - 9 - 1 - 5 + 3 = 21 pixels of output, without borders.
    assert schedule.border_share == 0
    assert schedule.steps * schedule.batch == 8 * 10**8  # "backprops", figure 4


def test_vdsr_is_trained_as_kim_et_al_say():
    config, schedule = planned("vdsr")
    assert config == ModelConfig("vdsr", (3,) * 20, (64,) * 19, "y", (2, 3, 4), "zero", 0.0)
    assert (schedule.patch, schedule.stride, schedule.augment) == (41, 41, True)
    assert (schedule.batch, schedule.epochs, schedule.steps) == (64, 80, 0)
    assert (schedule.initial, schedule.optimizer, schedule.loss) == ("he", "sgd", "half-sum")
    assert (schedule.momentum, schedule.weight_decay, schedule.last_rate) == (0.9, 1e-4, 1)
    assert (schedule.border_share, schedule.warmup, schedule.average) == (1, 0, 0)
    assert schedule.clip > 0


def test_the_rate_of_vdsr_falls_tenfold_every_20_of_80_epochs():
    schedule = planned("vdsr")[1].resolved(64 * 100)
    assert schedule.steps == 8000
    rates = [schedule.rate_at(100 * epoch) for epoch in range(80)]
    expected = [0.1] * 20 + [0.01] * 20 + [0.001] * 20 + [0.0001] * 20
    assert rates == pytest.approx(expected)
    assert schedule.rate_at(1999) == pytest.approx(0.1)
    assert schedule.rate_at(7999) == pytest.approx(0.0001)


def test_the_rate_rises_and_falls_along_half_a_cosine():
    schedule = Schedule(steps=1000, warmup=100, rate=1e-3, decay="cosine")
    assert schedule.rate_at(0) == pytest.approx(1e-5)
    assert schedule.rate_at(49) == pytest.approx(5e-4)
    assert schedule.rate_at(99) == pytest.approx(1e-3)
    assert schedule.rate_at(100) == pytest.approx(1e-3)
    assert schedule.rate_at(100 + 300) == pytest.approx(7.5e-4)  # a third: cos(60°) = 1/2
    assert schedule.rate_at(550) == pytest.approx(5e-4)
    assert 0 < schedule.rate_at(999) < 1e-8


def test_a_constant_rate_rises_in_the_warm_up_alone():
    schedule = Schedule(steps=100, warmup=4, rate=0.2, decay="constant")
    assert [schedule.rate_at(s) for s in range(6)] == pytest.approx(
        [0.05, 0.1, 0.15, 0.2, 0.2, 0.2]
    )
    assert schedule.rate_at(99) == 0.2


@given(
    decay=st.sampled_from(["cosine", "quarters", "constant"]),
    steps=st.integers(1, 10**7),
    warmup=st.integers(0, 10**7),
    data=st.data(),
)
def test_the_rate_is_positive_and_never_above_its_peak(decay, steps, warmup, data):
    schedule = Schedule(steps=steps, warmup=warmup, rate=0.3, decay=decay)
    step = data.draw(st.integers(0, steps - 1))
    assert 0 < schedule.rate_at(step) <= 0.3


@given(share=st.floats(0, 1), start=st.integers(0, 10**6), count=st.integers(0, 300))
def test_steps_with_borders_are_spread_evenly(share, start, count):
    schedule = Schedule(border_share=share)
    chosen = sum(schedule.bordered(step) for step in range(count))
    assert chosen == math.floor(count * share)
    # Any stretch has its share, to within one step.
    stretch = sum(schedule.bordered(step) for step in range(start, start + count))
    assert abs(stretch - count * share) < 1 + 1e-6


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, "0000"), (1.0, "1111"), (0.5, "0101"), (0.25, "0001"), (0.75, "0111")],
)
def test_borders_come_in_a_fixed_order(share, expected):
    schedule = Schedule(border_share=share)
    assert "".join(str(int(schedule.bordered(step))) for step in range(8)) == expected * 2


@pytest.mark.parametrize(
    ("epochs", "batch", "positions", "steps"),
    [(80, 64, 640, 800), (80, 64, 641, 802), (0.5, 10, 100, 5), (0.01, 64, 3, 1), (1, 64, 1, 1)],
)
def test_epochs_become_steps_that_see_every_sub_image_so_often(epochs, batch, positions, steps):
    schedule = Schedule(steps=0, epochs=epochs, batch=batch)
    assert schedule.resolved(positions) == replace(schedule, steps=steps)


def test_steps_that_are_given_stay():
    schedule = Schedule(steps=7, epochs=80)
    assert schedule.resolved(640) == schedule


@pytest.mark.parametrize("name", RECIPES)
def test_values_that_are_not_replaced_stay_the_recipes(name):
    _, schedule = planned(name, schedule={"rate": 0.003, "seed": 9})
    settled = {"precision", "fixed_carriers"} if name == "fast" else set()
    expected = asdict(RECIPES[name].schedule) | {"rate": 0.003, "seed": 9}
    for field in set(expected) - settled:
        assert getattr(schedule, field) == expected[field], field


@pytest.mark.parametrize("name", ["srcnn", "vdsr"])
def test_the_papers_recipes_do_not_depend_on_the_device(name):
    assert planned(name, fast_bfloat16=True) == planned(name, fast_bfloat16=False)
    assert planned(name)[1] == RECIPES[name].schedule
    assert planned(name)[1].precision == "float32"


@pytest.mark.parametrize(
    ("fast_bfloat16", "given_values", "expected"),
    [
        (True, {}, "bfloat16"),
        (False, {}, "float32"),
        (True, {"precision": "float32"}, "float32"),
        (False, {"precision": "bfloat16"}, "bfloat16"),
    ],
)
def test_the_device_decides_the_precision_of_the_fast_recipe_unless_it_is_given(
    fast_bfloat16, given_values, expected
):
    _, schedule = planned("fast", schedule=given_values, fast_bfloat16=fast_bfloat16)
    assert schedule.precision == expected


@pytest.mark.parametrize(
    ("network", "schedule", "expected"),
    [
        ({}, {}, True),
        ({"color": "ycbcr"}, {}, True),
        ({"border": "zero"}, {}, True),
        ({"border": "normalize"}, {}, False),
        ({"widths": (64, 1)}, {}, False),
        ({"color": "rgb", "widths": (3, 32)}, {}, False),
        ({"color": "rgb", "widths": (4, 4)}, {}, True),
        ({"filters": (9,), "widths": ()}, {}, False),
        ({"architecture": "vdsr"}, {}, False),
        ({}, {"initial": "he"}, False),
        ({}, {"initial": "identity"}, True),
        ({}, {"fixed_carriers": False}, False),
    ],
)
def test_the_fast_recipe_fixes_carriers_where_there_can_be_any(network, schedule, expected):
    assert planned("fast", network, schedule)[1].fixed_carriers is expected


@pytest.mark.parametrize(("scales", "patch"), [((3,), 33), ((2,), 32), ((4,), 32), ((2, 3, 4), 32)])
def test_the_sub_image_of_srcnn_follows_the_factor(scales, patch):
    config, schedule = planned("srcnn", {"scales": scales})
    assert (config.scales, schedule.patch) == (scales, patch)
    assert planned("srcnn", {"scales": scales}, {"patch": 51})[1].patch == 51


@pytest.mark.parametrize("name", ["fast", "srcnn"])
def test_another_architecture_brings_its_own_layers(name):
    config, schedule = planned(name, {"architecture": "vdsr"})
    assert (config.filters, config.widths) == ((3,) * 20, (64,) * 19)
    assert (config.scales, config.border) == ((3,), "zero")
    assert schedule.border_share == (1 if name == "fast" else 0)
    rates = (schedule.last_rate, schedule.bias_rate)
    assert rates == ((0.2, 0.1) if name == "fast" else (0.1, 1))
    config, _ = planned("vdsr", {"architecture": "srcnn"})
    assert config == ModelConfig(scales=(2, 3, 4), border="replicate")


@pytest.mark.parametrize("name", RECIPES)
def test_the_depth_of_vdsr_gives_its_layers(name):
    config, _ = planned(name, {"architecture": "vdsr", "depth": 5})
    assert (config.name, config.filters, config.widths) == ("vdsr-5", (3,) * 5, (64,) * 4)
    assert planned("vdsr", {"depth": 1})[0].widths == ()


def test_filters_and_widths_replace_the_recipes():
    config, _ = planned("srcnn", {"filters": (9, 5, 5)})
    assert (config.filters, config.widths) == ((9, 5, 5), (64, 32))
    config, _ = planned("vdsr", {"filters": (3, 5, 3), "border": "replicate", "color": "rgb"})
    assert config == ModelConfig("vdsr", (3, 5, 3), (64, 64), "rgb", (2, 3, 4), "replicate")
    config, _ = planned("vdsr", {"depth": 3, "widths": (8, 9)})
    assert config.widths == (8, 9)


@pytest.mark.parametrize(
    ("network", "schedule", "error", "reason"),
    [
        ({"depth": 5}, {}, UsageError, "--depth and --width are not for srcnn"),
        ({"architecture": "vdsr", "depth": 5, "filters": (3, 3)}, {}, UsageError, "give one"),
        ({"architecture": "vdsr", "depth": 0}, {}, ModelError, "filter sizes"),
        ({"architecture": "edsr"}, {}, ModelError, "unknown architecture 'edsr'"),
        ({"filters": (9, 3, 1, 5)}, {}, ModelError, "4 layers have no widths"),
        ({}, {"initial": "he", "fixed_carriers": True}, UsageError, "carriers"),
        ({}, {"epochs": 0.0}, UsageError, "at least 1 step"),
        ({}, {"optimizer": "lamb"}, UsageError, "unknown optimizer 'lamb': use muon, adam, sgd"),
    ],
)
def test_what_does_not_go_together_is_refused(network, schedule, error, reason):
    with pytest.raises(error, match=reason):
        planned("fast", network, schedule)


def test_epochs_take_the_place_of_steps_unless_both_are_given():
    _, schedule = planned("fast", schedule={"epochs": 3.0})
    assert (schedule.steps, schedule.epochs) == (0, 3)
    _, schedule = planned("vdsr", schedule={"steps": 50})
    assert schedule.resolved(10**6).steps == 50
    _, schedule = planned("fast", schedule={"steps": 50, "epochs": 3.0})
    assert schedule.resolved(10**6).steps == 50


def test_a_short_run_is_validated_at_its_end_at_the_latest():
    assert planned("fast", schedule={"steps": 30})[1].interval == 30
    assert planned("fast", schedule={"steps": 30, "interval": 10})[1].interval == 10


@pytest.mark.parametrize("name", RECIPES)
def test_a_schedule_survives_the_round_trip_through_json(name):
    schedule = replace(RECIPES[name].schedule, rate=1, epochs=80, seed=2**60)
    assert Schedule.from_dict(json.loads(json.dumps(asdict(schedule)))) == schedule
    stored = RECIPES[name].schedule
    assert Schedule.from_dict(json.loads(json.dumps(asdict(stored)))) == stored


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 10.0},
        {"steps": True},
        {"steps": "10"},
        {"rate": 1},
        {"rate": None},
        {"augment": 1},
        {"recipe": None},
        {"loss": ["mse"]},
        {"batch_size": 16},
    ],
)
def test_a_stored_schedule_with_values_of_the_wrong_type_is_refused(change):
    with pytest.raises(ModelError, match="schedule"):
        Schedule.from_dict(asdict(Schedule()) | change)


@pytest.mark.parametrize("missing", [field.name for field in fields(Schedule)])
def test_a_stored_schedule_without_a_newer_value_has_its_default(missing):
    values = asdict(replace(RECIPES["vdsr"].schedule, steps=5))
    del values[missing]
    restored = asdict(Schedule.from_dict(values))
    assert restored.pop(missing) == getattr(Schedule(), missing)
    assert restored == values


def test_a_stored_schedule_that_says_nothing_has_all_defaults():
    assert Schedule.from_dict({}) == Schedule()


def test_an_unknown_value_in_a_stored_schedule_is_named():
    with pytest.raises(ModelError, match="does not know: batch_size, lamb"):
        Schedule.from_dict(asdict(Schedule()) | {"lamb": 1, "batch_size": 16})


@pytest.mark.parametrize("values", [None, [], "fast", 3])
def test_anything_else_is_no_schedule(values):
    with pytest.raises(ModelError, match="schedule"):
        Schedule.from_dict(values)


def test_the_names_that_can_be_chosen_are_those_of_the_recipes():
    assert get_args(RecipeName) == tuple(RECIPES)


IMPOSSIBLE = [
    *(("steps", value) for value in (-1, 10**400)),
    *(("epochs", value) for value in (-1.0, math.inf, math.nan)),
    *((name, value) for name in ("batch", "patch", "stride", "interval") for value in (0, -3)),
    *(("patch", value) for value in (10**7,)),
    *(("blur", value) for value in (-0.1, math.nan)),
    *(("border_share", value) for value in (-0.1, 1.1, math.nan)),
    *(("log_floor", value) for value in (0.0, -1.0, math.nan)),
    *(("rate", value) for value in (0.0, -1.0, 10.0, math.inf, math.nan)),
    *(("last_rate", value) for value in (-1.0, math.nan)),
    *(("bias_rate", value) for value in (-1.0, math.nan)),
    *((name, value) for name in ("momentum", "average") for value in (-0.1, 1.0, math.nan)),
    *(("weight_decay", value) for value in (-1e-4, 1.0, math.nan)),
    *(("clip", value) for value in (-1.0, math.inf, math.nan)),
    *((name, -1) for name in ("warmup", "pretrain_steps")),
    *(("seed", value) for value in (2**64, -(2**64))),
    *((name, "best") for name in ("loss", "optimizer", "decay", "initial", "pretrain", "sampling")),
    ("precision", "half"),
]


@pytest.mark.parametrize(("name", "value"), IMPOSSIBLE)
def test_impossible_values_are_refused_in_one_line_that_names_them(name, value):
    with pytest.raises(UsageError) as caught:
        Schedule(**{name: value})
    assert name.replace("_", " ") in str(caught.value)
    assert str(value) in str(caught.value)
    assert "\n" not in str(caught.value)
    if type(value) is type(getattr(Schedule(), name)):
        with pytest.raises(ModelError, match="schedule"):
            Schedule.from_dict(asdict(Schedule()) | {name: value})


@pytest.mark.parametrize(
    "values", [{"border_share": 1.0}, {"momentum": 0.0}, {"average": 0.0}, {"seed": -5}]
)
def test_the_ends_of_the_ranges_are_possible(values):
    assert asdict(Schedule(**values)).items() >= values.items()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_can_be_printed_with_all_its_values(name):
    recipe = RECIPES[name]
    values = json.loads(json.dumps(recipe.to_dict()))
    assert asdict(recipe.schedule).items() <= values.items()
    assert values["recipe"] == name
    assert values["filters"] == list(recipe.filters)
    assert values["scales"] == list(recipe.scales)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rate": 10.0}, "rate must be at least 1e-12 and below 10, not 10.0"),
        ({"border_share": 1.5}, "border share must be at least 0 and at most 1, not 1.5"),
        ({"batch": 0}, "batch must be at least 1 and below 1e+06, not 0"),
    ],
)
def test_a_value_outside_its_range_is_told_what_is_possible(values, sentence):
    with pytest.raises(UsageError) as refused:
        Schedule(**values)
    assert refused.value.reason == sentence


def test_the_ends_that_the_sentence_calls_possible_are():
    assert Schedule(border_share=1.0).border_share == 1
