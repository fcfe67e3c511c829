/* What speech costs: counted where it is bought, and refused before it is where the budget has no room. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { voiceover } from './client.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const QUEUE = 'bull:workflow-execution';
const TODAY = () => new Date().toISOString().slice(0, 10);

describe('usage', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start();
	});
	after(() => stack?.stop());

	const speaker = async () => {
		const key = `sim-elevenlabs-key-${crypto.randomUUID()}`;
		await stack.provider('elevenlabs').addKeys([key]);
		user = await stack.speaker({ key });
		return user;
	};
	const speak = async (text, config) => user.run(await user.workflow(voiceover(user.profile.id, text, config)));
	const usage = async (query = '') => {
		const { status, body, text } = await user.get(`/api/usage${query}`);
		assert.equal(status, 200, text);
		return body;
	};
	const setBudget = async (monthlyCharacters) => {
		const { status, body, text } = await user.put('/api/settings/budget', { monthlyCharacters });
		assert.equal(status, 200, text);
		assert.deepEqual(body, { monthlyCharacters });
	};

	test('what is bought and what is not counts by day, provider and profile', async () => {
		await speaker();
		const none = await usage();
		assert.deepEqual(none.days, []);
		assert.deepEqual(none.totals, { characters: 0, billedCharacters: 0, cachedCharacters: 0 });
		assert.equal(none.from, `${TODAY().slice(0, 7)}-01`);
		assert.equal(none.to, TODAY());
		const text = 'Twenty-two characters.';
		await speak(text);
		await speak(text);
		await speak(text, { cache: false });
		const { days, totals, budget } = await usage();
		const counts = { characters: 66, billedCharacters: 44, cachedCharacters: 22 };
		assert.deepEqual(days, [{ date: TODAY(), provider: 'elevenlabs', profileId: user.profile.id, profileName: user.profile.name, ...counts }]);
		assert.deepEqual(totals, counts);
		assert.equal(budget.monthlyCharacters, null);
		assert.equal(budget.usedCharacters, 44);
		const resets = new Date(budget.resetsAt);
		assert.deepEqual([resets.getUTCDate(), resets.getUTCHours()], [1, 0]);
		assert.ok(resets > new Date());
	});

	test('other days are asked for by their names, and nobody sees another one\'s', async () => {
		const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
		assert.deepEqual((await usage(`?from=${yesterday}&to=${yesterday}`)).days, []);
		assert.equal((await usage(`?from=${yesterday}`)).days.length, 1);
		const { body } = await (await stack.user()).get('/api/usage');
		assert.deepEqual(body.days, []);
	});

	for (const [query, fault] of [
		['?from=2026-02-30', 'from must be a day like 2026-01-31'],
		['?from=yesterday', 'from must be a day like 2026-01-31'],
		['?to=2026-1-1', 'to must be a day like 2026-01-31'],
		['?to=', 'to must be a day like 2026-01-31'],
		['?from=2026-03-02&to=2026-03-01', 'to must not be before from'],
		['?from=2024-01-01&to=2026-01-01', 'At most 366 days can be asked for'],
	])
		test(`refused: ${query}`, async () => {
			const { status, text } = await user.get(`/api/usage${query}`);
			assert.equal(status, 400, text);
			assert.ok(text.includes(fault), text);
		});

	test('a text that the budget has no room for is refused before anything is bought', async () => {
		await speaker();
		await setBudget(50);
		await speak('Thirty characters of text, ok.');
		const { status, logs, error } = await speak('This one has thirty-one letters');
		assert.equal(status, 'FAILED');
		const said = '31 characters of this text have to be bought, but your monthly budget of 50 has 20 left until';
		assert.ok(logs.at(-1).error.startsWith(said), error);
		assert.equal(logs.at(-1).attempts, 1, 'it is not tried again');
		assert.equal((await usage()).totals.billedCharacters, 30);
		const again = await speak('Thirty characters of text, ok.');
		assert.equal(again.status, 'COMPLETED', 'what is bought already costs nothing');
		await setBudget(null);
		assert.equal((await speak('This one has thirty-one letters')).status, 'COMPLETED');
	});

	test('texts that are bought at the same time do not exceed it together', async () => {
		await speaker();
		await setBudget(100);
		const workflows = await Promise.all(Array.from({ length: 6 }, (_, i) =>
			user.workflow(voiceover(user.profile.id, `Text number ${i} of forty characters, ${'x'.repeat(9)}.`))));
		const runs = await Promise.all(workflows.map((id) => user.run(id)));
		assert.equal(runs.filter(({ status }) => status === 'COMPLETED').length, 2);
		const { budget } = await usage();
		assert.ok(budget.usedCharacters <= 100 && budget.usedCharacters > 60, `${budget.usedCharacters}`);
		assert.equal(await stack.sql('SELECT count(*) FROM speech_reservations'), '0', 'nothing stays reserved');
	});

	test('a run that goes on after a crash takes its reservation over', async () => {
		await speaker();
		await setBudget(60);
		const workflow = await user.workflow(voiceover(user.profile.id, 'A text that takes its time, with fault-drip.'));
		const { body } = await user.post(`/api/workflows/${workflow}/execute`);
		await until(async () => await stack.sql('SELECT count(*) FROM speech_reservations') === '1', 'the reservation');
		assert.equal((await usage()).budget.usedCharacters, 44);
		const runner = stack.part('runner');
		await runner.end('SIGKILL');
		await stack.sql(`UPDATE executions SET claim_expires_at = now() - interval '1 second' WHERE id = '${body.id}'`);
		await stack.redis('DEL', `${QUEUE}:${body.id}:lock`, `${QUEUE}:stalled-check`);
		await stack.redis('SADD', `${QUEUE}:stalled`, body.id); /* as at the first look without a lock */
		await runner.start();
		assert.equal((await user.finished(workflow, body.id)).status, 'COMPLETED');
		assert.equal((await usage()).budget.usedCharacters, 44);
		assert.equal(await stack.sql('SELECT count(*) FROM speech_reservations'), '0');
	});

	test('OpenAI\'s clients are told, too', async () => {
		await setBudget(0);
		const { status, body } = await user.post('/v1/audio/speech', { model: 'tts-1', voice: user.profile.id, input: 'Good morning.' });
		assert.equal(status, 403);
		assert.match(body.error.message, /^13 characters of this text have to be bought, but your monthly budget of 0 has 0 left/);
	});
});
