-- Lineage of tables, views and files beside that of models.
ALTER TABLE eider.lineage_store ADD COLUMN dependency VARCHAR;  -- IDENTITY, FILTER, …; READS for an object as a whole; NULL where it isn't known
ALTER TABLE eider.lineage_store ADD COLUMN statement VARCHAR;   -- lineage_statement_store.statement
ALTER TABLE eider.lineage_store ADD COLUMN reason VARCHAR;      -- why there may be sources beyond those that are known
ALTER TABLE eider.lineage_store ADD COLUMN dropped_at TIMESTAMPTZ; -- when the source was dropped

-- The statements that gave objects their lineage. Rows are only added, so that sessions that do
-- the same at the same time don't conflict: a statement's runs are the sum of its rows.
CREATE TABLE eider.lineage_statement_store (
    statement VARCHAR NOT NULL,      -- of what it does: the same again has the same one
    kind      VARCHAR NOT NULL,
    object    VARCHAR NOT NULL,
    operation VARCHAR NOT NULL,
    runs      BIGINT NOT NULL,
    ran_at    TIMESTAMPTZ NOT NULL,
    role      VARCHAR
);

-- A role sees what leads from and to what it may read. A file is a superuser's to see, as reading one is.
CREATE OR REPLACE VIEW eider.lineage AS
WITH views AS (SELECT lower(schema_name || '.' || view_name) AS name FROM duckdb_views() WHERE database_name = current_database() AND NOT internal),
     statements AS (SELECT statement, any_value(operation) AS operation FROM eider.lineage_statement_store GROUP BY statement)
SELECT DISTINCT CASE WHEN l.kind = 'table' AND lower(l.object) IN (SELECT name FROM views) THEN 'view' ELSE l.kind END AS kind, l.object, l.version, l.col AS column_name,
       CASE WHEN l.source_kind = 'table' AND lower(l.source) IN (SELECT name FROM views) THEN 'view' ELSE l.source_kind END AS source_kind,
       l.source, l.source_col AS source_column, l.how, l.dependency,
       CASE WHEN l.dependency IN ('IDENTITY', 'TRANSFORMATION', 'AGGREGATION') THEN 'DIRECT'
            WHEN l.dependency IN ('JOIN', 'GROUP_BY', 'FILTER', 'SORT', 'WINDOW', 'CONDITIONAL') THEN 'INDIRECT' END AS dependency_type,
       coalesce(s.operation, CASE WHEN l.kind = 'model' THEN 'TRAIN MODEL' END) AS operation, l.reason, l.statement, l.dropped_at
FROM eider.lineage_store l LEFT JOIN statements s USING (statement)
WHERE CASE l.kind WHEN 'model' THEN lower(split_part(l.object, '@', 1)) IN (SELECT model FROM eider.models)
        WHEN 'file' THEN eider_has_role(current_connection_id(), '') WHEN 'function' THEN true WHEN 'unknown' THEN true
        ELSE eider_has_privilege(current_connection_id(), split_part(l.object, '.', 1), substr(l.object, instr(l.object, '.') + 1), 'SELECT') END AND 
      CASE l.source_kind WHEN 'model' THEN lower(split_part(l.source, '@', 1)) IN (SELECT model FROM eider.models)
        WHEN 'file' THEN eider_has_role(current_connection_id(), '') WHEN 'function' THEN true WHEN 'unknown' THEN true
        ELSE eider_has_privilege(current_connection_id(), split_part(l.source, '.', 1), substr(l.source, instr(l.source, '.') + 1), 'SELECT') END;
COMMENT ON VIEW eider.lineage IS 'What depends on what: columns of tables, views, files and models on the columns that they come from. A role sees what leads from and to what it may read.';
COMMENT ON COLUMN eider.lineage.kind IS 'What depends: table, view, file or model.';
COMMENT ON COLUMN eider.lineage.object IS 'Its name, with its schema; a file''s path.';
COMMENT ON COLUMN eider.lineage.version IS 'Version of the model.';
COMMENT ON COLUMN eider.lineage.column_name IS 'Its column; NULL where all of it depends: what decides which rows there are, and what is read.';
COMMENT ON COLUMN eider.lineage.source_kind IS 'table, view, file, function or model; unknown where it can''t be told.';
COMMENT ON COLUMN eider.lineage.source IS 'Name of the source, with its schema; a model with its version.';
COMMENT ON COLUMN eider.lineage.source_column IS 'Its column; NULL for the source as a whole.';
COMMENT ON COLUMN eider.lineage.how IS 'value, or row (which rows there are); of a model feature, target, id, weight, time, group or row; unknown where it can''t be told.';
COMMENT ON COLUMN eider.lineage.dependency IS 'As OpenLineage names it: IDENTITY, TRANSFORMATION, AGGREGATION, JOIN, GROUP_BY, FILTER, SORT, WINDOW, CONDITIONAL; READS for a source as a whole.';
COMMENT ON COLUMN eider.lineage.dependency_type IS 'DIRECT where values come from the source, INDIRECT where it decides which values there are.';
COMMENT ON COLUMN eider.lineage.operation IS 'The statement that made it so: CREATE TABLE AS, INSERT, TRAIN MODEL and so on.';
COMMENT ON COLUMN eider.lineage.reason IS 'Why there may be sources beyond those that are known.';
COMMENT ON COLUMN eider.lineage.statement IS 'The statement in eider.lineage_statements.';
COMMENT ON COLUMN eider.lineage.dropped_at IS 'When the source was dropped; NULL while it is there.';

CREATE VIEW eider.lineage_statements AS
SELECT statement, kind, object, any_value(operation) AS operation, sum(runs)::BIGINT AS runs, min(ran_at) AS first_at, max(ran_at) AS last_at, arg_max(role, ran_at) AS role
FROM (SELECT * FROM eider.lineage_statement_store
      UNION ALL SELECT statement, kind, object, operation, runs, ran_at, role FROM eider_lineage_runs())
WHERE CASE kind WHEN 'model' THEN lower(split_part(object, '@', 1)) IN (SELECT model FROM eider.models)
        WHEN 'file' THEN eider_has_role(current_connection_id(), '') WHEN 'function' THEN true WHEN 'unknown' THEN true
        ELSE eider_has_privilege(current_connection_id(), split_part(object, '.', 1), substr(object, instr(object, '.') + 1), 'SELECT') END
GROUP BY statement, kind, object;
COMMENT ON VIEW eider.lineage_statements IS 'The statements that gave objects their lineage. Statements that do the same count as one.';
COMMENT ON COLUMN eider.lineage_statements.statement IS 'A fingerprint of what it does.';
COMMENT ON COLUMN eider.lineage_statements.kind IS 'What it wrote: table, view or file.';
COMMENT ON COLUMN eider.lineage_statements.object IS 'Its name, with its schema; a file''s path.';
COMMENT ON COLUMN eider.lineage_statements.operation IS 'CREATE TABLE AS, CREATE VIEW, INSERT, UPDATE, DELETE, MERGE, COPY FROM or COPY TO.';
COMMENT ON COLUMN eider.lineage_statements.runs IS 'How often it ran.';
COMMENT ON COLUMN eider.lineage_statements.first_at IS 'When it first ran.';
COMMENT ON COLUMN eider.lineage_statements.last_at IS 'When it last ran.';
COMMENT ON COLUMN eider.lineage_statements.role IS 'Who ran it last.';
