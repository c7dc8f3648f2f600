"""The weighed tables of a whole analysis: they tell one story, and the summary tells the same."""

import numpy as np
import pandas as pd
import pytest

from data.demo import make_demo_city
from spatial.analysis import AnalysisParameters, analyse
from spatial.city.read import read_city
from spatial.outputs.summary_text import summary_text
from spatial.standards import read_profile

PROFILE = read_profile("national")


@pytest.fixture(scope="module")
def town():
    city = make_demo_city(neighbourhoods=30, seed=5)
    return analyse(city, PROFILE, parameters=AnalysisParameters(year=2026))


def test_residents_of_buildings_are_those_of_their_neighbourhoods(town):
    persons = town.tables["building_gaps"].groupby("neighbourhood_id")["persons"].sum()
    given = town.tables["neighbourhoods"]["persons"]
    assert persons.to_numpy(dtype=float) == pytest.approx(
        given[persons.index].to_numpy(dtype=float)
    )


def test_buildings_the_heat_grid_and_coverage_count_the_same_gaps(town):
    homes, grid = town.tables["building_gaps"], town.tables["heatmap"]
    assert set(homes["neighbourhood_id"]) == set(town.tables["neighbourhoods"].index)
    of_buildings = float((homes["persons"] * homes["must_missing"]).sum())
    assert float(grid["person_gaps"].sum()) == pytest.approx(of_buildings)
    assert float(grid["persons"].sum()) == pytest.approx(float(homes["persons"].sum()))
    table = town.tables["coverage"]
    city = table[table["area"] == "city"].set_index(["kind", "layer"])
    lacking = homes["missing_kinds"].str.split(",").explode()
    lacking = lacking[lacking != ""].value_counts()
    for name, count in lacking.items():
        row = city.loc[tuple(name.split(":"))]
        assert row["buildings"] - row["buildings_covered"] == count


def test_queue_and_equity_count_the_same_people_without(town):
    queue, equity = town.tables["queue"], town.tables["equity"]
    frame = town.tables["gaps"]
    lost = frame[frame["status"] == "missing"]
    single = queue[(queue["level"] == "neighbourhood") & ~queue["layers"].str.contains(",")]
    assert len(single)
    keys = single["area"] + ":" + single["kind"] + ":" + single["layers"]
    assert set(keys) <= set(lost.index)
    # The queue counts those in neighbourhoods that lack a kind, equity those of all buildings.
    city = queue[(queue["level"] == "city") & queue["rank"].notna()]
    for row in city.itertuples():
        beyond = [
            equity.loc[f"city:{row.kind}:{at}", "persons_beyond"] for at in row.layers.split(",")
        ]
        assert row.persons_without <= max(beyond) + sum(beyond[1:]) + 1e-6


def test_the_ranking_of_the_map_is_that_of_the_table(town):
    places, priority = town.tables["neighbourhoods"], town.tables["priority"]
    assert places["priority"].equals(priority["priority"])
    assert places["priority_rank"].equals(priority["rank"])
    assert (priority["rank_low"] <= priority["rank"]).all()
    assert (priority["rank"] <= priority["rank_high"]).all()
    first = priority["priority"].astype(float).idxmax()
    assert town.summary["priority"]["first"][0]["id"] == first


def test_areas_of_all_neighbourhoods_are_those_of_the_gaps(town):
    areas, gaps = town.tables["areas"], town.tables["gaps"]
    for rule in PROFILE.catalogue.area_rules.values():
        rows = areas[areas["rule"] == rule.id].set_index("neighbourhood_id")
        same = gaps[(gaps["kind"] == rule.kind) & (gaps["layer"] == rule.layer)]
        same = same.set_index("neighbourhood_id").loc[rows.index]
        assert rows["supplied_m2"].equals(same["supplied_m2"])
        told = rows["unknown_en"].isna()
        assert rows.loc[told, "short_m2"].notna().all()
        assert rows.loc[~told, "short_m2"].isna().all()


def test_votes_of_residents_reach_the_queue_and_without_them_nobody_was_asked(town):
    votes = town.city.table("demand_votes")
    queue = town.tables["queue"]
    asked = queue[(queue["level"] == "neighbourhood") & queue["votes"].notna()]
    assert set(asked["area"]) <= set(votes["neighbourhood_id"])
    given = votes.groupby(["neighbourhood_id", "kind"])["votes"].sum()
    expected = [given[(row.area, row.kind)] for row in asked.itertuples()]
    assert asked["votes"].tolist() == expected
    silent = town.city.with_tables(demand_votes=votes.iloc[:0])
    again = analyse(silent, PROFILE, parameters=AnalysisParameters(year=2026))
    assert again.tables["queue"][["votes", "vote_share", "part_votes"]].isna().all(axis=None)
    assert again.tables["priority"]["part_votes"].isna().all()
    assert again.data_version != town.data_version


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_summary_names_the_first_of_the_queue_and_of_the_neighbourhoods(town, language):
    text = summary_text(town, language=language)
    first, prior = town.summary["queue"][0], town.summary["priority"]["first"][0]
    assert f"1. {first[language]}" in text
    assert prior["id"] in text
    assert "nan" not in text.lower().split()
    assert len(town.summary["queue"]) == 5


def test_shares_lie_between_nothing_and_all(town):
    for name in ("queue", "priority", "equity"):
        table = town.tables[name]
        shares = [c for c in table if c.endswith("_share") or c.startswith("part_")]
        values = table[shares].to_numpy(dtype=float, na_value=np.nan)
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) <= 1 + 1e-12
    gini = pd.to_numeric(town.tables["equity"]["gini"]).dropna()
    assert gini.between(-1e-12, 1).all()


@pytest.mark.real
def test_a_real_place_without_ages_votes_or_years_says_so_and_ranks_by_what_is_known(shared_data):
    city = read_city([shared_data / "wudaokou"])
    found = analyse(city, PROFILE, parameters=AnalysisParameters(year=2026))
    row = found.tables["equity"].loc["city:all:all"]
    assert row["unknown_zh"] == "缺老年人口、儿童人口"
    assert row[["elderly_mean_missing", "children_mean_missing"]].isna().all()
    priority = found.tables["priority"]
    silent = ["part_elderly", "part_age", "part_safety", "part_votes"]
    assert priority[silent].isna().all(axis=None)
    assert (priority["known_weight_share"].astype(float) < 0.7).all()
    assert priority["rank"].notna().all()
    assert found.tables["queue"]["vote_share"].isna().all()
    # OpenStreetMap knows no floor area of service stations: unknown with its reason, not 0.
    care = found.tables["areas"].query("rule == 'elderly_care'")
    assert care["supplied_m2"].isna().all()
    assert care["unknown_en"].notna().all()
