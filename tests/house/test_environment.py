"""The lists of packages agree, and no lock carries an address."""

import re
import runpy
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def test_environment_yml_is_what_the_script_writes():
    script = runpy.run_path(str(ROOT / "scripts" / "make_environment.py"))
    written = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert written == script["environment_text"]()


def test_environment_yml_names_every_package_of_pyproject_and_postgis():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    flat = [item for item in environment["dependencies"] if isinstance(item, str)]
    flat += next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    names = {re.split(r"[\[<>=!]", item)[0].replace("pyosmium", "osmium") for item in flat}
    wanted = {re.split(r"[\[<>=!]", item)[0].lower() for item in project["dependencies"]}
    assert wanted <= {name.lower() for name in names}
    assert {"postgis", "postgresql"} <= names


def test_the_python_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert not re.search(r"https?://|--index|--find-links", lock)


def test_the_npm_lock_has_no_address():
    lock = ROOT / "web" / "package-lock.json"
    assert lock.is_file()
    assert '"resolved"' not in lock.read_text(encoding="utf-8")


def test_every_package_of_pyproject_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    locked = {
        line.split("==")[0].split("[")[0].lower().replace("_", "-")
        for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["test"], *extras["check"]]:
        name = re.split(r"[\[<>=!]", requirement)[0].lower().replace("_", "-")
        assert name in locked, name
