-- Brings schedules and hooks in step with a workflow's nodes. $2 is an array of
-- {nodeId, cron, timezone, nextAt}, $3 an array of node ids. A schedule that is the same as before
-- keeps its time, a hook its id.
-- name: triggers_sync
WITH schedules AS (
	SELECT DISTINCT ON ("nodeId") * FROM json_to_recordset($2::json)
		AS s ("nodeId" text, cron text, timezone text, "nextAt" timestamptz)
), hooks AS (
	SELECT DISTINCT value AS node_id FROM json_array_elements_text($3::json)
), schedules_gone AS (
	DELETE FROM workflow_schedules
	WHERE workflow_id = $1::uuid AND node_id NOT IN (SELECT "nodeId" FROM schedules)
), hooks_gone AS (
	DELETE FROM workflow_hooks WHERE workflow_id = $1::uuid AND node_id NOT IN (SELECT node_id FROM hooks)
), hooks_there AS (
	INSERT INTO workflow_hooks (workflow_id, node_id) SELECT $1::uuid, node_id FROM hooks ON CONFLICT DO NOTHING
)
INSERT INTO workflow_schedules AS w (workflow_id, node_id, cron, timezone, next_at)
SELECT $1::uuid, "nodeId", cron, timezone, "nextAt" FROM schedules
ON CONFLICT (workflow_id, node_id) DO UPDATE
SET cron = excluded.cron, timezone = excluded.timezone, next_at = excluded.next_at
WHERE (w.cron, w.timezone) IS DISTINCT FROM (excluded.cron, excluded.timezone)

-- One schedule that is due, locked; those that another runner is at are left to it, and those whose
-- workflow is being deleted to that.
-- name: schedule_due
SELECT s.workflow_id, s.node_id, s.cron, s.timezone, iso(s.next_at), w.user_id, w.nodes::text, w.edges::text
FROM workflow_schedules s JOIN workflows w ON w.id = s.workflow_id
WHERE s.next_at <= $1::timestamptz AND w.status = 'ACTIVE'
ORDER BY s.next_at LIMIT 1 FOR UPDATE OF s SKIP LOCKED FOR KEY SHARE OF w SKIP LOCKED

-- $3 is when it was due, so that nothing is changed if somebody else was faster.
-- name: schedule_fired
UPDATE workflow_schedules SET next_at = $4, last_fired_at = $5
WHERE workflow_id = $1 AND node_id = $2 AND next_at = $3

-- name: schedule_drop
DELETE FROM workflow_schedules WHERE workflow_id = $1 AND node_id = $2 AND next_at = $3

-- name: hook_get :read
SELECT w.id, w.user_id, w.nodes::text, w.edges::text, h.node_id
FROM workflow_hooks h JOIN workflows w ON w.id = h.workflow_id
WHERE h.id = $1 AND w.status = 'ACTIVE'

-- name: hook_list :read
SELECT h.node_id, h.id FROM workflow_hooks h WHERE h.workflow_id = $1
