/* Keys that are tried out, and the lists of voices that come with them. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { wav } from './samples.js';
import { ANTHROPIC_KEY, AZURE_KEY, AZURE_VOICE, ELEVENLABS_KEY, OPENAI_KEY, Stack, VOICE } from './stack.js';

const KEYS = { elevenlabs: ELEVENLABS_KEY, azure: AZURE_KEY, openai: OPENAI_KEY, anthropic: ANTHROPIC_KEY };
const WRONG = 'a-key-that-nobody-knows-0123456789';
const LIMITED = 'a-key-for-speech-only-0123456789';

describe('services', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
		stack.secret(WRONG);
		stack.secret(LIMITED);
		stack.expectLog(/warn .*: answered 502: /);
	});
	after(() => stack.stop());

	const save = (service, key, owner = user) => owner.post('/api/settings/keys', { service, key });
	const check = async (service, owner = user) => {
		const { status, body, text } = await owner.post(`/api/settings/keys/${service}/test`);
		assert.equal(status, 200, text);
		return body;
	};

	test('are listed with who has a key for them', async () => {
		const keyless = await stack.user('Keyless');
		const before = (await keyless.get('/api/settings/services')).body;
		assert.deepEqual(before.map(({ service }) => service), Object.keys(KEYS));
		assert.ok(before.every(({ serverKey }) => !serverKey));
		await save('openai', OPENAI_KEY, keyless);
		const owned = (await keyless.get('/api/settings/services')).body.filter(({ hasKey }) => hasKey);
		assert.ok(owned.some(({ service, title }) => service === 'openai' && title === 'OpenAI'));
	});

	for (const [service, key] of Object.entries(KEYS))
		test(`a key of ${service} is tried out, and costs nothing`, async () => {
			await save(service, key);
			assert.deepEqual(await check(service), { ok: true, message: 'The key works' });
			const charges = await stack.provider(service).charges(key);
			assert.equal(charges.length, 0);
			await save(service, WRONG);
			const { ok, message } = await check(service);
			assert.equal(ok, false);
			assert.match(message, /does not accept the API key.*Settings → API Keys/);
			assert.ok(!message.includes(WRONG));
			await save(service, key);
		});

	test('a limited key of ElevenLabs is told from a wrong one', async () => {
		await stack.provider('elevenlabs').addKeys([LIMITED], { permissions: ['text_to_speech'] });
		await save('elevenlabs', LIMITED);
		const { ok, message } = await check('elevenlabs');
		assert.deepEqual([ok, /limited/.test(message)], [true, true]);
		await save('elevenlabs', ELEVENLABS_KEY);
	});

	test('without a key the answer says where to put one', async () => {
		const keyless = await stack.user('Keyless');
		const { ok, message } = await check('anthropic', keyless);
		assert.equal(ok, false);
		assert.match(message, /Settings → API Keys.*ANTHROPIC_API_KEY/);
	});

	test('an unknown service is no path', async () => {
		assert.equal((await user.post('/api/settings/keys/polly/test')).status, 404);
	});

	describe('voices', () => {
		const voices = async (provider) => {
			const { status, body, text } = await user.get(`/api/voices?provider=${provider}`);
			assert.equal(status, 200, text);
			return body;
		};

		test("ElevenLabs': one's own first, those that cannot speak left out, over all pages", async () => {
			await stack.provider('elevenlabs').control('config', { requiresVerification: true });
			await clone('Unverified');
			await stack.provider('elevenlabs').control('config', { requiresVerification: false });
			for (let i = 0; i < 3; i++) await clone(`Clone ${i}`);
			const list = await voices('elevenlabs');
			const names = list.map(({ name }) => name);
			assert.deepEqual(names.slice(-1), ['Sim Library Voice']);
			assert.ok(names.includes('Clone 2') && !names.includes('Unverified'), names.join());
			const own = list.find(({ id }) => id === VOICE);
			assert.deepEqual([own.name, own.category], ['Sim Voice', 'cloned']);
		});

		async function clone(name) {
			const form = new FormData();
			form.set('name', name);
			form.set('files', new Blob([wav(1.5, 200 + Math.random() * 1000)]), 'a.wav');
			const answer = await fetch(`${stack.info.simulators.elevenlabs}/v1/voices/add`, {
				method: 'POST',
				headers: { 'xi-api-key': ELEVENLABS_KEY },
				body: form,
			});
			assert.equal(answer.status, 200, await answer.text());
		}

		test("Azure's, with their locales of two and three parts", async () => {
			const list = await voices('azure');
			const jenny = list.find(({ id }) => id === AZURE_VOICE);
			assert.deepEqual([jenny.name, jenny.language, jenny.category], ['Jenny', 'en-US', 'Neural']);
			assert.match(jenny.description, /^Female, English \(United States\)\. Styles: assistant/);
			assert.equal(list.find(({ id }) => id === 'zh-CN-shaanxi-XiaoniNeural').language, 'zh-CN-shaanxi');
		});

		test("OpenAI's, or those of a compatible server", async () => {
			assert.ok((await voices('openai')).some(({ id }) => id === 'nova'));
			await stack.provider('openai').control('config', { voices: ['af_bella', { id: 'af_sky', name: 'Sky' }] });
			const list = await voices('openai');
			await stack.provider('openai').control('config', { voices: null });
			assert.deepEqual(list.map(({ id, name }) => [id, name]), [['af_bella', 'af_bella'], ['af_sky', 'Sky']]);
		});

		test('nobody in particular', async () => {
			for (const query of ['', '?provider=', '?provider=polly', '?provider=anthropic']) {
				const { status, body } = await user.get(`/api/voices${query}`);
				assert.deepEqual([status, /elevenlabs, azure or openai/.test(body.error)], [400, true], query);
			}
		});

		test('a wrong key is told as such', async () => {
			await save('azure', WRONG);
			const { status, body } = await user.get('/api/voices?provider=azure');
			assert.equal(status, 502);
			assert.match(body.error, /API key for this region/);
			await save('azure', AZURE_KEY);
		});
	});
});
