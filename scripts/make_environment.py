"""Write environment.yml for conda users from the one list in pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONDA_NAMES = {"highspy": "highspy", "osmium": "pyosmium", "psycopg": "psycopg", "playwright": None}
"""Names that conda-forge spells differently; None: taken from pip."""
HEADER = """\
# Linli for conda users: the same packages as pyproject.toml (a test keeps both equal), and PostGIS.
# Made by scripts/make_environment.py.
#   conda env create -f environment.yml && conda activate linli && make demo
"""


def environment_text() -> str:
    """Return the text of environment.yml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["test"], *extras["check"], *extras["build"]]
    conda, pip = [], []
    for requirement in wanted:
        name, bounds = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[.*\])?(.*)", requirement).groups()
        spelled = CONDA_NAMES.get(name, name.lower())
        (pip.append(requirement) if spelled is None else conda.append(f"{spelled}{bounds}"))
    lines = [f'  - "{name}"' for name in sorted(set(conda))]
    pips = [f'      - "{name}"' for name in sorted(set(pip))]
    return (
        HEADER
        + "name: linli\nchannels:\n  - conda-forge\n  - nodefaults\ndependencies:\n"
        + f'  - "python{project["requires-python"]}"\n  - "postgresql>=15"\n  - "postgis>=3.3"\n'
        + '  - "nodejs>=20"\n  - make\n  - pip\n'
        + "\n".join(lines)
        + "\n  - pip:\n"
        + "\n".join(pips)
        + "\n"
    )


if __name__ == "__main__":
    (ROOT / "environment.yml").write_text(environment_text(), encoding="utf-8")
