"""Small siting problems, and the best plan of each by trying them all."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy.optimize import linprog

from spatial.siting.problem import SitingProblem
from spatial.siting.rules import KindLimit, SitingRules, SitingWeights

KINDS = ("clinic", "park")


@st.composite
def problems(draw, *, years=(1, 2, 3), order=False, existing=True):
    """Draw a few assets, options, demand rows and rules."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    years = draw(st.sampled_from(years))
    assets = pd.DataFrame(
        {
            "x_m": rng.integers(0, 4, 3) * 100.0,
            "y_m": rng.integers(0, 3, 3) * 100.0,
            "floor_m2": rng.integers(3, 8, 3) * 100.0,
            "most_kinds": rng.integers(1, 3, 3),
            "district": rng.choice(["east", "west"], 3),
        },
        index=["a0", "a1", "a2"],
    )
    lines = []
    for asset in assets.index:
        for kind in KINDS:
            for size in range(int(rng.integers(0, 3 if years < 3 else 2))):
                floor = min(100.0 * rng.integers(1, 5), assets.loc[asset, "floor_m2"])
                room = rng.choice([5.0, 10.0, 20.0, np.inf])
                lines.append(
                    {
                        "id": f"{asset}:{kind}:{size}",
                        "asset": asset,
                        "kind": kind,
                        "size": str(size),
                        "cost_yuan": 1e5 * rng.integers(1, 9),
                        "yearly_yuan": 1e4 * rng.integers(0, 5),
                        "capacity_persons": room,
                        "floor_m2": floor,
                        "earliest_year": int(rng.integers(0, years + (rng.random() < 0.2))),
                        "consent_risk_share": rng.choice([0.0, 0.1, 0.5]),
                    }
                )
    columns = ["asset", "kind", "size", "cost_yuan", "yearly_yuan", "capacity_persons"]
    columns += ["floor_m2", "earliest_year", "consent_risk_share"]
    options = pd.DataFrame(lines, columns=["id", *columns]).set_index("id")
    demand = pd.DataFrame(
        {
            "kind": rng.choice(KINDS, 6),
            "persons": rng.integers(0, 16, 6).astype(float),
            "weight": rng.choice([1.0, 1.0, 2.0], 6),
        },
        index=[f"d{i}" for i in range(6)],
    )
    old = pd.DataFrame(
        {"kind": ["clinic", "park"], "capacity_persons": [8.0, rng.choice([4.0, np.inf])]},
        index=["old0", "old1"],
    )
    reach = [
        (o, d)
        for o in options.index
        for d in demand.index
        if options.loc[o, "kind"] == demand.loc[d, "kind"]
        and np.random.default_rng([seed, hash_of(o[:2]), hash_of(d)]).random() < 0.6
    ]
    old_reach = [
        (o, d)
        for o in old.index
        for d in demand.index
        if old.loc[o, "kind"] == demand.loc[d, "kind"] and rng.random() < 0.3
    ]
    return SitingProblem.from_frames(
        assets,
        options,
        demand,
        pd.DataFrame(reach, columns=["option", "demand"]),
        rules=_rules(rng, years, options, demand, order=order),
        existing=old if existing else None,
        existing_reach=pd.DataFrame(old_reach, columns=["site", "demand"]) if existing else None,
    )


def hash_of(name):
    return sum(ord(letter) * 31**at for at, letter in enumerate(name))


def _rules(rng, years, options, demand, *, order):
    def some(names, share):
        names = list(names)
        return tuple(str(n) for n in names if rng.random() < share)

    known = {*options["kind"], *demand["kind"]}
    limits = ()
    if rng.random() < 0.4:
        limits = (
            KindLimit("clinic", at_most=int(rng.integers(0, 3))),
            KindLimit("park", at_least=int(rng.integers(0, 2)), district="east"),
        )
        limits = tuple(limit for limit in limits if limit.kind in known)
    waiting = float(rng.choice([0.0, 0.2, 0.5])) if years > 1 else 0.0
    return SitingRules(
        budget_yuan=tuple(float(b) for b in rng.choice([0, 3e5, 6e5, 1e6], years)),
        carry_over=bool(rng.random() < 0.5),
        yearly_in_budget=bool(rng.random() < 0.3),
        must=some(options.index, 0.04),
        must_not=some([*options.index, "a2"], 0.06),
        spacing_m={"clinic": 150.0} if rng.random() < 0.5 and "clinic" in known else {},
        limits=limits,
        incompatible=(("clinic", "park"),) if rng.random() < 0.2 and known == {*KINDS} else (),
        must_serve=some(demand.index, 0.04),
        least_share={"park": 0.3} if rng.random() < 0.2 and "park" in known else {},
        weights=SitingWeights(
            people=1.0,
            money_per_yuan=float(rng.choice([0.0, 1e-6, 1e-5])),
            running_per_yuan=float(rng.choice([0.0, 1e-6])),
            waiting_per_person_year=waiting,
            risk=float(rng.choice([0.0, 3.0])),
        ),
        order=tuple(rng.permutation(["people", "money", "risk"])) if order else (),
    )


