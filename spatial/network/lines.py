"""Many lines as one array of vertices: lengths, choice and order without an object per line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["lengths_m", "lines_of", "rows_of_lines"]

Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def lengths_m(xy: Floats, start: Longs) -> Floats:
    """Length of each line, shape (m,).

    Parameters
    ----------
    xy : array, shape (v, 2)
        Vertices of all lines, one line after the other.
    start : array of int, shape (m + 1,)
        Vertices of line i are ``start[i]:start[i + 1]``, at least one.

    Examples
    --------
    >>> xy = np.array([[0.0, 0.0], [3.0, 4.0], [9.0, 9.0], [9.0, 10.0], [10.0, 10.0]])
    >>> lengths_m(xy, np.array([0, 2, 5])).tolist()
    [5.0, 2.0]
    """
    if len(start) < 2:
        return np.empty(0)
    step = np.zeros(len(xy))
    across, up = np.diff(xy[:, 0]), np.diff(xy[:, 1])
    step[:-1] = np.sqrt(across * across + up * up)
    step[start[1:] - 1] = 0.0  # from the end of one line to the begin of the next
    return np.add.reduceat(step, start[:-1])


def rows_of_lines(start: Longs, lines: npt.NDArray[np.integer]) -> tuple[Longs, Longs]:
    """Rows of the vertices of chosen lines, one line after the other, and their new `start`.

    Examples
    --------
    >>> rows, start = rows_of_lines(np.array([0, 2, 5]), np.array([1, 0]))
    >>> rows.tolist(), start.tolist()
    ([2, 3, 4, 0, 1], [0, 3, 5])
    """
    begin = start[:-1][lines]
    size = np.diff(start)[lines]
    made = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    return np.arange(made[-1]) + np.repeat(begin - made[:-1], size), made


def lines_of(
    xy: Floats, start: Longs, lines: npt.NDArray[np.integer] | None = None
) -> npt.NDArray[np.object_]:
    """LineStrings of all lines, or of the chosen ones in their order."""
    if lines is not None:
        rows, start = rows_of_lines(start, lines)
        xy = xy[rows]
    if len(start) < 2:
        return np.empty(0, dtype=object)
    return shapely.linestrings(xy, indices=np.repeat(np.arange(len(start) - 1), np.diff(start)))
