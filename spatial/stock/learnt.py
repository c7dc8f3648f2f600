"""What people said of candidates moves how sure the next ones are.

A curve (:mod:`spatial.stock.confidence`) is calibrated on demo cities. Two kinds of judgement are
laid over it, both as an update of a Beta distribution: those made on real maps before (parameter
``judged``, shipped), and the verdicts that planners gave on candidates of this city.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.city.model import City
from spatial.city.report import Note
from spatial.errors import StandardsError
from spatial.standards.parameters import ParameterSet
from spatial.stock.detect.pool import SIGNS

__all__ = [
    "SIGN_NAMES",
    "Verdicts",
    "learnt_note",
    "moved",
    "never_checked",
    "shipped",
    "sign_of",
    "verdicts_of",
    "words_of",
]

Floats = npt.NDArray[np.float64]
LEAST: Final = 1e-6
"""Nothing is called impossible or certain."""
SIGN_NAMES: Final = {
    "structure": ("临时或违章构筑物", "temporary structures, or without leave"),
    "lifecycle": ("地图标为废弃或停建", "mapped as disused or stopped"),
    "unused_building": ("无使用单位的房屋", "buildings without users"),
    "parking": ("利用不足的停车场", "car parks larger than their need"),
    "land_cover": ("地表覆盖", "bare land"),
    "greenness": ("植被变化", "land that turned green"),
    "leftover": ("边角地", "leftover land"),
    "night_light": ("夜间灯光", "buildings dark by night"),
    "roof": ("可利用屋顶", "large roofs"),
}
"""Every sign in words."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts on the candidates of one sign in one city."""

    accepted: tuple[str, ...] = ()
    """Ids of candidates that became assets of the register, as they are or corrected."""
    rejected: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.accepted) + len(self.rejected)


def sign_of(candidate: str) -> str | None:
    """Return the sign by which a candidate was found, read from its id.

    Examples
    --------
    >>> [sign_of(one) for one in ("found:roof:b7", "left:XQ01:2", "osm:land_use:w1", "ZC0001")]
    ['roof', 'leftover', 'lifecycle', None]
    """
    head, _, rest = candidate.partition(":")
    if head == "found":
        sign = rest.partition(":")[0]
        return sign if sign in SIGNS else None
    return {"left": "leftover", "osm": "lifecycle"}.get(head)


def verdicts_of(city: City) -> dict[str, Verdicts]:
    """Gather the verdicts that a city's layers hold, by sign.

    Accepted and corrected candidates are assets with ``origin``; rejected ones are
    inputs.stock_rejected. One that was rejected and is an asset after all counts as accepted.
    """
    origins = city.layer("stock_assets")["origin"].dropna().astype("str")
    accepted = set(origins)
    refused = city.layer("stock_rejected")
    told = refused["sign"].astype("string")
    pairs = [(key, sign_of(key), True) for key in sorted(accepted)]
    pairs += [
        (key, sign_of(key) if pd.isna(sign) else str(sign), False)
        for key, sign in sorted(zip(refused.index.astype("str"), told, strict=True))
        if key not in accepted
    ]
    return {
        sign: Verdicts(
            tuple(key for key, of, yes in pairs if of == sign and yes),
            tuple(key for key, of, yes in pairs if of == sign and not yes),
        )
        for sign in SIGNS
        if any(of == sign for _, of, _ in pairs)
    }


def shipped(sign: str, confidence: Floats, parameters: ParameterSet) -> Floats:
    """Move confidences of a curve by what was judged on real maps before.

    Parameters
    ----------
    sign : str
    confidence : array of float, shape (n,)
        Of the curve, 0–1.
    parameters : ParameterSet
        Room ``stock``: ``judged`` (by sign ``worth`` of ``of``, the mean confidence ``said`` of
        these by the curve, and ``slope``), ``judgement_weight_n``.

    Returns
    -------
    array of float, shape (n,)

    Notes
    -----
    With prior weight :math:`n_0` and mean confidence :math:`m` of those judged, the share is
    :math:`(n_0 m + worth) / (n_0 + of)`: the mean of a Beta distribution after the judgements
    [1]_. The log odds then are its log odds and ``slope`` times their distance from those of
    :math:`m`; a slope of 0 says that the curve did not tell good ones from bad ones.

    Raises
    ------
    StandardsError
        If an entry of ``judged`` lacks a figure or has more worth a visit than were judged.

    References
    ----------
    .. [1] A. Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., section 2.4.
    """
    entry = parameters["judged"].get(sign)
    if entry is None:
        return confidence
    try:
        worth, of, said = float(entry["worth"]), float(entry["of"]), float(entry["said"])
        slope = float(entry["slope"])
    except (KeyError, TypeError, ValueError) as fault:
        raise _broken(sign, entry) from fault
    if not 0 <= worth <= of or not 0 < said < 1:
        raise _broken(sign, entry)
    share = _posterior(said, worth, of, float(parameters["judgement_weight_n"]))
    odds = _odds(np.array([share])) + slope * (_odds(confidence) - _odds(np.array([said])))
    return _chance(odds)


