"""A scenario base on disk: written whole or not at all, opened by mapping its arrays."""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from spatial.errors import InputError
from spatial.network.disk import open_network, write_network
from spatial.scenarios.layout import ARRAYS, TABLES, layout

if TYPE_CHECKING:
    from spatial.scenarios.base import ScenarioBase

__all__ = ["ScenarioFileError", "read_base", "write_base"]

SAYS: Final = "scenario-base.json"
Arrays = dict[str, npt.NDArray[Any]]


class ScenarioFileError(InputError):
    """A kept base cannot be used; the message says why, and it must be made anew."""


def write_base(base: ScenarioBase, folder: Path) -> Path:
    """Write a base into a folder, which appears when everything is in it."""
    if folder.exists() and any(folder.iterdir()) and not (folder / SAYS).is_file():
        raise ScenarioFileError(
            f"{folder} exists and holds no scenario base. Choose another folder.",
            zh=f"{folder} 已存在且不是方案底图;请另选文件夹。",
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        forms = {}
        for name, values in base.arrays.items():
            np.save(fresh / f"{name}.npy", np.ascontiguousarray(values), allow_pickle=False)
            forms[name] = [values.dtype.str, list(values.shape)]
        tables = {name: _write_table(base.frame(name), fresh / name) for name in base.table_names}
        write_network(base.network, fresh / "network", key=base.facts.data_version)
        (fresh / "profile.pickle").write_bytes(pickle.dumps(base.profile))
        says = {
            "format": layout(),
            "engine_version": version("linli"),
            "data_version": base.facts.data_version,
            "facts": asdict(base.facts),
            "arrays": forms,
            "tables": tables,
            "crc32": {p.name: _checksum(p) for p in sorted(fresh.iterdir()) if p.is_file()},
        }
        (fresh / SAYS).write_text(json.dumps(says, ensure_ascii=False, indent=1), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def read_base(
    folder: Path, *, verify: bool
) -> tuple[dict[str, Any], Arrays, Mapping[str, Callable[[], Any]], Callable[[], Any]]:
    """Open a base: its facts, mapped arrays, and how to read its tables and its profile."""
    says = _says(folder)
    if verify:
        for name, told in says["crc32"].items():
            if not (folder / name).is_file() or _checksum(folder / name) != told:
                raise _unusable(folder / name, "is damaged", "已损坏")
    arrays = {name: _mapped(folder, name, *form) for name, form in says["arrays"].items()}
    readers: dict[str, Callable[[], Any]] = {
        name: partial(_read_table, folder / name, form) for name, form in says["tables"].items()
    }
    readers["network"] = partial(open_network, folder / "network", key=says["data_version"])
    return says["facts"], arrays, readers, partial(_read_profile, folder, says)


def _says(folder: Path) -> dict[str, Any]:
    try:
        says: dict[str, Any] = json.loads((folder / SAYS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _unusable(folder, f"holds no complete base ({SAYS} is missing)", "不完整") from error
    except (OSError, ValueError) as error:
        raise _unusable(folder / SAYS, f"cannot be read ({error})", f"无法读取({error})") from error
    if says.get("format") != layout() or says.get("engine_version") != version("linli"):
        was, now = says.get("engine_version"), version("linli")
        raise _unusable(
            folder,
            f"was written by engine {was} in format {says.get('format')}; this is engine {now} "
            f"with format {layout()}",
            f"由引擎 {was}(格式 {says.get('format')})写入,当前为引擎 {now}(格式 {layout()})",
        )
    _whole(folder, says)
    return says


def _whole(folder: Path, says: dict[str, Any]) -> None:
    """Refuse a folder that does not hold what a base is made of, before anything looks for it."""
    for what, zh, known, needed in (
        ("arrays", "数组", says.get("arrays", {}), ARRAYS),
        ("tables", "表格", says.get("tables", {}), frozenset(TABLES)),
        ("checksums", "校验和", says.get("crc32", {}), frozenset({"profile.pickle"})),
    ):
        lacking = sorted(needed - set(known))
        if lacking:
            raise _unusable(
                folder,
                f"lacks the {what} {', '.join(lacking)}",
                f"缺少{zh} {'、'.join(lacking)}",
            )


def _unusable(path: Path, en: str, zh: str) -> ScenarioFileError:
    return ScenarioFileError(
        f"{path} {en}. Make the scenario base anew: ScenarioBase.from_analysis(…).save(folder).",
        zh=f"{path} {zh};请重新生成方案底图。",
    )


def _checksum(path: Path) -> int:
    total = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            total = zlib.crc32(block, total)
    return total


def _mapped(folder: Path, name: str, dtype: str, shape: list[int]) -> npt.NDArray[Any]:
    """Map one array; copy-on-write, so that a scenario never reaches the file."""
    path = folder / f"{name}.npy"
    try:
        values = np.load(path, mmap_mode="c" if 0 not in shape else None, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _unusable(path, f"cannot be opened ({error})", f"无法打开({error})") from error
    if values.dtype.str != dtype or list(values.shape) != shape:
        raise _unusable(path, "is not the array that was written", "与写入时不符")
    return values.view(np.ndarray)


def _write_table(table: pd.DataFrame, path: Path) -> dict[str, Any]:
    texts = [name for name in table.columns if table[name].dtype == object]
    plain = table.assign(**{name: table[name].map(_as_json) for name in texts})
    index = plain.index.name
    plain = plain.rename_axis(index="__index__")
    if isinstance(table, gpd.GeoDataFrame):
        plain.to_parquet(path.with_suffix(".parquet"), index=True)
    else:
        pd.DataFrame(plain).to_parquet(path.with_suffix(".parquet"), index=True)
    return {
        "geometry": isinstance(table, gpd.GeoDataFrame),
        "json": texts,
        "index": index,
        "dtypes": {name: str(table[name].dtype) for name in table.columns if name != "geometry"},
    }


def _as_json(value: Any) -> str | None:
    """Write a value of a column of any type; what is missing stays missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return json.dumps(value, ensure_ascii=False)


def _from_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else pd.NA


def _read_table(path: Path, form: dict[str, Any]) -> pd.DataFrame:
    path = path.with_suffix(".parquet")
    try:
        table = gpd.read_parquet(path) if form["geometry"] else pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise _unusable(path, f"cannot be read ({error})", f"无法读取({error})") from error
    table = table.rename_axis(index=form["index"])
    for name in form["json"]:
        table[name] = pd.Series([_from_json(v) for v in table[name]], table.index, dtype=object)
    dtypes = {name: dtype for name, dtype in form["dtypes"].items() if name not in form["json"]}
    return table.astype(dtypes)


def _read_profile(folder: Path, says: dict[str, Any]) -> Any:
    """Read the profile: a file of our own making, compared with its checksum first."""
    path = folder / "profile.pickle"
    if not path.is_file() or _checksum(path) != says["crc32"][path.name]:
        raise _unusable(path, "is damaged", "已损坏")
    try:
        return pickle.loads(path.read_bytes())  # noqa: S301
    except (AttributeError, ImportError, TypeError, ValueError, pickle.UnpicklingError) as error:
        raise _unusable(
            path, f"is of another engine ({error})", f"属于其他引擎({error})"
        ) from error
