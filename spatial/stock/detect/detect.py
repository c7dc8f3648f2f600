"""All signs together: what each measures, what passes, how sure it is, and each place once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from spatial.checks import require_same_crs
from spatial.city.model import City, Raster
from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.city.report import Note
from spatial.errors import InputError
from spatial.progress import Progress, silent
from spatial.standards import Profile
from spatial.standards.parameters import ParameterSet
from spatial.stock.confidence import confidence_of
from spatial.stock.detect.lifecycle import tagged_stock
from spatial.stock.detect.pool import SIGNS, Pool, kept_rows, measures_text
from spatial.stock.detect.sites import parking_lots, roofs, structures
from spatial.stock.detect.sky import bare_land, greened_land
from spatial.stock.detect.town import built_up, located
from spatial.stock.detect.used import dark_buildings, traces_of_use, unused_buildings
from spatial.stock.learnt import (
    Verdicts,
    learnt_note,
    moved,
    never_checked,
    shipped,
    verdicts_of,
    words_of,
)
from spatial.stock.leftover import leftover_pool, occupied

__all__ = ["Detection", "detect_stock", "overlap_share", "threshold_picture"]

Geometries = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What was found, and everything that was measured on the way."""

    frame: gpd.GeoDataFrame
    """Candidates: columns of results.stock with ``sign, confidence, evidence, measures``."""
    pools: Mapping[str, Pool]
    """By sign: every place measured, also what the thresholds drop."""
    notes: tuple[Note, ...]


def detect_stock(
    city: City,
    neighbourhoods: Neighbourhoods,
    profile: Profile,
    *,
    known: Geometries | None = None,
    progress: Progress = silent,
) -> Detection:
    """Look for stock by every sign that the city's data allow.

    Parameters
    ----------
    city : City
    neighbourhoods : Neighbourhoods
    profile : Profile
        Rooms ``stock`` (thresholds) and ``stock_confidence`` (calibrated curves).
    known : array of geometry, optional
        Registered assets: a candidate that they cover by more than ``overlap_share`` is the same
        thing and left out, and leftover land is cut around them.
    progress : Progress

    Returns
    -------
    Detection
        Of a place found by several signs the plainest one leads (in the order of ``SIGNS``), its
        evidence names the others and its confidence is the greatest of theirs. Roofs stand for
        themselves: a roof may be free above a shop in use.

    Raises
    ------
    CRSError
        If city and neighbourhoods are in different zones.
    """
    require_same_crs(
        neighbourhoods.cells, city.layer("stock_assets"), names=("neighbourhoods", "city")
    )
    parameters, sureness = profile.rooms["stock"], profile.rooms["stock_confidence"]
    known = np.empty(0, dtype=object) if known is None else known
    blocked = occupied(city, parameters)
    town = _town(city, neighbourhoods, parameters)
    pools = {
        pool.sign: located(pool, city, neighbourhoods, town)
        for pool in _first_pools(city, parameters, blocked)
    }
    found = {sign: _candidates(pool, parameters, sureness) for sign, pool in pools.items()}
    every = dict(found)
    found = {
        sign: frame[overlap_share(frame.geometry.to_numpy(), known) <= parameters["overlap_share"]]
        for sign, frame in found.items()
    }
    ahead = [found[sign].geometry.to_numpy() for sign in ("structure", "lifecycle", "parking")]
    taken = np.concatenate([known, *ahead])
    left = leftover_pool(
        city, neighbourhoods, parameters, taken=taken, blocked=blocked, progress=progress
    )
    left = located(left, city, neighbourhoods, town)
    pools["leftover"] = left
    found["leftover"] = _candidates(left, parameters, sureness)
    found, learnt = _learnt(found, every, verdicts_of(city), parameters)
    joined = _each_once([found[sign] for sign in SIGNS if len(found[sign])], parameters)
    if joined is None:
        joined = found["leftover"]
    sure = joined["confidence"].to_numpy(dtype=float) >= parameters["min_confidence"]
    notes = [note for pool in pools.values() for note in pool.notes]
    return Detection(joined[sure], pools, (*notes, *_away_note(pools, parameters), *learnt))


