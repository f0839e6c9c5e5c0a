"""`Upscaler`, the library's public class: pictures in, larger pictures out."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from srcnn_cli.errors import OutOfMemoryError, UsageError
from srcnn_cli.imaging.levels import CLEAN
from srcnn_cli.imaging.planes import (
    check_pixels,
    has_alpha,
)
from srcnn_cli.methods.base import Timing
from srcnn_cli.methods.selection import Candidates
from srcnn_cli.models.config import DEFAULT_MODEL, ENGINES, PRECISION_CHOICES
from srcnn_cli.upscaling.enlarging import enlarge_pixels
from srcnn_cli.upscaling.stages import Stage, plan_stages
from srcnn_cli.upscaling.upscaled import Upscaled

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.Image import Image

    from srcnn_cli.imaging.levels import Levels
    from srcnn_cli.methods.base import Method
    from srcnn_cli.models.config import EngineName, Precision, PrecisionChoice
    from srcnn_cli.models.networks.base import BorderPolicy

    Picture = TypeVar("Picture", Image, NDArray[Any])

_SMALLEST_TILE = 32


class Upscaler:
    """Loads weights once and enlarges many pictures.

    Most networks see luminance alone (Dong et al. 2014, section 4): R'G'B' becomes Y'CbCr, Y' goes
    through the network and bicubic interpolation, Cb, Cr and alpha through the interpolation, all
    in float32, and the result is rounded once. Grey goes directly through the network. A colour
    network (Dong et al. 2016, section 4.5) takes all of Y'CbCr or R'G'B', and alpha alone is only
    interpolated; of a grey picture it gives the luminance. Where alpha lies between none and full,
    colour times alpha and alpha each go through the network instead (see `transparency`).

    Args:
        model: A shipped model (``srcnn models`` lists them), the path of a weights file, or an
            interpolation: ``nearest``, ``bilinear``, ``bicubic`` or ``lanczos``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        tile: Side of the tiles in pixels of the result; 0 chooses. It changes speed and memory,
            not the result.
        border: Another border policy than the model's own.
        precision: ``float32``, or ``bfloat16``: faster on processors that compute it (AVX-512
            BF16, AMX), and results that differ by a level here and there; ``auto``: bfloat16
            where it is faster and was measured to cost the model less than 0.005 dB.
        engine: ``onnx``, ``openvino``, ``torch``, or ``auto``: ONNX Runtime on the CPU, OpenVINO
            there for bfloat16 (torch, if only that is installed), torch on a GPU.
        overlap: Pixels by which tiles of an ONNX file's network overlap; None: measured.
        self_ensemble: Average networks over the eight flips and turns of a picture: some hundredths
            to tenths of a dB better, eight times slower.

    What runs the networks is imported when it is first needed, not here. An upscaler can
    be copied, pickled and used in processes that are forked after its first use; each of them loads
    the weights anew.

    Raises:
        ModelError: There is no such model, or its file is damaged.
        UsageError: The tile size is negative, there is no such precision or engine, or what is not
            a network is to be averaged.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        device: str = "auto",
        tile: int = 0,
        border: BorderPolicy | None = None,
        precision: PrecisionChoice = "float32",
        engine: EngineName = "auto",
        overlap: int | None = None,
        self_ensemble: bool = False,
    ) -> None:
        if tile < 0:
            raise UsageError(f"a tile has at least 1 pixel (0: automatic), not {tile}")
        if precision not in PRECISION_CHOICES:
            raise UsageError(f"unknown precision {precision!r}: use {', '.join(PRECISION_CHOICES)}")
        if engine not in ENGINES:
            raise UsageError(f"unknown engine {engine!r}: use {', '.join(ENGINES)}")
        self.tile = tile
        self._device_name = device
        self.precision = precision
        self._engine = engine
        given: Any = {"border": border, "precision": precision, "overlap": overlap}
        self.self_ensemble = given["ensemble"] = self_ensemble
        self._candidates = Candidates(str(model), engine=engine, **given)
        self.model = self._candidates.name
        if self_ensemble and not self._candidates.are_networks:
            raise UsageError(f"--self-ensemble is for networks, and {self.model} is none")

    @property
    def engine(self) -> str:
        """What runs the networks: ``onnx``, ``openvino`` or ``torch``; ``none``, if there is none.

        Raises:
            UsageError: The engine does not run there, or not in that precision.
        """
        return self.engine_for(self.plan(1, 1, max(self.scales, default=1)))

    def engine_for(self, stages: list[Stage], levels: Levels = CLEAN) -> str:
        """What runs the networks of some stages, see `engine`."""
        from srcnn_cli.engines.selection import choose_engine

        chosen = choose_engine(self.device, self.precision_for(stages, levels), self._engine)
        return chosen if self.scales else "none"

    def precision_for(self, stages: list[Stage], levels: Levels = CLEAN) -> Precision:
        """What the networks of some stages compute in: bfloat16, if any of them does."""
        if self.precision != "auto":
            return self.precision
        damage = [levels] + [CLEAN] * (len(stages) - 1)
        each = {
            self._candidates.precision(stage.scale, self.device, own, pixels=stage.pixels)
            for stage, own in zip(stages, damage, strict=False)
        }
        return "bfloat16" if "bfloat16" in each else "float32"

    @cached_property
    def device(self) -> str:
        """Where the model runs: ``cpu``, ``cuda``, ``cuda:N``, ``mps``; interpolations on the CPU.

        Raises:
            UsageError: There is no such device.
        """
        from srcnn_cli.engines.devices import find_device

        return find_device(self._device_name if self.scales else "cpu")

    @property
    def scales(self) -> tuple[int, ...]:
        """The factors that the model has weights for; none of an interpolation."""
        return self._candidates.scales

    def load(self, scale: float, levels: Levels = CLEAN) -> None:
        """Load the weights that ``scale`` needs now, rather than with the first picture."""
        self._methods(self.plan(1, 1, scale, levels), levels)

    @property
    def can_restore(self) -> bool:
        """Whether there are weights that undo damage, at whatever factor."""
        return any(self._candidates.restores(scale) for scale in (1, *self.scales))

    def restores(self, scale: float, levels: Levels) -> bool:
        """Whether damage is undone at a factor: whether there are weights for that."""
        stages = self.plan(1, 1, scale, levels)
        return levels != CLEAN and bool(stages) and self._candidates.restores(stages[0].scale)

    def worth_undoing(self, scale: float, levels: Levels) -> Levels:
        """What of the damage that was found in a picture had better be undone at a factor."""
        stages = self.plan(1, 1, scale, levels)
        return self._candidates.worth_undoing(stages[0].scale, levels) if stages else levels

    def border_of(self, stages: list[Stage]) -> BorderPolicy | None:
        """The border policy of the last stage's network; None if no network was run."""
        return self._method(stages[-1]).border if stages else None

    def upscale(
        self,
        picture: Picture,
        scale: float,
        levels: Levels = CLEAN,
        *,
        progress: Callable[[float], object] | None = None,
    ) -> Picture:
        """Enlarge a picture.

        Args:
            picture: A Pillow image, or an array: (H, W) grey, (H, W, 1 to 4) grey, grey and alpha,
                R'G'B' or R'G'B' and alpha, or a row of those, (N, H, W, 1 to 4); uint8, uint16, or
                floating-point values in [0, 1]. Images of 16-bit grey stay that; other modes
                (palette, CMYK, 1 bit) become the nearest of grey, RGB and these with alpha.
            scale: 1 to 16, not necessarily whole.
            levels: How damaged it is, see `upscale_pixels`.
            progress: Told time and again how much is done, 0 to 1; see `upscale_pixels`.

        Returns:
            An image or array of sides ``round(scale * side)``, of the same kind as the input. Of
            an image the orientation is applied, and colour profile, resolution and EXIF are in its
            ``info``.

        Raises:
            InputError: It is neither, the image is of a mode that has no picture in it (``F``,
                ``I``), floating-point values are far out of [0, 1], and as in `upscale_pixels`.
        """
        from srcnn_cli.upscaling.arrays import enlarge_array, no_picture
        from srcnn_cli.upscaling.images import enlarge_image

        told: Callable[[float], object] = progress or _ignore

        def enlarge(pixels: NDArray[Any], progress: Callable[[float], object]) -> NDArray[Any]:
            return self.upscale_pixels(pixels, scale, progress, levels).pixels

        if isinstance(picture, np.ndarray):
            return enlarge_array(picture, enlarge, told)
        from PIL import Image

        if not isinstance(picture, Image.Image):
            raise no_picture(picture)
        return enlarge_image(picture, lambda pixels: enlarge(pixels, told))

    def upscale_pixels(
        self,
        pixels: NDArray[Any],
        scale: float,
        progress: Callable[[float], object] | None = None,
        levels: Levels = CLEAN,
    ) -> Upscaled:
        """Enlarge an array, and say how long each step took.

        Args:
            pixels: (H, W) grey, (H, W, 2) grey and alpha, (H, W, 3) R'G'B' or (H, W, 4) with
                alpha; uint8, uint16, or float32 in [0, 1].
            scale: 1 to 16.
            progress: Told time and again how much of the networks' work is done, 0 to 1; from the
                beginning again where tiles had to be made smaller.
            levels: How damaged the picture is (`restoring` finds out). Damage is undone where there
                are weights for that, and at a scale of 1 nothing else is done.

        Raises:
            InputError: The array is no picture.
            UsageError: The scale is out of range.
            ModelError: The weights do not load.
            OutOfMemoryError: Even the smallest tiles do not fit.
        """
        check_pixels(pixels)
        if scale != 1 and has_alpha(pixels):
            from srcnn_cli.upscaling.transparency import has_soft_alpha, upscale_in_parts

            if has_soft_alpha(pixels):
                in_parts = partial(self.upscale_pixels, levels=levels)
                return upscale_in_parts(in_parts, pixels, scale, progress)
        height, width = pixels.shape[:2]
        stages = self.plan(height, width, scale, levels)
        if not stages:
            return Upscaled(pixels.copy(), Timing(), [], 0, ())
        last = stages[-1]
        methods = self._methods(stages, levels)
        before = stages[-2].height if len(stages) > 1 else height  # what the last stage begins with
        tile = self.tile or methods[-1].best_tile(last.height, last.width, last.height / before)
        notes = self._remarks(scale)
        while True:
            try:
                enlarged, timing = enlarge_pixels(
                    pixels, stages, methods, tile, progress or _ignore
                )
            except OutOfMemoryError:
                if tile <= _SMALLEST_TILE:
                    raise
                tile = max(_SMALLEST_TILE, tile // 2)
                notes = (*self._remarks(scale), f"memory ran short: done in tiles of {tile}")
            else:
                return Upscaled(enlarged, timing, stages, tile, notes)

    def _remarks(self, scale: float) -> tuple[str, ...]:
        remarks: list[str] = []
        if not self.scales:
            return ()
        if 1 < scale == int(scale) <= max(self.scales) and scale not in self.scales:
            trained = ", ".join(f"×{known}" for known in self.scales)
            remarks.append(f"{self.model} was trained for {trained}, not for ×{scale:g}")
        if self.precision == "bfloat16":
            from srcnn_cli.engines import selection

            if not selection.fast_bfloat16(self.device, self._engine):
                remarks.append(f"bfloat16 is no faster than float32 on this {self.device}")
        return tuple(remarks)

    def plan(self, height: int, width: int, scale: float, levels: Levels = CLEAN) -> list[Stage]:
        """How so many pixels are enlarged, see `stages`."""
        if scale == 1 and levels != CLEAN and self._candidates.restores(1):
            return [Stage(height, width, 1)]
        if scale != 1 and not self.scales and self._candidates.are_networks:
            raise UsageError(f"{self.model} restores without enlarging: its scale is 1")
        return plan_stages(height, width, scale, self.scales, fixed=self._candidates.fixed)

    def _methods(self, stages: list[Stage], levels: Levels) -> list[Method]:
        """What is damaged is the input of the first stage alone."""
        first = [self._method(stage, levels) for stage in stages[:1]]
        return first + [self._method(stage) for stage in stages[1:]]

    def _method(self, stage: Stage, levels: Levels = CLEAN) -> Method:
        return self._candidates.method(stage.scale, self.device, levels, pixels=stage.pixels)


def _ignore(_share: float) -> None:
    """Progress that nobody wants to know."""
