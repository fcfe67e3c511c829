-- name: migration_table
CREATE TABLE IF NOT EXISTS schema_migrations (
	version text PRIMARY KEY,
	checksum text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
)

-- One migrator at a time, over all hosts; the lock goes with the session.
-- name: migration_lock
SELECT pg_advisory_lock(7310579635402342721)

-- name: migration_unlimited
SET statement_timeout = 0

-- name: migration_begin
BEGIN

-- name: migration_commit
COMMIT

-- name: migration_rollback
ROLLBACK

-- name: migration_exists :read
SELECT to_regclass('schema_migrations') IS NOT NULL

-- name: migration_list :read
SELECT version, checksum, applied_at::text FROM schema_migrations ORDER BY version

-- name: migration_record
INSERT INTO schema_migrations (version, checksum) VALUES ($1, $2)
