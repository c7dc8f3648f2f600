"""The data version: a fingerprint of everything that the results depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from spatial.city.model import City
from spatial.standards import Profile

__all__ = ["fingerprint"]


def fingerprint(
    city: City, profile: Profile, parameters: Mapping[str, Any], engine_version: str
) -> str:
    """Hash city, profile with every parameter of every room, choices and engine.

    Parameters
    ----------
    city : City
        All layers, in their order, and all rasters.
    profile : Profile
        Catalogue, eligibility rules and the parameters of all rooms.
    parameters : mapping
        Choices of the run, plain values.
    engine_version : str

    Returns
    -------
    str
        Sixteen hexadecimal digits; equal for equal inputs, on every machine.
    """
    digest = hashlib.sha256(engine_version.encode())
    digest.update(json.dumps(dict(parameters), sort_keys=True).encode())
    digest.update(repr(profile).encode())
    for room in sorted(profile.rooms):
        digest.update(repr(profile.rooms[room]).encode())
    digest.update(city.crs.to_wkt().encode())
    for name, frame in sorted(city.layers.items()):
        if len(frame) == 0:
            continue
        digest.update(name.encode())
        digest.update(b"".join(shapely.to_wkb(frame.geometry.to_numpy())))
        plain = pd.DataFrame(frame.drop(columns="geometry")).apply(_plain)
        digest.update(pd.util.hash_pandas_object(plain).to_numpy().tobytes())
    for name, table in sorted(city.tables.items()):
        if len(table):
            digest.update(name.encode())
            digest.update(pd.util.hash_pandas_object(table.astype("str")).to_numpy().tobytes())
    for name, raster in sorted(city.rasters.items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(raster.values).tobytes())
    return digest.hexdigest()[:16]


def _plain(values: pd.Series) -> pd.Series:
    """Text of every value; of a mapping with its keys in order, for stores keep no order."""
    if values.dtype == object:
        values = values.map(
            lambda value: (
                json.dumps(value, sort_keys=True, ensure_ascii=False)
                if isinstance(value, dict | list)
                else value
            )
        )
    return values.astype("str")
