"""Laws of districts: every hard rule is kept, whatever the world and the order of its rows."""

import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial.city.neighbourhoods.model import Neighbourhoods
from spatial.districting import DistrictRules, Weights, district_frame, propose_districts
from spatial.districting.measures import standardised
from spatial.errors import IndexMismatchError, InfeasibleError, StandardsError
from spatial.standards.parameters import read_parameters

CRS = 4547


def grid_world(columns, rows, *, side_m=200.0, households=None, seed=0):
    """A chequerboard of square neighbourhoods, each linked to its four neighbours."""
    rng = np.random.default_rng(seed)
    n = columns * rows
    ids = [f"n{i:05d}" for i in range(n)]
    x, y = np.arange(n) % columns, np.arange(n) // columns
    squares = shapely.box(x * side_m, y * side_m, (x + 1) * side_m, (y + 1) * side_m)
    size = rng.integers(100, 900, n) if households is None else households
    frame = gpd.GeoDataFrame(
        {
            "name": pd.array([f"小区{i}" for i in range(n)], dtype="string"),
            "households": pd.array(size, dtype="Int64"),
            "persons": pd.array(np.asarray(size) * 2.5, dtype="Float64"),
            "area_m2": shapely.area(squares),
            "subdistrict": pd.array([pd.NA] * n, dtype="string"),
        },
        geometry=squares,
        index=pd.Index(ids, name="id"),
        crs=CRS,
    )
    right = np.flatnonzero(x < columns - 1)
    up = np.flatnonzero(y < rows - 1)
    a = np.concatenate([right, up])
    b = np.concatenate([right + 1, up + columns])
    adjacency = pd.DataFrame(
        {
            "a": [ids[i] for i in a],
            "b": [ids[i] for i in b],
            "barrier": pd.array(["none"] * len(a), dtype="string"),
            "walk_m": pd.array(rng.integers(20, 400, len(a)), dtype="Float64"),
        }
    )
    needs = pd.DataFrame(rng.normal(size=(n, 3)), index=frame.index, columns=list("abc"))
    return as_neighbourhoods(frame), adjacency, needs, pd.Series(data=True, index=frame.index)


def as_neighbourhoods(frame):
    gates = gpd.GeoDataFrame(geometry=[], crs=frame.crs)
    cells = gpd.GeoDataFrame(geometry=frame.geometry, crs=frame.crs)
    return Neighbourhoods(frame, cells, gates, pd.Series(dtype="string"))


RULES = DistrictRules(
    max_distance_m=650, maximum={"households": 2500, "members": 7}, minimum={"households": 1000}
)


def pieces(members, links):
    """Number of connected parts of a set, by plain search: the tests' own oracle."""
    left, found = set(members), 0
    while left:
        stack, found = [left.pop()], found + 1
        while stack:
            here = stack.pop()
            near = {b if a == here else a for a, b in links if here in (a, b)} & left
            left -= near
            stack.extend(near)
    return found


def require_legal(plan, world, rules):
    places, adjacency, _, eligible = world
    frame = places.frame
    assert plan.assignment.index.equals(frame.index)
    assert (plan.assignment.isna() == plan.single_reason.notna()).all()
    assert (plan.single_reason[~eligible.to_numpy(dtype=bool)] == "not_eligible").all()
    open_links = adjacency[~adjacency["barrier"].isin(rules.cut_barriers)]
    for label, members in plan.assignment.dropna().groupby(plan.assignment).groups.items():
        inside = open_links[open_links["a"].isin(members) & open_links["b"].isin(members)]
        links = list(zip(inside["a"], inside["b"], strict=True))
        assert pieces(members, links) == 1, f"{label} falls apart"
        own = frame.loc[members]
        for amount, limit in rules.maximum.items():
            total = len(own) if amount == "members" else own[amount].sum()
            assert total <= limit, f"{label} has {total} {amount}"
        xy = shapely.get_coordinates(shapely.centroid(own.geometry.to_numpy()))
        far = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)).max()
        assert far <= rules.max_distance_m + 1e-6
        if rules.same_subdistrict:
            assert len(set(own["subdistrict"].dropna())) <= 1
        below = any(
            (len(own) if amount == "members" else own[amount].sum()) < limit
            for amount, limit in rules.minimum.items()
        )
        assert below == (label in plan.report["below_minimum"])
        assert len(own) > 1 or label in rules.locks.values()


