"""Compiled kernels are kept by the content of all kernel files."""

import os
import subprocess
import sys
from pathlib import Path

import numba

from spatial.kernel_cache import KEPT, VARIABLE, keep_kernels, kernels_hash

INNER = "import numba\n\n@numba.njit(cache=True)\ndef inner(x):\n    return x + {step}\n"
OUTER = (
    "import numba\nfrom inner import inner\n\n"
    "@numba.njit(cache=True)\ndef outer(x):\n    return inner(x)\n"
)
RUN = """
import sys
from pathlib import Path
from spatial.kernel_cache import VARIABLE, kernels_hash
import os
os.environ[VARIABLE] = str(Path(sys.argv[1]) / "kept" / kernels_hash(Path(sys.argv[1])))
sys.path.insert(0, sys.argv[1])
from outer import outer
print(outer(1), sum(outer.stats.cache_hits.values()))
"""


def _run(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_change_in_a_called_kernel_is_noticed_and_none_is_compiled_twice(tmp_path):
    (tmp_path / "outer.py").write_text(OUTER)
    (tmp_path / "inner.py").write_text(INNER.format(step=1))
    assert _run(tmp_path) == ["2", "0"]
    assert _run(tmp_path) == ["2", "1"]
    (tmp_path / "inner.py").write_text(INNER.format(step=10))
    assert _run(tmp_path) == ["11", "0"]


def test_files_without_kernels_do_not_matter(tmp_path):
    (tmp_path / "kernel.py").write_text("import numba\n")
    before = kernels_hash(tmp_path)
    (tmp_path / "plain.py").write_text("x = 1\n")
    assert kernels_hash(tmp_path) == before
    (tmp_path / "kernel.py").write_text("import numba  # changed\n")
    assert kernels_hash(tmp_path) != before


def test_the_folder_of_the_user_stands(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine"))
    assert keep_kernels(tmp_path) is None
    assert os.environ[VARIABLE] == str(tmp_path / "mine")


def test_old_folders_that_nobody_uses_go(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", numba.config.CACHE_DIR)
    monkeypatch.setenv(VARIABLE, "")
    for number in range(KEPT + 2):
        (tmp_path / f"old{number}").mkdir()
        os.utime(tmp_path / f"old{number}", (number, number))
    (tmp_path / "old0").touch()  # used a moment ago: another process may be writing there
    place = keep_kernels(tmp_path)
    assert place is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [place.name, "old0", *(f"old{number}" for number in range(3, KEPT + 2))]
    )