def every_plan(problem):
    """Yield (years by option, parts) of every plan that keeps the rules, by the definition."""
    options, rules = problem.options, problem.rules
    names = list(options.index)
    choices = [[None, *range(int(options.loc[o, "earliest_year"]), rules.years)] for o in names]
    known = {}
    for years in itertools.product(*choices):
        chosen = {o: t for o, t in zip(names, years, strict=True) if t is not None}
        if not _keeps(problem, chosen):
            continue
        parts = _parts(problem, chosen, known)
        if parts is not None:
            yield chosen, parts


def best_value(problem):
    """Return the best weighted sum of all plans; None if no plan keeps the rules."""
    weights = problem.rules.weights
    values = [worth(parts, weights) for _, parts in every_plan(problem)]
    return max(values, default=None)


def best_in_order(problem):
    """Return the best parts in lexicographic order, signed so that more is better."""
    keys = [
        tuple(round(p[k] if k == "people" else -p[k], 6) for k in problem.rules.order)
        for _, p in every_plan(problem)
    ]
    return max(keys, default=None)


def worth(parts, weights):
    return parts["people"] * weights.people - sum(
        parts[part] * weights.of(part) for part in ("money", "running", "waiting", "risk")
    )


def _keeps(problem, chosen):  # noqa: C901, PLR0912 - the rules one by one
    options, rules, assets = problem.options, problem.rules, problem.assets
    there = 0.0
    for t, budget in enumerate(rules.budget_yuan):
        there = (there if rules.carry_over else 0.0) + budget
        there -= sum(options.loc[o, "cost_yuan"] for o, year in chosen.items() if year == t)
        if rules.yearly_in_budget:
            there -= sum(options.loc[o, "yearly_yuan"] for o, year in chosen.items() if year <= t)
        if there < -1e-6:
            return False
    names = {*chosen, *(options.loc[o, "asset"] for o in chosen)}
    if set(rules.must) - names or set(rules.must_not) & names:
        return False
    for asset in assets.index:
        mine = [o for o in chosen if options.loc[o, "asset"] == asset]
        kinds = [options.loc[o, "kind"] for o in mine]
        if len(mine) > assets.loc[asset, "most_kinds"] or len(set(kinds)) < len(kinds):
            return False
        if sum(options.loc[o, "floor_m2"] for o in mine) > assets.loc[asset, "floor_m2"]:
            return False
        if any(a in kinds and b in kinds for a, b in rules.incompatible):
            return False
    for kind, spacing in rules.spacing_m.items():
        mine = [options.loc[o, "asset"] for o in chosen if options.loc[o, "kind"] == kind]
        for a, b in itertools.combinations(mine, 2):
            dx = assets.loc[a, "x_m"] - assets.loc[b, "x_m"]
            dy = assets.loc[a, "y_m"] - assets.loc[b, "y_m"]
            if np.hypot(dx, dy) < spacing:
                return False
    for limit in rules.limits:
        number = sum(
            options.loc[o, "kind"] == limit.kind
            and (limit.district in (None, assets.loc[options.loc[o, "asset"], "district"]))
            for o in chosen
        )
        if number < limit.at_least or (limit.at_most is not None and number > limit.at_most):
            return False
    return True


