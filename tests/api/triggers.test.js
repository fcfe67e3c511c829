/* What starts workflows besides their users: schedules and webhooks; and requests that are sent twice. */
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { node } from './client.js';
import { wav } from './samples.js';
import { ID, TIME } from './shapes.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const RANDOM_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NO_ID = '018f0000-0000-4000-8000-000000000000';

const schedule = (id, config) => node(id, 'schedule-trigger', config);
const hook = (id, config) => node(id, 'webhook-trigger', config);
const end = node('end', 'logger');
const stepOf = ({ logs }, id) => logs.find(({ nodeId }) => nodeId === id);

for (const redis of [true, false]) describe(`triggers, ${redis ? 'with' : 'without'} Redis`, () => {
	let stack;
	let user;
	before(async () => {
		stack = await Stack.start({ redis });
		user = await stack.user();
	});
	after(() => stack?.stop());

	const save = async (workflow, change) => {
		const { status, text } = await user.put(`/api/workflows/${workflow}`, change);
		assert.equal(status, 200, text);
	};

	/* A workflow of these nodes that is active; resolves to its id. */
	const active = async (...nodes) => {
		const workflow = await user.workflow(nodes);
		await save(workflow, { status: 'ACTIVE' });
		return workflow;
	};
	const executions = async (workflow) => (await user.get(`/api/workflows/${workflow}/executions`)).body;

	describe('schedules', () => {
		const rows = async (workflow) =>
			JSON.parse(
				await stack.sql(
					`SELECT coalesce(json_agg(json_build_object('node', node_id, 'cron', cron, 'zone', timezone, 'next', iso(next_at),
						'fired', iso(last_fired_at)) ORDER BY node_id), '[]') FROM workflow_schedules WHERE workflow_id = '${workflow}'`,
				),
			);
		/* Makes the schedules of a workflow due since that many seconds. */
		const makeDue = (workflow, seconds = 1) =>
			stack.sql(`UPDATE workflow_schedules SET next_at = now() - make_interval(secs => ${seconds}) WHERE workflow_id = '${workflow}'`);
		/* Lets every runner look: a schedule that is due afterwards has been fired, and so has every one before it. */
		const settle = async () => {
			const other = await active(schedule('s', { cron: '0 0 1 1 *' }), end);
			await makeDue(other, 0);
			await until(async () => (await executions(other)).length > 0, 'another schedule to fire');
		};

		test('are kept while the workflow is active, in its zone', async () => {
			const workflow = await user.workflow([schedule('a', { cron: '30 7 1 1 *', timezone: 'Asia/Kolkata' }), schedule('b', { cron: '@yearly' }), end]);
			assert.deepEqual(await rows(workflow), []);
			await save(workflow, { status: 'ACTIVE' });
			const [a, b] = await rows(workflow);
			const year = new Date().getUTCFullYear() + 1;
			assert.deepEqual(a, { node: 'a', cron: '30 7 1 1 *', zone: 'Asia/Kolkata', next: `${year}-01-01T02:00:00.000Z`, fired: null });
			assert.deepEqual(b, { node: 'b', cron: '@yearly', zone: 'UTC', next: `${year}-01-01T00:00:00.000Z`, fired: null });
			await save(workflow, { name: 'Renamed', nodes: [schedule('b', { cron: '@yearly' }), end] });
			assert.deepEqual(await rows(workflow), [b]);
			await save(workflow, { status: 'ARCHIVED' });
			assert.deepEqual(await rows(workflow), []);
		});

		test('a save that leaves one as it is leaves its time, another schedule takes a new one', async () => {
			const workflow = await active(schedule('a', { cron: '0 0 1 1 *' }), end);
			const [before] = await rows(workflow);
			await stack.sql(`UPDATE workflow_schedules SET next_at = next_at + interval '1 day' WHERE workflow_id = '${workflow}'`);
			const [moved] = await rows(workflow);
			await save(workflow, { nodes: [schedule('a', { cron: '0 0 1 1 *' }), node('more', 'logger')] });
			assert.deepEqual(await rows(workflow), [moved]);
			await save(workflow, { nodes: [schedule('a', { cron: '0 0 1 1 * ' }), end] });
			assert.equal((await rows(workflow))[0].next, before.next);
		});

		test('those that cannot be read are saved, not followed, and named by a run', async () => {
			const wrong = {
				cron: schedule('cron', { cron: '61 * * * *' }),
				zone: schedule('zone', { cron: '0 9 * * *', timezone: 'Mars/Olympus' }),
				never: schedule('never', { cron: '0 0 30 2 *' }),
				none: schedule('none', {}),
			};
			const workflow = await active(...Object.values(wrong), { ...schedule('off', { cron: '* * * * *' }), data: { ...schedule('off', { cron: '* * * * *' }).data, status: 'disabled' } }, end);
			assert.deepEqual(await rows(workflow), []);
			const run = await user.run(workflow);
			assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
			for (const [id, part] of Object.entries({ cron: /"61" is no minute/, zone: /no time zone "Mars\/Olympus"/, never: /never due/, none: /no schedule/ }))
				assert.match(stepOf(run, id).notes.join(), part);
		});

		test('fire once, however many runners there are', async () => {
			const workflows = [];
			for (let i = 0; i < 12; i++) workflows.push(await active(schedule('s', { cron: '0 0 1 1 *' }), end));
			const extra = stack.program('voiceover-jobs', ['--drain']);
			await Promise.all(workflows.map((workflow) => makeDue(workflow)));
			await Promise.all([extra, ...[1, 2].map(() => stack.program('voiceover-jobs', ['--drain']))]);
			await settle();
			for (const workflow of workflows) {
				const list = await executions(workflow);
				assert.equal(list.length, 1, JSON.stringify(list));
				await user.finished(workflow, list[0].id);
			}
		});

		test('tell the run when they were due, and catch up on what was missed by one run', async () => {
			const workflow = await active(schedule('s', { cron: '*/5 * * * *' }), schedule('t', { cron: '0 0 1 1 *' }), end);
			await stack.sql(`UPDATE workflow_schedules SET next_at = '2026-01-01T10:00:00Z' WHERE workflow_id = '${workflow}' AND node_id = 's'`);
			const [{ id }] = await until(async () => {
				const list = await executions(workflow);
				return list.length > 0 && list;
			}, 'the schedule to fire');
			const run = await user.finished(workflow, id);
			assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
			const { timestamp, ...output } = stepOf(run, 's').output;
			assert.match(timestamp, TIME);
			assert.deepEqual(output, { triggered: true, type: 'schedule-trigger', nodeId: 's', scheduledAt: '2026-01-01T10:00:00.000Z' });
			assert.equal(stepOf(run, 't').status, 'idle', 'the other trigger did not fire');
			await settle();
			assert.equal((await executions(workflow)).length, 1);
			const [row] = await rows(workflow);
			assert.ok(row.next > row.fired && row.next > timestamp, JSON.stringify(row));
		});

		test('stop when the workflow is a draft again, and with it', async () => {
			const drafted = await active(schedule('s', { cron: '* * * * *' }), end);
			await save(drafted, { status: 'DRAFT' });
			await makeDue(drafted);
			const deleted = await active(schedule('s', { cron: '0 0 1 1 *' }), end);
			await user.delete(`/api/workflows/${deleted}`);
			const drafting = await active(schedule('s', { cron: '0 0 1 1 *' }), end);
			/* Even where the row is still there. */
			await stack.sql(`UPDATE workflows SET status = 'DRAFT' WHERE id = '${drafting}'`);
			await makeDue(drafting);
			await settle();
			assert.deepEqual(await executions(drafted), []);
			assert.deepEqual(await executions(drafting), []);
			assert.deepEqual(await rows(deleted), []);
		});

		test('one that cannot run is left until its next time, and is in nobody’s way', async () => {
			stack.expectLog(/its schedule is due, but it cannot run/);
			const workflow = await active(schedule('s', { cron: '0 0 1 1 *' }), node('x', 'no-such-type'));
			await makeDue(workflow, 3600);
			await settle();
			assert.deepEqual(await executions(workflow), []);
			assert.ok((await rows(workflow))[0].next > new Date().toISOString());
		});
	});

	describe('hooks', () => {
		const list = async (workflow) => {
			const { status, body, text } = await user.get(`/api/workflows/${workflow}/hooks`);
			assert.equal(status, 200, text);
			return body;
		};
		const hookOf = async (workflow) => (await list(workflow))[0].path;
		const call = (path, options = {}) => stack.client.send(options.method ?? 'POST', path, options);
		/* Calls a hook and waits for the run; resolves to the trigger's output. */
		const outputOf = async (workflow, options, path) => {
			const answer = await call(path ?? (await hookOf(workflow)), options);
			assert.equal(answer.status, 202, answer.text);
			assert.match(answer.body.executionId, ID);
			const run = await user.finished(workflow, answer.body.executionId);
			assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
			return stepOf(run, 'h').output;
		};

		test('have an address that stays, one a node', async () => {
			const workflow = await user.workflow([hook('h', { method: 'PUT' }), hook('i', { secret: 'shh-0123456789' }), end]);
			const hooks = await list(workflow);
			assert.deepEqual(
				hooks.map(({ path, ...rest }) => rest).sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)),
				[{ nodeId: 'h', method: 'PUT', hasSecret: false }, { nodeId: 'i', method: 'POST', hasSecret: true }],
			);
			for (const { path } of hooks) assert.match(path.replace('/api/hooks/', ''), RANDOM_ID);
			await save(workflow, { nodes: [hook('h', { method: 'GET' }), end] });
			const path = hooks.find(({ nodeId }) => nodeId === 'h').path;
			assert.deepEqual(await list(workflow), [{ nodeId: 'h', path, method: 'GET', hasSecret: false }]);
			const copy = (await user.post(`/api/workflows/${workflow}/duplicate`)).body.id;
			const [copied] = await list(copy);
			assert.equal(copied.nodeId, 'h');
			assert.notEqual(copied.path, path);
			const stranger = await stack.user();
			assert.equal((await stranger.get(`/api/workflows/${workflow}/hooks`)).status, 404);
		});

		test('start the workflow with the request', async () => {
			const workflow = await active(hook('h'), end);
			const path = await hookOf(workflow);
			const headers = {
				'X-GitHub-Event': 'push',
				'User-Agent': 'tests',
				Authorization: `Bearer ${stack.secret(randomUUID())}`,
				Cookie: `session=${stack.secret(randomUUID())}`,
				'X-Api-Key': stack.secret(randomUUID()),
			};
			const { timestamp, ...output } = await outputOf(workflow, { body: { text: 'Hello', n: [1, null] }, headers }, `${path}?a=1&b=x%20y&c`);
			assert.match(timestamp, TIME);
			const { headers: seen, ...rest } = output;
			assert.deepEqual(rest, {
				triggered: true,
				type: 'webhook-trigger',
				nodeId: 'h',
				method: 'POST',
				path,
				query: { a: '1', b: 'x y', c: '' },
				body: { text: 'Hello', n: [1, null] },
				text: 'Hello',
			});
			assert.equal(seen['x-github-event'], 'push');
			assert.equal(seen['user-agent'], 'tests');
			assert.equal(seen['content-type'], 'application/json');
			for (const name of ['authorization', 'cookie', 'x-api-key']) assert.equal(seen[name], undefined);
		});

		test('take JSON, forms and text', async () => {
			const workflow = await active(hook('h'), end);
			for (const [type, raw, body] of [
				['application/vnd.api+json; charset=utf-8', '[1,"ä"]', [1, 'ä']],
				['application/x-www-form-urlencoded', 'a=1+2&text=%C3%A4', { a: '1 2', text: 'ä' }],
				['text/plain', 'Grüße', 'Grüße'],
				[undefined, 'plain', 'plain'],
				['application/json', '', null],
			]) {
				const headers = type ? { 'Content-Type': type } : {};
				assert.deepEqual((await outputOf(workflow, { raw, headers })).body, body, type);
			}
			const path = await hookOf(workflow);
			for (const [type, raw, status] of [
				['application/json', '{"a":', 400],
				['text/plain', Buffer.from('\xff\xfe', 'latin1'), 400],
				['text/plain', 'x'.repeat(256 * 1024), 202],
				['text/plain', 'x'.repeat(256 * 1024 + 1), 413],
			]) {
				const answer = await call(path, { raw, headers: { 'Content-Type': type } });
				assert.equal(answer.status, status, answer.text);
				if (status === 202) await user.finished(workflow, answer.body.executionId);
			}
		});

		test('take a delivery that comes again for the one that it was', async () => {
			const workflow = await user.workflow([hook('h'), hook('i'), end]);
			await save(workflow, { status: 'ACTIVE' });
			const [one, other] = (await list(workflow)).map(({ path }) => path);
			for (const header of ['webhook-id', 'Idempotency-Key']) {
				const headers = { [header]: `msg_${randomUUID()}` };
				const first = await call(one, { body: { n: 1 }, headers });
				assert.equal(first.status, 202, first.text);
				const again = await call(one, { body: { n: 1 }, headers });
				assert.deepEqual([again.status, again.body], [202, first.body]);
				assert.equal(again.headers['idempotent-replayed'], 'true');
				assert.equal((await call(one, { body: { n: 2 }, headers })).status, 422);
				const elsewhere = await call(other, { body: { n: 1 }, headers });
				assert.equal(elsewhere.status, 202, 'the same event may go to two addresses');
				assert.notEqual(elsewhere.body.executionId, first.body.executionId);
				for (const { body } of [first, elsewhere]) await user.finished(workflow, body.executionId);
			}
			assert.equal((await executions(workflow)).length, 4);
			assert.equal((await call(one, { headers: { 'webhook-id': 'x'.repeat(256) } })).status, 400);
		});

		test('take their own method only', async () => {
			for (const method of ['GET', 'PUT', 'POST']) {
				const workflow = await active(hook('h', { method }), end);
				const path = await hookOf(workflow);
				for (const other of ['GET', 'PUT', 'POST', 'HEAD'].filter((name) => name !== method)) {
					const answer = await call(path, { method: other });
					assert.equal(answer.status, 405, other);
					assert.equal(answer.headers.allow, method);
				}
				assert.equal((await outputOf(workflow, { method })).method, method);
				assert.equal((await executions(workflow)).length, 1);
			}
		});

		test('are there while the workflow is active', async () => {
			const workflow = await user.workflow([hook('h'), end]);
			const path = await hookOf(workflow);
			const missing = await call(`/api/hooks/${NO_ID}`);
			assert.equal(missing.status, 404);
			const answers = [await call(path)];
			await save(workflow, { status: 'ACTIVE' });
			await outputOf(workflow);
			await save(workflow, { status: 'ARCHIVED' });
			answers.push(await call(path));
			await save(workflow, { status: 'ACTIVE', nodes: [node('h', 'manual-trigger'), end] });
			answers.push(await call(path));
			for (const answer of answers) assert.deepEqual([answer.status, answer.body], [404, missing.body]);
			assert.equal((await executions(workflow)).length, 1);
		});

		test('say why a workflow cannot run', async () => {
			const workflow = await active(hook('h'), node('x', 'no-such-type'));
			const answer = await call(await hookOf(workflow));
			assert.equal(answer.status, 400);
			assert.match(answer.body.error, /no-such-type/);
		});

		test('with a secret take signed calls only', async () => {
			const secret = 'a-hook-secret-0123456789';
			const workflow = await active(hook('h', { secret }), end);
			const path = await hookOf(workflow);
			const raw = '{"a":1}';
			const hmac = (text, encoding, key = secret) => createHmac('sha256', key).update(text).digest(encoding);
			const standard = (at, key = secret) => ({
				'webhook-id': `msg_${at}`,
				'webhook-timestamp': String(at),
				'webhook-signature': `v1,${hmac(`msg_${at}.${at}.${raw}`, 'base64', key)}`,
			});
			const now = Math.floor(Date.now() / 1000);
			const json = { 'Content-Type': 'application/json' };
			for (const signed of [standard(now), standard(now - 200), { 'X-Hub-Signature-256': `sha256=${hmac(raw, 'hex')}` }]) {
				const { body, headers } = await outputOf(workflow, { raw, headers: { ...json, ...signed } });
				assert.deepEqual(body, { a: 1 });
				assert.equal(headers['webhook-signature'], undefined);
			}
			for (const unsigned of [
				{},
				standard(now - 400),
				standard(now + 400),
				standard(now, 'another-secret'),
				{ 'X-Hub-Signature-256': `sha256=${hmac('{"a":2}', 'hex')}` },
				{ 'X-Hub-Signature-256': secret },
			]) {
				const answer = await call(path, { raw, headers: { ...json, ...unsigned } });
				assert.equal(answer.status, 401, JSON.stringify(unsigned));
			}
			const runs = await executions(workflow);
			assert.equal(runs.length, 3);
			assert.ok(!JSON.stringify(runs).includes(secret));
		});
	});

	describe('Idempotency-Key', () => {
		const key = (value = randomUUID()) => ({ headers: { 'Idempotency-Key': value } });
		const profile = { name: 'Mine', provider: 'azure', providerVoiceId: 'en-US-JennyNeural' };
		const profiles = async (client = user) => (await client.get('/api/voice-profiles')).body.length;

		test('execute starts one execution', async () => {
			const workflow = await user.workflow([end]);
			const options = key();
			const first = await user.post(`/api/workflows/${workflow}/execute`, {}, options);
			assert.equal(first.status, 201, first.text);
			await user.finished(workflow, first.body.id);
			const again = await user.post(`/api/workflows/${workflow}/execute`, {}, options);
			assert.deepEqual([again.status, again.text], [first.status, first.text]);
			assert.equal(again.headers['idempotent-replayed'], 'true');
			assert.equal(first.headers['idempotent-replayed'], undefined);
			assert.equal((await executions(workflow)).length, 1);
			const other = await user.post(`/api/workflows/${workflow}/execute`, {}, key());
			assert.notEqual(other.body.id, first.body.id);
			await user.finished(workflow, other.body.id);
		});

		test('rerun starts one execution', async () => {
			const workflow = await user.workflow([node('x', 'set-variable')]);
			const { id } = await user.run(workflow);
			const options = key();
			const answers = [];
			for (let i = 0; i < 2; i++) answers.push(await user.post(`/api/workflows/${workflow}/rerun`, { executionId: id }, options));
			assert.equal(answers[0].status, 201, answers[0].text);
			assert.equal(answers[1].text, answers[0].text);
			await user.finished(workflow, answers[0].body.id);
			assert.equal((await executions(workflow)).length, 2);
		});

		test('another request with the key is refused', async () => {
			const options = key();
			assert.equal((await user.post('/api/voice-profiles', profile, options)).status, 201);
			const other = await user.post('/api/voice-profiles', { ...profile, name: 'Other' }, options);
			assert.equal(other.status, 422);
			assert.match(other.body.error, /Idempotency-Key/);
			const [one, two] = [await user.workflow([end]), await user.workflow([end])];
			const { body } = await user.post(`/api/workflows/${one}/execute`, {}, options);
			assert.equal((await user.post(`/api/workflows/${two}/execute`, {}, options)).status, 422);
			await user.finished(one, body.id);
		});

		test('counts for one user', async () => {
			const options = key();
			const stranger = await stack.user();
			const answers = [await user.post('/api/voice-profiles', profile, options), await stranger.post('/api/voice-profiles', profile, options)];
			assert.deepEqual(answers.map(({ status }) => status), [201, 201]);
			assert.notEqual(answers[0].body.id, answers[1].body.id);
		});

		test('of many at once one is done', async () => {
			const count = await profiles();
			const options = key();
			const answers = await Promise.all(Array.from({ length: 12 }, () => user.post('/api/voice-profiles', profile, options)));
			const made = answers.filter(({ status }) => status === 201);
			assert.ok(made.length > 0);
			assert.equal(new Set(made.map(({ text }) => text)).size, 1);
			for (const { status, headers, text } of answers.filter((answer) => !made.includes(answer))) {
				assert.equal(status, 409, text);
				assert.ok(Number(headers['retry-after']) > 0);
			}
			assert.equal(await profiles(), count + 1);
		});

		test('an upload is taken once, whatever its boundary', async () => {
			const { body } = await user.post('/api/voice-profiles', profile);
			const path = `/api/voice-profiles/${body.id}/assets`;
			const options = key();
			const [first, again] = [await user.upload(path, wav(1.5), options), await user.upload(path, wav(1.5), options)];
			assert.equal(first.status, 201, first.text);
			assert.equal(again.text, first.text);
			assert.equal((await user.upload(path, wav(1.6), options)).status, 422);
			assert.equal((await user.get(`/api/voice-profiles/${body.id}`)).body.assets.length, 1);
			assert.equal((await user.upload(path, wav(1.6), key())).status, 201);
		});

		test('what failed may be tried again', async () => {
			const options = key();
			const wrong = await user.post('/api/voice-profiles', { ...profile, name: '' }, options);
			assert.equal(wrong.status, 400);
			assert.equal((await user.post('/api/voice-profiles', profile, options)).status, 201);
		});

		test('has to be 1 to 255 printable characters', async () => {
			for (const [value, status] of [['x'.repeat(255), 201], ['x'.repeat(256), 400], ['k\u00e4se', 400]])
				assert.equal((await user.post('/api/voice-profiles', profile, key(value))).status, status, value);
		});

		test('a runner clears away what is older than a day', async () => {
			const [old, young] = [randomUUID(), randomUUID()];
			for (const value of [old, young]) await user.post('/api/voice-profiles', profile, key(value));
			await stack.sql(`UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second' WHERE key = '${old}'`);
			await stack.program('voiceover-jobs', ['--drain']);
			assert.equal(await stack.sql(`SELECT key FROM idempotency_keys WHERE key IN ('${old}', '${young}')`), young);
		});

		test('a responder that died holds a key for a minute, an answer holds for a day', async () => {
			const age = (value, seconds) =>
				stack.sql(`UPDATE idempotency_keys SET created_at = created_at - make_interval(secs => ${seconds}) WHERE key = '${value}'`);
			const died = (value) => stack.sql(`UPDATE idempotency_keys SET status = NULL, response = NULL WHERE key = '${value}'`);
			const value = randomUUID();
			const create = () => user.post('/api/voice-profiles', profile, key(value));
			const first = await create();
			await died(value);
			assert.equal((await create()).status, 409);
			await age(value, 61);
			const second = await create();
			assert.equal(second.status, 201);
			assert.notEqual(second.body.id, first.body.id);
			await age(value, 86_300);
			assert.equal((await create()).text, second.text);
			await age(value, 200);
			assert.notEqual((await create()).body.id, second.body.id);
		});
	});
});
