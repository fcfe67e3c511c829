-- name: file_deletions_take
UPDATE file_deletions SET due_at = now() + interval '10 minutes'
WHERE key IN (SELECT key FROM file_deletions WHERE due_at <= now() ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT 50)
RETURNING key

-- name: file_deletion_done
DELETE FROM file_deletions WHERE key = $1 RETURNING key
