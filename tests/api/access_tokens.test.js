/* Personal access tokens: what a program signs in with until its user takes that away. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Stack } from './stack.js';

const PATH = '/api/settings/tokens';

describe('a personal access token', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start({ pool: 2 });
		user = await stack.user();
	});
	after(() => stack?.stop());

	async function made(owner = user, name = 'A program') {
		const { status, body, text } = await owner.post(PATH, { name });
		assert.equal(status, 201, text);
		stack.secret(body.token);
		return { ...body, client: stack.client.as(body.token) };
	}

	test('signs its user in wherever a sign-in does', async () => {
		const { client } = await made();
		const me = await client.get('/api/auth/me');
		assert.deepEqual([me.status, me.body.user.id], [200, user.user.id]);
		const workflow = await client.post('/api/workflows', { name: 'By a program' });
		assert.equal(workflow.status, 201, workflow.text);
		assert.equal((await user.get(`/api/workflows/${workflow.body.id}`)).body.name, 'By a program');
	});

	test('is shown once', async () => {
		const { id, token } = await made(user, ' Home Assistant ');
		const list = await user.get(PATH);
		const [first] = list.body;
		assert.deepEqual([first.id, first.name, first.lastUsedAt], [id, 'Home Assistant', null]);
		assert.ok(!list.text.includes(token.slice(3)));
	});

	test('says when it was last used', async () => {
		const { id, client } = await made();
		await client.get('/api/auth/me');
		const { body } = await user.get(PATH);
		const { lastUsedAt } = body.find((entry) => entry.id === id);
		assert.ok(Math.abs(Date.parse(lastUsedAt) - Date.now()) < 60_000, lastUsedAt);
	});

	test('is refused by every responder from the moment it is deleted', async () => {
		const { id, client } = await made();
		for (let i = 0; i < 8; i++) assert.equal((await client.get('/api/auth/me')).status, 200);
		assert.equal((await user.delete(`${PATH}/${id}`)).status, 200);
		const answers = await Promise.all(Array.from({ length: 16 }, () => client.get('/api/auth/me')));
		for (const answer of answers) {
			assert.equal(answer.status, 401);
			assert.deepEqual(answer.body, { error: 'Invalid or expired token' });
		}
	});

	test('of one letter more, less or other is none', async () => {
		const { token } = await made();
		const last = token.at(-1) === '0' ? '1' : '0';
		for (const wrong of [`${token}0`, token.slice(0, -1), token.slice(0, -1) + last, token.toUpperCase(), token.slice(3)])
			assert.equal((await stack.client.as(wrong).get('/api/auth/me')).status, 401, wrong.length);
	});

	test('ends with its user', async () => {
		const gone = await stack.user();
		const { client } = await made(gone);
		await stack.sql(`DELETE FROM users WHERE id = '${gone.user.id}'`);
		assert.equal((await client.get('/api/auth/me')).status, 401);
	});

	test('is one of fifty at most', async () => {
		const collector = await stack.user();
		for (let i = 0; i < 50; i++) await made(collector);
		const { status, body } = await collector.post(PATH, { name: 'One more' });
		assert.equal(status, 409);
		assert.match(body.error, /50 access tokens.*delete one/);
	});
});
