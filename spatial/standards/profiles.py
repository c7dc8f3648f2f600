"""Policy profiles: national → province → city, each overriding what it must, with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from spatial.dictionary import data_file
from spatial.errors import StandardsError
from spatial.standards.catalogue import Catalogue, catalogue_from
from spatial.standards.parameters import CONFIDENCES, ParameterSet, read_parameters
from spatial.standards.policy import EligibilityPolicy, policy_from

__all__ = ["Profile", "Rooms", "list_profiles", "read_profile"]

PROFILE_KEYS: Final = {
    *("id", "parent", "zh", "en", "dated", "source", "note_zh", "note_en", "menu"),
    *("catalogue", "rooms", "eligibility"),
}
CATALOGUE_PARTS: Final = ("sources", "layers", "kinds", "area_rules", "relaxations")


@dataclass(frozen=True)
class Rooms(Mapping[str, ParameterSet]):
    """The parameters of every room, with a profile's changes; a room is read when asked for."""

    changes: Mapping[str, tuple[tuple[str, Any, str, str], ...]]
    """By room: (key, value, source, confidence), parent first."""

    def __getitem__(self, room: str) -> ParameterSet:
        """Return the parameters of one room."""
        if room not in _room_names():
            raise StandardsError(
                f"No parameters for `{room}`; data/standards has {', '.join(_room_names())}.",
                zh=f"没有“{room}”的参数;data/standards 中有 {'、'.join(_room_names())}。",
            )
        parameters = _room(room)
        for key, value, source, confidence in self.changes.get(room, ()):
            parameters = parameters.with_values({key: value}, source=source, confidence=confidence)
        return parameters

    def __iter__(self) -> Iterator[str]:
        return iter(_room_names())

    def __len__(self) -> int:
        return len(_room_names())


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The standards and policy of one place: catalogue, parameters of every room, eligibility."""

    id: str
    zh: str
    en: str
    parent_ids: tuple[str, ...]
    source: str
    dated: str
    catalogue: Catalogue
    eligibility: EligibilityPolicy
    rooms: Mapping[str, ParameterSet]
    menu: str = "S4"
    """Document whose renewal menu holds here; the documents contradict one another."""

    def menu_category(self, kind: str) -> str | None:
        """Return the menu category of a kind: ``basic``, ``improve``, ``upgrade`` or None.

        Examples
        --------
        >>> [read_profile(name).menu_category("resident_parking") for name in ("ningbo", "linxia")]
        ['upgrade', 'improve']
        """
        return self.catalogue.kinds[kind].menu.get(self.menu)

    def with_parameters(self, room: str, values: Mapping[str, Any], *, source: str) -> Profile:
        """Return the profile with some parameters of a room replaced."""
        rooms = {name: self.rooms[name] for name in self.rooms}
        rooms[room] = self.rooms[room].with_values(values, source=source)
        eligibility = self.eligibility
        if room == "eligibility":
            eligibility = replace(eligibility, parameters=rooms[room])
        return replace(self, rooms=rooms, eligibility=eligibility)


def list_profiles() -> list[str]:
    """List the ids of the profiles that come with Linli, the national one first.

    Examples
    --------
    >>> list_profiles()[0]
    'national'
    """
    names = [
        entry.name.removesuffix(".yaml")
        for entry in data_file("profiles").iterdir()
        if entry.name.endswith(".yaml")
    ]
    return sorted(names, key=lambda name: (name != "national", name))


def read_profile(id_or_path: str | Path = "national") -> Profile:
    """Read a policy profile, layered on its parents.

    Parameters
    ----------
    id_or_path : str or Path
        An id of `list_profiles`, or the path of a YAML file of one's own. Its ``parent`` is an id
        or a path beside it; without one it is layered on ``national``.

    Raises
    ------
    StandardsError
        If there is no such profile, or it sets something that does not exist. The message names
        the file and the key, and lists what is known.

    Examples
    --------
    >>> read_profile("national").catalogue.kinds["kindergarten"].radius_m
    300.0
    """
    chain = _chain(id_or_path)
    where = {str(body["id"]): place for place, body in chain}
    raw, rules = _shipped("catalogue.yaml"), _shipped("eligibility_rules.yaml")
    changes: dict[str, list[tuple[str, Any, str, str]]] = {}
    for place, body in chain:
        _override_catalogue(raw, body.get("catalogue") or {}, place, str(body["source"]))
        for change in _room_changes(body.get("rooms") or {}, place, str(body["source"])):
            changes.setdefault(change[0], []).append(change[1:])
        _override(rules, body.get("eligibility") or {}, f"{place}: eligibility")
    rooms = Rooms({room: tuple(found) for room, found in changes.items()})
    last_place, last = chain[-1]
    return Profile(
        id=str(last["id"]),
        zh=str(last["zh"]),
        en=str(last["en"]),
        parent_ids=tuple(id_ for id_ in where if id_ != last["id"]),
        source=str(last["source"]),
        dated=str(last["dated"]),
        catalogue=catalogue_from(raw, where=last_place),
        eligibility=policy_from(rules, rooms["eligibility"], where=last_place),
        rooms=rooms,
        menu=str(next(body["menu"] for _, body in reversed(chain) if "menu" in body)),
    )


def _chain(id_or_path: str | Path) -> list[tuple[str, dict[str, Any]]]:
    chain: list[tuple[str, dict[str, Any]]] = []
    asked: str | Path | None = id_or_path
    beside = Path()
    while asked is not None:
        place, body, beside = _read_one(asked, beside)
        if place in {seen for seen, _ in chain}:
            raise StandardsError(
                f"{place} is its own ancestor: {' → '.join(seen for seen, _ in chain)} → {place}. "
                "Change one `parent`.",
                zh=(
                    f"{place} 成了自己的上级:{' → '.join(seen for seen, _ in chain)} → "
                    f"{place}。请修改其中一个 parent。"
                ),
            )
        chain.append((place, body))
        asked = body.get("parent", None if body["id"] == "national" else "national")
    return chain[::-1]


def _read_one(asked: str | Path, beside: Path) -> tuple[str, dict[str, Any], Path]:
    known = list_profiles()
    if str(asked) in known:
        place = f"data/profiles/{asked}.yaml"
        body = _load(data_file("profiles", f"{asked}.yaml"), place)
        folder = beside
    else:
        path = Path(asked) if Path(asked).is_absolute() else beside / asked
        if not path.is_file():
            raise StandardsError(
                f"No profile `{asked}`. Known are {', '.join(known)}; or give the path of a YAML "
                "file of your own.",
                zh=(f"没有政策档“{asked}”。可用 {'、'.join(known)};也可给出自己的 YAML 文件路径。"),
            )
        place = str(path)
        body = _load(path, place)
        folder = path.parent
        body.setdefault("id", path.stem)
    unknown = sorted(set(body) - PROFILE_KEYS)
    if unknown:
        raise StandardsError(
            f"{place}: unknown key `{unknown[0]}`; known are {', '.join(sorted(PROFILE_KEYS))}.",
            zh=f"{place}:未知的键“{unknown[0]}”;可用 {'、'.join(sorted(PROFILE_KEYS))}。",
        )
    missing = [key for key in ("id", "zh", "en", "dated", "source") if key not in body]
    if missing:
        raise StandardsError(
            f"{place} must give {', '.join(missing)}.",
            zh=f"{place} 须给出 {'、'.join(missing)}。",
        )
    return place, body, folder


def _shipped(name: str) -> dict[str, Any]:
    return deepcopy(_shipped_once(name))


@lru_cache(maxsize=4)
def _shipped_once(name: str) -> dict[str, Any]:
    return _load(data_file("standards", name), f"data/standards/{name}")


class _OnceLoader(yaml.SafeLoader):
    """The safe loader, which does not take a key given twice: the first would be lost unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key `{twice}` stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep=deep)


