-- Claims a key for a request with the hash $4, where nobody has it: a running one for 60 seconds, an
-- answered one for 24 hours. No row at all means that somebody else was faster by a moment.
-- name: idempotency_claim
WITH claimed AS (
	INSERT INTO idempotency_keys AS k (user_id, route, key, request_hash) VALUES ($1, $2, $3, $4)
	ON CONFLICT (user_id, route, key) DO UPDATE
	SET request_hash = excluded.request_hash, status = NULL, response = NULL, created_at = excluded.created_at
	WHERE k.created_at < now() - CASE WHEN k.status IS NULL THEN interval '60 s' ELSE interval '24 h' END
	RETURNING created_at
)
SELECT 'claimed', created_at::text, NULL FROM claimed
UNION ALL
SELECT CASE WHEN request_hash <> $4 THEN 'other' WHEN status IS NULL THEN 'running' ELSE 'answered' END,
	status::text, response
FROM idempotency_keys
WHERE user_id = $1 AND route = $2 AND key = $3 AND NOT EXISTS (SELECT FROM claimed)

-- name: idempotency_answer
UPDATE idempotency_keys SET status = $5, response = $6
WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at = $4 AND status IS NULL

-- name: idempotency_release
DELETE FROM idempotency_keys
WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at = $4 AND status IS NULL

-- name: idempotency_sweep
DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 h'
