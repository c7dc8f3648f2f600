"""What a threshold of detection keeps and drops, as a picture."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from spatial.checks import require_columns
from spatial.maps.fonts import chinese_font

__all__ = ["threshold_figure"]

KEPT, DROPPED, LIMIT = "#2b6f6b", "#d9d2c5", "#b3452c"
PANEL_INCHES = (4.2, 2.8)


def threshold_figure(picture: pd.DataFrame, title: str) -> Figure:
    """Draw how many candidates a threshold keeps and drops, one panel a sign.

    Parameters
    ----------
    picture : DataFrame
        Of ``spatial.stock.threshold_picture``.
    title : str
        E.g. name and unit of the parameter.

    Returns
    -------
    Figure
        Candidates kept (dark) and dropped (light) over the limit; the line is the limit in force.

    Raises
    ------
    ColumnError
        If a column is missing.
    """
    require_columns(
        picture, ["sign", "limit", "in_force", "kept", "dropped"], name="threshold picture"
    )
    signs = sorted(set(picture["sign"])) or [""]
    wide, tall = PANEL_INCHES
    figure = Figure(figsize=(wide * len(signs), tall), facecolor="white", layout="constrained")
    font = {"family": chinese_font()}
    for number, sign in enumerate(signs, start=1):
        axes = figure.add_subplot(1, len(signs), number)
        part = picture[(picture["sign"] == sign).to_numpy(dtype=bool)].sort_values("limit")
        limit, kept = part["limit"].to_numpy(dtype=float), part["kept"].to_numpy(dtype=float)
        whole = kept + part["dropped"].to_numpy(dtype=float)
        axes.fill_between(limit, kept, whole, color=DROPPED, linewidth=0, label="去除 dropped")
        axes.fill_between(limit, 0, kept, color=KEPT, linewidth=0, label="保留 kept")
        for now in part.loc[part["in_force"].to_numpy(dtype=bool), "limit"]:
            axes.axvline(float(now), color=LIMIT, linewidth=1.6)
        axes.set_title(str(sign), fontdict=font, fontsize=10)
        axes.set_xlabel(title, fontdict=font, fontsize=9)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        axes.legend(prop={"family": chinese_font(), "size": 8}, frameon=False)
    return figure
