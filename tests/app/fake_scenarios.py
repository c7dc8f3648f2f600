"""An engine that answers scenarios of the grid town at once, to test what stands around it."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import geopandas as gpd
import pandas as pd
import shapely
from grid_town import SOUTH_M, WEST_M, ZONE

from app.errors import BaseMissingError
from app.scenarios.bases import Bases
from spatial.city.report import Note
from spatial.errors import InputError
from spatial.scenarios import AddFacility, CloseFacility, Fix, GapExplanation


@dataclass(frozen=True, eq=False)
class FakeBase:
    """Every added facility takes one must-have from `n0-0`; every closed one takes one from it."""

    crs: object = ZONE
    asked: list = field(default_factory=list)

    def run(self, changes):
        self.asked.append(changes)
        for at, change in enumerate(changes, 1):
            if isinstance(change, CloseFacility) and change.id == "nowhere":
                raise InputError(
                    f"Change {at} closes `nowhere`, which does not exist.",
                    zh=f"第 {at} 项变更要关闭的 `nowhere` 不存在。",
                )
        added = sum(isinstance(change, AddFacility) for change in changes)
        closed = sum(isinstance(change, CloseFacility) for change in changes)
        missing = 2 - added + closed
        touched = ["n0-0"] if missing != 2 else []
        places = pd.DataFrame(
            {"must_missing": [missing], "must_missing_before": [2], "gap_index": [missing / 4]},
            index=["n0-0"],
        ).assign(gap_index_before=0.5)
        gaps = pd.DataFrame(
            {
                "neighbourhood_id": ["n0-0", "n1-1"],
                "kind": ["library", "library"],
                "layer": ["c10", "c10"],
                "status": ["present", "present"],
                "nearest_m": [120.0, float("nan")],
            }
        )
        drawn = gpd.GeoDataFrame(
            {"op": ["add_facility"] * added},
            geometry=[shapely.Point(WEST_M, SOUTH_M)] * added,
            crs=ZONE,
        )
        gaps = gaps if touched else gaps.iloc[:0]
        return SimpleNamespace(
            neighbourhoods=places.loc[touched],
            gaps=gaps,
            gaps_of=lambda id_: gaps[gaps["neighbourhood_id"] == id_],
            heatmap=pd.DataFrame({"person_gaps": [3.0]}, index=["h1"]).iloc[: len(touched)],
            coverage=pd.DataFrame({"kind": ["library"], "persons_covered": [10.0]}),
            access=pd.DataFrame({"neighbourhood_id": ["n0-0"], "status": ["enough"]}),
            priority=pd.DataFrame({"rank": [2], "rank_before": [1]}, index=["n0-0"]),
            figures={"must_missing_total": {"before": 18.0, "after": 18.0 + closed - added}},
            drawn=drawn,
            notes=(Note("near", "示例", "an example"),),
            elapsed_ms=0.25,
        )


def explain_gap(base, neighbourhood_id, kind, *, layer=None):
    del base, neighbourhood_id, kind, layer
    at = shapely.LineString([(WEST_M, SOUTH_M), (WEST_M + 100, SOUTH_M)])
    added = AddFacility("new-1", "library", WEST_M, SOUTH_M)
    fix = Fix((added,), gain=40.0, closes=True, nearest_m=0.0, persons=12.0, zh="增设", en="add")
    return GapExplanation(
        neighbourhood_id="n0-0",
        kind="library",
        layer="c10",
        status="missing",
        facility={"id": "f1", "name": None, "distance_m": 340.0},
        path=at,
        missing_m=40.0,
        missing_m2=None,
        missing_capacity=float("nan"),
        fixes=(fix,),
    )


class FakeBases(Bases):
    """Has the state of the grid town, and of no other city."""

    def __init__(self, folder, *, version="v1"):
        super().__init__(folder)
        self.base = FakeBase()
        self.version = version

    def open(self, city_id, data_version):
        if data_version != self.version:
            raise BaseMissingError(f"{city_id} is not there", "没有")
        return self.base
