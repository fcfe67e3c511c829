-- The whole data model. PostgreSQL is the truth; Redis and S3 hold only what these rows name.

CREATE TABLE users (
	id            uuid PRIMARY KEY,
	email         text NOT NULL,
	password_hash text NOT NULL,
	name          text,
	role          text NOT NULL DEFAULT 'USER' CHECK (role IN ('USER', 'ADMIN')),
	created_at    timestamptz(3) NOT NULL DEFAULT now(),
	updated_at    timestamptz(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

-- Provider keys. `sealed` is AES-256-GCM bound to (user_id, service); `crypt_key_id` tells with which key.
CREATE TABLE api_keys (
	id           uuid PRIMARY KEY,
	user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	service      text NOT NULL CHECK (service IN ('elevenlabs', 'azure', 'openai', 'anthropic')),
	label        text,
	region       text,
	masked       text NOT NULL,
	sealed       text NOT NULL,
	crypt_key_id text NOT NULL,
	created_at   timestamptz(3) NOT NULL DEFAULT now(),
	updated_at   timestamptz(3) NOT NULL DEFAULT now(),
	UNIQUE (user_id, service)
);

CREATE TABLE voice_profiles (
	id                uuid PRIMARY KEY,
	user_id           uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	provider          text NOT NULL CHECK (provider IN ('elevenlabs', 'azure')),
	provider_voice_id text NOT NULL DEFAULT '',
	name              text NOT NULL,
	language          text NOT NULL DEFAULT 'en',
	training_status   text NOT NULL DEFAULT 'pending'
		CHECK (training_status IN ('pending', 'training', 'ready', 'failed')),
	created_at        timestamptz(3) NOT NULL DEFAULT now(),
	updated_at        timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX voice_profiles_by_user ON voice_profiles (user_id, created_at DESC);

CREATE TABLE voice_training_assets (
	id               uuid PRIMARY KEY,
	voice_profile_id uuid NOT NULL REFERENCES voice_profiles ON DELETE CASCADE,
	user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	file_key         text NOT NULL,
	file_url         text NOT NULL,
	duration_sec     double precision,
	created_at       timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX voice_training_assets_by_profile ON voice_training_assets (voice_profile_id, created_at);

-- `json`, not `jsonb`: the editor's text comes back as it came, to the byte.
CREATE TABLE workflows (
	id          uuid PRIMARY KEY,
	user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	name        text NOT NULL,
	description text,
	status      text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT', 'ACTIVE', 'ARCHIVED')),
	nodes       json NOT NULL DEFAULT '[]',
	edges       json NOT NULL DEFAULT '[]',
	created_at  timestamptz(3) NOT NULL DEFAULT now(),
	updated_at  timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX workflows_by_user ON workflows (user_id, updated_at DESC);

-- nodes and edges are the snapshot that the run is pinned to. Each delivery of an execution takes the
-- next `claim`; every later write carries it, so that a runner that lost its claim cannot write.
CREATE TABLE executions (
	id               uuid PRIMARY KEY,
	workflow_id      uuid NOT NULL REFERENCES workflows ON DELETE CASCADE,
	user_id          uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	status           text NOT NULL DEFAULT 'RUNNING'
		CHECK (status IN ('RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
	nodes            json NOT NULL,
	edges            json NOT NULL,
	error            text,
	rerun_of         uuid REFERENCES executions ON DELETE SET NULL,
	attempt          integer NOT NULL DEFAULT 1,
	request_id       text,
	cancel_requested boolean NOT NULL DEFAULT false,
	claim            integer NOT NULL DEFAULT 0,
	claimed_by       text,
	claim_expires_at timestamptz(3),
	started_at       timestamptz(3) NOT NULL DEFAULT now(),
	completed_at     timestamptz(3)
);
CREATE INDEX executions_by_workflow ON executions (workflow_id, started_at DESC, id DESC);
CREATE INDEX executions_running ON executions (claim_expires_at) WHERE status = 'RUNNING';
CREATE INDEX executions_by_user ON executions (user_id);

CREATE TABLE execution_steps (
	execution_id uuid NOT NULL REFERENCES executions ON DELETE CASCADE,
	position     integer NOT NULL,
	node_id      text NOT NULL,
	node_type    text NOT NULL,
	node_title   text NOT NULL,
	status       text NOT NULL DEFAULT 'idle' CHECK (status IN ('idle', 'running', 'success', 'error')),
	started_at   timestamptz(3),
	completed_at timestamptz(3),
	duration_ms  bigint,
	input        json,
	output       json,
	error        text,
	error_stack  text,
	cost         json,
	notes        json,
	reused_from  uuid,
	PRIMARY KEY (execution_id, node_id)
);

-- The ledger of bought speech: one row for one text in one voice with one set of settings, written
-- before the provider is called and completed when its audio is in S3.
CREATE TABLE segments (
	id                uuid PRIMARY KEY,
	user_id           uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	content_hash      bytea NOT NULL,
	provider          text NOT NULL,
	voice             text NOT NULL,
	model             text,
	format            text NOT NULL,
	characters        integer NOT NULL,
	status            text NOT NULL DEFAULT 'intended'
		CHECK (status IN ('intended', 'called', 'stored', 'failed')),
	provider_request  text,
	billed_characters integer,
	audio_key         text,
	duration_sec      double precision,
	created_at        timestamptz(3) NOT NULL DEFAULT now(),
	completed_at      timestamptz(3),
	UNIQUE (user_id, content_hash)
);

-- Executions that are to be handed to the queue, written together with them.
CREATE TABLE outbox (
	execution_id uuid PRIMARY KEY REFERENCES executions ON DELETE CASCADE,
	due_at       timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX outbox_due ON outbox (due_at);

CREATE TABLE audit_log (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id    uuid REFERENCES users ON DELETE CASCADE,
	action     text NOT NULL,
	subject    text,
	request_id text,
	created_at timestamptz(3) NOT NULL DEFAULT now()
);
CREATE INDEX audit_log_by_user ON audit_log (user_id, created_at DESC);

-- The wire's shapes, each in one place.

CREATE FUNCTION iso(t timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') $$;

CREATE FUNCTION user_json(u users) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', u.id, 'email', u.email, 'name', u.name, 'role', u.role,
	'createdAt', iso(u.created_at)) $$;

CREATE FUNCTION api_key_json(k api_keys) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', k.id, 'service', k.service, 'label', k.label, 'region', k.region,
	'maskedKey', k.masked, 'createdAt', iso(k.created_at), 'updatedAt', iso(k.updated_at)) $$;

-- A step's absent members are left out; its input and output pass through as they were written.
CREATE FUNCTION step_json(s execution_steps) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT ('{' || concat_ws(',',
	'"nodeId":' || to_json(s.node_id),
	'"nodeType":' || to_json(s.node_type),
	'"nodeTitle":' || to_json(s.node_title),
	'"status":' || to_json(s.status),
	'"startedAt":' || to_json(iso(s.started_at)),
	'"completedAt":' || to_json(iso(s.completed_at)),
	'"durationMs":' || s.duration_ms,
	'"input":' || s.input,
	'"output":' || s.output,
	'"error":' || to_json(s.error),
	'"errorStack":' || to_json(s.error_stack),
	'"cost":' || s.cost,
	'"notes":' || s.notes,
	'"reusedFrom":' || to_json(s.reused_from)) || '}')::json $$;

CREATE FUNCTION execution_json(e executions, logs json) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', e.id, 'workflowId', e.workflow_id, 'status', e.status,
	'logs', coalesce(logs, '[]'), 'startedAt', iso(e.started_at),
	'completedAt', iso(e.completed_at), 'error', e.error,
	'rerunOf', e.rerun_of, 'attempt', e.attempt) $$;

CREATE FUNCTION execution_logs(execution uuid) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_agg(step_json(s) ORDER BY s.position) FROM execution_steps s
	WHERE s.execution_id = execution $$;

CREATE FUNCTION run_log(e executions) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', e.id, 'workflowId', e.workflow_id,
	'status', CASE e.status WHEN 'RUNNING' THEN 'running' WHEN 'COMPLETED' THEN 'success' ELSE 'error' END,
	'startedAt', iso(e.started_at), 'completedAt', iso(e.completed_at),
	'steps', coalesce((SELECT json_agg(json_build_object('nodeId', s.node_id, 'nodeTitle', s.node_title,
			'status', s.status, 'startedAt', iso(s.started_at), 'completedAt', iso(s.completed_at),
			'output', s.output, 'error', s.error) ORDER BY s.position)
		FROM execution_steps s WHERE s.execution_id = e.id), '[]')) $$;

CREATE FUNCTION workflow_json(w workflows) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', w.id, 'name', w.name, 'description', w.description, 'status', w.status,
	'nodes', w.nodes, 'edges', w.edges,
	'lastCompletedRunLog', (SELECT run_log(e) FROM executions e
		WHERE e.workflow_id = w.id AND e.status <> 'RUNNING' ORDER BY e.started_at DESC, e.id DESC LIMIT 1),
	'lastRunLog', (SELECT run_log(e) FROM executions e
		WHERE e.workflow_id = w.id ORDER BY e.started_at DESC, e.id DESC LIMIT 1),
	'userId', w.user_id, 'createdAt', iso(w.created_at), 'updatedAt', iso(w.updated_at)) $$;

CREATE FUNCTION asset_json(a voice_training_assets) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT json_build_object('id', a.id, 'voiceProfileId', a.voice_profile_id, 'fileUrl', a.file_url,
	'durationSec', a.duration_sec, 'createdAt', iso(a.created_at)) $$;

-- A profile; `more` is an object whose members follow the profile's own.
CREATE FUNCTION voice_profile_json(p voice_profiles, more json DEFAULT NULL) RETURNS json LANGUAGE sql STABLE AS
$$ SELECT ('{' || concat_ws(',',
	'"id":' || to_json(p.id),
	'"userId":' || to_json(p.user_id),
	'"provider":' || to_json(p.provider),
	'"providerVoiceId":' || to_json(p.provider_voice_id),
	'"name":' || to_json(p.name),
	'"language":' || to_json(p.language),
	'"trainingStatus":' || to_json(p.training_status),
	'"createdAt":' || to_json(iso(p.created_at)),
	'"updatedAt":' || to_json(iso(p.updated_at)),
	substring(more::text FROM '^\s*\{(.*)\}\s*$')) || '}')::json $$;
