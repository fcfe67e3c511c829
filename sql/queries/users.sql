-- name: user_create
INSERT INTO users (id, email, password_hash, name) VALUES ($1, $2, $3, $4)
ON CONFLICT (lower(email)) DO NOTHING
RETURNING user_json(users)::text

-- name: user_for_login :read
SELECT id, email, password_hash, user_json(users)::text FROM users WHERE lower(email) = lower($1)

-- name: user_get :read
SELECT user_json(users)::text FROM users WHERE id = $1
