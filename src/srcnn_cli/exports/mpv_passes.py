"""The passes of a shader for mpv.

A pass is a block of GLSL under lines that begin with ``//!``: what it is hooked into, the textures
that it reads and the one that it writes (https://mpv.io/manual/stable/#options-glsl-shader). Of a
texture NAME there are NAME_pos, NAME_size, NAME_pt and NAME_tex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from srcnn_cli.exports.folding import BICUBIC_RADIUS, bicubic_line, plain_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from srcnn_cli.exports.base import Exported
    from srcnn_cli.exports.folding import PlainLayer

_LUMA = "HOOKED"
# Where the picture is shown larger by a tenth or more.
_WHEN = "//!WHEN OUTPUT.w HOOKED.w 1.1 * >"
_ACTIVATED = {
    "none": "s",
    "relu": "max(s, vec4(0.0))",
    "tanh": "tanh(s)",
    "prelu": "max(s, vec4(0.0)) + min(s, vec4(0.0)) * {slope}",
}


def layer_passes(network: Exported) -> Iterator[str]:
    """The passes of the convolutions: one for every four maps."""
    sources = [_LUMA]
    layers = plain_layers(network.config, network.tensors)
    for index, layer in enumerate(layers):
        targets = _textures(network, index)
        for group, target in enumerate(targets):
            head = _head(network, f"layer {index + 1}", sources)
            yield _layer_pass(head, layer, group, sources, target)
        sources = targets


def last_pass(network: Exported) -> str:
    """The enlarged luminance."""
    factor = network.config.factor
    maps = _textures(network, len(network.config.layers) - 1)
    choice = "".join(
        f"    {'if' if group == 0 else 'else if'} (k < {4 * group + 4}) "
        f"value = {name}_tex(at)[k - {4 * group}];\n"
        for group, name in enumerate(maps)
    )
    added = _BICUBIC if network.config.residual else ""
    lines = bicubic_line(factor)
    taps = lines.shape[1]
    weights = ", ".join(_number(value) for value in lines.ravel())
    return f"""{_head(network, "result", [_LUMA, *maps])}
//!WIDTH {_LUMA}.w {factor} *
//!HEIGHT {_LUMA}.h {factor} *
const float line[{lines.size}] = float[{lines.size}]({weights});
float luma(ivec2 q) {{
    ivec2 size = ivec2({_LUMA}_size);
    q = max(q, -q - 1);
    q = min(q, 2 * size - 1 - q);
    return {_LUMA}_tex((vec2(q) + 0.5) * {_LUMA}_pt).x;
}}
vec4 hook() {{
    vec2 place = {_LUMA}_pos * {_LUMA}_size;
    ivec2 p = ivec2(floor(place)), sub = min(ivec2((place - vec2(p)) * {factor}.0), {factor - 1});
    vec2 at = (vec2(p) + 0.5) * {_LUMA}_pt;
    int k = sub.y * {factor} + sub.x;
    float value = 0.0;
{choice}{added.format(taps=taps, radius=BICUBIC_RADIUS)}    return vec4(value, 0.0, 0.0, 1.0);
}}
"""


_BICUBIC = """    for (int y = 0; y < {taps}; y++)
        for (int x = 0; x < {taps}; x++)
            value += line[sub.y * {taps} + y] * line[sub.x * {taps} + x]
                * luma(p + ivec2(x, y) - {radius});
"""


def _layer_pass(
    head: str, layer: PlainLayer, group: int, sources: Sequence[str], target: str
) -> str:
    """Maps ``4 group`` to ``4 group + 3`` of a layer."""
    side, radius = layer.side, layer.side // 2
    own = slice(4 * group, 4 * group + 4)
    weight = _filled(layer.weight[own], 4 * len(sources) if sources[0] != _LUMA else 1)
    sums = []
    for source, name in enumerate(sources):
        for y in range(side):
            for x in range(side):
                place = f"p + ivec2({x - radius}, {y - radius})"
                if name == _LUMA:
                    sums.append(f"    s += {_vector(weight[:, 0, y, x])} * {name}_at({place}).x;")
                else:
                    four = weight[:, 4 * source : 4 * source + 4, y, x]
                    sums.append(f"    s += {_matrix(four)} * {name}_at({place});")
    after = ""
    if layer.after is not None:
        after = f"""    ivec2 valid = min(size - 1, p + {radius}) - max(ivec2(0), p - {radius}) + 1;
    s = s * ({side**2}.0 / float(valid.x * valid.y)) + {_vector(_filled(layer.after[own]))};
"""
    slope = "" if layer.slope is None else _vector(_filled(layer.slope[own]))
    result = _ACTIVATED[layer.activation].format(slope=slope)
    lookups = "\n".join(_lookup(name, layer.outside) for name in sources)
    summed = "\n".join(sums)
    return f"""{head}
//!SAVE {target}
//!COMPONENTS 4
{lookups}
vec4 hook() {{
    ivec2 size = ivec2({sources[0]}_size), p = ivec2(floor({sources[0]}_pos * {sources[0]}_size));
    vec4 s = {_vector(_filled(layer.bias[own]))};
{summed}
{after}    return {result};
}}
"""


def _head(network: Exported, words: str, sources: Sequence[str]) -> str:
    lines = [f"//!DESC {network.name}, {words}", "//!HOOK LUMA"]
    lines += [f"//!BIND {name}" for name in sources]  # 16 at most
    lines += [_WHEN] if network.config.factor > 1 else []
    return "\n".join(lines)


def _lookup(name: str, outside: float | None) -> str:
    """A function that reads a texture at a pixel, which may lie outside."""
    inside = f"{name}_tex((vec2(clamp(q, ivec2(0), size - 1)) + 0.5) * {name}_pt)"
    if outside is not None:
        inside = (
            f"all(equal(q, clamp(q, ivec2(0), size - 1))) ? {inside} : vec4({_number(outside)})"
        )
    return f"vec4 {name}_at(ivec2 q) {{ ivec2 size = ivec2({name}_size); return {inside}; }}"


def _textures(network: Exported, layer: int) -> list[str]:
    """Names for the maps of a layer; every other layer has the same."""
    groups = -(-network.config.layers[layer].outputs // 4)
    return [f"MAPS{'AB'[layer % 2]}{group}" for group in range(groups)]


def _filled(values: NDArray[np.float32], inputs: int | None = None) -> NDArray[np.float32]:
    """With zeros for maps that there are not, to a multiple of four."""
    shape = (4, *values.shape[1:]) if inputs is None else (4, inputs, *values.shape[2:])
    result = np.zeros(shape, np.float32)
    result[tuple(slice(length) for length in values.shape)] = values
    return result


def _vector(values: NDArray[np.float32]) -> str:
    return f"vec4({', '.join(_number(value) for value in values)})"


def _matrix(four: NDArray[np.float32]) -> str:
    """(out, in): GLSL names the columns, one for each input."""
    return f"mat4({', '.join(_number(value) for value in four.T.ravel())})"


def _number(value: float) -> str:
    text = f"{value:.7g}"
    return text if "." in text or "e" in text else f"{text}.0"
