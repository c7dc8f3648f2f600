"""What sitings of a city are worked out on: made by the worker, opened by the web process too.

Who walks to which asset takes the network, which is there only while a city is analysed. So the
worker writes the siting problem of the whole city (every kind, every gap, every asset) into a
folder, by data version; each siting is then a part of it, made in a moment.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import uuid
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import numpy as np
import pandas as pd

from app.errors import ConflictError
from app.siting.asked import Ways
from spatial.errors import SpatialError
from spatial.siting.problem import SitingProblem
from spatial.standards import Profile, read_profile

if TYPE_CHECKING:
    from app.scenarios.bases import Bases
    from spatial.analysis import Analysis

__all__ = ["Grounds", "SitingGround"]

SAYS: Final = "siting-ground.json"
FORMAT: Final = 2
TABLES: Final = ("assets", "options", "demand", "impossible", "places", "documents", "warnings")


@dataclass(frozen=True, eq=False)
class SitingGround:
    """The siting problem of a whole city, and what its plans are told with.

    Parameters
    ----------
    data_version : str
    profile : Profile
    crs : str
        The city's metric zone, as WKT.
    problem : SitingProblem
        Every kind, every gap, every asset; the rules are of no account.
    places : DataFrame
        ``name, district_id, district_name`` by neighbourhood.
    documents, warnings : DataFrame
        Of `documents_needed` and `asset_warnings`, by ``stock_id``.
    """

    data_version: str
    profile: Profile
    crs: str
    problem: SitingProblem
    places: pd.DataFrame
    documents: pd.DataFrame
    warnings: pd.DataFrame
    ways: Ways = "neighbourhoods"

    @classmethod
    def of(cls, analysis: Analysis, *, ways: Ways = "neighbourhoods") -> SitingGround:
        """Make the ground of an analysed city, for one kind of walking."""
        from spatial.siting_from_analysis import siting_problem  # noqa: PLC0415  (loads the engine)
        from spatial.stock.documents import asset_warnings, documents_needed  # noqa: PLC0415

        problem = siting_problem(
            analysis,
            demand="buildings" if ways == "buildings" else "neighbourhoods",
            sharing=ways == "sharing",
        )
        stock = analysis.tables["stock"]
        used = pd.DataFrame(stock[stock.index.isin(problem.assets.index)].drop(columns="geometry"))
        places = analysis.tables["neighbourhoods"]
        district = places["district_id"].map(analysis.tables["districts"]["name"]).astype(object)
        return cls(
            data_version=analysis.data_version,
            profile=analysis.profile,
            crs=places.crs.to_wkt(),
            problem=problem,
            places=pd.DataFrame(places[["name", "district_id"]]).assign(district_name=district),
            documents=documents_needed(used),
            warnings=asset_warnings(used),
            ways=ways,
        )


class Grounds:
    """A folder of grounds by city, data version and kind of walking; the last few are kept open.

    Parameters
    ----------
    folder : Path
        Made when the first ground is saved.
    keep_open : int
        Grounds kept in memory; the longest unused one is let go.
    keep_versions : int
        Data versions of a city whose grounds stay on the disk.
    """

    def __init__(self, folder: Path, *, keep_open: int = 2, keep_versions: int = 3) -> None:
        self.folder = folder
        self.keep_open = keep_open
        self.keep_versions = keep_versions
        self._open: OrderedDict[tuple[str, str, Ways], SitingGround] = OrderedDict()
        self._guard = threading.Lock()
        self._opening = threading.Lock()

    @classmethod
    def beside(cls, bases: Bases) -> Grounds:
        """Return the grounds of an installation: they lie with the states for scenarios."""
        return cls(bases.folder / "siting", keep_versions=bases.keep_versions)

    def has(self, city_id: str, data_version: str, ways: Ways = "neighbourhoods") -> bool:
        """Return whether a ground of this engine is there."""
        return self._says(self.path(city_id, data_version, ways)) is not None

    def save(self, city_id: str, ground: SitingGround) -> Path:
        """Write a ground, whole or not at all."""
        target = self.path(city_id, ground.data_version, ground.ways)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{uuid.uuid4().hex}.new")
        try:
            _write(ground, fresh)
            if target.exists():  # made twice at once, or by another engine: the newer one stays
                target.rename(target.with_name(f"{uuid.uuid4().hex}.old"))
            fresh.rename(target)
        finally:
            with suppress(FileNotFoundError):
                shutil.rmtree(fresh)
        self._prune(target)
        return target

    def open(self, city_id: str, data_version: str, ways: Ways = "neighbourhoods") -> SitingGround:
        """Return a ground, read now or before.

        Raises
        ------
        ConflictError
            If it is not there (any more), or is of another engine: a new siting makes it.
        """
        key = (city_id, data_version, ways)
        with self._guard:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        with self._opening:
            with self._guard:
                if key in self._open:
                    return self._open[key]
            ground = self._read(city_id, data_version, ways)
            with self._guard:
                self._open[key] = ground
                while len(self._open) > self.keep_open:
                    self._open.popitem(last=False)
        return ground

    def path(self, city_id: str, data_version: str, ways: Ways = "neighbourhoods") -> Path:
        """Return where the ground of a city lies; ids of any script and length have a place."""
        city = hashlib.sha256(city_id.encode()).hexdigest()[:24]
        name = quote(data_version, safe="").replace(".", "%2E")
        return self.folder / city / (name if ways == "neighbourhoods" else f"{name}.{ways}")

    def _read(self, city_id: str, data_version: str, ways: Ways) -> SitingGround:
        path = self.path(city_id, data_version, ways)
        says = self._says(path)
        if says is None:
            raise _missing(city_id)
        try:
            return _read(path, says)
        except (SpatialError, OSError, ValueError) as fault:
            raise _missing(city_id) from fault

    @staticmethod
    def _says(path: Path) -> dict[str, Any] | None:
        try:
            says = json.loads((path / SAYS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        mine = says.get("format") == FORMAT and says.get("engine_version") == version("linli")
        return says if mine else None

    def _prune(self, newest: Path) -> None:
        """Remove grounds of data versions that are no longer kept, and what a crash left."""
        kept = sorted(
            (one for one in newest.parent.iterdir() if one.suffix not in {".old", ".new"}),
            key=lambda one: one.stat().st_mtime,
            reverse=True,
        )
        versions = list(dict.fromkeys(one.stem for one in kept))[: self.keep_versions]
        gone = [one for one in kept if one.stem not in versions]
        for path in [*gone, *newest.parent.glob("*.old")]:
            shutil.rmtree(path, ignore_errors=True)


def _write(ground: SitingGround, folder: Path) -> None:
    folder.mkdir()
    problem = ground.problem
    tables = {
        **{name: getattr(problem, name) for name in ("assets", "options", "demand", "impossible")},
        "places": ground.places,
        "documents": ground.documents,
        "warnings": ground.warnings,
    }
    for name in TABLES:
        pd.DataFrame(tables[name]).to_parquet(folder / f"{name}.parquet")
    np.save(folder / "start.npy", problem.start, allow_pickle=False)
    np.save(folder / "row.npy", problem.row, allow_pickle=False)
    says = {
        "format": FORMAT,
        "engine_version": version("linli"),
        "data_version": ground.data_version,
        "profile": ground.profile.id,
        "crs": ground.crs,
        "ways": ground.ways,
    }
    (folder / SAYS).write_text(json.dumps(says, ensure_ascii=False), encoding="utf-8")


def _read(folder: Path, says: dict[str, Any]) -> SitingGround:
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
    reach = tuple(np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("start", "row"))
    problem = SitingProblem.from_frames(
        tables["assets"],
        tables["options"],
        tables["demand"],
        (reach[0], reach[1]),
        impossible=tables["impossible"],
    )
    return SitingGround(
        data_version=says["data_version"],
        profile=read_profile(says["profile"]),
        crs=says["crs"],
        problem=problem,
        places=tables["places"],
        documents=tables["documents"],
        warnings=tables["warnings"],
        ways=says["ways"],
    )


def _missing(city_id: str) -> ConflictError:
    return ConflictError(
        f"What this siting of city `{city_id}` was worked out on is no longer kept. Start a new "
        f'job {{"kind": "siting"}} at /api/v1/cities/{city_id}/jobs.',
        f"城市 `{city_id}` 该次选址所依据的数据已不再保留。请在 /api/v1/cities/{city_id}/jobs "
        '重新启动任务 {"kind": "siting"}。',
    )