def moved(
    confidence: pd.Series, verdicts: Verdicts, parameters: ParameterSet, *, all_of: Floats
) -> Floats:
    """Move the confidences of a sign by the verdicts on its candidates in this city.

    Parameters
    ----------
    confidence : Series of float, shape (n,)
        By candidate id.
    verdicts : Verdicts
    parameters : ParameterSet
        Room ``stock``: ``judgement_weight_n``, so many verdicts weigh as much as what is shipped.
    all_of : array of float
        Confidences of all candidates of the sign: those judged that are not among `confidence`
        any more count with their mean.

    Returns
    -------
    array of float, shape (n,)
        All log odds are moved alike, so that the mean over those judged is the mean of the Beta
        distribution after the verdicts; the order of the candidates stays.

    Examples
    --------
    >>> from spatial.standards import read_parameters
    >>> said = pd.Series([0.5, 0.5, 0.5], index=["a", "b", "c"])
    >>> told = Verdicts(accepted=("a",) * 8, rejected=("b",) * 2)
    >>> moved(said, told, read_parameters("stock"), all_of=said.to_numpy()).round(2).tolist()
    [0.65, 0.65, 0.65]
    """
    values = confidence.to_numpy(dtype=float)
    if not verdicts.count or not len(all_of):
        return values
    judged = [*verdicts.accepted, *verdicts.rejected]
    own = confidence[~confidence.index.duplicated()].reindex(judged).to_numpy(dtype=float)
    said = float(np.mean(np.where(np.isnan(own), np.mean(all_of), own)))
    share = _posterior(
        said, len(verdicts.accepted), verdicts.count, float(parameters["judgement_weight_n"])
    )
    step = _odds(np.array([share])) - _odds(np.array([said]))
    return _chance(_odds(values) + step)


def learnt_note(sign: str, verdicts: Verdicts, before: Floats, after: Floats) -> Note:
    """Say by how much the verdicts of this city moved a sign."""
    n, yes = verdicts.count, len(verdicts.accepted)
    zh, en = SIGN_NAMES[sign]
    was, now = (f"{100 * float(np.mean(part)):.0f} %" for part in (before, after))
    return Note(
        "stock_learnt",
        f"线索“{zh}”:本市已核查 {n} 条,接受 {yes} 条,可信度平均由 {was} 调整为 {now}。",
        f"Sign “{en}”: {n} verdicts here, {yes} accepted; mean confidence from {was} to {now}.",
    )


def never_checked(signs: list[str]) -> Note:
    """Say which signs found something here though nobody ever looked at theirs on a real map."""
    zh, en = zip(*(SIGN_NAMES[sign] for sign in signs), strict=True)
    return Note(
        "stock_never_checked",
        f"线索“{'”、“'.join(zh)}”的可信度只在示范城上校准过,从未在真实地图上核对;请多核查几条。",
        f"The confidence of {', '.join(en)} was calibrated on demo cities only and never held "
        "against a real map: check some of them.",
    )


def words_of(verdicts: Verdicts) -> tuple[str, str]:
    """Return what evidence says, in both languages, where verdicts moved the confidence."""
    n, yes = verdicts.count, len(verdicts.accepted)
    return (
        f";可信度已按本市 {n} 条核查(接受 {yes} 条)调整",
        f"; confidence moved by {n} verdicts here ({yes} accepted)",
    )


def _posterior(said: float, worth: float, of: float, weight_n: float) -> float:
    return (weight_n * said + worth) / (weight_n + of)


def _odds(chance: Floats) -> Floats:
    safe = np.clip(chance, LEAST, 1 - LEAST)
    return np.asarray(np.log(safe / (1 - safe)), dtype=np.float64)


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def _broken(sign: str, entry: Mapping[str, object]) -> StandardsError:
    return StandardsError(
        f"stock.judged.{sign}: {dict(entry)} needs `worth` (at most `of`), `of`, `said` (between 0 "
        "and 1) and `slope`.",
        zh=f"stock.judged.{sign}:{dict(entry)} 须有 worth(不大于 of)、of、said(0–1)、slope。",
    )
