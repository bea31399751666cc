-- Models. TRAIN, DEPLOY and their like write the tables in the caller's transaction; users read the
-- views. model is a model's key: its name in lower case, with schema. before it unless that is main.
CREATE SCHEMA eider_models;

CREATE TABLE eider.model_store (
    model      VARCHAR PRIMARY KEY,
    name       VARCHAR NOT NULL,  -- as it was written
    task       VARCHAR NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    next       INTEGER NOT NULL,  -- the version number to give next; numbers are never used again
    options    VARCHAR NOT NULL   -- JSON: what ALTER MODEL … SET keeps
);

CREATE TABLE eider.model_version_store (
    model         VARCHAR NOT NULL,
    version       INTEGER NOT NULL,
    run_id        VARCHAR NOT NULL,
    algorithm     VARCHAR NOT NULL,
    task          VARCHAR NOT NULL,
    artifact      VARCHAR NOT NULL,  -- hash in artifact_store
    target        VARCHAR,
    output_type   VARCHAR NOT NULL,  -- SQL type that predict returns
    classes       VARCHAR[],         -- text of the classes in the scorer's order; NULL for none
    class_sql     VARCHAR[],         -- a literal of each
    positive      VARCHAR,
    signature     VARCHAR NOT NULL,  -- JSON: [{"name": …, "type": …}], the columns that predict needs, in the macros' order
    transform     VARCHAR NOT NULL,  -- JSON of transform.Fitted
    features      VARCHAR[] NOT NULL,-- names of what the estimator sees
    feature_sql   VARCHAR[] NOT NULL,-- one DOUBLE expression over the signature each; with groups one more, the group's number
    unseen        VARCHAR NOT NULL DEFAULT '[]', -- JSON: [{"column": …, "sql": …}], expressions that tell of categories that training didn't see
    groups        VARCHAR[],         -- values of PARTITION BY that have an estimator of their own; NULL without it
    spec          VARCHAR NOT NULL,  -- JSON of train.Spec
    statement     VARCHAR NOT NULL,  -- the user's text; of an import, the import's
    query         VARCHAR,
    seed          BIGINT NOT NULL,
    fingerprint   VARCHAR,           -- of the training data, independent of its order
    rows_train    BIGINT,
    rows_test     BIGINT,
    identity      VARCHAR[],         -- columns whose hash names a row; NULL for all
    train_rows    BLOB,              -- sorted 64-bit hashes of the rows that training saw, little-endian
    program       VARCHAR NOT NULL,
    library       VARCHAR,           -- name and version of the native library, if one was used
    warnings      VARCHAR[] NOT NULL,
    created_at    TIMESTAMPTZ NOT NULL,
    created_by    VARCHAR NOT NULL,
    PRIMARY KEY (model, version)
);

CREATE TABLE eider.artifact_store (
    hash VARCHAR PRIMARY KEY,
    data BLOB NOT NULL
);

-- The stack of each alias; 'default' is the one that a bare name means. The newest entry is in force;
-- ROLLBACK MODEL marks it undone and so returns to the one before.
CREATE TABLE eider.deployment_store (
    model       VARCHAR NOT NULL,
    alias       VARCHAR NOT NULL,
    number      INTEGER NOT NULL,    -- place in the history of the alias, from 1
    version     INTEGER NOT NULL,
    reason      VARCHAR NOT NULL,
    deployed_at TIMESTAMPTZ NOT NULL,
    deployed_by VARCHAR NOT NULL,
    undone_at   TIMESTAMPTZ,
    PRIMARY KEY (model, alias, number)
);

-- Runs are written in transactions of their own: a run that was rolled back or that failed stays known.
CREATE TABLE eider.run_store (
    run_id     VARCHAR PRIMARY KEY,
    model      VARCHAR NOT NULL,
    version    INTEGER,              -- the number that it was to get
    kind       VARCHAR NOT NULL,     -- train, retrain, import, evaluate
    state      VARCHAR NOT NULL,     -- succeeded, failed, cancelled
    statement  VARCHAR NOT NULL,
    role       VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seconds    DOUBLE NOT NULL,
    phases     VARCHAR,              -- JSON: seconds by phase
    sqlstate   VARCHAR,
    error      VARCHAR
);

CREATE TABLE eider.metric_store (
    run_id   VARCHAR NOT NULL,
    model    VARCHAR NOT NULL,
    version  INTEGER NOT NULL,
    split    VARCHAR NOT NULL,       -- test, train, cv, or on for EVALUATE
    metric   VARCHAR NOT NULL,
    slice    VARCHAR,
    value    DOUBLE,
    ci_low   DOUBLE,
    ci_high  DOUBLE,
    baseline DOUBLE,
    n        BIGINT
);

CREATE TABLE eider.param_store (
    run_id  VARCHAR NOT NULL,
    model   VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    trial   INTEGER,                 -- NULL for the parameters that were kept
    name    VARCHAR NOT NULL,
    value   VARCHAR NOT NULL         -- JSON
);

-- Points of curves and bars, for plots: roc, pr, calibration, confusion, thresholds, importance.
CREATE TABLE eider.curve_store (
    run_id  VARCHAR NOT NULL,
    model   VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    curve   VARCHAR NOT NULL,
    point   INTEGER NOT NULL,
    label   VARCHAR,
    x       DOUBLE,
    y       DOUBLE,
    z       DOUBLE
);

CREATE TABLE eider.lineage_store (
    kind        VARCHAR NOT NULL,    -- what depends: model, table, view, …
    object      VARCHAR NOT NULL,
    version     INTEGER,
    col         VARCHAR,             -- NULL for the object as a whole
    source_kind VARCHAR NOT NULL,
    source      VARCHAR NOT NULL,
    source_col  VARCHAR,             -- NULL for the object as a whole
    how         VARCHAR NOT NULL     -- target, feature, row: what it is used for; unknown where it can't be told
);
