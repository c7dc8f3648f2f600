"""Every error that the engine or the app raises speaks Chinese as well as English."""

import ast
import re
from pathlib import Path

import pytest

from app import errors as app_errors
from spatial import errors

ROOT = Path(errors.__file__).parents[1]
ENGINE = frozenset(errors.__all__)
APP = frozenset(name for name in app_errors.__all__ if name.endswith("Error"))
MADE_OF_BOTH = {"RulesClashError", "SitingInfeasibleError"}
"""Made of records that hold both languages; see the last test."""
NAMES = (ENGINE | APP) - MADE_OF_BOTH
SOURCES = sorted([*(ROOT / "spatial").rglob("*.py"), *(ROOT / "app").rglob("*.py")])
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def raised(source: str) -> list[tuple[int, ast.Call]]:
    """Return line and call of every error of ours that is made in a source."""
    return [
        (node.lineno, node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in NAMES)
            or (isinstance(node.func, ast.Attribute) and node.func.attr in NAMES)
        )
    ]


def speaks_chinese(call: ast.Call) -> bool:
    """Say whether the call gives `zh=` that holds Chinese, or passes on a text named so."""
    said = [word.value for word in call.keywords if word.arg in {"zh", "message_zh"}]
    said += call.args[1:2]  # the app's errors take it in second place
    given = [node for text in said for node in ast.walk(text)]
    texts = [node.value for node in given if isinstance(node, ast.Constant)]
    names = [getattr(node, "id", getattr(node, "attr", "")) for node in given]
    return any(CHINESE.search(text) for text in texts if isinstance(text, str)) or any(
        name == "zh" or name.endswith("_zh") for name in names
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_error_speaks_chinese(path):
    silent = [line for line, call in raised(path.read_text("utf-8")) if not speaks_chinese(call)]
    assert silent == [], f"{path}: errors without Chinese in lines {silent}"


def test_the_check_finds_errors_without_chinese():
    source = (
        'raise InputError("a")\n'
        'raise errors.CRSError("b", zh="b")\n'
        'raise LayerError("c", zh=f"{c} 是空的。")\n'
        'raise LayerError("d", zh=f"{where_zh}: {zh}")\n'
    )
    found = [(line, speaks_chinese(call)) for line, call in raised(source)]
    assert found == [(1, False), (2, False), (3, True), (4, True)]


def test_an_error_without_chinese_falls_back_to_english():
    assert errors.SpatialError("It is empty.").message_zh == "It is empty."
    assert str(errors.LayerError("It is empty.", zh="是空的。")) == "It is empty."


@pytest.mark.parametrize("name", sorted(MADE_OF_BOTH))
def test_a_clash_speaks_the_language_of_its_records(name):
    clash = {
        "rules": [],
        "units": [],
        "relax": [],
        "zh": "户数下限大于上限。",
        "en": "Min above max.",
    }
    told = getattr(app_errors, name)([clash, clash])
    assert told.message_zh == "户数下限大于上限。户数下限大于上限。"
    assert str(told) == "Min above max. Min above max."
