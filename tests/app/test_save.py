"""What is stored comes back; half of it never does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from grid_town import grid_analysis
from sqlalchemy import text

from app.errors import NotFoundError, StoreError
from app.store.tables import INPUT_TABLES, RESULT_TABLES
from spatial.city.precision import on_grid
from spatial.errors import CancelledError
from spatial.fingerprint import fingerprint

pytestmark = pytest.mark.postgis


def _count(store, table):
    with store.engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM linli.{table}")).scalar_one()


def _everything(store):
    names = [t.name for t in [*INPUT_TABLES.values(), *RESULT_TABLES.values()]]
    tables = [*names, "city_version", "tile_label", "tile_overview", "raster"]
    return {name: _count(store, name) for name in tables}


@pytest.fixture(autouse=True)
def clean(store):
    yield
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM linli.city"))


def test_a_stored_city_comes_back_as_it_was(store):
    analysis = grid_analysis()
    city_id = store.save_analysis(analysis)
    assert city_id == "grid-town"
    assert store.has_city("grid-town")
    city = store.read_city("grid-town")
    assert city.crs == analysis.city.crs
    assert city.report == analysis.city.report
    for name, before in analysis.city.layers.items():
        after = city.layer(name)
        pd.testing.assert_frame_equal(
            pd.DataFrame(after.drop(columns="geometry")),
            pd.DataFrame(before.drop(columns="geometry")),
        )
        assert after.geometry.geom_equals_exact(before.geometry, tolerance=1e-6).all()
    votes = "demand_votes"
    pd.testing.assert_frame_equal(city.table(votes), analysis.city.table(votes))
    assert len(city.table(votes)) == 1
    before, after = analysis.city.rasters["elevation"], city.rasters["elevation"]
    np.testing.assert_array_equal(after.values, before.values)
    assert (after.transform, after.crs, after.unit) == (before.transform, before.crs, before.unit)


def test_a_city_on_the_grid_comes_back_with_the_same_fingerprint(store):
    analysis = grid_analysis()
    layers = {name: on_grid(frame) for name, frame in analysis.city.layers.items()}
    read = analysis.city.with_layers(**layers)  # as every reader hands it over
    store.save_analysis(replace(analysis, city=read))
    stored = store.read_city("grid-town")
    choices = (analysis.profile, {"year": 2026}, "0.1.0")
    assert fingerprint(stored, *choices) == fingerprint(read, *choices)


def test_missing_values_are_stored_as_missing(store):
    store.save_analysis(grid_analysis())
    with store.engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT count(*), count(year_built), count(floors), count(name) "
                "FROM linli.input_buildings"
            )
        ).one()
    assert tuple(row) == (9, 0, 9, 0)


def test_saving_the_same_version_twice_writes_nothing(store):
    store.save_analysis(grid_analysis())
    before = _everything(store)
    store.save_analysis(grid_analysis())
    assert _everything(store) == before


def test_only_the_last_versions_are_kept_and_the_current_one_always(store):
    for number in range(5):
        store.save_analysis(grid_analysis(data_version=f"v{number}"), keep_versions=2)
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT data_version FROM linli.city_version ORDER BY key"))
        assert [row[0] for row in kept] == ["v3", "v4"]
    store.save_analysis(grid_analysis(data_version="v3"), keep_versions=1)
    with store.engine.connect() as connection:
        kept = connection.execute(text("SELECT data_version FROM linli.city_version ORDER BY key"))
        assert [row[0] for row in kept] == ["v3"]
    assert _count(store, "result_neighbourhoods") == 9


def test_a_broken_import_leaves_nothing(store):
    analysis = grid_analysis()
    gaps = analysis.tables["gaps"].copy()
    gaps["nearest_m"] = pd.array([*([1.0] * (len(gaps) - 1)), np.inf], dtype="Float64")
    broken = replace(analysis, tables={**analysis.tables, "gaps": gaps})
    with pytest.raises(StoreError, match=r"result_gaps.*nearest_m_finite"):
        store.save_analysis(broken)
    assert set(_everything(store).values()) == {0}
    assert not store.has_city("grid-town")


def test_a_cancelled_import_leaves_the_old_version(store):
    store.save_analysis(grid_analysis())
    before = _everything(store)

    def stop(_step, share):
        if share > 0.5:
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        store.save_analysis(grid_analysis(data_version="v2"), progress=stop)
    assert _everything(store) == before


def test_two_cities_do_not_mix(store):
    store.save_analysis(grid_analysis(side=2, name="甲城"))
    store.save_analysis(grid_analysis(side=3, name="乙城"))
    assert len(store.read_city("甲城").layer("neighbourhoods")) == 4
    assert len(store.read_city("乙城").layer("neighbourhoods")) == 9
    assert store.delete_city("乙城")
    assert not store.delete_city("乙城")
    assert len(store.read_city("甲城").layer("neighbourhoods")) == 4
    with pytest.raises(NotFoundError, match="乙城"):
        store.read_city("乙城")
