-- What users read of models. A role sees the models that it owns or was granted something on.
CREATE VIEW eider.models AS
SELECT m.model, m.name, m.task, d.version AS deployed, m.next - 1 AS latest,
       (SELECT count(*) FROM eider.model_version_store v WHERE v.model = m.model) AS versions,
       v.algorithm, v.target, v.output_type,
       coalesce((SELECT map_from_entries(list({k: a.alias, v: a.version} ORDER BY a.alias)) FROM (
           SELECT alias, arg_max(version, number) AS version FROM eider.deployment_store s
           WHERE s.model = m.model AND s.undone_at IS NULL GROUP BY alias) a), MAP {}) AS aliases,
       o.owner, m.options, m.created_at, (SELECT max(created_at) FROM eider.model_version_store v WHERE v.model = m.model) AS trained_at
FROM eider.model_store m
LEFT JOIN (SELECT model, arg_max(version, number) AS version FROM eider.deployment_store WHERE alias = 'default' AND undone_at IS NULL GROUP BY model) d ON d.model = m.model
LEFT JOIN eider.model_version_store v ON v.model = m.model AND v.version = d.version
LEFT JOIN (SELECT lower(concat_ws('.', nullif(nullif(lower(schema_name), 'main'), ''), object)) AS model, owner FROM eider.owner_store WHERE kind = 'model') o
    ON o.model = lower(m.model)
WHERE eider_has_role(current_connection_id(), coalesce(o.owner, ''))
   OR EXISTS (SELECT 1 FROM eider.grant_store g WHERE g.kind = 'model'
              AND lower(concat_ws('.', nullif(nullif(lower(g.schema_name), 'main'), ''), g.object)) = lower(m.model)
              AND eider_has_role(current_connection_id(), g.grantee));
COMMENT ON VIEW eider.models IS 'The models: those that the role owns or was granted something on, all for a superuser.';
COMMENT ON COLUMN eider.models.model IS 'The model''s key: its name in lower case, with its schema unless that is main.';
COMMENT ON COLUMN eider.models.name IS 'The name as it was first written.';
COMMENT ON COLUMN eider.models.task IS 'classification, regression or clustering.';
COMMENT ON COLUMN eider.models.deployed IS 'The version that the bare name means; NULL while none is deployed.';
COMMENT ON COLUMN eider.models.latest IS 'The greatest version number that was ever given; numbers are never used again.';
COMMENT ON COLUMN eider.models.versions IS 'How many versions are kept.';
COMMENT ON COLUMN eider.models.algorithm IS 'Algorithm of the deployed version.';
COMMENT ON COLUMN eider.models.target IS 'The column that the deployed version predicts.';
COMMENT ON COLUMN eider.models.output_type IS 'SQL type that predict returns.';
COMMENT ON COLUMN eider.models.aliases IS 'Every alias with its version; default is the bare name.';
COMMENT ON COLUMN eider.models.owner IS 'The role that made it; NULL for a superuser.';
COMMENT ON COLUMN eider.models.options IS 'What ALTER MODEL … SET keeps, as JSON.';
COMMENT ON COLUMN eider.models.created_at IS 'When its first version was begun.';
COMMENT ON COLUMN eider.models.trained_at IS 'When the newest version that is kept was made.';

CREATE VIEW eider.deployments AS
SELECT d.model, d.alias, d.number, d.version,
       d.undone_at IS NULL AND d.number = max(d.number) FILTER (WHERE d.undone_at IS NULL) OVER (PARTITION BY d.model, d.alias) AS in_force,
       d.reason, d.deployed_at, d.deployed_by, d.undone_at
FROM eider.deployment_store d WHERE d.model IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.deployments IS 'Which version each alias of a model meant, and when.';
COMMENT ON COLUMN eider.deployments.model IS 'Key of the model.';
COMMENT ON COLUMN eider.deployments.alias IS 'The alias; default is what the bare name means.';
COMMENT ON COLUMN eider.deployments.number IS 'Place in the history of the alias, from 1.';
COMMENT ON COLUMN eider.deployments.version IS 'The version that was deployed.';
COMMENT ON COLUMN eider.deployments.in_force IS 'Whether it is what the alias means now.';
COMMENT ON COLUMN eider.deployments.reason IS 'Why: first version, better on the rows that neither saw, DEPLOY MODEL, ….';
COMMENT ON COLUMN eider.deployments.deployed_at IS 'When it was deployed.';
COMMENT ON COLUMN eider.deployments.deployed_by IS 'The role that did it.';
COMMENT ON COLUMN eider.deployments.undone_at IS 'When ROLLBACK MODEL took it back, or its alias or version was dropped; NULL if that never happened.';

