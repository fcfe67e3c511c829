/* voiceoverctl queue: what an administrator sees of the queue, and does about it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Queue } from 'bullmq';
import { node } from './client.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const NO_ID = '018f0000-0000-7000-8000-000000000000';

describe('voiceoverctl queue', () => {
	let stack;
	let user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
	});
	after(() => stack.stop());

	const ctl = (...args) => stack.program('voiceoverctl', ['queue', ...args]);
	const done = async (...args) => {
		const { code, stdout, stderr } = await ctl(...args);
		assert.deepEqual([code, stderr], [0, '']);
		return stdout;
	};
	const counts = async () => JSON.parse(await done('counts', '--json'));
	const execute = async (workflow) => (await user.post(`/api/workflows/${workflow}/execute`)).body.id;
	const read = async (workflow, id) => (await user.get(`/api/workflows/${workflow}/executions/${id}`)).body;
	/* Fails at its second step, until the workflow's first step says otherwise. */
	const failing = () => user.workflow([node('start', 'manual-trigger'), node('say', 'voice.tts', { text: 'Hello' })]);

	test('counts jobs, and says how long the oldest waits', async () => {
		await done('pause');
		const workflow = await user.workflow([node('a', 'manual-trigger')]);
		const id = await execute(workflow);
		const paused = await counts();
		assert.equal(paused.waiting, 1);
		assert.equal(paused.paused, true);
		assert.ok(paused.oldestWaitingSec >= 0 && paused.oldestWaitingSec < 60);
		assert.match(await done(), /^waiting +1\n(.*\n)*oldest +\d+ s\npaused +nothing is started/m);
		await done('resume');
		await user.finished(workflow, id);
		await until(async () => (await counts()).active === 0);
		const after_ = await counts();
		assert.deepEqual([after_.waiting, after_.paused, after_.oldestWaitingSec], [0, false, null]);
	});

	test('a failed execution goes on from its failed step', async () => {
		const workflow = await failing();
		const id = await execute(workflow);
		const before_ = await user.finished(workflow, id);
		assert.equal(before_.status, 'FAILED');
		await until(async () => (await counts()).failed === 1);
		const [failed] = JSON.parse(await done('failed', '--json'));
		assert.deepEqual([failed.id, failed.reason], [id, before_.error]);
		assert.match(await done('failed'), new RegExp(`^${id}  .*Z  ${before_.error.slice(0, 20)}`));
		assert.match(await done('retry', id), /goes on from its failed step/);
		const again = await user.finished(workflow, id);
		assert.equal(again.status, 'FAILED');
		assert.deepEqual(again.logs[0], before_.logs[0], 'what had succeeded is not run again');
		assert.notEqual(again.logs[1].startedAt, before_.logs[1].startedAt);
		await until(async () => (await counts()).failed === 1);
		assert.match(await done('retry', '--all'), new RegExp(id));
		await user.finished(workflow, id);
		await until(async () => (await counts()).failed === 1);
		assert.match(await done('remove', '--all'), /removed/);
		assert.equal((await counts()).failed, 0);
		assert.equal((await read(workflow, id)).status, 'FAILED', 'its record stays');
		assert.match(await done('retry', id), /goes on/, 'also where the queue has forgotten it');
		await user.finished(workflow, id);
		await until(async () => (await counts()).failed === 1);
		await done('remove', id);
	});

	test("a dashboard's retry lets it go on as well", async () => {
		const { hostname, port } = new URL(stack.info.redisUrl);
		const queue = new Queue('workflow-execution', { connection: { host: hostname, port: Number(port) } });
		try {
			const workflow = await failing();
			const id = await execute(workflow);
			const first = await user.finished(workflow, id);
			await until(async () => (await counts()).failed === 1);
			const job = await queue.getJob(id);
			await job.retry('failed');
			const startedAgain = async () => (await read(workflow, id)).logs[1].startedAt > first.logs[1].startedAt;
			await until(startedAgain);
			const again = await user.finished(workflow, id);
			assert.equal(again.status, 'FAILED');
			assert.deepEqual(again.logs[0], first.logs[0]);
			await until(async () => (await counts()).failed === 1);
			assert.equal(await job.getState(), 'failed');
			await done('remove', id);
		} finally {
			await queue.close();
		}
	});

	test('an execution that waits is cancelled with its job', async () => {
		await done('pause');
		const workflow = await user.workflow([node('a', 'manual-trigger')]);
		const [first, ...others] = [await execute(workflow), await execute(workflow), await execute(workflow)];
		assert.match(await done('remove', first), /its execution is cancelled/);
		assert.equal((await read(workflow, first)).status, 'CANCELLED');
		assert.equal((await counts()).waiting, 2);
		assert.equal((await done('drain', '--all')).trim().split('\n').length, 2);
		for (const id of others) assert.equal((await read(workflow, id)).status, 'CANCELLED');
		assert.equal((await counts()).waiting, 0);
		await done('resume');
	});

	test("nobody's many executions stand in the way of another's one", async () => {
		const other = await stack.user();
		const [mine, theirs] = [await user.workflow([node('a', 'manual-trigger')]), await other.workflow([node('a', 'manual-trigger')])];
		await done('pause');
		const many = [];
		for (let i = 0; i < 40; i++) many.push(await execute(mine));
		const one = (await other.post(`/api/workflows/${theirs}/execute`)).body.id;
		const waiting = await stack.redis('LRANGE', 'bull:workflow-execution:wait', '0', '-1');
		const behind = await stack.redis('ZRANGE', 'bull:workflow-execution:prioritized', '0', '-1');
		assert.deepEqual(waiting.trim().split('\n').reverse(), [...many.slice(0, 10), one]);
		assert.deepEqual(behind.trim().split('\n'), many.slice(10));
		await done('resume');
		for (const id of many) await user.finished(mine, id);
		await other.finished(theirs, one);
	});

	test('says what cannot be done', async () => {
		const workflow = await user.workflow([node('a', 'manual-trigger')]);
		const id = await execute(workflow);
		await user.finished(workflow, id);
		await until(async () => (await counts()).active === 0);
		for (const [args, code, sentence] of [
			[['retry', id], 1, /it has not failed/],
			[['retry', NO_ID], 1, /there is no failed job and no execution/],
			[['retry', 'meta'], 1, /there is no failed job/],
			[['remove', NO_ID, 'wait'], 1, /no job of that id[^]*no job of that id/],
			[['drain'], 64, /usage: /],
			[['retry'], 64, /usage: /],
			[['retry', id, '--all'], 64, /usage: /],
			[['pause', id], 64, /usage: /],
			[['nonsense'], 64, /usage: /],
			[['--nonsense'], 64, /usage: /],
		]) {
			const answer = await ctl(...args);
			assert.equal(answer.code, code, answer.stderr);
			assert.match(answer.stderr, sentence);
		}
		assert.equal((await ctl('--help')).code, 0);
		const nowhere = await stack.program('voiceoverctl', ['queue'], { REDIS_URL: 'redis://127.0.0.1:1' });
		assert.equal(nowhere.code, 75, nowhere.stderr);
		const none = await stack.program('voiceoverctl', ['queue'], { REDIS_URL: '' });
		assert.equal(none.code, 78);
		assert.match(none.stderr, /REDIS_URL/);
	});
});
