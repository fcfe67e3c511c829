-- What will be made goes to the profile first, so that it is deleted with it however far the training comes.
-- name: voice_training_create
WITH profile AS (
	UPDATE voice_profiles SET provider_resource = $3::uuid::text, training_message = NULL, updated_at = now()
	WHERE id = $1 AND user_id = $2 RETURNING id, user_id
)
INSERT INTO voice_trainings (voice_profile_id, user_id, id, stage, options, request_id)
SELECT id, user_id, $3::uuid, 'project', $4, $5 FROM profile RETURNING id

-- name: voice_training_take
UPDATE voice_trainings SET due_at = now() + interval '5 minutes', tries = tries + 1
WHERE voice_profile_id = (
	SELECT voice_profile_id FROM voice_trainings WHERE due_at <= now()
	ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING voice_profile_id, user_id, id, stage, sent, options, coalesce(request_id, id::text), tries, created_at < now() - interval '1 hour'

-- name: voice_training_move
UPDATE voice_trainings SET stage = $3, sent = $4, tries = 0, due_at = now() + $5::bigint * interval '1 millisecond'
WHERE id = $1 AND user_id = $2 RETURNING id

-- name: voice_training_retry
UPDATE voice_trainings SET due_at = now() + $3::bigint * interval '1 millisecond'
WHERE id = $1 AND user_id = $2 RETURNING id

-- name: voice_training_end
WITH ended AS (
	DELETE FROM voice_trainings WHERE id = $1 AND user_id = $2 RETURNING voice_profile_id
)
UPDATE voice_profiles p SET training_status = CASE WHEN $3::text IS NULL THEN 'failed' ELSE 'ready' END,
	provider_voice_id = coalesce($3, p.provider_voice_id), training_message = $4, updated_at = now()
FROM ended WHERE p.id = ended.voice_profile_id RETURNING p.id
