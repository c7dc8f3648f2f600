"""Where compiled kernels are kept, so that nobody waits for the same compilation twice.

Numba keeps what it compiled, but looks only at the file of a function: a change in a kernel that
is called from another file would go unnoticed. So the folder is named after the content of all
files that hold kernels; any change of one gives a new folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Final

__all__ = ["keep_kernels", "kernels_hash"]

VARIABLE: Final = "NUMBA_CACHE_DIR"
KEPT: Final = 3
"""Folders of earlier versions that stay: branches are switched to and fro."""
IN_USE_S: Final = 24 * 3600.0
"""A folder begun or used more recently stays as well: a process of that version may still write."""
PACKAGE: Final = Path(__file__).resolve().parent


def kernels_hash(package: Path = PACKAGE) -> str:
    """Fingerprint of all files of a package that mention numba.

    Examples
    --------
    >>> len(kernels_hash())
    16
    """
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        if b"numba" in content:
            digest.update(str(path.relative_to(package)).encode())
            digest.update(content)
    return digest.hexdigest()[:16]


def keep_kernels(folder: Path | None = None) -> Path | None:
    """Tell numba where to keep kernels, unless the user has told it; before it is imported.

    Parameters
    ----------
    folder : Path, optional
        By default ``.local/kernels`` of a checkout that was set up, else the user's cache.

    Returns
    -------
    Path or None
        The folder of these sources; None where the user's own stands or nothing can be written.
    """
    if os.environ.get(VARIABLE):
        return None
    local = PACKAGE.parent / ".local"
    usual = local / "kernels" if local.is_dir() else Path.home() / ".cache/linli/kernels"
    place = (folder or usual) / kernels_hash()
    try:
        place.mkdir(parents=True, exist_ok=True)
        os.utime(place)
        _forget_old(place)
    except OSError:  # a read-only home: numba finds its own place, or compiles in memory
        return None
    os.environ[VARIABLE] = str(place)
    loaded = sys.modules.get("numba")
    if loaded is not None:
        loaded.config.CACHE_DIR = str(place)
    return place


def _forget_old(place: Path) -> None:
    others = [path for path in place.parent.iterdir() if path.is_dir() and path != place]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    in_use_since_s = time.time() - IN_USE_S
    for path in (path for path in others[KEPT:] if path.stat().st_mtime < in_use_since_s):
        shutil.rmtree(path, ignore_errors=True)
