-- name: workflow_create
INSERT INTO workflows AS w (id, user_id, name, description) VALUES ($1, $2, $3, $4)
RETURNING workflow_json(w)::text

-- name: workflow_list :read
SELECT coalesce(json_agg(workflow_json(w) ORDER BY w.updated_at DESC, w.id DESC), '[]')::text
FROM workflows w WHERE w.user_id = $1

-- name: workflow_get :read
SELECT workflow_json(w)::text FROM workflows w WHERE w.id = $1 AND w.user_id = $2

-- A version is the time of the last change, in milliseconds; workflow_update lets no two changes have the same.
-- name: workflow_get_version :read
SELECT workflow_json(w)::text, (extract(epoch FROM w.updated_at) * 1000)::bigint::text
FROM workflows w WHERE w.id = $1 AND w.user_id = $2

-- The body itself carries nodes and edges, so that they are stored as they were written. $8: the versions, comma-separated,
-- of which one has to be the present one; null for any.
-- name: workflow_update
UPDATE workflows AS w SET
	name = coalesce($3, name), status = coalesce($4, status),
	description = CASE WHEN $5::boolean THEN $6 ELSE description END,
	nodes = coalesce($7::json -> 'nodes', nodes), edges = coalesce($7::json -> 'edges', edges),
	updated_at = greatest(now(), updated_at + interval '1 millisecond')
WHERE w.id = $1 AND w.user_id = $2 AND ($8::text IS NULL
	OR (extract(epoch FROM updated_at) * 1000)::bigint::text = ANY (string_to_array($8, ',')))
RETURNING workflow_json(w)::text, (extract(epoch FROM updated_at) * 1000)::bigint::text

-- name: workflow_delete
DELETE FROM workflows WHERE id = $1 AND user_id = $2 RETURNING id

-- name: workflow_duplicate
INSERT INTO workflows AS w (id, user_id, name, description, nodes, edges)
SELECT $1, user_id, left(name, 193) || ' (Copy)', description, nodes, edges
FROM workflows WHERE id = $2 AND user_id = $3
RETURNING workflow_json(w)::text

-- name: workflow_graph :read
SELECT nodes::text, edges::text FROM workflows WHERE id = $1 AND user_id = $2
