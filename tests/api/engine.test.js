/* How runs go: branches side by side, loops, retries, reruns from anywhere, and what stops them. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { edge, node } from './client.js';
import { assertShape, EXECUTION } from './shapes.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const variable = (id, value, variableName = 'text') => node(id, 'set-variable', { variableName, value });
const broken = (id) => node(id, 'set-variable');
const logger = (id) => node(id, 'logger');
const delay = (id, duration) => node(id, 'delay', { duration });
const stepsOf = ({ logs }, id) => logs.filter(({ nodeId }) => nodeId === id);
const stepOf = (execution, id) => stepsOf(execution, id)[0];
const statuses = ({ logs }) => Object.fromEntries(logs.map(({ nodeId, status }) => [nodeId, status]));
const reused = ({ logs }) => logs.filter((step) => 'reusedFrom' in step).map(({ nodeId }) => nodeId).sort();

/* A server that fails for some paths, and counts what it is asked for. */
class Flaky {
	failing = new Map(); /* path to how often it still fails */
	asked = [];

	async start() {
		this.server = createServer((req, res) => {
			this.asked.push(req.url);
			const left = this.failing.get(req.url) ?? 0;
			this.failing.set(req.url, left - 1);
			res.writeHead(left > 0 ? 503 : 200, { 'Content-Type': 'application/json' });
			res.end(JSON.stringify({ path: req.url }));
		});
		await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
		this.url = `http://127.0.0.1:${this.server.address().port}`;
	}

	stop() {
		this.server?.closeAllConnections();
		this.server?.close();
	}
}

