-- The newest unfinished executions of a user, among which the next one's priority is found: reading some is enough,
-- however many there are.

DROP INDEX executions_unfinished_by_user;
CREATE INDEX executions_unfinished_by_user ON executions (user_id, id) WHERE completed_at IS NULL;
