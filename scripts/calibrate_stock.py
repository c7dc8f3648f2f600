"""Calibrate the confidence of stock candidates on demo cities, and check it on held-back ones.

``python scripts/calibrate_stock.py`` writes ``data/standards/stock_confidence.yaml`` and prints
what docs/methods/stock.md shows. The demo cities know what truly lies idle; the detector sees only
tags, outlines and grids. Every second asset of the register is withheld from it, as registers do.
Buildings without users are also looked for on maps of the same cities from which users and
addresses are missing at random, as they are from most maps.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data.demo import make_demo_city_with_truth  # noqa: E402
from spatial.city.model import City  # noqa: E402
from spatial.city.neighbourhoods import prepare_neighbourhoods  # noqa: E402
from spatial.standards import ParameterSet, read_profile  # noqa: E402
from spatial.stock.confidence import (  # noqa: E402
    Curve,
    calibrate,
    labels,
    reliability,
    truth_found,
)
from spatial.stock.detect.detect import detect_stock, overlap_share  # noqa: E402
from spatial.stock.detect.pool import SIGNS, kept_rows  # noqa: E402
from spatial.stock.detect.used import traces_of_use, unused_buildings  # noqa: E402

TARGET: Final = ROOT / "data" / "standards" / "stock_confidence.yaml"
NEIGHBOURHOODS: Final = 250
LEARNT: Final = tuple(range(101, 115))
HELD_BACK: Final = tuple(range(201, 209))
THINNED: Final = 4
"""Incomplete maps of each city, beside the complete one."""
TERMS: Final[dict[str, list[tuple[str, Any, int]]]] = {
    "structure": [("ordered", "linear", 1), ("cleared", "linear", 1), ("told", "linear", 1)],
    "lifecycle": [("named", "linear", -1), ("is_land", "linear", 0)],
    "unused_building": [
        ("silent_share", "log", -1),
        ("users_share", "linear", 1),
        ("area_m2", "log", 0),
    ],
    "parking": [("spaces_per_need", "log", 1)],
    "land_cover": [("area_m2", "log", 0), ("bare_share", "linear", 1), ("circle_m", "log", 0)],
    "greenness": [("rise", "linear", 1), ("area_m2", "log", 0), ("circle_m", "log", 0)],
    "leftover": [
        ("area_m2", "log", 0),
        ("circle_m", "log", 0),
        ("elongation", "log", -1),
        ("built_share", "linear", 0),
        ("front_share", "linear", 0),
    ],
    "night_light": [("light_ratio", "log", -1), ("area_m2", "log", 0)],
    "roof": [
        ("area_m2", "log", 1),
        ("floors", "linear", -1),
        ("commercial", "linear", 0),
        ("industrial", "linear", 0),
    ],
}
WORDS: Final = {
    "structure": ("违法与临时建筑", "structures without leave"),
    "lifecycle": ("标签与用地代码", "tags and land-use codes"),
    "unused_building": ("无人使用的建筑", "buildings without users"),
    "parking": ("富余停车场", "car parks larger than their need"),
    "land_cover": ("裸地", "bare land"),
    "greenness": ("变绿的用地", "land that turned green"),
    "leftover": ("推算余地", "leftover land"),
    "night_light": ("夜间偏暗的建筑", "buildings dark by night"),
    "roof": ("大屋面", "large roofs"),
}


def thinned(city: City, seed: int, version: int) -> City:
    """Leave out users and addresses of a city, each at a share of its own."""
    rng = np.random.default_rng([seed, version])
    kept_users, kept_addresses = rng.uniform(0.1, 1.0), rng.uniform(0.6, 1.0)
    places, buildings = city.layer("facilities"), city.layer("buildings")
    silent = rng.random(len(buildings)) > kept_addresses
    return city.with_layers(
        facilities=places[rng.random(len(places)) < kept_users],
        buildings=buildings.assign(address=buildings["address"].mask(silent)),
    )


def unused_on(city: City, stock: gpd.GeoDataFrame, known: Any, rules: ParameterSet) -> pd.DataFrame:
    """Candidates without users of one map, with ``true``."""
    pool = unused_buildings(traces_of_use(city, rules))
    kept = pool.frame[kept_rows(pool, rules)]
    kept = kept[overlap_share(kept.geometry.to_numpy(), known) <= rules["overlap_share"]]
    kept = kept.assign(sign=pool.sign)
    return pd.DataFrame(kept.assign(true=labels(kept, stock)).drop(columns="geometry"))


def candidates_of(seed: int) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return every sign's candidates of one demo city with ``true``, and what truth was found."""
    city, truth = make_demo_city_with_truth(neighbourhoods=NEIGHBOURHOODS, seed=seed)
    profile = read_profile("national")
    places = prepare_neighbourhoods(city, profile.rooms["neighbourhoods"])
    known = city.layer("stock_assets").geometry.to_numpy()[::2]
    detection = detect_stock(city, places, profile, known=known)
    stock = truth["stock"]
    assert isinstance(stock, gpd.GeoDataFrame)
    found, seen = {}, []
    for sign, pool in detection.pools.items():
        kept = pool.frame[kept_rows(pool, profile.rooms["stock"])] if len(pool.frame) else None
        if kept is None or kept.empty:
            continue
        kept = kept.assign(sign=sign)
        found[sign] = pd.DataFrame(kept.assign(true=labels(kept, stock)).drop(columns="geometry"))
        seen.append(kept[["sign", "asset_type", "geometry"]])
    rules = profile.rooms["stock"]
    maps = [unused_on(thinned(city, seed, k), stock, known, rules) for k in range(THINNED)]
    found["unused_building"] = pd.concat(
        [*maps, *(found[sign] for sign in ("unused_building",) if sign in found)]
    )
    joined = gpd.GeoDataFrame(pd.concat(seen), geometry="geometry", crs=city.crs)
    real = stock[stock["real"].to_numpy(dtype=bool)]
    # what half of the register holds need not be found again
    held = gpd.GeoSeries(known, crs=city.crs).union_all()
    recalled = pd.DataFrame(
        {
            "what": real["what"].to_numpy(dtype=object),
            "m2": real.area.to_numpy(),
            "found": truth_found(stock, joined),
        }
    )
    return found, recalled[~real.intersects(held.buffer(-0.5)).to_numpy()]


