"""The data dictionary is whole, and frames conform to it."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from spatial.dictionary import PANDAS_DTYPES, conform, data_dictionary, empty_layer
from spatial.errors import LayerError

DICTIONARY = data_dictionary()
ALL_LAYERS = [*DICTIONARY.inputs.values(), *DICTIONARY.results.values()]


@pytest.mark.parametrize("layer", ALL_LAYERS, ids=lambda layer: layer.name)
def test_every_column_has_a_type_and_both_names(layer):
    for column in layer.columns.values():
        assert column.type in PANDAS_DTYPES
        assert column.zh
        assert column.en


@pytest.mark.parametrize("layer", ALL_LAYERS, ids=lambda layer: layer.name)
def test_columns_with_a_unit_suffix_declare_that_unit(layer):
    suffixes = {"_m": "m", "_m2": "m2", "_s": "s", "_share": "share"}
    for column in layer.columns.values():
        unit = next((u for end, u in suffixes.items() if column.name.endswith(end)), None)
        if unit:
            assert column.unit == unit, column.name


def test_aliases_name_one_column_each():
    for layer in DICTIONARY.inputs.values():
        names = [alias.lower() for c in layer.columns.values() for alias in (c.name, *c.aliases)]
        assert len(names) == len(set(names)), layer.name


def test_conform_keeps_missing_values_missing():
    spec = DICTIONARY.inputs["neighbourhoods"]
    frame = gpd.GeoDataFrame(
        {"households": [12, None]}, index=["a", "b"], geometry=[Point(0, 0), Point(1, 1)], crs=4547
    )
    result = conform(frame, spec, name="homes")
    assert list(result.columns) == [*spec.columns, "geometry"]
    assert result["households"].tolist() == [12, pd.NA]
    assert result["year_built"].isna().all()


def test_conform_names_the_row_of_a_value_that_is_not_allowed():
    frame = gpd.GeoDataFrame({"kind": ["castle"]}, index=["w7"], geometry=[Point(0, 0)], crs=4547)
    with pytest.raises(LayerError, match=r"row w7.*'castle'.*allowed are gate"):
        conform(frame, DICTIONARY.inputs["gates"], name="gates")


def test_conform_refuses_repeated_ids():
    frame = gpd.GeoDataFrame(index=["a", "a"], geometry=[Point(0, 0), Point(1, 1)], crs=4547)
    with pytest.raises(LayerError, match="repeated ids"):
        conform(frame, DICTIONARY.inputs["gates"], name="gates")


def test_an_empty_layer_has_every_column():
    spec = DICTIONARY.inputs["streets"]
    assert list(empty_layer(spec, 4547).columns) == [*spec.columns, "geometry"]
