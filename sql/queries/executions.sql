-- The execution, its steps and its outbox row, in one statement. $6 is an array of {nodeId, nodeType, nodeTitle} in the
-- order in which they run; $8 the execution that this is a rerun of, or null. A user's first ten unfinished executions come
-- before those that somebody has beyond that, and an eleventh before a twelfth; from the hundred and first on they stand in
-- one line with everybody else's, in the order of their coming: counting all of a backlog made each execution dearer than
-- the one before.
-- name: execution_create
WITH execution AS (
	INSERT INTO executions (id, workflow_id, user_id, nodes, edges, request_id, trigger, rerun_of, attempt, priority)
	SELECT $1, w.id, w.user_id, $4, $5, $7, $9, prior.id, coalesce(prior.attempt, 0) + 1,
		greatest((SELECT count(*) FROM (SELECT FROM executions u
			WHERE u.user_id = w.user_id AND u.completed_at IS NULL LIMIT 100) unfinished) - 9, 0)
	FROM workflows w LEFT JOIN executions prior ON prior.id = $8::uuid AND prior.workflow_id = w.id
	WHERE w.id = $2 AND w.user_id = $3
	RETURNING *
), steps AS (
	INSERT INTO execution_steps (execution_id, position, node_id, node_type, node_title)
	SELECT e.id, n.position, n.step ->> 'nodeId', n.step ->> 'nodeType', n.step ->> 'nodeTitle'
	FROM execution e CROSS JOIN json_array_elements($6::json) WITH ORDINALITY n (step, position)
	RETURNING *
), queued AS (
	INSERT INTO outbox (execution_id) SELECT id FROM execution
)
SELECT execution_json(ROW(e.*)::executions, (
	SELECT json_agg(step_json(ROW(s.*)::execution_steps) ORDER BY s.position) FROM steps s))::text,
	e.priority
FROM execution e

-- Takes successful steps over into $1, of the user $2, from the execution that it is a rerun of; $3 is the array of the
-- nodes whose steps are kept, each with whether those inside a loop are: {nodeId, iterations}. A node inside a loop has its
-- idle step beside them, as in a first run.
-- name: execution_keep
INSERT INTO execution_steps (execution_id, position, node_id, iteration, node_type, node_title, status,
	started_at, completed_at, duration_ms, attempts, input, output, cost, notes, progress, reused_from)
SELECT e.id, n.position, n.node_id, p.iteration, n.node_type, n.node_title, p.status,
	p.started_at, p.completed_at, p.duration_ms, p.attempts, p.input, p.output, p.cost, p.notes, p.progress,
	coalesce(p.reused_from, p.execution_id)
FROM executions e CROSS JOIN json_array_elements($3::json) k
JOIN execution_steps n ON n.execution_id = e.id AND n.node_id = k ->> 'nodeId' AND n.iteration = 0
JOIN execution_steps p ON p.execution_id = e.rerun_of AND p.node_id = n.node_id AND p.status = 'success'
	AND (p.iteration = 0 OR (k ->> 'iterations')::boolean)
WHERE e.id = $1 AND e.user_id = $2
ON CONFLICT (execution_id, node_id, iteration) DO UPDATE SET status = excluded.status,
	started_at = excluded.started_at, completed_at = excluded.completed_at, duration_ms = excluded.duration_ms,
	attempts = excluded.attempts, input = excluded.input, output = excluded.output, cost = excluded.cost,
	notes = excluded.notes, progress = excluded.progress, reused_from = excluded.reused_from

-- Which steps of an execution succeeded, and inside which loops.
-- name: execution_successes :read
SELECT DISTINCT s.node_id FROM execution_steps s JOIN executions e ON e.id = s.execution_id
WHERE e.id = $1 AND e.user_id = $2 AND s.status = 'success'

-- name: execution_graph :read
SELECT status, nodes::text, edges::text, workflow_id, trigger::text FROM executions WHERE id = $1 AND user_id = $2

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

-- Where nobody runs it, it ends at once; else its runner is told when it next renews its claim.
-- name: execution_cancel
WITH asked AS (
	UPDATE executions SET cancel_requested = true,
		status = CASE WHEN claim_expires_at > now() THEN status ELSE 'CANCELLED' END,
		completed_at = CASE WHEN claim_expires_at > now() THEN completed_at ELSE now() END,
		claim = claim + CASE WHEN claim_expires_at > now() THEN 0 ELSE 1 END
	WHERE id = $2 AND workflow_id = $1 AND user_id = $3 AND status = 'RUNNING'
	RETURNING id, status
), ended AS (
	DELETE FROM outbox WHERE execution_id IN (SELECT id FROM asked WHERE status = 'CANCELLED')
), steps AS (
	UPDATE execution_steps SET status = 'idle', started_at = NULL
	WHERE status = 'running' AND execution_id IN (SELECT id FROM asked WHERE status = 'CANCELLED')
)
SELECT id FROM asked

