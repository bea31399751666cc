-- Transformations. CREATE TRANSFORMATION and its like write the tables in the caller's transaction; users read the
-- views. transformation is a key: its name in lower case, with schema. before it unless that is main.
CREATE SCHEMA eider_transformations;

CREATE TABLE eider.transformation_store (
    transformation VARCHAR PRIMARY KEY,
    name           VARCHAR NOT NULL,  -- as it was written
    created_at     TIMESTAMPTZ NOT NULL,
    next           INTEGER NOT NULL   -- the version number to give next; numbers are never used again
);

CREATE TABLE eider.transformation_version_store (
    transformation VARCHAR NOT NULL,
    version        INTEGER NOT NULL,
    signature      VARCHAR NOT NULL,  -- JSON: [{"name": …, "type": …}], the columns that it needs, in the macro's order
    outputs        VARCHAR NOT NULL,  -- JSON: [{"name": …, "type": …, "sql": …, "from": …, "fitted": …}], the columns that it makes
    star           BOOLEAN NOT NULL,  -- whether other columns are kept
    excluded       VARCHAR[] NOT NULL,-- those that aren't
    fitted         VARCHAR NOT NULL,  -- JSON of transform.Fitted; null where nothing is fitted
    statement      VARCHAR NOT NULL,  -- the user's text
    query          VARCHAR NOT NULL,  -- what it was fitted on
    fingerprint    VARCHAR,           -- of what was learned from, independent of its order; NULL where nothing was
    fitted_rows    BIGINT,
    program        VARCHAR NOT NULL,
    warnings       VARCHAR[] NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    created_by     VARCHAR NOT NULL,
    PRIMARY KEY (transformation, version)
);

-- The stack of each alias; 'default' is the one that a bare name means. The newest entry is in force;
-- ROLLBACK TRANSFORMATION marks it undone and so returns to the one before.
CREATE TABLE eider.transformation_alias_store (
    transformation VARCHAR NOT NULL,
    alias          VARCHAR NOT NULL,
    number         INTEGER NOT NULL,  -- place in the history of the alias, from 1
    version        INTEGER NOT NULL,
    set_at         TIMESTAMPTZ NOT NULL,
    set_by         VARCHAR NOT NULL,
    undone_at      TIMESTAMPTZ,
    PRIMARY KEY (transformation, alias, number)
);

CREATE VIEW eider.transformations AS
SELECT t.transformation, t.name,
       (SELECT arg_max(a.version, a.number) FROM eider.transformation_alias_store a
        WHERE a.transformation = t.transformation AND a.alias = 'default' AND a.undone_at IS NULL) AS current,
       t.next - 1 AS latest,
       (SELECT count(*) FROM eider.transformation_version_store v WHERE v.transformation = t.transformation) AS versions,
       coalesce((SELECT map_from_entries(list({k: a.alias, v: a.version} ORDER BY a.alias)) FROM (
           SELECT alias, arg_max(version, number) AS version FROM eider.transformation_alias_store s
           WHERE s.transformation = t.transformation AND s.undone_at IS NULL GROUP BY alias) a), MAP {}) AS aliases,
       o.owner, t.created_at, (SELECT max(created_at) FROM eider.transformation_version_store v WHERE v.transformation = t.transformation) AS fitted_at
FROM eider.transformation_store t
LEFT JOIN (SELECT lower(concat_ws('.', nullif(nullif(lower(schema_name), 'main'), ''), object)) AS transformation, owner FROM eider.owner_store WHERE kind = 'transformation') o
    ON o.transformation = lower(t.transformation)
WHERE eider_has_role(current_connection_id(), coalesce(o.owner, ''))
   OR EXISTS (SELECT 1 FROM eider.grant_store g WHERE g.kind = 'transformation'
              AND lower(concat_ws('.', nullif(nullif(lower(g.schema_name), 'main'), ''), g.object)) = lower(t.transformation)
              AND eider_has_role(current_connection_id(), g.grantee));
COMMENT ON VIEW eider.transformations IS 'The transformations: those that the role owns or was granted something on, all for a superuser.';
COMMENT ON COLUMN eider.transformations.transformation IS 'The key: the name in lower case, with its schema unless that is main.';
COMMENT ON COLUMN eider.transformations.name IS 'The name as it was first written.';
COMMENT ON COLUMN eider.transformations.current IS 'The version that the bare name means.';
COMMENT ON COLUMN eider.transformations.latest IS 'The greatest version number that was ever given; numbers are never used again.';
COMMENT ON COLUMN eider.transformations.versions IS 'How many versions are kept.';
COMMENT ON COLUMN eider.transformations.aliases IS 'Every alias with its version; default is the bare name.';
COMMENT ON COLUMN eider.transformations.owner IS 'The role that made it; NULL for a superuser.';
COMMENT ON COLUMN eider.transformations.created_at IS 'When its first version was made.';
COMMENT ON COLUMN eider.transformations.fitted_at IS 'When the newest version that is kept was made.';

CREATE VIEW eider.transformation_versions AS
SELECT v.transformation, v.version,
       coalesce((SELECT list(a.alias ORDER BY a.alias) FROM (
           SELECT alias, arg_max(version, number) AS version FROM eider.transformation_alias_store s
           WHERE s.transformation = v.transformation AND s.undone_at IS NULL GROUP BY alias) a WHERE a.version = v.version), []) AS aliases,
       v.signature, v.outputs, v.star, v.excluded, v.fitted_rows, v.fingerprint, v.warnings, v.statement, v.query, v.program, v.created_at, v.created_by
FROM eider.transformation_version_store v WHERE v.transformation IN (SELECT transformation FROM eider.transformations);
COMMENT ON VIEW eider.transformation_versions IS 'The versions of transformations.';
COMMENT ON COLUMN eider.transformation_versions.transformation IS 'Key of the transformation.';
COMMENT ON COLUMN eider.transformation_versions.version IS 'Number of the version, from 1.';
COMMENT ON COLUMN eider.transformation_versions.aliases IS 'The aliases that mean this version; default is the bare name.';
COMMENT ON COLUMN eider.transformation_versions.signature IS 'The columns that it needs, with their types, as JSON.';
COMMENT ON COLUMN eider.transformation_versions.outputs IS 'The columns that it makes, with their types and expressions, as JSON.';
COMMENT ON COLUMN eider.transformation_versions.star IS 'Whether it keeps the other columns of the rows that it is applied to.';
COMMENT ON COLUMN eider.transformation_versions.excluded IS 'The columns that it doesn''t keep.';
COMMENT ON COLUMN eider.transformation_versions.fitted_rows IS 'How many rows it was fitted on; NULL where no item is fitted.';
COMMENT ON COLUMN eider.transformation_versions.fingerprint IS 'Hash of the values that it was fitted on, whatever their order; NULL where no item is fitted.';
COMMENT ON COLUMN eider.transformation_versions.warnings IS 'What looked wrong with the data.';
COMMENT ON COLUMN eider.transformation_versions.statement IS 'The statement that made it.';
COMMENT ON COLUMN eider.transformation_versions.query IS 'The query that it was fitted on.';
COMMENT ON COLUMN eider.transformation_versions.program IS 'The program that made it, with its version.';
COMMENT ON COLUMN eider.transformation_versions.created_at IS 'When it was made.';
COMMENT ON COLUMN eider.transformation_versions.created_by IS 'The role that made it.';
