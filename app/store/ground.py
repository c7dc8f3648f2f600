"""What plans of a city are drawn on, read from the stored results of one data version."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy import Connection

from app.store.frames import read_parameters_of, read_places, read_result
from app.store.rows import Version
from spatial.plans import Ground, PlanRules, ground_of

__all__ = ["GAP_COLUMNS", "default_rules", "read_ground"]

GAP_COLUMNS: Final = (
    *("neighbourhood_id", "kind", "layer", "need", "status", "limit_m"),
    "nearest_m",
)


def read_ground(connection: Connection, version: Version) -> Ground:
    """Return units, needs, what sharing would close, boundaries and links of a stored city."""
    from spatial.districting.sharing import sharing  # noqa: PLC0415  (loads the engine)

    places = read_places(connection, version)
    gaps = read_result(connection, version, "gaps", GAP_COLUMNS, where="need = 'must'")
    adjacency = read_result(connection, version, "adjacency", ("a", "b", "barrier", "walk_m"))
    parameters = read_parameters_of(connection, version, "districts")
    pooling = sharing(
        places,
        gaps,
        adjacency,
        detour_factor=parameters["detour_factor"],
        cut_barriers=tuple(parameters["cut_barriers"]),
        stock=read_result(connection, version, "stock", ("neighbourhood_id",)),
        stock_fits=read_result(connection, version, "stock_fits"),
    )
    admitted = ("eligible", "conditional")
    bits = _bits_of(gaps, places.frame.index, pooling.kinds)
    return ground_of(
        places.frame,
        places.cells,
        read_result(connection, version, "cell_edges", ("a", "b", "length_m")),
        adjacency,
        pooling,
        missing=bits["missing"],
        offers=bits["present"],
        admitted=(*admitted, "unknown") if parameters["unknown_may_join"] else admitted,
    )


def default_rules(connection: Connection, version: Version) -> PlanRules:
    """Return the rules of districts with which a version was analysed."""
    return PlanRules.from_parameters(read_parameters_of(connection, version, "districts"))


def _bits_of(
    gaps: pd.DataFrame, index: pd.Index, kinds: tuple[str, ...]
) -> dict[str, npt.NDArray[np.uint64]]:
    """Bits of the kinds that each place misses, and of those that it has, by status."""
    name = gaps["kind"].astype("str") + ":" + gaps["layer"].astype("str")
    row = index.get_indexer(pd.Index(gaps["neighbourhood_id"].astype("str")))
    kind = pd.Index(kinds, dtype="str").get_indexer(pd.Index(name))
    known = (row >= 0) & (kind >= 0)
    bit = np.left_shift(np.uint64(1), np.where(known, kind, 0).astype(np.uint64))
    found = {}
    for status in ("missing", "present"):
        is_so = (gaps["status"] == status).fillna(value=False).to_numpy(dtype=bool) & known
        found[status] = np.zeros(len(index), dtype=np.uint64)
        np.bitwise_or.at(found[status], row[is_so], bit[is_so])
    return found
