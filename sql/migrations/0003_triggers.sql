-- What starts workflows besides their users, and the keys that make a repeated request one.

-- The schedules of active workflows; kept in step with the workflow's nodes when it is saved.
CREATE TABLE workflow_schedules (
	workflow_id   uuid NOT NULL REFERENCES workflows ON DELETE CASCADE,
	node_id       text NOT NULL,
	cron          text NOT NULL,
	timezone      text NOT NULL,
	next_at       timestamptz(3) NOT NULL,
	last_fired_at timestamptz(3),
	PRIMARY KEY (workflow_id, node_id)
);
CREATE INDEX workflow_schedules_due ON workflow_schedules (next_at);

-- The addresses of webhook triggers: an id is random, and stays as long as its node.
CREATE TABLE workflow_hooks (
	id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	workflow_id uuid NOT NULL REFERENCES workflows ON DELETE CASCADE,
	node_id     text NOT NULL,
	UNIQUE (workflow_id, node_id)
);

-- Requests by their Idempotency-Key; without a status, one is being answered.
CREATE TABLE idempotency_keys (
	user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	route        text NOT NULL,
	key          text NOT NULL,
	request_hash text NOT NULL,
	status       integer,
	response     text,
	created_at   timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
