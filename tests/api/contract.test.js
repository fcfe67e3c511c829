/* What holds for every route: its good answer, its faults, and how it takes what it should not get. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { MISSING_ID, ROUTES, fill, prepare, sendGood } from './routes.js';
import { API_KEY, ERROR, assertShape } from './shapes.js';
import { Stack } from './stack.js';

const MB = 1024 * 1024;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'];
const WITH_JSON = ROUTES.filter((route) => route.body);
const IMPOSSIBLE_IDS = [
	'1',
	'nope',
	'x'.repeat(36),
	`${MISSING_ID}0`,
	MISSING_ID.slice(1),
	MISSING_ID.replaceAll('-', '0'),
	`${MISSING_ID.slice(0, -1)}%c3`,
	'%27%20OR%201=1--',
	'%F0%9F%92%A9',
];

/* Bodies that no route takes, whatever it wants. */
const MALFORMED = {
	'an open brace': '{',
	'no value': '{"a":}',
	'a trailing comma': '{"a":1,}',
	'a second document': '{}{}',
	'single quotes': "{'a':1}",
	'a comment': '{/* no */}',
	'not a number': '{"a":NaN}',
	'a raw control character': '{"a":"\u0001"}',
	'a raw NUL': '{"a":"\0"}',
	'a NUL behind the document': '{}\0',
	'a byte order mark': '\ufeff{}',
	'invalid UTF-8': Buffer.from('{"a":"\xff"}', 'latin1'),
	'overlong UTF-8': Buffer.from('{"a":"\xc0\xaf"}', 'latin1'),
	'an encoded surrogate': Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'),
	'UTF-16': Buffer.from('{"a":1}', 'utf16le'),
	'a depth of 10,000': `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
	'a depth without an end': '['.repeat(100_000),
	'an array': '[{"name":"x"}]',
	'a text': '"{}"',
	'a number': '1',
	null: 'null',
	true: 'true',
};
const OTHER_TYPES = [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp'];
const JSON_TYPES = ['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset=UTF-8'];

function nowhere(route) {
	return fill(route.path, Object.fromEntries(route.places.map((place) => [place, MISSING_ID])));
}

function assertError(answer, status, error) {
	assert.equal(answer.status, status, answer.text);
	assert.match(answer.headers['content-type'], /^application\/json/);
	assertShape(ERROR, answer.body);
	if (error) assert.equal(answer.body.error.message ?? answer.body.error, error);
}

describe('the HTTP contract', () => {
	let stack, user, stranger;
	before(async () => {
		stack = await Stack.start();
		[user, stranger] = [await stack.user(), await stack.user('A Stranger')];
		stack.expectLog(/client intended to send too large (chunked )?body/);
	});
	after(() => stack.stop());

	const raw = (route, body, type = 'application/json', headers = {}) => {
		const typed = type === undefined ? headers : { 'Content-Type': type, ...headers };
		return user.send(route.method, nowhere(route), { raw: body, headers: typed });
	};

	test('the table of the tests names every route of the program', async () => {
		const source = await readFile(new URL('../../fcgi/routes.c', import.meta.url), 'utf8');
		const served = [...source.matchAll(/\{ "([A-Z]+)", +"([^"]+)"/g)].map(([, method, path]) => `${method} ${path}`);
		assert.deepEqual(ROUTES.map(({ name }) => name.replace(/:\w+/g, ':')).sort(), served.sort());
	});

	describe('a good request', () => {
		for (const route of ROUTES)
			test(route.name, async () => {
				const ids = await prepare(route, user);
				const answer = await sendGood(route, user, ids);
				assert.equal(answer.status, route.status, answer.text);
				assert.match(answer.headers['content-type'], route.type ?? /^application\/json/);
				assertShape(route.shape, answer.body);
				if (answer.body?.status === 'RUNNING') await user.finished(answer.body.workflowId, answer.body.id);
			});
	});

	describe('validation names every fault', () => {
		for (const route of ROUTES.filter(({ faults }) => faults.length > 0))
			test(route.name, async () => {
				const path = fill(route.path, await prepare(route, user));
				for (const [body, faults] of route.faults) {
					const answer = await user.send(route.method, path, { body });
					assertError(answer, 400, 'Validation failed');
					const found = answer.body.details.map((fault) => `${fault.path.join('.')}: ${fault.message}`);
					assert.deepEqual(found, faults);
				}
			});
		for (const route of ROUTES.filter(({ texts }) => texts))
			test(`${route.name}: no text holds NUL`, async () => {
				const body = Object.fromEntries(route.texts.map((field) => [field, 'one\u0000two']));
				const answer = await user.send(route.method, nowhere(route), { body });
				assertError(answer, 400, 'Validation failed');
				for (const { path, message } of answer.body.details) assert.match(message, /NUL/, path.join('.'));
				assert.deepEqual(answer.body.details.map(({ path }) => path.join('.')).sort(), [...route.texts].sort());
			});
		test("PUT /api/workflows/:workflow: nor does a node's", async () => {
			stack.expectLog(/ERROR:  unsupported Unicode escape|DETAIL:  \\u0000|CONTEXT:  JSON data|STATEMENT:  UPDATE workflows|^\t/);
			const path = `/api/workflows/${await user.workflow([])}`;
			assertError(await user.put(path, { nodes: [{ id: 'a\u0000b' }] }), 400);
			assert.deepEqual((await user.get(path)).body.nodes, []);
		});
	});

	describe('without a sign-in', () => {
		for (const route of ROUTES)
			test(route.name, async () => {
				for (const [token, error] of [
					[null, 'Authentication required'],
					['broken', 'Invalid or expired token'],
				]) {
					const answer = await stack.client.as(token).send(route.method, nowhere(route), { body: route.body && {} });
					if (route.open) {
						assert.notEqual(answer.status, 401);
						continue;
					}
					assertError(answer, 401, error);
					assert.equal(answer.headers['www-authenticate'], 'Bearer');
				}
			});
	});

	describe("another user's resource is a missing one", () => {
		for (const route of ROUTES.filter(({ open, places }) => !open && places.length > 0))
			test(route.name, async () => {
				const [own, foreign] = [await prepare(route, user), await prepare(route, stranger)];
				for (const place of route.places) {
					const missing = await sendGood(route, user, { ...own, [place]: MISSING_ID });
					assertError(missing, 404);
					const refused = await sendGood(route, user, { ...own, [place]: foreign[place] });
					assertError(refused, 404, missing.body.error);
				}
				assertError(await sendGood(route, user, foreign), 404);
				const answer = await sendGood(route, stranger, foreign);
				assert.equal(answer.status, route.status, `the owner is still served: ${answer.text}`);
				if (answer.body.status === 'RUNNING') await stranger.finished(answer.body.workflowId, answer.body.id);
			});
		test('a resource of the same user below another parent', async () => {
			const asset = ROUTES.find(({ name }) => name.startsWith('DELETE /api/voice-profiles/:profile/assets'));
			const execution = ROUTES.find(({ name }) => name === 'GET /api/workflows/:workflow/executions/:execution');
			for (const route of [asset, execution]) {
				const [one, other] = [await prepare(route, user), await prepare(route, user)];
				const child = route.places[1];
				assertError(await sendGood(route, user, { ...one, [child]: other[child] }), 404);
			}
		});
		test('in the body of a request', async () => {
			const rerun = ROUTES.find(({ name }) => name.endsWith('/rerun'));
			const [own, foreign] = [await prepare(rerun, user), await prepare(rerun, stranger)];
			const missing = await user.post(fill(rerun.path, own), { executionId: MISSING_ID });
			assertError(missing, 404);
			for (const executionId of [foreign.failed, 'nope'])
				assertError(await user.post(fill(rerun.path, own), { executionId }), 404, missing.body.error);
		});
	});

	describe('an id that cannot exist', () => {
		for (const route of ROUTES.filter(({ places }) => places.length > 0))
			test(route.name, async () => {
				for (const place of route.places)
					for (const id of IMPOSSIBLE_IDS) {
						const ids = Object.fromEntries(route.places.map((other) => [other, other === place ? id : MISSING_ID]));
						const path = fill(route.path, ids);
						assertError(await user.send(route.method, path, { body: route.body && {} }), 404);
					}
			});
	});

	describe('a wrong method', () => {
		for (const path of new Set(ROUTES.map((route) => route.path)))
			test(path, async () => {
				const routes = ROUTES.filter((route) => route.path === path);
				const known = routes.map(({ method }) => method);
				const allowed = known.includes('GET') ? [...known, 'HEAD'] : known;
				for (const method of METHODS.filter((candidate) => !known.includes(candidate))) {
					const answer = await stack.client.send(method, nowhere(routes[0]));
					assertError(answer, 405);
					assert.deepEqual(answer.headers.allow.split(', ').sort(), allowed.sort(), method);
				}
			});
	});

	describe('HEAD is GET without a body', () => {
		for (const route of ROUTES.filter(({ method, send }) => method === 'GET' && !send))
			test(route.name, async () => {
				const path = fill(route.path, await prepare(route, user));
				const answer = await user.send('HEAD', path);
				assert.equal(answer.status, 200);
				assert.equal(answer.text, '');
			});
	});

	describe('a body that is no JSON object', () => {
		for (const route of WITH_JSON)
			test(route.name, async () => {
				for (const [what, body] of Object.entries(MALFORMED)) {
					const answer = await raw(route, body);
					assert.equal(answer.status, 400, `${what}: ${answer.text}`);
					assertShape(ERROR, answer.body);
				}
			});
	});

	describe('a content type', () => {
		for (const route of WITH_JSON)
			test(route.name, async () => {
				for (const type of OTHER_TYPES) assertError(await raw(route, '{}', type ?? ''), 415);
				for (const type of JSON_TYPES) assert.notEqual((await raw(route, '{}', type)).status, 415, type);
			});
	});

	describe('no body is an empty object', () => {
		for (const route of WITH_JSON)
			test(route.name, async () => {
				const object = await raw(route, '{}');
				for (const headers of [{}, { 'Content-Type': 'application/json' }, { 'Transfer-Encoding': 'chunked' }]) {
					const answer = await user.send(route.method, nowhere(route), { raw: '', headers });
					assert.equal(answer.status, object.status, answer.text);
					assert.deepEqual(answer.body, object.body);
				}
			});
	});

	describe('a body of more than 5 MB', () => {
		const fit = Buffer.alloc(5 * MB, ' ');
		fit.write('{}');
		const tooLarge = Buffer.concat([fit, Buffer.from(' ')]);
		for (const route of WITH_JSON)
			test(route.name, async () => {
				const object = await raw(route, '{}');
				assert.equal((await raw(route, fit)).status, object.status, 'exactly 5 MB');
				assertError(await raw(route, tooLarge), 413);
				assertError(await raw(route, tooLarge, 'application/json', { 'Transfer-Encoding': 'chunked' }), 413);
			});
	});

	describe('lists', () => {
		let owner;
		before(async () => {
			owner = await stack.user();
		});
		const names = (list) => list.map(({ name }) => name);

		test('keys stand newest first, one a service, masked', async () => {
			for (const [service, key] of [
				['elevenlabs', 'aaaa-first-key-bbbb'],
				['azure', '  cccc-second-key-dddd  '],
				['openai', 'eeee-third-key-ffff'],
				['elevenlabs', 'gggg-fourth-key-hhhh'],
			]) {
				const answer = await owner.post('/api/settings/keys', { service, key: stack.secret(key.trim()) });
				assert.equal(answer.status, 201, answer.text);
				assert.doesNotMatch(answer.text, /-key-/);
			}
			const { body } = await owner.get('/api/settings/keys');
			assertShape([API_KEY], body);
			assert.deepEqual(
				body.map(({ service, maskedKey, label }) => [service, maskedKey, label]),
				[
					['openai', 'eeee…ffff', null],
					['azure', 'cccc…dddd', null],
					['elevenlabs', 'gggg…hhhh', null],
				],
			);
			assert.equal(await stack.sql(`SELECT count(*) FROM api_keys WHERE sealed LIKE '%-key-%'`), '0');
		});

		test('profiles stand newest first', async () => {
			for (const name of ['one', 'two', 'three']) await owner.post('/api/voice-profiles', { name, provider: 'elevenlabs' });
			await owner.put(`/api/voice-profiles/${(await owner.get('/api/voice-profiles')).body[2].id}`, { name: 'one, changed' });
			assert.deepEqual(names((await owner.get('/api/voice-profiles')).body), ['three', 'two', 'one, changed']);
		});

		test('somebody else sees none of it', async () => {
			const other = await stack.user();
			for (const path of ['/api/settings/keys', '/api/voice-profiles', '/api/workflows'])
				assert.deepEqual((await other.get(path)).body, [], path);
		});
	});
});
