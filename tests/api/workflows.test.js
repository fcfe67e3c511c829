import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { edge, node } from './client.js';
import { ID, TIME } from './shapes.js';
import { Stack } from './stack.js';

const MISSING = '/api/workflows/018f0000-0000-7000-8000-000000000000';

/* The text of the member `name` as it stands in a JSON text; its value has to be an array. */
function arrayText(text, name) {
	const start = text.search(new RegExp(`"${name}"\\s*:\\s*\\[`));
	assert.notEqual(start, -1, `${name} in ${text}`);
	const open = text.indexOf('[', start);
	let depth = 0;
	let inString = false;
	for (let at = open; ; at++) {
		if (inString && text[at] === '\\') at++;
		else if (text[at] === '"') inString = !inString;
		else if (!inString && text[at] === '[') depth++;
		else if (!inString && text[at] === ']' && --depth === 0) return text.slice(open, at + 1);
	}
}

describe('workflows', () => {
	let stack;
	let user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
	});
	after(() => stack?.stop());

	const create = async (fields = { name: 'Mine' }, client = user) => {
		const { status, body, text } = await client.post('/api/workflows', fields);
		assert.equal(status, 201, text);
		return body;
	};

	describe('creating', () => {
		test('gives an empty draft', async () => {
			const made = await create({ name: 'My workflow', description: 'What it is for' });
			const { id, createdAt, updatedAt, ...rest } = made;
			assert.deepEqual(rest, {
				name: 'My workflow',
				description: 'What it is for',
				status: 'DRAFT',
				nodes: [],
				edges: [],
				lastCompletedRunLog: null,
				lastRunLog: null,
				userId: user.user.id,
			});
			assert.match(id, ID);
			assert.match(createdAt, TIME);
			assert.equal(updatedAt, createdAt);
		});

		test('needs no description', async () => {
			assert.equal((await create({ name: 'Plain' })).description, null);
			assert.equal((await create({ name: 'Plain', description: null })).description, null);
			assert.equal((await create({ name: 'Plain', description: '' })).description, '');
		});

		test('takes names up to 200 and descriptions up to 2000 characters', async () => {
			const longest = { name: '🎙'.repeat(200), description: 'é'.repeat(2000) };
			const { name, description } = await create(longest);
			assert.deepEqual({ name, description }, longest);
		});

		const faults = [
			['no name', {}, [['name', 'Name is required']]],
			['an empty name', { name: '' }, [['name', 'Name is required']]],
			['a blank name', { name: '  ' }, [['name', 'Name is required']]],
			['a name of 201 characters', { name: 'é'.repeat(201) }, [['name', 'Name must be at most 200 characters']]],
			[
				'a name and a description that are too long',
				{ name: 'x'.repeat(201), description: 'x'.repeat(2001) },
				[
					['name', 'Name must be at most 200 characters'],
					['description', 'Description must be at most 2000 characters'],
				],
			],
			[
				'values of other types',
				{ name: 7, description: [] },
				[
					['name', 'Name must be a string'],
					['description', 'Description must be a string'],
				],
			],
			['a NUL', { name: 'a\0b' }, [['name', 'Name must not contain the NUL character']]],
		];
		for (const [what, fields, expected] of faults)
			test(`refuses ${what}`, async () => {
				const { status, body } = await user.post('/api/workflows', fields);
				assert.equal(status, 400);
				const details = expected.map(([field, message]) => ({ path: [field], message }));
				assert.deepEqual(body, { error: 'Validation failed', details });
			});
	});

	describe('reading', () => {
		test('one and the list agree, last changed first', async () => {
			const other = await stack.user();
			const first = await create({ name: 'first' }, other);
			const second = await create({ name: 'second' }, other);
			const names = async () => (await other.get('/api/workflows')).body.map(({ name }) => name);
			assert.deepEqual(await names(), ['second', 'first']);
			const changed = await other.put(`/api/workflows/${first.id}`, { status: 'ACTIVE' });
			assert.deepEqual(await names(), ['first', 'second']);
			const one = await other.get(`/api/workflows/${first.id}`);
			assert.equal(one.status, 200);
			assert.deepEqual(one.body, changed.body);
			const list = await other.get('/api/workflows');
			assert.deepEqual(list.body, [one.body, second]);
		});

		test('an empty list is a list', async () => {
			const { status, body } = await (await stack.user()).get('/api/workflows');
			assert.deepEqual([status, body], [200, []]);
		});
	});

	describe('updating', () => {
		const update = async (fields) => {
			const { id } = await create({ name: 'Before', description: 'Old' });
			const { status, body, text } = await user.put(`/api/workflows/${id}`, fields);
			assert.equal(status, 200, text);
			return body;
		};

		test('changes what is named, and only that', async () => {
			const nodes = [node('a', 'logger')];
			const made = await create({ name: 'Before', description: 'Old' });
			const path = `/api/workflows/${made.id}`;
			await user.put(path, { nodes, edges: [] });
			const { body } = await user.put(path, { name: ' After ' });
			const { updatedAt, ...rest } = body;
			const { updatedAt: earlier, ...before } = made;
			assert.deepEqual(rest, { ...before, name: 'After', nodes });
			assert.ok(updatedAt > earlier);
		});

		test('an empty body changes nothing', async () => {
			const { name, description, status } = await update({});
			assert.deepEqual([name, description, status], ['Before', 'Old', 'DRAFT']);
		});

		test('a description of null takes it away', async () => {
			assert.equal((await update({ description: null })).description, null);
			assert.equal((await update({ name: 'x' })).description, 'Old');
		});

		for (const status of ['DRAFT', 'ACTIVE', 'ARCHIVED'])
			test(`takes the status ${status}`, async () => {
				assert.equal((await update({ status })).status, status);
			});

		test('names every fault', async () => {
			const { id } = await create();
			const wrong = { name: '', description: 'x'.repeat(2001), status: 'GONE', nodes: {}, edges: 'none' };
			const { status, body } = await user.put(`/api/workflows/${id}`, wrong);
			assert.equal(status, 400);
			assert.deepEqual(
				body.details.map(({ path, message }) => [path[0], message]),
				[
					['name', 'Name is required'],
					['description', 'Description must be at most 2000 characters'],
					['status', 'Status must be one of: DRAFT, ACTIVE, ARCHIVED'],
					['nodes', 'Nodes must be an array'],
					['edges', 'Edges must be an array'],
				],
			);
		});

		test('saves what cannot run yet', async () => {
			const nodes = [{}, 'no node', null, node('a', 'no-such-type'), node('a', 'logger'), 42];
			const edges = [edge('a', 'a'), edge('gone', 'nowhere'), null];
			const { nodes: savedNodes, edges: savedEdges } = await update({ nodes, edges });
			assert.deepEqual([savedNodes, savedEdges], [nodes, edges]);
		});
	});

	describe('two who edit one', () => {
		const versions = async () => {
			const { id } = await create({ name: 'Shared' });
			const path = `/api/workflows/${id}`;
			const { headers } = await user.get(path);
			return { path, etag: headers.etag };
		};
		const save = (path, name, match) => user.put(path, { name }, { headers: { 'If-Match': match } });

		test('a version is told, and told anew after each change', async () => {
			const { path, etag } = await versions();
			assert.match(etag, /^"\d+"$/);
			assert.equal((await user.get(path)).headers.etag, etag);
			const saved = await save(path, 'First', etag);
			assert.equal(saved.status, 200, saved.text);
			assert.notEqual(saved.headers.etag, etag);
			assert.equal((await user.get(path)).headers.etag, saved.headers.etag);
		});

		test('the later of two changes to one version is refused, and changes nothing', async () => {
			const { path, etag } = await versions();
			const both = await Promise.all([save(path, 'One', etag), save(path, 'Two', etag)]);
			assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412]);
			const [winner, loser] = both.sort((a, b) => a.status - b.status);
			assert.match(loser.body.error, /changed elsewhere/);
			assert.equal((await user.get(path)).body.name, winner.body.name);
		});

		test('a weak tag is one as well, since nginx compresses', async () => {
			const { path } = await versions();
			await user.put(path, { nodes: [node('a', 'logger', { label: 'x'.repeat(5000) })] });
			const squeezed = await user.get(path, { headers: { 'Accept-Encoding': 'gzip' } });
			assert.match(squeezed.headers.etag, /^W\/"\d+"$/);
			assert.equal((await save(path, 'Weak', squeezed.headers.etag)).status, 200);
			assert.equal((await save(path, 'Again', squeezed.headers.etag)).status, 412);
		});

		test('a list needs one that fits, * any, and none is not asked for', async () => {
			const { path, etag } = await versions();
			assert.equal((await save(path, 'List', `"1", ${etag}`)).status, 200);
			assert.equal((await save(path, 'Any', '*')).status, 200);
			assert.equal((await user.put(path, { name: 'Plain' })).status, 200);
			for (const stale of [etag, '"1"', '1', 'nonsense', '"', '""', "' OR 1=1"]) assert.equal((await save(path, 'No', stale)).status, 412, stale);
			assert.equal((await user.get(path)).body.name, 'Plain');
		});

		test('what is not there is not found, whatever the version', async () => {
			for (const match of ['"1"', '*']) assert.equal((await save(MISSING, 'x', match)).status, 404);
		});

		test('a run is no change', async () => {
			const { path } = await versions();
			await user.put(path, { nodes: [node('a', 'manual-trigger')] });
			const { headers } = await user.get(path);
			await user.run(path.split('/').pop());
			assert.equal((await save(path, 'After the run', headers.etag)).status, 200);
		});
	});

	test('is made once, however often it is asked for with one key', async () => {
		const other = await stack.user();
		const headers = { 'Idempotency-Key': 'create-once' };
		const [first, second] = [await other.post('/api/workflows', { name: 'Once' }, { headers }), await other.post('/api/workflows', { name: 'Once' }, { headers })];
		assert.deepEqual(second.body, first.body);
		const copies = { 'Idempotency-Key': 'copy-once' };
		for (let i = 0; i < 2; i++) assert.equal((await other.post(`/api/workflows/${first.body.id}/duplicate`, {}, { headers: copies })).status, 201);
		assert.deepEqual((await other.get('/api/workflows')).body.map(({ name }) => name), ['Once (Copy)', 'Once']);
	});

	test('is not made, nor run, where the answer cannot be kept with it', async () => {
		const other = await stack.user();
		const workflow = await other.workflow([node('start', 'manual-trigger')]);
		const headers = { 'Idempotency-Key': 'all-or-nothing' };
		const requests = [['/api/workflows', { name: 'Second' }], [`/api/workflows/${workflow}/execute`, {}]];
		const counts = () => stack.sql(`SELECT (SELECT count(*) FROM workflows WHERE user_id = '${other.user.id}') || ' ' ||
			(SELECT count(*) FROM executions WHERE user_id = '${other.user.id}')`);
		stack.expectLog(/ error .*no room for answers/);
		stack.expectLog(/(ERROR: {2}no room for answers|CONTEXT: .*refuse|STATEMENT: .*|AND key = .*)/);
		await stack.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for answers'; END $$;
			CREATE TRIGGER refuse BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION refuse()`);
		for (const [path, body] of requests) assert.equal((await other.post(path, body, { headers })).status, 500, path);
		await stack.sql('DROP TRIGGER refuse ON idempotency_keys');
		assert.equal(await counts(), '1 0');
		for (let i = 0; i < 2; i++)
			for (const [path, body] of requests) assert.equal((await other.post(path, body, { headers })).status, 201, path);
		assert.equal(await counts(), '2 1');
	});

	describe('nodes and edges come back as they came', () => {
		const texts = [
			['unknown members', '[{"zz":{"deep":[[[{"er":null}]]]},"aa":1}]'],
			['large numbers', '[{"n":12345678901234567890,"m":-98765432109876543210.123456789012345678901234567890}]'],
			['numbers as they are written', '[1.0,1e5,1E+05,-0,0.10,100000000000000000000,1e-7]'],
			['escapes', String.raw`["\u00e9\u0041\/\t\b\ud83c\udf99","é\"\\"]`],
			['line and paragraph separators, and emoji', '["\u2028\u2029🎙"]'],
			['the order of keys', '[{"b":1,"a":2,"10":3,"9":4}]'],
			['keys given twice', '[{"a":1,"a":2,"b":{"c":1,"c":[]}}]'],
			['white space', '[ {\n\t"a" : 1 ,\r\n "b":[ ] } ]'],
			['prototype names', '[{"__proto__":{"x":1},"constructor":null,"toString":2}]'],
			['depth', `${'['.repeat(60)}${']'.repeat(60)}`],
		];
		for (const [what, text] of texts)
			test(what, async () => {
				const { id } = await create();
				const path = `/api/workflows/${id}`;
				const headers = { 'Content-Type': 'application/json' };
				const raw = `{"edges":${text},"nodes":${text}}`;
				const saved = await user.send('PUT', path, { raw, headers });
				assert.equal(saved.status, 200, saved.text);
				const copy = await user.post(`${path}/duplicate`);
				for (const answer of [saved, await user.get(path), copy, await user.get(`/api/workflows/${copy.body.id}`)]) {
					assert.equal(arrayText(answer.text, 'nodes'), text);
					assert.equal(arrayText(answer.text, 'edges'), text);
				}
			});

		test('5,000 nodes', async () => {
			const nodes = Array.from({ length: 5000 }, (_, i) => node(`n${i}`, 'logger', { label: 'é'.repeat(100) }));
			const { id } = await create();
			const { status, body } = await user.put(`/api/workflows/${id}`, { nodes });
			assert.equal(status, 200);
			assert.deepEqual(body.nodes, nodes);
		});
	});

	describe('duplicating', () => {
		test('gives a draft of its own', async () => {
			const source = await create({ name: 'Source', description: 'What for' });
			const nodes = [node('a', 'manual-trigger'), node('b', 'logger')];
			const edges = [edge('a', 'b')];
			await user.put(`/api/workflows/${source.id}`, { nodes, edges, status: 'ACTIVE' });
			await user.run(source.id);
			const { status, body } = await user.post(`/api/workflows/${source.id}/duplicate`);
			assert.equal(status, 201);
			assert.notEqual(body.id, source.id);
			const { id, createdAt, updatedAt, ...rest } = body;
			assert.deepEqual(rest, {
				name: 'Source (Copy)',
				description: 'What for',
				status: 'DRAFT',
				nodes,
				edges,
				lastCompletedRunLog: null,
				lastRunLog: null,
				userId: user.user.id,
			});
		});

		test('keeps the name within its limit', async () => {
			const { id } = await create({ name: '🎙'.repeat(200) });
			const { status, body } = await user.post(`/api/workflows/${id}/duplicate`);
			assert.equal(status, 201);
			assert.equal(body.name, `${'🎙'.repeat(193)} (Copy)`);
			const again = await user.put(`/api/workflows/${body.id}`, { name: body.name });
			assert.equal(again.status, 200);
		});
	});

	test('deleting takes its executions along', async () => {
		const id = await user.workflow([node('a', 'manual-trigger')]);
		const execution = await user.run(id);
		const gone = await user.delete(`/api/workflows/${id}`);
		assert.deepEqual([gone.status, gone.body], [200, { message: 'Workflow deleted' }]);
		for (const path of ['', '/executions', `/executions/${execution.id}`])
			assert.equal((await user.get(`/api/workflows/${id}${path}`)).status, 404, path);
		assert.equal((await user.delete(`/api/workflows/${id}`)).status, 404);
		assert.equal(await stack.sql(`SELECT count(*) FROM execution_steps WHERE execution_id = '${execution.id}'`), '0');
	});

	describe('run logs', () => {
		const stepOf = ({ nodeId, nodeTitle, status, startedAt, completedAt, output, error }) => ({
			nodeId,
			nodeTitle,
			status,
			startedAt: startedAt ?? null,
			completedAt: completedAt ?? null,
			output: output ?? null,
			error: error ?? null,
		});
		const logOf = (status, { id, workflowId, startedAt, completedAt, logs }) => ({
			id,
			workflowId,
			status,
			startedAt,
			completedAt,
			steps: logs.map(stepOf),
		});

		test('show the latest run, and the latest that has ended', async () => {
			const good = node('a', 'set-variable', { variableName: 'x', value: '1' });
			const id = await user.workflow([good]);
			const path = `/api/workflows/${id}`;
			const first = await user.run(id);
			const after1 = (await user.get(path)).body;
			assert.deepEqual(after1.lastRunLog, logOf('success', first));
			assert.deepEqual(after1.lastCompletedRunLog, after1.lastRunLog);

			await user.put(path, { nodes: [node('a', 'set-variable')] });
			const second = await user.run(id);
			const after2 = (await user.get(path)).body;
			assert.deepEqual(after2.lastRunLog, logOf('error', second));
			assert.equal(after2.lastRunLog.steps[0].status, 'error');
			assert.deepEqual(after2.lastCompletedRunLog, after2.lastRunLog);

			await stack.sql(`UPDATE executions SET status = 'RUNNING', completed_at = NULL,
				claim_expires_at = now() + interval '1 hour' WHERE id = '${second.id}'`);
			const [during] = (await user.get('/api/workflows')).body.filter((workflow) => workflow.id === id);
			assert.deepEqual(during.lastRunLog, logOf('running', { ...second, completedAt: null }));
			assert.deepEqual(during.lastCompletedRunLog, logOf('success', first));
		});
	});

	test('another user finds nothing, and changes nothing', async () => {
		const { id } = await create({ name: 'Mine alone' });
		const stranger = await stack.user();
		const calls = [
			['GET', ''],
			['PUT', '', { name: 'Stolen' }],
			['DELETE', ''],
			['POST', '/duplicate', {}],
			['POST', '/execute', {}],
			['GET', '/executions'],
		];
		for (const [method, rest, body] of calls) {
			const theirs = await stranger.send(method, `/api/workflows/${id}${rest}`, { body });
			const missing = await stranger.send(method, `${MISSING}${rest}`, { body });
			assert.deepEqual([theirs.status, theirs.body], [404, { error: 'Workflow not found' }], `${method} ${rest}`);
			assert.deepEqual([missing.status, missing.body], [theirs.status, theirs.body]);
		}
		assert.equal((await user.get(`/api/workflows/${id}`)).body.name, 'Mine alone');
		assert.deepEqual((await stranger.get('/api/workflows')).body, []);
	});

	for (const id of ['1', 'not-an-id', '018f0000-0000-7000-8000-00000000000z', '%27%20OR%201=1', 'x'.repeat(3000)])
		test(`an id that cannot exist is not found: ${id.slice(0, 40)}`, async () => {
			assert.equal((await user.get(`/api/workflows/${id}`)).status, 404);
		});
});