CREATE VIEW eider.model_versions AS
SELECT v.model, v.version, v.algorithm, v.task, v.target, v.output_type, v.classes, v.positive, v.features,
       coalesce((SELECT list(d.alias ORDER BY d.alias) FROM eider.deployments d WHERE d.model = v.model AND d.version = v.version AND d.in_force), []) AS aliases,
       v.signature, v.rows_train, v.rows_test, v.seed, v.fingerprint, v.warnings, v.statement, v.query,
       v.artifact, (SELECT octet_length(a.data) FROM eider.artifact_store a WHERE a.hash = v.artifact) AS artifact_bytes,
       v.program, v.library, v.run_id, v.created_at, v.created_by
FROM eider.model_version_store v WHERE v.model IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.model_versions IS 'The versions of models.';
COMMENT ON COLUMN eider.model_versions.model IS 'Key of the model.';
COMMENT ON COLUMN eider.model_versions.version IS 'Number of the version, from 1.';
COMMENT ON COLUMN eider.model_versions.algorithm IS 'The algorithm that won.';
COMMENT ON COLUMN eider.model_versions.task IS 'classification, regression or clustering.';
COMMENT ON COLUMN eider.model_versions.target IS 'The column that it predicts; NULL for clustering.';
COMMENT ON COLUMN eider.model_versions.output_type IS 'SQL type that predict returns.';
COMMENT ON COLUMN eider.model_versions.classes IS 'The classes, in the order of the scores; NULL where there are none.';
COMMENT ON COLUMN eider.model_versions.positive IS 'The class that counts as positive, with two classes.';
COMMENT ON COLUMN eider.model_versions.features IS 'What the estimator sees, after TRANSFORM.';
COMMENT ON COLUMN eider.model_versions.aliases IS 'The aliases that mean this version; default is the bare name.';
COMMENT ON COLUMN eider.model_versions.signature IS 'The columns that predict needs, with their types, as JSON.';
COMMENT ON COLUMN eider.model_versions.rows_train IS 'How many rows it was trained on.';
COMMENT ON COLUMN eider.model_versions.rows_test IS 'How many rows it was tested on.';
COMMENT ON COLUMN eider.model_versions.seed IS 'The seed of everything random.';
COMMENT ON COLUMN eider.model_versions.fingerprint IS 'Hash of the training data, whatever its order.';
COMMENT ON COLUMN eider.model_versions.warnings IS 'What looked wrong with the data.';
COMMENT ON COLUMN eider.model_versions.statement IS 'The statement that made it.';
COMMENT ON COLUMN eider.model_versions.query IS 'Its query.';
COMMENT ON COLUMN eider.model_versions.artifact IS 'SHA-256 of the model''s bytes.';
COMMENT ON COLUMN eider.model_versions.artifact_bytes IS 'Size of the model.';
COMMENT ON COLUMN eider.model_versions.program IS 'The program that made it, with its version.';
COMMENT ON COLUMN eider.model_versions.library IS 'The native library that trained it, with its version; NULL for none.';
COMMENT ON COLUMN eider.model_versions.run_id IS 'The run that made it.';
COMMENT ON COLUMN eider.model_versions.created_at IS 'When it was made.';
COMMENT ON COLUMN eider.model_versions.created_by IS 'The role that made it.';

CREATE VIEW eider.runs AS
SELECT run_id, model, version, kind, state, statement, role, started_at, seconds, phases, sqlstate, error
FROM eider.run_store
WHERE eider_has_role(current_connection_id(), role) OR model IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.runs IS 'Every run that trained, imported or evaluated a model, also those that failed or were rolled back.';
COMMENT ON COLUMN eider.runs.run_id IS 'Name of the run.';
COMMENT ON COLUMN eider.runs.model IS 'Key of the model.';
COMMENT ON COLUMN eider.runs.version IS 'The version that it made or evaluated; NULL if it came to none.';
COMMENT ON COLUMN eider.runs.kind IS 'train, retrain, import or evaluate.';
COMMENT ON COLUMN eider.runs.state IS 'succeeded, failed or cancelled. A run that succeeded may have been rolled back with its transaction.';
COMMENT ON COLUMN eider.runs.statement IS 'The statement.';
COMMENT ON COLUMN eider.runs.role IS 'The role that ran it.';
COMMENT ON COLUMN eider.runs.started_at IS 'When it began.';
COMMENT ON COLUMN eider.runs.seconds IS 'How long it took.';
COMMENT ON COLUMN eider.runs.phases IS 'Seconds by phase, as JSON.';
COMMENT ON COLUMN eider.runs.sqlstate IS 'SQLSTATE of the failure.';
COMMENT ON COLUMN eider.runs.error IS 'Message of the failure.';

