-- name: access_token_list :read
SELECT coalesce(json_agg(access_token_json(t) ORDER BY t.created_at DESC, t.id DESC), '[]')::text
FROM access_tokens t WHERE user_id = $1

-- name: access_token_create
WITH made AS (
	INSERT INTO access_tokens AS t (id, user_id, name, hash)
	SELECT $1, $2, $3, $4
	WHERE (SELECT count(*) FROM access_tokens WHERE user_id = $2) < $5::int
	RETURNING user_id, name, access_token_json(t)::text AS json
), audited AS (
	INSERT INTO audit_log (user_id, action, subject, request_id)
	SELECT user_id, 'access_token.create', name, $6 FROM made
)
SELECT json FROM made

-- name: access_token_delete
WITH gone AS (
	DELETE FROM access_tokens WHERE id = $1 AND user_id = $2 RETURNING user_id, name
)
INSERT INTO audit_log (user_id, action, subject, request_id)
SELECT user_id, 'access_token.delete', name, $3 FROM gone RETURNING subject

-- name: access_token_use
WITH found AS (
	SELECT id, user_id, last_used_at FROM access_tokens WHERE hash = $1
), noted AS (
	UPDATE access_tokens t SET last_used_at = now() FROM found
	WHERE t.id = found.id AND coalesce(found.last_used_at < now() - interval '1 minute', true)
)
SELECT user_id FROM found
