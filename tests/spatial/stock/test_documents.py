"""Documents and votes: every row of the table takes some, and what is unknown is asked first."""

from itertools import product

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.dictionary import data_dictionary
from spatial.errors import StandardsError
from spatial.stock.documents import _papers, asset_warnings, documents_needed, votes_needed
from spatial.stock.pathway import INPUTS, decision_table, pathway

TABLE = decision_table()
FACTS = list(product(*((*TABLE.columns[column], None) for column in INPUTS)))


def every_asset():
    frame = pd.DataFrame(FACTS, columns=list(INPUTS))
    frame.index = [f"a{number}" for number in frame.index]
    frame["asset_type"] = ["land" if number % 2 else "building" for number in range(len(frame))]
    return frame.join(pathway(frame))


def asset(**facts):
    frame = pd.DataFrame({key: [value] for key, value in facts.items()}, index=["x"])
    return documents_needed(frame.join(pathway(frame)))


def test_an_asset_takes_consent_or_agreement_where_its_pathway_is_known_and_only_there():
    stock = every_asset()
    needed = documents_needed(stock)
    settled = needed[needed["stage"].isin(["consent", "agreement"])]["stock_id"].unique()
    assert set(settled) == set(stock.index[stock["pathway"].notna()])
    asked = needed[needed["stage"] == "find_out"]["stock_id"].unique()
    assert set(asked) == set(stock.index[stock["to_find_out"].notna()])


def test_each_asset_has_its_documents_numbered_and_none_twice():
    needed = documents_needed(every_asset())
    for _, rows in needed.groupby("stock_id"):
        assert rows["order"].tolist() == list(range(1, len(rows) + 1))
        assert not rows.duplicated(["document", "votes"]).any()


def test_every_document_of_the_data_is_needed_somewhere():
    stock = every_asset()
    kinds = list(_papers().constraints)
    stock["constraints"] = [kinds[number % len(kinds)] for number in range(len(stock))]
    stock["new_owner"] = [("F31", "F32", "F33", None)[number % 4] for number in range(len(stock))]
    assert set(documents_needed(stock)["document"]) == set(_papers().documents)


def test_the_constraints_are_those_of_the_dictionary():
    values = data_dictionary().inputs["constraints"].columns["kind"].values
    assert set(_papers().constraints) == set(values)


@pytest.mark.parametrize(
    ("facts", "documents", "votes"),
    [
        (
            {"kind": "basement", "ownership": "owners_common", "asset_type": "building"},
            ["owners_assembly", "owners_joint", "street_guidance"],
            {"special"},
        ),
        (
            {"kind": "corner_land", "ownership": "owners_common", "asset_type": "land"},
            ["residents_consent", "no_conflict"],
            {"rebuild"},
        ),
        (
            {"kind": "corner_land", "ownership": "collective", "asset_type": "land"},
            ["residents_consent", "holder_consent", "no_conflict"],
            {"ordinary"},
        ),
        (
            {"kind": "ground_floor_shop", "ownership": "individual", "asset_type": "building"},
            ["lease_contract"],
            set(),
        ),
        (
            {"kind": "property_room", "ownership": "soe_allocated", "asset_type": "building"},
            ["appraisal", "transfer_decision", "title_transfer", "income_agreement"],
            set(),
        ),
    ],
)
def test_what_each_way_takes(facts, documents, votes):
    needed = asset(**facts)
    needed = needed[needed["stage"].isin(["consent", "agreement"])]
    assert needed["document"].tolist() == documents
    assert set(needed["votes"].dropna()) == votes


def test_rooms_given_to_private_capital_take_the_joint_meeting_too_and_land_does_not():
    room = asset(kind="basement", ownership="owners_common", asset_type="building")
    land = asset(kind="idle_land", ownership="state", asset_type="land")
    assert room[room["stage"] == "private"]["row"].tolist() == ["F25", "F29"]
    assert land[land["stage"] == "private"]["row"].tolist() == ["F25"]


def test_what_is_newly_built_inside_the_red_line_is_registered_as_common():
    frame = pd.DataFrame(
        {
            "kind": ["corner_land"],
            "ownership": ["owners_common"],
            "asset_type": ["land"],
            "inside_red_line": pd.array([True], dtype="boolean"),
        },
        index=["x"],
    )
    needed = documents_needed(frame.join(pathway(frame)))
    built = needed[needed["stage"] == "new_building"]
    assert built["document"].tolist() == ["common_registration", "free_operation", "registration"]
    assert built["row"].tolist() == ["F32", "F32", "F34"]


def test_unknown_ownership_says_where_to_ask():
    needed = asset(kind="idle_commercial", ownership="unknown", asset_type="building")
    assert set(needed["stage"]) == {"find_out"}
    assert {"title_search", "function_statement"} <= set(needed["document"])


def test_a_constraint_gives_a_warning_with_its_clause_and_a_document():
    frame = pd.DataFrame(
        {
            "kind": ["gatehouse"],
            "ownership": ["owners_common"],
            "asset_type": ["building"],
            "constraints": ["heritage_building, expropriation"],
        },
        index=["x"],
    )
    frame = frame.join(pathway(frame))
    warned = asset_warnings(frame)
    assert warned["level"].tolist() == ["protect", "stop"]
    assert warned["clause"].notna().all()
    needed = documents_needed(frame)
    constrained = needed[needed["stage"] == "constraint"]["document"].tolist()
    assert constrained == ["heritage_opinion", "expropriation_check"]
    assert needed["order"].is_monotonic_increasing


@settings(deadline=None)
@given(heads=st.integers(1, 5_000), votes=st.sampled_from(["ordinary", "special", "rebuild"]))
def test_votes_are_the_least_whole_numbers_that_pass(heads, votes):
    found = votes_needed(votes, heads)
    assert 3 * found.take_part >= 2 * heads > 3 * (found.take_part - 1)
    if votes == "ordinary":
        assert 2 * found.agree > found.take_part >= 2 * (found.agree - 1)
    else:
        assert 4 * found.agree >= 3 * found.take_part > 4 * (found.agree - 1)
    assert found.agree <= found.take_part


def test_no_such_vote_is_said():
    with pytest.raises(StandardsError, match="no vote `lottery`"):
        votes_needed("lottery", 10)


def test_no_assets_take_no_documents():
    empty = pd.DataFrame({"pathway": [], "to_find_out": [], "constraints": []}, dtype="string")
    assert documents_needed(empty).empty
    assert asset_warnings(empty).empty
