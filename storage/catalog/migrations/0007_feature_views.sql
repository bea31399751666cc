-- Feature views: what CREATE FEATURE VIEW says beyond the view of the same name that holds its query.
CREATE TABLE eider.feature_view_store (
    schema_name VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    entity VARCHAR[] NOT NULL,
    event_time VARCHAR NOT NULL,
    available_time VARCHAR,
    ttl BIGINT,
    kind VARCHAR NOT NULL,
    columns VARCHAR NOT NULL,
    windows VARCHAR NOT NULL,
    features VARCHAR[] NOT NULL,
    statement VARCHAR NOT NULL,
    query VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by VARCHAR NOT NULL
);
COMMENT ON TABLE eider.feature_view_store IS 'Feature views beyond their views.';

CREATE VIEW eider.feature_views AS
SELECT f.schema_name AS "schema", f.name, f.entity, f.event_time, f.available_time, to_microseconds(f.ttl) AS ttl,
       f.features,
       f.windows <> '[]' AS windowed, o.owner, f.statement, f.query, f.created_at, f.created_by
FROM eider.feature_view_store f
LEFT JOIN eider.owner_store o ON o.kind = 'table' AND lower(o.schema_name) = lower(f.schema_name) AND lower(o.object) = lower(f.name)
WHERE EXISTS (SELECT 1 FROM duckdb_views() v WHERE v.database_name = current_database() AND v.schema_name = f.schema_name AND v.view_name = f.name)
  AND eider_has_privilege(current_connection_id(), f.schema_name, f.name, '');
COMMENT ON VIEW eider.feature_views IS 'The feature views that the role may see.';
COMMENT ON COLUMN eider.feature_views."schema" IS 'Schema of the feature view, and of the view that has its facts.';
COMMENT ON COLUMN eider.feature_views.name IS 'Name of both.';
COMMENT ON COLUMN eider.feature_views.entity IS 'The columns that say what a fact is about.';
COMMENT ON COLUMN eider.feature_views.event_time IS 'The column that says when a fact happened.';
COMMENT ON COLUMN eider.feature_views.available_time IS 'The column that says when a fact became available; NULL where that is when it happened.';
COMMENT ON COLUMN eider.feature_views.ttl IS 'How long after its event a fact counts; NULL for ever.';
COMMENT ON COLUMN eider.feature_views.features IS 'The columns that POINT IN TIME JOIN gives.';
COMMENT ON COLUMN eider.feature_views.windowed IS 'Whether those are aggregates over windows rather than the newest fact''s columns.';
COMMENT ON COLUMN eider.feature_views.owner IS 'The role that made it; NULL for a superuser.';
COMMENT ON COLUMN eider.feature_views.statement IS 'The statement that made it.';
COMMENT ON COLUMN eider.feature_views.query IS 'Its query.';
COMMENT ON COLUMN eider.feature_views.created_at IS 'When it was made.';
COMMENT ON COLUMN eider.feature_views.created_by IS 'The role that made it.';
