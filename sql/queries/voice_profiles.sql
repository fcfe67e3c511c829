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

-- name: voice_profile_row :read :joins
SELECT provider, provider_voice_id, name, language, training_status, provider_resource
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
	training_message = CASE WHEN $5 <> provider_voice_id THEN NULL ELSE training_message END,
	provider_voice_id = coalesce($5, provider_voice_id), updated_at = now()
WHERE id = $1 AND user_id = $2
RETURNING voice_profile_json(p)::text

-- What was spoken in its voice goes too; speech in a voice that another profile of the user has stays in the ledger.
-- Outputs are what nodes wrote: only keys below the user's own folder count.
-- name: voice_profile_delete
WITH gone AS (
	DELETE FROM voice_profiles WHERE id = $1 AND user_id = $2
	RETURNING id, user_id, provider, provider_voice_id
), bought AS (
	DELETE FROM segments g USING gone
	WHERE g.user_id = gone.user_id AND g.provider = gone.provider AND g.voice = gone.provider_voice_id
		AND NOT EXISTS (SELECT FROM voice_profiles o WHERE o.user_id = gone.user_id AND o.id <> gone.id
			AND o.provider = gone.provider AND o.provider_voice_id = gone.provider_voice_id)
	RETURNING g.audio_key
), files AS (
	SELECT a.file_key AS key FROM voice_training_assets a JOIN gone ON a.voice_profile_id = gone.id
	UNION SELECT audio_key FROM bought
	UNION SELECT o.key FROM gone JOIN executions e ON e.user_id = gone.user_id
		JOIN execution_steps s ON s.execution_id = e.id AND s.node_type = 'voice.tts'
		CROSS JOIN LATERAL (VALUES (s.output ->> 'audioKey'), (s.output ->> 'captionsKey')) AS o (key)
	WHERE s.output ->> 'voiceProfileId' = gone.id::text
		AND starts_with(o.key, 'voice-output/' || gone.user_id || '/')
), doomed AS (
	INSERT INTO file_deletions (key, due_at)
	SELECT key, now() + interval '1 minute' FROM files WHERE key IS NOT NULL
	ON CONFLICT DO NOTHING RETURNING key
)
SELECT doomed.key FROM gone LEFT JOIN doomed ON true ORDER BY doomed.key

-- name: voice_profile_attest
WITH attested AS (
	UPDATE voice_profiles p SET consent_by = coalesce($3, u.email) || $4, consent_at = now()
	FROM users u WHERE p.id = $1 AND p.user_id = $2 AND u.id = p.user_id
	RETURNING p.id, p.user_id, p.consent_by
)
INSERT INTO audit_log (user_id, action, subject, request_id)
SELECT user_id, 'voice_profile.consent', id || ': ' || consent_by
	|| ' attests that the speaker agrees to being cloned from these samples', $5 FROM attested
RETURNING subject

-- name: voice_profile_set_training
UPDATE voice_profiles SET training_status = $3, training_message = $5,
	provider_voice_id = coalesce($4, provider_voice_id),
	provider_resource = coalesce($6, provider_resource), updated_at = now()
WHERE id = $1 AND user_id = $2
RETURNING id

-- One training at a time; one that has not ended after ten minutes never will.
-- name: voice_profile_begin_training
UPDATE voice_profiles SET training_status = 'training', updated_at = now()
WHERE id = $1 AND user_id = $2 AND (training_status <> 'training' OR updated_at < now() - interval '10 minutes')
	AND NOT EXISTS (SELECT FROM voice_trainings t WHERE t.voice_profile_id = $1)
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
