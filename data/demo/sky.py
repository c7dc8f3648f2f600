"""What satellites see of the demo city: greenness of two years, night light, land cover."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyproj
import rasterio
import shapely
from rasterio.features import rasterize
from scipy.ndimage import gaussian_filter

from data.demo.ground import Ground
from data.demo.idleness import Idleness
from data.demo.people import Homes
from spatial.city.model import Raster

__all__ = ["sky_rasters"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]

BEFORE: Final = 2016
AFTER: Final = 2025
GREEN: Final = {
    "park": 0.58,
    "hill": 0.66,
    "pocket_park": 0.5,
    "estate": 0.27,
    "university": 0.33,
    "sports": 0.3,
    "vacant": 0.14,
    "construction_stopped": 0.12,
}
"""NDVI of a parcel in the first year; 0.15 elsewhere."""
BUILT, BARE, TREES, GRASS, WATER = 50, 60, 10, 30, 80
"""Codes of ESA WorldCover."""


def sky_rasters(
    bounds_m: tuple[float, float, float, float],
    ground: Ground,
    homes: Homes,
    idleness: Idleness,
    rng: np.random.Generator,
    *,
    crs: pyproj.CRS,
) -> dict[str, Raster]:
    """Draw grids of 10 m (night light 30 m; both coarser in a very large city).

    Land idle for years has turned green, land cleared lately is bare; so have a few new gardens,
    and so are a few yards in daily use. Buildings without users are dark; so are schools and
    half of the workshops.
    """
    wide = bounds_m[2] - bounds_m[0] > 9000
    grid = _Grid.over(bounds_m, 20.0 if wide else 10.0)
    base = grid.burn(ground.parcels, [GREEN.get(kind, 0.15) for kind in ground.kind], fill=0.12)
    base = grid.burn(homes.buildings.geometry.to_numpy(), 0.08, over=base)
    later = base + 0.02
    later = grid.burn(idleness.wild, rng.uniform(0.26, 0.52, len(idleness.wild)), over=later)
    later = grid.burn(idleness.gardens, rng.uniform(0.3, 0.5, len(idleness.gardens)), over=later)
    noisy = [
        np.clip(values + rng.normal(0, 0.035, values.shape), -1, 1) for values in (base, later)
    ]
    cover = grid.burn(ground.parcels, [_cover(kind) for kind in ground.kind], fill=BUILT)
    cover = grid.burn(ground.water, WATER, over=cover)
    cover = grid.burn(idleness.wild, GRASS, over=cover)
    cover = grid.burn(np.concatenate([idleness.cleared, idleness.yards]), BARE, over=cover)
    cover = np.where(rng.random(cover.shape) < 0.02, BARE, cover)
    dark = _Grid.over(bounds_m, 60.0 if wide else 30.0)
    light = dark.light(homes.buildings.geometry.to_numpy(), idleness.lit)
    light = np.maximum(
        light * rng.lognormal(0, 0.08, light.shape) + rng.normal(0, 0.2, light.shape), 0
    )
    return {
        f"greenness_{BEFORE}": grid.raster(noisy[0].round(3), crs, "1"),
        f"greenness_{AFTER}": grid.raster(noisy[1].round(3), crs, "1"),
        f"land_cover_{AFTER}": grid.raster(cover, crs, "code"),
        f"night_light_{AFTER}": dark.raster(light.round(2), crs, "nW/cm2/sr"),
    }


def _cover(kind: str) -> int:
    return {"park": TREES, "hill": TREES, "pocket_park": GRASS}.get(kind, BUILT)


class _Grid:
    """Cells of a size, from a north-west corner."""

    def __init__(self, west: float, north: float, cell_m: float, shape: tuple[int, int]) -> None:
        self.cell_m, self.shape = cell_m, shape
        self.transform = rasterio.Affine(cell_m, 0.0, west, 0.0, -cell_m, north)

    @classmethod
    def over(cls, bounds_m: tuple[float, float, float, float], cell_m: float) -> _Grid:
        west = float(np.floor(bounds_m[0] / cell_m) * cell_m)
        north = float(np.ceil(bounds_m[3] / cell_m) * cell_m)
        columns = int(np.ceil((bounds_m[2] - west) / cell_m)) + 1
        rows = int(np.ceil((north - bounds_m[1]) / cell_m)) + 1
        return cls(west, north, cell_m, (rows, columns))

    def burn(
        self,
        shapes: Objects,
        values: float | list[float] | Floats,
        *,
        fill: float = 0.0,
        over: Floats | None = None,
    ) -> Floats:
        """Write values into the cells whose middle a shape covers."""
        out = np.full(self.shape, fill) if over is None else over.copy()
        if len(shapes):
            each = np.broadcast_to(np.asarray(values, dtype=float), len(shapes))
            rasterize(zip(shapes, each, strict=True), out=out, transform=self.transform)
        return out

    def light(self, shapes: Objects, per_m2: Floats) -> Floats:
        """Light of the buildings by cell, spread as a sensor spreads it."""
        xy = shapely.get_coordinates(shapely.centroid(shapes))
        column = np.floor((xy[:, 0] - self.transform.c) / self.cell_m).astype(int)
        row = np.floor((self.transform.f - xy[:, 1]) / self.cell_m).astype(int)
        rows, columns = self.shape
        emitted = np.bincount(
            row * columns + column, per_m2 * shapely.area(shapes), minlength=rows * columns
        )
        cells = emitted.reshape(self.shape) / self.cell_m**2
        return np.asarray(gaussian_filter(cells, sigma=0.6), dtype=np.float64)

    def raster(self, values: Floats, crs: pyproj.CRS, unit: str) -> Raster:
        a, b, c, d, e, f = self.transform[:6]
        return Raster(values.astype(np.float64), (a, b, c, d, e, f), crs, unit)
