"""The tables: up and down, equal to the dictionary, and no place for a number that is none."""

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from app import cluster
from app.errors import StoreError
from app.store import schema
from app.store.draft import draft_revision
from app.store.tables import INPUT_TABLES, RESULT_TABLES, metadata

pytestmark = pytest.mark.postgis


@pytest.fixture(scope="module")
def engine(database_url):
    engine = create_engine(database_url)
    schema.upgrade(engine)
    yield engine
    engine.dispose()


def _tables(engine):
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'linli' ORDER BY 1")
        )
        return {row[0] for row in rows} - {"alembic_version"}


def test_the_tables_go_up_down_and_up_again(engine):
    everything = {table.name for table in metadata.tables.values()}
    assert _tables(engine) == everything
    schema.downgrade(engine)
    assert _tables(engine) == set()
    schema.upgrade(engine)
    assert _tables(engine) == everything
    schema.upgrade(engine)
    assert schema.revision_of(engine) == schema.newest_revision()


def test_the_revisions_make_exactly_the_tables_of_the_dictionary(engine):
    assert schema.schema_differences(engine) == []


def test_the_revisions_make_every_check_of_the_tables(engine):
    wanted = {
        constraint.name
        for table in metadata.tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint"
    }
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT conname FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'ck_%'")
        )
        assert {row[0] for row in found} == wanted


def test_a_database_of_a_newer_linli_is_refused(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE linli.alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(StoreError, match="9999"):
            schema.upgrade(engine)
    finally:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE linli.alembic_version SET version_num = :head"),
                {"head": schema.newest_revision()},
            )


def test_a_column_without_a_revision_is_said_and_a_revision_is_drafted(engine, monkeypatch):
    complete = {table.name: set(table.columns.keys()) for table in metadata.tables.values()}
    assert draft_revision(complete, what="Nothing", previous="0001") is None
    lacking = {name: set(columns) for name, columns in complete.items()}
    lacking["result_gaps"] -= {"nearest_m", "neighbourhood_id"}
    del lacking["result_heatmap"]
    revision = {}
    exec(draft_revision(lacking, what="More", previous="0001"), revision)
    assert (revision["revision"], revision["down_revision"]) == ("0002", "0001")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE linli.result_gaps DROP COLUMN nearest_m"))
        connection.execute(text("ALTER TABLE linli.result_gaps DROP COLUMN neighbourhood_id"))
        connection.execute(text("DROP TABLE linli.result_heatmap"))
    with pytest.raises(StoreError, match=r"result_gaps\.nearest_m.*app\.store\.draft"):
        schema.upgrade(engine)
    with engine.begin() as connection:
        monkeypatch.setattr(revision["op"], "execute", lambda sql: connection.execute(text(sql)))
        revision["upgrade"]()
    assert schema.schema_differences(engine) == []
    test_the_revisions_make_every_check_of_the_tables(engine)
    schema.upgrade(engine)


def _number_columns():
    for table in [*INPUT_TABLES.values(), *RESULT_TABLES.values()]:
        for column in table.columns:
            if type(column.type).__name__ == "Double":
                yield table.name, column.name, "geom" in table.columns


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-Infinity"])
def test_no_number_column_takes_a_number_that_is_none(database_url, bad):
    columns = list(_number_columns())
    assert len(columns) > 60
    with psycopg.connect(**cluster.connect_arguments(database_url)) as connection:
        connection.execute("INSERT INTO linli.city (id, name) VALUES ('c', 'c')")
        connection.execute(
            "INSERT INTO linli.city_version (city_id, data_version, engine_version, profile, crs,"
            " geographic_srid, neighbourhoods, counts, choices, summary, notes, parameters,"
            " catalogue, import_report) VALUES ('c', 'v', '1', 'p', 'EPSG:4547', 4490, 0,"
            " '{}', '{}', '{}', '[]', '[]', '{}', '{}')"
        )
        for table, column, shaped in columns:
            shapes = ", geom, geom_3857" if shaped else ""
            points = (
                ", 'SRID=4490;POINT(120 30)'::geometry, 'SRID=3857;POINT(0 0)'::geometry"
                if shaped
                else ""
            )
            with (
                pytest.raises(psycopg.errors.CheckViolation, match=f"{column}_finite"),
                connection.transaction(),
            ):
                connection.execute(
                    f'INSERT INTO linli.{table} (version, id, fid, "{column}"{shapes}) '
                    f"SELECT key, 'x', 0, '{bad}'::float8{points} FROM linli.city_version"
                )
        connection.rollback()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("shape", "check"),
    [
        ("SRID=4547;POINT(120 30)", "geom_srid"),
        ("SRID=4490;POINT(500000 3000000)", "geom_lonlat"),
        ("SRID=4490;POINT(1e400 30)", None),
        ("SRID=4490;POINT EMPTY", "geom_valid"),
        ("SRID=4490;POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))", "geom_valid"),
        ("SRID=4490;POINT(NaN NaN)", None),
    ],
)
def test_no_broken_geometry_is_taken(database_url, shape, check):
    with psycopg.connect(**cluster.connect_arguments(database_url)) as connection:
        connection.execute(
            "ALTER TABLE linli.input_facilities DROP CONSTRAINT fk_input_facilities_version"
        )
        with pytest.raises(psycopg.Error, match=check):
            connection.execute(
                "INSERT INTO linli.input_facilities (version, id, fid, geom, geom_3857) "
                "VALUES (1, 'x', 0, %s::geometry, 'SRID=3857;POINT(0 0)')",
                [shape],
            )
        connection.rollback()


def test_a_user_who_may_not_create_tables_is_told_whom_to_ask(database_url):
    with psycopg.connect(**cluster.connect_arguments(database_url), autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS linli CASCADE")
        connection.execute("DROP ROLE IF EXISTS linli_guest")
        connection.execute("CREATE ROLE linli_guest LOGIN PASSWORD 'guest'")
    guest = make_url(database_url).set(username="linli_guest", password="guest")
    engine = create_engine(guest)
    try:
        with pytest.raises(StoreError, match="GRANT CREATE ON DATABASE"):
            schema.upgrade(engine)
    finally:
        engine.dispose()
        with psycopg.connect(**cluster.connect_arguments(database_url)) as connection:
            connection.execute("DROP ROLE linli_guest")