def threshold_picture(
    detection: Detection,
    key: str,
    parameters: ParameterSet,
    *,
    limits: Sequence[float] | None = None,
) -> pd.DataFrame:
    """Show what a threshold keeps and drops, all others as they are.

    Parameters
    ----------
    detection : Detection
    key : str
        Parameter of room ``stock`` that is a threshold of some sign, e.g. ``min_circle_m``.
    parameters : ParameterSet
        Room ``stock``.
    limits : sequence of float, optional
        Limits to try; by default fifteen from the smallest to the largest value measured, and the
        one in force.

    Returns
    -------
    DataFrame
        ``sign, limit, in_force, kept, dropped, kept_m2``, by sign and limit.

    Raises
    ------
    InputError
        If no sign has such a threshold.
    """
    rows = []
    keys: set[str] = set()
    for pool in detection.pools.values():
        keys |= {threshold.key for threshold in pool.thresholds}
        measures = [t.measure for t in pool.thresholds if t.key == key]
        if not measures:
            continue
        values = pool.frame[measures[0]].to_numpy(dtype=float, na_value=np.nan)
        now = float(parameters[key])
        tried = _limits(values, now) if limits is None else list(limits)
        never = {key: -np.inf if key.startswith("min") else np.inf}
        others = kept_rows(pool, parameters, instead=never)
        area_m2 = shapely.area(pool.frame.geometry.to_numpy())
        for limit in tried:
            kept = kept_rows(pool, parameters, instead={key: limit})
            rows.append(
                {
                    "sign": pool.sign,
                    "limit": float(limit),
                    "in_force": bool(np.isclose(limit, now)),
                    "kept": int(kept.sum()),
                    "dropped": int((others & ~kept).sum()),
                    "kept_m2": float(area_m2[kept].sum()),
                }
            )
    if not rows and key not in keys:
        raise InputError(
            f"`{key}` is no threshold of a sign; they are {', '.join(sorted(keys))}.",
            zh=f"{key} 不是线索的阈值;可用的是 {'、'.join(sorted(keys))}。",
        )
    return pd.DataFrame(
        rows, columns=["sign", "limit", "in_force", "kept", "dropped", "kept_m2"]
    ).sort_values(["sign", "limit"], ignore_index=True)


def overlap_share(found: Geometries, known: Geometries) -> npt.NDArray[np.float64]:
    """Share of each outline that known assets cover; a known point inside covers it whole."""
    share = np.zeros(len(found))
    if not len(known) or not len(found):
        return share
    row, other = shapely.STRtree(known).query(found, predicate="intersects")
    flat = shapely.get_dimensions(known[other]) < 2
    area_m2 = np.maximum(shapely.area(found[row]), 1e-9)
    covered = shapely.area(shapely.intersection(found[row], known[other])) / area_m2
    np.add.at(share, row, np.where(flat, 1.0, covered))
    return share


def _first_pools(city: City, parameters: ParameterSet, blocked: Geometries) -> list[Pool]:
    """All signs but leftover land, which is cut around what the others found."""
    tree = shapely.STRtree(blocked)
    traces = traces_of_use(city, parameters)
    return [
        structures(city),
        tagged_stock(city, parameters),
        unused_buildings(traces),
        parking_lots(city, parameters),
        bare_land(city, parameters, blocked, tree),
        greened_land(city, parameters, blocked, tree),
        dark_buildings(city, traces),
        roofs(city, parameters),
    ]


def _town(city: City, neighbourhoods: Neighbourhoods, parameters: ParameterSet) -> Raster | None:
    """Grid of the town: its buildings and neighbourhoods, without what was taken down."""
    buildings = city.layer("buildings")
    standing = (buildings["lifecycle"] != "demolished").to_numpy(dtype=bool, na_value=True)
    parcels = neighbourhoods.frame.geometry.to_numpy()
    shapes = np.concatenate([buildings.geometry.to_numpy()[standing], parcels])
    return built_up(shapes, city.crs, gap_m=parameters["town_gap_m"])


def _away_note(pools: Mapping[str, Pool], parameters: ParameterSet) -> tuple[Note, ...]:
    """Say how many places would be candidates, were they not far from every neighbourhood."""
    everywhere = {"max_away_m": np.inf}
    count = sum(
        int((kept_rows(pool, parameters, instead=everywhere) & ~kept_rows(pool, parameters)).sum())
        for pool in pools.values()
        if len(pool.frame)
    )
    if not count:
        return ()
    far = f"{parameters['max_away_m']:g} m"
    return (
        Note(
            "stock_far_away",
            f"{count} 处线索距最近的小区超过 {far},未列入(参数 max_away_m)。",
            f"{count} places are more than {far} from every neighbourhood; left out (max_away_m).",
        ),
    )


