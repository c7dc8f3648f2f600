"""The whole path, stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict

import geopandas as gpd
import pandas as pd

from spatial.analysis import ground, missing, proposals, reach
from spatial.analysis.model import (
    Analysis,
    AnalysisParameters,
    Basis,
    Walk,
    data_version,
    engine_version,
)
from spatial.analysis.run import Run
from spatial.city.model import City
from spatial.city.neighbourhoods import Neighbourhoods
from spatial.cores import beside
from spatial.dictionary import conform, data_dictionary
from spatial.districting import district_frame
from spatial.districting.edges import cell_edges
from spatial.eligibility import assess
from spatial.gaps import RankStability, coverage, gap_heatmap, gap_scores, weigh_gaps
from spatial.joins import with_entries, with_ways_out
from spatial.progress import Progress, silent
from spatial.standards import Profile
from spatial.summary import summarise

__all__ = ["analyse"]


def analyse(
    city: City,
    profile: Profile,
    *,
    parameters: AnalysisParameters,
    progress: Progress = silent,
) -> Analysis:
    """Run the whole path on a city.

    Parameters
    ----------
    city : City
        The checked bundle of layers.
    profile : Profile
        Standards and policy to check against.
    parameters : AnalysisParameters
        Choices of this run.
    progress : Progress
        Told each stage and its share; may raise :class:`CancelledError` to stop.

    Returns
    -------
    Analysis
        Every table of ``results`` in the data dictionary, complete and conforming to it.
    """
    run = Run(city, profile, parameters, progress)
    places = run.stage("neighbourhoods", lambda: ground.neighbourhoods(run))
    walk = run.stage("network", lambda: ground.walk_of(run, places))
    with beside() as aside:
        return _analysed(run, places, walk, aside.begin(lambda told: reach.drawn(run, walk, told)))


def _analysed(
    run: Run, places: Neighbourhoods, walk: Walk, drawn: Future[gpd.GeoDataFrame]
) -> Analysis:
    """Run what follows from the network, while the life circles are drawn beside it."""
    city, profile, parameters = run.city, run.profile, run.parameters
    kinds = run.stage("facilities", lambda: reach.kinds_of(run))
    nearest = run.stage("nearest", lambda: reach.nearest(run, walk, kinds))
    reached, living = run.stage("circles", lambda: reach.reached(run, walk, kinds, places))
    gaps = run.stage("gaps", lambda: missing.gaps_of(run, places, nearest, kinds, walk, reached))
    homes = missing.gaps_of_buildings(run, places, walk, nearest, gaps)
    demand = missing.demanded(run, places)
    scores = gap_scores(gaps).reindex(places.frame.index)
    findings, overall = run.stage(
        "eligibility",
        lambda: assess(
            places, city, profile, must_missing=scores["must_missing"], year=parameters.year
        ),
    )
    pairs = run.stage("adjacency", lambda: proposals.adjacent(run, places, walk))
    stock, fits = run.stage("stock", lambda: proposals.stock_of(run, places, walk, gaps))
    pooling = proposals.shared(run, places, pairs, gaps, stock, fits)
    plan = run.stage(
        "districts", lambda: proposals.districts(run, places, pairs, gaps, overall, pooling)
    )

    def finish() -> Analysis:
        lived = missing.lived(run, places)
        weighed = weigh_gaps(
            gaps,
            places,
            profile,
            city.layer("buildings"),
            homes,
            demand=demand,
            year=parameters.year,
            districts=plan.assignment,
            lived=lived,
            seed=parameters.seed,
        )
        frame = places.frame.assign(
            eligibility=overall,
            must_missing=scores["must_missing"],
            must_checked=scores["must_checked"],
            gap_index=scores["gap_index"],
            priority=weighed.priority["priority"],
            priority_rank=weighed.priority["rank"],
            district_id=plan.assignment,
            single_reason=plan.single_reason,
        )
        return _finished(
            run,
            {
                "neighbourhoods": frame,
                "cells": places.cells,
                "cell_edges": cell_edges(places.cells),
                "neighbourhood_gates": with_entries(places.gates, walk.gates, walk.network),
                "adjacency": pairs,
                "eligibility": findings,
                "life_circles": reach.circles(run, drawn, reached, living),
                "reached_facilities": reached,
                "gaps": gaps,
                "building_gaps": with_ways_out(weighed.building_gaps, walk.building_access),
                "areas": weighed.areas,
                "queue": weighed.queue,
                "priority": weighed.priority,
                "equity": weighed.equity,
                "access": missing.access(run, places, kinds, reached, walk),
                "coverage": coverage(
                    gaps,
                    places,
                    districts=plan.assignment,
                    found=homes,
                ),
                "heatmap": gap_heatmap(
                    places,
                    gaps,
                    city,
                    profile.rooms["neighbourhoods"],
                    cell_m=profile.rooms["gaps"]["heatmap_cell_m"],
                    buildings=homes,
                    lived=lived,
                ),
                "districts": district_frame(plan, places, pairs, gaps),
                "stock": stock,
                "stock_fits": fits,
            },
            Basis(places, kinds, walk),
            weighed.stability,
        )

    return run.stage("finish", finish)


def _finished(
    run: Run, tables: Mapping[str, pd.DataFrame], basis: Basis, stability: RankStability
) -> Analysis:
    """Bring every table into the dictionary's form, summarise, and stamp the version."""
    walk = basis.walk
    results = data_dictionary().results
    checked = {name: conform(tables[name], spec, name=name) for name, spec in results.items()}
    notes = tuple(dict.fromkeys(run.notes))
    return Analysis(
        city=run.city,
        network=walk.network,
        profile=run.profile,
        parameters=run.parameters,
        tables=checked,
        summary=summarise(
            run.city,
            walk.network,
            checked,
            run.profile,
            notes,
            asdict(run.parameters),
            stability,
        ),
        notes=notes,
        data_version=data_version(run.city, run.profile, run.parameters),
        engine_version=engine_version(),
        stage_s=dict(run.stage_s),
        basis=basis,
    )
