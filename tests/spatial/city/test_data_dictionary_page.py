"""The page on the data dictionary says what the dictionary says."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def script():
    path = ROOT / "scripts" / "make_data_dictionary.py"
    spec = importlib.util.spec_from_file_location("make_data_dictionary", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_current():
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == script().document(), "run `python scripts/make_data_dictionary.py`"


def test_every_alias_of_a_value_leads_to_an_allowed_value():
    from spatial.city.recipe import alias_tables, common_recipes
    from spatial.dictionary import data_dictionary

    inputs = data_dictionary().inputs
    for key, table in alias_tables()["columns"].items():
        layer, column = key.split(".")
        allowed = inputs[layer].columns[column].values
        assert set(table.values()) <= set(allowed), key
    for scheme, table in alias_tables()["land_use_codes"].items():
        assert scheme in inputs["land_use"].columns["scheme"].values
        assert set(table.values()) <= set(inputs["land_use"].columns["use"].values)
    assert all(recipe.layer in inputs for recipe in common_recipes().values())


def test_constants_of_common_files_are_kinds_of_the_catalogue():
    from spatial.city.recipe import common_recipes
    from spatial.standards import read_profile

    kinds = read_profile("national").catalogue.kinds
    named = {r.constants["kind"] for r in common_recipes().values() if "kind" in r.constants}
    assert named <= set(kinds)


def test_no_alias_names_two_columns_of_one_layer():
    from spatial.dictionary import data_dictionary

    for spec in data_dictionary().inputs.values():
        names = [
            name.casefold()
            for column in spec.columns.values()
            for name in (column.name, *column.aliases)
        ]
        twice = {name for name in names if names.count(name) > 1}
        assert not twice, f"{spec.name}: {twice}"
