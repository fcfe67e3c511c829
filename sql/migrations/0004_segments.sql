-- The ledger of bought speech, as texts of any length need it. A segment is one text in one voice with
-- one set of settings. It is `intended` as long as nobody asks for it, `called` from the moment that a
-- provider may have been asked, and `stored` once its audio is. Whoever asks holds it for a while; a run
-- that holds it and was taken over (the same run with a lower claim number) holds it no more.
--
-- A segment that is asked for anew leaves the old one as it is, but superseded: what was made with it
-- can still be played.

ALTER TABLE segments
	ADD COLUMN text text NOT NULL DEFAULT '',
	ADD COLUMN voice_profile_id uuid REFERENCES voice_profiles ON DELETE SET NULL,
	ADD COLUMN run_id uuid,
	ADD COLUMN run_claim integer NOT NULL DEFAULT 0,
	ADD COLUMN held_until timestamptz(3),
	ADD COLUMN called_at timestamptz(3),
	ADD COLUMN superseded_at timestamptz(3),
	ADD COLUMN alignment json,
	DROP CONSTRAINT segments_user_id_content_hash_key;
CREATE UNIQUE INDEX segments_current ON segments (user_id, content_hash) WHERE superseded_at IS NULL;
CREATE INDEX segments_held ON segments (run_id) WHERE held_until IS NOT NULL;
CREATE INDEX segments_by_profile ON segments (voice_profile_id) WHERE voice_profile_id IS NOT NULL;

-- What the segments of a step are, in the order of its text, and where each begins in its audio.
CREATE TABLE execution_segments (
	execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
	node_id      text NOT NULL,
	iteration    integer NOT NULL,
	number       integer NOT NULL,
	segment_id   uuid NOT NULL REFERENCES segments ON DELETE CASCADE,
	start_sec    double precision,
	PRIMARY KEY (execution_id, node_id, iteration, number)
);
CREATE INDEX execution_segments_by_segment ON execution_segments (segment_id);

-- All segments of an execution, numbered from 1; those of a step that was kept are the ones of the run
-- that made it.
CREATE FUNCTION segments_of(execution uuid)
RETURNS TABLE (n bigint, node_id text, segment_id uuid, shown json) LANGUAGE sql STABLE AS
$$ SELECT o.n, o.node_id, o.segment_id, json_build_object('n', o.n, 'nodeId', o.node_id,
		'nodeTitle', o.node_title, 'text', g.text, 'characters', g.characters,
		'billedCharacters', CASE WHEN g.status <> 'stored' OR g.run_id IS DISTINCT FROM o.run THEN 0
			ELSE coalesce(g.billed_characters, g.characters) END,
		'cached', g.status = 'stored' AND g.run_id IS DISTINCT FROM o.run,
		'durationSec', g.duration_sec, 'startSec', o.start_sec,
		'status', CASE WHEN g.status = 'stored' THEN 'success' WHEN g.held_until > now() THEN 'running'
			ELSE 'idle' END,
		'audioKey', g.audio_key)
	FROM (
		SELECT row_number() OVER (ORDER BY s.position, s.iteration, x.number) AS n, s.node_id, s.node_title,
			x.segment_id, x.start_sec, x.execution_id AS run
		FROM execution_steps s JOIN execution_segments x
		ON x.execution_id = coalesce(s.reused_from, s.execution_id) AND x.node_id = s.node_id
			AND x.iteration = s.iteration
		WHERE s.execution_id = execution
	) o JOIN segments g ON g.id = o.segment_id $$;

-- How far a long step is: {done, total, unit}.
ALTER TABLE execution_steps ADD COLUMN progress json;

CREATE OR REPLACE FUNCTION step_json(s execution_steps) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT ('{' || concat_ws(',',
	'"nodeId":' || to_json(s.node_id),
	'"nodeType":' || to_json(s.node_type),
	'"nodeTitle":' || to_json(s.node_title),
	'"iteration":' || nullif(s.iteration, 0),
	'"status":' || to_json(s.status),
	'"startedAt":' || to_json(iso(s.started_at)),
	'"completedAt":' || to_json(iso(s.completed_at)),
	'"durationMs":' || s.duration_ms,
	'"attempts":' || CASE WHEN s.status IN ('success', 'error') THEN s.attempts END,
	'"progress":' || CASE WHEN s.status <> 'idle' THEN s.progress END,
	'"input":' || shown(s.input),
	'"output":' || shown(s.output),
	'"error":' || to_json(s.error),
	'"errorStack":' || to_json(s.error_stack),
	'"cost":' || s.cost,
	'"notes":' || s.notes,
	'"reusedFrom":' || to_json(s.reused_from)) || '}')::json $$;
