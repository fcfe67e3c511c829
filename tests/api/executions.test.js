import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { edge, node, voiceover } from './client.js';
import { assertShape, EXECUTION, STEP_LOG, TIME } from './shapes.js';
import { ELEVENLABS_KEY, Stack, VOICE } from './stack.js';
import { until } from './until.js';

const NO_ID = '018f0000-0000-7000-8000-000000000000';

const variable = (id, value, variableName = 'text') => node(id, 'set-variable', { variableName, value });
const broken = (id) => node(id, 'set-variable');
const speech = (id, voiceProfileId, text = '') => node(id, 'voice.tts', { voiceProfileId, text });
const stepOf = ({ logs }, id) => logs.find(({ nodeId }) => nodeId === id);
const statuses = ({ logs }) => Object.fromEntries(logs.map(({ nodeId, status }) => [nodeId, status]));

describe('executions', () => {
	let stack;
	let user;
	before(async () => {
		stack = await Stack.start({ env: { PROVIDER_TIMEOUT_S: '30' } });
		user = await stack.speaker();
	});
	after(() => stack?.stop());

	const start = async (workflow, client = user) => {
		const { status, body, text } = await client.post(`/api/workflows/${workflow}/execute`);
		assert.equal(status, 201, text);
		return body;
	};
	const rerun = (workflow, executionId, client = user) => client.post(`/api/workflows/${workflow}/rerun`, { executionId });
	const cancel = (workflow, id, client = user) => client.post(`/api/workflows/${workflow}/executions/${id}/cancel`);
	const runNode = (workflow, body, client = user) => client.post(`/api/workflows/${workflow}/execute-node`, body);

	/* The output of one node, run with these before it. */
	const outputOf = async (nodes, edges) => {
		const execution = await user.run(await user.workflow(nodes, edges));
		assert.equal(execution.status, 'COMPLETED', JSON.stringify(execution));
		return execution.logs.at(-1).output;
	};

	/* An execution with a step that takes seconds: resolves once that step runs. */
	const slowRun = async (voice = 'fault-drip') => {
		const profile = await stack.profile(user, 'elevenlabs', voice);
		const workflow = await user.workflow([...voiceover(profile.id, `Never spoken before: ${crypto.randomUUID()}`), node('end', 'logger')]);
		const { id } = await start(workflow);
		const path = `/api/workflows/${workflow}/executions/${id}`;
		const running = await until(async () => {
			const { body } = await user.get(path);
			return stepOf(body, 'speak').status === 'running' && body;
		}, 'the step to run');
		return { workflow, id, path, running };
	};

	describe('execute', () => {
		test('answers at once, with every step idle', async () => {
			const nodes = [node('a', 'manual-trigger'), variable('b', 'Hello'), node('c', 'logger')];
			const workflow = await user.workflow(nodes);
			const made = await start(workflow);
			assertShape(EXECUTION, made);
			const { id, startedAt, ...rest } = made;
			const logs = [
				{ nodeId: 'a', nodeType: 'manual-trigger', nodeTitle: 'Title of a', status: 'idle' },
				{ nodeId: 'b', nodeType: 'set-variable', nodeTitle: 'Title of b', status: 'idle' },
				{ nodeId: 'c', nodeType: 'logger', nodeTitle: 'Title of c', status: 'idle' },
			];
			const expected = { workflowId: workflow, status: 'RUNNING', logs, completedAt: null, error: null };
			assert.deepEqual(rest, { ...expected, rerunOf: null, attempt: 1 });
			const done = await user.finished(workflow, id);
			assert.equal(done.status, 'COMPLETED');
			assert.equal(done.startedAt, startedAt);
		});

		test('logs each step with its times, input and output', async () => {
			const workflow = await user.workflow([variable('a', 'Hello'), node('b', 'preview-output')]);
			const done = await user.run(workflow);
			assert.match(done.completedAt, TIME);
			assert.equal(done.error, null);
			for (const step of done.logs) {
				assertShape({ ...STEP_LOG, status: 'success', startedAt: TIME, completedAt: TIME, durationMs: Number.isInteger }, step);
				assert.ok(step.startedAt <= step.completedAt && step.completedAt <= done.completedAt, JSON.stringify(step));
				for (const absent of ['error', 'errorStack', 'reusedFrom', 'cost', 'notes']) assert.ok(!(absent in step), absent);
			}
			assert.deepEqual(stepOf(done, 'a').input, {});
			assert.deepEqual(stepOf(done, 'b').input, { a: { text: 'Hello' } });
		});

		test('leaves out what is disabled, and its edges', async () => {
			const nodes = [variable('a', '1'), node('off', 'no-such-type', {}, { status: 'disabled' }), node('c', 'logger')];
			const done = await user.run(await user.workflow(nodes));
			assert.deepEqual(statuses(done), { a: 'success', c: 'success' });
			assert.deepEqual(stepOf(done, 'c').input, {});
		});

		test('runs in the order of the edges', async () => {
			const nodes = ['c', 'b', 'a'].map((id) => node(id, 'logger'));
			const done = await user.run(await user.workflow(nodes, [edge('a', 'b'), edge('b', 'c')]));
			assert.deepEqual(Object.keys(statuses(done)), ['a', 'b', 'c']);
		});

		test("takes the definition's type before the node's", async () => {
			const bare = { id: 'x', type: 'manual-trigger', data: {} };
			const done = await user.run(await user.workflow([bare, node('y', 'logger')]));
			assert.deepEqual(done.logs.map(({ nodeType }) => nodeType), ['manual-trigger', 'logger']);
		});
	});

	describe('execute refuses', () => {
		const disabled = (one) => ({ ...one, data: { ...one.data, status: 'disabled' } });
		const logger = (id) => node(id, 'logger');
		const empty = /^Workflow has no nodes to execute$/;
		const cycle = /is part of a cycle, or comes after one$/;
		/* What is wrong, the graph, and the faults as [where, id, sentence]; none for those without details. */
		const rows = [
			['no nodes', [], [], empty],
			['only disabled nodes', [disabled(logger('a')), disabled(logger('b'))], [], empty],
			[
				'a cycle',
				[logger('start'), logger('a'), logger('b'), logger('behind')],
				[edge('a', 'b'), edge('b', 'a'), edge('b', 'behind')],
				[
					['nodes', 'a', cycle],
					['nodes', 'b', cycle],
					['nodes', 'behind', cycle],
				],
			],
			['an edge of a node to itself', [logger('a')], [edge('a', 'a')], [['nodes', 'a', cycle]]],
			[
				'edges without an end',
				[logger('a')],
				[edge('a', 'gone'), edge('away', 'a'), { id: 'none' }],
				[
					['edges', 'a-gone', /target that does not exist \("gone"\)/],
					['edges', 'away-a', /source that does not exist \("away"\)/],
					['edges', 'none', /source that does not exist/],
					['edges', 'none', /target that does not exist/],
				],
			],
			['an id given twice', [logger('a'), logger('b'), logger('a')], [], [['nodes', 'a', /two nodes with the id "a"/]]],
			['a node without an id', [{ type: 'logger' }, logger('')], [], [
				['nodes', '', /no usable id/],
				['nodes', '', /no usable id/],
			]],
			[
				'types that nobody knows',
				[node('a', 'teleport'), logger('b'), { id: 'c' }],
				[],
				[
					['nodes', 'a', /"Title of a" is of type "teleport".*cannot run/],
					['nodes', 'c', /cannot run/],
				],
			],
			[
				'faults of several kinds at once',
				[node('a', 'teleport'), logger('b'), logger('b')],
				[],
				[
					['nodes', 'a', /teleport/],
					['nodes', 'b', /two nodes/],
				],
			],
			...[
				'render-video',
				'clip-joiner',
				'video.auto_edit',
				'video.render_final',
				'review.approval_gate',
				'youtube-publisher',
				'tiktok-publisher',
				'meta-publisher',
			].map((type) => [
				`the retired ${type}`,
				[logger('a'), node('old', type)],
				[],
				[['nodes', 'old', new RegExp(`is of type ${type.replace('.', '\\.')}, which this server keeps but does not run`)]],
			]),
		];
		for (const [what, nodes, edges, faults] of rows)
			test(what, async () => {
				const workflow = await user.workflow(nodes, edges);
				const { status, body } = await user.post(`/api/workflows/${workflow}/execute`);
				assert.equal(status, 400);
				if (faults instanceof RegExp) {
					assert.match(body.error, faults);
				} else {
					const details = body.details ?? [];
					assert.deepEqual(
						details.map(({ path }) => path),
						faults.map(([where, id]) => [where, id]),
					);
					faults.forEach(([, , sentence], i) => assert.match(details[i].message, sentence));
					assert.ok(body.error.endsWith(details[0].message), body.error);
				}
				assert.deepEqual((await user.get(`/api/workflows/${workflow}/executions`)).body, []);
			});
	});

	describe('nodes', () => {
		for (const type of ['manual-trigger', 'schedule-trigger', 'webhook-trigger'])
			test(`${type} says that it was triggered`, async () => {
				assertShape({ triggered: true, type, timestamp: TIME }, await outputOf([node('a', type)]));
			});

		test('set-variable names a value, of any type', async () => {
			for (const value of ['text', 7, 1.5, true, false, ['a'], { b: null }])
				assert.deepEqual(await outputOf([variable('a', value, 'x y')]), { 'x y': value });
		});

		test('set-variable takes the input where it has no value', async () => {
			for (const blank of ['', ' \n', null, undefined])
				assert.deepEqual(await outputOf([variable('a', 'up'), variable('b', blank, 'x')]), { x: { text: 'up' } });
		});

		test('logger repeats its input, under a label', async () => {
			const config = { label: 'Look', logLevel: 'warn' };
			const data = { text: 'up' };
			const labelled = await outputOf([variable('a', 'up'), node('b', 'logger', config)]);
			assert.deepEqual(labelled, { logged: true, label: 'Look', level: 'warn', data });
			const plain = await outputOf([variable('a', 'up'), node('b', 'logger')]);
			assert.deepEqual(plain, { logged: true, label: '', level: 'info', data });
		});

		test('preview-output passes on what comes in, by its source', async () => {
			const nodes = [variable('a', '1', 'x'), variable('b', '2', 'y'), node('c', 'preview-output')];
			assert.deepEqual(await outputOf(nodes, [edge('a', 'c'), edge('b', 'c')]), { a: { x: '1' }, b: { y: '2' } });
			assert.deepEqual(await outputOf([node('c', 'preview-output')]), {});
		});

		test('two edges between the same nodes carry one value', async () => {
			const twice = [edge('a', 'b'), { ...edge('a', 'b'), id: 'again', sourceHandle: 'output' }];
			assert.deepEqual(await outputOf([variable('a', '1'), node('b', 'preview-output')], twice), { a: { text: '1' } });
		});
	});

	describe('templates', () => {
		const filled = async (text, first, ...more) => {
			const sources = [first, ...more];
			const nodes = [...sources, variable('z', text, 'x')];
			return (await outputOf(nodes, sources.map(({ id }) => edge(id, 'z')))).x;
		};
		const object = (id, value) => variable(id, value, 'v');
		const rows = [
			['{{input}} is the text upstream', '<{{input}}>', [variable('a', 'Hello')], '<Hello>'],
			['blanks inside do not matter', '<{{  input }}{{ a.text}}>', [variable('a', 'x')], '<xx>'],
			['{{input.path}}', '{{input.v.deep.1.n}}', [object('a', { deep: [0, { n: 'here' }] })], 'here'],
			['{{node.path}}', '{{a.text}}+{{b.text}}', [variable('a', 'one'), variable('b', 'two')], 'one+two'],
			['ids with dots', '{{a.b.text}}', [variable('a.b', 'dotted'), variable('a', 'plain')], 'dotted'],
			['what is no text comes as JSON', '{{a.v}}', [object('a', { k: [1, true, null] })], '{"k":[1,true,null]}'],
			['a null is nothing', '[{{a.v.none}}]', [object('a', { none: null })], '[]'],
			['what is filled in is not filled again', '{{a.text}}', [variable('a', '\\{{b.text}}{'), variable('b', 'x')], '{{b.text}}{'],
			['braces that are none of ours', '{unclosed {x} }} {{', [variable('a', 'x')], '{unclosed {x} }} {{'],
		];
		for (const [what, text, sources, expected] of rows)
			test(what, async () => {
				const value = await filled(text, ...sources);
				if (expected instanceof RegExp) assert.match(value, expected);
				else assert.equal(value, expected);
			});
	});

	describe('a run in progress', () => {
		test('shows its steps as they start and end', async () => {
			const { workflow, id, running } = await slowRun();
			assert.equal(running.status, 'RUNNING');
			assert.deepEqual(statuses(running), { start: 'success', script: 'success', speak: 'running', end: 'idle' });
			const step = stepOf(running, 'speak');
			assert.match(step.startedAt, TIME);
			assert.match(step.input.script.text, /^Never spoken before/);
			for (const absent of ['completedAt', 'durationMs', 'output']) assert.ok(!(absent in step), absent);
			const done = await user.finished(workflow, id);
			assert.deepEqual(statuses(done), { start: 'success', script: 'success', speak: 'success', end: 'success' });
		});

		test('goes on with the graph that it started on', async () => {
			const { workflow, id } = await slowRun();
			const edited = await user.put(`/api/workflows/${workflow}`, { nodes: [broken('other')], edges: [] });
			assert.equal(edited.status, 200);
			const done = await user.finished(workflow, id);
			assert.equal(done.status, 'COMPLETED');
			assert.deepEqual(Object.keys(statuses(done)), ['start', 'script', 'speak', 'end']);
		});
	});

	describe('a failing node', () => {
		let failed;
		before(async () => {
			const nodes = [
				node('start', 'manual-trigger'),
				broken('bad'),
				node('after', 'logger'),
				node('after2', 'logger'),
				variable('good', 'fine'),
				broken('bad2'),
				node('both', 'preview-output'),
			];
			const edges = [
				['start', 'bad'],
				['bad', 'after'],
				['after', 'after2'],
				['start', 'good'],
				['start', 'bad2'],
				['good', 'both'],
				['bad', 'both'],
			].map(([from, to]) => edge(from, to));
			failed = await user.run(await user.workflow(nodes, edges));
		});

		test('stops what depends on it, and nothing else', () => {
			assert.deepEqual(statuses(failed), {
				start: 'success',
				bad: 'error',
				after: 'idle',
				after2: 'idle',
				good: 'success',
				bad2: 'error',
				both: 'idle',
			});
			assert.equal(failed.status, 'FAILED');
			assert.match(failed.completedAt, TIME);
			assert.deepEqual(Object.keys(stepOf(failed, 'after')), ['nodeId', 'nodeType', 'nodeTitle', 'status']);
		});

		test('gives the execution its error', () => {
			const { error } = stepOf(failed, 'bad');
			assert.equal(error, "Give the variable a name in the node's settings");
			assert.equal(failed.error, error);
		});

		test('is logged with the functions that the error came through', () => {
			const { error, errorStack, ...step } = stepOf(failed, 'bad');
			assertShape({ startedAt: TIME, completedAt: TIME, durationMs: Number.isInteger }, step);
			assert.ok(!('output' in step));
			const [first, ...frames] = errorStack.split('\n');
			assert.equal(first, `Error: ${error}`);
			assert.match(frames[0], /^ {4}at run_set_variable \(jobs\/nodes\/set_variable\.c:\d+\)/);
			assert.match(frames.at(-1), /^ {4}at run_node \(jobs\/step\.c:\d+\) node bad \(set-variable\)$/);
		});

		test('keeps the key out of its error and its stack', async () => {
			const profile = await stack.profile(user, 'elevenlabs', 'fault-unauthorized');
			const workflow = await user.workflow([speech('speak', profile.id, 'Hello there.')]);
			const done = await user.run(workflow);
			const { errorStack } = stepOf(done, 'speak');
			assert.match(errorStack, /\n {4}at refusal_error \(.*\n {4}at speech_make \(.*\n {4}at run_node \(/s);
			const { text } = await user.get(`/api/workflows/${workflow}/executions/${done.id}`);
			assert.ok(!text.includes(ELEVENLABS_KEY.slice(0, 16)));
		});
	});

	describe('rerun', () => {
		/* good and bad speak side by side; last depends on bad. The voice of bad can be mended. */
		const failedRun = async () => {
			const own = `sim-elevenlabs-key-${crypto.randomUUID()}`;
			await stack.provider('elevenlabs').addKeys([own]);
			const speaker = await stack.speaker({ key: own });
			const wrong = await stack.profile(speaker, 'elevenlabs', 'fault-voice-404');
			const nodes = [
				node('start', 'manual-trigger'),
				speech('good', speaker.profile.id, 'This one is well.'),
				speech('bad', wrong.id, 'This one is not.'),
				node('last', 'preview-output'),
				node('log', 'logger'),
			];
			const edges = [edge('start', 'good'), edge('start', 'bad'), edge('bad', 'last'), edge('good', 'log')];
			const workflow = await speaker.workflow(nodes, edges);
			const failed = await speaker.run(workflow);
			assert.deepEqual(statuses(failed), { start: 'success', good: 'success', bad: 'error', last: 'idle', log: 'success' });
			const mend = async () => {
				const { status } = await speaker.put(`/api/voice-profiles/${wrong.id}`, { providerVoiceId: VOICE });
				assert.equal(status, 200);
				await stack.sql(`UPDATE voice_profiles SET training_status = 'ready' WHERE id = '${wrong.id}'`);
			};
			const requests = async () =>
				(await stack.provider('elevenlabs').requests(own)).map(({ path }) => decodeURIComponent(path));
			return { speaker, workflow, failed, mend, requests };
		};
		const stored = (execution, id) =>
			stack.sql(`SELECT output FROM execution_steps WHERE execution_id = '${execution}' AND node_id = '${id}'`);

		test('runs what failed and what comes after it, and keeps the rest', async () => {
			const { speaker, workflow, failed, mend, requests } = await failedRun();
			const spoken = ['/v1/text-to-speech/fault-voice-404', '/v1/text-to-speech/simvoice0000000001'];
			assert.deepEqual((await requests()).sort(), spoken); /* side by side: in either order */
			await mend();
			const { status, body } = await rerun(workflow, failed.id, speaker);
			assert.equal(status, 201);
			assertShape({ ...EXECUTION, status: 'RUNNING', rerunOf: failed.id, attempt: 2 }, body);
			assert.notEqual(body.id, failed.id);
			assert.deepEqual(statuses(body), { start: 'success', good: 'success', bad: 'idle', last: 'idle', log: 'success' });

			const done = await speaker.finished(workflow, body.id);
			assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
			assert.deepEqual((await requests()).sort(), [...spoken, '/v1/text-to-speech/simvoice0000000001']);
			for (const id of ['start', 'good', 'log']) {
				assert.deepEqual(stepOf(done, id), { ...stepOf(failed, id), reusedFrom: failed.id });
				assert.equal(await stored(done.id, id), await stored(failed.id, id));
			}
			for (const id of ['bad', 'last']) assert.ok(!('reusedFrom' in stepOf(done, id)), id);
			assert.equal(stepOf(done, 'last').output.bad.audioUrl, stepOf(done, 'bad').output.audioUrl);
			const { body: before } = await speaker.get(`/api/workflows/${workflow}/executions/${failed.id}`);
			assert.deepEqual(before, failed, 'the failed run stays as it was');
		});

		test('of a rerun goes on from there, and names where an output was made', async () => {
			const { speaker, workflow, failed, mend, requests } = await failedRun();
			const second = await speaker.finished(workflow, (await rerun(workflow, failed.id, speaker)).body.id);
			assert.equal(second.status, 'FAILED');
			await mend();
			const { body } = await rerun(workflow, second.id, speaker);
			assertShape({ rerunOf: second.id, attempt: 3 }, body);
			const third = await speaker.finished(workflow, body.id);
			assert.equal(third.status, 'COMPLETED');
			assert.equal(stepOf(third, 'good').reusedFrom, failed.id);
			assert.equal((await requests()).length, 4);
		});

		test('takes the graph of the failed run, and matches steps by their ids', async () => {
			const { speaker, workflow, failed, mend } = await failedRun();
			await speaker.put(`/api/workflows/${workflow}`, { nodes: [node('new', 'logger')], edges: [] });
			await mend();
			const done = await speaker.finished(workflow, (await rerun(workflow, failed.id, speaker)).body.id);
			assert.deepEqual(Object.keys(statuses(done)), ['start', 'good', 'bad', 'last', 'log']);
		});

		test('is only for what failed', async () => {
			const workflow = await user.workflow([variable('a', '1')]);
			const done = await user.run(workflow);
			const { status, body } = await rerun(workflow, done.id);
			assert.equal(status, 400);
			assert.equal(body.error, 'Only a failed execution can be rerun; this one is COMPLETED');

			const slow = await slowRun();
			assert.equal((await rerun(slow.workflow, slow.id)).status, 400);
			await user.finished(slow.workflow, slow.id);
		});

		test('is not for another workflow, nor for what does not exist', async () => {
			const workflow = await user.workflow([broken('a')]);
			const failed = await user.run(workflow);
			const other = await user.workflow([broken('a')]);
			const wrong = await rerun(other, failed.id);
			assert.deepEqual([wrong.status, wrong.body], [400, { error: 'This execution belongs to another workflow' }]);
			for (const id of [NO_ID, 'nonsense']) {
				const { status, body } = await rerun(workflow, id);
				assert.deepEqual([status, body], [404, { error: 'Execution not found' }]);
			}
			for (const executionId of [undefined, '', 7]) {
				const { status, body } = await rerun(workflow, executionId);
				assert.deepEqual([status, body.details?.[0]?.path], [400, ['executionId']], String(executionId));
			}
		});
	});

	describe('execute-node', () => {
		test('runs one node, and makes no execution', async () => {
			const workflow = await user.workflow([variable('a', 'Hello'), variable('b', 'Alone', 'x')]);
			const { status, body } = await runNode(workflow, { nodeId: 'b' });
			assert.equal(status, 200);
			assertShape({ ...STEP_LOG, startedAt: TIME, completedAt: TIME, durationMs: Number.isInteger }, body.stepLog);
			const { nodeId, nodeType, nodeTitle, status: ended, input, output } = body.stepLog;
			assert.deepEqual(
				[nodeId, nodeType, nodeTitle, ended, input, output],
				['b', 'set-variable', 'Title of b', 'success', {}, { x: 'Alone' }],
			);
			assert.deepEqual((await user.get(`/api/workflows/${workflow}/executions`)).body, []);
		});

		test('takes its inputs from an earlier execution', async () => {
			const workflow = await user.workflow([variable('a', 'Hello'), variable('b', '<{{input}}>', 'x'), broken('c')]);
			const prior = await user.run(workflow);
			const { body } = await runNode(workflow, { nodeId: 'b', priorExecutionId: prior.id });
			assert.deepEqual([body.stepLog.input, body.stepLog.output], [{ a: { text: 'Hello' } }, { x: '<Hello>' }]);
			assert.equal((await user.get(`/api/workflows/${workflow}/executions`)).body.length, 1);
		});

		test('gives a failure as a step log', async () => {
			const { status, body } = await runNode(await user.workflow([broken('a')]), { nodeId: 'a' });
			assert.equal(status, 200);
			assertShape({ status: 'error', error: /name/, errorStack: /at run_set_variable/ }, body.stepLog);
		});

		test('speaks', async () => {
			const workflow = await user.workflow(voiceover(user.profile.id, '', { text: 'Just this node.' }));
			const { body } = await runNode(workflow, { nodeId: 'speak' });
			assertShape({ status: 'success', output: { audioKey: new RegExp(`^voice-output/${user.user.id}/`) } }, body.stepLog);
		});

		test('names what is wrong with the call', async () => {
			const workflow = await user.workflow([variable('a', '1'), node('off', 'logger', {}, { status: 'disabled' })]);
			const other = await user.run(await user.workflow([variable('a', '1')]));
			const rows = [
				[{}, 400, /Validation failed/],
				[{ nodeId: 'none' }, 404, /no node "none"/],
				[{ nodeId: 'off' }, 404, /no node "off" that is enabled/],
				[{ nodeId: 'a', priorExecutionId: NO_ID }, 404, /Execution not found/],
				[{ nodeId: 'a', priorExecutionId: 'nonsense' }, 404, /Execution not found/],
				[{ nodeId: 'a', priorExecutionId: other.id }, 400, /another workflow/],
			];
			for (const [body, status, sentence] of rows) {
				const answer = await runNode(workflow, body);
				assert.equal(answer.status, status, JSON.stringify(body));
				assert.match(answer.body.error, sentence);
			}
		});
	});

	describe('cancel', () => {
		const STOPPED = / info .*: stopping execution .*: the user cancelled it$/;

		test('ends a run whose provider does not answer', async () => {
			stack.expectLog(STOPPED);
			const { workflow, id } = await slowRun('fault-stall');
			const { status, body } = await cancel(workflow, id);
			assert.equal(status, 200);
			assertShape(EXECUTION, body);
			const done = await user.finished(workflow, id);
			assert.equal(done.status, 'CANCELLED');
			assert.match(done.completedAt, TIME);
			assert.deepEqual(statuses(done), { start: 'success', script: 'success', speak: 'error', end: 'idle' });
			assert.match(stepOf(done, 'speak').error, /cancelled/);
		});

		test('changes nothing about what has ended', async () => {
			const workflow = await user.workflow([variable('a', '1')]);
			const done = await user.run(workflow);
			const { status, body } = await cancel(workflow, done.id);
			assert.deepEqual([status, body], [200, done]);
		});

		test('before the start leaves nothing to run', async () => {
			await stack.part('runner').end();
			const workflow = await user.workflow([variable('a', '1')]);
			const { id } = await start(workflow);
			const { status, body } = await cancel(workflow, id);
			assert.equal(status, 200);
			assertShape({ status: 'CANCELLED', completedAt: TIME, logs: [{ status: 'idle' }] }, body);
			await stack.part('runner').start();
			assert.equal((await user.run(workflow)).status, 'COMPLETED', 'a later job is run');
			assert.deepEqual((await user.get(`/api/workflows/${workflow}/executions/${id}`)).body, body);
		});
	});

	describe('the list', () => {
		test('has the newest 50, newest first', async () => {
			const workflow = await user.workflow([variable('a', '1')]);
			const ids = [];
			for (let i = 0; i < 52; i++) ids.unshift((await start(workflow)).id);
			const { status, body } = await user.get(`/api/workflows/${workflow}/executions`);
			assert.equal(status, 200);
			assert.deepEqual(body.map(({ id }) => id), ids.slice(0, 50));
			assertShape([EXECUTION], body);
			for (const id of ids) assert.equal((await user.finished(workflow, id)).status, 'COMPLETED');
		});

		test('of a workflow that never ran is empty', async () => {
			const { body } = await user.get(`/api/workflows/${await user.workflow([])}/executions`);
			assert.deepEqual(body, []);
		});
	});

	test("another user's execution is not found", async () => {
		const workflow = await user.workflow([broken('a')]);
		const { id } = await user.run(workflow);
		const stranger = await stack.user();
		const own = await stranger.workflow([broken('a')]);
		const gone = 'Workflow not found';
		const rows = [
			[await stranger.get(`/api/workflows/${workflow}/executions`), gone],
			[await stranger.get(`/api/workflows/${workflow}/executions/${id}`), 'Execution not found'],
			[await stranger.get(`/api/workflows/${own}/executions/${id}`), 'Execution not found'],
			[await cancel(workflow, id, stranger), 'Execution not found'],
			[await rerun(workflow, id, stranger), 'Execution not found'],
			[await rerun(own, id, stranger), 'Execution not found'],
			[await runNode(workflow, { nodeId: 'a' }, stranger), gone],
			[await runNode(own, { nodeId: 'a', priorExecutionId: id }, stranger), 'Execution not found'],
		];
		for (const [{ status, body }, error] of rows) assert.deepEqual([status, body], [404, { error }]);
	});
});