CREATE VIEW eider.metrics AS
SELECT run_id, model, version, split, metric, slice, value, ci_low, ci_high, baseline, n
FROM eider.metric_store WHERE model IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.metrics IS 'What was measured of models.';
COMMENT ON COLUMN eider.metrics.run_id IS 'The run that measured it.';
COMMENT ON COLUMN eider.metrics.model IS 'Key of the model.';
COMMENT ON COLUMN eider.metrics.version IS 'Number of the version.';
COMMENT ON COLUMN eider.metrics.split IS 'The rows: test, train, cv (folds), or on for the relation of EVALUATE MODEL.';
COMMENT ON COLUMN eider.metrics.metric IS 'Name of the metric.';
COMMENT ON COLUMN eider.metrics.slice IS 'The part of the rows; NULL for all.';
COMMENT ON COLUMN eider.metrics.value IS 'Its value; NULL where the rows allow none.';
COMMENT ON COLUMN eider.metrics.ci_low IS 'Lower end of the 95 % confidence interval.';
COMMENT ON COLUMN eider.metrics.ci_high IS 'Upper end of the 95 % confidence interval.';
COMMENT ON COLUMN eider.metrics.baseline IS 'The same metric of a model that knows no feature.';
COMMENT ON COLUMN eider.metrics.n IS 'How many rows it was measured on.';

CREATE VIEW eider.params AS
SELECT run_id, model, version, trial, name, value
FROM eider.param_store WHERE model IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.params IS 'The parameters of models, and those that tuning tried.';
COMMENT ON COLUMN eider.params.run_id IS 'The run.';
COMMENT ON COLUMN eider.params.model IS 'Key of the model.';
COMMENT ON COLUMN eider.params.version IS 'Number of the version.';
COMMENT ON COLUMN eider.params.trial IS 'Number of the trial; NULL for what was kept.';
COMMENT ON COLUMN eider.params.name IS 'Name of the parameter; a trial also has algorithm and value, its metric.';
COMMENT ON COLUMN eider.params.value IS 'Its value, as JSON.';

CREATE VIEW eider.curves AS
SELECT run_id, model, version, curve, point, label, x, y, z
FROM eider.curve_store WHERE model IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.curves IS 'Points of curves and bars, for plots.';
COMMENT ON COLUMN eider.curves.run_id IS 'The run that measured them.';
COMMENT ON COLUMN eider.curves.model IS 'Key of the model.';
COMMENT ON COLUMN eider.curves.version IS 'Number of the version.';
COMMENT ON COLUMN eider.curves.curve IS 'roc, pr, calibration, confusion, thresholds, gains, or importance with its method.';
COMMENT ON COLUMN eider.curves.point IS 'Place of the point, from 0.';
COMMENT ON COLUMN eider.curves.label IS 'What the point is about: a class, a feature.';
COMMENT ON COLUMN eider.curves.x IS 'First coordinate.';
COMMENT ON COLUMN eider.curves.y IS 'Second coordinate.';
COMMENT ON COLUMN eider.curves.z IS 'Third coordinate: a threshold, a count.';

CREATE VIEW eider.lineage AS
SELECT kind, object, version, col AS column_name, source_kind, source, source_col AS source_column, how
FROM eider.lineage_store WHERE kind <> 'model' OR object IN (SELECT model FROM eider.models);
COMMENT ON VIEW eider.lineage IS 'What depends on what: a model on the tables and columns of its query.';
COMMENT ON COLUMN eider.lineage.kind IS 'What depends: model.';
COMMENT ON COLUMN eider.lineage.object IS 'Its name.';
COMMENT ON COLUMN eider.lineage.version IS 'Version of the model.';
COMMENT ON COLUMN eider.lineage.column_name IS 'The model''s input or target; NULL for the model as a whole.';
COMMENT ON COLUMN eider.lineage.source_kind IS 'table, view, model, or function.';
COMMENT ON COLUMN eider.lineage.source IS 'Name of the source, with its schema.';
COMMENT ON COLUMN eider.lineage.source_column IS 'Its column; NULL for the source as a whole.';
COMMENT ON COLUMN eider.lineage.how IS 'feature, target, id, weight, time, group or row (which rows there are); unknown where it can''t be told.';