-- What runs, and whether steps of it may have succeeded before: what another claim is just writing is not seen here. A
-- claim is taken where nobody holds one: never claimed, given back, or run out.
-- name: execution_claim :joins
WITH claimed AS (
	UPDATE executions SET claim = claim + 1, claimed_by = $2,
		crashes = crashes + (claim_expires_at IS NOT NULL)::integer,
		first_claimed_at = coalesce(first_claimed_at, now()),
		claim_expires_at = now() + make_interval(secs => $3)
	WHERE id = $1 AND status = 'RUNNING' AND (claim_expires_at IS NULL OR claim_expires_at < now())
	RETURNING *
), taken AS (
	DELETE FROM outbox WHERE execution_id IN (SELECT id FROM claimed)
)
SELECT id, claim, workflow_id, user_id, nodes::text, edges::text, request_id, trigger::text, crashes,
	floor(extract(epoch FROM now() - first_claimed_at) * 1000)::bigint,
	claim > 1 OR EXISTS (SELECT FROM execution_steps s WHERE s.execution_id = $1 AND s.status = 'success')
FROM claimed

-- The next execution that waits for a claim, when no queue hands them out.
-- name: execution_next :read
SELECT e.id FROM executions e LEFT JOIN outbox o ON o.execution_id = e.id
WHERE e.completed_at IS NULL AND coalesce(e.claim_expires_at, o.due_at) < now()
ORDER BY e.priority, e.started_at, e.id LIMIT 1

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

-- Ends an execution, and with it its last step where $5 is one: $6 to $14 are as in step_finish. No step is left
-- running: of a run that is given up they failed with it, else they have not been run.
-- name: execution_finish :joins
WITH finished AS (
	UPDATE executions SET status = $3, error = $4, completed_at = now(), claim_expires_at = NULL
	WHERE id = $1 AND claim = $2 AND status = 'RUNNING' RETURNING id
), last AS (
	UPDATE execution_steps s SET status = $7, completed_at = now(), duration_ms = $8, output = $9,
		error = $10, error_stack = $11, cost = $12, notes = $13, attempts = $14
	FROM finished WHERE s.execution_id = $1 AND s.node_id = $5 AND s.iteration = $6
), others AS (
	UPDATE execution_steps s SET status = CASE $3 WHEN 'FAILED' THEN 'error' ELSE 'idle' END,
		error = CASE $3 WHEN 'FAILED' THEN $4 END,
		started_at = CASE $3 WHEN 'FAILED' THEN s.started_at END,
		completed_at = CASE $3 WHEN 'FAILED' THEN now() END
	FROM finished WHERE s.execution_id = $1 AND s.status = 'running'
		AND (s.node_id, s.iteration) IS DISTINCT FROM ($5, $6::integer)
)
SELECT id FROM finished

-- A failed execution goes on from its failed steps, as often as it is asked to; its time begins anew, and that of
-- each step that is still to be done.
-- name: execution_reopen
WITH reopened AS (
	UPDATE executions SET status = 'RUNNING', error = NULL, completed_at = NULL, crashes = 0, claim = claim + 1,
		claimed_by = NULL, claim_expires_at = NULL, first_claimed_at = NULL, cancel_requested = false
	WHERE id = $1 AND status = 'FAILED' RETURNING id, workflow_id, user_id, priority
), steps AS (
	UPDATE execution_steps SET status = 'idle', started_at = NULL, first_started_at = NULL, completed_at = NULL,
		duration_ms = NULL, attempts = 1, error = NULL, error_stack = NULL, progress = NULL
	WHERE status <> 'success' AND execution_id IN (SELECT id FROM reopened)
), queued AS (
	INSERT INTO outbox (execution_id) SELECT id FROM reopened ON CONFLICT DO NOTHING
)
SELECT id, workflow_id, user_id, priority FROM reopened

-- Ends an execution that nobody runs.
-- name: execution_withdraw
WITH withdrawn AS (
	UPDATE executions SET status = 'CANCELLED', completed_at = now(), claim = claim + 1, claim_expires_at = NULL
	WHERE id = $1 AND status = 'RUNNING' AND (claim_expires_at IS NULL OR claim_expires_at < now())
	RETURNING id
), steps AS (
	UPDATE execution_steps SET status = 'idle', started_at = NULL
	WHERE status = 'running' AND execution_id IN (SELECT id FROM withdrawn)
)
DELETE FROM outbox WHERE execution_id IN (SELECT id FROM withdrawn)

-- Executions that a queue should hold: new ones that it may have missed, and those whose runner died. A hundred at a time:
-- of more, more have ended until the queue is asked for them, and are put there in vain.
-- name: execution_overdue :read
SELECT e.id, e.workflow_id, e.user_id, e.priority FROM executions e LEFT JOIN outbox o ON o.execution_id = e.id
WHERE e.completed_at IS NULL AND coalesce(e.claim_expires_at, o.due_at) < now() - make_interval(secs => $1)
	AND e.id > $2
ORDER BY e.id LIMIT 100

-- name: step_outputs :read
SELECT s.node_id, s.iteration, s.output::text FROM execution_steps s JOIN executions e ON e.id = s.execution_id
WHERE e.id = $1 AND e.user_id = $2 AND s.status = 'success'

