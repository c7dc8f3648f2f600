"""How hard the proof and the search for a plan of given districts try."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Effort"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try; the same effort gives the same answer, unless a clock ends it.

    Parameters
    ----------
    rounds : int
        Of the subgradient.
    branches : int
        Of the exact search, in all.
    large : int
        Atoms above which the bound is raised by cuts and windows are used.
    sweeps : tuple of (atoms, rounds)
        Windows in which the bound is raised, and rounds of cuts, sweep by sweep.
    window_atoms : tuple of int
        Sizes of the windows that are solved exactly, pass by pass.
    window_branches : int
    polishes : tuple of (atoms, districts an atom, windows an atom is in)
        Windows that HiGHS does anew, pass by pass.
    belted : int
        Atoms above which belts take the place of exact windows of more than `beside_belts`.
    beside_belts : int
    belts : tuple of (links across a belt, districts an atom, beginnings kept)
        Passes of belts.
    belt_polishes : tuple of (atoms, districts an atom, windows an atom is in)
        What takes the place of the `polishes` there: one before, one after each turn.
    belt_turns : int
        How often the passes of belts are made.
    near : float
        Share of the value within which they end sooner: plan and bound are close enough.
    polish_s : float
        Wall seconds that one of these may take at most; as a rule it is a fraction of one.
    programme_atoms : int
        HiGHS is asked about parts of at most so many atoms; it would take hours for larger ones.
    nodes : int
        Of HiGHS.
    programme_s : float
        Wall seconds that HiGHS may take at a time: it was seen to hang on a small part.
    time_limit_s : float or None
        A further end by the clock.
    listed : int
        Legal districts of one part that are listed; of a part with more, a plan is searched.
    windows : bool
        Such a plan is improved by windows that are solved exactly; else it stays as found.
    moves : int or None
        Of that search; by default so many an atom.
    """

    rounds: int = 30
    branches: int = 500_000
    large: int = 80
    sweeps: tuple[tuple[int, int], ...] = (
        *((100, 2), (130, 2), (160, 2), (200, 2), (200, 2), (250, 2)),
        *((300, 2), (300, 2), (350, 3), (400, 3), (400, 3), (500, 3)),
    )
    window_atoms: tuple[int, ...] = (15, 20, 25, 30, 35, 40, 45, 50)
    window_branches: int = 3000
    polishes: tuple[tuple[int, int, int], ...] = ((250, 3, 4), (400, 4, 6))
    belted: int = 1000
    beside_belts: int = 25
    belts: tuple[tuple[int, int, int], ...] = ((8, 8, 1000), (8, 8, 1000))
    belt_polishes: tuple[tuple[int, int, int], tuple[int, int, int]] = ((250, 4, 3), (400, 4, 2))
    belt_turns: int = 4
    near: float = 5e-4
    polish_s: float = 20.0
    programme_atoms: int = 320
    nodes: int = 300
    programme_s: float = 20.0
    time_limit_s: float | None = None
    listed: int = 2_000_000
    windows: bool = True
    moves: int | None = None