def served_by(problem, names, *, binding=False):
    """Most weighted persons that these and all that stands can serve, by a linear programme.

    None where rows or shares that must be served cannot be (only asked where `binding`).
    """
    demand, rules = problem.demand, problem.rules
    pairs = []
    for ids, frame, start, row in (
        (names, problem.options, problem.start, problem.row),
        (problem.existing.index, problem.existing, problem.existing_start, problem.existing_row),
    ):
        for o in ids:
            at = frame.index.get_loc(o)
            pairs += [
                (o, d, frame.loc[o, "capacity_persons"]) for d in row[start[at] : start[at + 1]]
            ]
    persons = demand["persons"].to_numpy()
    if not pairs:
        pairs = [("none", 0, 0.0)]
    site = {o: at for at, o in enumerate(dict.fromkeys(p[0] for p in pairs))}
    lhs = np.zeros((len(site) + len(demand), len(pairs)))
    rhs = np.concatenate([np.zeros(len(site)), persons])
    for at, (o, d, room) in enumerate(pairs):
        lhs[site[o], at] = lhs[len(site) + d, at] = 1.0
        rhs[site[o]] = min(room, 1e6)
    gain = demand["weight"].to_numpy()[[p[1] for p in pairs]]
    if binding:
        more, least = [], []
        for d in rules.must_serve:
            at = demand.index.get_loc(d)
            more.append(-lhs[len(site) + at])
            least.append(-persons[at])
        for kind, share in rules.least_share.items():
            rows = np.flatnonzero(demand["kind"] == kind)
            more.append(-lhs[len(site) + rows].sum(axis=0))
            least.append(-share * persons[rows].sum())
        if more:
            lhs, rhs = np.vstack([lhs, *more]), np.concatenate([rhs, least])
    found = linprog(-gain, A_ub=lhs, b_ub=rhs, method="highs")
    return None if found.status == 2 else -found.fun


def _parts(problem, chosen, known):
    options, years = problem.options, problem.rules.years

    def most(names, *, binding):
        key = frozenset(names), binding
        if key not in known:
            known[key] = served_by(problem, names, binding=binding)
        return known[key]

    stands = most([], binding=False)
    served = [
        most([o for o, year in chosen.items() if year <= t], binding=t == years - 1)
        for t in range(years)
    ]
    if served[-1] is None:
        return None
    return {
        "people": served[-1] - stands,
        "money": sum(options.loc[o, "cost_yuan"] for o in chosen),
        "running": sum(options.loc[o, "yearly_yuan"] * (years - t) for o, t in chosen.items()),
        "waiting": sum(served[-1] - s for s in served[:-1]),
        "risk": sum(options.loc[o, "consent_risk_share"] for o in chosen),
    }


def town(assets=40, places=150, room=900.0, **rules):
    """Return a town of one size up: two kinds, three sizes, too large to try every plan."""
    rng = np.random.default_rng(5)
    place_m, asset_m = rng.uniform(0, 2500, (places, 2)), rng.uniform(0, 2500, (assets, 2))
    near = np.hypot(*(asset_m[:, None] - place_m[None]).transpose(2, 0, 1)) <= 450
    sites = pd.DataFrame(
        {"x_m": asset_m[:, 0], "y_m": asset_m[:, 1], "floor_m2": 400.0},
        index=[f"a{i}" for i in range(assets)],
    )
    lines = [
        (f"a{i}:{kind}:{size}", f"a{i}", kind, str(size), 2e5 * size * rng.uniform(0.7, 1.3))
        for i in range(assets)
        for kind in KINDS
        for size in (1, 2, 3)
    ]
    names = ["id", "asset", "kind", "size", "cost_yuan"]
    options = pd.DataFrame(lines, columns=names).set_index("id")
    options["capacity_persons"] = room * options["size"].astype(float)
    options["floor_m2"] = 120.0 * options["size"].astype(float)
    demand = pd.DataFrame(
        {
            "kind": np.repeat(KINDS, places),
            "persons": rng.integers(100, 900, 2 * places).astype(float),
        },
        index=[f"p{i}:{kind}" for kind in KINDS for i in range(places)],
    )
    asset = np.repeat(np.arange(assets), 2 * 3)
    hits = [
        np.flatnonzero(near[a]) + places * KINDS.index(kind)
        for a, kind in zip(asset, options["kind"], strict=True)
    ]
    start = np.concatenate([[0], np.cumsum([len(hit) for hit in hits])])
    return SitingProblem.from_frames(
        sites, options, demand, (start, np.concatenate(hits)), rules=SitingRules(**rules)
    )
