"""The method pages: one structure, found from the index, and every example gives its numbers."""

import doctest
import re
from pathlib import Path

import pytest

METHODS = Path(__file__).resolve().parents[2] / "docs" / "methods"
PAGES = sorted(path for path in METHODS.glob("*.md") if path.name != "README.md")
SECTIONS = [
    "## 问题 · Question",
    "## 方法 · Method",
    "## 手算例 · Worked example",
    "## 出处 · Sources",
    "## 局限 · Limits",
]
FENCE = re.compile(r"^```.*$", re.MULTILINE)
"""Fences of code blocks, which would else be taken for expected output."""
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


@by_name
def test_every_page_has_the_same_sections_in_the_same_order(page):
    lines = page.read_text("utf-8").splitlines()
    assert re.fullmatch(r"# \S.* · \S.*", lines[0])
    assert [line for line in lines if line in SECTIONS] == SECTIONS


@by_name
def test_the_worked_example_gives_its_numbers(page):
    parser, runner = (
        doctest.DocTestParser(),
        doctest.DocTestRunner(
            verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        ),
    )
    text = FENCE.sub("", page.read_text("utf-8"))
    test = parser.get_doctest(text, {}, page.name, str(page), 0)
    section = text.index("## 手算例")
    assert any(text.count("\n", 0, section) < example.lineno for example in test.examples), (
        "no example that runs"
    )
    said: list[str] = []
    runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)


@by_name
def test_the_index_names_every_page(page):
    assert f"]({page.name})" in (METHODS / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", [*PAGES, METHODS / "README.md"], ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target
