"""The decision table F21–F29: every combination leads to one row, or says what to find out."""

from itertools import product

import pandas as pd
import pytest

from spatial.stock.pathway import INPUTS, decision_table, new_facility_owner, pathway

TABLE = decision_table()
CHOICES = [(*TABLE.columns[column], None) for column in INPUTS]
EVERY = list(product(*CHOICES))


def test_every_combination_has_one_row_or_says_what_to_find_out():
    for facts in EVERY:
        row, to_find_out = TABLE.decide(facts)
        assert (row is None) == bool(to_find_out), facts
        assert row is None or row in TABLE.rows


def test_each_row_is_reached():
    assert {TABLE.decide(facts)[0] for facts in EVERY} - {None} == set(TABLE.rows)
    assert set(TABLE.rows) == {"F21", "F22", "F23", "F24", "F26", "F27", "F28"}
    assert set(TABLE.private_capital) == {"F25", "F29"}


def test_each_step_decides_something_that_no_other_step_would():
    # Taking any one step out changes an answer: no step is dead.
    complete = list(product(*(TABLE.columns[column] for column in INPUTS)))

    def first(steps, facts):
        known = dict(zip(INPUTS, facts, strict=True))
        for row, asked in steps:
            if all(known[column] in values for column, values in asked.items()):
                return row
        return None

    for number in range(len(TABLE.steps)):
        fewer = TABLE.steps[:number] + TABLE.steps[number + 1 :]
        assert any(first(fewer, facts) != first(TABLE.steps, facts) for facts in complete), number


def test_unknown_ownership_never_gives_a_pathway():
    for kind, acquisition, core in product(CHOICES[0], CHOICES[2], CHOICES[3]):
        row, to_find_out = TABLE.decide((kind, None, acquisition, core))
        assert row is None
        assert to_find_out


def test_finding_out_never_overturns_an_answer():
    # A row given in spite of unknown facts stays, whatever they turn out to be.
    for facts in EVERY:
        row, _ = TABLE.decide(facts)
        if row is None or None not in facts:
            continue
        known = [
            (fact,) if fact is not None else TABLE.columns[c]
            for c, fact in zip(INPUTS, facts, strict=True)
        ]
        for full in product(*known):
            assert TABLE.row_of(full) in {row, None}
            if TABLE.row_of(full) is None:
                assert TABLE.obtained[full[1]] != full[2]


@pytest.mark.parametrize(
    ("facts", "row"),
    [
        (("bicycle_shed", "owners_common", None, None), "F21"),
        (("idle_public_housing", "institution", None, False), "F22"),
        (("ground_floor_shop", "soe_granted", "granted", False), "F22"),
        (("property_room", "soe_allocated", None, None), "F23"),
        (("gatehouse", "state", "allocated", None), "F23"),
        (("gatehouse", "soe_granted", None, None), "F24"),
        (("basement", "private_company", None, None), "F24"),
        (("other", "individual", None, None), "F24"),
        (("corner_land", "owners_common", None, None), "F26"),
        (("public_green", "collective", None, None), "F26"),
        (("idle_land", "state", None, None), "F27"),
        (("idle_state_structure", "state", None, None), "F27"),
        (("vacant_house", "individual", None, None), "F28"),
        (("idle_commercial", "institution", None, True), "F28"),
    ],
)
def test_the_table_reads_as_the_requirement(facts, row):
    assert TABLE.decide(facts) == (row, ())


@pytest.mark.parametrize(
    ("facts", "columns"),
    [
        (("corner_land", None, None, None), ("ownership",)),
        (("idle_public_housing", "state", None, None), ("core_function",)),
        (("idle_public_housing", "state", None, True), ("core_function",)),
        (("gatehouse", "state", None, None), ("acquisition",)),
        (("gatehouse", "soe_allocated", "granted", None), ("acquisition",)),
        (("idle_state_structure", "individual", None, None), ("ownership",)),
        (("roof", "owners_common", None, None), ("kind",)),
    ],
)
def test_what_is_missing_or_contradicts_is_named(facts, columns):
    assert TABLE.decide(facts) == (None, columns)


def test_the_frame_carries_consent_private_capital_and_new_ownership():
    assets = pd.DataFrame(
        {
            "kind": ["bicycle_shed", "corner_land", "vacant_house"],
            "asset_type": ["building", "land", "building"],
            "ownership": ["owners_common", "owners_common", "unknown"],
            "inside_red_line": pd.array([True, False, pd.NA], dtype="boolean"),
        },
        index=pd.Index(["x", "y", "z"], name="id"),
    )
    found = pathway(assets)
    assert found["pathway"].tolist() == ["F21", "F26", pd.NA]
    assert found.loc["z", "to_find_out"] == "ownership, core_function"
    assert "业主大会" in found.loc["x", "consent_zh"]
    assert "F25" in found.loc["x", "private_en"]
    assert "F29" in found.loc["x", "private_en"]
    assert "F29" not in found.loc["y", "private_en"]
    assert found["private_zh"].isna().tolist() == [False, False, True]
    assert found["new_owner"].tolist() == ["F32", "F31", pd.NA]


def test_land_taken_back_goes_before_the_red_line():
    inside = pd.Series([True, False, None], dtype="boolean")
    taken = pd.Series([True, False, True])
    assert new_facility_owner(inside, taken)["new_owner"].tolist() == ["F33", "F31", "F33"]