def _load(file: Any, place: str) -> dict[str, Any]:
    try:
        body = yaml.load(file.read_text(encoding="utf-8"), Loader=_OnceLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise StandardsError(
            f"{place} is not readable YAML in UTF-8: {fault}",
            zh=f"{place} 不是可读的 UTF-8 YAML:{fault}",
        ) from fault
    if not isinstance(body, dict):
        raise StandardsError(
            f"{place} must hold keys and values, not {type(body).__name__}.",
            zh=f"{place} 须为键和值,而不是 {type(body).__name__}。",
        )
    return body


def _override_catalogue(
    raw: dict[str, Any], changes: Mapping[str, Any], place: str, source: str
) -> None:
    """Lay a profile's changes over the catalogue; a changed number takes the profile's source."""
    for part, entries in changes.items():
        if part not in CATALOGUE_PARTS:
            raise StandardsError(
                f"{place}: catalogue has no part `{part}`; parts are {', '.join(CATALOGUE_PARTS)}.",
                zh=f"{place}:catalogue 没有“{part}”部分;有 {'、'.join(CATALOGUE_PARTS)}。",
            )
        for id_, entry in entries.items():
            if part == "sources":
                raw[part][id_] = entry
                continue
            key = f"{place}: catalogue.{part}.{id_}"
            if not isinstance(entry, Mapping):
                raise StandardsError(
                    f"{key} must hold keys and values, not {entry!r}.",
                    zh=f"{key} 须为键和值,而不是 {entry!r}。",
                )
            old = raw[part].get(id_)
            whole = {"zh", "en", "source", "confidence"} <= set(entry)
            if old is None and not whole:
                raise StandardsError(
                    f"{key} does not exist; known are {', '.join(raw[part])}. "
                    "A new one must give zh, en, source and confidence.",
                    zh=(
                        f"{key} 不存在;已有 {'、'.join(raw[part])}。新增的须给出 zh、en、source 和"
                        " confidence。"
                    ),
                )
            change = deepcopy(dict(entry)) if whole else _sourced(entry, part, source)
            raw[part][id_] = _merged(old or {}, change)


def _sourced(entry: Mapping[str, Any], part: str, source: str) -> dict[str, Any]:
    own = str(entry.get("source", source))
    sure = str(entry.get("confidence", "med"))

    def wrap(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {"source": own, "confidence": sure, **value}
        return {"value": value, "source": own, "confidence": sure}

    changed = deepcopy(dict(entry))
    if part == "layers" and "limit_m" in changed:
        changed["limit_m"] = wrap(changed["limit_m"])
    if part == "kinds":
        changed.pop("source", None)
        changed.pop("confidence", None)
        changed["numbers"] = {k: wrap(v) for k, v in changed.get("numbers", {}).items()}
    if part in {"area_rules", "relaxations"}:
        changed = {"source": own, "confidence": sure, **changed}
    return changed


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        both = isinstance(value, Mapping) and isinstance(old.get(key), Mapping)
        merged[key] = {**old[key], **value} if both else value
    return merged


def _override(old: dict[str, Any], new: Mapping[str, Any], where: str) -> None:
    for key, value in new.items():
        if key not in old:
            raise StandardsError(
                f"{where}.{key} does not exist; known are {', '.join(old)}.",
                zh=f"{where}.{key} 不存在;已有 {'、'.join(old)}。",
            )
        if not isinstance(value, Mapping):
            raise StandardsError(
                f"{where}.{key} must hold keys and values, not {value!r}.",
                zh=f"{where}.{key} 须为键和值,而不是 {value!r}。",
            )
        old[key] = {**old[key], **value}


def _room_changes(
    rooms: Mapping[str, Any], place: str, source: str
) -> Iterator[tuple[str, str, Any, str, str]]:
    for room, values in rooms.items():
        if room not in _room_names():
            raise StandardsError(
                f"{place}: no room `{room}`; rooms are {', '.join(_room_names())}.",
                zh=f"{place}:没有“{room}”;可用 {'、'.join(_room_names())}。",
            )
        known = _room(room).parameters
        for key, given in values.items():
            if key not in known:
                raise StandardsError(
                    f"{place}: `{room}.{key}` does not exist; known are {', '.join(known)}.",
                    zh=f"{place}:{room}.{key} 不存在;可用 {'、'.join(known)}。",
                )
            entry = given if isinstance(given, Mapping) and "value" in given else {"value": given}
            confidence = str(entry.get("confidence", "med"))
            if confidence not in CONFIDENCES:
                raise StandardsError(
                    f"{place}: `{room}.{key}` has the confidence `{confidence}`; "
                    f"use {', '.join(CONFIDENCES)}.",
                    zh=(
                        f"{place}:{room}.{key} 的可信度“{confidence}”无效;可用 "
                        f"{'、'.join(CONFIDENCES)}。"
                    ),
                )
            yield room, key, entry["value"], str(entry.get("source", source)), confidence


@lru_cache(maxsize=1)
def _room_names() -> tuple[str, ...]:
    """Rooms are the files of ``data/standards`` in which every entry carries a value."""
    names = []
    for entry in data_file("standards").iterdir():
        if entry.name.endswith(".yaml"):
            entries = _load(entry, f"data/standards/{entry.name}").values()
            if entries and all(isinstance(item, dict) and "value" in item for item in entries):
                names.append(entry.name.removesuffix(".yaml"))
    return tuple(sorted(names))


@lru_cache(maxsize=64)
def _room(room: str) -> ParameterSet:
    return read_parameters(room)
