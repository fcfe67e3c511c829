/* How a user wants words to be spoken: the list, and what the provider is sent. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { voiceover } from './client.js';
import { Stack } from './stack.js';

const PATH = '/api/settings/pronunciations';

describe('pronunciations', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start();
		const key = `sim-elevenlabs-key-${crypto.randomUUID()}`;
		await stack.provider('elevenlabs').addKeys([key]);
		user = Object.assign(await stack.speaker({ key }), { key });
	});
	after(() => stack?.stop());

	const put = async (list, status = 200, owner = user) => {
		const answer = await owner.put(PATH, list);
		assert.equal(answer.status, status, answer.text);
		return answer.body;
	};
	const speak = async (text) => {
		const { logs } = await user.run(await user.workflow(voiceover(user.profile.id, text)));
		return logs.at(-1);
	};
	const said = async () => JSON.parse((await stack.provider('elevenlabs').requests(user.key)).filter(({ body }) => body).at(-1).body).text;

	test('the list is kept as it was put, trimmed', async () => {
		assert.deepEqual((await (await stack.user()).get(PATH)).body, []);
		const list = [{ word: 'SQL', replacement: 'sequel' }, { word: '東京', replacement: 'とうきょう' }];
		assert.deepEqual(await put([{ word: ' SQL ', replacement: 'sequel ' }, list[1]]), list);
		assert.deepEqual((await user.get(PATH)).body, list);
	});

	test('words are replaced before they are spoken, and another list is another text', async () => {
		await put([{ word: 'nginx', replacement: 'engine x' }]);
		const step = await speak('Nginx serves it. NGINX is fast.');
		assert.equal(step.status, 'success', step.error);
		assert.equal(await said(), 'engine x serves it. engine x is fast.');
		assert.ok(step.notes.includes('2 words are spoken as your pronunciations say'), JSON.stringify(step.notes));
		await put([]);
		const plain = await speak('Nginx serves it. NGINX is fast.');
		assert.equal(await said(), 'Nginx serves it. NGINX is fast.');
		assert.deepEqual([plain.output.charactersCached, plain.notes], [0, undefined]);
	});

	for (const [list, message] of [
		[{}, /Send an array/],
		[[{ word: 'a' }], /^Entry 1: Replacement is required/],
		[[{ word: 'a', replacement: 'b' }, { word: '—', replacement: 'b' }], /^Entry 2: Word has to have a letter or digit/],
		[[{ word: 'a', replacement: 'b' }, { word: 'a', replacement: 'c' }], /^Entry 2: "a" is in the list before/],
		[['a'], /^Entry 1: Word is required/],
		[[null], /^Entry 1: Word is required/],
		[[{ word: 'x'.repeat(101), replacement: 'b' }], /^Entry 1: Word must be at most 100/],
		[Array.from({ length: 201 }, (_, n) => ({ word: `w${n}`, replacement: 'b' })), /at most 200 words, not 201/],
	])
		test(`refused: ${JSON.stringify(list).slice(0, 50)}`, async () => {
			const before = (await user.get(PATH)).body;
			assert.match((await put(list, 400)).error, message);
			assert.deepEqual((await user.get(PATH)).body, before);
		});
});