describe('the engine', () => {
	const flaky = new Flaky();
	let stack;
	let user;
	before(async () => {
		await flaky.start();
		stack = await Stack.start({ env: { PROVIDER_TIMEOUT_S: '30', EGRESS_ALLOW: '127.0.0.1' } });
		user = await stack.speaker();
	});
	after(async () => {
		flaky.stop();
		await stack?.stop();
	});

	const start = async (workflow) => {
		const { status, body, text } = await user.post(`/api/workflows/${workflow}/execute`);
		assert.equal(status, 201, text);
		return body.id;
	};
	const get = async (workflow, id) => (await user.get(`/api/workflows/${workflow}/executions/${id}`)).body;
	const rerun = (workflow, executionId, more) => user.post(`/api/workflows/${workflow}/rerun`, { executionId, ...more });
	/* The end of a rerun; `changes` and what it began with come along. */
	const rerunToEnd = async (workflow, executionId, more) => {
		const { status, body, text } = await rerun(workflow, executionId, more);
		assert.equal(status, 201, text);
		assertShape({ ...EXECUTION, rerunOf: executionId }, body);
		return { ...(await user.finished(workflow, body.id)), begun: body, changes: body.changes };
	};
	const request = (id, path, more = {}) => node(id, 'http-request', { url: `${flaky.url}${path}`, ...more });

	describe('GET /api/node-types', () => {
		const AI = ['input', 'output'];
		/* Category, inputs, outputs, and the settings that existing workflows have with their defaults. */
		const rows = {
			'manual-trigger': ['trigger', [], ['output'], {}],
			'schedule-trigger': ['trigger', [], ['output'], { cron: undefined, timezone: 'UTC' }],
			'webhook-trigger': ['trigger', [], ['output'], { method: 'POST', path: undefined }],
			'generate-script': ['ai', ...AI.map((port) => [port]), { provider: 'openai', model: undefined, prompt: undefined, systemPrompt: undefined, temperature: 0.7, maxTokens: 2048 }],
			prompter: ['ai', ...AI.map((port) => [port]), { provider: 'openai', model: undefined, prompt: undefined, systemPrompt: undefined, temperature: 0.5, maxTokens: 1024 }],
			'text-summarizer': ['ai', ...AI.map((port) => [port]), { provider: 'openai', model: undefined, style: 'Concise', maxLength: 150 }],
			'voice.tts': ['voice', ['text'], ['audio'], { voiceProfileId: undefined, format: 'mp3', text: undefined, stability: 0.5, similarityBoost: 0.75, speakingRate: 1 }],
			'text-to-speech': ['voice', ['text'], ['audio'], { provider: 'openai', voice: 'nova', voiceId: undefined, model: 'tts-1', text: undefined, speed: 1, stability: 0.5 }],
			'voice-clone': ['voice', ['sample'], ['voice_id'], { name: undefined, description: undefined }],
			'if-else': ['logic', ['input'], ['true', 'false'], { conditionType: 'field_check', field: undefined, operator: 'equals', compareValue: undefined, condition: undefined }],
			loop: ['logic', ['items'], ['item', 'done'], { maxIterations: 100 }],
			delay: ['logic', ['input'], ['output'], { duration: 5 }],
			merge: ['logic', ['input1', 'input2'], ['output'], { strategy: 'Wait All' }],
			'set-variable': ['utility', ['input'], ['output'], { variableName: undefined, value: undefined }],
			'http-request': ['utility', ['input'], ['response'], { method: 'GET', url: undefined, headers: undefined, body: undefined, timeout: 30000 }],
			notification: ['utility', ['input'], ['output'], { channel: 'Email', message: undefined, recipient: undefined }],
			logger: ['utility', ['input'], ['output'], { label: undefined, logLevel: 'info' }],
			'preview-output': ['utility', ['input'], ['output'], {}],
		};
		let types;
		before(async () => {
			const { status, body, text } = await user.get('/api/node-types');
			assert.equal(status, 200, text);
			types = new Map(body.map((type) => [type.type, type]));
		});

		test('has every type that runs here, and no other', () => {
			assert.deepEqual([...types.keys()].sort(), Object.keys(rows).sort());
		});

		for (const [name, [category, inputs, outputs, defaults]] of Object.entries(rows))
			test(`${name} is as existing workflows have it`, () => {
				const type = types.get(name);
				const fields = new Map(type.fields.map((field) => [field.name, field]));
				const ids = (ports) => ports.map(({ id }) => id);
				assert.deepEqual([type.category, ids(type.inputs), ids(type.outputs)], [category, inputs, outputs]);
				for (const [field, value] of Object.entries(defaults)) {
					assert.ok(fields.has(field), `${field} is missing`);
					if (value !== undefined) assert.deepEqual(fields.get(field).default, value, field);
				}
				for (const [field, value] of Object.entries({ stepTimeout: 900, retryAttempts: 1, retryBackoff: 2000 }))
					assertShape({ group: 'advanced', type: 'number', default: value }, fields.get(field));
			});
	});

	describe('rerun', () => {
		const nodes = () => [node('start', 'manual-trigger'), variable('a', 'A'), variable('b', 'B {{a.text}}'), broken('bad'), logger('last'), logger('side')];
		const edges = [edge('start', 'a'), edge('a', 'b'), edge('b', 'bad'), edge('bad', 'last'), edge('start', 'side')];
		const failedRun = async () => {
			const workflow = await user.workflow(nodes(), edges);
			const failed = await user.run(workflow);
			assert.deepEqual(statuses(failed), { start: 'success', a: 'success', b: 'success', bad: 'error', last: 'idle', side: 'success' });
			return { workflow, failed };
		};

		test('from the start runs everything again', async () => {
			const { workflow, failed } = await failedRun();
			const done = await rerunToEnd(workflow, failed.id, { from: 'start' });
			assert.deepEqual([...new Set(Object.values(statuses(done.begun)))], ['idle']);
			assert.deepEqual([statuses(done), reused(done), done.changes], [statuses(failed), [], []]);
		});

		for (const [form, more] of [['from', { from: { nodeId: 'b' } }], ['nodeId', { nodeId: 'b' }]])
			test(`from a node, named by ${form}, runs it again and what comes after it`, async () => {
				const { workflow, failed } = await failedRun();
				const done = await rerunToEnd(workflow, failed.id, more);
				assert.deepEqual([statuses(done), reused(done)], [statuses(failed), ['a', 'side', 'start']]);
				assert.notEqual(stepOf(done, 'b').startedAt, stepOf(failed, 'b').startedAt);
			});

		test('from a node or the start, what has succeeded or was cancelled too; never what runs', async () => {
			const workflow = await user.workflow([node('start', 'manual-trigger'), variable('a', 'A'), variable('b', 'B {{a.text}}')]);
			const first = await user.run(workflow);
			const done = await rerunToEnd(workflow, first.id, { from: { nodeId: 'b' } });
			assert.deepEqual([done.status, reused(done)], ['COMPLETED', ['a', 'start']]);
			assert.deepEqual(reused(await rerunToEnd(workflow, done.id, { from: 'start' })), []);

			const slow = await user.workflow([node('start', 'manual-trigger'), node('wait', 'delay', { duration: 60 }), logger('last')]);
			const { body: running } = await user.post(`/api/workflows/${slow}/execute`);
			assert.equal((await rerun(slow, running.id, { from: 'start' })).status, 400);
			await user.post(`/api/workflows/${slow}/executions/${running.id}/cancel`);
			await user.finished(slow, running.id);
			const again = await rerun(slow, running.id, { from: { nodeId: 'wait' } });
			assert.equal(again.status, 201, again.text);
			await user.post(`/api/workflows/${slow}/executions/${again.body.id}/cancel`);
			await user.finished(slow, again.body.id);
		});

		test('names what it cannot run from', async () => {
			const { workflow, failed } = await failedRun();
			const unknown = await rerun(workflow, failed.id, { from: { nodeId: 'none' } });
			assert.deepEqual([unknown.status, unknown.body.error], [400, 'There is no node "none" to run from']);
			for (const [more, path] of [[{ from: 'middle' }, 'from'], [{ from: {} }, 'nodeId'], [{ version: 'next' }, 'version']]) {
				const { status, body } = await rerun(workflow, failed.id, more);
				assert.deepEqual([status, body.details?.[0]?.path.at(-1)], [400, path], JSON.stringify(more));
			}
		});

		/* b and bad are changed, side is removed, extra is added. */
		const edited = () => [...nodes().slice(0, 2), variable('b', 'Better'), variable('bad', 'Mended'), logger('last'), logger('extra')];
		const edit = async (workflow, changed = edited()) => {
			const { status, text } = await user.put(`/api/workflows/${workflow}`, { nodes: changed, edges: [...edges.slice(0, 4), edge('a', 'extra')] });
			assert.equal(status, 200, text);
		};

		test('on the current graph names what has changed, and runs that again', async () => {
			const { workflow, failed } = await failedRun();
			await edit(workflow);
			const done = await rerunToEnd(workflow, failed.id, { version: 'current' });
			const change = (nodeId, what) => ({ nodeId, change: what });
			const byId = (x, y) => (x.nodeId < y.nodeId ? -1 : 1);
			assert.deepEqual(done.changes.sort(byId), [change('b', 'changed'), change('bad', 'changed'), change('extra', 'added'), change('side', 'removed')]);
			assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
			assert.deepEqual(reused(done), ['a', 'start']);
			assert.deepEqual(Object.keys(statuses(done)).sort(), ['a', 'b', 'bad', 'extra', 'last', 'start']);
			assert.deepEqual(stepOf(done, 'bad').input, { b: { text: 'Better' } });
		});

		test('on the original graph takes no notice of an edit', async () => {
			const { workflow, failed } = await failedRun();
			await edit(workflow);
			const done = await rerunToEnd(workflow, failed.id, { version: 'original' });
			assert.deepEqual([statuses(done), done.changes], [statuses(failed), []]);
			assert.deepEqual(reused(done), ['a', 'b', 'side', 'start']);
		});

		test('on a current graph that cannot run is refused with its faults', async () => {
			const { workflow, failed } = await failedRun();
			await edit(workflow, [...edited(), node('x', 'teleport')]);
			const { status, body } = await rerun(workflow, failed.id, { version: 'current' });
			assert.equal(status, 400);
			assert.deepEqual(body.details.map(({ path }) => path), [['nodes', 'x']]);
		});

		test('does not repeat what stands behind a branch that was not taken', async () => {
			const fork = [node('if', 'if-else', { conditionType: 'expression', condition: '1 == 1' }), logger('yes'), logger('no'), node('both', 'merge'), broken('bad')];
			const branches = [edge('if', 'yes', 'true'), edge('if', 'no', 'false'), edge('yes', 'both'), edge('no', 'both')];
			const workflow = await user.workflow(fork, branches);
			const failed = await user.run(workflow);
			const done = await rerunToEnd(workflow, failed.id);
			assert.deepEqual(reused(done), ['both', 'if', 'yes']);
		});
	});

	describe('branches', () => {
		test('run side by side', async () => {
			const voice = await stack.profile(user, 'elevenlabs', 'fault-drip');
			const speech = (id) => node(id, 'voice.tts', { voiceProfileId: voice.id, text: `The text of ${id}.` });
			const nodes = [node('start', 'manual-trigger'), speech('one'), speech('two'), node('both', 'merge')];
			const done = await user.run(await user.workflow(nodes, [edge('start', 'one'), edge('start', 'two'), edge('one', 'both'), edge('two', 'both')]));
			assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
			const [one, two] = [stepOf(done, 'one'), stepOf(done, 'two')];
			assert.ok(one.startedAt < two.completedAt && two.startedAt < one.completedAt, JSON.stringify([one, two]));
			assert.deepEqual(Object.keys(stepOf(done, 'both').input), ['one', 'two']);
		});

		test('are cancelled together, and leave no step running', async () => {
			stack.expectLog(/ info .*: stopping execution .*: the user cancelled it$/);
			const nodes = [node('start', 'manual-trigger'), ...['a', 'b', 'c'].map((id) => delay(id, 300)), logger('end')];
			const edges = ['a', 'b', 'c'].flatMap((id) => [edge('start', id), edge(id, 'end')]);
			const workflow = await user.workflow(nodes, edges);
			const id = await start(workflow);
			const running = ({ logs }) => logs.filter(({ status }) => status === 'running').length;
			await until(async () => running(await get(workflow, id)) === 3, 'three branches to run');
			await user.post(`/api/workflows/${workflow}/executions/${id}/cancel`);
			const done = await user.finished(workflow, id);
			assert.equal(done.status, 'CANCELLED');
			assert.deepEqual(statuses(done), { start: 'success', a: 'error', b: 'error', c: 'error', end: 'idle' });
			for (const branch of ['a', 'b', 'c']) assert.match(stepOf(done, branch).error, /stopped/);
		});
	});

	describe('a loop', () => {
		const body = [edge('list', 'each'), edge('each', 'ask', 'item'), edge('ask', 'note'), edge('each', 'end', 'done')];
		const graph = (names, ask) => [variable('list', names, 'items'), node('each', 'loop', { maxIterations: 1000 }), ask, logger('note'), logger('end')];

		test('that failed at an item keeps those before it in a rerun', async () => {
			flaky.failing.set('/y', 2);
			const ask = request('ask', '/{{each}}', { retryAttempts: 2, retryBackoff: 0 });
			const workflow = await user.workflow(graph(['x', 'y', 'z'], ask), body);
			const failed = await user.run(workflow);
			assert.equal(failed.status, 'FAILED', JSON.stringify(failed));
			assert.deepEqual(stepsOf(failed, 'ask').map(({ status, attempts }) => [status, attempts]), [['success', 1], ['error', 2]]);
			assert.match(stepOf(failed, 'each').error, /Item 2 failed at "Title of ask"/);

			const done = await rerunToEnd(workflow, failed.id);
			assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
			assert.deepEqual(flaky.asked.filter((path) => /^\/[xyz]$/.test(path)), ['/x', '/y', '/y', '/y', '/z']);
			const [first, ...others] = stepsOf(done, 'ask');
			assert.deepEqual(first, { ...stepsOf(failed, 'ask')[0], reusedFrom: failed.id });
			for (const step of others) assert.ok(!('reusedFrom' in step), JSON.stringify(step));
			assert.deepEqual(stepOf(done, 'end').input.each.items.map(({ data }) => data.body.path), ['/x', '/y', '/z']);
		});

		test('is cancelled between two items', async () => {
			stack.expectLog(/ info .*: stopping execution .*: the user cancelled it$/);
			const names = Array.from({ length: 1000 }, (_, i) => i);
			const workflow = await user.workflow(graph(names, delay('ask', 0.01)), body);
			const id = await start(workflow);
			await until(async () => stepsOf(await get(workflow, id), 'ask').length > 2, 'some items');
			await user.post(`/api/workflows/${workflow}/executions/${id}/cancel`);
			const done = await user.finished(workflow, id);
			assert.equal(done.status, 'CANCELLED');
			assert.ok(!done.logs.some(({ status }) => status === 'running'), JSON.stringify(done.logs.at(-1)));
			assert.ok(!done.logs.some(({ error }) => /time limit/.test(error)), JSON.stringify(stepOf(done, 'each')));
			assert.equal(stepOf(done, 'end').status, 'idle');
		});
	});

	describe('a step that fails', () => {
		test('is tried again, after longer and longer waits', async () => {
			flaky.failing.set('/twice', 2);
			const done = await user.run(await user.workflow([request('ask', '/twice', { retryAttempts: '3', retryBackoff: '200' })]));
			assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
			const { attempts, notes, durationMs, output } = stepOf(done, 'ask');
			assert.deepEqual([attempts, output.statusCode], [3, 200]);
			assert.deepEqual(notes.map((note) => note.slice(0, 18)), ['Try 1 of 3 failed:', 'Try 2 of 3 failed:']);
			assert.ok(durationMs >= 0.8 * (200 + 400), `${durationMs} ms`);
		});

		test('fails for good after the last try', async () => {
			flaky.failing.set('/always', 100);
			const done = await user.run(await user.workflow([request('ask', '/always', { retryAttempts: 3, retryBackoff: 0 })]));
			assert.equal(done.status, 'FAILED');
			assertShape({ status: 'error', attempts: 3, error: /status 503/ }, stepOf(done, 'ask'));
			assert.equal(flaky.asked.filter((path) => path === '/always').length, 3);
		});

		test('is not tried again where that would not help', async () => {
			const nodes = [node('a', 'set-variable', { retryAttempts: 5, retryBackoff: 0 })];
			const done = await user.run(await user.workflow(nodes));
			assertShape({ status: 'error', attempts: 1, error: /name/ }, stepOf(done, 'a'));
		});
	});

	/* What a dead runner had is due again at once. */
	const forgetRunner = async (id) => {
		await stack.sql(`UPDATE executions SET claim_expires_at = now() - interval '1 second' WHERE id = '${id}'`);
		await stack.redis('DEL', `bull:workflow-execution:${id}:lock`, 'bull:workflow-execution:stalled-check');
		await stack.redis('SADD', 'bull:workflow-execution:stalled', id);
	};

	test('a delay that was broken off waits for what was left of it', async () => {
		const workflow = await user.workflow([delay('wait', 120), logger('end')]);
		const id = await start(workflow);
		const { startedAt } = await until(async () => {
			const step = stepOf(await get(workflow, id), 'wait');
			return step.status === 'running' && step;
		}, 'the step to run');
		const runner = stack.part('runner');
		await runner.end('SIGKILL');
		await stack.sql(`UPDATE execution_steps SET first_started_at = first_started_at - interval '119.9 seconds' WHERE execution_id = '${id}' AND node_id = 'wait'`);
		await forgetRunner(id);
		await runner.start();
		const { output } = stepOf(await user.finished(workflow, id), 'wait');
		assert.equal(output.durationSeconds, 120);
		assert.ok(Math.abs(new Date(startedAt) - new Date(output.startedAt) - 119_900) < 10, output.startedAt);
	});

	test('a run that ended its runner three times is given up', async () => {
		const workflow = await user.workflow([delay('wait', 60), logger('end')]);
		const id = await start(workflow);
		await until(async () => stepOf(await get(workflow, id), 'wait').status === 'running', 'the step to run');
		const runner = stack.part('runner');
		await runner.end('SIGKILL');
		await stack.sql(`UPDATE executions SET crashes = 2 WHERE id = '${id}'`);
		await forgetRunner(id);
		await runner.start();
		const done = await user.finished(workflow, id);
		assertShape({ status: 'FAILED', error: /^This run was left unfinished three times/ }, done);
		assert.deepEqual(statuses(done), { wait: 'error', end: 'idle' });
		assert.equal(stepOf(done, 'wait').error, done.error);
	});
});
