"""Profiles: layered, dated, sourced; a wrong file says which key, and what is known."""

from pathlib import Path

import pytest

from spatial.errors import StandardsError
from spatial.standards import list_profiles, read_profile
from spatial.standards.parameters import CONFIDENCES
from spatial.standards.policy import RULES

HEAD = "zh: 本市\nen: Our city\ndated: '2026'\nsource: 本市标准 第3条\n"


def own(tmp_path, text, name="ours.yaml"):
    path = tmp_path / name
    path.write_text(HEAD + text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", list_profiles())
def test_every_profile_that_ships_can_be_read_and_names_its_source(name):
    profile = read_profile(name)
    assert profile.id == name
    assert profile.source
    assert profile.dated
    assert set(profile.eligibility.rules) == set(RULES)
    assert all(rule.clause for rule in profile.eligibility.rules.values())
    assert name == "national" or profile.parent_ids == ("national",)


def test_every_number_of_the_catalogue_has_a_source_and_a_confidence():
    catalogue = read_profile().catalogue
    numbers = [n for kind in catalogue.kinds.values() for n in kind.numbers.values()]
    numbers += [layer.limit for layer in catalogue.layers.values()]
    assert len(numbers) > 100
    for one in [*numbers, *catalogue.area_rules.values(), *catalogue.relaxations.values()]:
        assert one.source in catalogue.sources
        assert one.confidence in CONFIDENCES


def test_the_layers_have_the_distances_of_the_standard():
    catalogue = read_profile().catalogue
    limits = [catalogue.limit_m(layer) for layer in ("c5", "c10", "c15")]
    assert limits == [300.0, 500.0, 1000.0]
    assert catalogue.layers["c15"].range_m == (800.0, 1000.0)
    assert catalogue.limit_m("block", "waste_point") == 70.0
    with pytest.raises(StandardsError, match="c20"):
        catalogue.limit_m("c20")


def test_numbers_that_can_be_checked_against_the_standard():
    kinds = read_profile().catalogue.kinds
    assert kinds["kindergarten"].radius_m == 300
    assert kinds["kindergarten"].floor_min_m2 == 3150
    assert kinds["kindergarten"].number("old_floor_min_m2") == 2200
    assert kinds["primary_school"].needs == {"c10": "must"}
    assert kinds["bus_stop"].needs == {"c15": "must", "c10": "must", "c5": "should"}
    assert kinds["community_health_station"].stock_min_m2("floor") == 120
    assert kinds["lift"].unit == "building_item"
    green = read_profile().catalogue.area_rules["green_c5"]
    assert green.old_m2 == pytest.approx(0.7 * green.new_m2)


def test_no_two_kinds_share_a_name():
    catalogue = read_profile().catalogue
    names = catalogue.names()
    for kind in catalogue.kinds.values():
        assert names[kind.id] == kind.id
        assert all(names[alias] == kind.id for alias in kind.aliases if alias.isascii() is False)


def test_a_profile_of_ones_own_overrides_numbers_and_keeps_the_rest(tmp_path):
    path = own(
        tmp_path,
        "parent: ningbo\n"
        "catalogue:\n"
        "  layers: {c15: {limit_m: 800}}\n"
        "  kinds: {kindergarten: {numbers: {radius_m: 500}}}\n"
        "  area_rules: {elderly_care: {old: 0.15}}\n"
        "rooms:\n"
        "  eligibility: {base_year: {value: 2005, confidence: V}}\n"
        "eligibility:\n"
        "  A08: {effect: flag}\n",
    )
    profile = read_profile(path)
    assert profile.id == "ours"
    assert profile.parent_ids == ("national", "ningbo")
    assert profile.catalogue.limit_m("c15") == 800
    changed = profile.catalogue.kinds["kindergarten"].numbers
    assert (changed["radius_m"].value, changed["radius_m"].source) == (500, "本市标准 第3条")
    assert changed["floor_min_m2"].value == 3150
    assert profile.catalogue.area_rules["elderly_care"].old_m2 == 0.15
    assert profile.catalogue.area_rules["elderly_care"].new_m2 == 0.30
    base = profile.rooms["eligibility"].parameters["base_year"]
    assert (base.value, base.source, base.confidence) == (2005, "本市标准 第3条", "V")
    assert profile.eligibility.parameters["base_year"] == 2005
    assert profile.eligibility.rules["A08"].effect == "flag"
    assert profile.eligibility.rules["A02"].effect == "excluded"  # from Ningbo
    assert read_profile("ningbo").catalogue.limit_m("c15") == 1000  # untouched


def test_a_parent_may_be_a_file_beside_it(tmp_path):
    own(tmp_path, "rooms: {eligibility: {base_year: 1990}}\n", "province.yaml")
    city = own(tmp_path, "parent: province.yaml\n", "city.yaml")
    profile = read_profile(city)
    assert profile.parent_ids == ("national", "province")
    assert profile.rooms["eligibility"]["base_year"] == 1990


def test_a_new_kind_may_be_added_with_all_it_needs(tmp_path):
    path = own(
        tmp_path,
        "catalogue:\n  kinds:\n    library:\n"
        "      {zh: 图书馆, en: library, layer: c15, needs: {c15: must},\n"
        "       source: 本市标准 第9条, confidence: high, numbers: {radius_m: 1000}}\n",
    )
    kind = read_profile(path).catalogue.kinds["library"]
    assert kind.needs == {"c15": "must"}
    assert kind.numbers["radius_m"].source == "本市标准 第9条"


WRONG = [
    ("colour: red\n", "unknown key `colour`"),
    ("rooms: {planets: {x: 1}}\n", "no room `planets`"),
    ("rooms: {eligibility: {bse_year: 1}}\n", "`eligibility.bse_year` does not exist"),
    ("rooms: {eligibility: {base_year: {value: 1, confidence: sure}}}\n", "confidence `sure`"),
    ("catalogue: {kindz: {}}\n", "no part `kindz`"),
    ("catalogue: {kinds: {kindergaten: {numbers: {radius_m: 5}}}}\n", "kinds.kindergaten does not"),
    ("catalogue: {kinds: {kindergarten: {radius_m: 5}}}\n", "unknown key `radius_m`"),
    ("catalogue: {kinds: {kindergarten: {numbers: {raduis_m: 5}}}}\n", "raduis_m"),
    ("catalogue: {kinds: {kindergarten: {numbers: {radius_m: far}}}}\n", "give a number"),
    ("catalogue: {kinds: {kindergarten: {needs: {c7: must}}}}\n", "c7: must"),
    ("catalogue: {layers: {c15: {limit_m: -1}}}\n", "0 or more"),
    ("catalogue: {area_rules: {green_c5: {kind: forest}}}\n", "kind `forest`"),
    ("eligibility: {A99: {effect: flag}}\n", "A99 does not exist"),
    ("eligibility: {A08: {effect: banned}}\n", "effect `banned`"),
    ("eligibility: {A08: {colour: red}}\n", "unknown key colour"),
    ("parent: ningbo\nparent: linxia\n", "`parent` stands twice"),
    ("parent: atlantis\n", "No profile `atlantis`"),
    ("parent: ours.yaml\n", "its own ancestor"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_wrong_profile_says_what_is_wrong_and_where(tmp_path, text, said):
    path = own(tmp_path, text)
    with pytest.raises(StandardsError, match=said):
        read_profile(path)


def test_a_profile_that_is_no_yaml_or_lacks_its_head_is_refused(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("a: [1,", encoding="utf-8")
    with pytest.raises(StandardsError, match=r"broken\.yaml is not readable YAML"):
        read_profile(path)
    path.write_text("- a\n- b\n", encoding="utf-8")
    with pytest.raises(StandardsError, match="keys and values"):
        read_profile(path)
    path.write_text("zh: 甲\n", encoding="utf-8")
    with pytest.raises(StandardsError, match="must give en, dated, source"):
        read_profile(path)


def test_an_unknown_id_lists_what_is_known():
    with pytest.raises(StandardsError, match="national, chongqing, linxia, ningbo"):
        read_profile("beijing")


def test_the_profile_shown_in_the_documentation_can_be_read(tmp_path):
    page = Path(__file__).resolve().parents[3] / "docs" / "eligibility.md"
    sample = page.read_text(encoding="utf-8").split("```yaml")[1].split("```")[0]
    path = tmp_path / "ours.yaml"
    path.write_text(sample, encoding="utf-8")
    profile = read_profile(path)
    assert profile.parent_ids == ("national", "ningbo")
    assert profile.eligibility.parameters["strong_will_share"] == 0.8


def test_every_room_that_a_profile_lists_can_be_read():
    profile = read_profile("ningbo")
    assert {"eligibility", "gaps"} <= set(profile.rooms)
    for room, parameters in profile.rooms.items():
        assert parameters.room == room
        assert len(parameters.parameters) > 0
    with pytest.raises(StandardsError, match="No parameters for `catalogue`"):
        profile.rooms["catalogue"]
