"""A network on disk: written whole or not at all, opened by mapping its arrays into memory.

A folder holds one ``.npy`` file per array and ``network.json``, which is written last and says
what the folder is: format, engine, key of what it was made from, and the form of every array.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from spatial.city.model import City
from spatial.errors import InputError
from spatial.network.graph import WalkNetwork
from spatial.network.texts import Texts
from spatial.standards.parameters import ParameterSet

__all__ = [
    "FORMAT",
    "NetworkFileError",
    "kept_network",
    "network_key",
    "open_network",
    "write_network",
]

FORMAT: Final = 1
"""Raise it when the arrays of :class:`WalkNetwork` change their meaning."""
SAYS: Final = "network.json"
PLAIN: Final = ("report", "speed_m_per_s", "crs")

WALKING_LAYERS: Final = (
    "streets", "barriers", "gates", "water", "railways", "land_use", "neighbourhoods",
)  # fmt: skip
"""Layers of a city that :func:`build_network` reads."""

Arrays = dict[str, npt.NDArray[Any]]


class NetworkFileError(InputError):
    """A kept network cannot be used; the message says why, and a new one must be written."""


def write_network(network: WalkNetwork, folder: str | Path, *, key: str = "") -> Path:
    """Write a network, whole or not at all; a folder that holds a network is replaced.

    Parameters
    ----------
    network : WalkNetwork
    folder : path
        Made, with its parents, if it does not exist.
    key : str
        Fingerprint of what the network was made from; :func:`open_network` compares it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    NetworkFileError
        If `folder` exists and holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not _is_ours(folder):
        raise NetworkFileError(
            f"{folder} exists and holds no network. Choose another folder.",
            zh=f"{folder} 已存在,但存放的不是路网。请换一个文件夹。",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(network)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, values in arrays.items():
            np.save(fresh / f"{name}.npy", np.ascontiguousarray(values), allow_pickle=False)
        says = {
            "format": FORMAT,
            "engine_version": version("linli"),
            "key": key,
            "crs": network.crs.to_wkt(),
            "speed_m_per_s": network.speed_m_per_s,
            "report": network.report,
            "arrays": {name: _form(values) for name, values in arrays.items()},
        }
        (fresh / SAYS).write_text(json.dumps(says, ensure_ascii=False, indent=1), encoding="utf-8")
        _put_in_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def open_network(
    folder: str | Path, *, key: str | None = None, verify: bool = False
) -> WalkNetwork:
    """Open a kept network without reading it: the arrays are mapped into memory.

    Parameters
    ----------
    folder : path
        As written by :func:`write_network`.
    key : str, optional
        What the network must have been made from.
    verify : bool
        Read every array and compare its checksum; otherwise only names, forms and sizes are
        looked at.

    Returns
    -------
    WalkNetwork
        Its pages are shared with every other process that opened it, until one is written to.

    Raises
    ------
    NetworkFileError
        If there is no network, or it is incomplete, damaged, of another format or engine, or
        made from something else.
    """
    folder = Path(folder)
    says = _read_says(folder)
    if says["format"] != FORMAT or says["engine_version"] != version("linli"):
        raise NetworkFileError(
            f"{folder} was written by engine {says['engine_version']} in format {says['format']}; "
            f"this is engine {version('linli')} with format {FORMAT}. Write it anew.",
            zh=(
                f"{folder} 由引擎 {says['engine_version']}(格式 {says['format']})写成;当前引擎为 "
                f"{version('linli')}(格式 {FORMAT})。请重新写入。"
            ),
        )
    if key is not None and says["key"] != key:
        raise NetworkFileError(
            f"{folder} was made from other input (key {says['key']!r}, wanted {key!r}). "
            "Write it anew.",
            zh=f"{folder} 由其他资料生成(标识 {says['key']!r},需要 {key!r})。请重新写入。",
        )
    arrays = {name: _mapped(folder, name, form) for name, form in says["arrays"].items()}
    if verify:
        for name, form in says["arrays"].items():
            if _checksum(arrays[name]) != form["crc32"]:
                raise NetworkFileError(
                    f"{folder}/{name}.npy is damaged. Write it anew.",
                    zh=f"{folder}/{name}.npy 已损坏。请重新写入。",
                )
    texts = Texts(arrays.pop("street_ids_utf8"), arrays.pop("street_ids_start"))
    return WalkNetwork(
        crs=pyproj.CRS.from_wkt(says["crs"]),
        street_ids=texts,
        report=says["report"],
        speed_m_per_s=says["speed_m_per_s"],
        **arrays,
    )


def kept_network(
    folder: str | Path, key: str, build: Callable[[], WalkNetwork]
) -> tuple[WalkNetwork, str]:
    """Open the network kept for a key, or build it and keep it.

    Parameters
    ----------
    folder : path
        Where networks are kept; each lies in a folder named by its key.
    key : str
        Fingerprint of everything that the network is made from.
    build : callable
        Makes the network if none can be opened.

    Returns
    -------
    WalkNetwork, str
        The network, and why a kept one could not be used ("" if it was, or if there was none).
    """
    place = Path(folder) / key
    why = ""
    if place.exists():
        try:
            return open_network(place, key=key), ""
        except NetworkFileError as error:
            why = str(error)
            if not _is_ours(place):  # half of a folder: nothing in it can be used
                shutil.rmtree(place, ignore_errors=True)
    write_network(build(), place, key=key)
    return open_network(place, key=key), why


def network_key(
    city: City,
    parameters: ParameterSet,
    *,
    profile: str = "adult",
    gates: gpd.GeoDataFrame | None = None,
) -> str:
    """Fingerprint of everything that :func:`build_network` makes a network from.

    Returns
    -------
    str
        Sixteen hexadecimal digits; equal for equal input and engine, on every machine.
    """
    digest = hashlib.sha256(f"{FORMAT} {version('linli')} {profile}".encode())
    digest.update(repr(parameters).encode())
    digest.update(city.crs.to_wkt().encode())
    frames = [(name, city.layer(name)) for name in WALKING_LAYERS]
    if gates is not None:
        columns = [c for c in ("kind", "access", "source", "geometry") if c in gates]
        frames.append(("given gates", gates[columns]))
    for name, frame in frames:
        digest.update(f"{name} {len(frame)}".encode())
        if len(frame):
            digest.update(b"".join(shapely.to_wkb(frame.geometry.to_numpy())))
            plain = frame.drop(columns="geometry").astype("str")
            digest.update(pd.util.hash_pandas_object(plain).to_numpy().tobytes())
    elevation = city.rasters.get("elevation")
    if elevation is not None:
        digest.update(repr((elevation.transform, elevation.crs.to_wkt())).encode())
        digest.update(np.ascontiguousarray(elevation.values).tobytes())
    return digest.hexdigest()[:16]


def _arrays(network: WalkNetwork) -> Arrays:
    arrays: Arrays = {
        item.name: getattr(network, item.name)
        for item in fields(network)
        if item.name not in (*PLAIN, "street_ids")
    }
    arrays["street_ids_utf8"] = network.street_ids.utf8
    arrays["street_ids_start"] = network.street_ids.start
    return arrays


def _form(values: npt.NDArray[Any]) -> dict[str, Any]:
    return {
        "dtype": values.dtype.str,
        "shape": list(values.shape),
        "crc32": _checksum(np.ascontiguousarray(values)),
    }


def _checksum(values: npt.NDArray[Any]) -> int:
    return zlib.crc32(values.data.cast("B")) if values.size else 0


def _is_ours(folder: Path) -> bool:
    return (folder / SAYS).is_file()


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Move the finished folder to its name; one that was there moves away first."""
    old = None
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) / "old"
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if not _is_ours(folder):  # another process may have been faster: its network stays
            if old is not None:
                old.rename(folder)
            raise
    if old is not None:
        shutil.rmtree(old.parent, ignore_errors=True)


def _read_says(folder: Path) -> dict[str, Any]:
    try:
        says = json.loads((folder / SAYS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NetworkFileError(
            f"{folder} holds no complete network ({SAYS} is missing). Write it anew.",
            zh=f"{folder} 中的路网不完整(缺少 {SAYS})。请重新写入。",
        ) from error
    except (OSError, ValueError) as error:
        raise NetworkFileError(
            f"{folder}/{SAYS} cannot be read: {error}. Write it anew.",
            zh=f"无法读取 {folder}/{SAYS}:{error}。请重新写入。",
        ) from error
    wanted = {"format", "engine_version", "key", "crs", "speed_m_per_s", "report", "arrays"}
    if not isinstance(says, dict) or not wanted <= set(says):
        raise NetworkFileError(
            f"{folder}/{SAYS} does not describe a network. Write it anew.",
            zh=f"{folder}/{SAYS} 描述的不是路网。请重新写入。",
        )
    return says


def _mapped(folder: Path, name: str, form: dict[str, Any]) -> npt.NDArray[Any]:
    """Map one array; copy-on-write, so that compiled kernels see the type they know."""
    path = folder / f"{name}.npy"
    try:
        values = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise NetworkFileError(
            f"{path} cannot be opened: {error}. Write it anew.",
            zh=f"无法打开 {path}:{error}。请重新写入。",
        ) from error
    if values.dtype.str != form["dtype"] or list(values.shape) != form["shape"]:
        raise NetworkFileError(
            f"{path} holds {values.dtype.str} {values.shape}, not {form['dtype']} "
            f"{tuple(form['shape'])}. Write it anew.",
            zh=(
                f"{path} 的内容是 {values.dtype.str} {values.shape},而不是 {form['dtype']} "
                f"{tuple(form['shape'])}。请重新写入。"
            ),
        )
    return values.view(np.ndarray)
