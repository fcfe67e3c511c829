-- When a step first began in its execution, over hand-backs and crashes: a delay that was broken off waits for the rest.
ALTER TABLE execution_steps ADD COLUMN first_started_at timestamptz;
