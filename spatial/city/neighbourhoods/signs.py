"""On which side of a line a place lies, without mistakes of rounding; where two lines cross.

The side is computed in doubles where their error cannot change its sign, and in twice as many
digits where it could (Shewchuk 1997; Dekker 1971): as GEOS does.

References
----------
J. R. Shewchuk (1997), Adaptive precision floating-point arithmetic and fast robust geometric
predicates. Discrete & Computational Geometry 18, 305-363.
"""

# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Final

import numba

__all__ = ["crossing", "orientation"]

_jit = numba.njit(cache=True, nogil=True)
SAFE: Final = 1e-15
"""A determinant larger than this share of its parts has the right sign."""
SPLITTER: Final = 134217729.0
"""2²⁷ + 1, which splits a double into two halves of 26 digits."""


@_jit
def orientation(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    """Return 1 where c lies to the left of the way from a to b, -1 to the right, 0 on it.

    Examples
    --------
    >>> orientation(0.0, 0.0, 1.0, 0.0, 0.5, 1.0), orientation(0.0, 0.0, 1.0, 0.0, 7.0, 0.0)
    (1, 0)
    """
    left = (ax - cx) * (by - cy)
    right = (ay - cy) * (bx - cx)
    det = left - right
    if left > 0.0:
        if right <= 0.0:
            return _sign(det)
        total = left + right
    elif left < 0.0:
        if right >= 0.0:
            return _sign(det)
        total = -left - right
    else:
        return _sign(det)
    if abs(det) >= SAFE * total:
        return _sign(det)
    return _exact_orientation(ax, ay, bx, by, cx, cy)


@_jit
def _sign(value: float) -> int:
    if value > 0.0:
        return 1
    return -1 if value < 0.0 else 0


@_jit
def _difference(a: float, b: float) -> tuple[float, float]:
    """Subtract b from a: the double, and what it leaves out."""
    high = a - b
    back = high - a
    return high, (a - (high - back)) - (b + back)


@_jit
def _product(a: float, b: float) -> tuple[float, float]:
    """Multiply: the double, and what it leaves out."""
    high = a * b
    big = SPLITTER * a
    a_high = big - (big - a)
    a_low = a - a_high
    big = SPLITTER * b
    b_high = big - (big - b)
    b_low = b - b_high
    low = a_low * b_low - (((high - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return high, low


@_jit
def _long_product(a: float, a_rest: float, b: float, b_rest: float) -> tuple[float, float]:
    high, low = _product(a, b)
    low += a * b_rest + a_rest * b
    whole = high + low
    return whole, low - (whole - high)


@_jit
def _exact_orientation(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> int:
    ux, ux_rest = _difference(bx, ax)
    uy, uy_rest = _difference(by, ay)
    vx, vx_rest = _difference(cx, bx)
    vy, vy_rest = _difference(cy, by)
    left, left_rest = _long_product(ux, ux_rest, vy, vy_rest)
    right, right_rest = _long_product(uy, uy_rest, vx, vx_rest)
    high, low = _difference(left, right)
    return _sign(high + (low + (left_rest - right_rest)))


@_jit
def _long_difference(a: float, a_rest: float, b: float, b_rest: float) -> tuple[float, float]:
    high, low = _difference(a, b)
    low += a_rest - b_rest
    whole = high + low
    return whole, low - (whole - high)


@_jit
def _long_quotient(a: float, a_rest: float, b: float, b_rest: float) -> float:
    """Divide, and put right what the division of the larger halves left over."""
    share = a / b
    high, low = _long_product(share, 0.0, b, b_rest)
    left, rest = _long_difference(a, a_rest, high, low)
    return share + (left + rest) / b


@_jit
def _line(ax: float, ay: float, bx: float, by: float) -> tuple[float, ...]:
    """Line through two places in homogeneous coordinates, each with what a double leaves out."""
    x, x_rest = _difference(ay, by)
    y, y_rest = _difference(bx, ax)
    one, one_rest = _product(ax, by)
    other, other_rest = _product(bx, ay)
    w, w_rest = _long_difference(one, one_rest, other, other_rest)
    return x, x_rest, y, y_rest, w, w_rest


@_jit
def _cross(
    a: float,
    a_rest: float,
    b: float,
    b_rest: float,
    c: float,
    c_rest: float,
    d: float,
    d_rest: float,
) -> tuple[float, float]:
    """Compute a · b - c · d."""
    one, one_rest = _long_product(a, a_rest, b, b_rest)
    other, other_rest = _long_product(c, c_rest, d, d_rest)
    return _long_difference(one, one_rest, other, other_rest)


@_jit
def crossing(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> tuple[float, float]:
    """Return where two segments cross that do: the double nearest to it.

    Examples
    --------
    >>> crossing(0.0, 0.0, 2.0, 2.0, 0.0, 2.0, 2.0, 0.0)
    (1.0, 1.0)
    """
    px, px_rest, py, py_rest, pw, pw_rest = _line(ax, ay, bx, by)
    qx, qx_rest, qy, qy_rest, qw, qw_rest = _line(cx, cy, dx, dy)
    x, x_rest = _cross(py, py_rest, qw, qw_rest, qy, qy_rest, pw, pw_rest)
    y, y_rest = _cross(qx, qx_rest, pw, pw_rest, px, px_rest, qw, qw_rest)
    w, w_rest = _cross(px, px_rest, qy, qy_rest, qx, qx_rest, py, py_rest)
    return _long_quotient(x, x_rest, w, w_rest), _long_quotient(y, y_rest, w, w_rest)
