-- As 0014.

ALTER TABLE execution_steps DROP CONSTRAINT execution_steps_status_check;
