"""Parameters: numbers that planners argue about, each with its unit, source and confidence.

One file a room, ``data/standards/<room>.yaml``::

    max_households:
      value: 3000
      unit: households
      zh: 片区户数上限
      en: largest number of households of a district
      source: "GB 50180-2018 table 3.0.4, five-minute area"
      confidence: high            # V | high | med | low | product

A policy profile may override any of them (with a source of its own).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from spatial.dictionary import data_file
from spatial.errors import StandardsError

__all__ = ["Parameter", "ParameterSet", "read_parameters"]

CONFIDENCES = ("V", "high", "med", "low", "product")
"""V: seen in public material; high, med, low: recalled; product: Linli's own proposal."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number or choice, with where it comes from."""

    key: str
    value: Any
    unit: str | None
    zh: str
    en: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The parameters of one room."""

    room: str
    parameters: Mapping[str, Parameter]

    def __getitem__(self, key: str) -> Any:
        """Return the value of one parameter."""
        if key not in self.parameters:
            raise StandardsError(
                f"No parameter `{self.room}.{key}`; data/standards/{self.room}.yaml has "
                f"{', '.join(self.parameters)}.",
                zh=(
                    f"没有参数 {self.room}.{key};data/standards/{self.room}.yaml 中有 "
                    f"{'、'.join(self.parameters)}。"
                ),
            )
        return self.parameters[key].value

    def with_values(
        self, values: Mapping[str, Any], *, source: str, confidence: str = "product"
    ) -> ParameterSet:
        """Return the set with some values replaced, and their new source."""
        changed = dict(self.parameters)
        for key, value in values.items():
            old = changed.get(key)
            if old is None:
                raise StandardsError(
                    f"{source} sets `{self.room}.{key}`, which does not exist; "
                    f"known are {', '.join(self.parameters)}.",
                    zh=(
                        f"{source} 设置了不存在的 {self.room}.{key};可用的是 "
                        f"{'、'.join(self.parameters)}。"
                    ),
                )
            changed[key] = Parameter(
                key, value, old.unit, old.zh, old.en, source=source, confidence=confidence
            )
        return ParameterSet(self.room, changed)


def read_parameters(room: str) -> ParameterSet:
    """Read the national defaults of one room from ``data/standards/<room>.yaml``.

    Raises
    ------
    StandardsError
        If the file is missing or a parameter lacks its unit, names, source or confidence.
    """
    raw = yaml.safe_load(data_file("standards", f"{room}.yaml").read_text(encoding="utf-8"))
    parameters = {}
    for key, body in raw.items():
        try:
            parameter = Parameter(
                key=key,
                value=body["value"],
                unit=body["unit"],
                zh=body["zh"],
                en=body["en"],
                source=body["source"],
                confidence=body["confidence"],
            )
        except (KeyError, TypeError) as fault:
            raise StandardsError(
                f"data/standards/{room}.yaml: `{key}` must give value, unit, zh, en, source and "
                f"confidence ({fault}).",
                zh=(
                    f"data/standards/{room}.yaml:“{key}”须给出 value、unit、zh、en、source "
                    f"和 confidence({fault})。"
                ),
            ) from fault
        if parameter.confidence not in CONFIDENCES:
            raise StandardsError(
                f"data/standards/{room}.yaml: `{key}` has the confidence "
                f"`{parameter.confidence}`; use one of {', '.join(CONFIDENCES)}.",
                zh=(
                    f"data/standards/{room}.yaml:“{key}”的可信度“{parameter.confidence}”无"
                    f"效;可用 {'、'.join(CONFIDENCES)}。"
                ),
            )
        parameters[key] = parameter
    return ParameterSet(room, parameters)
