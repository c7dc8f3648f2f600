"""Start, stop and look at the project's own PostGIS server.

The server listens on a socket in a folder that only its owner may enter, never on the network.
Data lie in ``.local/pg/data`` of the project. A server named in ``DATABASE_URL`` is used instead,
and is never started or stopped from here.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from app.cluster.binaries import Installation, find_installation
from app.cluster.crash import clear_stale_lock
from app.cluster.identity import Identity, identity_for
from app.cluster.sockets import choose_socket_folder, socket_folder_lives, somebody_listens
from app.cluster.urls import connect_arguments, normalise_url, socket_url, with_database
from app.errors import ClusterError

__all__ = ["DATABASE", "USER", "Server", "Status", "project_home", "start", "status", "stop"]

USER: Final = "gis"
DATABASE: Final = "gis"
RETRY_S: Final = 12.0
"""After a crash the first start may fail, while the old server's processes still end."""

SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "jit": "off",  # compiling costs more than our short queries take
    "max_parallel_workers_per_gather": "0",  # small shared memory in containers breaks them
    "timezone": "UTC",
    "log_min_messages": "warning",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A PostGIS server that answers."""

    url: str
    """SQLAlchemy address of the database."""
    private: bool
    """True for the project's own cluster, False for the server of ``DATABASE_URL``."""
    started: bool
    """Whether this call started it."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the server without starting it."""

    running: bool
    private: bool
    url: str | None
    data_folder: Path | None
    major: int | None


def project_home(home: Path | str | None = None) -> Path:
    """Return the folder that holds ``.local``: given, ``LINLI_HOME``, the project, or here."""
    named = home or os.environ.get("LINLI_HOME")
    if named:
        return Path(named).expanduser().absolute()
    project = Path(__file__).resolve().parents[2]
    return project if (project / "pyproject.toml").exists() else Path.cwd()


def start(home: Path | str | None = None, *, environment: Mapping[str, str] = os.environ) -> Server:
    """Make the private server answer, creating it where it does not exist; safe to call again.

    Two processes that call it at once end with one server: the second waits for the first.

    Parameters
    ----------
    home : path, optional
        Folder that holds (or will hold) ``.local/pg``; see `project_home`.
    environment : mapping
        Where ``DATABASE_URL`` is looked up.

    Returns
    -------
    Server
        With a database that has the postgis extension.

    Raises
    ------
    ClusterError
        If no PostGIS is installed, or the server does not come up; the message says what to do.
    """
    external = environment.get("DATABASE_URL")
    if external:
        url = normalise_url(external)
        _prepare_database(url)
        return Server(url, private=False, started=False)
    folder = project_home(home) / ".local/pg"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            started = _start_private(folder)
            url = socket_url(_socket_folder(folder), user=USER, database=DATABASE)
            _create_database(url)
            _prepare_database(url)
    except PermissionError as fault:
        raise ClusterError(
            f"{fault.filename} cannot be used by this user; the private database belongs to "
            "whoever started it first. Start as that user, or set LINLI_HOME to a folder of "
            "your own.",
            f"当前用户无权使用 {fault.filename};内置数据库属于首次启动它的用户。"
            "请用该用户启动,或用 LINLI_HOME 指定自己的目录。",
        ) from fault
    return Server(url, private=True, started=started)


def stop(home: Path | str | None = None) -> bool:
    """Stop the private server, if it runs; return whether it ran."""
    folder = project_home(home) / ".local/pg"
    if not (folder / "data/PG_VERSION").exists():
        return False
    with _locked(folder):
        installation, identity = _programs(folder)
        if not _runs(folder, installation, identity):
            return False
        _stop(folder, installation, identity)
    return True


def status(
    home: Path | str | None = None, *, environment: Mapping[str, str] = os.environ
) -> Status:
    """Return whether a server answers, without starting anything."""
    external = environment.get("DATABASE_URL")
    if external:
        url = normalise_url(external)
        return Status(_answers(url), private=False, url=url, data_folder=None, major=None)
    folder = project_home(home) / ".local/pg"
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        return Status(running=False, private=True, url=None, data_folder=None, major=None)
    major = int((data / "PG_VERSION").read_text())
    socket = _socket_folder(folder)
    url = socket_url(socket, user=USER, database=DATABASE)
    return Status(_answers(url), private=True, url=url, data_folder=data, major=major)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _programs(folder: Path) -> tuple[Installation, Identity]:
    data = folder / "data"
    version = data / "PG_VERSION"
    major = int(version.read_text()) if version.exists() else None
    return find_installation(folder.parents[1], major=major), identity_for(data)


def _start_private(folder: Path) -> bool:
    installation, identity = _programs(folder)
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(folder, installation, identity)
    elif _keeps_running(folder, installation, identity):
        return False
    _write_settings(folder, identity)
    _roll_log(data / "server.log")
    deadline = time.monotonic() + RETRY_S
    while True:
        answer = _run(
            installation,
            identity,
            "pg_ctl",
            ["-D", data, "-l", data / "server.log", "-w", "-t", "300", "start"],
        )
        if answer.returncode == 0:
            return True
        clear_stale_lock(data)
        if time.monotonic() > deadline:
            raise ClusterError(
                f"The private PostGIS does not start: {_last_lines(data / 'server.log', answer)}. "
                f"The whole log is {data / 'server.log'}.",
                f"内置 PostGIS 无法启动:{_last_lines(data / 'server.log', answer)}。"
                f"完整日志见 {data / 'server.log'}。",
            )
        time.sleep(0.5)


