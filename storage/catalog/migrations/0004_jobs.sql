CREATE VIEW eider.jobs AS
SELECT job, pid, role, statement, phase, fraction, started_at FROM eider_jobs(current_connection_id());
COMMENT ON VIEW eider.jobs IS 'The long statements that run now: all for a superuser, for others their own role''s. What is over is in eider.runs.';
COMMENT ON COLUMN eider.jobs.job IS 'Number of the job, since the database was opened.';
COMMENT ON COLUMN eider.jobs.pid IS 'The session that runs it, for pg_cancel_backend.';
COMMENT ON COLUMN eider.jobs.role IS 'The role that runs it.';
COMMENT ON COLUMN eider.jobs.statement IS 'Text of the statement.';
COMMENT ON COLUMN eider.jobs.phase IS 'What it does at the moment.';
COMMENT ON COLUMN eider.jobs.fraction IS 'How much of it is done, from 0 to 1; NULL where that is not known.';
COMMENT ON COLUMN eider.jobs.started_at IS 'When it began.';
