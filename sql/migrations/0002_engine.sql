-- Steps inside a loop are logged an item at a time (iteration 1, 2, …; 0 is outside of any loop), steps say how
-- often they were tried, and executions what started them, when they began to run, and how often a runner left them unfinished.

ALTER TABLE execution_steps
	ADD COLUMN iteration integer NOT NULL DEFAULT 0,
	ADD COLUMN attempts integer NOT NULL DEFAULT 1,
	DROP CONSTRAINT execution_steps_pkey,
	ADD PRIMARY KEY (execution_id, node_id, iteration);

ALTER TABLE executions
	ADD COLUMN trigger json,
	ADD COLUMN crashes integer NOT NULL DEFAULT 0,
	ADD COLUMN first_claimed_at timestamptz(3);

-- What a log shows of a large input or output; the data itself stays whole.
CREATE FUNCTION shown(value json) RETURNS json LANGUAGE sql IMMUTABLE AS
$$ SELECT CASE WHEN octet_length(value::text) > 262144
	THEN json_build_object('cut', true, 'bytes', octet_length(value::text),
		'note', 'Too large for the log; the workflow had all of it', 'begin', left(value::text, 2000))
	ELSE value END $$;

CREATE OR REPLACE FUNCTION step_json(s execution_steps) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT ('{' || concat_ws(',',
	'"nodeId":' || to_json(s.node_id),
	'"nodeType":' || to_json(s.node_type),
	'"nodeTitle":' || to_json(s.node_title),
	'"iteration":' || nullif(s.iteration, 0),
	'"status":' || to_json(s.status),
	'"startedAt":' || to_json(iso(s.started_at)),
	'"completedAt":' || to_json(iso(s.completed_at)),
	'"durationMs":' || s.duration_ms,
	'"attempts":' || CASE WHEN s.status IN ('success', 'error') THEN s.attempts END,
	'"input":' || shown(s.input),
	'"output":' || shown(s.output),
	'"error":' || to_json(s.error),
	'"errorStack":' || to_json(s.error_stack),
	'"cost":' || s.cost,
	'"notes":' || s.notes,
	'"reusedFrom":' || to_json(s.reused_from)) || '}')::json $$;

-- A loop's node has a row a run of its own; the one that stood for it before is not shown then.
CREATE OR REPLACE FUNCTION execution_logs(execution uuid) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_agg(step_json(s) ORDER BY s.position, s.iteration) FROM execution_steps s
	WHERE s.execution_id = execution AND (s.iteration > 0 OR NOT EXISTS (
		SELECT FROM execution_steps i
		WHERE i.execution_id = execution AND i.node_id = s.node_id AND i.iteration > 0)) $$;

CREATE OR REPLACE FUNCTION run_log(e executions) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', e.id, 'workflowId', e.workflow_id,
	'status', CASE e.status WHEN 'RUNNING' THEN 'running' WHEN 'COMPLETED' THEN 'success' ELSE 'error' END,
	'startedAt', iso(e.started_at), 'completedAt', iso(e.completed_at),
	'steps', coalesce((SELECT json_agg(json_build_object('nodeId', s.node_id, 'nodeTitle', s.node_title,
			'status', s.status, 'startedAt', iso(s.started_at), 'completedAt', iso(s.completed_at),
			'output', shown(s.output), 'error', s.error) ORDER BY s.position, s.iteration)
		FROM execution_steps s WHERE s.execution_id = e.id), '[]')) $$;
