-- A function of the language SQL that is not folded into its statement is parsed and planned anew with each one. `shown`
-- was kept from being folded by being called immutable, which making JSON is not; the others read tables, and are not
-- folded whatever they are called: what PL/pgSQL has planned it keeps.

CREATE OR REPLACE FUNCTION shown(value json) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN octet_length(value::text) > 262144
	THEN json_build_object('cut', true, 'bytes', octet_length(value::text),
		'note', 'Too large for the log; the workflow had all of it', 'begin', left(value::text, 2000))
	ELSE value END $$;

CREATE OR REPLACE FUNCTION execution_logs(execution uuid) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT json_agg(step_json(s) ORDER BY s.position, s.iteration) FROM execution_steps s
		WHERE s.execution_id = execution AND (s.iteration > 0 OR NOT EXISTS (
			SELECT FROM execution_steps i
			WHERE i.execution_id = execution AND i.node_id = s.node_id AND i.iteration > 0)));
END $$;

CREATE OR REPLACE FUNCTION run_log(e executions) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN json_build_object('id', e.id, 'workflowId', e.workflow_id,
		'status', CASE e.status WHEN 'RUNNING' THEN 'running' WHEN 'COMPLETED' THEN 'success' ELSE 'error' END,
		'startedAt', iso(e.started_at), 'completedAt', iso(e.completed_at),
		'steps', coalesce((SELECT json_agg(json_build_object('nodeId', s.node_id, 'nodeTitle', s.node_title,
				'status', s.status, 'startedAt', iso(s.started_at), 'completedAt', iso(s.completed_at),
				'output', shown(s.output), 'error', s.error) ORDER BY s.position, s.iteration)
			FROM execution_steps s WHERE s.execution_id = e.id), '[]'));
END $$;

CREATE OR REPLACE FUNCTION workflow_json(w workflows) RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN json_build_object('id', w.id, 'name', w.name, 'description', w.description, 'status', w.status,
		'nodes', w.nodes, 'edges', w.edges,
		'lastCompletedRunLog', (SELECT run_log(e) FROM executions e
			WHERE e.workflow_id = w.id AND e.status <> 'RUNNING' ORDER BY e.started_at DESC, e.id DESC LIMIT 1),
		'lastRunLog', (SELECT run_log(e) FROM executions e
			WHERE e.workflow_id = w.id ORDER BY e.started_at DESC, e.id DESC LIMIT 1),
		'userId', w.user_id, 'createdAt', iso(w.created_at), 'updatedAt', iso(w.updated_at));
END $$;
