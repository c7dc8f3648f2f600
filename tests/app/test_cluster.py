"""The private PostGIS: made once, found again, survives crashes."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from app import cluster
from app.cluster.binaries import Installation
from app.cluster.sockets import socket_folder_lives, somebody_listens
from app.errors import ClusterError

pytestmark = pytest.mark.postgis

NO_SERVER_NAMED: dict[str, str] = {}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One cluster for all tests that leave it whole: making one takes a second or more."""
    home = tmp_path_factory.mktemp("project")
    yield home
    cluster.stop(home)


def _start(home):
    return cluster.start(home, environment=NO_SERVER_NAMED)


def _query(url, sql):
    with psycopg.connect(**cluster.connect_arguments(url)) as connection:
        return connection.execute(sql).fetchone()


def test_a_cluster_is_made_and_found_again_and_keeps_its_data(home):
    server = _start(home)
    assert server.started
    assert server.private
    assert _query(server.url, "SELECT postgis_lib_version()")[0][0] == "3"
    with psycopg.connect(**cluster.connect_arguments(server.url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    again = _start(home)
    assert not again.started
    assert again.url == server.url
    assert cluster.status(home, environment=NO_SERVER_NAMED).running
    assert cluster.stop(home)
    assert not cluster.stop(home)
    assert not cluster.status(home, environment=NO_SERVER_NAMED).running
    assert _start(home).started
    assert _query(server.url, "SELECT answer FROM kept") == (42,)


def test_the_server_listens_on_no_network_and_writes_safely(home):
    url = _start(home).url
    assert _query(url, "SHOW listen_addresses") == ("",)
    assert _query(url, "SHOW fsync") == ("on",)
    assert (home / ".local/pg/run").stat().st_mode & 0o777 == 0o700


def test_after_a_killed_server_the_next_start_works_and_nothing_is_lost(home):
    url = _start(home).url
    with psycopg.connect(**cluster.connect_arguments(url)) as connection:
        connection.execute("CREATE TABLE survived AS SELECT 42 AS answer")
    pid = int((home / ".local/pg/data/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    assert _start(home).started
    assert _query(url, "SELECT answer FROM survived") == (42,)


def test_a_socket_that_a_dead_server_left_behind_is_told_from_one_that_is_served(tmp_path):
    assert not somebody_listens(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / ".s.PGSQL.5432"))
        server.listen(1)
        assert somebody_listens(tmp_path)
    assert socket_folder_lives(tmp_path)
    assert not somebody_listens(tmp_path)


def test_a_lock_whose_process_number_now_belongs_to_another_program_is_cleared(home):
    url = _start(home).url
    lock = home / ".local/pg/data/postmaster.pid"
    text = lock.read_text()
    cluster.stop(home)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        lock.write_text(text.replace(text.split()[0], str(other.pid), 1))
        lock.chmod(0o600)
        assert _start(home).started
        other.communicate(b"\n")
    assert _query(url, "SELECT 1") == (1,)


def test_two_processes_that_start_at_once_end_with_one_server(tmp_path):
    code = (
        "import sys; from app import cluster;"
        "print(cluster.start(sys.argv[1], environment={}).started)"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    answers = [racer.communicate(timeout=100)[0].strip() for racer in racers]
    assert cluster.stop(tmp_path)
    assert sorted(answers) == ["False", "False", "True"]


def test_a_server_whose_socket_folder_was_swept_is_started_anew(home):
    url = _start(home).url
    (home / ".local/pg/run/.s.PGSQL.5432").unlink()
    assert _start(home).started
    assert _query(url, "SELECT 1") == (1,)


def test_a_deep_project_folder_gets_a_short_socket_folder(tmp_path):
    home = tmp_path / ("deep" * 20) / "项目 folder"
    home.mkdir(parents=True)
    try:
        server = _start(home)
        assert _query(server.url, "SELECT 1") == (1,)
        assert "linli-pg-" in server.url
    finally:
        cluster.stop(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_without_user_namespaces_runs_the_server_as_a_service_user(monkeypatch):
    import shutil
    import tempfile

    from app.cluster import identity

    monkeypatch.setattr(identity, "_namespaces_work", lambda: False)
    home = Path(tempfile.mkdtemp())  # below /tmp, where a service user may enter
    home.chmod(0o755)
    try:
        server = _start(home)
        assert _query(server.url, "SELECT 1") == (1,)
        assert (home / ".local/pg/data").stat().st_uid != 0
        monkeypatch.undo()
        assert not _start(home).started
        assert cluster.stop(home)
    finally:
        shutil.rmtree(home)


def test_a_folder_of_another_user_is_refused_with_the_way_out(tmp_path, monkeypatch):
    from app.cluster import private

    def refuse(_folder):
        raise PermissionError(13, "Permission denied", "/srv/linli/.local/pg/data")

    monkeypatch.setattr(private, "_start_private", refuse)
    with pytest.raises(ClusterError, match="belongs to whoever started it first"):
        _start(tmp_path)


def test_without_postgis_the_error_says_what_to_install(tmp_path, monkeypatch):
    from app.cluster import binaries

    monkeypatch.setattr(binaries, "_installations", lambda _: iter(()))
    with pytest.raises(ClusterError, match="apt-get install postgresql-15-postgis-3"):
        _start(tmp_path)


def test_data_of_another_major_version_are_refused_with_the_way_out(tmp_path, monkeypatch):
    from app.cluster import binaries

    data = tmp_path / ".local/pg/data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("13\n")
    installed = Installation(tmp_path, 15)
    monkeypatch.setattr(binaries, "_installations", lambda _: iter((installed,)))
    with pytest.raises(ClusterError, match="made by PostgreSQL 13"):
        _start(tmp_path)


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("postgres://me@db/city", "postgresql+psycopg://me@db/city"),
        ("postgresql://me:a%40b@db:5433/city", "postgresql+psycopg://me:a%40b@db:5433/city"),
        ("postgresql+psycopg://gis@/gis?host=/run", "postgresql+psycopg://gis@/gis?host=%2Frun"),
    ],
)
def test_usual_addresses_are_understood(given, normal):
    assert cluster.normalise_url(given) == normal


@pytest.mark.parametrize("given", ["mysql://a/b", "nonsense", "postgres://me@db"])
def test_other_addresses_are_refused(given):
    with pytest.raises(ClusterError, match="DATABASE_URL"):
        cluster.normalise_url(given)


def test_a_named_server_that_is_away_is_said_so_and_never_started(tmp_path):
    named = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    before = time.monotonic()
    with pytest.raises(ClusterError, match="does not answer"):
        cluster.start(tmp_path, environment=named)
    assert time.monotonic() - before < 15
    assert not (tmp_path / ".local").exists()
    assert not cluster.status(tmp_path, environment=named).running