-- A step inside a loop has no row before it starts. The execution is held while a step is written, so
-- that its claim cannot pass to another runner in between. Of an input only what the log shows is kept.
-- name: step_start :joins
WITH held AS (
	SELECT id, cancel_requested FROM executions WHERE id = $1 AND claim = $2 AND status = 'RUNNING' FOR SHARE
)
INSERT INTO execution_steps AS s
	(execution_id, position, node_id, iteration, node_type, node_title, status, started_at, first_started_at, input)
SELECT id, $4, $3, $5, $6, $7, 'running', now(), now(), shown($8) FROM held
ON CONFLICT (execution_id, node_id, iteration) DO UPDATE SET status = 'running', started_at = now(),
	first_started_at = coalesce(s.first_started_at, now()), completed_at = NULL, duration_ms = NULL,
	input = excluded.input, output = NULL, error = NULL, error_stack = NULL, cost = NULL, notes = NULL,
	progress = NULL
RETURNING (SELECT cancel_requested FROM held), floor(extract(epoch FROM now() - s.first_started_at) * 1000)::bigint

-- name: step_finish :joins
WITH held AS (
	SELECT id FROM executions WHERE id = $1 AND claim = $2 AND status = 'RUNNING' FOR SHARE
)
UPDATE execution_steps s SET status = $5, completed_at = now(), duration_ms = $6, output = $7,
	error = $8, error_stack = $9, cost = $10, notes = $11, attempts = $12
FROM held
WHERE s.execution_id = $1 AND s.node_id = $3 AND s.iteration = $4
RETURNING s.node_id

-- Deletes ended executions that are older than so many days, a thousand at a time. A workflow's last one
-- stays: its editor shows it.
-- name: execution_sweep
WITH gone AS (
	DELETE FROM executions WHERE id IN (
		SELECT e.id FROM executions e
		WHERE e.completed_at < now() - make_interval(days => $1) AND EXISTS (
			SELECT FROM executions n WHERE n.workflow_id = e.workflow_id AND n.started_at > e.started_at)
		ORDER BY e.completed_at LIMIT 1000)
	RETURNING id
)
SELECT count(*) FROM gone

-- An execution that came with a job, unless it is there already: $6 as in execution_create, $7 an object of
-- outputs by node id; $8 the number of steps, or $9 the node, before which a step with an output has succeeded.
-- name: execution_admit
WITH owner AS (
	SELECT id, user_id FROM workflows WHERE id = $2 AND user_id = $3
), execution AS (
	INSERT INTO executions (id, workflow_id, user_id, nodes, edges) SELECT $1, id, user_id, $4, $5 FROM owner
	ON CONFLICT (id) DO NOTHING RETURNING id
), plan AS (
	SELECT n.position, n.step ->> 'nodeId' AS node_id, n.step ->> 'nodeType' AS node_type,
		n.step ->> 'nodeTitle' AS node_title, $7::json -> (n.step ->> 'nodeId') AS output
	FROM json_array_elements($6::json) WITH ORDINALITY n (step, position)
), start AS (
	SELECT coalesce($8::bigint + 1, (SELECT position FROM plan WHERE node_id = $9::text)) AS position
), steps AS (
	INSERT INTO execution_steps (execution_id, position, node_id, node_type, node_title, status, started_at,
		completed_at, duration_ms, output)
	SELECT e.id, n.position, n.node_id, n.node_type, n.node_title, CASE WHEN k.kept THEN 'success' ELSE 'idle' END,
		CASE WHEN k.kept THEN now() END, CASE WHEN k.kept THEN now() END, CASE WHEN k.kept THEN 0 END,
		CASE WHEN k.kept THEN n.output END
	FROM execution e, start s, plan n,
		LATERAL (SELECT n.output IS NOT NULL AND coalesce(n.position < s.position, true) AS kept) k
), queued AS (
	INSERT INTO outbox (execution_id) SELECT id FROM execution
)
SELECT id FROM owner

-- How far a step is; of no consequence to anything, so a lost claim just writes nothing.
-- name: step_progress :joins
UPDATE execution_steps s SET progress = json_build_object('done', $5::integer, 'total', $6::integer, 'unit', 'segments')
FROM executions e
WHERE e.id = $1 AND e.claim = $2 AND e.status = 'RUNNING' AND s.execution_id = $1
	AND s.node_id = $3 AND s.iteration = $4

-- What the steps of a workflow's latest execution gave, by their nodes.
-- name: execution_last_outputs :read
SELECT coalesce((SELECT json_object_agg(s.node_id, s.output) FROM execution_steps s
	WHERE s.execution_id = (SELECT e.id FROM executions e WHERE e.workflow_id = w.id AND e.status <> 'RUNNING'
		ORDER BY e.started_at DESC, e.id DESC LIMIT 1)
	AND s.status = 'success' AND s.iteration = 0 AND s.output IS NOT NULL), '{}')::text
FROM workflows w WHERE w.id = $1 AND w.user_id = $2
