-- name: usage_reserve
SELECT r ->> 'id', r ->> 'left', r ->> 'budget', r ->> 'resetsAt'
FROM speech_reserve($1::uuid, $2::uuid, $3, $4::bigint, $5::double precision) r

-- name: usage_settle
DELETE FROM speech_reservations WHERE id = $1 AND user_id = $2

-- Counts characters that were not bought, since they had been before.
-- name: usage_count_cached
INSERT INTO speech_usage AS u (user_id, day, provider, profile_id, profile_name, characters, cached_characters)
SELECT $1::uuid, (now() AT TIME ZONE 'UTC')::date, $2, coalesce($3, ''),
	(SELECT name FROM voice_profiles WHERE id = $3::uuid AND user_id = $1::uuid), $4::bigint, $4::bigint
ON CONFLICT (user_id, day, provider, profile_id) DO UPDATE
SET characters = u.characters + excluded.characters, cached_characters = u.cached_characters + excluded.cached_characters,
	profile_name = coalesce(excluded.profile_name, u.profile_name)

-- Usage from day $2 to day $3, both included.
-- name: usage_report :read
WITH used AS (
	SELECT u.day, u.provider, nullif(u.profile_id, '') AS profile_id, coalesce(p.name, u.profile_name) AS profile_name,
		u.characters, u.billed_characters, u.cached_characters
	FROM speech_usage u LEFT JOIN voice_profiles p ON p.id::text = u.profile_id AND p.user_id = u.user_id
	WHERE u.user_id = $1 AND u.day BETWEEN $2::date AND $3::date
)
SELECT json_build_object('from', $2::date, 'to', $3::date,
	'days', coalesce((SELECT json_agg(json_build_object('date', day, 'provider', provider, 'profileId', profile_id,
		'profileName', profile_name, 'characters', characters, 'billedCharacters', billed_characters,
		'cachedCharacters', cached_characters) ORDER BY day, provider, profile_name, profile_id) FROM used), '[]'),
	'totals', (SELECT json_build_object('characters', coalesce(sum(characters), 0),
		'billedCharacters', coalesce(sum(billed_characters), 0),
		'cachedCharacters', coalesce(sum(cached_characters), 0)) FROM used),
	'budget', budget_json($1::uuid))::text

-- name: budget_get :read
SELECT json_build_object('monthlyCharacters', (SELECT monthly_characters FROM speech_budgets WHERE user_id = $1))::text

-- name: budget_put
INSERT INTO speech_budgets (user_id, monthly_characters) VALUES ($1, $2::bigint)
ON CONFLICT (user_id) DO UPDATE SET monthly_characters = excluded.monthly_characters
RETURNING json_build_object('monthlyCharacters', monthly_characters)::text
