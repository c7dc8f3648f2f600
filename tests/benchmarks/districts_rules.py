"""Ten thousand random plans, and edits of each: ``python -m tests.benchmarks.districts_rules``.

Every case is a random town with random rules. Rules that clash must be refused, all others must be
kept: the plan that is proposed (free number, fixed number, most districts; listed and solved, or
searched, from nothing or from a random plan) is judged by the plain-Python oracle. Then the plan is
edited at random: by single moves, merges and splits of the search's own state, by drags that are
made good at once, and by the operations of the drawing table. An effect that is called legal must
be legal, a refusal must have a reason, and what is accepted must break nothing new.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely

from spatial import plans
from spatial.districting.build import make_problem
from spatial.districting.effort import Effort
from spatial.districting.modes import FixedNumber, Free, Mode, MostDistricts
from spatial.districting.plan import SWIFT
from spatial.districting.plan_search import search_plan
from spatial.districting.problem import Problem
from spatial.districting.proposal import district_ids, labels_of
from spatial.districting.propose import propose
from spatial.districting.state import PlanState
from spatial.districting.touch import improve_touched
from spatial.errors import EditRefusedError, IndexMismatchError, InfeasibleError, InputError
from tests.benchmarks.districts_oracle import Breach, Oracle
from tests.benchmarks.districts_random import (
    Town,
    ground_of_town,
    plan_rules,
    pooling_of,
    random_rules,
    random_town,
)

__all__ = ["Tally", "run_case"]

CASES = 10_000
STATE_EDITS, DRAGS, DRAWN_EDITS = 8, 1, 6
Assignment = dict[str, str | None]
EXEMPT = {"must_join", "one_is_no_district"}
"""Not asked of plans under way: the drawing table reports them, and lets a district have one."""


@dataclass
class Tally:
    """What was done, and every fault that was found."""

    done: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)

    def fault(self, seed: int, what: str, detail: object) -> None:
        """Note a fault of one case, and print it at once."""
        print(f"case {seed}: {what}: {detail}", flush=True)
        self.faults.append((seed, what, str(detail)))


def run_case(seed: int, tally: Tally, *, most: int = 6) -> None:
    """Run one random town, its proposal and its edits."""
    rng = random.Random(seed)
    town = random_town(rng, most=most)
    rules = random_rules(rng, town)
    oracle = Oracle(town, rules)
    clash = oracle.clash()
    places, adjacency, eligible = town.frames()
    noise = np.random.default_rng(seed).normal(size=(len(town.ids), 3))
    needs = pd.DataFrame(noise, index=places.frame.index, columns=list("abc"))
    needs = needs.mask(noise > 1.5)
    sharing = pooling_of(rng, town) if rules.weights.sharing else None
    try:
        problem = make_problem(places, adjacency, needs, eligible, rules, sharing=sharing)
    except InfeasibleError as told:
        tally.done["clashes refused"] += 1
        if clash is None:
            tally.fault(seed, "refused, though the rules can hold", told)
        return
    if clash is not None:
        tally.fault(seed, "rules that clash were taken", clash)
        return
    mode = _mode(rng, town)
    plan, listed = _proposed(rng, problem, mode, tally)
    if plan is None:
        return
    tally.done["plans"] += 1
    wrong = _wrong(oracle, problem, plan, mode)
    if listed and isinstance(mode, Free):
        wrong += oracle.avoidable(plan)
    for breach in wrong:
        tally.fault(seed, f"proposal of {type(mode).__name__}", breach)
    if problem.atoms:
        _state_edits(rng, oracle, problem, plan, seed, tally)
        _drags(rng, oracle, problem, plan, seed, tally)
    _drawn_edits(rng, oracle, plan, seed, tally)


def _mode(rng: random.Random, town: Town) -> Mode:
    kind = rng.random()
    if kind < 0.6:
        return Free()
    if kind < 0.8:
        return FixedNumber(rng.randint(0, max(1, len(town.ids) // 3)))
    amount, one = rng.choice((("households", 700.0), ("members", 1.0), ("area_m2", 30_000.0)))
    return MostDistricts(amount, round(one * rng.uniform(1.5, 4.0), 1))


def _proposed(
    rng: random.Random, problem: Problem, mode: Mode, tally: Tally
) -> tuple[Assignment | None, bool]:
    """Return a plan by one of the ways to make it, and whether every legal district was listed.

    None where the number is not possible.
    """
    start = None
    if rng.random() < 0.3:
        start = pd.Series(
            [rng.choice(("D001", "D002", "甲", "乙", None)) for _ in problem.ids],
            index=problem.ids,
            dtype="string",
        )
    effort = SWIFT
    if rng.random() < 0.4:
        effort = Effort(
            listed=rng.randint(2, 80), moves=rng.randint(0, 600), windows=rng.random() < 0.5
        )
    seed = rng.randint(0, 9)
    way = "searched" if rng.random() < 0.25 else "proposed"
    tally.done[f"{way}, {type(mode).__name__}"] += 1
    try:
        if way == "searched":
            begin = None if start is None else labels_of(problem, start)
            label = search_plan(problem, mode, start=begin, seed=seed, moves=300)
            assignment = district_ids(problem, label, before=start)
        else:
            assignment = propose(problem, mode, start=start, seed=seed, effort=effort).assignment
    except InfeasibleError:
        tally.done["numbers not possible"] += 1
        return None, False
    return _plain(assignment), way == "proposed" and effort is SWIFT


def _plain(assignment: pd.Series) -> Assignment:
    values = assignment.astype(object).where(assignment.notna(), None)
    return dict(zip(assignment.index.tolist(), values.tolist(), strict=True))


def _wrong(oracle: Oracle, problem: Problem, plan: Assignment, mode: Mode) -> list[Breach]:
    found = oracle.broken(plan)
    districts: dict[str, list[str]] = {}
    for key, label in plan.items():
        if label is not None:
            districts.setdefault(label, []).append(key)
    if isinstance(mode, FixedNumber) and len(districts) != mode.k:
        found.append(Breach("number", "", len(districts) - mode.k))
    if isinstance(mode, MostDistricts):
        for label, keys in districts.items():
            free = label not in problem.labels and frozenset(keys) not in oracle.groups
            short = mode.at_least * (1 - 1e-9) - oracle.sum(mode.amount, keys)
            if free and short > 0:
                found.append(Breach("at_least", label, short))
    return found


def _state_edits(
    rng: random.Random, oracle: Oracle, problem: Problem, plan: Assignment, seed: int, tally: Tally
) -> None:
    """Moves, merges and splits of the state that search and service share."""
    label = labels_of(problem, pd.Series(plan, dtype="string"))
    state = PlanState(problem, label)
    for _ in range(STATE_EDITS):
        one, other = rng.randrange(problem.atoms), rng.randrange(problem.atoms)
        near = problem.flat.neighbour[problem.flat.start[one] : problem.flat.start[one + 1]]
        if len(near) and rng.random() < 0.7:
            other = int(rng.choice(near.tolist()))
        kind = rng.choice(("move", "move", "leave", "merge", "split"))
        if kind in {"move", "leave"}:
            to = other if kind == "move" else None
            effect = state.move(one, to=to)
            state.apply_move(one, to=to)
            touched = [one, other]
        elif kind == "merge":
            effect = state.merge(one, other)
            state.apply_merge(one, other)
            touched = [one]
        else:
            members = state.members(one)
            part = members[[rng.random() < 0.5 for _ in members]]
            if not len(part):
                continue
            effect = state.split(part)
            state.apply_split(part)
            touched = members.tolist()
        tally.done["edits of the state"] += 1
        found = _found_in_state(oracle, problem, state.label)
        if bool(effect.broken) != bool(found):
            tally.fault(seed, f"{kind} of {touched[:2]} is said to break {effect.broken}", found)
        if found or effect.broken:
            state.undo()


def _found_in_state(oracle: Oracle, problem: Problem, label: np.ndarray) -> list[Breach]:
    """Judge labels of atoms: a lone neighbourhood is in no district."""
    lock = problem.flat.lock
    name: dict[int, str | None] = {}
    for number in np.unique(label).tolist():
        atoms = np.flatnonzero(label == number)
        locked = lock[atoms].max()
        several = problem.size[atoms].sum() > 1
        name[number] = f"*{number}" if several else None
        if locked >= 0:
            name[number] = problem.labels[locked]
    named = [name[int(number)] for number in label[problem.atom]]
    return oracle.broken(dict(zip(problem.ids.tolist(), named, strict=True)))


def _drags(
    rng: random.Random, oracle: Oracle, problem: Problem, plan: Assignment, seed: int, tally: Tally
) -> None:
    """Take a neighbourhood to another district and let the rest be done anew around it."""
    for _ in range(DRAGS):
        flat = problem.flat
        one = rng.randrange(problem.atoms)
        near = flat.neighbour[flat.start[one] : flat.start[one + 1]].tolist()
        if not near:
            continue
        row, mate = (int(np.flatnonzero(problem.atom == a)[0]) for a in (one, rng.choice(near)))
        moved = pd.Series(plan, dtype="string")
        moved.iloc[np.flatnonzero(problem.atom == one)] = moved.iloc[mate]
        held = [problem.ids[row], problem.ids[mate]] if rng.random() < 0.7 else []
        tally.done["drags"] += 1
        try:
            found = improve_touched(problem, moved, [problem.ids[row]], locked=held)
        except InfeasibleError:
            tally.done["drags refused"] += 1
            continue
        after = _plain(found.assignment)
        for breach in oracle.broken(after):
            tally.fault(seed, f"drag of {problem.ids[row]} to {problem.ids[mate]}", breach)
        together = [after[key] for key in held]
        if held and pd.notna(moved[held[1]]) and (len(set(together)) > 1 or None in together):
            tally.fault(seed, "what the drag joined was parted", together)


def _drawn_edits(
    rng: random.Random, oracle: Oracle, plan: Assignment, seed: int, tally: Tally
) -> None:
    """Operations of the drawing table, from the plan or from a random one."""
    town, rules = oracle.town, oracle.rules
    drawn = Oracle(town, _Straight(rules), drawn=True)
    ground = ground_of_town(town)
    start: Assignment = {key: plan.get(key) for key in town.ids}
    if rng.random() < 0.3:
        start = {key: rng.choice(("D1", "D2", "D3", None)) for key in town.ids}
    names = sorted({label for label in start.values() if label is not None})
    districts = [plans.District(key, key, locked=key in rules.closed) for key in names]
    alone = [key for key, label in rules.locks.items() if label is None]
    draft = plans.Draft.of(ground, start, districts, rules=plan_rules(rules), locked_units=alone)
    for _ in range(DRAWN_EDITS):
        operation = _operation(rng, draft, town)
        tally.done["edits drawn"] += 1
        try:
            made = plans.apply(draft, operation)
        except (IndexMismatchError, InputError):
            tally.done["edits that make no sense"] += 1
            continue
        except EditRefusedError as told:
            try:
                tried = plans.apply(draft, operation, trial=True)
            except EditRefusedError:  # nothing to do: no fragment, a line beside the district
                tally.done["edits that make no sense"] += 1
                continue
            tally.done["edits refused"] += 1
            if tried.refused is None or not _reason(drawn, draft, tried.draft):
                tally.fault(seed, f"{operation} refused without a reason", told)
            continue
        for what in _broken_by_edit(drawn, draft, made):
            tally.fault(seed, str(operation)[:80], what)
        draft = made.draft


class _Straight:
    """The rules as a drawn plan has them: straight distances, minima that are reported."""

    def __init__(self, rules: Any) -> None:
        self.rules = rules
        self.distance_basis, self.keep_below_minimum = "straight", False
        self.locks: dict[str, str] = {}
        self.closed: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rules, name)


def _operation(rng: random.Random, draft: plans.Draft, town: Town) -> plans.Operation:
    keys = sorted(draft.districts) or ["D1"]
    ids = sorted(town.ids)
    some = tuple(rng.sample(ids, min(len(ids), rng.randint(1, 3))))
    one, two = rng.choice(keys), rng.choice(keys)
    xs, ys = zip(*(point for ring in town.corners.values() for point in ring), strict=True)
    ends = [(rng.uniform(min(xs), max(xs)), rng.uniform(min(ys), max(ys))) for _ in range(2)]
    anywhere = {key: rng.choice([*keys, "Z1", None]) for key in ids}
    choices: list[Iterator[plans.Operation] | Any] = [
        lambda: plans.Assign(some[:1], one),
        lambda: plans.Assign(some, one),
        lambda: plans.Assign(some, None),
        lambda: plans.Assign(some, one, skip_held=True),
        lambda: plans.Create(units=some, skip_held=True),
        lambda: plans.Merge((one,), two),
        lambda: plans.SplitByLine(one, shapely.LineString(ends)),
        lambda: plans.SplitInto(one, rng.randint(2, 3)),
        plans.AbsorbFragments,
        lambda: plans.Lock(rng.random() < 0.5, (one,), some[:1]),
        lambda: plans.Import({key: anywhere[key] for key in some}),
        lambda: plans.Take(anywhere),
    ]
    return rng.choice(choices)()


def _breaches(oracle: Oracle, draft: plans.Draft) -> dict[tuple[str, str], float]:
    """What the districts of a drawn plan break; here one alone is measured like any other."""
    found: dict[tuple[str, str], float] = {}
    for label in draft.districts:
        keys = [key for key, district in draft.assignment().items() if district == label]
        if not keys:
            continue
        for breach in oracle.broken_by(label, keys):
            found[breach.rule, label] = breach.by
        for which in ("maximum", "minimum"):
            for amount in oracle.limited(which):
                limit, total = getattr(oracle.rules, which)[amount], oracle.sum(amount, keys)
                by = total - limit if which == "maximum" else limit - total
                if by > limit * 1e-9:
                    found[f"{which[:3]}_{amount}", label] = by
    return found


def _refusing(breaches: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return {
        key: by
        for key, by in breaches.items()
        if key[0] != "contiguity" and not key[0].startswith("min_")
    }


def _worse(
    before: dict[tuple[str, str], float], after: dict[tuple[str, str], float]
) -> list[tuple[str, str]]:
    """Rules that are broken more than by any district before."""
    worst: dict[str, float] = {}
    for (rule, _), by in before.items():
        worst[rule] = max(worst.get(rule, 0.0), by)
    return [
        (rule, label)
        for (rule, label), by in after.items()
        if by > worst.get(rule, 0.0) * (1 + 1e-6) + 1e-6
    ]


def _held(before: plans.Draft, after: plans.Draft) -> list[str]:
    """Locked neighbourhoods that moved, and those that left or entered a locked district."""
    was, now = before.assignment(), after.assignment()
    shut = {key for key, one in before.districts.items() if one.locked}
    fixed = set(before.ground.ids[before.locked])
    moved = [key for key in was if was[key] != now[key]]
    return [key for key in moved if key in fixed or {was[key], now[key]} & shut]


def _reason(oracle: Oracle, before: plans.Draft, after: plans.Draft) -> bool:
    """Whether an edit may be refused: a lock, or a district that breaks what it did not."""
    if _held(before, after) or any(
        one.locked for key, one in before.districts.items() if key not in after.districts
    ):
        return True
    if _sharing(after) - _sharing(before):  # another pair, where as many were broken before
        return True
    old, new = _refusing(_breaches(oracle, before)), _refusing(_breaches(oracle, after))
    return any(by > old.get(key, 0.0) for key, by in new.items())


def _sharing(draft: plans.Draft) -> set[tuple[str, str]]:
    """Pairs that must not share a district, and do."""
    row_of, label = draft.ground.row_of, draft.label
    return {
        (a, b)
        for a, b in draft.rules.must_not_join
        if label[row_of[a]] is not None and label[row_of[a]] == label[row_of[b]]
    }


def _broken_by_edit(oracle: Oracle, before: plans.Draft, made: plans.Applied) -> Iterator[object]:
    """Find what is wrong with an edit that was accepted, and with what was told of it."""
    after = made.draft
    if held := _held(before, after):
        yield f"locked, but moved: {held}"
    old, new = _breaches(oracle, before), _breaches(oracle, after)
    if worse := _worse(_refusing(old), _refusing(new)):
        yield f"broken by an accepted edit: {worse}"
    touched = set(made.touched)
    loose = {one.district for one in made.fragments}
    said = {(_rule_of(one.rule), one.district) for one in made.broken} | {
        ("contiguity", label) for label in loose
    }
    said = {one for one in said if one[0] != "together" and not _blind(oracle, one[0])}
    truth = {(rule, label) for rule, label in new if label in touched}
    if said != truth:
        yield f"told {sorted(said - truth)}, did not tell {sorted(truth - said)}"


def _rule_of(rule: str) -> str:
    words = {"subdistrict": "same_subdistrict", "apart": "must_not_join"}
    family = rule.split(":", 1)[0]
    return words.get(family, family)


def _blind(oracle: Oracle, rule: str) -> bool:
    """A limit on what is known of nobody."""
    which, _, amount = rule.partition("_")
    return which in {"min", "max"} and not oracle.sizes.get(amount, {"": 1.0})


def show(cases: int, tally: Tally, cpu_s: float) -> None:
    """Print how far it is."""
    figures = {"cases": cases, "faults": len(tally.faults), "cpu_s": round(cpu_s, 1)}
    print(json.dumps(figures | dict(sorted(tally.done.items()))), flush=True)


def main() -> int:
    """Run the cases and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    parser.add_argument("--most", type=int, default=6, help="blocks along a side")
    asked = parser.parse_args()
    tally, start = Tally(), time.process_time()
    for seed in range(asked.first, asked.first + asked.cases):
        try:
            run_case(seed, tally, most=asked.most)
        except Exception:  # noqa: BLE001 - a crash is a fault like any other, and is printed
            tally.fault(seed, "crash", traceback.format_exc()[-700:])
        if (seed + 1 - asked.first) % 1000 == 0:
            show(seed + 1 - asked.first, tally, time.process_time() - start)
    show(asked.cases, tally, time.process_time() - start)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
