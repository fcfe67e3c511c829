/*
 * What the service lives through: each part of it restarted, killed or emptied under way. A claim and a queue's lock last 30
 * seconds, so where a test has killed their holder it shortens both by hand, as if that time had passed.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { node, voiceover } from './client.js';
import { childrenOf } from './part.js';
import { assertShape, ERROR, EXECUTION } from './shapes.js';
import { Stack, VOICE } from './stack.js';
import { until } from './until.js';

const QUEUE = 'bull:workflow-execution';
/* What multiwatch says of a responder that did not run for long. */
const RESTARTED = /^Spawning child\[\d\] failed, next try$/;

const statuses = ({ logs }) => Object.fromEntries(logs.map(({ nodeId, status }) => [nodeId, status]));

describe('the service survives', () => {
	let stack;
	let user;
	let quick;
	before(async () => {
		stack = await Stack.start({ env: { PROVIDER_TIMEOUT_S: '30' } });
		user = await stack.speaker();
		quick = await user.workflow([node('a', 'set-variable', { variableName: 'x', value: '1' })]);
	});
	after(() => stack?.stop());

	const execute = async (workflow = quick, client = user) => {
		const { status, body, text } = await client.post(`/api/workflows/${workflow}/execute`);
		assert.equal(status, 201, text);
		return body.id;
	};

	/* An execution of two texts, the second of which takes seconds to come: resolves once it is on its way. */
	const slowRun = async () => {
		const key = `sim-elevenlabs-key-${crypto.randomUUID()}`;
		await stack.provider('elevenlabs').addKeys([key]);
		const client = await stack.speaker({ key });
		const dripping = await stack.profile(client, 'elevenlabs', 'fault-drip');
		const nodes = [
			...voiceover(client.profile.id, `The first part of ${crypto.randomUUID()}`),
			node('slow', 'voice.tts', { voiceProfileId: dripping.id, text: `The second part of ${crypto.randomUUID()}` }),
			node('end', 'logger'),
		];
		const workflow = await client.workflow(nodes);
		const id = await execute(workflow, client);
		const get = async () => (await client.get(`/api/workflows/${workflow}/executions/${id}`)).body;
		const requests = async () =>
			(await stack.provider('elevenlabs').requests(key)).map(({ path }) => decodeURIComponent(path.split('/').at(-1)));
		const finished = () => client.finished(workflow, id);
		await until(async () => (await requests()).includes('fault-drip'), 'the second part to be asked for');
		return { id, get, requests, finished };
	};

	/* Makes what waits for a runner look as if it had done so for a minute, since the queue is doubted only then. */
	const age = () => stack.sql("UPDATE outbox SET due_at = due_at - interval '1 minute'");

	const assertAway = ({ status, headers, body }) => {
		assert.equal(status, 503);
		assert.match(headers['retry-after'], /^\d+$/);
		assertShape(ERROR, body);
	};

	test('PostgreSQL restarted', async () => {
		stack.expectLog(/ warn .*: answered 503: Error: (The database is not available|Not ready: database)/);
		stack.expectLog(/ warn .*: database is away: /);
		stack.expectLog(/ warn .*: The database is not available; trying again$/);
		stack.expectLog(/ FATAL: {2}(terminating connection|the database system is (starting up|shutting down))/);
		const slow = await slowRun();
		const stored = (await stack.objects('voice-segments/')).length;
		const postgres = stack.part('postgres');
		await postgres.end('SIGINT');

		assertAway(await user.get('/api/workflows'));
		assertAway(await user.get('/api/auth/me'));
		assertAway(await user.post(`/api/workflows/${quick}/execute`));
		assert.equal((await user.get('/api/health')).status, 200);
		const ready = await user.get('/api/health/ready');
		assert.equal(ready.status, 503);
		assert.match(ready.text, /database/);
		/* What was bought is in the storage, and nowhere written down yet. */
		await until(async () => (await stack.objects('voice-segments/')).length > stored, 'the audio of the second part');

		await postgres.start();
		await until(async () => (await user.get('/api/workflows')).status === 200, 'an answer');
		assert.equal((await user.run(quick)).status, 'COMPLETED');
		const done = await slow.finished();
		assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
		assert.deepEqual(await slow.requests(), [VOICE, 'fault-drip']);
	});

	test('PostgreSQL restarted while nobody called: all calls succeed', async () => {
		const postgres = stack.part('postgres');
		await postgres.end('SIGINT');
		await postgres.start();
		await until(() => stack.sql('SELECT 1').catch(() => null), 'PostgreSQL');
		const calls = Array.from({ length: 10 }, () => user.post('/api/workflows', { name: 'The first after it' }));
		const answers = await Promise.all(calls);
		assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
	});

	test('a restart of the pool under traffic', async () => {
		stack.expectLog(RESTARTED);
		let over = false;
		const seen = new Map();
		const call = async (method, path, body) => {
			while (!over) {
				const { status } = await user.send(method, path, { body });
				seen.set(status, (seen.get(status) ?? 0) + 1);
			}
		};
		const before = await childrenOf(await stack.part('pool').pid());
		const traffic = [
			call('GET', '/api/workflows'),
			call('GET', `/api/workflows/${quick}`),
			call('PUT', `/api/workflows/${quick}`, { description: 'Under way' }),
			call('POST', '/api/workflows', { name: 'Made under way' }),
		];
		await stack.tool('restart-pool');
		over = true;
		await Promise.all(traffic);
		assert.deepEqual([...seen.keys()].sort(), [200, 201], JSON.stringify([...seen]));
		const now = await childrenOf(await stack.part('pool').pid());
		assert.equal(now.length, before.length);
		assert.ok(now.every((pid) => !before.includes(pid)), 'every responder is a new one');
	});

	test('responders that are told to stop: they finish their request', async () => {
		stack.expectLog(RESTARTED);
		const dripping = await stack.profile(user, 'elevenlabs', 'fault-drip');
		const workflow = await user.workflow(voiceover(dripping.id, '', { text: 'Asked for by one node alone.' }));
		const pool = await stack.part('pool').pid();
		const asked = async () => {
			const requests = await stack.provider('elevenlabs').requests();
			return requests.filter(({ body }) => body?.includes('by one node alone')).length;
		};
		const answer = user.post(`/api/workflows/${workflow}/execute-node`, { nodeId: 'speak' });
		await until(asked, 'the node to run');
		for (const pid of await childrenOf(pool)) process.kill(pid, 'SIGTERM');
		assert.equal((await user.get('/api/workflows')).status, 200, 'another responder has taken over');
		const { status, body } = await answer;
		assert.equal(status, 200);
		assert.equal(body.stepLog.status, 'success', JSON.stringify(body));
		assert.equal(await asked(), 1);
	});

	test('a runner killed in the middle of a run: another goes on from there', async () => {
		const slow = await slowRun();
		const runner = stack.part('runner');
		await runner.end('SIGKILL');
		const left = await slow.get();
		assert.equal(left.status, 'RUNNING');
		assert.deepEqual(statuses(left), { start: 'success', script: 'success', speak: 'success', slow: 'running', end: 'idle' });

		await stack.sql(`UPDATE executions SET claim_expires_at = now() - interval '1 second' WHERE id = '${slow.id}'`);
		await stack.redis('DEL', `${QUEUE}:${slow.id}:lock`, `${QUEUE}:stalled-check`);
		/* A job counts as stalled at the second look without a lock; this is the first one's mark. */
		await stack.redis('SADD', `${QUEUE}:stalled`, slow.id);
		await runner.start();
		const done = await slow.finished();
		assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
		assert.deepEqual(done.logs.slice(0, 3), left.logs.slice(0, 3), 'what had succeeded stays as it was');
		assert.deepEqual(await slow.requests(), [VOICE, 'fault-drip', 'history', 'audio']);
		assert.equal(await stack.sql(`SELECT claim FROM executions WHERE id = '${slow.id}'`), '2');
	});

	describe('a runner that is told to stop', () => {
		const summary = async () =>
			(await stack.logLines('runner')).filter((line) => line.startsWith('voiceover-jobs: ')).at(-1);

		test('and finishes what it has', async () => {
			const slow = await slowRun();
			await stack.part('runner').end();
			assert.equal((await slow.get()).status, 'COMPLETED');
			assert.match(await summary(), /, 0 handed back, /);
			await stack.part('runner').start();
		});

		test('and hands back what takes too long', async () => {
			stack.expectLog(/ warn .*: execution .* broke off: /);
			const runner = stack.part('runner');
			await runner.end();
			await runner.start({ env: { STOP_GRACE_S: '0' } });
			const slow = await slowRun();
			await runner.end();
			assert.match(await summary(), /^voiceover-jobs: 0 completed, 0 failed, 0 retried, 0 cancelled, 1 handed back, \d+\.\d s$/);
			const left = await slow.get();
			assert.equal(left.status, 'RUNNING');
			assert.deepEqual(statuses(left), { start: 'success', script: 'success', speak: 'success', slow: 'idle', end: 'idle' });
			await runner.start({ env: { STOP_GRACE_S: '30' } });
			assert.equal((await slow.finished()).status, 'COMPLETED');
			assert.deepEqual(await slow.requests(), [VOICE, 'fault-drip', 'history', 'audio']);
		});
	});

	test('Redis killed: what is started meanwhile runs when it is back', async () => {
		stack.expectLog(/ warn .*: (redis is away: |answered 503: Error: Not ready: redis)/);
		stack.expectLog(/ warn .*: execution .* waits in the outbox: /);
		stack.expectLog(/ warn .*: (taking|waiting for) work: .*; trying again$/);
		stack.expectLog(/ warn .*: duty (stalled|reconcile|eviction|schedules): .*; trying again$/);
		stack.expectLog(/ info .*: put \d+ executions into the queue that it did not have$/);
		const redis = stack.part('redis');
		await redis.end('SIGKILL');
		const ids = [await execute(), await execute()];
		const ready = await user.get('/api/health/ready');
		assert.equal(ready.status, 503);
		assert.match(ready.text, /redis/i);
		await age();
		const { port } = new URL(stack.info.redisUrl);
		const place = ['--bind', '127.0.0.1', '--port', port, '--dir', join(stack.dir, 'data/redis')];
		await redis.start({ command: ['redis-server', ...place, '--appendonly', 'yes'] });
		for (const id of ids) assert.equal((await user.finished(quick, id)).status, 'COMPLETED');
		await until(async () => (await user.get('/api/health/ready')).status === 200, 'readiness');
	});

	describe('without a resident runner: voiceover-jobs --drain', () => {
		before(() => stack.part('runner').end());
		after(() => stack.part('runner').start());

		const drain = async (env) => {
			const { code, stdout, stderr } = await stack.program('voiceover-jobs', ['--drain'], env);
			assert.equal(code, 0, stderr);
			assert.match(stdout, /^voiceover-jobs: .* s\n$/);
			return stdout.replace(/, [\d.]+ s\n$/, '');
		};
		const counts = (completed, failed) =>
			`voiceover-jobs: ${completed} completed, ${failed} failed, 0 retried, 0 cancelled, 0 handed back`;

		test('runs what is due, and ends', async () => {
			const failing = await user.workflow([node('a', 'set-variable')]);
			const ids = [await execute(), await execute(), await execute()];
			const failed = await execute(failing);
			assert.equal(await drain(), counts(3, 1));
			for (const id of ids) assert.equal((await user.finished(quick, id)).status, 'COMPLETED');
			assertShape({ ...EXECUTION, status: 'FAILED' }, await user.finished(failing, failed));
			assert.equal(await drain(), counts(0, 0), 'nothing is left');
		});

		test('loses nothing with a queue that was emptied', async () => {
			const ids = await Promise.all(Array.from({ length: 5 }, () => execute()));
			await stack.redis('FLUSHALL');
			await age();
			assert.equal(await drain(), counts(5, 0));
			for (const id of ids) assert.equal((await user.finished(quick, id)).status, 'COMPLETED');
		});

		test('resident for a time: what comes meanwhile runs at once, and the end is kept', async () => {
			const started = Date.now();
			const running = stack.program('voiceover-jobs', ['--for', '2', '--concurrency', '500']);
			const id = await execute();
			assert.equal((await user.finished(quick, id)).status, 'COMPLETED');
			assert.ok(Date.now() - started < 2000, 'it did not wait for the end');
			const { code, stdout } = await running;
			assert.equal(code, 0);
			assert.match(stdout, /^voiceover-jobs: 1 completed, 0 failed, .* 2\.\d s\n$/);
		});

		test('needs no queue', async () => {
			const id = await execute();
			assert.equal(await drain({ REDIS_URL: '' }), counts(1, 0));
			assert.equal((await user.finished(quick, id)).status, 'COMPLETED');
			assert.equal(await drain(), counts(0, 0), 'the job of what has ended is dropped');
		});
	});
});
