"""Shapefiles: which encoding their attribute table is in, and zipped ones."""

from __future__ import annotations

import codecs
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from spatial.errors import InputError

__all__ = ["shapefile_encoding", "unpacked"]

LDID_CODECS: Final = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "cp950", 0x78: "cp950", 0x13: "cp932"}
"""dBase language marks that name a code page; 0x57 is what writers put when they do not know."""
CPG_CODECS: Final = {"65001": "utf-8", "936": "gb18030", "54936": "gb18030", "950": "cp950"}
FIELD_NAME_BYTES: Final = 10
SAFE_SUFFIXES: Final = frozenset(
    {
        ".shp", ".shx", ".dbf", ".prj", ".cpg", ".geojson", ".json", ".gpkg", ".csv", ".txt",
        ".parquet", ".osm", ".pbf", ".tif", ".tiff", ".xlsx", ".yaml", ".yml",
    }
)  # fmt: skip
MOST_UNPACKED_BYTES: Final = 20 * 1024**3


def shapefile_encoding(path: Path) -> tuple[str, str]:
    """Return the encoding of a shapefile's attributes, and how it is known.

    In this order: the ``.cpg`` file beside it (if its encoding really fits), the language mark of
    the ``.dbf``, strict UTF-8, GB18030.

    Returns
    -------
    tuple of (str, str)
        Codec name, and one of ``cpg``, ``ldid``, ``utf8``, ``gb18030``.
    """
    table = _beside(path, ".dbf")
    raw = table.read_bytes() if table is not None else b""
    declared = _beside(path, ".cpg")
    if declared is not None:
        codec = _codec(declared.read_text(encoding="ascii", errors="ignore"))
        if codec is not None and _fits(raw, codec):
            return codec, "cpg"
    mark = LDID_CODECS.get(raw[29]) if len(raw) > 29 else None
    if mark is not None and _fits(raw, mark):
        return mark, "ldid"
    return ("utf-8", "utf8") if _fits(raw, "utf-8") else ("gb18030", "gb18030")


def _beside(path: Path, suffix: str) -> Path | None:
    fitting = [p for p in path.parent.glob("*") if p.stem == path.stem]
    return next((p for p in fitting if p.suffix.lower() == suffix), None)


def _codec(text: str) -> str | None:
    name = text.strip().lower().replace("ansi", "").replace("cp", "").strip(" _-")
    name = CPG_CODECS.get(name, {"gbk": "gb18030", "gb2312": "gb18030"}.get(name, name))
    for candidate in (name, text.strip()):
        try:
            return codecs.lookup(candidate).name
        except LookupError:
            continue
    return None


def _fits(raw: bytes, codec: str) -> bool:
    """Say whether field names and records of a dBase file decode in this codec."""
    if len(raw) < 32:
        return True
    head, record = int.from_bytes(raw[8:10], "little"), int.from_bytes(raw[10:12], "little")
    names = [raw[at : at + 11].split(b"\0")[0] for at in range(32, max(head - 1, 32), 32)]
    lengths = [raw[at + 16] for at in range(32, max(head - 1, 32), 32)]
    if sum(lengths) + 1 != record:  # not the layout we know: look at everything at once
        return _decodes(raw[head:], codec)
    # a name of ten bytes may have lost the end of its last character
    if not all(_decodes(name, codec, cut=len(name) >= FIELD_NAME_BYTES) for name in names):
        return False
    for start in range(head, len(raw) - record + 1, record):
        at = start + 1
        for length in lengths:
            cell = raw[at : at + length].rstrip(b" \0")
            # a full cell may end in the middle of a character
            if not _decodes(cell, codec, cut=len(cell) == length):
                return False
            at += length
    return True


def _decodes(raw: bytes, codec: str, *, cut: bool = False) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(raw, final=not cut)
    except UnicodeDecodeError:
        return False
    return True


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack the geodata of a zip file into a folder that is removed afterwards.

    Only the last part of each member's name is used, so that nothing lands outside the folder.
    """
    try:
        with zipfile.ZipFile(path) as archive, TemporaryDirectory(prefix="linli-") as folder:
            members = [
                info
                for info in archive.infolist()
                if not info.is_dir() and Path(info.filename).suffix.lower() in SAFE_SUFFIXES
            ]
            if sum(info.file_size for info in members) > MOST_UNPACKED_BYTES:
                raise InputError(
                    f"{path.name} unpacks to more than 20 GB. Unpack it by hand.",
                    zh=f"{path.name} 解压后超过 20 GB。请手工解压。",
                )
            for info in members:
                target = Path(folder) / Path(_member_name(info).replace("\\", "/")).name
                if target.exists():
                    raise InputError(
                        f"{path.name} holds two files named {target.name}. Unpack it and name "
                        "the one you want.",
                        zh=f"{path.name} 内有两个 {target.name}。请解压后指明要读哪一个。",
                    )
                target.write_bytes(archive.read(info))
            yield Path(folder)
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path.name} is no readable zip file: {error}",
            zh=f"{path.name} 不是可读的 zip 文件:{error}",
        ) from error


def _member_name(info: zipfile.ZipInfo) -> str:
    """Chinese archivers write GBK names without saying so; zip then reads them as CP437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename
