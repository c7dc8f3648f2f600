"""What became of every feature that was read: loaded, repaired or refused. The counts add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from spatial.errors import InputError

__all__ = ["ImportReport", "LayerReport", "Note", "Refusal", "Repair"]


@dataclass(frozen=True, slots=True)
class Repair:
    """One feature that was mended so that it could be used."""

    row: str
    """Where it stood: row number or id in the source."""
    what: str
    """Key of the repair, e.g. ``self_intersection``, ``closed_ring``, ``axes_swapped``."""
    area_before_m2: float | None = None
    area_after_m2: float | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One feature that could not be used."""

    row: str
    why: str
    """Key of the reason, e.g. ``empty_geometry``, ``not_finite``, ``duplicate_id``."""
    detail: str = ""
    """The value given and what to do about it."""


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
