-- Ended executions are found by their age.
CREATE INDEX executions_ended ON executions (completed_at) WHERE status <> 'RUNNING';
