"""The network computes equations 1 to 3 of the paper, with each border policy as defined."""

import itertools
import json

import numpy as np
import pytest
import torch

from srcnn_cli.errors import ModelError
from srcnn_cli.imaging.levels import LEVELS
from srcnn_cli.imaging.regions import INTERIOR, WHOLE, Edges
from srcnn_cli.models.config import ModelConfig, parse_filters
from srcnn_cli.models.networks.torch_network import PlaneNetwork

POLICIES = ["normalize", "replicate", "zero"]
CONFIGS = [
    ((9, 1, 5), (4, 3), "y"),
    ((5, 3), (3,), "y"),
    ((3, 5, 1, 3), (2, 4, 3), "y"),
    ((3, 1, 5), (5, 4), "rgb"),
    ((7,), (), "y"),
]
SHAPES = [(1, 1), (1, 7), (6, 1), (3, 4), (13, 17)]


def random_network(config, seed=0):
    network = PlaneNetwork(config).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            fan_in = max(parameter[0].numel(), 1)
            values = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(values / fan_in**0.5 if parameter.ndim > 1 else values * 0.2)
    return network


def random_planes(channels, height, width, seed=0):
    return np.random.default_rng(seed).random((channels, height, width))


def run(network, planes, edges):
    with torch.no_grad():
        return network(torch.from_numpy(np.array(planes))[None], edges)[0].numpy()


def slow_layer(planes, weight, bias, policy):
    """One convolution, pixel by pixel."""
    _, height, width = planes.shape
    side = weight.shape[-1]
    result = np.empty((len(weight), height, width))
    for y, x in itertools.product(range(height), range(width)):
        total, valid = np.zeros(len(weight)), 0
        for i, j in itertools.product(range(side), range(side)):
            row, column = y + i - side // 2, x + j - side // 2
            inside = 0 <= row < height and 0 <= column < width
            valid += inside
            if policy == "replicate":
                row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
            elif not inside:
                continue
            total += weight[:, :, i, j] @ planes[:, row, column]
        if policy == "normalize":
            total /= valid / side**2
        result[:, y, x] = total + bias
    return result


