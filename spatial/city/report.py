"""What became of every feature that was read: loaded, repaired or refused. The counts add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from spatial.errors import InputError

__all__ = ["ImportReport", "LayerReport", "Note", "Refusal", "Repair"]

REFUSALS_ZH: Final = {
    "area_not_built": "轮廓不完整或自相交,不能成面;请修正轮廓",
    "duplicate_id": "编号与前面的行相同而内容不同;请给每行各自的编号",
    "empty_geometry": "没有几何;请补画,或去掉这一行",
    "missing_nodes": "文件中该线的节点不足两个;请导出完整数据",
    "no_coordinates": "坐标无法识别;请更正",
    "not_closed": "轮廓未闭合;请闭合",
    "not_finite": "坐标不是有限数值;请更正",
    "outside_projection": "该处不能投影到城市坐标带;请核对坐标与声明的坐标系",
    "wrong_geometry": "几何类型与图层不符;请移到相应图层",
    "zero_area": "面积为零;请重画,或去掉这一行",
    "zero_coordinates": "坐标均为 0,位置不明;请查明位置",
    "zero_length": "长度为零;请重画,或去掉这一行",
}
"""Keys of refusals in Chinese."""
REPAIRS_ZH: Final = {
    "axes_swapped": "经纬度颠倒,已对调",
    "invalid_polygon": "面自相交,已修正",
    "missing_id": "缺少编号,已补",
    "missing_nodes": "缺少部分节点,按其余节点连接",
    "mixed_geometry_parts": "混合几何,取所需部分",
}
"""Keys of repairs in Chinese."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One feature that was mended so that it could be used."""

    row: str
    """Where it stood: row number or id in the source."""
    what: str
    """Key of the repair, e.g. ``self_intersection``, ``closed_ring``, ``axes_swapped``."""
    area_before_m2: float | None = None
    area_after_m2: float | None = None

    @property
    def what_zh(self) -> str:
        """What was mended, in Chinese words."""
        return REPAIRS_ZH.get(self.what, self.what)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One feature that could not be used."""

    row: str
    why: str
    """Key of the reason, e.g. ``empty_geometry``, ``not_finite``, ``duplicate_id``."""
    detail: str = ""
    """The value given and what to do about it, in English."""

    @property
    def why_zh(self) -> str:
        """The reason and what to do about it, in Chinese.

        Examples
        --------
        >>> Refusal("7", "duplicate_id").why_zh
        '编号与前面的行相同而内容不同;请给每行各自的编号'
        """
        return REFUSALS_ZH.get(self.why, f"{self.why} {self.detail}".strip())


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know about a source, though nothing was refused."""

    key: str
    """E.g. ``gcj02_suspected``, ``no_crs_declared``, ``no_streets``."""
    text_zh: str
    text_en: str
    level: str = "info"
    """``info`` or ``warning``."""


@dataclass(frozen=True, slots=True)
class LayerReport:
    """What became of one layer of one source.

    ``read == loaded + len(refused) + merged`` always holds; repaired features are among the loaded.
    """

    layer: str
    source: str
    read: int
    loaded: int
    repairs: tuple[Repair, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    merged: int = 0
    """Features that became part of another one (e.g. parts of a multipolygon, exact duplicates)."""
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a report that does not add up: that would be a defect of the reader."""
        if self.read != self.loaded + len(self.refusals) + self.merged:
            raise InputError(
                f"Report of layer `{self.layer}` from {self.source} does not add up: "
                f"{self.read} read, {self.loaded} loaded, {len(self.refusals)} refused, "
                f"{self.merged} merged. Please report this with the file.",
                zh=(
                    f"图层 {self.layer}(来自 {self.source})的读取报告对不上:读入 {self.read},"
                    f"采用 {self.loaded},拒收 {len(self.refusals)},合并 {self.merged}。请将此"
                    "问题连同文件反馈给我们。"
                ),
            )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The import reports of all layers of a city, and what holds for the city as a whole."""

    layers: tuple[LayerReport, ...] = ()
    notes: tuple[Note, ...] = field(default=())

    def merged_with(self, other: ImportReport) -> ImportReport:
        """Return both reports as one."""
        return ImportReport(self.layers + other.layers, self.notes + other.notes)

    def with_notes(self, notes: Iterable[Note]) -> ImportReport:
        """Return the report with more notes on the city."""
        return ImportReport(self.layers, (*self.notes, *notes))

    @property
    def warnings(self) -> tuple[Note, ...]:
        """All notes that are warnings, of the layers and of the city."""
        notes = [note for layer in self.layers for note in layer.notes] + list(self.notes)
        return tuple(note for note in notes if note.level == "warning")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        from dataclasses import asdict  # noqa: PLC0415  (only needed to write a report)

        return asdict(self)
