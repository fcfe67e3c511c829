-- name: voice_profile_create
INSERT INTO voice_profiles AS p (id, user_id, provider, provider_voice_id, name, language)
VALUES ($1, $2, $3, $4, $5, $6)
RETURNING voice_profile_json(p)::text

-- name: voice_profile_list :read
SELECT coalesce(json_agg(voice_profile_json(p, json_build_object('assetCount', a.count, 'assets', a.list))
	ORDER BY p.created_at DESC, p.id DESC), '[]')::text
FROM voice_profiles p
CROSS JOIN LATERAL (
	SELECT count(*) AS count, coalesce(json_agg(asset_json(t) ORDER BY t.created_at, t.id), '[]') AS list
	FROM voice_training_assets t WHERE t.voice_profile_id = p.id
) a
WHERE p.user_id = $1

-- name: voice_profile_get :read
SELECT voice_profile_json(p, json_build_object('assets', coalesce((
	SELECT json_agg(asset_json(t) ORDER BY t.created_at, t.id)
	FROM voice_training_assets t WHERE t.voice_profile_id = p.id), '[]')))::text
FROM voice_profiles p WHERE p.id = $1 AND p.user_id = $2

-- name: voice_profile_row :read
SELECT provider, provider_voice_id, name, language, training_status
FROM voice_profiles WHERE id = $1 AND user_id = $2

-- By its id, or else by its name; of several the one that speaks, then the newest.
-- name: voice_profile_named :read
SELECT id FROM voice_profiles WHERE user_id = $1 AND (id::text = lower($2) OR lower(name) = lower($2))
ORDER BY id::text = lower($2) DESC, name = $2 DESC, training_status = 'ready' DESC, created_at DESC LIMIT 1

-- name: voice_profile_speaking :read
SELECT json_build_object('voices', coalesce(json_agg(
	json_build_object('id', id, 'name', name, 'language', language) ORDER BY created_at DESC, id DESC), '[]'))::text
FROM voice_profiles WHERE user_id = $1 AND training_status = 'ready'

-- A change of the voice asks for training anew.
-- name: voice_profile_update
UPDATE voice_profiles AS p SET
	name = coalesce($3, name), language = coalesce($4, language),
	training_status = CASE WHEN $5 <> provider_voice_id THEN 'pending' ELSE training_status END,
	provider_voice_id = coalesce($5, provider_voice_id), updated_at = now()
WHERE id = $1 AND user_id = $2
RETURNING voice_profile_json(p)::text

-- name: voice_profile_delete
DELETE FROM voice_profiles WHERE id = $1 AND user_id = $2 RETURNING id

-- name: voice_profile_set_training
UPDATE voice_profiles SET training_status = $3,
	provider_voice_id = coalesce($4, provider_voice_id), updated_at = now()
WHERE id = $1 AND user_id = $2
RETURNING id

-- One training at a time; one that has not ended after ten minutes never will.
-- name: voice_profile_begin_training
UPDATE voice_profiles SET training_status = 'training', updated_at = now()
WHERE id = $1 AND user_id = $2 AND (training_status <> 'training' OR updated_at < now() - interval '10 minutes')
RETURNING id

-- name: voice_asset_list :read
SELECT a.id, a.file_key, a.kind FROM voice_training_assets a
WHERE a.voice_profile_id = $1 AND a.user_id = $2 ORDER BY a.created_at, a.id

-- name: voice_asset_create
INSERT INTO voice_training_assets AS a (id, voice_profile_id, user_id, file_key, file_url, duration_sec, kind, quality)
SELECT $1, p.id, p.user_id, $4, $5, $6, $7, $8::json FROM voice_profiles p WHERE p.id = $2 AND p.user_id = $3
RETURNING asset_json(a)::text

-- name: voice_asset_delete
DELETE FROM voice_training_assets WHERE id = $1 AND voice_profile_id = $2 AND user_id = $3
RETURNING file_key
