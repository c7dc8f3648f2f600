"""States for scenarios: made by the worker, opened memory-mapped by the web process."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from app.errors import AppError, BaseMissingError
from app.settings import Settings
from spatial.errors import SpatialError
from spatial.progress import Progress, silent

if TYPE_CHECKING:
    from spatial.analysis import Analysis
    from spatial.scenarios import ScenarioBase

__all__ = ["Bases"]

logger = logging.getLogger(__name__)

Key = tuple[str, str]
MISSING_EN: Final = (
    "The state that scenarios of city `{city}` are computed from is not there{why}. Start a job "
    '{{"kind": "scenario-base"}} at /api/v1/cities/{city}/jobs and ask again when it is done.'
)
MISSING_ZH: Final = (
    "城市 `{city}` 的情景计算数据尚未准备{why}。请在 /api/v1/cities/{city}/jobs 启动任务 "
    '{{"kind": "scenario-base"}},完成后重试。'
)


class Bases:
    """A folder of states by city and data version; the last few are kept open.

    Parameters
    ----------
    folder : Path
        Made when the first state is saved.
    keep_open : int
        Cities kept open at once; the longest unused one is let go.
    keep_versions : int
        Data versions of a city whose states stay on the disk.
    """

    def __init__(self, folder: Path, *, keep_open: int = 3, keep_versions: int = 3) -> None:
        self.folder = folder
        self.keep_open = keep_open
        self.keep_versions = keep_versions
        self._open: OrderedDict[Key, ScenarioBase] = OrderedDict()
        self._guard = threading.Lock()
        self._opening = threading.Lock()
        self._warming = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scenarios")

    @classmethod
    def of(cls, settings: Settings) -> Bases:
        """Return the states of an installation."""
        return cls(
            settings.scenario_bases(),
            keep_open=settings.open_scenario_cities,
            keep_versions=settings.keep_versions,
        )

    def save(self, city_id: str, analysis: Analysis, *, progress: Progress = silent) -> Path:
        """Make the state of an analysed city and put it in place, whole or not at all."""
        from spatial.scenarios import ScenarioBase  # noqa: PLC0415  (loads the engine)

        target = self.path(city_id, analysis.data_version)
        target.parent.mkdir(parents=True, exist_ok=True)
        with _folder_beside(target) as unfinished:
            ScenarioBase.from_analysis(analysis, progress=progress).save(unfinished)
            if target.exists():  # made by another engine, or twice at once: the newer one stays
                target.rename(target.with_name(f"{uuid.uuid4().hex}.old"))
            unfinished.rename(target)
        self._prune(target)
        return target

    def open(self, city_id: str, data_version: str) -> ScenarioBase:
        """Return the state of one city, opened now or before.

        Raises
        ------
        BaseMissingError
            If it was never made, or was made by another version of the engine.
        """
        key = (city_id, data_version)
        with self._guard:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        with self._opening:  # two questions at once open it once
            with self._guard:
                if key in self._open:
                    return self._open[key]
            base = self._read(city_id, data_version)
            with self._guard:
                self._open[key] = base
                while len(self._open) > self.keep_open:
                    self._open.popitem(last=False)
        return base

    def warm(self, city_id: str, data_version: str) -> None:
        """Open a city in the background, so that the first question need not wait for it."""
        with self._guard:
            if (city_id, data_version) in self._open or not self.has(city_id, data_version):
                return
        self._warming.submit(self._warm, city_id, data_version)

    def _warm(self, city_id: str, data_version: str) -> None:
        from spatial.scenarios import warm_up  # noqa: PLC0415  (loads the engine)

        try:
            warm_up(self.open(city_id, data_version))
        except (AppError, SpatialError, OSError, LookupError) as fault:
            # Whoever asks a question is told; here nobody asked.
            logger.info("scenarios of %s are not warm: %s", city_id, fault)

    def close(self) -> None:
        """Stop warming; what is open is let go with this object."""
        self._warming.shutdown(wait=True, cancel_futures=True)

    def has(self, city_id: str, data_version: str) -> bool:
        """Return whether a state was made (it may still be one of another engine)."""
        return self.path(city_id, data_version).is_dir()

    def path(self, city_id: str, data_version: str) -> Path:
        """Return where the state of a city lies; ids of any script and length have a place."""
        city = hashlib.sha256(city_id.encode()).hexdigest()[:24]
        return self.folder / city / quote(data_version, safe="").replace(".", "%2E")

    def _read(self, city_id: str, data_version: str) -> ScenarioBase:
        from spatial.scenarios import ScenarioBase  # noqa: PLC0415  (loads the engine)

        path = self.path(city_id, data_version)
        if not path.is_dir():
            raise _missing(city_id)
        try:
            return ScenarioBase.open(path)
        except (SpatialError, OSError, ValueError) as fault:
            zh = fault.message_zh if isinstance(fault, SpatialError) else str(fault)
            raise _missing(city_id, en=str(fault), zh=zh) from fault

    def _prune(self, newest: Path) -> None:
        """Remove states of data versions that are no longer kept, and what a crash left."""
        kept = sorted(
            (path for path in newest.parent.iterdir() if not _is_passing(path)),
            key=lambda path: path.stat().st_mtime,
            reverse=True,
        )
        for path in [*kept[self.keep_versions :], *newest.parent.glob("*.old")]:
            shutil.rmtree(path, ignore_errors=True)  # open maps of it stay readable


def _is_passing(path: Path) -> bool:
    return path.suffix in {".old", ".new"}


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    folder = target.with_name(f"{uuid.uuid4().hex}.new")
    try:
        yield folder
    finally:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)


def _missing(city_id: str, *, en: str = "", zh: str = "") -> BaseMissingError:
    told: dict[str, Any] = {"city": city_id}
    return BaseMissingError(
        MISSING_EN.format(**told, why=f" ({en})" if en else ""),
        MISSING_ZH.format(**told, why=f"({zh})" if zh else ""),
    )
