"""The public names of the engine, and that asking for few of them stays cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import spatial


def test_every_public_name_can_be_had():
    for name in spatial.__all__:
        assert callable(getattr(spatial, name)), name
    assert set(spatial.__all__) <= set(dir(spatial))


def test_what_only_the_type_checker_reads_names_the_same_rooms():
    tree = ast.parse(Path(spatial.__file__).read_text("utf-8"))
    told = {
        name.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("spatial.")
        for name in node.names
    }
    assert told == spatial._ROOMS
    assert sorted(told) == sorted(spatial.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'compute'"):
        spatial.compute  # noqa: B018


def test_errors_can_be_imported_without_the_heavy_rooms():
    code = "import sys, spatial.errors; print('geopandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