@st.composite
def worlds(draw):
    columns, rows = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    places, adjacency, needs, eligible = grid_world(columns, rows, seed=draw(st.integers(0, 999)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    kinds = ["none", "wall", "minor_road", "main_road", "railway", "river"]
    adjacency["barrier"] = rng.choice(kinds, len(adjacency), p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
    adjacency.loc[rng.random(len(adjacency)) < 0.2, "walk_m"] = pd.NA
    eligible[:] = rng.random(len(eligible)) < 0.85
    needs = needs.mask(rng.random(needs.shape) < 0.1)
    frame = places.frame
    frame["subdistrict"] = pd.array(rng.choice(["甲街道", "乙街道", None], len(frame)), "string")
    frame.loc[rng.random(len(frame)) < 0.1, "households"] = 3000
    return places, adjacency, needs, eligible


@settings(deadline=None, max_examples=40)
@given(worlds(), st.integers(0, 3))
def test_every_hard_rule_is_kept_in_any_world(world, seed):
    require_legal(propose_districts(*world, RULES, seed=seed), world, RULES)


@settings(deadline=None, max_examples=15)
@given(worlds(), st.integers(0, 99))
def test_shuffled_rows_give_the_same_plan(world, seed):
    places, adjacency, needs, eligible = world
    rng = np.random.default_rng(seed)
    plan = propose_districts(*world, RULES)
    order = rng.permutation(len(eligible))
    mixed = adjacency.iloc[rng.permutation(len(adjacency))]
    turned = mixed.assign(a=mixed["b"], b=mixed["a"])
    again = propose_districts(
        as_neighbourhoods(places.frame.iloc[order]),
        turned,
        needs.iloc[order],
        eligible.iloc[order],
        RULES,
    )
    pd.testing.assert_series_equal(again.assignment.sort_index(), plan.assignment.sort_index())
    pd.testing.assert_series_equal(
        again.single_reason.sort_index(), plan.single_reason.sort_index()
    )


def objective(plan, world, rules):
    """J from its definition, over straight distances only (no walk is known)."""
    places, _, needs, _ = world
    frame, z = places.frame, standardised(needs)
    label = plan.assignment.fillna(pd.Series(frame.index, frame.index)).to_numpy()
    xy = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    w, total = rules.weights, 0.0
    for one in np.unique(label):
        rows = label == one
        total += w.district
        total += w.needs * ((z[rows] - z[rows].mean(axis=0)) ** 2).sum() / z.shape[1]
        for amount, least in rules.minimum.items():
            total += w.shortfall * max(0, 1 - frame[amount].to_numpy()[rows].sum() / least)
        spread = ((xy[rows] - xy[rows].mean(axis=0)) ** 2).sum()
        total += w.nearness * spread / rules.max_distance_m**2
    return total


def test_the_objective_is_what_its_formula_says():
    # Chains along a straight row are as long as the straight way: the pairwise form of the sum
    # of squares then equals the squared distances to the middle.
    world = grid_world(9, 1)
    world[1]["walk_m"] = pd.array([pd.NA] * 8, dtype="Float64")
    rules = DistrictRules(
        max_distance_m=700,
        maximum={"households": 2500},
        minimum={"households": 1500},
        detour_factor=1.0,
        weights=Weights(needs=0.8, nearness=1.7, district=0.9, shortfall=0.4),
    )
    plan = propose_districts(*world, rules)
    assert plan.report["districts"] >= 2
    assert plan.objective == pytest.approx(objective(plan, world, rules))


def partitions(items):
    """All partitions of a short list."""
    if not items:
        yield []
        return
    head, *tail = items
    for rest in partitions(tail):
        yield [[head], *rest]
        for i, block in enumerate(rest):
            yield [*rest[:i], [head, *block], *rest[i + 1 :]]


@pytest.mark.parametrize("seed", range(4))
def test_small_worlds_are_solved_as_well_as_trying_every_plan(seed):
    world = grid_world(4, 2, seed=seed)
    places, adjacency, needs, _ = world
    adjacency["walk_m"] = pd.array([pd.NA] * len(adjacency), dtype="Float64")
    rules = DistrictRules(
        max_distance_m=650, maximum={"households": 2000}, weights=Weights(nearness=0.0)
    )
    links = list(zip(adjacency["a"], adjacency["b"], strict=True))
    frame, z = places.frame, standardised(needs)
    xy = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    best = np.inf
    for plan in partitions(list(range(8))):
        total = 0.0
        for rows in plan:
            own = frame.index[rows]
            legal = pieces(own, [(a, b) for a, b in links if a in own and b in own]) == 1
            legal &= len(rows) == 1 or frame["households"].iloc[rows].sum() <= 2000
            legal &= np.hypot(*(xy[rows][:, None] - xy[rows][None]).transpose(2, 0, 1)).max() <= 650
            if not legal:
                break
            total += 1 + ((z[rows] - z[rows].mean(axis=0)) ** 2).sum() / 3
        else:
            best = min(best, total)
    assert propose_districts(*world, rules).objective == pytest.approx(best)


def test_the_plan_is_better_than_nobody_together_and_proven():
    report = propose_districts(*grid_world(12, 12), RULES).report
    assert report["objective_alone"] > report["objective"]
    assert report["status"] in ("proven_optimal", "within_bound")
    assert report["bound"] <= report["objective"] <= 1.02 * report["bound"]


def with_rules(**changes):
    fields = {"max_distance_m": 650, "maximum": {"households": 2500, "members": 7}}
    return DistrictRules(**{**fields, **changes})


def test_locks_are_kept_under_their_own_name_and_others_may_join():
    world = grid_world(6, 6)
    rules = with_rules(locks={"n00000": "北片", "n00001": "北片", "n00020": None})
    plan = propose_districts(*world, rules)
    require_legal(plan, world, rules)
    assert (plan.assignment[["n00000", "n00001"]] == "北片").all()
    assert plan.single_reason["n00020"] == "locked"


def test_a_closed_district_takes_nobody():
    world = grid_world(6, 6)
    rules = with_rules(locks={"n00000": "北片", "n00001": "北片"}, closed=frozenset({"北片"}))
    plan = propose_districts(*world, rules)
    assert plan.assignment[plan.assignment == "北片"].index.tolist() == ["n00000", "n00001"]


def test_the_whole_plan_as_locks_gives_the_plan_again():
    world = grid_world(6, 6)
    plan = propose_districts(*world, RULES)
    locks = {key: None if pd.isna(label) else label for key, label in plan.assignment.items()}
    again = propose_districts(*world, with_rules(locks=locks))
    pd.testing.assert_series_equal(again.assignment, plan.assignment)


def test_must_join_and_must_not_join_are_kept():
    world = grid_world(6, 6)
    plain = propose_districts(*world, RULES)
    together = plain.assignment.dropna().index[-1]
    mate = plain.assignment.index[plain.assignment == plain.assignment[together]][0]
    rules = with_rules(must_join=(("n00000", "n00006"),), must_not_join=((together, mate),))
    plan = propose_districts(*world, rules)
    require_legal(plan, world, rules)
    assert plan.assignment["n00000"] == plan.assignment["n00006"]
    apart = plan.assignment[[together, mate]]
    assert apart.isna().any() or apart.iloc[0] != apart.iloc[1]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"must_join": (("n00000", "n00035"),)}, "n00000 and n00035.*max_distance_m"),
        ({"must_join": (("n00000", "n00007"),)}, "n00007 is not linked.*contiguity"),
        (
            {"must_join": (("n00000", "n00001"),), "must_not_join": (("n00001", "n00000"),)},
            "must_not_join keeps n00001 and n00000 apart",
        ),
        (
            {"must_join": (("n00000", "n00001"),), "maximum": {"households": 150}},
            "max_households = 150",
        ),
        (
            {"locks": {"n00000": "A", "n00001": "B"}, "must_join": (("n00000", "n00001"),)},
            "locked districts A and B",
        ),
        (
            {"locks": {"n00000": None}, "must_join": (("n00000", "n00001"),)},
            "keeps n00000 alone",
        ),
        (
            {
                "locks": {"n00000": "A"},
                "closed": frozenset("A"),
                "must_join": (("n00000", "n00001"),),
            },
            "A is closed.*n00001",
        ),
        ({"must_join": (("n00003", "n00004"),)}, "n00003.*eligibility"),
    ],
)
def test_rules_that_clash_are_named_with_the_neighbourhoods(rules, says):
    world = grid_world(6, 6)
    world[3]["n00003"] = False
    with pytest.raises(InfeasibleError, match=says):
        propose_districts(*world, with_rules(**rules))


