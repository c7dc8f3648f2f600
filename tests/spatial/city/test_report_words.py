"""Reasons for refusals and repairs have Chinese words, every one that the readers give."""

import ast
from pathlib import Path

from spatial import city
from spatial.city.report import REFUSALS_ZH, REPAIRS_ZH


def keys_given(calls, place):
    """Return the texts that stand at one place of the calls of these names in `spatial.city`."""
    found = set()
    for path in Path(city.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in calls and len(node.args) > calls[name] - place:
                text = node.args[calls[name] - place]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.add(text.value)
    return found


def test_every_refusal_has_chinese_words():
    given = keys_given({"Refusal": 1, "refuse": 1}, 0) | keys_given({"refuse": 2}, 0)
    keys = {text for text in given if text.replace("_", "").isalpha() and text.islower()}
    assert len(keys) >= 8
    assert keys <= set(REFUSALS_ZH)


def test_every_repair_has_chinese_words():
    keys = keys_given({"Repair": 1, "mend": 2}, 0)
    assert len(keys) >= 4
    assert keys <= set(REPAIRS_ZH)
