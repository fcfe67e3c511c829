import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, describe, test } from 'node:test';
import { edge, node } from './client.js';
import { wav } from './samples.js';
import { ANTHROPIC_KEY, ELEVENLABS_KEY, OPENAI_KEY, Stack, VOICE } from './stack.js';

const OUTPUT = ['completionTokens', 'finishReason', 'model', 'promptTokens', 'text', 'tokensUsed'];
const CLIENTS = {
	openai: { key: OPENAI_KEY, model: 'gpt-4o-mini', title: 'OpenAI' },
	anthropic: { key: ANTHROPIC_KEY, model: 'claude-haiku-5-5', title: 'Anthropic' },
};
const EXAMPLE = new URL('../../tools/example-workflow-voice-tts.json', import.meta.url);

const variable = (id, value, variableName = 'text') => node(id, 'set-variable', { variableName, value });

describe('the AI and voice nodes', () => {
	let stack;
	let user;
	before(async () => {
		stack = await Stack.start({ env: { PROVIDER_TIMEOUT_S: '4' } });
		user = await withKeys();
	});
	beforeEach(async () => {
		for (const name of ['openai', 'anthropic']) await stack.provider(name).control('reset', {});
	});
	after(() => stack?.stop());

	/* A user with a key for each provider. */
	async function withKeys() {
		const made = await stack.speaker();
		for (const [service, { key }] of Object.entries(CLIENTS)) {
			const { status, text } = await made.post('/api/settings/keys', { service, key });
			assert.equal(status, 201, text);
		}
		return made;
	}

	/* The step log of the last of `nodes`, run in a row. */
	async function lastStep(nodes, { client = user, edges } = {}) {
		const execution = await client.run(await client.workflow(nodes, edges));
		return execution.logs.at(-1);
	}

	async function outputOf(nodes, options) {
		const step = await lastStep(nodes, options);
		assert.equal(step.status, 'success', JSON.stringify(step));
		return step.output;
	}

	async function errorOf(nodes, options) {
		const step = await lastStep(nodes, options);
		assert.equal(step.status, 'error', JSON.stringify(step));
		return step.error;
	}

	/* What the provider was sent, newest last. */
	async function sent(provider) {
		const all = await stack.provider(provider).requests(CLIENTS[provider].key);
		return all.map(({ body }) => JSON.parse(body));
	}

	for (const provider of Object.keys(CLIENTS)) {
		const { model, title } = CLIENTS[provider];
		const writer = (config) => node('write', 'prompter', { provider, prompt: 'Say hello', ...config });

		describe(provider, () => {
			for (const [type, temperature, limit] of [
				['generate-script', 0.7, 2048],
				['prompter', 0.5, 1024],
			])
				test(`${type} writes with its defaults`, async () => {
					const output = await outputOf([node('write', type, { provider, prompt: 'Say hello' })]);
					assert.deepEqual(Object.keys(output).sort(), OUTPUT);
					assert.match(output.text, /^Welcome\. .*Say hello$/);
					assert.equal(output.model, model);
					assert.equal(output.finishReason, 'stop');
					assert.ok(output.promptTokens > 0 && output.completionTokens > 0);
					assert.equal(output.tokensUsed, output.promptTokens + output.completionTokens);
					const [body] = await sent(provider);
					assert.equal(body.max_tokens, limit);
					assert.equal(body.temperature, provider === 'openai' ? temperature : undefined);
					const instructions = provider === 'openai' ? body.messages.find(({ role }) => role === 'system')?.content : body.system;
					assert.equal(/scripts for voiceovers/.test(instructions ?? ''), type === 'generate-script');
				});

			test('text-summarizer asks for style and length', async () => {
				const config = { provider, style: 'Bullet Points', maxLength: '40' };
				const output = await outputOf([variable('a', 'A long story.'), node('sum', 'text-summarizer', config)]);
				assert.deepEqual(Object.keys(output).sort(), OUTPUT);
				const [body] = await sent(provider);
				assert.match(JSON.stringify(body), /bullet points.*at most 40 words/);
				assert.equal(body.messages.at(-1).content, 'A long story.');
			});

			test('the settings come as strings, too', async () => {
				await outputOf([writer({ model: 'fault-500-once', temperature: '0.25', maxTokens: '77' })]);
				const bodies = await sent(provider);
				assert.equal(bodies.length, 2);
				assert.deepEqual([bodies[1].temperature, bodies[1].max_tokens], [0.25, 77]);
			});

			test('a text that is cut off is noted', async () => {
				const step = await lastStep([writer({ maxTokens: 5 })]);
				assert.equal(step.output.finishReason, 'length');
				assert.match(JSON.stringify(step.notes), /cut off at the limit of 5 tokens/);
			});

			test('what it cost is kept', async () => {
				const step = await lastStep([writer()]);
				const { promptTokens, completionTokens } = step.output;
				const text = await stack.sql(`SELECT cost FROM execution_steps WHERE output->>'text' = '${step.output.text}' ORDER BY started_at DESC LIMIT 1`);
				const { requestId, ...cost } = JSON.parse(text);
				assert.deepEqual(cost, { provider, model, promptTokens, completionTokens });
				assert.match(requestId, /^req_/);
			});

			test('parameters that a model does not know are left out', async () => {
				const step = await lastStep([writer({ model: 'fault-strict', temperature: 0.9, maxTokens: 90 })]);
				assert.equal(step.status, 'success', JSON.stringify(step));
				assert.match(JSON.stringify(step.notes), /fault-strict has no temperature; 0.9 was left out/);
				const last = (await sent(provider)).at(-1);
				assert.equal(last.temperature, undefined);
				assert.equal(last.max_completion_tokens ?? last.max_tokens, 90);
			});

			const faults = [
				['fault-unauthorized', `${title} does not accept the API key. Check it in Settings → API Keys.`, 1],
				['fault-quota', `${title} says that the account's credits are used up`, 1],
				['fault-voice-404', `${title} does not offer the model to this account`, 1],
				['no-such-model', `${title} does not offer the model to this account`, 1],
				['fault-context', `${title} finds the text longer than the model can take`, 1],
				['fault-content', `${title} declines this content`, 1],
				['fault-declined', `${title} declines this content`, 1],
				['fault-pensive', `${title} used up the tokens before it had written any text`, 1],
				['fault-silent', `${title} sent an answer without text`, 3],
				['fault-429-forever', `${title} is too busy at the moment`, 3],
				['fault-500-forever', `${title} has a fault of its own`, 3],
				['fault-502-html', `${title} has a fault of its own`, 3],
				['fault-redirect', `${title} is not found at the configured address`, 1],
				['fault-old-shape', 'It says: “The old server refuses this.”', 1],
				['fault-html-200', `${title} sent an answer that cannot be read`, 3],
				['fault-reset', `${title} broke off in the middle of its answer`, 3],
				['fault-stall', `${title} took the request but did not answer it`, 1],
			];
			for (const [fault, message, calls] of faults)
				test(`${fault}: ${calls === 1 ? 'not tried again' : 'tried again'}`, async () => {
					const error = await errorOf([writer({ model: fault })]);
					assert.ok(error.includes(message), error);
					assert.equal((await sent(provider)).length, calls);
				});

			for (const fault of ['fault-429', 'fault-429-bare', 'fault-overloaded', 'fault-500-once'])
				test(`${fault} passes`, async () => {
					await outputOf([writer({ model: fault })]);
				});
		});
	}

	describe('models that reason', () => {
		test('of OpenAI get the parameters that they know at once', async () => {
			await outputOf([node('write', 'prompter', { model: 'gpt-5-mini', prompt: 'Hi' })]);
			const bodies = await sent('openai');
			assert.deepEqual(bodies.map(({ temperature, max_tokens, max_completion_tokens }) => [temperature, max_tokens, max_completion_tokens]), [[undefined, undefined, 1024]]);
		});

		test("of Anthropic don't think for a short text", async () => {
			const output = await outputOf([node('write', 'prompter', { provider: 'anthropic', prompt: 'Hi' })]);
			assert.match(output.text, /^Welcome/);
			assert.deepEqual((await sent('anthropic'))[0].thinking, { type: 'disabled' });
		});
	});

	describe('prompts', () => {
		const prompter = (config) => node('write', 'prompter', config);

		test('take {{input}} and {{nodeId.path}}, also the system prompt', async () => {
			const nodes = [
				variable('a', 'cats'),
				variable('b', 'formal', 'tone'),
				prompter({ prompt: 'About {{a.text}}: {{input}}', systemPrompt: 'Be {{b.tone}}.' }),
			];
			await outputOf(nodes, { edges: [edge('a', 'write'), edge('b', 'write')] });
			const [{ messages }] = await sent('openai');
			assert.deepEqual(messages, [
				{ role: 'system', content: 'Be formal.' },
				{ role: 'user', content: 'About cats: cats' },
			]);
		});

		test('a blank one takes the upstream texts', async () => {
			const nodes = [variable('a', 'One.'), variable('b', 'Two.'), prompter({ prompt: ' ' })];
			await outputOf(nodes, { edges: [edge('a', 'write'), edge('b', 'write')] });
			assert.equal((await sent('openai'))[0].messages.at(-1).content, 'One.\n\nTwo.');
		});

		test('none at all is an error that says so', async () => {
			assert.match(await errorOf([variable('a', 7, 'n'), prompter()]), /There is no prompt/);
			assert.match(await errorOf([variable('a', 7, 'n'), node('s', 'text-summarizer')]), /no text to summarize/);
			assert.equal((await sent('openai')).length, 0);
		});

		test('settings that make no sense are named', async () => {
			assert.match(await errorOf([prompter({ provider: 'other', prompt: 'Hi' })]), /openai or anthropic, not "other"/);
			assert.match(await errorOf([variable('a', 'Hi'), node('s', 'text-summarizer', { style: 'Loud' })]), /Bullet Points.*not "Loud"/);
		});
	});

	describe('keys', () => {
		test('without one the error says where to enter it, and which variable the server lacks', async () => {
			const other = await stack.user();
			for (const [provider, variableName] of [['openai', 'OPENAI_API_KEY'], ['anthropic', 'ANTHROPIC_API_KEY']]) {
				const error = await errorOf([node('write', 'prompter', { provider, prompt: 'Hi' })], { client: other });
				assert.match(error, new RegExp(`Settings → API Keys.*${variableName}`));
			}
			const error = await errorOf([node('speak', 'text-to-speech', { text: 'Hi' })], { client: other });
			assert.match(error, /Settings → API Keys.*OPENAI_API_KEY/);
		});

		test("the user's own goes before all", async () => {
			const other = await stack.user();
			const key = stack.secret('sim-own-key-0123456789');
			await stack.provider('openai').addKeys([key]);
			await other.post('/api/settings/keys', { service: 'openai', key });
			await outputOf([node('write', 'prompter', { prompt: 'Hi' })], { client: other });
			assert.equal((await stack.provider('openai').requests(key)).length, 1);
		});
	});

	describe('text-to-speech', () => {
		const speaker = (config) => node('speak', 'text-to-speech', { text: 'Hello, this is a test.', ...config });

		for (const format of ['mp3', 'wav'])
			test(`OpenAI speaks ${format}`, async () => {
				const output = await outputOf([speaker({ format, speed: '1.5' })]);
				assert.equal(output.format, format);
				assert.ok(output.durationSec > 0.5 && output.durationSec < 10, output.durationSec);
				assert.equal(output.audioKey.split('.').pop(), format);
				assert.deepEqual([output.voice, output.model, output.textLength], ['nova', 'tts-1', 22]);
				assert.ok(output.audioUrl.endsWith(output.audioKey));
				assert.ok((await stack.objects()).includes(output.audioKey));
				const [body] = await sent('openai');
				assert.deepEqual(body, { model: 'tts-1', voice: 'nova', input: 'Hello, this is a test.', response_format: format, speed: 1.5 });
			});

		test('ElevenLabs speaks in the voice of the settings', async () => {
			const output = await outputOf([speaker({ provider: 'elevenlabs', voiceId: VOICE, voice: 'nova', stability: 0.3 })]);
			assert.equal(output.voice, VOICE);
			assert.equal(output.model, 'eleven_multilingual_v2');
			assert.match(await errorOf([speaker({ provider: 'elevenlabs' })]), /id of an ElevenLabs voice/);
		});

		test('takes the text from upstream', async () => {
			const output = await outputOf([variable('a', 'From above.'), node('speak', 'text-to-speech')]);
			assert.equal(output.textLength, 11);
		});

		for (const [config, message] of [
			[{ voice: 'nobody' }, 'OpenAI does not know the voice'],
			[{ model: 'no-tts' }, 'OpenAI does not offer the model'],
			[{ voice: 'fault-unauthorized' }, 'OpenAI does not accept the API key'],
			[{ voice: 'fault-quota' }, 'credits are used up'],
			[{ voice: 'fault-500-forever' }, 'OpenAI has a fault of its own'],
			[{ voice: 'fault-wrong-format' }, 'The provider sent WAV instead of MP3'],
			[{ provider: 'azure' }, 'openai or elevenlabs, not "azure"'],
			[{ format: 'ogg' }, 'mp3 or wav, not "ogg"'],
		])
			test(`says what is wrong with ${JSON.stringify(config).slice(0, 40)}`, async () => {
				const error = await errorOf([speaker(config)]);
				assert.ok(error.includes(message), error);
			});

		test('a 429 passes', async () => {
			await outputOf([speaker({ voice: 'fault-429' })]);
		});
	});

	describe('voice-clone', () => {
		const source = (o) => Object.entries(o).map(([name, value]) => variable(name, value, name));
		const clone = (config) => node('clone', 'voice-clone', { name: 'Clone of {{input}}', description: 'From a test', ...config });
		const speech = () => node('say', 'text-to-speech', { text: 'This is how I sound when I speak for more than a second or two.' });

		test('makes a profile that speaks, of the upstream audio', async () => {
			const nodes = [speech(), clone({ name: 'My clone' })];
			const output = await outputOf(nodes);
			assert.deepEqual(Object.keys(output).sort(), ['providerVoiceId', 'voiceProfileId']);
			const { body } = await user.get(`/api/voice-profiles/${output.voiceProfileId}`);
			assert.deepEqual(
				[body.name, body.provider, body.providerVoiceId, body.trainingStatus, body.assets.length],
				['My clone', 'elevenlabs', output.providerVoiceId, 'ready', 1],
			);
			await outputOf([node('speak', 'voice.tts', { voiceProfileId: output.voiceProfileId, text: 'Hello' })]);
		});

		test('takes a file of our own storage by its URL', async () => {
			const { body } = await user.upload(`/api/voice-profiles/${user.profile.id}/assets`, wav(2));
			const output = await outputOf([...source({ fileUrl: body.fileUrl }), clone({ name: '' })]);
			const { body: profile } = await user.get(`/api/voice-profiles/${output.voiceProfileId}`);
			assert.equal(profile.name, 'Cloned voice');
		});

		test('refuses what is not ours, or not theirs, and leaves nothing behind', async () => {
			const other = await stack.user();
			const count = async () => (await user.get('/api/voice-profiles')).body.length;
			const profiles = await count();
			for (const [o, message] of [
				[{ audioKey: `voice-output/${other.user.id}/a.mp3` }, 'not one of your files'],
				[{ audioKey: `voice-output/${user.user.id}/../${other.user.id}/a.mp3` }, 'not one of your files'],
				[{ audioKey: `voice-output/${user.user.id}/gone.mp3` }, 'does not exist any more'],
				[{ audioUrl: 'https://example.org/a.mp3' }, 'only be cloned from audio that is stored here, not from https://example.org/a.mp3'],
				[{ text: 'no audio' }, 'There is no audio to clone a voice from'],
			]) {
				const error = await errorOf([...source(o), clone({ name: 'X' })]);
				assert.ok(error.includes(message), error);
			}
			assert.equal(await count(), profiles);
		});

		test("a provider's refusal leaves no profile behind", async () => {
			const before = (await user.get('/api/voice-profiles')).body.length;
			const samples = await stack.objects(`voice-assets/${user.user.id}/`);
			await user.post('/api/settings/keys', { service: 'elevenlabs', key: stack.secret('sim-wrong-key-0123456789') });
			const error = await errorOf([speech(), clone({ name: 'X' })]);
			await user.post('/api/settings/keys', { service: 'elevenlabs', key: ELEVENLABS_KEY });
			assert.match(error, /ElevenLabs does not accept the API key/);
			assert.equal((await user.get('/api/voice-profiles')).body.length, before);
			assert.deepEqual(await stack.objects(`voice-assets/${user.user.id}/`), samples);
		});
	});

	test('the example writes a script and speaks it', async () => {
		const { nodes, edges } = JSON.parse((await readFile(EXAMPLE, 'utf8')).replaceAll('<YOUR_VOICE_PROFILE_ID>', user.profile.id));
		const execution = await user.run(await user.workflow(nodes, edges));
		assert.equal(execution.status, 'COMPLETED', JSON.stringify(execution));
		assert.deepEqual(execution.logs.map(({ nodeType }) => nodeType), ['manual-trigger', 'generate-script', 'voice.tts']);
		const [, script, voice] = execution.logs;
		assert.equal(voice.output.textLength, [...script.output.text].length);
		assert.ok((await stack.objects()).includes(voice.output.audioKey));
	});
});