def test_a_rule_about_nobody_is_refused():
    with pytest.raises(IndexMismatchError, match="must_not_join names x"):
        propose_districts(*grid_world(2, 2), with_rules(must_not_join=(("x", "n00000"),)))


def test_limits_that_no_district_could_keep_are_refused():
    with pytest.raises(StandardsError, match=r"min_members 5 is more than max_members 4"):
        with_rules(minimum={"members": 5}, maximum={"members": 4})


def test_each_single_says_why():
    # n0 | river | n1 - n2 (huge) - n3 ... n4 far away, n5 out of the programme
    world = grid_world(6, 1, households=[400, 400, 5000, 400, 400, 400])
    places, adjacency, needs, eligible = world
    adjacency.loc[0, "barrier"] = "river"
    needs[:] = 1.0
    needs["a"] = [0.0, 0, 0, 0, 9, 0]
    eligible["n00005"] = False
    rules = with_rules(weights=Weights(nearness=0, district=1), maximum={"households": 4000})
    plan = propose_districts(places, adjacency, needs, eligible, rules)
    assert plan.single_reason.to_dict() == {
        "n00000": "isolated",
        "n00001": "would_exceed_limit",
        "n00002": "would_exceed_limit",
        "n00003": "needs_differ",
        "n00004": "needs_differ",
        "n00005": "not_eligible",
    }
    assert plan.report["above_maximum_alone"] == ["n00002"]
    near = propose_districts(*grid_world(2, 1), with_rules(max_distance_m=150))
    assert near.single_reason.tolist() == ["too_far", "too_far"]


