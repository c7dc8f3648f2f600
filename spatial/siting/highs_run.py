"""HiGHS under a watch: silent, one thread, stopped when time is over or the caller wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import highspy
import numpy as np

from spatial.siting.answer import Watch

__all__ = ["run_highs"]

PRESOLVES: Final = ("choose", "off")
"""HiGHS 1.15 met errors in presolve on small programmes: then once more without."""
SMALL: Final = 1e-5
"""A gap from which a proof is soon done."""
LEAST_S: Final = 0.05
"""With less HiGHS does not even begin."""


@dataclass(slots=True)
class _Calls:
    """Watches the clock from within HiGHS, and keeps what the caller's progress raised."""

    watch: Watch
    raised: BaseException | None = None

    def _done(self, gap: float) -> float:
        """Return how much of the way to the gap asked for is done: each tenth takes as long."""
        last = max(self.watch.effort.gap_share, SMALL)
        if not np.isfinite(gap) or last >= 1:
            return 0.0
        return float(np.log(max(gap, last)) / np.log(last)) if gap < 1 else 0.0

    def ask(self, event: Any) -> None:
        """Tell how near the bound is; stop HiGHS when time is over or the caller wants it."""
        try:
            self.watch.tell("siting_proof", self._done(float(event.data_out.mip_gap)))
            if self.watch.must_stop():
                event.data_in.user_interrupt = True
        except BaseException as error:  # noqa: BLE001 - raised again outside the solver
            self.raised = error
            event.data_in.user_interrupt = True


def run_highs(
    lp: highspy.HighsLp,
    watch: Watch,
    options: Mapping[str, Any],
    *,
    start: Sequence[float] | None = None,
    limit_s: float = np.inf,
) -> Any:
    """Run HiGHS on a programme and return it, with what it found.

    Parameters
    ----------
    lp : highspy.HighsLp
    watch : Watch
        Ends the run; what it raises (a caller's progress) is raised here.
    options : mapping
        Of HiGHS, beside those that all runs have.
    start : sequence of float, optional
        Columns of an answer to begin with.
    limit_s : float
        End earlier than the watch does.
    """
    calls = _Calls(watch)
    for presolve in PRESOLVES:
        all_options = {
            "output_flag": False,
            "threads": 1,
            "presolve": presolve,
            "random_seed": watch.effort.solver_seed,
            "time_limit": max(LEAST_S, min(watch.left_s, limit_s)),
            **options,
        }
        solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in all_options.items():
            solver.setOptionValue(name, value)
        solver.passModel(lp)
        solver.cbMipInterrupt.subscribe(calls.ask)
        if start is not None:
            given = highspy.HighsSolution()
            given.col_value = list(start)
            solver.setSolution(given)
        solver.run()
        if calls.raised is not None:
            raise calls.raised
        if solver.getModelStatus() != highspy.HighsModelStatus.kSolveError:
            break
    return solver
