"""What a browser needs of every neighbourhood to compute figures of districts at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.deps import DraftsDep, StoreDep
from app.plans.planning import reading
from app.plans.schemas import Atoms
from app.store.rows import current_version
from spatial.plans import FIGURES, Ground

router = APIRouter(prefix="/cities/{city}/atoms", tags=["plans"])


@router.get("", response_model=Atoms)
def read_atoms(city: str, store: StoreDep, drafts: DraftsDep) -> Response:
    """Tell sizes, needs, links and shared boundaries, as columns; they change with the data."""
    with reading(store.engine) as connection:
        version = current_version(connection, city)
        ground = drafts.ground(connection, version)
    headers = {"ETag": f'"{version.data_version}"', "Cache-Control": "no-cache"}
    return JSONResponse({"data_version": version.data_version, **atoms(ground)}, headers=headers)


def atoms(ground: Ground) -> dict[str, Any]:
    """Return the columns; bits of kinds come as two numbers of 32 bits (low, high)."""
    project = pyproj.Transformer.from_crs(ground.crs, ground.crs.geodetic_crs, always_xy=True)
    lon, lat = project.transform(ground.xy_m[:, 0], ground.xy_m[:, 1])
    pairs, pooling = ground.pairs, ground.pooling
    offices = np.array([*ground.offices, None], dtype=object)
    return {
        "kinds": [kind.split(":", 1)[0] for kind in pooling.kinds],
        "layers": [kind.partition(":")[2] or None for kind in pooling.kinds],
        "parts": [{"part": name, "unit": unit} for name, unit in FIGURES.items()],
        "units": {
            "id": ground.ids.tolist(),
            "name": ground.name.tolist(),
            "lon": _rounded(lon, 7),
            "lat": _rounded(lat, 7),
            "x_m": _rounded(ground.xy_m[:, 0], 2),
            "y_m": _rounded(ground.xy_m[:, 1], 2),
            "households": _rounded(ground.households, 3),
            "persons": _rounded(ground.persons, 3),
            "area_m2": _rounded(ground.area_m2, 2),
            "cell_m2": _rounded(ground.cell_m2, 2),
            "perimeter_m": _rounded(ground.perimeter_m, 2),
            "subdistrict": offices[ground.office].tolist(),
            "missing": _halves(ground.missing),
            "offers": _halves(ground.offers),
            "eligible": ground.admitted.tolist(),
        },
        "links": {
            "a": pairs.a.tolist(),
            "b": pairs.b.tolist(),
            "shared_m": _rounded(pairs.shared_m, 2),
            "walk_m": _rounded(pairs.walk_m, 1),
            "barrier": pairs.barrier.tolist(),
            "linked": pairs.linked.tolist(),
        },
        "closes": {
            "u": pooling.row.tolist(),
            "v": pooling.other.tolist(),
            "bits": _halves(pooling.bits),
        },
    }


def _rounded(values: Any, digits: int) -> list[float | None]:
    return [round(v, digits) if v == v else None for v in np.asarray(values).tolist()]  # noqa: PLR0124  (NaN)


def _halves(bits: Any) -> list[list[int]]:
    low = (bits & np.uint64(0xFFFFFFFF)).tolist()
    high = (bits >> np.uint64(32)).tolist()
    return [list(pair) for pair in zip(low, high, strict=True)]
