CREATE SCHEMA eider;

CREATE TABLE eider.migrations (
    version    INTEGER NOT NULL,
    name       VARCHAR NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL,
    program    VARCHAR NOT NULL
);
COMMENT ON TABLE eider.migrations IS 'The steps that built this schema; the greatest version is the schema''s.';
COMMENT ON COLUMN eider.migrations.version IS 'Number of the step, from 1 without gaps.';
COMMENT ON COLUMN eider.migrations.name IS 'What the step is about.';
COMMENT ON COLUMN eider.migrations.applied_at IS 'When the step was applied to this database.';
COMMENT ON COLUMN eider.migrations.program IS 'The program that applied it, with its version.';

CREATE VIEW eider.functions AS
SELECT name, family, kind, signature, returns, summary, example, source FROM eider_functions();
COMMENT ON VIEW eider.functions IS 'The functions that Eider adds to DuckDB''s.';
COMMENT ON COLUMN eider.functions.name IS 'Name of the function.';
COMMENT ON COLUMN eider.functions.family IS 'The group that it belongs to: text, stats, ….';
COMMENT ON COLUMN eider.functions.kind IS 'scalar, macro or table.';
COMMENT ON COLUMN eider.functions.signature IS 'Parameters with their types; those in brackets may be left out.';
COMMENT ON COLUMN eider.functions.returns IS 'Type of the result.';
COMMENT ON COLUMN eider.functions.summary IS 'What it does, in one sentence.';
COMMENT ON COLUMN eider.functions.example IS 'A query that shows it.';
COMMENT ON COLUMN eider.functions.source IS 'Where its definition comes from, if anywhere.';

CREATE VIEW eider.statements AS
SELECT name, call, summary, syntax, example FROM eider_statements();
COMMENT ON VIEW eider.statements IS 'The statements that Eider adds to DuckDB''s.';
COMMENT ON COLUMN eider.statements.name IS 'Name of the statement, which is also its command tag.';
COMMENT ON COLUMN eider.statements.call IS 'The function to CALL with named arguments instead, if there is one.';
COMMENT ON COLUMN eider.statements.summary IS 'What it does, in one sentence.';
COMMENT ON COLUMN eider.statements.syntax IS 'Its grammar.';
COMMENT ON COLUMN eider.statements.example IS 'A statement that shows it.';

CREATE VIEW eider.sessions AS
SELECT pid, role, application, client, state, query, started_at, state_changed_at, query_started_at, transaction_started_at
FROM eider_sessions(current_connection_id());
COMMENT ON VIEW eider.sessions IS 'The open sessions; other roles'' queries are shown to superusers only.';
COMMENT ON COLUMN eider.sessions.pid IS 'Number of the session, for pg_cancel_backend and pg_terminate_backend.';
COMMENT ON COLUMN eider.sessions.role IS 'The role that logged in; empty for an embedded session.';
COMMENT ON COLUMN eider.sessions.application IS 'The client''s application_name.';
COMMENT ON COLUMN eider.sessions.client IS 'The client''s address; empty for an embedded session.';
COMMENT ON COLUMN eider.sessions.state IS 'active, idle, idle in transaction, or idle in transaction (aborted).';
COMMENT ON COLUMN eider.sessions.query IS 'Text of the running or last statement; NULL where it may not be seen.';
COMMENT ON COLUMN eider.sessions.started_at IS 'When the session was opened.';
COMMENT ON COLUMN eider.sessions.state_changed_at IS 'When its state changed last.';
COMMENT ON COLUMN eider.sessions.query_started_at IS 'When the running or last statement began.';
COMMENT ON COLUMN eider.sessions.transaction_started_at IS 'When its transaction began; NULL outside one.';

CREATE VIEW eider.settings AS
SELECT name, setting, default_setting, category, description FROM eider_settings(current_connection_id());
COMMENT ON VIEW eider.settings IS 'The settings of this session: what SHOW ALL lists.';
COMMENT ON COLUMN eider.settings.name IS 'Name of the setting.';
COMMENT ON COLUMN eider.settings.setting IS 'Its value now.';
COMMENT ON COLUMN eider.settings.default_setting IS 'The value that RESET restores.';
COMMENT ON COLUMN eider.settings.category IS 'What the setting belongs to.';
COMMENT ON COLUMN eider.settings.description IS 'What it does.';
