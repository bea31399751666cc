-- Relations of the session, in PostgreSQL's terms, from DuckDB's own lists.

CREATE VIEW eider_sys.live.table_or_view AS
  SELECT table_oid::BIGINT AS oid, table_name AS name, eider_sys.live.schema_oid(database_name, schema_name, schema_oid)::BIGINT AS nsp, 'r' AS kind,
    CASE WHEN temporary THEN 't' ELSE 'p' END AS persistence, column_count AS natts, check_constraint_count AS checks, estimated_size::FLOAT AS rows,
    comment, database_name, schema_name, sql
  FROM duckdb_tables() WHERE NOT internal AND eider_sys.live.mine(database_name) AND eider_sys.live.seen(database_name, schema_name, table_name)
  UNION ALL
  SELECT view_oid, view_name, eider_sys.live.schema_oid(database_name, schema_name, schema_oid), 'v', CASE WHEN temporary THEN 't' ELSE 'p' END,
    column_count, 0, -1, comment, database_name, schema_name, sql
  FROM duckdb_views() WHERE NOT internal AND eider_sys.live.mine(database_name) AND eider_sys.live.seen(database_name, schema_name, view_name);

CREATE VIEW eider_sys.live.sequence AS
  SELECT sequence_oid::BIGINT AS oid, sequence_name AS name, eider_sys.live.schema_oid(database_name, schema_name, schema_oid)::BIGINT AS nsp,
    CASE WHEN temporary THEN 't' ELSE 'p' END AS persistence, start_value, min_value, max_value, increment_by, cycle, last_value, comment, database_name, schema_name
  FROM duckdb_sequences() WHERE eider_sys.live.mine(database_name) AND eider_sys.live.seen(database_name, schema_name, sequence_name);

-- Constraints with the names that PostgreSQL would choose: DuckDB keeps none. NOT NULL is a property of the column.
CREATE VIEW eider_sys.live.constraint AS
  SELECT * EXCLUDE (base), base || CASE WHEN again = 1 THEN '' ELSE (again - 1)::VARCHAR END AS name,
    CASE WHEN type IN ('p', 'u') THEN eider_sys.live.constraint_index_oid(relid, ord) END AS index_oid
  FROM (SELECT *, row_number() OVER (PARTITION BY database_name, nsp, base ORDER BY relid, ord) AS again
    FROM (SELECT table_oid::BIGINT AS relid, row_number() OVER (PARTITION BY table_oid ORDER BY constraint_index) AS ord,
        eider_sys.live.constraint_oid(table_oid, row_number() OVER (PARTITION BY table_oid ORDER BY constraint_index))::BIGINT AS oid,
        CASE constraint_type WHEN 'PRIMARY KEY' THEN 'p' WHEN 'UNIQUE' THEN 'u' WHEN 'FOREIGN KEY' THEN 'f' ELSE 'c' END AS type,
        table_name || CASE
          WHEN constraint_type = 'PRIMARY KEY' THEN '_pkey'
          WHEN constraint_type = 'UNIQUE' THEN '_' || array_to_string(constraint_column_names, '_') || '_key'
          WHEN constraint_type = 'FOREIGN KEY' THEN '_' || array_to_string(constraint_column_names, '_') || '_fkey'
          WHEN len(constraint_column_names) = 1 THEN '_' || constraint_column_names[1] || '_check'
          ELSE '_check' END AS base,
        eider_sys.live.schema_oid(database_name, schema_name, schema_oid)::BIGINT AS nsp,
        [(i + 1)::SMALLINT FOR i IN constraint_column_indexes] AS keys, constraint_column_names AS columns, expression,
        referenced_table, referenced_column_names AS referenced_columns, database_name, schema_name, table_name
      FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY', 'CHECK') AND eider_sys.live.mine(database_name)
        AND eider_sys.live.seen(database_name, schema_name, table_name)));

-- Indexes: the user's, then those that stand behind PRIMARY KEY and UNIQUE. keys are column names or expressions as SQL.
CREATE VIEW eider_sys.live.index AS
  SELECT index_oid::BIGINT AS oid, table_oid::BIGINT AS relid, index_name AS name, eider_sys.live.schema_oid(database_name, schema_name, schema_oid)::BIGINT AS nsp,
    is_unique, false AS is_primary, expressions::VARCHAR[] AS keys, comment, database_name, schema_name, table_name
  FROM duckdb_indexes() WHERE eider_sys.live.mine(database_name) AND eider_sys.live.seen(database_name, schema_name, table_name)
  UNION ALL
  SELECT index_oid, relid, name, nsp, true, type = 'p', [eider_sys.live.duck_ident(c) FOR c IN columns], NULL, database_name, schema_name, table_name
  FROM eider_sys.live.constraint WHERE type IN ('p', 'u');

-- One row a key of an index; num is 0 for an expression.
CREATE VIEW eider_sys.live.index_key AS
  SELECT k.oid, k.relid, k.ord, coalesce(c.column_index, 0)::SMALLINT AS num, c.column_name AS column_name, k.key AS expression
  FROM (SELECT oid, relid, unnest(keys) AS key, generate_subscripts(keys, 1) AS ord FROM eider_sys.live.index) k
  LEFT JOIN (SELECT table_oid, column_index, column_name FROM duckdb_columns() WHERE NOT internal AND eider_sys.live.mine(database_name)) c
    ON c.table_oid = k.relid AND c.column_name = CASE WHEN k.key[1] = '"' THEN replace(k.key[2:-2], '""', '"') ELSE k.key END;
