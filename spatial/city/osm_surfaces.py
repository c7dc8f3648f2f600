"""OpenStreetMap tags of buildings, land use, water and administrative areas."""

from __future__ import annotations

from typing import Any, Final

from spatial.city.area_codes import full_code
from spatial.city.osm_values import Tags, life_cycle, name_of, number_of, order_of, year_of

__all__ = ["BUILDING_USES", "LAND_USES", "admin_area", "building", "land_use", "water"]


def _table(**groups: str) -> dict[str, str]:
    return {value: use for use, values in groups.items() for value in values.split()}


BUILDING_USES: Final = _table(
    residential="apartments residential house detached terrace dormitory semidetached_house "
    "semi bungalow cabin static_caravan farm houseboat hut residence flats villa",
    commercial="retail commercial supermarket kiosk hotel shop mall restaurant bank motel cinema",
    office="office offices",
    industrial="industrial warehouse factory manufacture works storage_tank",
    education="school university college kindergarten",
    health="hospital clinic",
    public="public civic government train_station church cathedral chapel temple mosque synagogue "
    "shrine monastery museum library townhall fire_station police transportation stadium "
    "sports_hall sports_centre theatre religious bridge",
    garage="garage garages carport parking",
    service="service shed roof transformer_tower greenhouse toilets guardhouse gatehouse "
    "boiler_house pavilion container bicycle_shed",
    construction="construction",
)
"""Meaning of ``building=*`` for the column ``use``."""

AMENITY_USES: Final = _table(
    education="school university college kindergarten language_school",
    health="hospital clinic doctors dentist",
    commercial="restaurant cafe fast_food bank bar pub cinema marketplace pharmacy fuel nightclub",
    public="townhall police fire_station library courthouse place_of_worship community_centre "
    "theatre arts_centre post_office embassy social_facility",
    garage="parking bicycle_parking",
    service="toilets waste_transfer_station",
)

LAND_USES: Final = _table(
    residential="residential",
    commercial="commercial retail",
    office="office",
    industrial="industrial warehouse",
    public="institutional civic_admin religious government public",
    education="education school university",
    health="healthcare health hospital",
    military="military",
    green="grass forest meadow village_green flowerbed wood scrub heath greenery nature_reserve "
    "conservation",
    park="park garden",
    sports="recreation_ground sports_centre pitch stadium",
    farmland="farmland farmyard farm orchard vineyard allotments plant_nursery "
    "greenhouse_horticulture aquaculture animal_keeping paddy",
    parking="parking garages",
    road="highway road traffic_island",
    railway="railway",
    construction="construction",
    brownfield="brownfield",
    vacant="greenfield vacant",
    special="cemetery quarry landfill depot port harbour fairground",
)
"""Meaning of ``landuse=*`` (and of the class column of common OSM extracts)."""

LEISURE_USES: Final = _table(
    park="park garden",
    sports="sports_centre sports_hall pitch stadium track swimming_pool ice_rink golf_course "
    "playground fitness_station",
    green="nature_reserve common dog_park",
)
AMENITY_LAND: Final = _table(
    education="school university college kindergarten",
    health="hospital clinic",
    parking="parking",
)
NATURAL_LAND: Final = _table(
    green="wood grassland scrub heath tree_row shrubbery",
    special="beach sand shingle bare_rock scree reef shoal",
)
"""Shores and rocks are nobody's building land."""

WATERS: Final = _table(
    river="river riverbank oxbow",
    canal="canal lock",
    stream="stream tidal_channel stream_pool brook",
    lake="lake reservoir lagoon",
    pond="pond basin fish_pass fountain reflecting_pool moat",
    ditch="ditch drain",
    sea="bay strait sea coastline",
    other="water wetland dock glacier wastewater other",
)
ADMIN_LEVELS: Final = {
    "4": "province",
    "5": "city",
    "6": "county",
    "8": "subdistrict",
    "10": "community",
}
"""Chinese practice; level 5 is the prefecture-level city, 6 the district or county."""