def _candidates(pool: Pool, parameters: ParameterSet, sureness: ParameterSet) -> gpd.GeoDataFrame:
    """Rows of a pool that pass, with words, figures and confidence."""
    kept = pool.frame[kept_rows(pool, parameters)] if len(pool.frame) else pool.frame
    zh, en = pool.words(kept)
    return kept.assign(
        sign=pd.array([pool.sign] * len(kept), dtype="string"),
        evidence=pd.array(zh, dtype="string"),
        evidence_en=pd.array(en, dtype="string"),
        measures=pd.array(measures_text(kept, pool.measures) if len(kept) else [], dtype="string"),
        confidence=pd.array(
            shipped(pool.sign, confidence_of(pool.sign, kept, sureness), parameters)
            if len(kept)
            else [],
            dtype="Float64",
        ),
    )


def _learnt(
    found: Mapping[str, gpd.GeoDataFrame],
    every: Mapping[str, gpd.GeoDataFrame],
    verdicts: Mapping[str, Verdicts],
    parameters: ParameterSet,
) -> tuple[dict[str, gpd.GeoDataFrame], list[Note]]:
    """Move confidences by the verdicts given in this city; `every` holds registered ones too."""
    learnt, notes = dict(found), []
    for sign, told in verdicts.items():
        frame = found.get(sign)
        if frame is None or not len(frame):
            continue
        before = every.get(sign, frame)["confidence"].astype("float64")
        mine = frame["confidence"].astype("float64")
        seen = pd.concat([before, mine[~mine.index.isin(before.index)]])
        after = pd.Series(moved(seen, told, parameters, all_of=seen.to_numpy()), seen.index)
        zh, en = words_of(told)
        learnt[sign] = frame.assign(
            confidence=pd.array(after.reindex(mine.index).to_numpy(), dtype="Float64"),
            evidence=frame["evidence"] + zh,
            evidence_en=frame["evidence_en"] + en,
        )
        notes.append(learnt_note(sign, told, mine.to_numpy(), after.reindex(mine.index).to_numpy()))
    guessed = [
        sign
        for sign in SIGNS
        if len(found.get(sign, ())) and sign not in verdicts and sign not in parameters["judged"]
    ]
    return learnt, [*notes, never_checked(guessed)] if guessed else notes


def _each_once(
    frames: Sequence[gpd.GeoDataFrame], parameters: ParameterSet
) -> gpd.GeoDataFrame | None:
    """Join candidates; of two signs for one place the first leads and names the other."""
    kept: list[gpd.GeoDataFrame] = []
    for frame in frames:
        mine = frame
        for number, leading in enumerate(kept):
            if {"roof"} & {*frame["sign"].unique(), *leading["sign"].unique()}:
                continue
            mine, kept[number] = _yielded(mine, leading, parameters["overlap_share"])
        kept.append(mine)
    kept = [frame for frame in kept if len(frame)]
    if not kept:
        return None
    joined = pd.concat(kept)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=kept[0].crs)


def _yielded(
    mine: gpd.GeoDataFrame, leading: gpd.GeoDataFrame, most: float
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Take out of `mine` what `leading` already holds, and hand its evidence over."""
    if not len(mine) or not len(leading):
        return mine, leading
    again = overlap_share(mine.geometry.to_numpy(), leading.geometry.to_numpy()) > most
    if not again.any():
        return mine, leading
    same, lead = shapely.STRtree(leading.geometry.to_numpy()).query(
        mine.geometry.to_numpy()[again], predicate="intersects"
    )
    told = mine[again]
    best = pd.DataFrame(
        {"lead": lead, "sure": told["confidence"].to_numpy(dtype=float)[same], "row": same}
    ).sort_values(["lead", "sure"], ascending=[True, False], kind="stable")
    best = best.drop_duplicates("lead")
    rows, others = best["lead"].to_numpy(), best["row"].to_numpy()
    changed = leading.copy()
    for column, gap in (("evidence", ";另:"), ("evidence_en", "; also: ")):
        words = changed[column].to_numpy(dtype=object)
        words[rows] = [
            f"{one}{gap}{other}"
            for one, other in zip(
                words[rows], told[column].to_numpy(dtype=object)[others], strict=True
            )
        ]
        changed[column] = pd.array(words, dtype="string")
    sure = changed["confidence"].to_numpy(dtype=float).copy()
    sure[rows] = np.maximum(sure[rows], best["sure"].to_numpy())
    changed["confidence"] = pd.array(sure, dtype="Float64")
    return mine[~again], changed


def _limits(values: npt.NDArray[np.float64], now: float) -> list[float]:
    known = values[np.isfinite(values)]
    tried = np.quantile(known, np.linspace(0, 1, 15)) if len(known) else np.empty(0)
    return sorted({*(float(f"{value:.3g}") for value in tried), now})
