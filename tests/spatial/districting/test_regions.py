"""Laws of regions on bare arrays, and agreement with listing everything on small maps."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from spatial.districting.anneal import anneal
from spatial.districting.chance import dice
from spatial.districting.held import hold, squares
from spatial.districting.max_p import max_p, most_regions
from spatial.districting.problem import compressed
from spatial.districting.regions import regionalise
from spatial.districting.ward import agglomerate
from spatial.errors import IndexMismatchError, InfeasibleError, InputError
from tests.benchmarks.districts_search import load


def town(units: int, seed: int, *, needs: int = 3, cut: float = 0.0):
    """A grid with some links taken out: (links, values, households)."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(units)))
    place = np.arange(units)
    right = place[(place % side < side - 1) & (place + 1 < units)]
    down = place[place + side < units]
    slant = place[(place % side < side - 1) & (place + side + 1 < units)]
    links = np.vstack(
        [
            np.column_stack([right, right + 1]),
            np.column_stack([down, down + side]),
            np.column_stack([slant, slant + side + 1]),
        ]
    )
    links = links[rng.random(len(links)) >= cut]
    values = np.column_stack([place % side, place // side] + [place * 0] * (needs - 2)) / 3.0
    return links, values + rng.normal(0, 1, values.shape), rng.lognormal(6, 0.8, units)


def parts_of(links, units: int) -> int:
    graph = coo_array((np.ones(len(links)), links.T), shape=(units, units))
    return connected_components(graph, directed=False)[0]


def broken(links, label) -> int:
    """Regions in more than one piece."""
    inside = links[label[links[:, 0]] == label[links[:, 1]]]
    graph = coo_array((np.ones(len(inside)), inside.T), shape=(len(label), len(label)))
    piece = connected_components(graph, directed=False)[1]
    kept = label >= 0
    pairs = np.unique(np.column_stack([label[kept], piece[kept]]), axis=0)
    return len(pairs) - len(np.unique(label[kept]))


def within(values, label) -> float:
    return sum(
        float(np.square(values[label == r] - values[label == r].mean(axis=0)).sum())
        for r in np.unique(label)
    )


def all_partitions(links, units: int):
    """Every partition into connected regions, by restricted growth."""

    def grow(label, used):
        if len(label) == units:
            found = np.array(label)
            if broken(links, found) == 0:
                yield found
            return
        for r in range(used + 1):
            yield from grow([*label, r], max(used, r + 1))

    yield from grow([], 0)


@pytest.mark.parametrize("seed", range(12))
def test_regions_are_whole_as_many_as_asked_and_counted_right(seed):
    links, values, _ = town(60 + 7 * seed, seed, cut=0.1 * (seed % 6))
    units = len(values)
    k = parts_of(links, units) + 3
    found = regionalise(links, values, k, moves=40 * units, seed=seed)
    assert found.regions == k == len(np.unique(found.label))
    assert broken(links, found.label) == 0
    assert found.within == pytest.approx(within(values, found.label), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_ward_alone_is_never_better(seed):
    links, values, _ = town(150, seed)
    start, neighbour, _ = compressed(*links.T, len(values))
    single = np.arange(len(values), dtype=np.int32)
    ward = agglomerate(
        start.astype(np.int32), neighbour, values, np.ones(len(values)), single, 15, np.inf
    )
    quick = regionalise(links, values, 15, moves=0)
    long = regionalise(links, values, 15)
    assert broken(links, ward) == 0
    assert long.within <= quick.within <= within(values, ward) * (1 + 1e-12)
    assert long.within < within(values, ward)


def ward_by_hand(links, values, amount, k, at_most):
    """Join the cheapest of all linked pairs, looking at every pair each time."""
    regions = {i: [i] for i in range(len(values))}
    pairs = {(int(min(a, b)), int(max(a, b))) for a, b in links}
    while len(regions) > k:
        cost = {}
        for a, b in pairs:
            x, y = values[regions[a]], values[regions[b]]
            if amount[regions[a]].sum() + amount[regions[b]].sum() <= at_most:
                apart = np.square(x.mean(axis=0) - y.mean(axis=0)).sum()
                cost[a, b] = apart * len(x) * len(y) / (len(x) + len(y))
        if not cost:
            break
        a, b = min(cost, key=cost.__getitem__)
        regions[a] += regions.pop(b)
        renamed = {tuple(sorted((a if r == b else r, a if s == b else s))) for r, s in pairs}
        pairs = {(r, s) for r, s in renamed if r != s}
    label = np.zeros(len(values), dtype=np.int64)
    for r, members in enumerate(sorted(regions.values(), key=min)):
        label[members] = r
    return label


@pytest.mark.parametrize(("seed", "share"), [(0, np.inf), (1, np.inf), (2, 0.15), (3, 0.2)])
def test_ward_joins_what_looking_at_all_pairs_joins(seed, share):
    links, values, amount = town(60, seed, cut=0.1)
    at_most = share * amount.sum()
    start, neighbour, _ = compressed(*links.T, len(values))
    single = np.arange(len(values), dtype=np.int32)
    label = agglomerate(start.astype(np.int32), neighbour, values, amount, single, 8, at_most)
    np.testing.assert_array_equal(label, ward_by_hand(links, values, amount, 8, at_most))


@pytest.mark.parametrize("seed", range(6))
def test_on_eight_units_the_best_of_all_partitions_is_found(seed):
    links, values, _ = town(8, seed, cut=0.2)
    best: dict[int, float] = {}
    for label in all_partitions(links, 8):
        k = label.max() + 1
        best[k] = min(best.get(k, np.inf), within(values, label))
    for k in sorted(best)[:6]:
        found = regionalise(links, values, k, moves=20_000)
        assert found.within == pytest.approx(best[k], rel=1e-9, abs=1e-9)


def test_sums_kept_up_over_a_hundred_thousand_moves_are_those_counted_anew():
    links, values, amount = town(200, 3)
    start, neighbour, _ = compressed(*links.T, len(values))
    start = start.astype(np.int32)
    label = agglomerate(start, neighbour, values, amount, np.arange(200, dtype=np.int32), 20, 9e9)
    held = hold((start, neighbour), values, label, amount=amount, limits=(0.0, np.inf))
    made = anneal(held, 100_000, 2.0, 0.5, dice(4))
    fresh = hold((start, neighbour), values, held.label, amount=amount, limits=(0.0, np.inf))
    assert made > 1000
    assert broken(links, held.label) == 0
    np.testing.assert_array_equal(held.members, fresh.members)
    np.testing.assert_allclose(held.total, fresh.total, atol=1e-9)
    np.testing.assert_allclose(held.load, fresh.load, rtol=1e-9)
    assert squares(held) == pytest.approx(within(values, held.label), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_limits_of_every_region_are_kept(seed):
    links, values, households = town(120, seed)
    mean = households.sum() / 10
    at_most = max(1.5 * mean, households.max())
    found = regionalise(
        links,
        values,
        10,
        amounts=households,
        at_least=0.5 * mean,
        at_most=at_most,
        moves=30_000,
        seed=seed,
    )
    held = np.bincount(found.label, weights=households)
    assert broken(links, found.label) == 0
    assert held.min() >= 0.5 * mean * (1 - 1e-9)
    assert held.max() <= at_most * (1 + 1e-9)


def test_the_same_seed_and_budget_give_the_same_regions():
    links, values, households = town(150, 1)
    one, two = (regionalise(links, values, 12, moves=50_000, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.label, two.label)
    one, two = (max_p(links, households, 2000.0, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one.label, two.label)


def test_shifting_and_stretching_all_values_changes_nothing_but_the_sum():
    links, values, _ = town(100, 2)
    plain = regionalise(links, values, 9, moves=0)
    moved = regionalise(links, 4.0 * values + 1000.0, 9, moves=0)
    assert moved.within == pytest.approx(16.0 * plain.within, rel=1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_packed_regions_hold_enough_are_whole_and_stay_below_the_bound(seed):
    links, values, households = town(80 + 11 * seed, seed, cut=0.1 * (seed % 5))
    at_least = (2 + seed % 4) * households.mean()
    found = max_p(links, households, at_least, values=values, seed=seed)
    inside = found.label >= 0
    held = np.bincount(found.label[inside], weights=households[inside])
    assert broken(links, found.label) == 0
    assert held.min() >= at_least * (1 - 1e-9)
    assert len(held) == found.regions <= found.bound == most_regions(links, households, at_least)
    graph = coo_array((np.ones(len(links)), links.T), shape=(len(values), len(values)))
    piece = connected_components(graph, directed=False)[1]
    total = np.bincount(piece, weights=households)
    np.testing.assert_array_equal(inside, total[piece] >= at_least * (1 - 1e-9))


@pytest.mark.parametrize("seed", range(6))
def test_on_eight_units_no_partition_has_more_regions_that_hold_enough(seed):
    links, _, _ = town(8, seed, cut=0.15)
    amount = np.random.default_rng(seed).integers(0, 6, 8).astype(float)
    amount[0] = 9.0
    best = 0
    for label in all_partitions(links, 8):
        # regions that do not hold enough may be joined to others or stay in none
        best = max(best, int((np.bincount(label, weights=amount) >= 6.0).sum()))
    found = max_p(links, amount, 6.0, balls=3000)
    assert found.regions == best <= found.bound
    assert best <= most_regions(links, amount, 6.0, units_of_a_core=8) <= found.bound


def most_by_listing(links, amount, least) -> int:
    """Most disjoint connected sets that hold enough, over all sets of a small map."""
    near = [0] * len(amount)
    for a, b in links.tolist():
        near[a] |= 1 << b
        near[b] |= 1 << a

    def whole(mask: int) -> bool:
        met = mask & -mask
        while True:
            on = met
            for i in range(len(amount)):
                on |= near[i] & mask if met >> i & 1 else 0
            if on == met:
                return met == mask
            met = on

    held = [sum(amount[i] for i in range(len(amount)) if mask >> i & 1) for mask in range(256)]
    sets = [mask for mask in range(1, 256) if held[mask] >= least and whole(mask)]

    def best(free: int) -> int:
        return max((1 + best(free & ~one) for one in sets if one & ~free == 0), default=0)

    return best(255)


def test_the_bound_with_pockets_is_never_below_what_can_be():
    tighter = 0
    for seed in range(60):
        links, _, _ = town(8, seed, cut=0.3)
        amount = np.random.default_rng(100 + seed).integers(1, 10, 8).astype(float)
        best = most_by_listing(links, amount, 10.0)
        plain = most_regions(links, amount, 10.0)
        pockets = most_regions(links, amount, 10.0, units_of_a_core=5)
        assert best <= pockets <= plain
        tighter += pockets < plain
    assert tighter > 0


def test_a_dead_end_behind_a_large_unit_is_a_pocket_however_far_the_row_goes_on():
    links = np.array(list(pairwise(range(12))))
    amount = np.array([6.0, 9.0, *[2.5] * 10])
    assert most_regions(links, amount, 10.0) == 4
    assert most_regions(links, amount, 10.0, units_of_a_core=2) == 3
    assert max_p(links, amount, 10.0).regions == 3


@pytest.mark.real
def test_on_real_counties_nearly_as_many_regions_are_found_as_the_bound_allows(shared_data):
    assert shared_data.exists()
    city = load("natregimes")
    at_least = 8.0 * float(city.amounts.mean())
    found = max_p(city.links, city.amounts, at_least)
    held = np.bincount(found.label, weights=city.amounts)
    assert broken(city.links, found.label) == 0
    assert held.min() >= at_least * (1 - 1e-9)
    bound = most_regions(city.links, city.amounts, at_least, units_of_a_core=6)
    assert 298 <= found.regions <= bound < found.bound == 310


def test_a_row_of_houses_is_cut_as_often_as_its_households_allow():
    links = np.array(list(pairwise(range(1000))))
    found = max_p(links, np.ones(1000), 7.0, balls=0)
    assert found.regions == found.bound == 142
    assert found.proven


def test_islands_and_parts_without_links_are_regions_of_their_own():
    links, values, _ = town(30, 0)
    values = np.vstack([values, values[:3]])  # three islands
    found = regionalise(links, values, 5, moves=2000)
    assert sorted(np.bincount(found.label))[:3] == [1, 1, 1]
    assert broken(links, found.label) == 0
    with pytest.raises(InfeasibleError, match="hang together in 4 parts"):
        regionalise(links, values, 3)


def test_values_all_alike_and_amounts_all_zero_do_no_harm():
    links, _, _ = town(40, 0)
    assert regionalise(links, np.ones(40), 6).within == 0.0
    assert regionalise(links, np.zeros((40, 0)), 6).regions == 6
    empty = max_p(links, np.zeros(40), 1.0)
    assert empty.regions == 0
    assert (empty.label == -1).all()


def test_one_region_and_one_for_each_unit():
    links, values, _ = town(25, 0)
    whole = regionalise(links, values, 1)
    assert whole.within == pytest.approx(within(values, np.zeros(25)))
    assert regionalise(links, values, 25).within == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"k": 0}, InfeasibleError, "0 regions were asked for"),
        ({"k": 31}, InfeasibleError, "there can be 1 to 30"),
        ({"values": np.full(30, np.nan)}, InputError, r"Units 0, 1, 2, 3, 4, 5 … \(30\)"),
        ({"links": np.array([[0, 30]])}, IndexMismatchError, "names unit 30"),
        ({"at_least": 11.0}, InfeasibleError, "No more than 2 regions can hold 11"),
        ({"at_most": 9.0}, InfeasibleError, "cannot hold all 30"),
        ({"amounts": np.ones(29)}, IndexMismatchError, "one row per unit"),
    ],
)
def test_what_cannot_be_is_said_in_words(change, error, text):
    links, values, _ = town(30, 0)
    given = {"links": links, "values": values, "k": 3} | change
    with pytest.raises(error, match=text):
        regionalise(given.pop("links"), given.pop("values"), given.pop("k"), **given)
