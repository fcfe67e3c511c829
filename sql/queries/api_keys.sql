-- name: api_key_list :read
SELECT coalesce(json_agg(api_key_json(k) ORDER BY k.created_at DESC, k.id DESC), '[]')::text
FROM api_keys k WHERE user_id = $1

-- name: api_key_save
WITH saved AS (
	INSERT INTO api_keys AS k (id, user_id, service, label, region, masked, sealed, crypt_key_id)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT (user_id, service) DO UPDATE SET label = excluded.label, region = excluded.region,
		masked = excluded.masked, sealed = excluded.sealed, crypt_key_id = excluded.crypt_key_id,
		updated_at = now()
	RETURNING api_key_json(k)::text AS json
), audited AS (
	INSERT INTO audit_log (user_id, action, subject, request_id) VALUES ($2, 'api_key.save', $3, $9)
)
SELECT json FROM saved

-- name: api_key_delete
WITH gone AS (
	DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING user_id, service
)
INSERT INTO audit_log (user_id, action, subject, request_id)
SELECT user_id, 'api_key.delete', service, $3 FROM gone RETURNING subject

-- name: api_key_sealed :read :joins
SELECT sealed, crypt_key_id, region FROM api_keys WHERE user_id = $1 AND service = $2

-- name: api_key_services :read
SELECT service FROM api_keys WHERE user_id = $1
