"""A plan on paper: the districts at a round scale, with all that a sheet on the wall must tell."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from spatial.checks import require_columns, require_metric_crs, require_same_crs
from spatial.errors import InputError
from spatial.maps.fonts import chinese_font
from spatial.maps.palette import DISTRICTS, LAYER_STYLE

__all__ = ["PAPERS", "SheetText", "write_plan_sheet"]

Language = Literal["zh", "en"]
Row = Sequence[str]

PAPERS: Final = {"a3": (420.0, 297.0), "a4": (297.0, 210.0)}
"""Millimetres, lying."""
MARGIN_MM: Final = 10.0
HEAD_MM: Final = 16.0
FOOT_MM: Final = 16.0
LIST_SHARE: Final = 0.27
"""Of the width, for the list of districts."""
LINE_MM: Final = 4.6
SCALES: Final = (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10)
BASE_ORDER: Final = ("land_use", "water", "buildings", "streets", "railways")
BUILDINGS_UP_TO: Final = 15_000
"""At a smaller scale than this a building is a dot that hides the districts."""
DRAWING: Final = threading.Lock()
"""matplotlib's settings are the whole process's: one sheet is drawn at a time."""
INK: Final = "#1d2b30"
QUIET: Final = "#6c6a64"

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "districts": ("片区", "Districts"),
    "members": ("小区", "Members"),
    "households": ("户数", "Households"),
    "persons": ("人口", "Residents"),
    "area": ("用地(公顷)", "Area (ha)"),
    "total": ("合计", "In all"),
    "unassigned": ("未划入片区", "In no district"),
    "excluded": ("不符合改造条件", "Not eligible"),
    "unknown": ("—", "—"),
    "more": ("其余见附表", "the others: see the table"),
    "table": ("附表", "Table"),
    "page": ("第 {page} 页,共 {pages} 页", "page {page} of {pages}"),
    "locked": ("锁定", "locked"),
}


@dataclass(frozen=True, slots=True)
class SheetText:
    """What stands around the map.

    Parameters
    ----------
    title : str
    revision : str
        Which state of the plan this is, e.g. ``方案 3 · 第 12 版``.
    notes : sequence of str
        Sources, data version, date; one line each.
    """

    title: str
    revision: str = ""
    notes: Sequence[str] = ()


def write_plan_sheet(
    target: Path | io.BytesIO,
    districts: gpd.GeoDataFrame,
    text: SheetText,
    *,
    unassigned: gpd.GeoDataFrame | None = None,
    excluded: int = 0,
    base: Mapping[str, gpd.GeoDataFrame] | None = None,
    paper: str = "a3",
    language: Language = "zh",
) -> int:
    """Write a plan as vector PDF: map, legend with figures, scale bar, north arrow, revision.

    Parameters
    ----------
    target : Path or BytesIO
    districts : GeoDataFrame of Polygon or MultiPolygon, metric CRS
        Indexed by district id, with ``name, colour`` (0–5), ``members, households, persons,
        area_m2`` (missing where not known) and optionally ``locked``; e.g. results.districts.
    text : SheetText
    unassigned : GeoDataFrame, optional
        Cells in no district that could join one; they are hatched.
    excluded : int
        Neighbourhoods that may join none; the list names them apart.
    base : mapping of layer name to GeoDataFrame, optional
        What lies beneath: ``land_use, water, buildings, streets, railways`` of a city.
    paper : {"a3", "a4"}
    language : {"zh", "en"}

    Returns
    -------
    int
        The scale: one metre on the paper is this many in the city.

    Raises
    ------
    InputError
        If the paper is unknown, there is nothing to draw, or no font can write Chinese.
    CRSError
        If coordinates are not metres, or layers are in different CRS.
    """
    if paper not in PAPERS:
        raise InputError(
            f"Paper `{paper}` is not known; use {' or '.join(PAPERS)}.",
            zh=f"不认识的纸张“{paper}”;可用 {'、'.join(PAPERS)}。",
        )
    require_metric_crs(districts, name="districts")
    require_columns(
        districts,
        ["name", "colour", "members", "households", "persons", "area_m2"],
        name="districts",
    )
    loose = districts.iloc[:0] if unassigned is None else unassigned
    for name, frame in {"unassigned": loose, **(base or {})}.items():
        require_same_crs(districts, frame, names=("districts", name))
    drawn = np.r_[districts.geometry.to_numpy(), loose.geometry.to_numpy()]
    if not len(drawn):
        raise InputError(
            "The plan has no district and no neighbourhood to draw.",
            zh="方案里没有片区,也没有小区可画。",
        )
    bounds = shapely.total_bounds(drawn)
    column = 0 if language == "zh" else 1
    rows = _rows(districts, len(loose), excluded, column)
    with (
        DRAWING,
        mpl.rc_context(
            {
                "font.family": [chinese_font(), "DejaVu Sans"],
                "pdf.fonttype": 42,
                "hatch.linewidth": 0.4,
                "axes.unicode_minus": False,
            }
        ),
    ):
        sheet = _Sheet(*PAPERS[paper], column)
        scale = sheet.fit(bounds)
        page = sheet.map_page(districts, loose, base or {}, bounds, scale, text, rows)
        pages = [page, *sheet.table_pages(rows, text)]
        with PdfPages(target, metadata={"Title": text.title, "CreationDate": None}) as file:
            for number, figure in enumerate(pages, 1):
                sheet.number(figure, number, len(pages))
                file.savefig(figure)
    return scale


def _rows(districts: gpd.GeoDataFrame, loose: int, excluded: int, column: int) -> list[Row]:
    """Lines of the list: colour, name, members, households, residents, hectares."""
    known = districts[["members", "households", "persons"]].astype("Float64").astype("float64")
    known["ha"] = districts["area_m2"].astype("float64") / 10_000
    lines: list[Row] = [
        (DISTRICTS[int(colour) % len(DISTRICTS)], str(name), *_figures(figures))
        for colour, name, figures in zip(
            districts["colour"], districts["name"], known.to_numpy(), strict=True
        )
    ]
    sums = known.sum(min_count=1).to_numpy()
    lines.append(("", WORDS["total"][column], *_figures(sums)))
    if loose:
        lines.append(("hatch", WORDS["unassigned"][column], str(loose), "", "", ""))
    if excluded:
        lines.append(("", WORDS["excluded"][column], str(excluded), "", "", ""))
    return lines


def _figures(values: np.ndarray) -> list[str]:
    whole = ["—" if math.isnan(v) else f"{round(v):,}" for v in values[:3].tolist()]
    return [*whole, "—" if math.isnan(values[3]) else f"{values[3]:.1f}"]


class _Sheet:
    """Where things stand on the paper; everything in millimetres from the lower left corner."""

    def __init__(self, width_mm: float, height_mm: float, column: int) -> None:
        self.width_mm, self.height_mm, self.column = width_mm, height_mm, column
        list_mm = max(88.0, width_mm * LIST_SHARE)
        self.map_mm = (
            MARGIN_MM,
            MARGIN_MM + FOOT_MM,
            width_mm - 2 * MARGIN_MM - list_mm - 4,
            height_mm - 2 * MARGIN_MM - HEAD_MM - FOOT_MM,
        )
        self.list_mm = (width_mm - MARGIN_MM - list_mm, self.map_mm[1], list_mm, self.map_mm[3])

    def word(self, key: str) -> str:
        return WORDS[key][self.column]

    def fit(self, bounds: np.ndarray) -> int:
        """Largest round scale at which the plan fits, with a little room around."""
        wide_m, high_m = bounds[2] - bounds[0], bounds[3] - bounds[1]
        least = max(wide_m / self.map_mm[2], high_m / self.map_mm[3], 0.5) * 1000 * 1.06
        power = 10 ** math.floor(math.log10(least))
        return round(next(step * power for step in SCALES if step * power >= least))

    def page(self) -> Figure:
        return Figure(figsize=(self.width_mm / 25.4, self.height_mm / 25.4), facecolor="white")

    def axes(self, figure: Figure, box_mm: tuple[float, float, float, float]) -> Axes:
        """Axes whose units are millimetres, unless they are the map's."""
        x, y, wide, high = box_mm
        w, h = self.width_mm, self.height_mm
        axes = figure.add_axes((x / w, y / h, wide / w, high / h))
        axes.set_xlim(0, wide)
        axes.set_ylim(0, high)
        axes.set_axis_off()
        return axes

    def map_page(
        self,
        districts: gpd.GeoDataFrame,
        loose: gpd.GeoDataFrame,
        base: Mapping[str, gpd.GeoDataFrame],
        bounds: np.ndarray,
        scale: int,
        text: SheetText,
        rows: list[Row],
    ) -> Figure:
        figure = self.page()
        self._head(figure, text)
        axes = self.axes(figure, self.map_mm)
        middle = (bounds[:2] + bounds[2:]) / 2
        half = np.array(self.map_mm[2:]) / 2000 * scale
        axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
        axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
        window = shapely.box(*(middle - half), *(middle + half))
        _draw_base(axes, base, window, scale)
        _draw_districts(axes, districts, loose)
        frame = Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, lw=0.8, ec=INK)
        frame.set_clip_on(False)
        axes.add_patch(frame)
        self._scale_bar(figure, scale)
        self._north(figure)
        self._notes(figure, text)
        self._list(figure, rows)
        return figure

    def table_pages(self, rows: list[Row], text: SheetText) -> list[Figure]:
        """Full lists for plans with more districts than the first page can name."""
        if len(rows) <= self._room():
            return []
        per_column = int((self.map_mm[3] + FOOT_MM) / LINE_MM) - 2
        columns = max(1, int((self.width_mm - 2 * MARGIN_MM) / (self.list_mm[2] + 4)))
        pages = []
        for start in range(0, len(rows), per_column * columns):
            figure = self.page()
            self._head(figure, text, note=self.word("table"))
            for at in range(columns):
                first = start + at * per_column
                some = rows[first : first + per_column]
                if some:
                    x = MARGIN_MM + at * (self.list_mm[2] + 4)
                    high = self.map_mm[3] + FOOT_MM
                    self._table(
                        self.axes(figure, (x, MARGIN_MM, self.list_mm[2], high)), some, high
                    )
            pages.append(figure)
        return pages

    def number(self, figure: Figure, page: int, pages: int) -> None:
        figure.text(
            1 - MARGIN_MM / self.width_mm,
            4 / self.height_mm,
            self.word("page").format(page=page, pages=pages),
            ha="right",
            fontsize=7,
            color=QUIET,
        )

    def _room(self) -> int:
        return int(self.list_mm[3] / LINE_MM) - 2

    def _head(self, figure: Figure, text: SheetText, *, note: str = "") -> None:
        top = self.height_mm - MARGIN_MM
        title = f"{text.title} · {note}" if note else text.title
        figure.text(
            MARGIN_MM / self.width_mm,
            (top - 7) / self.height_mm,
            title,
            fontsize=17,
            color=INK,
        )
        figure.text(
            1 - MARGIN_MM / self.width_mm,
            (top - 7) / self.height_mm,
            text.revision,
            fontsize=9,
            ha="right",
            color=QUIET,
        )

    def _scale_bar(self, figure: Figure, scale: int) -> None:
        high = FOOT_MM - 2
        axes = self.axes(figure, (MARGIN_MM, MARGIN_MM, self.map_mm[2] * 0.5, high))
        metres = _readable(scale * 0.035)
        piece_mm = metres / scale * 1000
        for at in range(2):
            axes.add_patch(
                Rectangle(
                    (at * piece_mm, 4),
                    piece_mm,
                    1.6,
                    facecolor=INK if at == 0 else "white",
                    edgecolor=INK,
                    lw=0.6,
                )
            )
        for at in range(3):
            label = f"{at * metres:g}" + (" m" if at == 2 else "")
            axes.text(at * piece_mm, 6.6, label, fontsize=7, ha="center" if at else "left")
        axes.text(2 * piece_mm + 8, 4, f"1 : {scale:,}", fontsize=10, color=INK)

    def _north(self, figure: Figure) -> None:
        x = self.map_mm[0] + self.map_mm[2] - 13
        y = self.map_mm[1] + self.map_mm[3] - 20
        axes = self.axes(figure, (x, y, 10, 17))
        axes.add_patch(Rectangle((0, 0), 10, 17, facecolor="white", alpha=0.85, lw=0))
        axes.add_patch(Polygon([(5, 10.5), (2, 1.5), (5, 3.6)], facecolor=INK, ec=INK, lw=0.5))
        axes.add_patch(Polygon([(5, 10.5), (8, 1.5), (5, 3.6)], facecolor="white", ec=INK, lw=0.5))
        axes.text(5, 12.2, "北" if self.column == 0 else "N", fontsize=8, ha="center", color=INK)

    def _notes(self, figure: Figure, text: SheetText) -> None:
        figure.text(
            (self.map_mm[0] + self.map_mm[2]) / self.width_mm,
            (MARGIN_MM + FOOT_MM - 5) / self.height_mm,
            "\n".join(text.notes),
            fontsize=6.5,
            ha="right",
            va="top",
            color=QUIET,
            linespacing=1.5,
        )

    def _list(self, figure: Figure, rows: list[Row]) -> None:
        room = self._room()
        shown = rows
        if len(rows) > room:
            tail = [row for row in rows[-3:] if row[0] in {"", "hatch"}]
            more = (" ", f"… {self.word('more')}", "", "", "", "")
            shown = [*rows[: room - len(tail) - 1], more, *tail]
        self._table(self.axes(figure, self.list_mm), shown, self.list_mm[3])

    def _table(self, axes: Axes, rows: list[Row], high_mm: float) -> None:
        wide = self.list_mm[2]
        right = [wide - 46, wide - 31, wide - 15, wide]
        heads = ["members", "households", "persons", "area"]
        y = high_mm - 3
        axes.text(0, y, self.word("districts"), fontsize=7.5, color=QUIET, va="center")
        for x, key in zip(right, heads, strict=True):
            axes.text(x, y, self.word(key), fontsize=6.5, color=QUIET, ha="right", va="center")
        axes.plot([0, wide], [y - 2.2] * 2, color=INK, lw=0.6)
        for row in rows:
            y -= LINE_MM
            if row[0].startswith("#"):
                axes.add_patch(
                    Rectangle((0, y - 1.3), 4.2, 2.6, facecolor=row[0], lw=0, alpha=0.75)
                )
            elif row[0] == "hatch":
                axes.add_patch(
                    Rectangle((0, y - 1.3), 4.2, 2.6, fill=False, hatch="/////", ec=QUIET, lw=0.4)
                )
            else:
                axes.plot([0, wide], [y + LINE_MM / 2] * 2, color=QUIET, lw=0.3)
            axes.text(5.6, y, _short(row[1], wide - 66), fontsize=7.2, color=INK, va="center")
            for x, figure in zip(right, row[2:], strict=True):
                axes.text(x, y, figure, fontsize=7, color=INK, ha="right", va="center")