def slow_forward(network, planes, policy):
    parameters = [p.detach().numpy() for p in network.parameters()]
    mean = network.config.mean
    planes = planes - mean
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    for index, (weight, bias) in enumerate(layers):
        planes = slow_layer(planes, weight, bias, policy)
        if index < len(layers) - 1:
            planes = np.maximum(planes, 0)
    return planes + mean


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("filters", "widths", "color"), CONFIGS)
@pytest.mark.parametrize("shape", SHAPES)
def test_output_equals_the_equations_pixel_by_pixel(policy, filters, widths, color, shape):
    config = ModelConfig(filters=filters, widths=widths, color=color, border=policy)
    network = random_network(config)
    planes = random_planes(3 if color == "rgb" else 1, *shape)
    expected = slow_forward(network, planes, policy)
    np.testing.assert_allclose(run(network, planes, WHOLE), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_mean_is_subtracted_before_the_borders_and_added_at_the_end(policy):
    config = ModelConfig(filters=(5, 3), widths=(3,), border=policy, mean=0.4)
    network = random_network(config)
    planes = random_planes(1, 7, 8)
    expected = slow_forward(network, planes, policy)
    np.testing.assert_allclose(run(network, planes, WHOLE), expected, rtol=0, atol=1e-10)
    without = random_network(ModelConfig(filters=(5, 3), widths=(3,), border=policy))
    assert np.abs(run(without, planes, WHOLE) - expected).max() > 1e-3


@pytest.mark.parametrize("edges", [Edges(*sides) for sides in itertools.product([0, 1], repeat=4)])
@pytest.mark.parametrize("policy", POLICIES)
def test_each_side_is_extended_only_where_it_is_the_border(policy, edges):
    config = ModelConfig(filters=(5, 1, 3), widths=(3, 2), border=policy)
    network = random_network(config)
    top, left, bottom, right = edges
    planes = random_planes(1, 12, 15)
    whole = run(network, planes, WHOLE)
    # A patch that ends inside the picture loses the receptive radius, 3, on that side.
    rows = slice(0 if top else 2, 12 if bottom else 11)
    columns = slice(0 if left else 1, 15 if right else 12)
    expected = whole[
        :,
        rows.start + (0 if top else 3) : rows.stop - (0 if bottom else 3),
        columns.start + (0 if left else 3) : columns.stop - (0 if right else 3),
    ]
    result = run(network, planes[:, rows, columns], edges)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


def test_policies_differ_only_within_the_receptive_radius():
    planes = random_planes(1, 20, 22)
    outputs = {}
    for policy in POLICIES:
        config = ModelConfig(filters=(9, 1, 5), widths=(4, 3), border=policy)
        outputs[policy] = run(random_network(config), planes, WHOLE)[0]
    for a, b in itertools.combinations(POLICIES, 2):
        np.testing.assert_allclose(
            outputs[a][6:-6, 6:-6], outputs[b][6:-6, 6:-6], rtol=0, atol=1e-12
        )
        frame = np.abs(outputs[a] - outputs[b])
        assert min(frame[0].max(), frame[-1].max(), frame[:, 0].max(), frame[:, -1].max()) > 1e-3


def test_without_edges_the_convolutions_are_valid():
    network = random_network(ModelConfig(filters=(5, 3), widths=(3,)))
    planes = random_planes(1, 10, 11)
    expected = slow_forward(network, planes, "zero")[:, 3:-3, 3:-3]
    result = run(network, planes, INTERIOR)
    assert result.shape == (1, 4, 5)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


def test_normalized_borders_of_a_constant_picture_show_nothing_of_the_frame():
    network = random_network(ModelConfig(filters=(3, 3), widths=(2,), border="normalize"))
    with torch.no_grad():
        for layer in network.layers:  # filters whose every entry is alike lose nothing when cut
            layer.weight.copy_(layer.weight.mean((2, 3), keepdim=True).expand_as(layer.weight))
    output = run(network, np.full((1, 6, 7), 0.5), WHOLE)
    np.testing.assert_allclose(output, output[0, 3, 3], rtol=0, atol=1e-12)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_picture_of_a_batch_is_treated_alike(policy):
    network = random_network(ModelConfig(filters=(3, 3), widths=(2,), border=policy))
    planes = torch.rand(3, 1, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together = network(planes, WHOLE)
        alone = network(planes[2:], WHOLE)
    np.testing.assert_allclose(together[2:], alone, atol=1e-14)


def test_the_input_is_not_changed():
    network = random_network(ModelConfig(filters=(1, 1), widths=(2,), border="normalize"))
    planes = torch.full((1, 1, 4, 4), -1.0, dtype=torch.float64)
    with torch.no_grad():
        network(planes, WHOLE)
    assert (planes == -1).all()


@pytest.mark.parametrize("levels", [(), LEVELS])  # with them the ReLU is a step of its own
@pytest.mark.parametrize("edges", [WHOLE, Edges(top=True, left=False, bottom=False, right=True)])
def test_normalization_passes_exact_gradients(edges, levels):
    config = ModelConfig(
        "subpixel", (3, 3, 3), (2, 2), scales=(2,), border="normalize", levels=levels
    )
    network = random_network(config)
    planes = torch.from_numpy(random_planes(1 + len(levels), 9, 8))[None].requires_grad_()
    names, values = zip(*network.named_parameters(), strict=True)

    def run(planes, *values):
        given = dict(zip(names, values, strict=True))
        return torch.func.functional_call(network, given, (planes, edges))

    assert torch.autograd.gradcheck(run, (planes, *values))


@pytest.mark.parametrize(
    ("filters", "radius", "parameters", "weights"),
    [((9, 1, 5), 6, 8129, 8032), ((9, 3, 5), 7, 24513, 24416), ((9, 5, 5), 8, 57281, 57184)],
)
def test_the_papers_networks_have_the_papers_sizes(filters, radius, parameters, weights):
    config = ModelConfig(filters=filters)
    network = PlaneNetwork(config)
    assert config.receptive_radius == radius
    assert config.parameters == parameters == sum(p.numel() for p in network.parameters())
    assert config.operations_per_pixel == weights
    assert sum(layer.weight.numel() for layer in network.layers) == weights


def test_the_name_lists_the_filters():
    assert ModelConfig(filters=(9, 5, 5)).name == "srcnn-9-5-5"


@pytest.mark.parametrize(
    ("color", "channels", "names"),
    [
        ("y", 1, ("srcnn-9-1-5", "vdsr-20")),
        ("rgb", 3, ("srcnn-9-1-5-rgb", "vdsr-20-rgb")),
        ("ycbcr", 3, ("srcnn-9-1-5-ycbcr", "vdsr-20-ycbcr")),
    ],
)
def test_the_color_says_how_many_planes_there_are_and_stands_in_the_name(color, channels, names):
    shallow = ModelConfig(color=color)
    deep = ModelConfig("vdsr", (3,) * 20, (64,) * 19, color=color)
    assert (shallow.channels, deep.channels) == (channels, channels)
    assert (shallow.name, deep.name) == names


def test_layer_shapes_are_those_of_the_modules():
    config = ModelConfig(filters=(9, 3, 5), widths=(7, 4), color="ycbcr")
    assert config.layer_shapes == [(7, 3, 9, 9), (4, 7, 3, 3), (3, 4, 5, 5)]
    layers = PlaneNetwork(config).layers
    assert [tuple(layer.weight.shape) for layer in layers] == config.layer_shapes


@pytest.mark.parametrize(
    "values",
    [
        {"architecture": "vdsr9"},
        {"filters": ()},
        {"filters": (9, 2, 5)},
        {"filters": (9, 0, 5)},
        {"filters": (9, -1, 5)},
        {"filters": (9, 1, 65)},
        {"widths": (64,)},
        {"widths": (64, 0)},
        {"widths": (64, 5000)},
        {"color": "cmyk"},
        {"color": ""},
        {"color": 3},
        {"scales": ()},
        {"scales": (0,)},
        {"scales": (3, 17)},
        {"border": "reflect"},
        {"mean": -0.1},
        {"mean": 1.1},
        {"mean": float("nan")},
    ],
)
def test_impossible_configurations_are_refused(values):
    with pytest.raises(ModelError):
        ModelConfig(**values)


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(),
        ModelConfig(filters=(3,), widths=(), color="rgb", scales=(2, 3, 4), border="zero"),
        ModelConfig("vdsr", (3, 3), (4,), color="ycbcr"),
        ModelConfig(mean=0.45),
        ModelConfig(mean=1),
    ],
)
def test_a_configuration_survives_the_round_trip_through_json(config):
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    "change",
    [
        {"filters": "9-1-5"},
        {"filters": [9, 1.0, 5]},
        {"filters": [9, True, 5]},
        {"color": None},
        {"color": 3},
        {"color": ["rgb"]},
        {"channels": 1},
        {"border": None},
        {"border": 3},
        {"scales": 3},
        {"mean": "0.5"},
        {"mean": False},
        {"more": 1},
    ],
)
def test_values_of_the_wrong_type_are_refused(change):
    with pytest.raises(ModelError):
        ModelConfig.from_dict(ModelConfig().to_dict() | change)


