-- name: pronunciation_get :read :joins
SELECT entries::text FROM pronunciations WHERE user_id = $1

-- name: pronunciation_put
INSERT INTO pronunciations (user_id, entries) VALUES ($1, $2)
ON CONFLICT (user_id) DO UPDATE SET entries = excluded.entries
RETURNING entries::text
