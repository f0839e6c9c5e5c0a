"""A network written by `srcnn export --format torch`, run by PyTorch alone.

    srcnn export subpixel-s --scale 2 --format torch
    python exported_network.py subpixel-s-x2.pth photo.jpg large.png --border normalize --scale 2

The state dict holds the weights, the options say the rest, which `srcnn models` prints:

* srcnn-9-1-5, srcnn-9-5-5: ``--border replicate --interpolated --no-residual``
* vdsr-20: ``--border zero --interpolated``
* subpixel-s: ``--border normalize``
"""

import argparse

import numpy as np
import torch
from PIL import Image
from torch.nn import functional


class ExportedNetwork(torch.nn.Module):
    """Convolutions with ReLUs between them.

    Args:
        state: ``conv1.weight``, ``conv1.bias``, and so on.
        border: What lies outside the picture: ``normalize``, ``replicate`` or ``zero``.
        scale: The factor by which it enlarges; 1 if it takes pictures that are enlarged already.
        residual: Whether the bicubic enlargement is added to its result.
        mean: What was subtracted from pictures in training; it is part of the biases.
    """

    def __init__(self, state, *, border, scale=1, residual=True, mean=0.5):
        super().__init__()
        self.border, self.scale, self.residual, self.mean = border, scale, residual, mean
        self.count = sum(name.endswith("weight") for name in state)
        for name, value in state.items():
            self.register_parameter(name.replace(".", "_"), torch.nn.Parameter(value))

    def forward(self, planes):
        """(N, 1, H, W), luminance in [0, 1], enlarged and not clipped."""
        values = planes
        for index in range(1, self.count + 1):
            weight = getattr(self, f"conv{index}_weight")
            bias = getattr(self, f"conv{index}_bias")
            values = self.convolved(values, weight, bias, outside=self.mean if index == 1 else 0.0)
            if index < self.count:
                values = functional.relu(values)
        values = functional.pixel_shuffle(values, self.scale)
        if self.residual:
            values = values + enlarged(planes, self.scale)
        return values

    def convolved(self, values, weight, bias, outside):
        """One layer, as large as its input."""
        radius = weight.shape[-1] // 2
        if self.border == "replicate":
            padded = functional.pad(values, [radius] * 4, mode="replicate")
            return functional.conv2d(padded, weight, bias)
        result = functional.conv2d(functional.pad(values, [radius] * 4, value=outside), weight)
        if self.border == "normalize" and radius:
            # Divided by the share of the filter that lies in the picture (Dong et al., ECCV 2014).
            ones = torch.ones_like(values[:, :1])
            share = functional.avg_pool2d(ones, 2 * radius + 1, stride=1, padding=radius)
            of_mean = outside * weight.sum((1, 2, 3))[:, None, None]
            result = (result - of_mean) / share + of_mean
        return result + bias[:, None, None]


def enlarged(planes, scale):
    """Keys' bicubic with a = -0.5, which torch has as ``antialias``, and symmetric edges."""
    if scale == 1:
        return planes
    for axis in (-2, -1):
        length = planes.shape[axis]
        first = planes.narrow(axis, 0, 2).flip(axis)
        last = planes.narrow(axis, length - 2, 2).flip(axis)
        planes = torch.cat([first, planes, last], axis)
    planes = functional.interpolate(planes, scale_factor=scale, mode="bicubic", antialias=True)
    return planes[..., 2 * scale : -2 * scale, 2 * scale : -2 * scale]


def main():
    """Enlarge a picture: luminance by the network, the other planes bicubically."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state")
    parser.add_argument("picture")
    parser.add_argument("result")
    parser.add_argument("--border", required=True)
    parser.add_argument("--scale", type=int, default=3)
    parser.add_argument("--interpolated", action="store_true")
    parser.add_argument("--no-residual", dest="residual", action="store_false")
    options = parser.parse_args()
    network = ExportedNetwork(
        torch.load(options.state, weights_only=True),
        border=options.border,
        scale=1 if options.interpolated else options.scale,
        residual=options.residual,
    )
    rgb = np.asarray(Image.open(options.picture).convert("RGB"), np.float64) / 255
    # BT.601, as MATLAB's rgb2ycbcr.
    matrix = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112], [112, -93.786, -18.214]])
    ycbcr = rgb @ matrix.T + [16, 128, 128]
    planes = torch.from_numpy(ycbcr.transpose(2, 0, 1)[:, None] / 255).float()
    large = enlarged(planes, options.scale)
    with torch.inference_mode():
        source = large[:1] if options.interpolated else planes[:1]
        result = torch.cat([network(source), large[1:]])[:, 0].double().numpy() * 255
    rgb = (result.transpose(1, 2, 0) - [16, 128, 128]) @ np.linalg.inv(matrix).T
    Image.fromarray(np.uint8(rgb.clip(0, 1) * 255 + 0.5)).save(options.result)


if __name__ == "__main__":
    main()