def gathered(seeds: tuple[int, ...]) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Join the candidates of several cities."""
    parts = []
    for seed in seeds:
        parts.append(candidates_of(seed))
        print(f"seed {seed}", file=sys.stderr)
    joined = {
        sign: pd.concat([found[sign] for found, _ in parts if sign in found], ignore_index=True)
        for sign in SIGNS
    }
    return joined, pd.concat([recalled for _, recalled in parts], ignore_index=True)


def entry(curve: Curve, learnt: pd.DataFrame, back: pd.DataFrame) -> dict[str, Any]:
    """Write one curve as a parameter, with how it held on the cities kept back."""
    held = reliability(curve.of(back), back["true"].to_numpy(dtype=bool))
    zh, en = WORDS[curve.sign]
    return {
        "value": {
            "intercept": round(curve.intercept, 4),
            "terms": {
                term.measure: {
                    "scale": term.scale,
                    "weight": round(term.weight, 4),
                    "centre": round(term.centre, 4),
                    "low": round(term.low, 4),
                    "high": round(term.high, 4),
                }
                for term in curve.terms
            },
            "learnt_on": len(learnt),
            "checked_on": held.count,
            "true_share": round(held.precision, 4),
            "brier": round(held.brier, 4),
            "brier_of_base": round(held.brier_of_base, 4),
        },
        "unit": "1",
        "zh": f"{zh}的可信度曲线",
        "en": f"curve of the confidence of {en}",
        "source": f"scripts/calibrate_stock.py, demo cities of seeds {LEARNT[0]}–{LEARNT[-1]}, "
        f"checked on {HELD_BACK[0]}–{HELD_BACK[-1]}",
        "confidence": "product",
    }


def main() -> None:
    """Calibrate, write the curves, print the check."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="print only, write nothing")
    only = parser.parse_args().check
    learnt, _ = gathered(LEARNT)
    back, recalled = gathered(HELD_BACK)
    entries = {}
    for sign in SIGNS:
        curve = calibrate(sign, learnt[sign], learnt[sign]["true"].to_numpy(bool), TERMS[sign])
        entries[sign] = entry(curve, learnt[sign], back[sign])
        held = reliability(curve.of(back[sign]), back[sign]["true"].to_numpy(dtype=bool))
        terms = ", ".join(f"{term.measure} {term.weight:+.2f}" for term in curve.terms)
        print(
            f"{sign}: n {held.count}, precision {held.precision:.3f}, Brier {held.brier:.4f} "
            f"(base {held.brier_of_base:.4f}); {terms}"
        )
        print(held.bins.round(3).to_string())
    print(recalled.groupby("what")["found"].agg(["mean", "count"]).round(3).to_string())
    if not only:
        header = (
            "# Confidence of stock candidates; made by scripts/calibrate_stock.py, not by hand.\n"
        )
        text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=100)
        TARGET.write_text(header + text, encoding="utf-8")


if __name__ == "__main__":
    main()