def _keeps_running(folder: Path, installation: Installation, identity: Identity) -> bool:
    """Return whether the server runs and can be reached; one that cannot is stopped.

    A killed server looks alive as long as its last child processes end: it is waited for.
    """
    deadline = time.monotonic() + RETRY_S
    while _runs(folder, installation, identity):
        socket = _socket_folder(folder)
        if somebody_listens(socket):
            return True
        if not socket_folder_lives(socket) or time.monotonic() > deadline:
            _stop(folder, installation, identity)
            return False
        time.sleep(0.1)
    return False


def _initialise(folder: Path, installation: Installation, identity: Identity) -> None:
    """Make the data folder under another name first: a broken attempt is never taken for one."""
    unfinished = folder / "data.new"
    if unfinished.exists():
        import shutil  # noqa: PLC0415  (only after an interrupted first start)

        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    identity.own(unfinished)
    answer = _run(
        installation,
        identity,
        "initdb",
        (
            f"--pgdata={unfinished}",
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ),
    )
    if answer.returncode != 0:
        raise ClusterError(
            f"A PostGIS cluster cannot be made in {unfinished}: {answer.stderr.strip()}. "
            "If the folder cannot be entered by the user who runs PostgreSQL, set LINLI_HOME to "
            "one that can.",
            f"无法在 {unfinished} 创建 PostGIS 数据目录:{answer.stderr.strip()}。"
            "若运行 PostgreSQL 的用户无法进入该目录,请用 LINLI_HOME 指定其他位置。",
        )
    with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude 'linli.conf'\n")
    unfinished.rename(folder / "data")


def _write_settings(folder: Path, identity: Identity) -> None:
    socket = choose_socket_folder(folder, own=identity.own)
    (folder / "socket.json").write_text(json.dumps({"folder": str(socket)}), encoding="utf-8")
    quoted = str(socket).replace("'", "''").replace('"', '""')
    lines = [f"{key} = '{value}'" for key, value in SETTINGS.items()]
    lines.append(f"unix_socket_directories = '\"{quoted}\"'")
    path = folder / "data/linli.conf"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o644)


def _socket_folder(folder: Path) -> Path:
    record = folder / "socket.json"
    if not record.exists():
        return folder / "run"
    return Path(json.loads(record.read_text(encoding="utf-8"))["folder"])


def _runs(folder: Path, installation: Installation, identity: Identity) -> bool:
    answer = _run(installation, identity, "pg_ctl", ["-D", folder / "data", "status"])
    if answer.returncode != 0:
        return False
    return clear_stale_lock(folder / "data") is None


def _stop(folder: Path, installation: Installation, identity: Identity) -> None:
    arguments: list[str | Path] = ["-D", folder / "data", "-m", "fast", "-w", "-t", "60", "stop"]
    answer = _run(installation, identity, "pg_ctl", arguments)
    if answer.returncode != 0:
        raise ClusterError(
            f"The private PostGIS does not stop: {answer.stderr.strip()}",
            f"私有 PostGIS 无法停止:{answer.stderr.strip()}",
        )


def _run(
    installation: Installation, identity: Identity, program: str, arguments: Sequence[str | Path]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (our own programs, our own arguments)
        [*identity.prefix, installation.program(program), *map(str, arguments)],
        env={**os.environ, **installation.environment, "LC_ALL": "C.UTF-8"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C in our terminal does not reach the server
    )


def _create_database(url: str) -> None:
    maintenance = connect_arguments(with_database(url, "postgres"))
    with psycopg.connect(**maintenance, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{DATABASE}"')


def _prepare_database(url: str) -> None:
    try:
        with psycopg.connect(**connect_arguments(url), connect_timeout=10) as connection:
            installed = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")
            if installed.fetchone() is None:
                connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except psycopg.OperationalError as fault:
        raise ClusterError(
            f"The database server does not answer: {str(fault).strip()}. "
            "Check DATABASE_URL, or unset it to use the private server.",
            f"数据库无响应:{str(fault).strip()}。"
            "请检查 DATABASE_URL,或取消该变量以使用内置数据库。",
        ) from fault
    except psycopg.Error as fault:
        raise ClusterError(
            f"The database has no postgis extension and it cannot be created: "
            f"{str(fault).strip()}. Ask its administrator to run `CREATE EXTENSION postgis` there.",
            f"数据库缺少 postgis 扩展且无法创建:{str(fault).strip()}。"
            "请由管理员执行 `CREATE EXTENSION postgis`。",
        ) from fault


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(**connect_arguments(url), connect_timeout=3):
            return True
    except psycopg.OperationalError:
        return False


def _roll_log(path: Path, *, limit_bytes: int = 10_000_000) -> None:
    if path.exists() and path.stat().st_size > limit_bytes:
        path.replace(path.with_suffix(".old"))


def _last_lines(log: Path, answer: subprocess.CompletedProcess[str]) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return " / ".join(lines[-3:]) or answer.stderr.strip()
