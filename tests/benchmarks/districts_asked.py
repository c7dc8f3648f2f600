"""Ask a peer for regions in a process of its own, and say truly how it ended."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tests.benchmarks.foreign import PEERS

__all__ = ["ask", "pieces_beyond"]

SCRIPT = Path(__file__).with_name("districts_peers.py")
WALL = 30
"""Wall seconds allowed for each CPU second: the machine is shared."""


def ask(method: str, arrays: dict[str, np.ndarray], *, limit_s: int, **numbers: Any) -> dict:
    """Return ``cpu_s, peak_mib, label`` of one peer, or ``ended``: how it failed, in words.

    Parameters
    ----------
    method : str
        One that ``districts_peers.py`` knows.
    arrays : dict
        ``links, values, amounts, xy_m``.
    limit_s : int
        CPU seconds; the system ends what takes more.
    **numbers
        ``k, at_least, seed``.
    """
    python = PEERS / "regions" / "bin" / "python"
    given = {"k": 0, "at_least": 0.0, "seed": 0, "limit_s": limit_s} | numbers
    with tempfile.TemporaryDirectory() as folder:
        wanted, made = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        plain = {key: np.array(value) for key, value in given.items()}
        np.savez(wanted, method=np.array(method), **arrays, **plain)
        command = ["nice", str(python), str(SCRIPT), str(wanted), str(made)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=WALL * limit_s + 30
            )
        except subprocess.TimeoutExpired:
            return {"ended": "hangs (wall time)"}
        if done.returncode:
            return {"ended": _ended(done.returncode, done.stderr, limit_s)}
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        with np.load(made) as outputs:
            return figures | {"label": outputs["label"]}


def _ended(code: int, errors: str, limit_s: int) -> str:
    """Tell how a process ended.

    >>> _ended(-11, "", 60), _ended(-24, "", 60), _ended(1, "IndexError: no", 60)
    ('crash (SIGSEGV)', 'more than 60 CPU s', 'IndexError: no')
    """
    if code < 0:
        name = signal.Signals(-code).name
        spent = name in {"SIGXCPU", "SIGKILL"}
        return f"more than {limit_s} CPU s" if spent else f"crash ({name})"
    lines = errors.strip().splitlines()
    return lines[-1][:100] if lines else f"exit {code}"


def pieces_beyond(links: np.ndarray, label: np.ndarray) -> tuple[int, int]:
    """Return how many regions fall into pieces, and the pieces beyond one each; -1 is none.

    >>> pieces_beyond(np.array([[0, 1], [2, 3]]), np.array([0, 0, 0, -1]))
    (1, 1)
    """
    inside = links[(label[links[:, 0]] == label[links[:, 1]]) & (label[links[:, 0]] >= 0)]
    graph = coo_array((np.ones(len(inside)), inside.T), shape=(len(label),) * 2)
    piece = connected_components(graph, directed=False)[1]
    held = np.unique(np.column_stack([label, piece])[label >= 0], axis=0)
    count = np.unique(held[:, 0], return_counts=True)[1]
    return int((count > 1).sum()), int((count - 1).sum())
