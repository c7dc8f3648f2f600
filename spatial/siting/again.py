"""A designer's edit of a siting plan: force, forbid, resize; solved again from the plan at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from spatial.errors import InputError
from spatial.progress import Progress, silent
from spatial.siting.answer import Cancel, Effort
from spatial.siting.plan import SitingPlan
from spatial.siting.problem import SitingProblem
from spatial.siting.rules import SitingRules
from spatial.siting.solve import solve_siting

__all__ = ["edited_rules", "solve_again"]


def solve_again(
    problem: SitingProblem,
    plan: SitingPlan,
    *,
    force: tuple[str, ...] = (),
    forbid: tuple[str, ...] = (),
    resize: Mapping[str, str] | None = None,
    budget_yuan: tuple[float, ...] | None = None,
    effort: Effort | None = None,
    progress: Progress = silent,
    cancel: Cancel | None = None,
) -> SitingPlan:
    """Solve once more after an edit, beginning with the plan at hand.

    Parameters
    ----------
    problem : SitingProblem
        Usually ``plan.problem``: edits then add up.
    plan : SitingPlan
    force, forbid : tuple of str
        Ids of assets or options; an edit overrules what the rules said before.
    resize : mapping, optional
        Option id, or asset id where the asset holds one kind in the plan, to the size wanted.
    budget_yuan : tuple of float, optional
        Other money by year.
    effort : Effort, optional
        By default two seconds, to proof if that is enough; the gap is said otherwise.

    Returns
    -------
    SitingPlan
        Its ``problem`` has the edited rules.

    Raises
    ------
    InputError
        If an id or a size is unknown.
    InfeasibleError
        If the edit cannot be; :func:`spatial.siting.clash.why_infeasible` says why.
    """
    rules = edited_rules(problem, plan, force=force, forbid=forbid, resize=resize or {})
    if budget_yuan is not None:
        rules = replace(rules, budget_yuan=budget_yuan)
    return solve_siting(
        problem.with_rules(rules),
        start=plan,
        effort=effort or Effort(seconds=2.0),
        progress=progress,
        cancel=cancel,
    )


def edited_rules(
    problem: SitingProblem,
    plan: SitingPlan,
    *,
    force: tuple[str, ...] = (),
    forbid: tuple[str, ...] = (),
    resize: Mapping[str, str] | None = None,
) -> SitingRules:
    """Return the rules after an edit; what is said last counts."""
    rules = problem.rules
    must, must_not = list(rules.must), list(rules.must_not)
    add, drop = list(force), list(forbid)
    for one, size in (resize or {}).items():
        wanted, others = _sizes(problem, plan, one, size)
        add.append(wanted)
        drop += others
    options = problem.options
    for one in add:
        asset = options.loc[one, "asset"] if one in options.index else one
        must_not = [old for old in must_not if old not in (one, asset)]
        must = [old for old in must if old not in drop]
        must.append(one)
    for one in drop:
        mine = options.index[options["asset"] == one] if one in problem.assets.index else ()
        must = [old for old in must if old != one and old not in mine]
        must_not.append(one)
    return replace(rules, must=tuple(dict.fromkeys(must)), must_not=tuple(dict.fromkeys(must_not)))


def _sizes(problem: SitingProblem, plan: SitingPlan, one: str, size: str) -> tuple[str, list[str]]:
    """Return the option of the size wanted, and the options of the other sizes."""
    options = problem.options
    if one in problem.assets.index:
        held = plan.chosen.index[plan.chosen["asset"] == one]
        if len(held) != 1:
            raise InputError(
                f"`resize`: {one!r} holds {len(held)} kinds in the plan; name the option.",
                zh=f"resize:资源 {one!r} 在方案中有 {len(held)} 类设施;请写选项编号。",
            )
        one = held[0]
    if one not in options.index:
        raise InputError(
            f"`resize` names {one!r}, which is neither an asset nor an option.",
            zh=f"resize 中的 {one!r} 既不是资源也不是选项。",
        )
    same = (options["asset"] == options.loc[one, "asset"]) & (
        options["kind"] == options.loc[one, "kind"]
    )
    mine = options.loc[same, "size"].astype(str)
    wanted = mine.index[mine == size]
    if not len(wanted):
        raise InputError(
            f"`resize`: {one!r} cannot be {size!r}; it can be {', '.join(mine)}.",
            zh=f"resize:{one!r} 没有规模 {size!r};可选 {'、'.join(mine)}。",
        )
    return str(wanted[0]), [str(other) for other in mine.index[mine != size]]
