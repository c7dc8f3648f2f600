"""Which files a source stands for, and which reader reads each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spatial.city.raw import ReadFile
from spatial.city.read_osm import read_osm
from spatial.city.report import Note
from spatial.errors import InputError

__all__ = ["Source", "find_sources", "read_source"]

OSM_SUFFIXES: Final = (".osm", ".pbf", ".osm.gz", ".osm.bz2")


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read, with what is known of it beforehand."""

    path: Path
    origin: Path
    """What the user named: the file itself or its folder."""
    layer: str | None = None
    inner: str | None = None


def find_sources(listed: Sequence[str | Path]) -> tuple[list[Source], tuple[Note, ...]]:
    """Turn what the user listed into single files."""
    found = []
    for item in listed:
        path = Path(item)
        if not path.exists():
            raise InputError(f"{item}: there is no such file or folder.")
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [Source(file, path) for file in files if file.name.endswith(OSM_SUFFIXES)]
    if not found:
        raise InputError(f"Nothing to read in {', '.join(map(str, listed))}.")
    return found, ()


def read_source(source: Source) -> ReadFile:
    """Read one file with the reader that fits its name."""
    return read_osm(source.path)
