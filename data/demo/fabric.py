"""What is built on each parcel: age, row style and floors, by use and decade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from data.demo.rows import RowStyle

__all__ = ["BUILDING_USE", "Fabric", "make_fabric"]

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# depth, length, gap, pitch, margin, spine (metres), floors from, floors to
STYLES: Final = {
    "estate_1975": (10.5, 34.0, 6.0, 20.0, 4.0, 3.5, 3, 5),
    "estate_1985": (11.5, 42.0, 7.0, 22.0, 4.0, 4.0, 5, 6),
    "estate_1995": (12.5, 46.0, 8.0, 25.0, 5.0, 4.5, 6, 7),
    "estate_2005": (13.5, 40.0, 11.0, 31.0, 7.0, 5.5, 6, 11),
    "estate_2015": (15.5, 32.0, 20.0, 42.0, 9.0, 6.0, 15, 30),
    "villa": (11.0, 14.0, 9.0, 26.0, 6.0, 4.0, 2, 3),
    "single": (13.0, 60.0, 8.0, 60.0, 4.0, 4.0, 6, 8),
    "commercial": (26.0, 60.0, 12.0, 46.0, 5.0, 4.0, 3, 8),
    "mall": (48.0, 95.0, 20.0, 75.0, 9.0, 4.0, 4, 6),
    "office": (24.0, 42.0, 22.0, 52.0, 9.0, 4.0, 8, 24),
    "government": (16.0, 50.0, 16.0, 40.0, 8.0, 4.0, 4, 9),
    "hospital": (20.0, 70.0, 18.0, 44.0, 9.0, 4.0, 4, 12),
    "middle_school": (14.0, 60.0, 22.0, 52.0, 12.0, 4.0, 4, 5),
    "primary_school": (13.0, 52.0, 20.0, 50.0, 10.0, 4.0, 3, 4),
    "kindergarten": (14.0, 34.0, 14.0, 46.0, 7.0, 4.0, 2, 3),
    "university": (17.0, 74.0, 24.0, 62.0, 14.0, 6.0, 4, 12),
    "nursing": (16.0, 44.0, 14.0, 40.0, 7.0, 4.0, 3, 5),
    "food_market": (30.0, 44.0, 12.0, 60.0, 6.0, 4.0, 1, 2),
    "sports": (42.0, 62.0, 20.0, 90.0, 10.0, 4.0, 1, 2),
    "workshop": (28.0, 72.0, 14.0, 44.0, 8.0, 4.0, 1, 3),
    "industry": (38.0, 92.0, 20.0, 60.0, 12.0, 6.0, 1, 2),
    "old_factory": (26.0, 64.0, 16.0, 46.0, 9.0, 5.0, 1, 4),
    "construction_stopped": (18.0, 34.0, 24.0, 50.0, 12.0, 4.0, 5, 14),
}
"""Kinds that are missing here (parks, parking, vacant land) carry no buildings."""

NOTHING: Final = (10.0, 10.0, 5.0, 30.0, 1e6, 0.0, 1, 1)

BUILDING_USE: Final = {
    "commercial": "commercial",
    "mall": "commercial",
    "food_market": "commercial",
    "office": "office",
    "government": "public",
    "sports": "public",
    "nursing": "health",
    "hospital": "health",
    "middle_school": "education",
    "primary_school": "education",
    "kindergarten": "education",
    "university": "education",
    "workshop": "industrial",
    "industry": "industrial",
    "old_factory": "industrial",
    "construction_stopped": "construction",
}


@dataclass(frozen=True, slots=True, eq=False)
class Fabric:
    """Age and build of every parcel; row ``i`` of each field is parcel ``i``."""

    year: Ints  # year of completion
    style_name: Objects  # "" = nothing is built
    style: RowStyle
    floors_low: Ints
    floors_high: Ints


def make_fabric(
    kind: Objects, oldness: Floats, area_m2: Floats, rng: np.random.Generator
) -> Fabric:
    """Choose year and style of each parcel: old and fine in the middle, new and tall outside."""
    n = len(kind)
    age = np.clip(0.27 + 0.68 * oldness + rng.normal(0.0, 0.19, n), 0.0, 1.0)
    year = np.round(2020 - 45 * age).astype(np.int64)
    home = kind == "estate"
    decade = np.select(
        [year < 1981, year < 1992, year < 2001, year < 2010],
        ["estate_1975", "estate_1985", "estate_1995", "estate_2005"],
        "estate_2015",
    ).astype(object)
    villa = home & (year > 1996) & (oldness < 0.35) & (rng.random(n) < 0.05)
    single = home & (area_m2 < 4_600) & (year < 2003)
    name = np.where(home, decade, kind)
    name[villa], name[single] = "villa", "single"
    name = np.array([each if each in STYLES else "" for each in name], dtype=object)
    table = np.array([STYLES.get(each, NOTHING) for each in name])
    scale = rng.uniform(0.92, 1.1, (n, 4))
    style = RowStyle(
        depth=table[:, 0] * scale[:, 0],
        length=table[:, 1] * scale[:, 1],
        gap=table[:, 2] * scale[:, 2],
        pitch=table[:, 3] * scale[:, 3],
        margin=table[:, 4],
        spine=table[:, 5],
    )
    return Fabric(year, name, style, table[:, 6].astype(np.int64), table[:, 7].astype(np.int64))
