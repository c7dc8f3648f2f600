"""The examples in the app's docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import app

MODULES = [
    module.name
    for module in pkgutil.walk_packages(app.__path__, "app.")
    if not module.name.startswith("app.migrations")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    module = importlib.import_module(name)
    outcome = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0


def test_some_examples_are_there():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    ]
    assert len(found) > 8
