"""Where PostgreSQL with PostGIS is installed on this machine."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import ClusterError

__all__ = ["Installation", "find_installation"]

SYSTEM_BINARIES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat and kin
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
)

INSTALL_HINT = (
    "On Debian or Ubuntu: `apt-get install postgresql-15-postgis-3 postgresql-15-postgis-3-scripts`"
    " (other releases carry another number than 15); with conda: "
    "`conda install -c conda-forge postgresql postgis`; `make demo` does it for you. "
    "Or name a server of your own in DATABASE_URL."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One PostgreSQL that can make the postgis extension."""

    folder: Path
    """Holds ``initdb``, ``pg_ctl`` and ``postgres``."""
    major: int
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the programs need (unpacked packages find their libraries by them)."""

    def program(self, name: str) -> str:
        """Return the full path of one program."""
        return str(self.folder / name)


def find_installation(home: Path, *, major: int | None = None) -> Installation:
    """Return the newest PostgreSQL with PostGIS, of this major version where one is asked.

    Looked for in the active conda environment, among the system's packages, and among packages
    unpacked under ``.local/debs/root`` of the project.

    Raises
    ------
    ClusterError
        If there is none; the message says what to install.
    """
    found = [one for one in _installations(home) if major is None or one.major == major]
    if found:
        return max(found, key=lambda one: one.major)
    if major is None:
        raise ClusterError(
            f"No PostgreSQL with PostGIS is installed on this machine. {INSTALL_HINT}",
            f"本机没有安装带 PostGIS 的 PostgreSQL。{INSTALL_HINT}",
        )
    others = sorted({one.major for one in _installations(home)})
    raise ClusterError(
        f"The private database was made by PostgreSQL {major}, which is not installed"
        f"{f' (installed: {others})' if others else ''}. A data folder of one major version cannot "
        f"be opened by another. Install postgresql-{major}-postgis-3 again; or move the folder "
        f"{home / '.local/pg'} away and import your cities anew.",
        f"内置数据库由 PostgreSQL {major} 创建,本机未安装该版本。请重新安装 "
        f"postgresql-{major}-postgis-3,或移走 {home / '.local/pg'} 后重新导入城市。",
    )


def _installations(home: Path) -> Iterator[Installation]:
    conda = os.environ.get("CONDA_PREFIX")
    if conda:
        yield from _usable(Path(conda) / "bin", {})
    root = home / ".local/debs/root"
    for folder in sorted(root.glob("usr/lib/postgresql/*/bin")):
        yield from _usable(folder, _unpacked_environment(root))
    for pattern in SYSTEM_BINARIES:
        for folder in sorted(Path("/").glob(pattern.lstrip("/"))):
            yield from _usable(folder, {})


def _usable(folder: Path, environment: Mapping[str, str]) -> Iterator[Installation]:
    if not all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
        return
    answer = subprocess.run(  # noqa: S603  (a program found by our own patterns)
        [folder / "postgres", "--version"],
        env={**os.environ, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    version = re.search(r"\) (\d+)", answer.stdout)
    if version and _has_postgis(folder, int(version.group(1)), environment):
        yield Installation(folder, int(version.group(1)), environment)


def _has_postgis(folder: Path, major: int, environment: Mapping[str, str]) -> bool:
    prefix = folder.parent
    shares = [
        prefix / "share",
        prefix / "share/postgresql",
        prefix.parents[2] / "share/postgresql" / str(major) if len(prefix.parents) > 2 else prefix,
    ]
    if any((share / "extension/postgis.control").exists() for share in shares):
        return True
    if not (folder / "pg_config").exists():
        return False
    answer = subprocess.run(  # noqa: S603
        [folder / "pg_config", "--sharedir"],
        env={**os.environ, **environment},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    return (Path(answer.stdout.strip()) / "extension/postgis.control").exists()


def _unpacked_environment(root: Path) -> dict[str, str]:
    folders = [
        *sorted(root.glob("usr/lib/*-linux-gnu*")),
        *sorted(root.glob("lib/*-linux-gnu*")),
        *sorted(root.glob("usr/lib/*-linux-gnu*/blas")),
        *sorted(root.glob("usr/lib/*-linux-gnu*/lapack")),
    ]
    return {
        "LD_LIBRARY_PATH": ":".join(map(str, folders)),
        "PROJ_DATA": str(root / "usr/share/proj"),
        "GDAL_DATA": str(root / "usr/share/gdal"),
    }
