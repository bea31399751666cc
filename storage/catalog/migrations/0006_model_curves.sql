-- Plots of a model's test as tables: SELECT * FROM eider.roc('churn'), of churn@3, of churn@prod. Of a model that
-- the role may not see, or that has no such plot, there are no rows.
CREATE MACRO eider.model_curve(which, plot) AS TABLE
SELECT c.label AS label, c.x AS x, c.y AS y, c.z AS z, c.point AS point, v.classes AS classes
FROM eider.curves c JOIN eider.model_versions v ON v.run_id = c.run_id AND v.model = c.model AND v.version = c.version
WHERE c.curve = plot AND v.model = lower(split_part(which, '@', 1))
  AND v.version = coalesce(try_cast(nullif(split_part(which, '@', 2), '') AS INTEGER),
      (SELECT d.version FROM eider.deployments d WHERE d.model = lower(split_part(which, '@', 1))
       AND d.alias = coalesce(lower(nullif(split_part(which, '@', 2), '')), 'default') AND d.in_force));

CREATE MACRO eider.roc(which) AS TABLE
SELECT p.x AS false_positive_rate, p.y AS true_positive_rate, p.z AS threshold, repeat('█', CAST(round(30 * p.y) AS INTEGER)) AS plot
FROM eider.model_curve(which, 'roc') p ORDER BY p.point;

CREATE MACRO eider.confusion(which) AS TABLE
SELECT p.classes[CAST(p.x AS INTEGER) + 1] AS actual, p.classes[CAST(p.y AS INTEGER) + 1] AS predicted, p.z AS rows
FROM eider.model_curve(which, 'confusion') p ORDER BY p.x, p.y;

CREATE MACRO eider.calibration(which) AS TABLE
SELECT coalesce(p.classes[try_cast(p.label AS INTEGER) + 1], p.classes[2]) AS class, p.x AS mean_probability, p.y AS share, p.z AS rows
FROM eider.model_curve(which, 'calibration') p ORDER BY p.point;

CREATE MACRO eider.thresholds(which) AS TABLE
SELECT p.x AS threshold, max(p.y) FILTER (WHERE p.label = 'precision') AS precision, max(p.y) FILTER (WHERE p.label = 'recall') AS recall,
       max(p.y) FILTER (WHERE p.label = 'f1') AS f1, max(p.z) AS predicted_positive
FROM eider.model_curve(which, 'thresholds') p GROUP BY p.x ORDER BY p.x;
