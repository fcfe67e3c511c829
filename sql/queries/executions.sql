-- The execution, its steps and its outbox row, in one statement. $6 is an array of
-- {nodeId, nodeType, nodeTitle} in the order in which they run. $8 is the execution whose
-- successful steps are kept, or null.
-- name: execution_create
WITH execution AS (
	INSERT INTO executions (id, workflow_id, user_id, nodes, edges, request_id, rerun_of, attempt)
	SELECT $1, w.id, w.user_id, $4, $5, $7, prior.id, coalesce(prior.attempt, 0) + 1
	FROM workflows w LEFT JOIN executions prior ON prior.id = $8::uuid AND prior.workflow_id = w.id
	WHERE w.id = $2 AND w.user_id = $3
	RETURNING *
), steps AS (
	INSERT INTO execution_steps (execution_id, position, node_id, node_type, node_title, status,
		started_at, completed_at, duration_ms, input, output, cost, notes, reused_from)
	SELECT e.id, n.position, n.step ->> 'nodeId', n.step ->> 'nodeType', n.step ->> 'nodeTitle',
		coalesce(p.status, 'idle'), p.started_at, p.completed_at, p.duration_ms, p.input, p.output,
		p.cost, p.notes, coalesce(p.reused_from, p.execution_id)
	FROM execution e CROSS JOIN json_array_elements($6::json) WITH ORDINALITY n (step, position)
	LEFT JOIN execution_steps p
		ON p.execution_id = e.rerun_of AND p.node_id = n.step ->> 'nodeId' AND p.status = 'success'
	RETURNING *
), queued AS (
	INSERT INTO outbox (execution_id) SELECT id FROM execution
)
SELECT execution_json(ROW(e.*)::executions,
	(SELECT json_agg(step_json(ROW(s.*)::execution_steps) ORDER BY s.position) FROM steps s))::text
FROM execution e

-- name: execution_graph :read
SELECT status, nodes::text, edges::text, workflow_id FROM executions WHERE id = $1 AND user_id = $2

-- name: execution_list :read
SELECT CASE WHEN w.id IS NULL THEN NULL ELSE coalesce((
	SELECT json_agg(execution_json(e, execution_logs(e.id)) ORDER BY e.started_at DESC, e.id DESC)
	FROM (SELECT * FROM executions x WHERE x.workflow_id = w.id
		ORDER BY x.started_at DESC, x.id DESC LIMIT 50) t
	JOIN executions e ON e.id = t.id), '[]')::text END
FROM workflows w WHERE w.id = $1 AND w.user_id = $2

-- name: execution_get :read
SELECT execution_json(e, execution_logs(e.id))::text FROM executions e
WHERE e.id = $2 AND e.workflow_id = $1 AND e.user_id = $3

-- name: execution_cancel
UPDATE executions SET cancel_requested = true,
	status = CASE WHEN claim_expires_at IS NULL THEN 'CANCELLED' ELSE status END,
	completed_at = CASE WHEN claim_expires_at IS NULL THEN now() END
WHERE id = $2 AND workflow_id = $1 AND user_id = $3 AND status = 'RUNNING'
RETURNING id

-- What runs. A claim is taken where nobody holds one: never claimed, given back, or run out.
-- name: execution_claim
WITH claimed AS (
	UPDATE executions SET claim = claim + 1, claimed_by = $2,
		claim_expires_at = now() + make_interval(secs => $3)
	WHERE id = $1 AND status = 'RUNNING' AND (claim_expires_at IS NULL OR claim_expires_at < now())
	RETURNING *
), taken AS (
	DELETE FROM outbox WHERE execution_id IN (SELECT id FROM claimed)
)
SELECT id, claim, workflow_id, user_id, nodes::text, edges::text, request_id FROM claimed

-- The next execution that waits for a claim, when no queue hands them out.
-- name: execution_next :read
SELECT e.id FROM executions e LEFT JOIN outbox o ON o.execution_id = e.id
WHERE e.status = 'RUNNING' AND coalesce(e.claim_expires_at, o.due_at) < now()
ORDER BY e.started_at, e.id LIMIT 1

-- name: execution_status :read
SELECT status, claim_expires_at > now() FROM executions WHERE id = $1

-- name: execution_renew
UPDATE executions SET claim_expires_at = now() + make_interval(secs => $3)
WHERE id = $1 AND claim = $2 AND status = 'RUNNING'
RETURNING cancel_requested

-- name: execution_give_back
WITH given AS (
	UPDATE executions SET claim_expires_at = NULL, claimed_by = NULL
	WHERE id = $1 AND claim = $2 AND status = 'RUNNING' RETURNING id
), steps AS (
	UPDATE execution_steps SET status = 'idle', started_at = NULL
	WHERE status = 'running' AND execution_id IN (SELECT id FROM given)
)
INSERT INTO outbox (execution_id) SELECT id FROM given ON CONFLICT DO NOTHING

-- name: execution_finish
UPDATE executions SET status = $3, error = $4, completed_at = now(), claim_expires_at = NULL
WHERE id = $1 AND claim = $2 AND status = 'RUNNING'
RETURNING id

-- Executions that a queue should hold: new ones that it may have missed, and those whose runner died.
-- name: execution_overdue :read
SELECT e.id, e.workflow_id, e.user_id FROM executions e LEFT JOIN outbox o ON o.execution_id = e.id
WHERE e.status = 'RUNNING' AND coalesce(e.claim_expires_at, o.due_at) < now() - make_interval(secs => $1)
ORDER BY e.started_at LIMIT 1000

-- name: step_outputs :read
SELECT s.node_id, s.output::text FROM execution_steps s JOIN executions e ON e.id = s.execution_id
WHERE e.id = $1 AND e.user_id = $2 AND s.status = 'success'

-- name: step_start
UPDATE execution_steps s SET status = 'running', started_at = now(), completed_at = NULL,
	duration_ms = NULL, input = $4, output = NULL, error = NULL, error_stack = NULL
FROM executions e
WHERE e.id = $1 AND e.claim = $2 AND e.status = 'RUNNING' AND s.execution_id = e.id AND s.node_id = $3
RETURNING e.cancel_requested

-- name: step_finish
UPDATE execution_steps s SET status = $4, completed_at = now(), duration_ms = $5, output = $6,
	error = $7, error_stack = $8, cost = $9, notes = $10
FROM executions e
WHERE e.id = $1 AND e.claim = $2 AND e.status = 'RUNNING' AND s.execution_id = e.id AND s.node_id = $3
RETURNING s.node_id
