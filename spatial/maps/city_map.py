"""The whole city on one offline page: gaps, districts, stock, and what they rest on."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import folium
import geopandas as gpd
import pandas as pd

from spatial.maps.layers import add_layer, blank_map
from spatial.maps.palette import DISTRICTS, GAPS, LAYER_STYLE, UNKNOWN, gap_colour

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["city_map"]


def city_map(analysis: Analysis) -> folium.Map:
    """Return a folium map of an analysis, self-contained: no address of another host in it.

    Parameters
    ----------
    analysis : Analysis
        What to draw: neighbourhoods by gap index, heatmap, districts, gates, stock, and the
        city's water, land use, streets, buildings and walls beneath.
    """
    places = analysis.tables["neighbourhoods"]
    drawn = blank_map(places if len(places) else _anything(analysis))
    _base(drawn, analysis)
    _heatmap(drawn, analysis)
    _districts(drawn, analysis)
    _neighbourhoods(drawn, analysis)
    _stock_and_gates(drawn, analysis)
    folium.LayerControl(collapsed=False).add_to(drawn)
    page: Any = drawn.get_root()
    page.header.add_child(folium.Element(_STYLE))
    page.html.add_child(folium.Element(_heading(analysis)))
    return drawn


def _anything(analysis: Analysis) -> gpd.GeoDataFrame:
    return next(frame for frame in analysis.city.layers.values() if len(frame))


def _base(drawn: folium.Map, analysis: Analysis) -> None:
    titles = {
        "land_use": "用地 Land use",
        "water": "水系 Water",
        "buildings": "建筑 Buildings",
        "streets": "道路 Streets",
        "railways": "铁路 Railways",
        "barriers": "围墙 Walls",
    }
    for layer, title in titles.items():
        frame = analysis.city.layer(layer)
        if layer == "land_use":
            frame = frame[frame["use"].isin(["green", "park", "sports"])]
        shown = layer in {"water", "streets", "railways", "barriers", "land_use"}
        add_layer(drawn, frame, name=title, style=LAYER_STYLE[layer], show=shown)


def _heatmap(drawn: folium.Map, analysis: Analysis) -> None:
    cells = analysis.tables["heatmap"]
    if cells.empty:
        return
    known = cells["missing_mean"].dropna()  # nothing may be known anywhere
    top = (float(known.max()) if len(known) else 0.0) or 1.0

    def style(feature: dict[str, Any]) -> dict[str, Any]:
        value = feature["properties"]["missing_mean"]
        colour = gap_colour(None if value is None else value / top)
        return {"fillColor": colour, "fillOpacity": 0.75, "weight": 0, "color": colour}

    fields = {"persons": "人口 Residents", "missing_mean": "人均缺项 Missing kinds"}
    add_layer(drawn, cells, name="缺口热力 Gap heatmap", style=style, fields=fields, show=False)


def _districts(drawn: folium.Map, analysis: Analysis) -> None:
    districts = analysis.tables["districts"]

    def style(feature: dict[str, Any]) -> dict[str, Any]:
        colour = DISTRICTS[int(feature["properties"]["colour"] or 0) % len(DISTRICTS)]
        return {"fillColor": colour, "color": colour, "weight": 2.2, "fillOpacity": 0.16}

    fields = {
        "name": "片区 District",
        "members": "小区 Members",
        "households": "户数 Households",
        "persons": "人口 Residents",
        "colour": "图色 Colour",
    }
    add_layer(drawn, districts, name="更新片区 Districts", style=style, fields=fields)


def _neighbourhoods(drawn: folium.Map, analysis: Analysis) -> None:
    places = analysis.tables["neighbourhoods"]
    gaps = analysis.tables["gaps"]
    kinds = analysis.profile.catalogue.kinds
    lacking = gaps[(gaps["status"] == "missing") & (gaps["need"] == "must")]
    names = lacking["kind"].map(lambda kind: kinds[kind].zh)
    listed = names.groupby(lacking["neighbourhood_id"]).agg(_short_list)
    table = places.assign(lacking=listed.reindex(places.index))

    def style(feature: dict[str, Any]) -> dict[str, Any]:
        return {
            "fillColor": gap_colour(feature["properties"]["gap_index"]),
            "fillOpacity": 0.72,
            "color": "#5f5a50",
            "weight": 0.8,
        }

    fields = {
        "name": "小区 Neighbourhood",
        "derived": "边界 Outline",
        "year_built": "建成 Built",
        "households": "户数 Households",
        "persons": "人口 Residents",
        "eligibility": "资格 Eligibility",
        "gap_index": "缺口指数 Gap index",
        "lacking": "缺 Missing",
        "district_id": "片区 District",
    }
    add_layer(drawn, table, name="小区缺口 Neighbourhood gaps", style=style, fields=fields)


def _stock_and_gates(drawn: folium.Map, analysis: Analysis) -> None:
    fields = {
        "name": "名称 Name",
        "source": "来源 Source",
        "kind": "类别 Kind",
        "land_m2": "用地 m² Land",
        "pathway": "路径 Pathway",
        "permitted_zh": "可采取方式 Permitted",
    }
    add_layer(
        drawn,
        analysis.tables["stock"],
        name="存量资源 Stock",
        style=LAYER_STYLE["stock"],
        fields=fields,
        show=False,
    )
    add_layer(
        drawn,
        analysis.tables["neighbourhood_gates"],
        name="出入口 Gates",
        style={"color": "#ffffff", "fillColor": "#2b2a27", "weight": 1, "fillOpacity": 1},
        fields={"source": "来源 Source", "access": "通行 Access"},
        show=False,
    )


def _short_list(names: pd.Series) -> str:
    """First few names, and how many more."""
    unique = list(dict.fromkeys(names))
    more = f" 等 {len(unique)} 类" if len(unique) > 8 else ""
    return "、".join(unique[:8]) + more


def _heading(analysis: Analysis) -> str:
    """Title, legend and source line."""
    steps = "".join(f'<i style="background:{colour}"></i>' for colour in GAPS)
    text = {
        "city": html.escape(analysis.city.name),
        "profile": html.escape(f"{analysis.profile.zh} {analysis.profile.en}"),
        "version": f"{analysis.data_version} · {analysis.engine_version}",
    }
    return (
        f'<section class="linli"><h1>{text["city"]}</h1>'
        "<p>应配设施缺项 / 检查项 · must-have kinds missing / checked</p>"
        f'<div class="ramp"><span>0</span>{steps}<span>1</span></div>'
        f'<div class="ramp"><i style="background:{UNKNOWN}"></i><span>资料不足 unknown</span></div>'
        f'<p class="source">{text["profile"]}<br>{text["version"]}{_credit(analysis)}</p></section>'
    )


def _credit(analysis: Analysis) -> str:
    """Name OpenStreetMap's contributors where the city was read from their data (ODbL)."""
    sources = (report.source for report in analysis.city.report.layers)
    if any(source.endswith((".osm", ".pbf")) or "OpenStreetMap" in source for source in sources):
        return "<br>© OpenStreetMap contributors (ODbL)"
    return ""


_STYLE = """
<style>
  html, body { background: #faf8f3; font-family: "Noto Sans CJK SC", "Source Han Sans SC",
    "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", sans-serif; }
  .folium-map.leaflet-container { background: #faf8f3; font: inherit; font-size: 13px; }
  .leaflet-control-scale-line:nth-child(2) { display: none; }
  .linli { position: fixed; left: 12px; bottom: 44px; z-index: 1000; padding: 12px 16px;
    background: rgba(255, 255, 255, .94); border-radius: 8px; max-width: 300px;
    box-shadow: 0 1px 6px rgba(40, 35, 25, .18); color: #2b2a27; font-size: 12px; }
  .linli h1 { font-size: 16px; margin: 0 0 6px; }
  .linli p { margin: 4px 0; }
  .linli .ramp { display: flex; align-items: center; gap: 6px; }
  .linli .ramp i { width: 26px; height: 11px; margin-right: -6px; }
  .linli .ramp i:last-of-type { margin-right: 0; }
  .linli .source { color: #77746d; font-size: 11px; }
</style>
"""
