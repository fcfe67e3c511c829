-- What voices need: consent, samples that are judged, training that goes on in the background, files that are
-- still to be deleted, access tokens, what was bought, and how words are pronounced.

ALTER TABLE voice_profiles
	DROP CONSTRAINT voice_profiles_provider_check,
	ADD CONSTRAINT voice_profiles_provider_check CHECK (provider IN ('elevenlabs', 'azure', 'openai')),
	ADD COLUMN training_message text,
	ADD COLUMN consent_by text,
	ADD COLUMN consent_at timestamptz(3),
	-- What was made at the provider for this profile, and has to go with it: a voice, or a project with all in it.
	ADD COLUMN provider_resource text;

ALTER TABLE voice_training_assets
	ADD COLUMN kind text NOT NULL DEFAULT 'sample' CHECK (kind IN ('sample', 'consent')),
	ADD COLUMN quality json;

-- A training that the provider takes minutes for, step by step. `id` names at the provider what is made for it.
-- Whoever works on it moves `due_at` into the future first, so that nobody else does.
CREATE TABLE voice_trainings (
	voice_profile_id uuid PRIMARY KEY REFERENCES voice_profiles ON DELETE CASCADE,
	user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	id         uuid NOT NULL UNIQUE,
	stage      text NOT NULL CHECK (stage IN ('project', 'consent', 'voice')),
	sent       boolean NOT NULL DEFAULT false,
	options    json NOT NULL,
	request_id text,
	tries      integer NOT NULL DEFAULT 0,
	due_at     timestamptz(3) NOT NULL DEFAULT now(),
	created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX voice_trainings_due ON voice_trainings (due_at);

-- Files whose rows are gone; not a user's any more, so that deleting the user leaves them to be deleted.
CREATE TABLE file_deletions (
	key    text PRIMARY KEY,
	due_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX file_deletions_due ON file_deletions (due_at);

-- Personal access tokens. A token is 256 random bits, so its plain SHA-256 says nothing about it.
CREATE TABLE access_tokens (
	id           uuid PRIMARY KEY,
	user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	name         text NOT NULL,
	hash         text NOT NULL UNIQUE,
	created_at   timestamptz(3) NOT NULL DEFAULT now(),
	last_used_at timestamptz(3)
);
CREATE INDEX access_tokens_by_user ON access_tokens (user_id, created_at DESC);

-- Speech by day (UTC), provider and profile ('' for speech without one): all that was asked for, what was
-- bought of it, and what was there already.
CREATE TABLE speech_usage (
	user_id           uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	day               date NOT NULL,
	provider          text NOT NULL,
	profile_id        text NOT NULL DEFAULT '',
	profile_name      text,
	characters        bigint NOT NULL DEFAULT 0,
	billed_characters bigint NOT NULL DEFAULT 0,
	cached_characters bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id, day, provider, profile_id)
);

CREATE TABLE speech_budgets (
	user_id            uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
	monthly_characters bigint CHECK (monthly_characters >= 0)
);

-- What is being bought; one that is never settled, since its buyer died, counts until it expires.
CREATE TABLE speech_reservations (
	id         uuid PRIMARY KEY,
	user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	characters bigint NOT NULL,
	expires_at timestamptz(3) NOT NULL
);
CREATE INDEX speech_reservations_by_user ON speech_reservations (user_id);

CREATE TABLE pronunciations (
	user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
	entries json NOT NULL
);

-- Characters of the month (UTC) that are bought, or being bought.
CREATE FUNCTION speech_used(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT sum(billed_characters) FROM speech_usage
		WHERE user_id = owner AND day >= date_trunc('month', now() AT TIME ZONE 'UTC')::date), 0)::bigint
	+ coalesce((SELECT sum(characters) FROM speech_reservations
		WHERE user_id = owner AND expires_at > now()), 0)::bigint $$;

-- Reserves characters of the user's budget, if it has room for them. The lock comes first: what others reserved
-- while it was waited for is seen by the statements behind it. Answers {reserved, budget, used}.
CREATE FUNCTION speech_reserve(owner uuid, reservation uuid, wanted bigint) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
	budget bigint;
	used bigint := 0;
BEGIN
	SELECT b.monthly_characters INTO budget FROM speech_budgets b WHERE b.user_id = owner FOR UPDATE;
	IF budget IS NOT NULL THEN
		DELETE FROM speech_reservations r WHERE r.user_id = owner AND r.expires_at <= now();
		used := speech_used(owner);
	END IF;
	IF budget IS NOT NULL AND used + wanted > budget THEN
		RETURN json_build_object('reserved', false, 'budget', budget, 'used', used);
	END IF;
	INSERT INTO speech_reservations VALUES (reservation, owner, wanted, now() + interval '30 minutes');
	RETURN json_build_object('reserved', true, 'budget', budget, 'used', used + wanted);
END $$;

CREATE FUNCTION budget_json(owner uuid) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object(
	'monthlyCharacters', (SELECT monthly_characters FROM speech_budgets WHERE user_id = owner),
	'usedCharacters', speech_used(owner),
	'resetsAt', iso((date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC')) $$;

CREATE FUNCTION access_token_json(t access_tokens) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', t.id, 'name', t.name, 'createdAt', iso(t.created_at),
	'lastUsedAt', iso(t.last_used_at)) $$;

CREATE OR REPLACE FUNCTION asset_json(a voice_training_assets) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', a.id, 'voiceProfileId', a.voice_profile_id, 'fileUrl', a.file_url,
	'durationSec', a.duration_sec, 'kind', a.kind, 'quality', a.quality, 'createdAt', iso(a.created_at)) $$;

CREATE OR REPLACE FUNCTION voice_profile_json(p voice_profiles, more json DEFAULT NULL) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT ('{' || concat_ws(',',
	'"id":' || to_json(p.id),
	'"userId":' || to_json(p.user_id),
	'"provider":' || to_json(p.provider),
	'"providerVoiceId":' || to_json(p.provider_voice_id),
	'"name":' || to_json(p.name),
	'"language":' || to_json(p.language),
	'"trainingStatus":' || to_json(p.training_status),
	'"trainingMessage":' || coalesce(to_json(p.training_message)::text, 'null'),
	'"consent":' || CASE WHEN p.consent_at IS NULL THEN 'null' ELSE
		json_build_object('attestedBy', p.consent_by, 'attestedAt', iso(p.consent_at))::text END,
	'"createdAt":' || to_json(iso(p.created_at)),
	'"updatedAt":' || to_json(iso(p.updated_at)),
	substring(more::text FROM '^\s*\{(.*)\}\s*$')) || '}')::json $$;
