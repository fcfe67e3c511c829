-- Lets the segments of the hashes $3 that are older than run $2 be bought anew.
-- name: segment_supersede
WITH old AS (
	SELECT s.id FROM json_array_elements_text($3::json) h CROSS JOIN LATERAL (
		SELECT id FROM segments
		WHERE user_id = $1 AND superseded_at IS NULL AND content_hash = decode(h, 'hex')
			AND id < $2::uuid AND run_id IS DISTINCT FROM $2::uuid LIMIT 1) s
)
UPDATE segments SET superseded_at = coalesce(superseded_at, now()) WHERE id = ANY (ARRAY(SELECT id FROM old))

-- The segments of a text, made where they are missing, and whether its user has a budget. $2 is an array of {hash, n, id,
-- text, characters}; $8 to $10 the step that they belong to, or nulls. The first one begins at 0, which need not be told
-- later. A single piece that is missing is taken at once, for claim $12 of run $11 and $13 seconds, unless it has to be
-- reserved first. (LATERAL and LIMIT: each is found by its hash, whatever the planner believes of the table's size, not
-- among all of the user's.)
-- name: segment_plan :joins
WITH piece AS (
	SELECT (p ->> 'n')::integer AS n, (p ->> 'id')::uuid AS id, decode(p ->> 'hash', 'hex') AS hash,
		p ->> 'text' AS text, (p ->> 'characters')::integer AS characters
	FROM json_array_elements($2::json) p
), budget AS MATERIALIZED (
	SELECT EXISTS (SELECT FROM speech_budgets WHERE user_id = $1 AND monthly_characters IS NOT NULL) AS is_set
), taker AS (
	SELECT $11::uuid AS run_id, $12::integer AS run_claim FROM budget WHERE NOT is_set AND (SELECT count(*) FROM piece) = 1
), found AS (
	SELECT s.* FROM (SELECT DISTINCT hash FROM piece) p CROSS JOIN LATERAL (
		SELECT * FROM segments WHERE user_id = $1 AND superseded_at IS NULL AND content_hash = p.hash LIMIT 1) s
), made AS (
	INSERT INTO segments (id, user_id, content_hash, provider, voice, model, format, voice_profile_id, text, characters,
		status, run_id, run_claim, called_at, held_until)
	SELECT DISTINCT ON (hash) id, $1::uuid, hash, $3, $4, $5, $6, $7::uuid, text, characters,
		CASE WHEN t IS NULL THEN 'intended' ELSE 'called' END, t.run_id, coalesce(t.run_claim, 0),
		CASE WHEN t IS NOT NULL THEN now() END, CASE WHEN t IS NOT NULL THEN now() + make_interval(secs => $13) END
	FROM piece LEFT JOIN taker t ON true
	WHERE hash NOT IN (SELECT content_hash FROM found)
	ORDER BY hash, n
	ON CONFLICT (user_id, content_hash) WHERE superseded_at IS NULL DO UPDATE SET text = excluded.text
	RETURNING *
), segment AS (
	SELECT * FROM found UNION ALL SELECT * FROM made
), mapped AS (
	INSERT INTO execution_segments AS x (execution_id, node_id, iteration, number, segment_id, start_sec)
	SELECT $8::uuid, $9, $10, p.n, s.id, CASE p.n WHEN 1 THEN 0 END FROM piece p JOIN segment s ON s.content_hash = p.hash
	WHERE $8::uuid IS NOT NULL
	ON CONFLICT (execution_id, node_id, iteration, number) DO UPDATE
	SET segment_id = excluded.segment_id, start_sec = excluded.start_sec
), gone AS (
	DELETE FROM execution_segments
	WHERE execution_id = $8::uuid AND node_id = $9 AND iteration = $10 AND number > (SELECT max(n) FROM piece)
)
SELECT s.id, s.status, s.audio_key, s.duration_sec, s.alignment::text, s.run_id, s.id = p.id AND s.status = 'called',
	(SELECT is_set FROM budget)
FROM piece p JOIN segment s ON s.content_hash = p.hash ORDER BY p.n

-- Takes a segment for a run; no row where it is stored, or somebody holds it. What the first column says is
-- whether an earlier call for it may have been done, the second how many milliseconds ago that was.
-- name: segment_take
UPDATE segments s SET status = 'called', run_id = $3, run_claim = $4,
	held_until = now() + make_interval(secs => $5),
	called_at = CASE WHEN old.status = 'called' THEN old.called_at ELSE now() END
FROM (SELECT id, status, called_at FROM segments WHERE id = $1 AND user_id = $2 FOR UPDATE) old
WHERE s.id = old.id AND s.status <> 'stored'
	AND (s.held_until IS NULL OR s.held_until < now() OR (s.run_id = $3 AND s.run_claim < $4))
RETURNING old.status = 'called', greatest(0, floor(extract(epoch FROM now() - old.called_at) * 1000))::bigint

-- name: segment_get :read
SELECT id, status, audio_key, duration_sec, alignment::text, run_id FROM segments WHERE id = $1 AND user_id = $2

-- Holds on to what a run has taken of the segments $7, an array of ids, and to its reservation $5 for $6 seconds. Waits for
-- nobody: what is being written now is held by the next time.
-- name: segment_hold :joins
WITH reserved AS (
	UPDATE speech_reservations SET expires_at = now() + make_interval(secs => $6)
	WHERE id = $5::uuid AND user_id = $1
)
UPDATE segments SET held_until = now() + make_interval(secs => $4) WHERE id = ANY (ARRAY(
	SELECT id FROM segments WHERE id = ANY (ARRAY(SELECT i::uuid FROM json_array_elements_text($7::json) i))
		AND run_id = $2 AND run_claim = $3 AND user_id = $1 AND held_until IS NOT NULL
	FOR UPDATE SKIP LOCKED))

-- Gives a segment back that was not bought; $5 tells that it may have been all the same.
-- name: segment_release
UPDATE segments SET held_until = NULL, status = CASE WHEN $5::boolean THEN status ELSE 'intended' END
WHERE id = $1 AND user_id = $2 AND run_id = $3 AND run_claim = $4 AND status = 'called'

-- Whoever stores a segment ($4) has bought it: from here on it counts, for provider $2 and profile $3, and is no longer
-- reserved ($10). What the provider says that it cost counts before what we reckon. (The first parameters name the
-- count, the one row here that others may be writing too.)
-- name: segment_store :joins
WITH stored AS (
	UPDATE segments SET status = 'stored', held_until = NULL, completed_at = now(), audio_key = $5, duration_sec = $6,
		billed_characters = $7, provider_request = $8, alignment = $9
	WHERE id = $4 AND user_id = $1 AND status <> 'stored'
	RETURNING user_id, characters, coalesce(billed_characters, characters) AS billed
), counted AS (
	INSERT INTO speech_usage AS u (user_id, day, provider, profile_id, profile_name, characters, billed_characters)
	SELECT s.user_id, (now() AT TIME ZONE 'UTC')::date, $2, coalesce(p.id::text, ''), p.name, s.characters, s.billed
	FROM stored s LEFT JOIN voice_profiles p ON p.id = $3::uuid AND p.user_id = s.user_id
	ON CONFLICT (user_id, day, provider, profile_id) DO UPDATE
	SET characters = u.characters + excluded.characters,
		billed_characters = u.billed_characters + excluded.billed_characters,
		profile_name = coalesce(excluded.profile_name, u.profile_name)
)
UPDATE speech_reservations r SET characters = greatest(0, r.characters - s.characters)
FROM stored s WHERE r.id = $10::uuid AND r.user_id = s.user_id

-- A segment whose audio has gone from the storage is bought anew.
-- name: segment_lost
UPDATE segments SET status = 'intended', audio_key = NULL, held_until = NULL
WHERE id = $1 AND user_id = $2 AND status = 'stored' AND audio_key = $3

-- Where the segments of a step begin in its audio; $4 is an array of seconds, in their order.
-- name: segment_starts
UPDATE execution_segments x SET start_sec = s.start
FROM (SELECT n, start::double precision FROM json_array_elements_text($4::json) WITH ORDINALITY a (start, n)) s
WHERE x.execution_id = $1 AND x.node_id = $2 AND x.iteration = $3 AND x.number = s.n

-- name: segment_list :read
SELECT coalesce((SELECT json_agg(s.shown ORDER BY s.n) FROM segments_of(e.id) s), '[]')::text
FROM executions e WHERE e.id = $2 AND e.workflow_id = $1 AND e.user_id = $3

-- The node and the segment that have number $4 in an execution.
-- name: segment_find :read
SELECT s.node_id, s.segment_id FROM executions e CROSS JOIN segments_of(e.id) s
WHERE e.id = $2 AND e.workflow_id = $1 AND e.user_id = $3 AND s.n = $4

-- name: segment_renew
UPDATE segments SET superseded_at = now() WHERE id = $1 AND user_id = $2 AND superseded_at IS NULL

-- Of pieces, [{hash, characters, seconds}]: how many characters would have to be bought, and how long all of them
-- play; `seconds` is the guess for those that are not stored.
-- name: segment_estimate :read
WITH piece AS (
	SELECT decode(p ->> 'hash', 'hex') AS hash, (p ->> 'characters')::integer AS characters,
		(p ->> 'seconds')::double precision AS seconds,
		row_number() OVER (PARTITION BY p ->> 'hash') > 1 AS repeated
	FROM json_array_elements($2::json) p
)
SELECT coalesce(sum(p.characters) FILTER (WHERE s.id IS NULL AND NOT p.repeated), 0)::bigint,
	coalesce(sum(coalesce(s.duration_sec, p.seconds)), 0)
FROM piece p LEFT JOIN segments s
ON s.user_id = $1 AND s.content_hash = p.hash AND s.superseded_at IS NULL AND s.status = 'stored'
