/* Jobs that a Node program puts into the queue, with everything in them, are run like our own. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Queue, QueueEvents } from 'bullmq5';
import { chain, node } from './client.js';
import { Stack } from './stack.js';

const DEFAULTS = { attempts: 2, backoff: { type: 'exponential', delay: 2000 },
	removeOnComplete: { count: 500 }, removeOnFail: { count: 200 } };
const uuid = () => randomUUID().replace(/-.(?=...-.{4}-.{12}$)/, '-7');

describe('foreign jobs', { timeout: 60_000 }, () => {
	let stack, user, queue, events, workflow, userId;
	const nodes = ['a', 'b', 'c'].map((id) => node(id, 'set-variable', { variableName: id, value: `of ${id}` }));

	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
		workflow = await user.workflow(nodes, chain(nodes));
		userId = (await user.get('/api/auth/me')).body.user.id;
		const { hostname: host, port } = new URL(stack.info.redisUrl);
		const connection = { host, port: Number(port), maxRetriesPerRequest: null };
		queue = new Queue('workflow-execution', { connection });
		events = new QueueEvents('workflow-execution', { connection });
		await events.waitUntilReady();
	});
	after(async () => {
		await events.close();
		await queue.close();
		await stack.stop();
	});

	const add = (data, options) => queue.add('run', { executionId: uuid(), workflowId: workflow, userId, nodes,
		edges: chain(nodes), ...data }, { ...DEFAULTS, ...options });

	test('an execution that nobody has written down is, and runs', async () => {
		const job = await add();
		assert.deepEqual(await job.waitUntilFinished(events), { status: 'COMPLETED' });
		const execution = (await user.get(`/api/workflows/${workflow}/executions/${job.data.executionId}`)).body;
		assert.equal(execution.status, 'COMPLETED');
		assert.deepEqual(execution.logs.map(({ nodeId, status }) => [nodeId, status]),
			[['a', 'success'], ['b', 'success'], ['c', 'success']]);
		const again = await add({ executionId: job.data.executionId });
		assert.deepEqual(await again.waitUntilFinished(events), { status: 'OVER' }, 'it is not run twice');
	});

	test('what earlier steps have yielded is not done again before the start', async () => {
		const priorOutputs = { a: { a: 'from before' }, b: { b: 'from before' } };
		for (const [startStep, kept] of [[1, ['a']], ['b', ['a']], [undefined, ['a', 'b']]]) {
			const job = await add({ priorOutputs, startStep });
			await job.waitUntilFinished(events);
			const { logs } = (await user.get(`/api/workflows/${workflow}/executions/${job.data.executionId}`)).body;
			assert.deepEqual(logs.filter(({ output }) => Object.values(output).includes('from before')).map(({ nodeId }) => nodeId), kept);
			assert.ok(logs.every(({ status }) => status === 'success'));
		}
	});

	test('one that cannot be run here fails for good, and says why', async () => {
		stack.expectLog(/ warn .*: job .* is refused: /);
		const other = await stack.user();
		const own = (await user.post(`/api/workflows/${workflow}/execute`)).body.id;
		const faults = [
			[{ executionId: 'ck7abc' }, /executionId must be a UUID, not "ck7abc"/],
			[{ workflowId: uuid() }, /has no workflow/],
			[{ userId: (await other.get('/api/auth/me')).body.user.id }, /has no workflow/],
			[{ nodes: [] }, /./],
			[{ nodes: [node('x', 'teleport')], edges: [] }, /./],
		];
		for (const [data, reason] of faults) {
			const job = await add(data);
			await assert.rejects(job.waitUntilFinished(events), reason);
			assert.equal((await queue.getJob(job.id)).attemptsMade, 1);
		}
		assert.equal((await user.finished(workflow, own)).status, 'COMPLETED');
	});
});
