"""Bending the flat sheet into a city: a smooth one-to-one map of the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["Bend"]

Floats = npt.NDArray[np.float64]

WAVES = 7


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """Moves points of the sheet (metres from its centre) to points of the city's zone.

    A sum of long waves, one strong wave along the river, and a pull of the corners towards the
    centre. The slopes are small enough that no two points change places.
    """

    half_m: float
    origin_xy_m: tuple[float, float]
    river_y_m: float
    river_waves: Floats  # (k, 3) amplitude, wavelength, phase
    waves: Floats  # (k, 5) amplitude x, amplitude y, wave number x, wave number y, phase
    roundness: float = 0.45

    @classmethod
    def random(
        cls,
        half_m: float,
        origin_xy_m: tuple[float, float],
        river_y_m: float,
        rng: np.random.Generator,
    ) -> Bend:
        """Draw the waves of a city of this half-width."""
        longest = min(2.2 * half_m, 5200.0)
        lengths = np.array([longest, longest / 2.6])
        slopes = np.array([0.24, 0.09])
        river = np.column_stack(
            [slopes * lengths / (2 * np.pi), lengths, rng.uniform(0, 2 * np.pi, 2)]
        )
        angles = rng.uniform(0, np.pi, WAVES)
        longest = max(2600.0, 3.2 * half_m)
        wavelengths = np.geomspace(620.0, longest, WAVES) * rng.uniform(0.85, 1.15, WAVES)
        numbers = 2 * np.pi / wavelengths
        slope = np.linspace(0.04, 0.065, WAVES)
        across = rng.uniform(0, 2 * np.pi, WAVES)
        waves = np.column_stack(
            [
                slope / numbers * np.cos(across),
                slope / numbers * np.sin(across),
                numbers * np.cos(angles),
                numbers * np.sin(angles),
                rng.uniform(0, 2 * np.pi, WAVES),
            ]
        )
        return cls(half_m, origin_xy_m, river_y_m, river, waves)

    def points(self, xy_m: Floats) -> Floats:
        """Move points, shape (n, 2); the answer is rounded to whole millimetres."""
        x, y = xy_m[:, 0], xy_m[:, 1]
        u, v = np.clip(x / self.half_m, -1.2, 1.2), np.clip(y / self.half_m, -1.2, 1.2)
        east = x * (1 - self.roundness * (1 - np.sqrt(1 - v**2 / 2.9)))
        north = y * (1 - self.roundness * (1 - np.sqrt(1 - u**2 / 2.9)))
        for amplitude_x, amplitude_y, kx, ky, phase in self.waves:
            wave = np.sin(kx * x + ky * y + phase)
            east = east + amplitude_x * wave
            north = north + amplitude_y * wave
        reach = np.exp(-(((y - self.river_y_m) / (0.55 * self.half_m)) ** 2))
        for amplitude, length, phase in self.river_waves:
            north = north + amplitude * np.sin(2 * np.pi * x / length + phase) * reach
        moved = np.column_stack([east + self.origin_xy_m[0], north + self.origin_xy_m[1]])
        return np.round(moved, 3)

    def lines(self, paths: Sequence[Floats], *, step_m: float) -> npt.NDArray[np.object_]:
        """Bend paths (each shape (k, 2)); straight stretches get a vertex every `step_m`."""
        dense, owner = _densified(paths, step_m=step_m, closed=False)
        return np.asarray(shapely.linestrings(self.points(dense), indices=owner), dtype=object)

    def polygons(self, rings: Sequence[Floats], *, step_m: float) -> npt.NDArray[np.object_]:
        """Bend rings (each shape (k, 2), not closed) into polygons."""
        dense, owner = _densified(rings, step_m=step_m, closed=True)
        bent = shapely.linearrings(self.points(dense), indices=owner)
        return np.asarray(shapely.polygons(bent), dtype=object)


def _densified(
    paths: Sequence[Floats], *, step_m: float, closed: bool
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Put a vertex at least every `step_m`; the given vertices are kept exactly.

    The vertices lie on the grid of each segment in a fixed direction, so that a segment and its
    reverse are bent alike.
    """
    full = [np.vstack([path, path[:1]]) if closed else np.asarray(path) for path in paths]
    sizes = np.array([len(path) for path in full])
    xy = np.vstack(full)
    owner = np.repeat(np.arange(len(full)), sizes)
    inner = owner[:-1] == owner[1:]
    start, step = xy[:-1], np.diff(xy, axis=0)
    pieces = np.maximum(1, np.ceil(np.hypot(step[:, 0], step[:, 1]) / step_m).astype(int))
    pieces[~inner] = 1
    row = np.repeat(np.arange(len(pieces)), pieces)
    first = np.cumsum(pieces) - pieces
    share = (np.arange(len(row)) - first[row]) / pieces[row]
    dense = start[row] + share[:, None] * step[row]
    return np.vstack([dense, xy[-1:]]), np.append(owner[row], owner[-1])