def test_small_districts_are_flagged_or_dissolved_as_asked():
    world = grid_world(3, 1, households=[100, 100, 100])
    world[2][:] = 0.0
    kept = propose_districts(*world, with_rules(minimum={"households": 1000}))
    assert kept.report["below_minimum"] == ["D001"]
    gone = propose_districts(
        *world, with_rules(minimum={"households": 1000}, keep_below_minimum=False)
    )
    assert gone.single_reason.tolist() == ["below_minimum"] * 3


def test_unknown_households_count_by_area_against_the_limit():
    world = grid_world(6, 6, households=[1000] * 36)
    world[0].frame.loc[world[0].frame.index[::2], "households"] = pd.NA
    plan = propose_districts(*world, with_rules(maximum={"households": 2000}))
    assert plan.report["unknown_sizes"]["households"] == 18
    assert plan.assignment.value_counts().max() == 2


def test_a_limit_on_what_nobody_knows_is_not_applied_and_said():
    world = grid_world(4, 4)
    world[2][:] = 0.0
    world[0].frame["households"] = pd.array([pd.NA] * 16, dtype="Int64")
    rules = with_rules(minimum={"households": 1000}, maximum={"households": 2000, "members": 3})
    plan = propose_districts(*world, rules)
    assert plan.report["limits_not_applied"] == ["max_households", "min_households"]
    assert plan.report["below_minimum"] == []
    assert plan.assignment.value_counts().max() == 3