def building(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Take building footprints, also disused, abandoned and unfinished ones."""
    found = life_cycle(tags, "building") if shape == "area" else None
    if found is None:
        return None
    value, state = found
    use, evidence = _building_use(tags, value)
    if value == "ruins":
        state = "abandoned"
    households = number_of(tags.get("building:flats"))
    return {
        "name": name_of(tags),
        "use": use,
        "floors": number_of(tags.get("building:levels")),
        "height_m": number_of(tags.get("height") or tags.get("building:height")),
        "year_built": year_of(tags.get("start_date")),
        "households": None if households is None else round(households),
        "lifecycle": state,
        "residential_evidence": evidence if use == "residential" else None,
        "address": _address(tags),
    }


def _address(tags: Tags) -> str | None:
    """Street and number, or what there is of them; None where nothing says where one rings."""
    parts = (tags.get(f"addr:{key}") for key in ("street", "place", "housename", "housenumber"))
    said = " ".join(part for part in parts if part)
    return said or tags.get("addr:full")


def _building_use(tags: Tags, value: str) -> tuple[str, str]:
    for key in ("building", "building:use"):
        kind = value if key == "building" else tags.get(key, "")
        if kind in BUILDING_USES:
            return BUILDING_USES[kind], f"{key}={kind}"
    amenity = tags.get("amenity", "")
    if amenity in AMENITY_USES:
        return AMENITY_USES[amenity], f"amenity={amenity}"
    for key, use in (
        ("shop", "commercial"),
        ("office", "office"),
        ("healthcare", "health"),
        ("leisure", "public"),
        ("public_transport", "public"),
    ):
        if tags.get(key, "no") != "no":
            return use, f"{key}={tags[key]}"
    if tags.get("tourism") in ("hotel", "hostel", "guest_house", "motel"):
        return "commercial", f"tourism={tags['tourism']}"
    if "building:flats" in tags:
        return "residential", "building:flats"
    return ("unknown" if value == "yes" else "other"), f"building={value}"


def land_use(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Areas with a use: land use, parks, sports grounds, school and hospital grounds, parking."""
    if shape != "area":
        return None
    use, code, state = None, None, "in_use"
    found = life_cycle(tags, "landuse")
    if found is not None:
        value, state = found
        if value in WATERS or value in ("reservoir", "basin", "salt_pond"):
            return None
        use, code = LAND_USES.get(value, "other"), f"landuse={value}"
    elif "building" not in tags:
        for key, table in (
            ("leisure", LEISURE_USES),
            ("amenity", AMENITY_LAND),
            ("natural", NATURAL_LAND),
        ):
            value = tags.get(key, "")
            if value in table:
                use, code = table[value], f"{key}={value}"
                break
        if use is None and "military" in tags:
            use, code = "military", f"military={tags['military']}"
    if use is None:
        return None
    return {"name": name_of(tags), "use": use, "code": code, "scheme": "osm", "lifecycle": state}


def water(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Water surfaces and watercourses; a culvert lies below the ground (layer < 0)."""
    if shape == "point":
        return None
    value = None
    if shape == "area":
        if tags.get("natural") in ("water", "bay", "strait"):
            natural = tags["natural"]
            value = tags.get("water", "other") if natural == "water" else natural
        elif tags.get("waterway") in ("riverbank", "dock"):
            value = "river" if tags["waterway"] == "riverbank" else "other"
        elif tags.get("landuse") in ("reservoir", "basin", "salt_pond"):
            value = tags["landuse"]
    elif tags.get("natural") == "coastline":
        value = "coastline"
    elif tags.get("waterway") in ("river", "canal", "stream", "tidal_channel", "ditch", "drain"):
        value = tags["waterway"]
    if value is None:
        return None
    culvert = tags.get("tunnel", "no") != "no"
    return {
        "kind": WATERS.get(value, "other"),
        "name": name_of(tags),
        "layer": min(order_of(tags), -1) if culvert else order_of(tags),
        "width_m": number_of(tags.get("width")),
    }


def admin_area(tags: Tags, shape: str) -> dict[str, Any] | None:
    """Administrative areas, with the level of Chinese practice."""
    if shape != "area" or tags.get("boundary") != "administrative":
        return None
    code = tags.get("ref:CN") or tags.get("ref", "")
    return {
        "code": full_code(code),
        "name": name_of(tags),
        "level": ADMIN_LEVELS.get(tags.get("admin_level", ""), "unknown"),
    }
