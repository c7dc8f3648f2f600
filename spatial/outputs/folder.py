"""The folder that `linli analyse` leaves: each file whole, or none of them."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from spatial.maps import city_map
from spatial.outputs.geopackage import write_geopackage
from spatial.outputs.summary_text import summary_text
from spatial.progress import Progress, silent

if TYPE_CHECKING:
    from spatial.analysis import Analysis

__all__ = ["write_analysis"]


def write_analysis(
    analysis: Analysis, folder: str | Path, *, progress: Progress = silent
) -> dict[str, Path]:
    """Write GeoPackage, offline map and summary (text and JSON) into a folder.

    The files are first written beside their places and then moved in one step each, so that a
    stop, a full disk or Ctrl-C leaves either the old files or the new ones, never half of one.

    Parameters
    ----------
    analysis : Analysis
        What to write.
    folder : str or Path
        Made when it is missing; files of an earlier run are replaced.

    Returns
    -------
    dict
        ``geopackage``, ``map``, ``summary_text`` and ``summary_json`` with their paths.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    names = {
        "geopackage": "city.gpkg",
        "map": "map.html",
        "summary_text": "summary.txt",
        "summary_json": "summary.json",
    }
    scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
    try:
        progress("write_geopackage", 0.0)
        write_geopackage(analysis, scratch / names["geopackage"])
        progress("write_map", 0.6)
        city_map(analysis).save(str(scratch / names["map"]))
        progress("write_summary", 0.95)
        text = summary_text(analysis, language="zh") + "\n" + summary_text(analysis, language="en")
        (scratch / names["summary_text"]).write_text(text, encoding="utf-8")
        (scratch / names["summary_json"]).write_text(_summary_json(analysis), encoding="utf-8")
        with _unstopped():
            for name in names.values():
                (scratch / name).replace(target / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    progress("write_summary", 1.0)
    return {key: target / name for key, name in names.items()}


@contextmanager
def _unstopped() -> Iterator[None]:
    """Hold back Ctrl-C and the like for the moment in which the files take their places."""
    signals = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _summary_json(analysis: Analysis) -> str:
    """Summary with everything that its figures depend on."""
    body = {
        "data_version": analysis.data_version,
        "engine_version": analysis.engine_version,
        "summary": analysis.summary,
        "import_report": analysis.city.report.to_dict(),
        "notes": [
            {"key": n.key, "level": n.level, "text_zh": n.text_zh, "text_en": n.text_en}
            for n in analysis.notes
        ],
    }
    return json.dumps(body, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
