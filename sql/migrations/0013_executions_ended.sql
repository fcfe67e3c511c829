-- As 0010 did for those that have not ended: by another column than the status, which statements that find one execution
-- by its id ask for too. The new index is there before the old one goes, so that reading never waits.

CREATE INDEX executions_ended_at ON executions (completed_at) WHERE completed_at IS NOT NULL;
DROP INDEX executions_ended;