def _draw_base(
    axes: Axes, base: Mapping[str, gpd.GeoDataFrame], window: shapely.Geometry, scale: int
) -> None:
    for order, name in enumerate(BASE_ORDER):
        frame = base.get(name)
        if frame is None or (name == "buildings" and scale > BUILDINGS_UP_TO):
            continue
        near = frame[frame.geometry.intersects(window)]
        if name == "land_use" and "use" in near:
            near = near[near["use"].isin(["green", "park", "sports"])]
        if near.empty:
            continue
        style: Mapping[str, Any] = LAYER_STYLE[name]
        lines = near.geom_type.isin(["LineString", "MultiLineString"])
        thin = 0.35 if scale > BUILDINGS_UP_TO else 0.6
        if lines.any():
            near[lines].plot(ax=axes, color=style["color"], linewidth=thin, zorder=2 + order)
        areas = near[near.geom_type.isin(["Polygon", "MultiPolygon"])]
        if len(areas):
            fill = style.get("fillColor", "#eeeeee")
            areas.plot(ax=axes, facecolor=fill, edgecolor="none", zorder=2 + order)
        axes.set_aspect("auto")  # geopandas sets it anew; the box is to scale already


def _draw_districts(axes: Axes, districts: gpd.GeoDataFrame, loose: gpd.GeoDataFrame) -> None:
    if len(loose):
        loose.plot(
            ax=axes, facecolor="none", edgecolor="#b5b1a8", hatch="/////", linewidth=0.2, zorder=8
        )
    if len(districts):
        fills = [DISTRICTS[int(colour) % len(DISTRICTS)] for colour in districts["colour"]]
        districts.plot(ax=axes, color=fills, alpha=0.42, edgecolor="none", zorder=9)
        districts.boundary.plot(ax=axes, color="white", linewidth=1.8, zorder=10)
        districts.boundary.plot(ax=axes, color=INK, linewidth=0.8, zorder=11)
    axes.set_aspect("auto")
    halo = [patheffects.withStroke(linewidth=2, foreground="white")]
    labels = zip(districts["name"], districts.geometry.representative_point(), strict=True)
    for name, place in labels:
        if pd.isna(name) or place.is_empty:
            continue
        axes.text(
            place.x,
            place.y,
            str(name),
            fontsize=6.5,
            ha="center",
            va="center",
            color=INK,
            zorder=12,
            clip_on=True,
            path_effects=halo,
        )


def _readable(metres: float) -> float:
    power = 10 ** math.floor(math.log10(metres))
    return float(max(step * power for step in (1, 2, 2.5, 5) if step * power <= metres))


def _short(name: str, room_mm: float) -> str:
    """Cut the name to the room: a Chinese character is about 2.6 mm wide, a Latin one 1.5."""
    wide = 0.0
    for at, letter in enumerate(name):
        wide += 2.6 if ord(letter) > 0x2E80 else 1.5
        if wide > room_mm + 18:
            return name[:at] + "…"
    return name