def written_before_colors(channels):
    """A configuration as files had it that know a number of channels alone."""
    return {
        "architecture": "srcnn",
        "filters": [9, 1, 5],
        "widths": [64, 32],
        "channels": channels,
        "scales": [3],
        "border": "replicate",
        "mean": 0.5,
    }


@pytest.mark.parametrize(("channels", "color"), [(1, "y"), (3, "rgb")])
def test_a_file_that_knows_channels_alone_is_of_luminance_or_rgb(channels, color):
    config = ModelConfig.from_dict(written_before_colors(channels))
    assert config == ModelConfig(color=color, mean=0.5)
    assert config.to_dict()["color"] == color
    assert "channels" not in config.to_dict()


@pytest.mark.parametrize("channels", [0, 2, 4, 10**400, "1", True, 1.0, None, [3]])
def test_other_numbers_of_channels_are_refused(channels):
    with pytest.raises(ModelError):
        ModelConfig.from_dict(written_before_colors(channels))


@pytest.mark.parametrize("missing", ["color", "border", "mean"])
def test_a_value_that_an_older_program_did_not_write_has_its_default(missing):
    values = ModelConfig(filters=(5, 3), widths=(7,), scales=(2,)).to_dict()
    del values[missing]
    assert ModelConfig.from_dict(values) == ModelConfig(filters=(5, 3), widths=(7,), scales=(2,))


def test_a_value_that_nobody_knows_is_refused():
    with pytest.raises(ModelError):
        ModelConfig.from_dict({**ModelConfig().to_dict(), "dilation": 2})


@pytest.mark.parametrize("missing", ["architecture", "filters", "widths", "scales"])
def test_without_these_values_there_is_no_network(missing):
    values = ModelConfig().to_dict()
    del values[missing]
    with pytest.raises(ModelError):
        ModelConfig.from_dict(values)


@pytest.mark.parametrize("values", [None, [], "srcnn", 3, {}])
def test_anything_else_is_no_configuration(values):
    with pytest.raises(ModelError):
        ModelConfig.from_dict(values)


def test_filters_are_written_with_hyphens():
    assert parse_filters("9-1-5") == (9, 1, 5)


@pytest.mark.parametrize("text", ["", "9,1,5", "9--5", "a-b", "9-1.5"])
def test_filters_written_otherwise_are_refused(text):
    with pytest.raises(ModelError, match="9-1-5"):
        parse_filters(text)
