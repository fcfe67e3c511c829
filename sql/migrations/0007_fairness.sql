-- Whoever has many executions waiting stands behind those who have few: the later ones of a user get a priority
-- for the queue, 1 before 2 and so on, while 0 goes before all of them.

ALTER TABLE executions ADD COLUMN priority integer NOT NULL DEFAULT 0;

CREATE INDEX executions_running_by_user ON executions (user_id) WHERE status = 'RUNNING';
