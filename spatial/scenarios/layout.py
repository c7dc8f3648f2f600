"""What a kept base is made of: the names of its arrays and tables, and one text that tells them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields, is_dataclass
from typing import Final

from spatial import standards
from spatial.dictionary import data_dictionary
from spatial.network import disk
from spatial.network.grid import SegmentGrid
from spatial.reach.live_network import LiveArcs, LivePoints

__all__ = ["ARRAYS", "FORMAT", "TABLES", "Facts", "layout"]

FORMAT: Final = 3
"""Raise it when an array or a table of a base changes its meaning under the same name."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a base is, in plain values."""

    data_version: str
    engine_version: str
    crs: str
    search_m: float
    home_m: float
    reach_limit: float
    by_time: bool
    max_entry_m: float
    speed_m_per_s: float
    kinds: tuple[str, ...]
    year: int
    seed: int


ARRAYS: Final = frozenset(
    {
        *LiveArcs._fields[:-1],
        *(f"{name}_{part}" for name in ("facility", "gate", "home") for part in LivePoints._fields),
        *(f"grid_{name}" for name in SegmentGrid.__slots__),
        *(f"{name}_{part}" for name in ("gates_of", "homes_of") for part in ("start", "order")),
        *(f"lived_{name}" for name in ("x", "y", "row", "part", "truth")),
        *(f"pair_{name}" for name in ("start", "entrance", "key", "column_start", "column")),
        *(f"inside_{name}" for name in ("place", "kind", "facility", "count")),
        *(
            "label",
            "owner",
            "alive",
            "paired",
            "rank",
            "place_rank",
            "gate_group",
            "home_group",
            "counts",
        ),
        *("entrance_facility", "sorted_entrances", "sorted_facilities"),
        *("obstacle_xy_m", "obstacle_kind", "wall_xy_m", "bounds_m"),
        *("near_key", "near_owner", "home_key", "persons", "measured", "walked", "tells"),
        *("home_place", "home_xy_m", "home_path_mm", "way_is_straight"),
        *("stand_in_count", "status", "held", "home_status"),
    }
    - {f"{name}_extra" for name in ("facility", "gate", "home")}
)
"""Names of the arrays; a base that lacks one, or holds another, is of another layout."""

TABLES: Final = (
    *("neighbourhoods", "facilities", "kinds", "entrances", "all_gates", "city_gates", "gates"),
    *("gaps", "scores", "coverage", "heatmap", "tells", "homes", "stock", "stock_fits"),
    *("access", "priority", "demand_votes"),
)
"""Names of the tables that every base keeps."""


RESULTS: Final = ("gaps", "coverage", "heatmap", "access", "priority")


def layout() -> str:
    """Tell in one text how a base of this engine lies on disk; a base of another is not read.

    Derived from the names of the arrays and tables, the facts, the columns of the results that are
    kept, the fields of what a profile holds and the form of a kept network: so that it cannot be
    forgotten when one of them changes.

    Examples
    --------
    >>> layout().split("-")[0] == str(FORMAT)
    True
    """
    results = data_dictionary().results
    held = [getattr(standards, name) for name in sorted(standards.__all__)]
    parts = [
        *sorted(ARRAYS),
        *TABLES,
        *(field.name for field in fields(Facts)),
        *(f"{name}.{column}" for name in RESULTS for column in results[name].columns),
        *(
            f"{one.__name__}.{field.name}"
            for one in held
            if is_dataclass(one) and isinstance(one, type)
            for field in fields(one)
        ),
        f"network {disk.FORMAT}",
    ]
    return f"{FORMAT}-{zlib.crc32(' '.join(parts).encode()):08x}"
