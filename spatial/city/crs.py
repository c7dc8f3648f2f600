"""Coordinate systems: the city's metric zone, CGCS2000 in undeclared files, GCJ-02, BD-09.

This is the only module that knows zone numbers and shifted Chinese map coordinates.
Longitude always comes first, as files store it (easting, northing), whatever EPSG says.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from spatial.errors import CRSError

__all__ = [
    "Shift",
    "from_wgs84",
    "geographic_crs",
    "guess_crs",
    "in_china",
    "is_geographic",
    "metric_zone",
    "parse_crs",
    "shift_geometry",
    "swapped_rows",
    "to_wgs84",
    "zone_crs",
]

Floats = npt.NDArray[np.float64]
Shift = Literal["gcj02", "bd09"]

CGCS2000_DEGREES: Final = 4490
WGS84_DEGREES: Final = 4326
FIRST_ZONE: Final = 25
LAST_ZONE: Final = 45
PLAIN_EPSG: Final = 4534
"""CGCS2000 3-degree zones without zone prefix: EPSG 4534 (zone 25) to 4554 (zone 45)."""
PREFIXED_EPSG: Final = 4513
"""The same zones with the zone number before the easting: EPSG 4513 to 4533."""
PREFIXED_EASTING_M: Final = 2.5e7
PLAIN_EASTING_M: Final = (1e5, 9e5)
CHINA_NORTHING_M: Final = (1.0e6, 6.1e6)

CHINA_OUTLINE: Final = shapely.Polygon(
    [
        (73.3, 39.3), (74.8, 40.6), (79.8, 42.0), (80.2, 45.1), (82.5, 45.3), (83.0, 47.2),
        (85.6, 47.2), (85.6, 48.4), (87.8, 49.2), (91.0, 46.9), (91.0, 45.2), (95.4, 44.3),
        (97.2, 42.8), (105.0, 41.6), (110.0, 42.7), (111.8, 43.9), (112.0, 45.1), (116.0, 46.4),
        (119.9, 46.9), (118.5, 47.9), (115.6, 47.8), (116.7, 49.9), (119.3, 50.4), (120.2, 53.4),
        (123.6, 53.7), (126.0, 52.9), (127.6, 50.4), (130.9, 48.9), (135.1, 48.6), (133.2, 45.0),
        (131.2, 44.8), (131.3, 42.8), (129.9, 42.4), (128.1, 42.0), (126.9, 41.7), (124.4, 40.0),
        (124.0, 38.0), (123.6, 30.5), (122.7, 25.0), (121.2, 21.6), (117.0, 17.0), (112.3, 15.5),
        (108.4, 17.8), (107.9, 21.5), (106.7, 21.9), (105.4, 23.2), (102.2, 22.4), (101.7, 21.1),
        (99.2, 22.0), (97.5, 23.8), (98.5, 27.5), (97.0, 28.1), (94.5, 29.0),
        (92.0, 27.6), (89.0, 27.3),
        (86.0, 27.9), (82.0, 30.1), (78.7, 31.2), (78.3, 34.5), (75.0, 36.9),
    ]
)  # fmt: skip
"""A coarse outline of China, right to about a degree: it only chooses CGCS2000 or WGS 84."""

GCJ_A_M: Final = 6378245.0
GCJ_EE: Final = 0.006693421622965823
GCJ_BOX: Final = (72.004, 0.8293, 137.8347, 55.8271)
"""GCJ-02 leaves coordinates outside this box (west, south, east, north) as they are."""
BD_K: Final = math.pi * 3000 / 180
INVERSE_DEG: Final = 1e-10
"""The inverse is iterated until a step is smaller (about 0.01 mm)."""


def in_china(lon: float, lat: float) -> bool:
    """Say whether a place lies in China, by a coarse outline (right to about a degree).

    Examples
    --------
    >>> in_china(116.38, 39.91), in_china(103.85, 1.29), in_china(24.94, 60.17)
    (True, False, False)
    """
    return bool(shapely.intersects_xy(CHINA_OUTLINE, lon, lat))


def zone_crs(zone: int, *, prefixed: bool = False) -> pyproj.CRS:
    """Return the CGCS2000 3-degree Gauss-Krueger zone of a number, 25 to 45.

    Examples
    --------
    >>> zone_crs(40).to_epsg(), zone_crs(40, prefixed=True).to_epsg()
    (4549, 4528)
    """
    if not FIRST_ZONE <= zone <= LAST_ZONE:
        raise CRSError(
            f"There is no CGCS2000 3-degree zone {zone}; zones run from {FIRST_ZONE} "
            f"(75° E) to {LAST_ZONE} (135° E).",
            zh=(f"没有 CGCS2000 3°带第 {zone} 带;带号为 {FIRST_ZONE}(75°E)至 {LAST_ZONE}(135°E)。"),
        )
    return pyproj.CRS.from_epsg((PREFIXED_EPSG if prefixed else PLAIN_EPSG) + zone - FIRST_ZONE)


def metric_zone(lon: float, lat: float) -> pyproj.CRS:
    """Return the metric zone to compute in: CGCS2000 3-degree in China, UTM elsewhere.

    Parameters
    ----------
    lon, lat : float
        Middle of the city in degrees.

    Raises
    ------
    CRSError
        If the place is not on the map between 84° S and 84° N.

    Examples
    --------
    >>> metric_zone(114.31, 30.59).to_epsg(), metric_zone(24.94, 60.17).to_epsg()
    (4547, 32635)
    """
    if not (-180 <= lon <= 180 and -84 <= lat <= 84):
        raise CRSError(
            f"The middle of the city is at longitude {lon:g}, latitude {lat:g}, where no metric "
            "zone exists. Are the axes swapped, or is the declared CRS wrong? Give `source_crs`.",
            zh=(
                f"城市中心位于经度 {lon:g}、纬度 {lat:g},该处没有米制投影带。是否经纬度颠"
                "倒,或声明的坐标系有误?请给出 source_crs。"
            ),
        )
    if in_china(lon, lat):
        return zone_crs(min(max(math.floor((lon + 1.5) / 3), FIRST_ZONE), LAST_ZONE))
    utm_zone = min(math.floor((lon + 180) / 6) + 1, 60)
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + utm_zone)


def geographic_crs(lon: float, lat: float) -> pyproj.CRS:
    """Return longitude/latitude for storage: CGCS2000 in China, WGS 84 elsewhere.

    Examples
    --------
    >>> geographic_crs(121.55, 29.87).to_epsg(), geographic_crs(7.42, 43.74).to_epsg()
    (4490, 4326)
    """
    return pyproj.CRS.from_epsg(CGCS2000_DEGREES if in_china(lon, lat) else WGS84_DEGREES)


def parse_crs(value: Any) -> pyproj.CRS:
    """Read a CRS that a user gave: a zone number 25–45, an EPSG code, a name or a CRS.

    Examples
    --------
    >>> parse_crs(40).to_epsg(), parse_crs("EPSG:32635").to_epsg()
    (4549, 32635)
    """
    text = str(value).strip()
    if text.isdigit() and FIRST_ZONE <= int(text) <= LAST_ZONE:
        return zone_crs(int(text))
    try:
        return pyproj.CRS.from_user_input(int(text) if text.isdigit() else value)
    except pyproj.exceptions.CRSError as error:
        raise CRSError(
            f"{value!r} is no coordinate system: {error}. Give an EPSG code such as 4547, or a "
            "CGCS2000 3-degree zone number from 25 to 45.",
            zh=(
                f"{value!r} 不是坐标系:{error}。请给出 EPSG 代码(如 4547)或 CGCS2000 3°带"
                "带号(25 至 45)。"
            ),
        ) from error


def is_geographic(crs: pyproj.CRS) -> bool:
    """Say whether coordinates of this CRS are degrees."""
    return bool(crs.is_geographic)


def guess_crs(xy: Floats) -> pyproj.CRS | Literal["unprefixed"] | None:
    """Recognise the CRS of coordinates that declare none, by their size.

    Parameters
    ----------
    xy : array of float, shape (n, 2)
        Finite coordinates, easting (or longitude) first, or swapped.

    Returns
    -------
    CRS, ``"unprefixed"`` or None
        Degrees are taken for CGCS2000 in China and WGS 84 elsewhere; eastings from 25,000,000 carry
        their CGCS2000 zone number; ``"unprefixed"`` eastings (100,000–900,000 beside a
        northing of China) leave the zone open; None = not to be recognised.

    Examples
    --------
    >>> guess_crs(np.array([[40649740.8, 3306523.0]])).to_epsg()
    4528
    >>> guess_crs(np.array([[649740.8, 3306523.0]]))
    'unprefixed'
    """
    if not len(xy):
        return None
    middle = np.median(xy, axis=0)
    first, second = float(middle[0]), float(middle[1])
    if abs(first) <= 180 and abs(second) <= 180 and min(abs(first), abs(second)) <= 90:
        swapped = bool(swapped_rows(middle[None, :], degrees=True)[0])
        return geographic_crs(*((second, first) if swapped else (first, second)))
    for easting, northing in ((first, second), (second, first)):
        if not CHINA_NORTHING_M[0] <= northing <= CHINA_NORTHING_M[1]:
            continue
        zone = int(easting // 1e6)
        if easting >= PREFIXED_EASTING_M and FIRST_ZONE <= zone <= LAST_ZONE:
            return zone_crs(zone, prefixed=True)
        if PLAIN_EASTING_M[0] <= easting <= PLAIN_EASTING_M[1]:
            return "unprefixed"
    return None


def swapped_rows(xy: Floats, *, degrees: bool) -> npt.NDArray[np.bool_]:
    """Say which coordinates have their axes swapped (latitude or northing first).

    Degrees are swapped where the second number exceeds 90 and the first does not, or where the
    pair reads as a Chinese place backwards (first 3–54, second 73–136; by that reading the place
    would be in the Arctic sea). Metres are swapped where the first is a northing of China and
    the second an easting of a CGCS2000 zone.

    Examples
    --------
    >>> swapped_rows(np.array([[39.9, 116.4], [116.4, 39.9]]), degrees=True).tolist()
    [True, False]
    """
    first, second = xy[:, 0], xy[:, 1]
    if degrees:
        beyond = (np.abs(second) > 90) & (np.abs(first) <= 90) & (np.abs(second) <= 180)
        china_backwards = (first >= 3) & (first <= 54) & (second >= 73) & (second <= 136)
        return beyond | china_backwards
    northing_first = (first >= CHINA_NORTHING_M[0]) & (first <= CHINA_NORTHING_M[1])
    easting_second = ((second >= PLAIN_EASTING_M[0]) & (second <= PLAIN_EASTING_M[1])) | (
        (second >= PREFIXED_EASTING_M) & (second < (LAST_ZONE + 1) * 1e6)
    )
    return northing_first & easting_second


def from_wgs84(lon: Any, lat: Any, target: Shift) -> tuple[Floats, Floats]:
    """Shift WGS 84 degrees to GCJ-02 or BD-09.

    Parameters
    ----------
    lon, lat : array-like of float, shape (n,)
        Degrees. Outside the box in which GCJ-02 applies they stay as they are.
    target : {"gcj02", "bd09"}
        The system wanted.

    Notes
    -----
    The published approximation of GCJ-02 [1]_ is right to 1 m (measured on 664 cities).

    References
    ----------
    .. [1] eviltransform and gcoord, public implementations of the same formula.

    Examples
    --------
    >>> lon, lat = from_wgs84([116.377817], [39.911954], "gcj02")
    >>> round(float(lon[0]), 6), round(float(lat[0]), 6)
    (116.384047, 39.913345)
    """
    forward = _FORWARD[_require_shift(target)]
    return forward(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))


def to_wgs84(lon: Any, lat: Any, source: Shift) -> tuple[Floats, Floats]:
    """Undo the shift of GCJ-02 or BD-09; the inverse of `from_wgs84` to better than 1e-9 degrees.

    Examples
    --------
    >>> lon, lat = to_wgs84(*from_wgs84([116.4], [39.9], "bd09"), "bd09")
    >>> round(float(lon[0]), 9), round(float(lat[0]), 9)
    (116.4, 39.9)
    """
    _require_shift(source)
    given_lon, given_lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if source == "bd09":
        given_lon, given_lat = _undo(_gcj02_to_bd09, given_lon, given_lat)
    return _undo(_wgs84_to_gcj02, given_lon, given_lat)


def shift_geometry(geometry: Any, source: Shift) -> Any:
    """Bring shifted geometries (degrees) to WGS 84."""

    def unshift(xy: Floats) -> Floats:
        return np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], source))

    return shapely.transform(geometry, unshift)


def _require_shift(name: str) -> Shift:
    if name not in _FORWARD:
        raise CRSError(
            f"`{name}` is no shifted coordinate system; declare `gcj02` (AMap, Tencent) or "
            "`bd09` (Baidu).",
            zh=f"“{name}”不是偏移坐标系;请声明 gcj02(高德、腾讯)或 bd09(百度)。",
        )
    return cast("Shift", name)


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    west, south, east, north = GCJ_BOX
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    x, y = np.where(inside, lon - 105, 0.0), np.where(inside, lat - 35, 0.0)
    pi = np.pi
    root = np.sqrt(np.abs(x))
    wave = (20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)) * 2 / 3
    d_lat_m = (
        -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * root + wave
        + (20 * np.sin(pi * y) + 40 * np.sin(pi * y / 3)) * 2 / 3
        + (160 * np.sin(pi * y / 12) + 320 * np.sin(pi * y / 30)) * 2 / 3
    )  # fmt: skip
    d_lon_m = (
        300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * root + wave
        + (20 * np.sin(pi * x) + 40 * np.sin(pi * x / 3)) * 2 / 3
        + (150 * np.sin(pi * x / 12) + 300 * np.sin(pi * x / 30)) * 2 / 3
    )  # fmt: skip
    phi = np.where(inside, lat, 0.0) * pi / 180
    m = 1 - GCJ_EE * np.sin(phi) ** 2
    d_lat = d_lat_m * 180 / (GCJ_A_M * (1 - GCJ_EE) / (m * np.sqrt(m)) * pi)
    d_lon = d_lon_m * 180 / (GCJ_A_M / np.sqrt(m) * np.cos(phi) * pi)
    return np.where(inside, lon + d_lon, lon), np.where(inside, lat + d_lat, lat)


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD_K)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD_K)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _wgs84_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _gcj02_to_bd09(*_wgs84_to_gcj02(lon, lat))


_Forward = Callable[[Floats, Floats], tuple[Floats, Floats]]
_FORWARD: Final[dict[str, _Forward]] = {"gcj02": _wgs84_to_gcj02, "bd09": _wgs84_to_bd09}


def _undo(forward: _Forward, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Find the fixed point of ``w + given - forward(w)``; it contracts, for the shift is smooth."""
    guess_lon, guess_lat = lon.copy(), lat.copy()
    for _ in range(30):
        ahead_lon, ahead_lat = forward(guess_lon, guess_lat)
        step_lon, step_lat = lon - ahead_lon, lat - ahead_lat
        guess_lon, guess_lat = guess_lon + step_lon, guess_lat + step_lat
        worst = np.nanmax(np.abs([step_lon, step_lat]), initial=0.0)
        if worst < INVERSE_DEG:
            break
    return guess_lon, guess_lat
