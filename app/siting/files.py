"""A siting plan as a file: sites with costs and consents, who is served, who pays."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from shapely.geometry import Point, shape
from sqlalchemy import Engine

from app.siting.funding import funding_record
from app.siting.records import plan_record
from app.siting.shapes import catchments
from app.siting.warm import KeptSiting
from spatial.siting.plan import SitingPlan

__all__ = ["packed"]

SITE_NAMES: Final = {
    "option": "编号 id",
    "name": "名称 name",
    "kind_zh": "设施 kind",
    "kind_en": "kind (en)",
    "size": "规模 size",
    "size_m2": "面积 area (m²)",
    "year": "年度 year",
    "mode": "取得方式 mode",
    "cost_yuan": "一次性投入 cost (元 yuan)",
    "yearly_yuan": "年运营支出 running (元/年 yuan a year)",
    "persons": "服务人数 persons",
    "capacity_persons": "可服务人数 capacity (persons)",
    "consent_risk_share": "同意风险 consent risk (share)",
    "ownership": "权属 ownership",
    "pathway": "路径 pathway",
    "consent_zh": "须取得的同意 consent (zh)",
    "consent_en": "consent (en)",
    "clause": "依据 clause",
    "documents_zh": "文件与表决 documents (zh)",
    "documents_en": "documents (en)",
    "warnings_zh": "注意事项 warnings (zh)",
    "to_find_out": "待查 to find out",
    "serves": "服务小区 serves",
    "neighbourhood_id": "所在小区 neighbourhood",
    "district_id": "片区 district",
    "lon": "经度 lon",
    "lat": "纬度 lat",
}
PAYERS: Final = {
    "line": "选项 site",
    "source": "来源 source",
    "zh": "来源(中文)",
    "en": "source (en)",
    "yuan": "金额 (元 yuan)",
}
UNPAID: Final = {
    "line": "选项 site",
    "unpaid_yuan": "缺口 unpaid (元 yuan)",
    "rule": "规则 rule",
    "zh": "原因",
    "en": "reason",
}


def packed(
    engine: Engine,
    city_id: str,
    one: KeptSiting,
    plan: SitingPlan,
    kind: str,
    *,
    funding: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the file: ``gpkg`` with layers sites and catchments, or ``xlsx`` with sheets.

    With `funding` who pays is told for that money, not for the one that the siting was asked with.
    """
    record = plan_record(plan, one.ground)
    asked = one.request.get("funding") or {} if funding is None else funding
    money = funding_record(plan, one.ground, asked)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"siting.{kind}")
        if kind == "xlsx":
            _write_sheets(path, record, money)
        else:
            _write_layers(path, record, catchments(engine, city_id, one, plan, asset=None))
        return path.read_bytes()


def _site_rows(record: dict[str, Any]) -> pd.DataFrame:
    rows = []
    for site in record["chosen"]:
        texts = {
            "documents_zh": ";".join(one["zh"] for one in site["documents"]),
            "documents_en": "; ".join(one["en"] for one in site["documents"]),
            "warnings_zh": ";".join(one["zh"] for one in site["warnings"]),
            "serves": "、".join(
                f"{one['name'] or one['id']} {one['persons']:,.0f}" for one in site["serves"]
            ),
        }
        whole = {**site, **texts, "year": site["year"] + 1}
        rows.append({name: whole[name] for name in SITE_NAMES})
    return pd.DataFrame(rows, columns=list(SITE_NAMES))


def _write_sheets(path: Path, record: dict[str, Any], money: dict[str, Any]) -> None:
    facts = pd.DataFrame(
        [
            ("新增服务人数 persons newly served", record["persons"]),
            ("需求人数 persons who lack something", record["demand_persons"]),
            ("一次性投入 cost (元 yuan)", record["cost_yuan"]),
            ("年运营支出 running costs (元/年 yuan a year)", record["yearly_yuan"]),
            ("资金缺口 not paid by anybody (元 yuan)", money["gap_yuan"]),
            ("净现值 net present value (元 yuan)", money["npv_yuan"]),
            ("可靠程度", record["sure_zh"]),
            ("how sure", record["sure_en"]),
        ],
        columns=["项目 item", "数值 value"],
    )
    unserved = pd.DataFrame(record["unserved"])
    findings = pd.DataFrame(money["findings"]).drop(columns=["lines"], errors="ignore")
    sheets = {
        "概要 summary": facts,
        "选址 sites": _site_rows(record).rename(columns=SITE_NAMES),
        "未服务 unserved": unserved,
        "出资 payers": _named(money["payers"], PAYERS),
        "缺口 unpaid": _named(money["unpaid"], UNPAID),
        "平衡 balance": pd.DataFrame(money["balance"]),
        "现金流 cash flow": pd.DataFrame(money["cash_flow"]),
        "提示 findings": findings,
        "实施方案 form": pd.DataFrame(money["form"]),
    }
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            frame.map(_kept_text).to_excel(writer, sheet_name=name, index=False)
        for cell in chain.from_iterable(chain.from_iterable(writer.sheets.values())):
            if isinstance(cell.value, str):
                cell.data_type = "s"  # a text that begins with = is a text


def _kept_text(value: Any) -> Any:
    """Leave out what a sheet cannot hold: control characters within a name."""
    return ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value


def _named(rows: list[dict[str, Any]], names: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(names)).rename(columns=names)


def _write_layers(path: Path, record: dict[str, Any], drawn: dict[str, Any]) -> None:
    rows = _site_rows(record)
    points = [Point(lon, lat) for lon, lat in zip(rows["lon"], rows["lat"], strict=True)]
    sites = gpd.GeoDataFrame(rows, geometry=points, crs=4326)
    sites.to_file(path, layer="sites", driver="GPKG")
    served = [one for one in drawn["features"] if one["properties"]["role"] == "served"]
    facts = pd.DataFrame(
        [one["properties"] for one in served],
        columns=["site", "asset", "kind", "neighbourhood_id", "name", "persons"],
    )
    shapes = [None if one["geometry"] is None else shape(one["geometry"]) for one in served]
    areas = gpd.GeoDataFrame(facts, geometry=gpd.GeoSeries(shapes, crs=4326), crs=4326)
    areas.to_file(path, layer="catchments", driver="GPKG")
