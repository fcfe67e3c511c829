/* The node types that need no service: logic and utilities, and how a run goes through them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { edge, node } from './client.js';
import { TIME } from './shapes.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const POLICY = ['retryAttempts', 'retryBackoff', 'stepTimeout'];

const variable = (id, value, variableName = 'text') => node(id, 'set-variable', { variableName, value });
const logger = (id, config) => node(id, 'logger', config);
const condition = (id, expression) => node(id, 'if-else', { conditionType: 'expression', condition: expression });
const stepsOf = ({ logs }, id) => logs.filter(({ nodeId }) => nodeId === id);
const stepOf = (execution, id) => stepsOf(execution, id)[0];
const statuses = ({ logs }) => Object.fromEntries(logs.map(({ nodeId, status }) => [nodeId, status]));

describe('nodes', () => {
	let stack;
	let user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
	});
	after(() => stack?.stop());

	const run = async (nodes, edges) => user.run(await user.workflow(nodes, edges));
	const completed = async (nodes, edges) => {
		const execution = await run(nodes, edges);
		assert.equal(execution.status, 'COMPLETED', JSON.stringify(execution));
		return execution;
	};
	const failed = async (nodes, id, pattern) => {
		const execution = await run(nodes);
		assert.equal(execution.status, 'FAILED', JSON.stringify(execution));
		assert.match(stepOf(execution, id).error, pattern);
		return execution;
	};
	/* The output of the last of these nodes, run in a row. */
	const outputOf = async (...nodes) => stepOf(await completed(nodes), nodes.at(-1).id).output;

	describe('GET /api/node-types', () => {
		let types;
		before(async () => {
			const { status, body, text } = await user.get('/api/node-types');
			assert.equal(status, 200, text);
			types = body;
		});
		const typeOf = (name) => types.find(({ type }) => type === name);

		test('asks for a token', async () => {
			assert.equal((await stack.client.get('/api/node-types')).status, 401);
		});

		test('describes every type, its ports and its settings', () => {
			assert.equal(new Set(types.map(({ type }) => type)).size, types.length);
			for (const { type, category, title, description, inputs, outputs, fields } of types) {
				for (const text of [type, category, title, description]) assert.ok(text, type);
				assert.equal(inputs.length === 0, category === 'trigger', type);
				for (const port of [...inputs, ...outputs]) assert.deepEqual(Object.keys(port), ['id', 'label'], type);
				for (const field of fields) {
					for (const key of ['name', 'label', 'type', 'help', 'group']) assert.ok(field[key], `${type}: ${key}`);
					assert.equal('options' in field, field.type === 'select', `${type}: ${field.name}`);
					if (field.options && 'default' in field) assert.ok(field.options.includes(field.default), `${type}: ${field.name}`);
				}
				const advanced = fields.filter(({ group }) => group === 'advanced').map(({ name }) => name);
				assert.deepEqual(POLICY.filter((name) => !advanced.includes(name)), [], type);
			}
		});

		/* Category, inputs, outputs, settings and their defaults, as existing workflows have them. */
		const rows = {
			'if-else': ['logic', ['input'], ['true', 'false'], { conditionType: 'field_check', field: undefined, operator: 'equals', compareValue: undefined, condition: undefined }],
			loop: ['logic', ['items'], ['item', 'done'], { maxIterations: 100 }],
			delay: ['logic', ['input'], ['output'], { duration: 5 }],
			merge: ['logic', ['input1', 'input2'], ['output'], { strategy: 'Wait All' }],
			'set-variable': ['utility', ['input'], ['output'], { variableName: undefined, value: undefined }],
			logger: ['utility', ['input'], ['output'], { label: undefined, logLevel: 'info' }],
			'preview-output': ['utility', ['input'], ['output'], {}],
		};
		for (const [name, [category, inputs, outputs, defaults]] of Object.entries(rows))
			test(`${name} is as existing workflows have it`, () => {
				const type = typeOf(name);
				const settings = type.fields.filter(({ group }) => group === 'settings');
				assert.equal(type.category, category);
				assert.deepEqual(type.inputs.map(({ id }) => id), inputs);
				assert.deepEqual(type.outputs.map(({ id }) => id), outputs);
				assert.deepEqual(Object.fromEntries(settings.map((field) => [field.name, field.default])), defaults);
			});
	});

	describe('utilities', () => {
		test('logger logs its input', async () => {
			const output = await outputOf(variable('a', 'Hello'), logger('log', { label: 'greeting', logLevel: 'warn' }));
			assert.deepEqual(output, { logged: true, label: 'greeting', level: 'warn', data: { text: 'Hello' } });
		});

		test('logger is at level info, without a label', async () => {
			assert.deepEqual(await outputOf(logger('log')), { logged: true, label: '', level: 'info', data: {} });
		});

		test('preview-output passes its inputs on by source', async () => {
			const nodes = [variable('a', 'Hello'), variable('b', 1, 'n'), node('show', 'preview-output')];
			const done = await completed(nodes, [edge('a', 'show'), edge('b', 'show')]);
			assert.deepEqual(stepOf(done, 'show').output, { a: { text: 'Hello' }, b: { n: 1 } });
		});

		test('set-variable fills in templates, in text and inside of JSON', async () => {
			const source = variable('a', { list: ['x', { n: 7 }], evil: '"}, \\{{a.text.list}} {"' });
			const output = await outputOf(source, variable('b', { whole: '{{input.text.list}}', n: '<{{a.text.list[1].n}}>', evil: '{{a.text.evil}}' }, 'v'));
			assert.deepEqual(output, { v: { whole: '["x",{"n":7}]', n: '<7>', evil: '"}, {{a.text.list}} {"' } });
		});

		test('set-variable takes the input for a blank value', async () => {
			assert.deepEqual(await outputOf(variable('a', 'Hello'), variable('b', ' ', 'copy')), { copy: { text: 'Hello' } });
		});

		test('a template that leads nowhere fails the step and says what there is', async () => {
			await failed([variable('a', 'x'), variable('b', '{{a.txt}}')], 'b', /^\{\{a\.txt\}\}: the node "a" gave no "txt"; it gave: text$/);
			await failed([variable('a', 'x'), variable('b', '{{c.text}}')], 'b', /^\{\{c\.text\}\}: no such node feeds this one; those that do: a$/);
			await failed([variable('b', '{{input}}')], 'b', /^\{\{input\}\}: nothing feeds this node$/);
		});
	});

	describe('if-else', () => {
		const branches = [edge('a', 'if'), edge('if', 'yes', 'true'), edge('if', 'no', 'false'), edge('no', 'after')];
		const graph = (value, check) => [variable('a', value, 'score'), check, logger('yes'), logger('no'), logger('after')];

		test('goes along its true edges only', async () => {
			const done = await completed(graph(7, condition('if', '{{input.score}} > 5')), branches);
			assert.deepEqual(statuses(done), { a: 'success', if: 'success', yes: 'success', no: 'idle', after: 'idle' });
			const expected = { condition: '{{input.score}} > 5', result: true, branch: 'true', evaluatedInput: { score: 7 } };
			assert.deepEqual(stepOf(done, 'if').output, expected);
			assert.deepEqual(stepOf(done, 'yes').input, { if: expected });
			for (const id of ['no', 'after'])
				for (const key of ['startedAt', 'input', 'output']) assert.ok(!stepOf(done, id)[key], `${id}: ${key}`);
		});

		test('goes along its false edges only', async () => {
			const check = node('if', 'if-else', { field: 'score', operator: 'greater_than', compareValue: '10' });
			const done = await completed(graph('7', check), branches);
			assert.deepEqual(statuses(done), { a: 'success', if: 'success', yes: 'idle', no: 'success', after: 'success' });
			assert.equal(stepOf(done, 'if').output.branch, 'false');
		});

		test('takes values as values: they cannot decide by what they say', async () => {
			const check = condition('if', '{{input.score}} == "secret"');
			const done = await completed(graph('" || true || "', check), branches);
			assert.equal(stepOf(done, 'if').output.result, false);
		});

		test('a condition that cannot be read fails the step and says where', async () => {
			const done = await failed([variable('a', 1), condition('if', '{{input.text}} = 5'), logger('after')], 'if', /at character 16 \(= 5\)/);
			assert.equal(stepOf(done, 'after').status, 'idle');
		});

		test('conditions follow one another', async () => {
			const nodes = [variable('a', 7, 'n'), condition('high', '{{a.n}} > 9'), condition('middle', '{{input.evaluatedInput.n}} > 5'), logger('top'), logger('mid'), logger('low')];
			const edges = [edge('a', 'high'), edge('high', 'top', 'true'), edge('high', 'middle', 'false'), edge('middle', 'mid', 'true'), edge('middle', 'low', 'false')];
			const done = await completed(nodes, edges);
			assert.deepEqual(statuses(done), { a: 'success', high: 'success', middle: 'success', top: 'idle', mid: 'success', low: 'idle' });
		});
	});

	describe('merge', () => {
		const three = (strategy) => [variable('a', 'A'), variable('b', [1, 2], 'items'), variable('c', 3, 'n'), node('all', 'merge', { strategy })];
		const edges = ['b', 'a', 'c'].map((id) => edge(id, 'all'));
		const merged = async (strategy) => stepOf(await completed(three(strategy), edges), 'all').output;

		test('waits for all', async () => {
			const expected = { merged: true, a: { text: 'A' }, b: { items: [1, 2] }, c: { n: 3 } };
			assert.deepEqual(await merged('Wait All'), expected);
			assert.deepEqual(await merged(undefined), expected);
		});

		test('gives the first alone', async () => {
			assert.deepEqual(await merged('First Wins'), { merged: true, b: { items: [1, 2] } });
		});

		test('appends items in the order of the edges', async () => {
			const { items, ...rest } = await merged('Append');
			assert.deepEqual(items, [1, 2, { text: 'A' }, { n: 3 }]);
			assert.deepEqual(rest, await merged('Wait All'));
		});

		for (const [taken, other] of [['true', 'false'], ['false', 'true']])
			test(`after an if-else waits only for the branch that runs: ${taken}`, async () => {
				const nodes = [condition('if', taken), node('true', 'delay', { duration: 0.2 }), node('false', 'delay', { duration: 0.2 }), node('both', 'merge')];
				const to = [edge('if', 'true', 'true'), edge('if', 'false', 'false'), edge('true', 'both'), edge('false', 'both')];
				const done = await completed(nodes, to);
				assert.deepEqual(statuses(done), { if: 'success', [taken]: 'success', [other]: 'idle', both: 'success' });
				assert.deepEqual(stepOf(done, 'both').output, { merged: true, [taken]: stepOf(done, taken).output });
				assert.ok(stepOf(done, 'both').startedAt >= stepOf(done, taken).completedAt);
			});
	});

	describe('delay', () => {
		test('waits, and passes its input on', async () => {
			const nodes = [variable('a', 'Hello'), node('wait', 'delay', { duration: '0.3' }), variable('b', '{{input}}')];
			const done = await completed(nodes);
			const { startedAt, completedAt, ...rest } = stepOf(done, 'wait').output;
			assert.deepEqual(rest, { delayed: true, durationSeconds: 0.3, data: { text: 'Hello' } });
			for (const time of [startedAt, completedAt]) assert.match(time, TIME);
			assert.ok(Date.parse(completedAt) - Date.parse(startedAt) >= 299);
			assert.ok(stepOf(done, 'wait').durationMs >= 299);
			assert.deepEqual(stepOf(done, 'b').output, { text: 'Hello' });
		});

		test('ends when the run is cancelled', async () => {
			const workflow = await user.workflow([node('wait', 'delay', { duration: 300 }), logger('after')]);
			const { body } = await user.post(`/api/workflows/${workflow}/execute`);
			const path = `/api/workflows/${workflow}/executions/${body.id}`;
			await until(async () => stepOf((await user.get(path)).body, 'wait').status === 'running', 'the delay to begin');
			assert.equal((await user.post(`${path}/cancel`)).status, 200);
			const done = await user.finished(workflow, body.id);
			assert.equal(done.status, 'CANCELLED');
			assert.equal(stepOf(done, 'after').status, 'idle');
		});

		test('ends with its time limit', async () => {
			await failed([node('wait', 'delay', { duration: 300, stepTimeout: 1 })], 'wait', /time limit of 1 seconds/);
		});
	});

	describe('loop', () => {
		const body = [edge('a', 'loop'), edge('loop', 'say', 'item'), edge('say', 'note'), edge('loop', 'after', 'done')];
		const graph = (list, config = {}) => [
			variable('a', list, 'items'),
			node('loop', 'loop', config),
			variable('say', 'Item {{loop.name}}'),
			logger('note'),
			logger('after'),
		];

		test('runs its body once an item, each with its own step logs, and then what comes after', async () => {
			const done = await completed(graph([{ name: 'x' }, { name: 'y' }, { name: 'z' }]), body);
			const said = stepsOf(done, 'say');
			assert.deepEqual(said.map(({ iteration, status }) => [iteration, status]), [[1, 'success'], [2, 'success'], [3, 'success']]);
			assert.deepEqual(said.map(({ input }) => input), ['x', 'y', 'z'].map((name) => ({ loop: { name } })));
			assert.deepEqual(said.map(({ output }) => output.text), ['Item x', 'Item y', 'Item z']);
			const noted = stepsOf(done, 'note');
			assert.deepEqual(noted.map(({ input }) => input), said.map(({ output }) => ({ say: output })));
			const loop = stepOf(done, 'loop');
			assert.deepEqual(loop.output, { iterations: 3, completed: true, items: noted.map(({ output }) => output) });
			assert.equal(stepsOf(done, 'after').length, 1);
			assert.deepEqual(stepOf(done, 'after').input, { loop: loop.output });
			assert.ok(stepOf(done, 'after').startedAt >= noted[2].completedAt);
		});

		test('goes over the lines of a text', async () => {
			const nodes = [variable('a', 'one\n\ntwo\n'), node('loop', 'loop'), variable('say', '<{{input}}>'), logger('after')];
			const done = await completed(nodes, [edge('a', 'loop'), edge('loop', 'say', 'item'), edge('loop', 'after', 'done')]);
			assert.deepEqual(stepOf(done, 'after').input.loop.items, [{ text: '<one>' }, { text: '<two>' }]);
		});

		test('goes no farther than its maximum, and says so', async () => {
			const done = await completed(graph([{ name: 'x' }, { name: 'y' }, { name: 'z' }], { maxIterations: '2' }), body);
			const loop = stepOf(done, 'loop');
			assert.equal(loop.output.iterations, 2);
			assert.deepEqual(loop.notes, ['Only the first 2 of 3 items: that is the maximum set']);
			assert.equal(stepsOf(done, 'say').length, 2);
		});

		test('with no items goes straight on', async () => {
			const done = await completed(graph([]), body);
			assert.deepEqual(stepOf(done, 'loop').output, { iterations: 0, completed: true, items: [] });
			assert.deepEqual(stepsOf(done, 'say').map(({ status }) => status), ['idle']);
			assert.equal(stepOf(done, 'after').status, 'success');
		});

		test('branches inside of the body, item by item', async () => {
			const nodes = [variable('a', [1, 9, 2], 'items'), node('loop', 'loop'), condition('if', '{{loop}} > 5'), logger('high'), logger('low'), node('after', 'preview-output')];
			const edges = [edge('a', 'loop'), edge('loop', 'if', 'item'), edge('if', 'high', 'true'), edge('if', 'low', 'false'), edge('loop', 'after', 'done')];
			const done = await completed(nodes, edges);
			assert.deepEqual(stepsOf(done, 'if').map(({ output }) => output.branch), ['false', 'true', 'false']);
			const ran = (id) => stepsOf(done, id).filter(({ status }) => status === 'success').map(({ iteration }) => iteration);
			assert.deepEqual([ran('high'), ran('low')], [[2], [1, 3]]);
			assert.equal(stepOf(done, 'after').status, 'success');
		});

		test('ends with the first item that fails', async () => {
			const done = await run(graph([{ name: 'x' }, { title: 'y' }, { name: 'z' }]), body);
			assert.equal(done.status, 'FAILED', JSON.stringify(done));
			assert.deepEqual(stepsOf(done, 'say').map(({ status }) => status), ['success', 'error']);
			assert.match(stepsOf(done, 'say')[1].error, /the node "loop" gave no "name"; it gave: title/);
			assert.match(stepOf(done, 'loop').error, /Item 2 failed at "Title of say"/);
			assert.equal(stepOf(done, 'after').status, 'idle');
		});

		test('without a list fails and says what to connect', async () => {
			await failed([variable('a', 1, 'n'), node('loop', 'loop')], 'loop', /^There is nothing to go through: connect/);
		});
	});
});
