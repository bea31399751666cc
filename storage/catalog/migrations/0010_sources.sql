-- Sources: what CREATE SOURCE says beyond the table of the same name. spec is JSON; secrets are apart from it.
CREATE TABLE eider.source_store (
    id          VARCHAR PRIMARY KEY,
    schema_name VARCHAR NOT NULL,
    name        VARCHAR NOT NULL,
    driver      VARCHAR NOT NULL,
    format      VARCHAR NOT NULL,
    spec        VARCHAR NOT NULL,
    secrets     VARCHAR NOT NULL,
    statement   VARCHAR NOT NULL,
    started     BOOLEAN NOT NULL,
    refreshes   BIGINT NOT NULL,   -- written by every refresh: two at the same time conflict here
    created_at  TIMESTAMPTZ NOT NULL,
    created_by  VARCHAR NOT NULL
);
COMMENT ON TABLE eider.source_store IS 'Sources beyond their tables; read eider.sources instead.';

-- How far a source was read, by partition. The rows of a partition are replaced in the transaction that stores what was read.
CREATE TABLE eider.source_position_store (
    id        VARCHAR NOT NULL,
    partition VARCHAR NOT NULL,
    position  VARCHAR NOT NULL,
    read_at   TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE eider.source_position_store IS 'How far each partition of a source was read; read eider.source_positions instead.';

-- Refreshes. Rows are only added, so that a failed one can be noted apart from its transaction.
CREATE TABLE eider.source_run_store (
    id          VARCHAR NOT NULL,
    started_at  TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL,
    batches     BIGINT NOT NULL,
    rows        BIGINT NOT NULL,
    rejects     BIGINT NOT NULL,
    units       BIGINT NOT NULL,
    error       VARCHAR,
    role        VARCHAR NOT NULL
);
COMMENT ON TABLE eider.source_run_store IS 'The refreshes of sources; read eider.source_runs instead.';

CREATE TABLE eider.source_drift_store (
    id          VARCHAR NOT NULL,
    column_name VARCHAR,
    change      VARCHAR NOT NULL,
    declared    VARCHAR,
    found       VARCHAR,
    place       VARCHAR,
    seen_at     TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE eider.source_drift_store IS 'How what was read differs from what is declared; read eider.source_drift instead.';

-- What the views below are about: the sources whose table is there and which the role may see.
CREATE VIEW eider.source_visible AS
SELECT s.id, s.schema_name, s.name, s.driver, s.format, s.spec, s.started, s.created_at, s.created_by FROM eider.source_store s
WHERE EXISTS (SELECT 1 FROM duckdb_tables() t WHERE t.database_name = current_database() AND t.schema_name = s.schema_name AND t.table_name = s.name)
  AND eider_has_privilege(current_connection_id(), s.schema_name, s.name, '');
COMMENT ON VIEW eider.source_visible IS 'The sources that the role may see.';
COMMENT ON COLUMN eider.source_visible.id IS 'A number of its own, which a new name leaves.';
COMMENT ON COLUMN eider.source_visible.schema_name IS 'Schema of the source and its table.';
COMMENT ON COLUMN eider.source_visible.name IS 'Name of both.';
COMMENT ON COLUMN eider.source_visible.driver IS 'The connector.';
COMMENT ON COLUMN eider.source_visible.format IS 'The format that it decodes; empty where rows come typed.';
COMMENT ON COLUMN eider.source_visible.spec IS 'Its definition as JSON, without secrets.';
COMMENT ON COLUMN eider.source_visible.started IS 'Whether START SOURCE keeps it up to date.';
COMMENT ON COLUMN eider.source_visible.created_at IS 'When it was made.';
COMMENT ON COLUMN eider.source_visible.created_by IS 'The role that made it.';

CREATE VIEW eider.sources AS
WITH runs AS (SELECT id, sum(rows)::BIGINT AS rows, sum(rejects)::BIGINT AS rejects, sum(units)::BIGINT AS units,
                     max(finished_at) FILTER (WHERE error IS NULL) AS last_refresh,
                     arg_max(CASE WHEN rows > 0 THEN rows / greatest(epoch_us(finished_at) - epoch_us(started_at), 1) * 1e6 END, finished_at) AS rate,
                     arg_max(coalesce(error, ''), finished_at) AS error
              FROM eider.source_run_store GROUP BY id),
     positions AS (SELECT id, count(*) AS partitions, arg_max(json_object('partition', partition, 'position', position::JSON), (read_at, partition)) AS last FROM eider.source_position_store GROUP BY id),
     drift AS (SELECT id, list(concat_ws(' ', change, column_name, CASE WHEN declared IS NOT NULL THEN declared || ' →' END, found, 'in ' || place) ORDER BY seen_at, column_name) AS drift FROM eider.source_drift_store GROUP BY id)
SELECT s.schema_name AS "schema", s.name, s.driver,
       CASE WHEN eider_source_active(s.id) THEN 'refreshing' WHEN coalesce(r.error, '') <> '' THEN 'failed' WHEN s.started THEN 'started' ELSE 'idle' END AS state,
       nullif(s.format, '') AS format, (s.spec::JSON)->'options' AS options, coalesce(r.rows, 0) AS rows, coalesce(r.rejects, 0) AS rejects,
       CASE WHEN s.driver = 'FILES' THEN coalesce(r.units, 0) END AS files, p.last AS "offset", eider_source_lag(s.id) AS lag, r.rate AS rows_per_second,
       r.last_refresh, nullif(r.error, '') AS last_error, coalesce(d.drift, []) AS drift, o.owner, s.created_at, s.created_by
FROM eider.source_visible s LEFT JOIN runs r USING (id) LEFT JOIN positions p USING (id) LEFT JOIN drift d USING (id)
LEFT JOIN eider.owner_store o ON o.kind = 'table' AND lower(o.schema_name) = lower(s.schema_name) AND lower(o.object) = lower(s.name);
COMMENT ON VIEW eider.sources IS 'The sources that the role may see: what they read, how far they are, and what went wrong.';
COMMENT ON COLUMN eider.sources."schema" IS 'Schema of the source, and of the table that has its rows.';
COMMENT ON COLUMN eider.sources.name IS 'Name of both.';
COMMENT ON COLUMN eider.sources.driver IS 'The connector: FILES.';
COMMENT ON COLUMN eider.sources.state IS 'refreshing, failed (the last refresh did), started (START SOURCE keeps it up to date) or idle.';
COMMENT ON COLUMN eider.sources.format IS 'The format that it decodes; NULL where rows come typed.';
COMMENT ON COLUMN eider.sources.options IS 'Its options as JSON, without secrets.';
COMMENT ON COLUMN eider.sources.rows IS 'Rows stored by all its refreshes.';
COMMENT ON COLUMN eider.sources.rejects IS 'Rows rejected by all its refreshes.';
COMMENT ON COLUMN eider.sources.files IS 'Files read; NULL for a source that reads none.';
COMMENT ON COLUMN eider.sources."offset" IS 'The partition that was read last and how far; eider.source_positions has all.';
COMMENT ON COLUMN eider.sources.lag IS 'What is there and isn''t read yet: files, or records. NULL where that isn''t known or takes long to know.';
COMMENT ON COLUMN eider.sources.rows_per_second IS 'Rows a second of the last refresh that had rows.';
COMMENT ON COLUMN eider.sources.last_refresh IS 'When the last refresh that succeeded was over.';
COMMENT ON COLUMN eider.sources.last_error IS 'The error of the last refresh; NULL if it had none.';
COMMENT ON COLUMN eider.sources.drift IS 'How what was read differs from the declared columns; eider.source_drift has more.';
COMMENT ON COLUMN eider.sources.owner IS 'The role that owns it; NULL for a superuser.';
COMMENT ON COLUMN eider.sources.created_at IS 'When it was made.';
COMMENT ON COLUMN eider.sources.created_by IS 'The role that made it.';

CREATE VIEW eider.source_positions AS
SELECT s.schema_name AS "schema", s.name, p.partition, p.position::JSON AS position, p.read_at FROM eider.source_visible s JOIN eider.source_position_store p USING (id);
COMMENT ON VIEW eider.source_positions IS 'How far each partition of a source was read. A file is a partition.';
COMMENT ON COLUMN eider.source_positions."schema" IS 'Schema of the source.';
COMMENT ON COLUMN eider.source_positions.name IS 'Name of the source.';
COMMENT ON COLUMN eider.source_positions.partition IS 'The partition: a file''s path.';
COMMENT ON COLUMN eider.source_positions.position IS 'How far it was read, in the connector''s own terms; of a file its size and time of modification.';
COMMENT ON COLUMN eider.source_positions.read_at IS 'When it was read.';

CREATE VIEW eider.source_runs AS
SELECT s.schema_name AS "schema", s.name, r.started_at, r.finished_at, r.batches, r.rows, r.rejects, CASE WHEN s.driver = 'FILES' THEN r.units END AS files, r.error, r.role
FROM eider.source_visible s JOIN eider.source_run_store r USING (id);
COMMENT ON VIEW eider.source_runs IS 'The refreshes of sources that read something or failed.';
COMMENT ON COLUMN eider.source_runs."schema" IS 'Schema of the source.';
COMMENT ON COLUMN eider.source_runs.name IS 'Name of the source.';
COMMENT ON COLUMN eider.source_runs.started_at IS 'When the refresh began.';
COMMENT ON COLUMN eider.source_runs.finished_at IS 'When it was over.';
COMMENT ON COLUMN eider.source_runs.batches IS 'Batches that it stored.';
COMMENT ON COLUMN eider.source_runs.rows IS 'Rows that it stored.';
COMMENT ON COLUMN eider.source_runs.rejects IS 'Rows that it rejected.';
COMMENT ON COLUMN eider.source_runs.files IS 'Files that it read; NULL for a source that reads none.';
COMMENT ON COLUMN eider.source_runs.error IS 'Why it failed; NULL if it didn''t.';
COMMENT ON COLUMN eider.source_runs.role IS 'Who ran it.';

CREATE VIEW eider.source_drift AS
SELECT s.schema_name AS "schema", s.name, d.column_name, d.change, d.declared, d.found, d.place, d.seen_at FROM eider.source_visible s JOIN eider.source_drift_store d USING (id);
COMMENT ON VIEW eider.source_drift IS 'How what sources read differs from what they declare.';
COMMENT ON COLUMN eider.source_drift."schema" IS 'Schema of the source.';
COMMENT ON COLUMN eider.source_drift.name IS 'Name of the source.';
COMMENT ON COLUMN eider.source_drift.column_name IS 'The column; NULL for a partition as a whole.';
COMMENT ON COLUMN eider.source_drift.change IS 'new, missing, retyped, or changed for a file that is another since it was read.';
COMMENT ON COLUMN eider.source_drift.declared IS 'The declared type; NULL for a new column.';
COMMENT ON COLUMN eider.source_drift.found IS 'The type that was found; NULL for a missing column.';
COMMENT ON COLUMN eider.source_drift.place IS 'Where it was seen first.';
COMMENT ON COLUMN eider.source_drift.seen_at IS 'When it was seen first.';
