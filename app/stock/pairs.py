"""Entries of a register that may be the same thing, as the service tells them."""

from __future__ import annotations

from sqlalchemy import Connection

from app.plain import plain, records
from app.stock.writing import standards_of
from app.store import stock_near
from app.store.frames import city_crs
from app.store.read import read_register_layer
from app.store.rows import Record, Version
from spatial.standards.parameters import ParameterSet
from spatial.stock.register import register_duplicates

__all__ = ["list_duplicates", "register_rules"]


def list_duplicates(
    connection: Connection, version: Version, *, of: str | None = None
) -> list[Record]:
    """Return pairs of the register as it is now; with `of` those of one entry, others near it."""
    assets = read_register_layer(connection, version, city_crs(connection, version))
    rules = register_rules(connection, version)
    if of is not None:
        widest_m = max(rules["duplicate_name_m"], rules["duplicate_point_m"])
        near = assets.geometry.dwithin(assets.geometry[of], widest_m)
        assets = assets[near.to_numpy(dtype=bool)]
    pairs = register_duplicates(assets, rules=rules)
    if of is not None:
        pairs = pairs[((pairs["one"] == of) | (pairs["other"] == of)).to_numpy(dtype=bool)]
    name = assets["name"].to_dict()
    return [
        {**one, "one_name": plain(name[one["one"]]), "other_name": plain(name[one["other"]])}
        for one in records(pairs, with_index=False)
    ]


def register_rules(connection: Connection, version: Version) -> ParameterSet:
    """Return the parameters of the register in the profile of a version."""
    return standards_of(stock_near.profile_of(connection, version)).rooms["register"]
