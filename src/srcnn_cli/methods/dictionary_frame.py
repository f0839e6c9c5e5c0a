"""The frame of all dictionaries: derivatives of an enlargement, patch by patch, and back.

Patches overlap by whole cells of ``step`` pixels, so nothing is gathered for each patch: what a
cell gives to the patches that cover it is computed once, and added where it belongs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Frame:
    """Cuts and joins.

    Args:
        side: Of a patch, in pixels of the enlargement.
        step: Of them, from one patch to the next.
        taps: Of them, between the taps of a derivative.

    Attributes:
        side: See there.
        cell: Pixels of the enlargement along a side of a cell.
        across: Cells along a side of a patch.
        margin: Pixels of the enlargement that derivatives reach beyond their cells.
    """

    def __init__(self, side: int, step: int, taps: int) -> None:
        self.side, self.cell, self.margin = side, step, taps
        self.across = side // step
        self._near, self._far = taps // 2, -(-taps // 2)

    def derivatives(self, enlarged: NDArray[Any]) -> NDArray[Any]:
        """First and halved second differences down and across, cell by cell.

        Args:
            enlarged: (H + 2 margin, W + 2 margin), H and W multiples of ``cell``.

        Returns:
            (H / cell, W / cell, 4 cell²).
        """
        margin, near, far = self.margin, self._near, self._far
        height, width = (side - 2 * margin for side in enlarged.shape)

        def moved(down: int, across: int) -> NDArray[Any]:
            top, left = margin + down, margin + across
            return enlarged[top : top + height, left : left + width]

        centre = moved(0, 0)
        filtered = np.stack([
            moved(0, far) - moved(0, -near),
            moved(far, 0) - moved(-near, 0),
            (moved(0, margin) + moved(0, -margin)) / 2 - centre,
            (moved(margin, 0) + moved(-margin, 0)) / 2 - centre,
        ])  # fmt: skip
        return self.cells(filtered)

    def cells(self, planes: NDArray[Any]) -> NDArray[Any]:
        """(C, H, W) planes cell by cell: (H / cell, W / cell, C cell²)."""
        channels, height, width = planes.shape
        cell = self.cell
        grid = planes.reshape(channels, height // cell, cell, width // cell, cell)
        turned = grid.transpose(1, 3, 0, 2, 4)
        result: NDArray[Any] = turned.reshape(height // cell, width // cell, -1)
        return result

    def patches(self, cells: NDArray[Any], *, stride: int = 1) -> NDArray[Any]:
        """Every ``stride``-th patch of (R, C, n) cells: (patches, across² n)."""
        across = self.across
        rows, columns = (side - across + 1 for side in cells.shape[:2])
        parts = [
            cells[i : i + rows : stride, j : j + columns : stride]
            for i in range(across)
            for j in range(across)
        ]
        return np.concatenate(parts, axis=2).reshape(-1, across**2 * cells.shape[2])

    def project(self, cells: NDArray[Any], projection: NDArray[Any]) -> NDArray[Any]:
        """`patches` times (across² n, d), for all patches: (rows, columns, d)."""
        across = self.across
        rows, columns = (side - across + 1 for side in cells.shape[:2])
        parts = projection.reshape(across**2, cells.shape[2], -1)
        result = np.zeros((rows, columns, parts.shape[2]), cells.dtype)
        for index, part in enumerate(parts):
            i, j = divmod(index, across)
            result += cells[i : i + rows, j : j + columns] @ part
        return result

    def add_up(self, details: NDArray[Any]) -> NDArray[Any]:
        """Patches (rows, columns, across² cell²) laid over one another, and their sums.

        Returns:
            (rows + across - 1, columns + across - 1, cell²), cell by cell.
        """
        across = self.across
        rows, columns = details.shape[:2]
        parts = details.reshape(rows, columns, across**2, self.cell**2)
        sums = np.zeros((rows + across - 1, columns + across - 1, self.cell**2), details.dtype)
        for index in range(across**2):
            i, j = divmod(index, across)
            sums[i : i + rows, j : j + columns] += parts[:, :, index]
        return sums

    def plane(self, cells: NDArray[Any]) -> NDArray[Any]:
        """The inverse of `cells` for one plane: (R, C, cell²) as (R cell, C cell)."""
        rows, columns = cells.shape[:2]
        grid = cells.reshape(rows, columns, self.cell, self.cell)
        turned = grid.transpose(0, 2, 1, 3)
        result: NDArray[Any] = turned.reshape(rows * self.cell, columns * self.cell)
        return result
