"""One run: what it works on, its progress, the time of its stages, and what it notes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final, TypeVar

import geopandas as gpd

from spatial.analysis.model import AnalysisParameters
from spatial.city.model import City
from spatial.city.report import Note
from spatial.memory import give_back
from spatial.network import Obstacles, WalkNetwork
from spatial.progress import Progress
from spatial.standards import Profile
from spatial.units import MINUTE_S

__all__ = ["STAGES", "Run"]

Answer = TypeVar("Answer")
STAGES: Final = {
    "neighbourhoods": 0.16,
    "network": 0.08,
    "facilities": 0.04,
    "nearest": 0.10,
    "circles": 0.12,
    "gaps": 0.08,
    "eligibility": 0.04,
    "adjacency": 0.10,
    "stock": 0.10,
    "districts": 0.06,
    "finish": 0.12,
}
"""Stages in order, and the share of the whole that each takes on a usual city.

Life circles are drawn beside all that follows the network, and are waited for in ``finish``.
"""


class Run:
    """One run: the city, what it is checked against, and who is watching."""

    def __init__(
        self, city: City, profile: Profile, parameters: AnalysisParameters, progress: Progress
    ) -> None:
        self.city = city
        self.profile = profile
        self.parameters = parameters
        self.progress = progress
        self.stage_s: dict[str, float] = {}
        self.notes: list[Note] = list(city.report.notes)
        # Gates, and the network that is built for them beside the cells.
        self.streets: list[tuple[gpd.GeoDataFrame, Future[tuple[Obstacles, WalkNetwork]]]] = []
        self._before = 0.0
        self._share = 0.0

    def stage(self, name: str, work: Callable[[], Answer]) -> Answer:
        """Do one stage, with its time kept and its progress told."""
        self._share = STAGES[name]
        self.progress(name, self._before)
        with _timed(self.stage_s, name):
            answer = work()
        give_back()
        self._before += self._share
        self.progress(name, min(self._before, 1.0))
        return answer

    def within(self, step: str, share: float) -> None:
        """Tell progress inside the stage as progress of the whole."""
        self.progress(step, min(self._before + self._share * share, 1.0))

    def limits(self) -> dict[str, float]:
        """Farthest walk of each life circle, in the unit of the choice ``circles_by``."""
        layers = self.profile.catalogue.layers
        timed = {name: layer.minutes for name, layer in layers.items() if layer.minutes is not None}
        if self.parameters.circles_by == "distance":
            return {name: float(layers[name].limit_m) for name in timed}
        return {name: minutes * MINUTE_S for name, minutes in timed.items()}

    @property
    def measure(self) -> str:
        """Column in which walks are compared with the limits of the circles."""
        return "distance_m" if self.parameters.circles_by == "distance" else "time_s"


@contextmanager
def _timed(into: dict[str, float], name: str) -> Iterator[None]:
    """Keep the wall-clock seconds of a stage."""
    start_s = time.perf_counter()
    try:
        yield
    finally:
        into[name] = time.perf_counter() - start_s
