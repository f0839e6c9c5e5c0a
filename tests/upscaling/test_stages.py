"""A factor is reached through the trained scales that are nearest, at exactly the final size."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnn_cli.errors import UsageError
from srcnn_cli.upscaling.stages import Stage, plan_stages, target_size

SHIPPED = (2, 3, 4)
factors = st.floats(1, 16)


@pytest.mark.parametrize(
    ("factor", "plan"),
    [
        (1, []),
        (2, [Stage(20, 40, 2)]),
        (3, [Stage(30, 60, 3)]),
        (4, [Stage(40, 80, 4)]),
        (1.5, [Stage(15, 30, 2)]),
        (1.01, [Stage(10, 20, 2)]),
        (2.5, [Stage(25, 50, 3)]),
        (2.4, [Stage(24, 48, 2)]),
        (3.5, [Stage(35, 70, 4)]),
        (5, [Stage(20, 40, 2), Stage(50, 100, 3)]),
        (6, [Stage(20, 40, 2), Stage(60, 120, 3)]),
        (8, [Stage(20, 40, 2), Stage(80, 160, 4)]),
        (9, [Stage(30, 60, 3), Stage(90, 180, 3)]),
        (12, [Stage(30, 60, 3), Stage(120, 240, 4)]),
        (16, [Stage(40, 80, 4), Stage(160, 320, 4)]),
    ],
)
def test_shipped_scales_are_combined_like_this(factor, plan):
    assert plan_stages(10, 20, factor, SHIPPED) == plan


@pytest.mark.parametrize(
    ("factor", "scales", "plan"),
    [
        (2, (3,), [Stage(10, 14, 3)]),
        (3, (3,), [Stage(15, 21, 3)]),
        (4, (3,), [Stage(15, 21, 3), Stage(20, 28, 3)]),
        (9, (3,), [Stage(15, 21, 3), Stage(45, 63, 3)]),
        (8, (2,), [Stage(10, 14, 2), Stage(20, 28, 2), Stage(40, 56, 2)]),
        (16, (2,), [Stage(10, 14, 2), Stage(20, 28, 2), Stage(40, 56, 2), Stage(80, 112, 2)]),
        (4, (8,), [Stage(20, 28, 8)]),
    ],
)
def test_own_weights_of_one_scale_are_used_as_often_as_it_takes(factor, scales, plan):
    assert plan_stages(5, 7, factor, scales) == plan


@pytest.mark.parametrize("scales", [(2, 3, 4), (4, 3, 2), frozenset({3, 4, 2}), [4, 2, 3]])
def test_the_order_of_the_scales_does_not_matter(scales):
    assert plan_stages(10, 20, 5, scales) == plan_stages(10, 20, 5, (2, 3, 4))


@given(st.integers(1, 500), st.integers(1, 500), factors)
def test_the_last_stage_has_exactly_the_final_size(height, width, factor):
    stages = plan_stages(height, width, factor, SHIPPED)
    if factor == 1:
        assert stages == []
    else:
        # Half up, in exact arithmetic; a float product may be off by its own last digit.
        for side, final in ((height, stages[-1].height), (width, stages[-1].width)):
            assert abs(Fraction(factor) * side - final) <= Fraction(1, 2) + Fraction(1, 10**9)
        assert target_size(height, width, factor) == (stages[-1].height, stages[-1].width)


@given(factors, st.sets(st.integers(2, 16), min_size=1))
def test_every_stage_but_the_last_enlarges_by_its_own_scale(factor, scales):
    height, width = 10, 7
    stages = plan_stages(height, width, factor, scales)
    for stage in stages[:-1]:
        assert (stage.height, stage.width) == (height * stage.scale, width * stage.scale)
        height, width = stage.height, stage.width
    assert all(stage.scale in scales for stage in stages)


@given(factors, st.sets(st.integers(2, 16), min_size=1))
def test_no_stage_enlarges_beyond_what_there_are_weights_for(factor, scales):
    previous = 1000
    for stage in plan_stages(1000, 1000, factor, scales):
        assert stage.height <= previous * max(scales) + 1
        previous = stage.height


@pytest.mark.parametrize(
    ("side", "factor", "result"), [(5, 1.5, 8), (3, 1.5, 5), (7, 1.2, 8), (1, 1, 1), (1, 1.4, 1)]
)
def test_sizes_are_rounded_half_up(side, factor, result):
    assert target_size(side, side, factor) == (result, result)


def test_height_and_width_are_not_mixed_up():
    assert target_size(3, 100, 2) == (6, 200)


@pytest.mark.parametrize("factor", [0.5, 0.999, 0, -2, 16.001, 17, float("nan"), float("inf")])
def test_factors_outside_1_to_16_are_refused(factor):
    with pytest.raises(UsageError, match="between 1 and 16"):
        plan_stages(10, 10, factor, SHIPPED)
