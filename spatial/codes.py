"""Columns of texts as codes: one number a row, and the texts once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["coded", "codes_of", "texts_of"]


def codes_of(
    names: pd.Index | npt.NDArray[np.object_] | list[str], rows: npt.NDArray[np.integer]
) -> pd.Categorical:
    """Write the name of each row as a code; -1 is missing. Names stand once each.

    Examples
    --------
    >>> codes_of(["park", "clinic"], np.array([1, 0, -1])).tolist()
    ['clinic', 'park', nan]
    """
    kind = pd.CategoricalDtype(pd.Index(names, dtype="str"))
    return pd.Categorical.from_codes(rows, dtype=kind)


def texts_of(
    names: pd.Index | npt.NDArray[np.object_] | list[str], rows: npt.NDArray[np.integer]
) -> pd.api.extensions.ExtensionArray:
    """Write the name of each row as a text."""
    return pd.array(np.asarray(names, dtype=object), dtype="str").take(rows)


def coded(values: pd.Series) -> tuple[npt.NDArray[np.integer], pd.Index]:
    """Give a code for each row, and the texts that they stand for (some may not occur).

    Examples
    --------
    >>> code, names = coded(pd.Series(["b", "a", "b"]))
    >>> code.tolist(), names.tolist()
    ([0, 1, 0], ['b', 'a'])
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), pd.Index(values.cat.categories, dtype="str")
    code, names = pd.factorize(values)
    return code, pd.Index(names)
