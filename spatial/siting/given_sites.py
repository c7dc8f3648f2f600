"""Sites the caller names: those that must open, those that must not, and a plan to begin with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from spatial.errors import InfeasibleError, InputError

__all__ = ["number_of_sites", "per_row", "per_site", "site_mask", "site_masks", "unit_of"]

Mask = npt.NDArray[np.bool_]


def site_mask(sites: Iterable[int] | None, count: int, *, name: str) -> Mask:
    """Mark site rows, shape (count,).

    Examples
    --------
    >>> site_mask([2], 3, name="must").tolist()
    [False, False, True]
    """
    mask = np.zeros(count, dtype=bool)
    rows = np.asarray(list(() if sites is None else sites))
    if not len(rows):
        return mask
    if rows.dtype.kind not in "iu":
        raise InputError(
            f"`{name}` holds {rows.dtype}, not rows of sites (whole numbers).",
            zh=f"{name} 的类型为 {rows.dtype},应为选址点的行号(整数)。",
        )
    outside = rows[(rows < 0) | (rows >= count)]
    if len(outside):
        raise InputError(
            f"`{name}` names site {outside[0]}; sites run from 0 to {count - 1}.",
            zh=f"{name} 中的选址点 {outside[0]} 不存在;行号应在 0 至 {count - 1}。",
        )
    mask[rows] = True
    return mask


def site_masks(
    count: int, must: Iterable[int] | None, must_not: Iterable[int] | None
) -> tuple[Mask, Mask]:
    """Mark the sites that must open and those that must stay closed; no site may be both."""
    opened = site_mask(must, count, name="must")
    closed = site_mask(must_not, count, name="must_not")
    both = np.flatnonzero(opened & closed)
    if len(both):
        raise InfeasibleError(
            f"Site {both[0]} must open and must not open. Take it out of `must` or `must_not`.",
            zh=f"选址点 {both[0]} 既必须设置又不得设置,请从 must 或 must_not 中去掉。",
        )
    return opened, closed


def number_of_sites(p: float) -> int:
    """Check how many sites are asked for: a whole number, 0 or more.

    Examples
    --------
    >>> number_of_sites(3.0)
    3
    """
    if not (np.isfinite(p) and p >= 0 and p == np.floor(p)):
        raise InputError(
            f"`p` is {p}; it counts sites: 0, 1, 2 …", zh=f"p 为 {p};应为整数 0、1、2……"
        )
    return int(p)


def per_site(values: npt.ArrayLike, count: int, *, name: str) -> npt.NDArray[np.float64]:
    """Check one number a site, each 0 or more and finite."""
    return _numbers(values, count, name, "sites", "选址点")


def per_row(values: npt.ArrayLike, count: int, *, name: str) -> npt.NDArray[np.float64]:
    """Check one number a demand row, each 0 or more and finite."""
    return _numbers(values, count, name, "demand rows", "行需求")


def unit_of(values: npt.NDArray[np.float64]) -> float:
    """Return what amounts are best counted in: 1 where they are whole, else their own size.

    A power of two, so that dividing by it changes no digit. Tolerances of a solver are absolute:
    without this, amounts that are all tiny would all be nothing to it.

    Examples
    --------
    >>> unit_of(np.array([3.0, 5.0])), unit_of(np.array([0.3, 0.2])), unit_of(np.zeros(1))
    (1.0, 0.25, 1.0)
    """
    largest = float(values.max(initial=0.0))
    if largest == 0 or bool((values == np.floor(values)).all()):
        return 1.0
    return float(2.0 ** np.floor(np.log2(largest)))


def _numbers(
    values: npt.ArrayLike, count: int, name: str, what: str, what_zh: str
) -> npt.NDArray[np.float64]:
    array: npt.NDArray[Any] = np.asarray(values)
    if array.shape != (count,) or array.dtype.kind not in "biuf":
        raise InputError(
            f"`{name}` has shape {array.shape} of {array.dtype}; it needs one number for each of "
            f"the {count} {what}.",
            zh=f"{name} 的形状为 {array.shape};应为 {count} 个{what_zh}各一个数。",
        )
    numbers = array.astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
    if len(wrong):
        raise InputError(
            f"`{name}` row {wrong[0]} is {array[wrong[0]]}; it must be 0 or more.",
            zh=f"{name} 第 {wrong[0]} 行为 {array[wrong[0]]};应大于等于 0。",
        )
    return numbers
