-- The executions that have not ended, by other means than their status: statements that find one execution by its id also
-- ask for its status, and were led to an index of few entries by the statistics of a quiet hour, which has as many dead
-- ones as there were executions since. Without the column that a claim changes, a claim and its renewals touch no index.

ALTER TABLE executions ADD CONSTRAINT executions_end CHECK ((status = 'RUNNING') = (completed_at IS NULL));
DROP INDEX executions_running;
DROP INDEX executions_running_by_user;
CREATE INDEX executions_unfinished ON executions (id) WHERE completed_at IS NULL;
CREATE INDEX executions_unfinished_by_user ON executions (user_id) WHERE completed_at IS NULL;

-- Room on each page for the newer versions of its rows.
ALTER TABLE executions SET (fillfactor = 70);
ALTER TABLE execution_steps SET (fillfactor = 70);
