"""Gaps that carry weight, and votes of residents."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE linli.input_demand_votes ( version INTEGER NOT NULL, id TEXT COLLATE "C"
    NOT NULL, fid INTEGER NOT NULL, neighbourhood_id TEXT COLLATE "C", kind TEXT, votes
    DOUBLE PRECISION, households_asked DOUBLE PRECISION, CONSTRAINT pk_input_demand_votes
    PRIMARY KEY (version, id), CONSTRAINT ck_input_demand_votes_votes_finite CHECK (votes >
    '-Infinity'::float8 AND votes < 'Infinity'::float8), CONSTRAINT
    ck_input_demand_votes_households_asked_finite CHECK (households_asked >
    '-Infinity'::float8 AND households_asked < 'Infinity'::float8), CONSTRAINT
    fk_input_demand_votes_version FOREIGN KEY(version) REFERENCES linli.city_version (key)
    ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_input_demand_votes_neighbourhood_id ON linli.input_demand_votes
    (version, neighbourhood_id)
    """,
    """
    ALTER TABLE linli.input_neighbourhoods ADD COLUMN children_persons DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.input_neighbourhoods ADD CONSTRAINT
    ck_input_neighbourhoods_children_persons_finite CHECK (children_persons >
    '-Infinity'::float8 AND children_persons < 'Infinity'::float8)
    """,
    """
    CREATE TABLE linli.result_areas ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, neighbourhood_id TEXT COLLATE "C", rule TEXT, kind TEXT,
    layer TEXT, area TEXT COLLATE "C", per TEXT, standard_m2 DOUBLE PRECISION, old_factor
    DOUBLE PRECISION, required_m2 DOUBLE PRECISION, supplied_m2 DOUBLE PRECISION, short_m2
    DOUBLE PRECISION, supplied_m2_per_person DOUBLE PRECISION,
    supplied_m2_per_100_households DOUBLE PRECISION, unknown_zh TEXT, unknown_en TEXT,
    source TEXT, confidence TEXT, CONSTRAINT pk_result_areas PRIMARY KEY (version, id),
    CONSTRAINT ck_result_areas_standard_m2_finite CHECK (standard_m2 > '-Infinity'::float8
    AND standard_m2 < 'Infinity'::float8), CONSTRAINT ck_result_areas_old_factor_finite
    CHECK (old_factor > '-Infinity'::float8 AND old_factor < 'Infinity'::float8), CONSTRAINT
    ck_result_areas_required_m2_finite CHECK (required_m2 > '-Infinity'::float8 AND
    required_m2 < 'Infinity'::float8), CONSTRAINT ck_result_areas_supplied_m2_finite CHECK
    (supplied_m2 > '-Infinity'::float8 AND supplied_m2 < 'Infinity'::float8), CONSTRAINT
    ck_result_areas_short_m2_finite CHECK (short_m2 > '-Infinity'::float8 AND short_m2 <
    'Infinity'::float8), CONSTRAINT ck_result_areas_supplied_m2_per_person_finite CHECK
    (supplied_m2_per_person > '-Infinity'::float8 AND supplied_m2_per_person <
    'Infinity'::float8), CONSTRAINT ck_result_areas_supplied_m2_per_100_households_finite
    CHECK (supplied_m2_per_100_households > '-Infinity'::float8 AND
    supplied_m2_per_100_households < 'Infinity'::float8), CONSTRAINT fk_result_areas_version
    FOREIGN KEY(version) REFERENCES linli.city_version (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_result_areas_area ON linli.result_areas (version, area)
    """,
    """
    CREATE INDEX ix_result_areas_neighbourhood_id ON linli.result_areas (version,
    neighbourhood_id)
    """,
    """
    CREATE TABLE linli.result_building_gaps ( version INTEGER NOT NULL, id TEXT COLLATE "C"
    NOT NULL, fid INTEGER NOT NULL, neighbourhood_id TEXT COLLATE "C", persons DOUBLE
    PRECISION, must_missing BIGINT, must_checked BIGINT, missing_kinds TEXT, geom
    geometry(GEOMETRY,-1) NOT NULL, geom_3857 geometry(GEOMETRY,3857) NOT NULL, CONSTRAINT
    pk_result_building_gaps PRIMARY KEY (version, id), CONSTRAINT
    ck_result_building_gaps_persons_finite CHECK (persons > '-Infinity'::float8 AND persons
    < 'Infinity'::float8), CONSTRAINT ck_result_building_gaps_geom_srid CHECK (ST_SRID(geom)
    IN (4326, 4490)), CONSTRAINT ck_result_building_gaps_geom_valid CHECK (NOT
    ST_IsEmpty(geom) AND ST_IsValid(geom)), CONSTRAINT ck_result_building_gaps_geom_lonlat
    CHECK (ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND
    ST_YMax(geom) <= 90), CONSTRAINT fk_result_building_gaps_version FOREIGN KEY(version)
    REFERENCES linli.city_version (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_result_building_gaps_geom ON linli.result_building_gaps USING gist
    (geom)
    """,
    """
    CREATE INDEX ix_result_building_gaps_geom_3857 ON linli.result_building_gaps USING gist
    (geom_3857)
    """,
    """
    CREATE INDEX ix_result_building_gaps_neighbourhood_id ON linli.result_building_gaps
    (version, neighbourhood_id)
    """,
    """
    CREATE TABLE linli.result_equity ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, area TEXT COLLATE "C", kind TEXT, layer TEXT, limit_m DOUBLE
    PRECISION, gini DOUBLE PRECISION, mean_walk_m DOUBLE PRECISION, not_found_share DOUBLE
    PRECISION, persons DOUBLE PRECISION, persons_beyond DOUBLE PRECISION,
    persons_beyond_share DOUBLE PRECISION, elderly_beyond DOUBLE PRECISION,
    elderly_beyond_share DOUBLE PRECISION, elderly_known_share DOUBLE PRECISION,
    children_beyond DOUBLE PRECISION, children_beyond_share DOUBLE PRECISION,
    children_known_share DOUBLE PRECISION, persons_mean_missing DOUBLE PRECISION,
    elderly_mean_missing DOUBLE PRECISION, children_mean_missing DOUBLE PRECISION,
    unknown_zh TEXT, unknown_en TEXT, CONSTRAINT pk_result_equity PRIMARY KEY (version, id),
    CONSTRAINT ck_result_equity_limit_m_finite CHECK (limit_m > '-Infinity'::float8 AND
    limit_m < 'Infinity'::float8), CONSTRAINT ck_result_equity_gini_finite CHECK (gini >
    '-Infinity'::float8 AND gini < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_mean_walk_m_finite CHECK (mean_walk_m > '-Infinity'::float8 AND
    mean_walk_m < 'Infinity'::float8), CONSTRAINT ck_result_equity_not_found_share_finite
    CHECK (not_found_share > '-Infinity'::float8 AND not_found_share < 'Infinity'::float8),
    CONSTRAINT ck_result_equity_persons_finite CHECK (persons > '-Infinity'::float8 AND
    persons < 'Infinity'::float8), CONSTRAINT ck_result_equity_persons_beyond_finite CHECK
    (persons_beyond > '-Infinity'::float8 AND persons_beyond < 'Infinity'::float8),
    CONSTRAINT ck_result_equity_persons_beyond_share_finite CHECK (persons_beyond_share >
    '-Infinity'::float8 AND persons_beyond_share < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_elderly_beyond_finite CHECK (elderly_beyond > '-Infinity'::float8 AND
    elderly_beyond < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_elderly_beyond_share_finite CHECK (elderly_beyond_share >
    '-Infinity'::float8 AND elderly_beyond_share < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_elderly_known_share_finite CHECK (elderly_known_share >
    '-Infinity'::float8 AND elderly_known_share < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_children_beyond_finite CHECK (children_beyond > '-Infinity'::float8 AND
    children_beyond < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_children_beyond_share_finite CHECK (children_beyond_share >
    '-Infinity'::float8 AND children_beyond_share < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_children_known_share_finite CHECK (children_known_share >
    '-Infinity'::float8 AND children_known_share < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_persons_mean_missing_finite CHECK (persons_mean_missing >
    '-Infinity'::float8 AND persons_mean_missing < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_elderly_mean_missing_finite CHECK (elderly_mean_missing >
    '-Infinity'::float8 AND elderly_mean_missing < 'Infinity'::float8), CONSTRAINT
    ck_result_equity_children_mean_missing_finite CHECK (children_mean_missing >
    '-Infinity'::float8 AND children_mean_missing < 'Infinity'::float8), CONSTRAINT
    fk_result_equity_version FOREIGN KEY(version) REFERENCES linli.city_version (key) ON
    DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_result_equity_area ON linli.result_equity (version, area)
    """,
    """
    ALTER TABLE linli.result_neighbourhoods ADD COLUMN children_persons DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.result_neighbourhoods ADD CONSTRAINT
    ck_result_neighbourhoods_children_persons_finite CHECK (children_persons >
    '-Infinity'::float8 AND children_persons < 'Infinity'::float8)
    """,
    """
    ALTER TABLE linli.result_neighbourhoods ADD COLUMN priority DOUBLE PRECISION
    """,
    """
    ALTER TABLE linli.result_neighbourhoods ADD CONSTRAINT
    ck_result_neighbourhoods_priority_finite CHECK (priority > '-Infinity'::float8 AND
    priority < 'Infinity'::float8)
    """,
    """
    ALTER TABLE linli.result_neighbourhoods ADD COLUMN priority_rank BIGINT
    """,
    """
    CREATE TABLE linli.result_priority ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, priority DOUBLE PRECISION, rank BIGINT, rank_low BIGINT,
    rank_high BIGINT, known_weight_share DOUBLE PRECISION, part_gaps DOUBLE PRECISION,
    part_distance DOUBLE PRECISION, part_area DOUBLE PRECISION, part_people DOUBLE
    PRECISION, part_elderly DOUBLE PRECISION, part_age DOUBLE PRECISION, part_safety DOUBLE
    PRECISION, part_votes DOUBLE PRECISION, CONSTRAINT pk_result_priority PRIMARY KEY
    (version, id), CONSTRAINT ck_result_priority_priority_finite CHECK (priority >
    '-Infinity'::float8 AND priority < 'Infinity'::float8), CONSTRAINT
    ck_result_priority_known_weight_share_finite CHECK (known_weight_share >
    '-Infinity'::float8 AND known_weight_share < 'Infinity'::float8), CONSTRAINT
    ck_result_priority_part_gaps_finite CHECK (part_gaps > '-Infinity'::float8 AND part_gaps
    < 'Infinity'::float8), CONSTRAINT ck_result_priority_part_distance_finite CHECK
    (part_distance > '-Infinity'::float8 AND part_distance < 'Infinity'::float8), CONSTRAINT
    ck_result_priority_part_area_finite CHECK (part_area > '-Infinity'::float8 AND part_area
    < 'Infinity'::float8), CONSTRAINT ck_result_priority_part_people_finite CHECK
    (part_people > '-Infinity'::float8 AND part_people < 'Infinity'::float8), CONSTRAINT
    ck_result_priority_part_elderly_finite CHECK (part_elderly > '-Infinity'::float8 AND
    part_elderly < 'Infinity'::float8), CONSTRAINT ck_result_priority_part_age_finite CHECK
    (part_age > '-Infinity'::float8 AND part_age < 'Infinity'::float8), CONSTRAINT
    ck_result_priority_part_safety_finite CHECK (part_safety > '-Infinity'::float8 AND
    part_safety < 'Infinity'::float8), CONSTRAINT ck_result_priority_part_votes_finite CHECK
    (part_votes > '-Infinity'::float8 AND part_votes < 'Infinity'::float8), CONSTRAINT
    fk_result_priority_version FOREIGN KEY(version) REFERENCES linli.city_version (key) ON
    DELETE CASCADE )
    """,
    """
    CREATE TABLE linli.result_queue ( version INTEGER NOT NULL, id TEXT COLLATE "C" NOT
    NULL, fid INTEGER NOT NULL, level TEXT, area TEXT COLLATE "C", rank BIGINT, kind TEXT,
    layers TEXT, need TEXT, status TEXT, score DOUBLE PRECISION, neighbourhoods_without
    BIGINT, persons DOUBLE PRECISION, persons_without DOUBLE PRECISION, limit_m DOUBLE
    PRECISION, nearest_m DOUBLE PRECISION, votes DOUBLE PRECISION, vote_share DOUBLE
    PRECISION, part_people DOUBLE PRECISION, part_distance DOUBLE PRECISION, part_need
    DOUBLE PRECISION, part_votes DOUBLE PRECISION, known_weight_share DOUBLE PRECISION,
    CONSTRAINT pk_result_queue PRIMARY KEY (version, id), CONSTRAINT
    ck_result_queue_score_finite CHECK (score > '-Infinity'::float8 AND score <
    'Infinity'::float8), CONSTRAINT ck_result_queue_persons_finite CHECK (persons >
    '-Infinity'::float8 AND persons < 'Infinity'::float8), CONSTRAINT
    ck_result_queue_persons_without_finite CHECK (persons_without > '-Infinity'::float8 AND
    persons_without < 'Infinity'::float8), CONSTRAINT ck_result_queue_limit_m_finite CHECK
    (limit_m > '-Infinity'::float8 AND limit_m < 'Infinity'::float8), CONSTRAINT
    ck_result_queue_nearest_m_finite CHECK (nearest_m > '-Infinity'::float8 AND nearest_m <
    'Infinity'::float8), CONSTRAINT ck_result_queue_votes_finite CHECK (votes >
    '-Infinity'::float8 AND votes < 'Infinity'::float8), CONSTRAINT
    ck_result_queue_vote_share_finite CHECK (vote_share > '-Infinity'::float8 AND vote_share
    < 'Infinity'::float8), CONSTRAINT ck_result_queue_part_people_finite CHECK (part_people
    > '-Infinity'::float8 AND part_people < 'Infinity'::float8), CONSTRAINT
    ck_result_queue_part_distance_finite CHECK (part_distance > '-Infinity'::float8 AND
    part_distance < 'Infinity'::float8), CONSTRAINT ck_result_queue_part_need_finite CHECK
    (part_need > '-Infinity'::float8 AND part_need < 'Infinity'::float8), CONSTRAINT
    ck_result_queue_part_votes_finite CHECK (part_votes > '-Infinity'::float8 AND part_votes
    < 'Infinity'::float8), CONSTRAINT ck_result_queue_known_weight_share_finite CHECK
    (known_weight_share > '-Infinity'::float8 AND known_weight_share < 'Infinity'::float8),
    CONSTRAINT fk_result_queue_version FOREIGN KEY(version) REFERENCES linli.city_version
    (key) ON DELETE CASCADE )
    """,
    """
    CREATE INDEX ix_result_queue_area ON linli.result_queue (version, area)
    """,
)
DOWN = (
    """
    DROP TABLE linli.result_queue
    """,
    """
    DROP TABLE linli.result_priority
    """,
    """
    ALTER TABLE linli.result_neighbourhoods DROP COLUMN "priority_rank"
    """,
    """
    ALTER TABLE linli.result_neighbourhoods DROP COLUMN "priority"
    """,
    """
    ALTER TABLE linli.result_neighbourhoods DROP COLUMN "children_persons"
    """,
    """
    DROP TABLE linli.result_equity
    """,
    """
    DROP TABLE linli.result_building_gaps
    """,
    """
    DROP TABLE linli.result_areas
    """,
    """
    ALTER TABLE linli.input_neighbourhoods DROP COLUMN "children_persons"
    """,
    """
    DROP TABLE linli.input_demand_votes
    """,
)


def upgrade() -> None:
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    for statement in DOWN:
        op.execute(statement)
