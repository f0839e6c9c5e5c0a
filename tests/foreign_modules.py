"""Networks as PyTorch code has them: the modules whose weights are imported in the tests."""

# ruff: noqa: D102

import numpy as np
import torch
from torch import nn


def randomize(module, seed=0):
    """Weights and slopes that matter, the same on every machine."""
    rng = np.random.default_rng(seed)
    for parameter in module.parameters():
        spread = 0.3 if parameter.ndim < 2 else parameter[0].numel() ** -0.5
        values = rng.normal(0, spread, tuple(parameter.shape)).astype(np.float32)
        parameter.data = torch.from_numpy(values)
    return module.eval()


class Srcnn(nn.Module):
    """As most code has it: padded by zeros, ReLU as functions."""

    def __init__(self, mode="zeros"):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 9, padding=4, padding_mode=mode)
        self.conv2 = nn.Conv2d(6, 4, 1)
        self.conv3 = nn.Conv2d(4, 1, 5, padding=2, padding_mode=mode)

    def forward(self, planes):
        return self.conv3(torch.relu(self.conv2(torch.relu(self.conv1(planes)))))


class Block(nn.Module):
    """A layer of VDSR."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(5, 5, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, planes):
        return self.relu(self.conv(planes))


class Vdsr(nn.Module):
    """As the best-known code has it: the body is defined before the first layer."""

    def __init__(self):
        super().__init__()
        self.residual_layer = nn.Sequential(*[Block() for _ in range(8)])
        self.input = nn.Conv2d(1, 5, 3, padding=1, bias=False)
        self.output = nn.Conv2d(5, 1, 3, padding=1, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, planes):
        features = self.residual_layer(self.relu(self.input(planes)))
        return self.output(features) + planes


class Espcn(nn.Module):
    """Three layers on the low resolution, and a shuffle."""

    def __init__(self, scale=3, channels=1, activation=nn.Tanh):
        super().__init__()
        self.first_part = nn.Sequential(
            nn.Conv2d(channels, 8, 5, padding=2),
            activation(),
            nn.Conv2d(8, 6, 3, padding=1),
            activation(),
        )
        self.last_part = nn.Sequential(
            nn.Conv2d(6, channels * scale**2, 3, padding=1), nn.PixelShuffle(scale)
        )

    def forward(self, planes):
        return self.last_part(self.first_part(planes))


class Fsrcnn(nn.Module):
    """Narrow in the middle, with a transposed convolution at the end."""

    def __init__(self, scale=2, channels=1, side=9, padding=4, slopes=True):
        super().__init__()
        self.first_part = nn.Sequential(
            nn.Conv2d(channels, 8, 5, padding=2), nn.PReLU(8 if slopes else 1)
        )
        self.mid_part = nn.Sequential(
            nn.Conv2d(8, 4, 1), nn.PReLU(4 if slopes else 1),
            nn.Conv2d(4, 4, 3, padding=1), nn.PReLU(4 if slopes else 1),
            nn.Conv2d(4, 8, 1), nn.PReLU(8 if slopes else 1),
        )  # fmt: skip
        self.last_part = nn.ConvTranspose2d(
            8, channels, side, stride=scale, padding=padding,
            output_padding=scale - side + 2 * padding,
        )  # fmt: skip

    def forward(self, planes):
        return self.last_part(self.mid_part(self.first_part(planes)))
