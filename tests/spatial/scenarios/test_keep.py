"""A base on disk answers as the one in memory; what is wrong with a folder is said."""

import json
import shutil

import numpy as np
import pytest
from changed import assert_exact, demo
from pandas.testing import assert_frame_equal
from test_facilities import some_changes

from spatial.scenarios import ScenarioBase
from spatial.scenarios.keep import SAYS, ScenarioFileError
from spatial.scenarios.layout import ARRAYS, TABLES, layout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    _, base = demo()
    return base.save(tmp_path_factory.mktemp("bases") / "city")


def test_a_kept_base_answers_as_the_one_in_memory(folder):
    analysis, base = demo()
    kept = ScenarioBase.open(folder)
    assert kept.facts == base.facts
    for name in base.table_names:
        assert_frame_equal(kept.frame(name), base.frame(name), check_exact=True)
    changes = some_changes(base, np.random.default_rng(3), 6)
    result, _ = assert_exact(kept, analysis, changes)
    assert_frame_equal(result.gaps, base.run(changes).gaps, check_exact=True)
    assert dict(result.figures) == dict(base.run(changes).figures)


def test_running_leaves_the_files_as_they_were(folder):
    kept = ScenarioBase.open(folder)
    kept.run(some_changes(kept, np.random.default_rng(4), 6))
    ScenarioBase.open(folder, verify=True)


def test_a_base_of_another_engine_is_refused_by_name(folder, tmp_path):
    says = json.loads((folder / SAYS).read_text())
    other = tmp_path / "old"
    other.mkdir()
    (other / SAYS).write_text(json.dumps(says | {"engine_version": "0.0.0"}))
    with pytest.raises(ScenarioFileError, match=r"engine 0\.0\.0") as told:
        ScenarioBase.open(other)
    assert "重新生成" in told.value.message_zh


def older(folder, to, change):
    """Copy a base and let it say something else."""
    shutil.copytree(folder, to)
    says = json.loads((folder / SAYS).read_text())
    change(says)
    (to / SAYS).write_text(json.dumps(says))
    return to


def test_a_base_of_another_layout_is_refused_by_name(folder, tmp_path):
    for number, told in enumerate((1, "1-00000000", None)):
        old = older(
            folder, tmp_path / str(number), lambda says, told=told: says.update(format=told)
        )
        with pytest.raises(ScenarioFileError, match=f"in format {told}") as refused:
            ScenarioBase.open(old)
        assert layout() in refused.value.message_zh


def test_a_base_without_one_of_its_arrays_or_tables_is_refused_by_name(folder, tmp_path):
    old = older(folder, tmp_path / "arrays", lambda says: says["arrays"].pop("facility_near"))
    with pytest.raises(ScenarioFileError, match="lacks the arrays facility_near"):
        ScenarioBase.open(old)
    old = older(folder, tmp_path / "tables", lambda says: says["tables"].pop("stock_fits"))
    with pytest.raises(ScenarioFileError, match="lacks the tables stock_fits"):
        ScenarioBase.open(old)


def test_the_layout_names_exactly_what_a_base_keeps_and_changes_with_it(monkeypatch):
    _, base = demo()
    assert set(base.arrays) == ARRAYS
    assert set(base.table_names) == set(TABLES)
    now = layout()
    for name, value in (
        ("ARRAYS", ARRAYS | {"one_more"}),
        ("TABLES", TABLES[1:]),
        ("RESULTS", ("gaps",)),
        ("FORMAT", 99),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"spatial.scenarios.layout.{name}", value)
            assert layout() != now
    assert layout() == now


def test_an_unfinished_or_damaged_base_is_refused(folder, tmp_path):
    with pytest.raises(ScenarioFileError, match="is missing"):
        ScenarioBase.open(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    with (broken / "status.npy").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x09")
    with pytest.raises(ScenarioFileError, match="is damaged"):
        ScenarioBase.open(broken, verify=True)
    (broken / "status.npy").unlink()
    with pytest.raises(ScenarioFileError, match="cannot be opened"):
        ScenarioBase.open(broken)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    _, base = demo()
    (tmp_path / "letter.txt").write_text("dear planner")
    with pytest.raises(ScenarioFileError, match="holds no scenario base"):
        base.save(tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "dear planner"