def test_walking_distance_can_be_the_hard_limit():
    # A wall makes the walk between n0 and n1 long, though they stand side by side.
    world = grid_world(2, 1)
    world[2][:] = 0.0
    world[1]["walk_m"] = pd.array([900.0], dtype="Float64")
    assert propose_districts(*world, with_rules()).assignment.notna().all()
    plan = propose_districts(*world, with_rules(distance_basis="walking"))
    assert plan.single_reason.tolist() == ["too_far", "too_far"]
    plan = propose_districts(*world, with_rules(max_link_walk_m=500))
    assert plan.single_reason.tolist() == ["isolated", "isolated"]


def test_the_frame_tiles_the_members_cells_and_neighbours_differ_in_colour():
    world = grid_world(12, 12)
    places, adjacency, _, _ = world
    adjacency.loc[::5, "barrier"] = "wall"
    plan = propose_districts(*world, RULES)
    missing = pd.DataFrame({"must_missing": 3}, index=places.frame.index)
    districts = district_frame(plan, places, adjacency, missing)
    assert districts.index.tolist() == sorted(plan.assignment.dropna().unique())
    member = plan.assignment.notna()
    assert districts.area.sum() == pytest.approx(places.cells[member].area.sum())
    assert districts["households"].sum() == places.frame["households"][member].sum()
    assert (districts["must_missing"] == 3).all()
    assert districts["compactness"].between(0, 1).all()
    assert districts["name"].is_unique
    assert districts["walls_between"].sum() == sum(
        plan.assignment[a] == plan.assignment[b]
        for a, b in zip(adjacency["a"][::5], adjacency["b"][::5], strict=True)
        if member[a] and member[b]
    )
    near = districts.sindex.query(districts.geometry, predicate="touches")
    colour = districts["colour"].to_numpy()
    assert (colour[near[0]] != colour[near[1]]).all()
    assert districts["colour"].between(0, 5).all()


def test_no_district_at_all_is_an_empty_frame():
    world = grid_world(2, 2)
    world[3][:] = False
    plan = propose_districts(*world, RULES)
    missing = pd.DataFrame({"must_missing": 0}, index=world[0].frame.index)
    assert district_frame(plan, world[0], world[1], missing).empty


def test_the_national_parameters_make_rules():
    rules = DistrictRules.from_parameters(read_parameters("districts"), closed=frozenset())
    assert rules.maximum["households"] == 4000
    assert rules.minimum == {"households": 1500}


def test_a_city_of_thousands_takes_seconds():
    world = grid_world(40, 25)
    propose_districts(*world, RULES)  # compiles
    start = time.process_time()
    plan = propose_districts(*world, RULES)
    assert time.process_time() - start < 20
    assert plan.report["districts"] > 150


@pytest.mark.real
def test_the_housing_of_west_hangzhou_merges_without_streets_or_households(shared_data):
    from spatial.city import read_city
    from spatial.city.neighbourhoods import prepare_neighbourhoods

    city = read_city([shared_data / "hangzhou-west"])
    places = prepare_neighbourhoods(city, read_parameters("neighbourhoods"))
    near = places.frame.sindex.query(places.frame.geometry, predicate="dwithin", distance=40)
    near = near[:, near[0] < near[1]]
    adjacency = pd.DataFrame(
        {
            "a": places.frame.index[near[0]],
            "b": places.frame.index[near[1]],
            "barrier": pd.array(["none"] * near.shape[1], dtype="string"),
            "walk_m": pd.array([pd.NA] * near.shape[1], dtype="Float64"),
        }
    )
    index = places.frame.index
    needs = pd.DataFrame({"area": np.log(places.frame["area_m2"].astype(float))}, index=index)
    world = (places, adjacency, needs, pd.Series(data=True, index=index))
    rules = DistrictRules.from_parameters(read_parameters("districts"))
    plan = propose_districts(*world, rules)
    assert "max_households" in plan.report["limits_not_applied"]
    assert plan.report["districts"] > 100
    require_legal(plan, world, rules.without_limits(["households", "persons"]))
