/* Voice profiles: their samples, training and cloning, and playing what is stored. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mp3, unmeasurableWav, wav } from './samples.js';
import { AZURE_VOICE, ELEVENLABS_KEY, Stack, VOICE } from './stack.js';
import { ASSET, assertShape } from './shapes.js';
import { DEFAULT_BUCKET } from '../sim/s3.js';

const MB = 1024 * 1024;
const BASE = '/api/voice-profiles';
const CLONED = { name: 'Cloned', provider: 'elevenlabs' };

/* Keys that the simulator knows, by what is wrong with them. */
const KEYS = {
	[ELEVENLABS_KEY]: {},
	'sim-key-of-a-free-plan': { plan: 'free' },
	'sim-key-without-room': { maxVoices: 0 },
	'sim-key-for-speech-only': { permissions: ['text_to_speech'] },
};

describe('voice profiles', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.user();
		stack.expectLog(/warn .*: answered 502: /);
	});
	after(() => stack.stop());

	async function profile(fields = CLONED, owner = user) {
		const { status, body, text } = await owner.post(BASE, fields);
		assert.equal(status, 201, text);
		return body;
	}
	async function sample(id, bytes = wav(1.5), options = {}) {
		const { status, body, text } = await user.upload(`${BASE}/${id}/assets`, bytes, options);
		assert.equal(status, 201, text);
		return body;
	}
	const statusOf = async (id) => (await user.get(`${BASE}/${id}`)).body.trainingStatus;
	const objectsOf = (owner = user) => stack.objects(`voice-assets/${owner.user.id}/`);
	const keyOf = (asset) => asset.fileUrl.replace(`s3://${DEFAULT_BUCKET}/`, '');

	describe('the profile', () => {
		test('keeps what it was made of, with the defaults', async () => {
			const made = await profile({ name: '  Ada ', provider: 'azure', providerVoiceId: AZURE_VOICE });
			assert.deepEqual([made.name, made.provider, made.providerVoiceId, made.language], ['Ada', 'azure', AZURE_VOICE, 'en']);
			assert.deepEqual([made.userId, made.trainingStatus], [user.user.id, 'pending']);
			assert.equal((await profile()).providerVoiceId, '');
		});

		test('is changed field by field', async () => {
			const { id, createdAt } = await profile();
			const changes = { name: 'New', language: 'de-DE', providerVoiceId: VOICE };
			for (const [field, value] of Object.entries(changes)) {
				const { status, body } = await user.put(`${BASE}/${id}`, { [field]: value });
				assert.deepEqual([status, body[field]], [200, value]);
			}
			const { body } = await user.get(`${BASE}/${id}`);
			for (const [field, value] of Object.entries({ ...changes, createdAt })) assert.equal(body[field], value);
		});

		test('takes its samples out of S3 when it goes', async () => {
			const { id } = await profile();
			const keys = [keyOf(await sample(id)), keyOf(await sample(id, mp3(2)))];
			for (const key of keys) assert.ok((await objectsOf()).includes(key));
			assert.equal((await user.delete(`${BASE}/${id}`)).status, 200);
			for (const key of keys) assert.ok(!(await objectsOf()).includes(key));
			assert.equal((await user.get(`${BASE}/${id}`)).status, 404);
		});
	});

	describe('a sample', () => {
		/* The name and the declared type lie; the bytes decide. */
		const files = {
			'a WAV': [wav(1.25), { filename: 'a.wav', type: 'audio/wav' }, 'wav', 1.25],
			'a WAV under the name of an MP3': [wav(2), { filename: 'a.mp3', type: 'audio/mpeg' }, 'wav', 2],
			'an MP3': [mp3(1.8), { filename: 'a.mp3', type: 'audio/mpeg' }, 'mp3', 1.8],
			'an MP3 under the name of a picture': [mp3(3.6), { filename: '../a.png', type: 'image/png' }, 'mp3', 3.6],
			'a measured WAV, whatever is sent': [wav(1.5), { fields: { durationSec: '99' } }, 'wav', 1.5],
			'one that cannot be measured, with a duration': [unmeasurableWav(), { fields: { durationSec: '12.5' } }, 'wav', 12.5],
		};
		for (const [what, [bytes, options, extension, seconds]] of Object.entries(files))
			test(`is taken: ${what}`, async () => {
				const { id } = await profile();
				const asset = await sample(id, bytes, options);
				assertShape(ASSET, asset);
				assert.deepEqual([asset.voiceProfileId, asset.durationSec], [id, seconds]);
				assert.match(keyOf(asset), new RegExp(`^voice-assets/${user.user.id}/[^/]+_training\\.${extension}$`));
				const { url } = (await user.get(`/api/storage/play?key=${keyOf(asset)}`)).body;
				const stored = await fetch(url);
				assert.deepEqual(Buffer.from(await stored.arrayBuffer()), bytes);
				assert.equal(stored.headers.get('content-type'), extension === 'wav' ? 'audio/wav' : 'audio/mpeg');
				const { body } = await user.get(`${BASE}/${id}`);
				assert.deepEqual(body.assets, [asset]);
			});

		describe('is judged', () => {
			const judged = async (bytes, options) => (await sample((await profile()).id, bytes, options)).quality;

			test('by its own bytes', async () => {
				const quality = await judged(wav(12), { filename: 'a.mp3' });
				assert.deepEqual(quality, {
					format: 'wav',
					sampleRate: 16000,
					channels: 1,
					durationSec: 12,
					peakDb: quality.peakDb,
					rmsDb: quality.rmsDb,
					clippedSamples: 0,
					leadingSilenceSec: 0,
					trailingSilenceSec: 0,
					advice: [],
				});
				assert.ok(quality.peakDb < 0 && Math.abs(quality.rmsDb - (quality.peakDb - 3.01)) < 0.1, JSON.stringify(quality));
			});

			test('with advice where it could be better', async () => {
				const advice = async (bytes, fields) => (await judged(bytes, { fields })).advice.join('\n');
				assert.match(await advice(wav(1.5)), /^It is too short, 1\.5 seconds: [^\n]*$/);
				assert.equal(await advice(wav(3), { kind: 'consent' }), '');
				const silent = await judged(mp3(12));
				assert.match(silent.advice.join(), /^It is silent/);
				assert.deepEqual([silent.format, silent.peakDb, silent.rmsDb], ['mp3', null, null]);
				assert.match(await advice(Buffer.concat([wav(12).subarray(0, 44), Buffer.alloc(64000), wav(12).subarray(64044)])), /^It begins with a long silence, 2\.0 seconds/);
			});

			test('only where it can be decoded', async () => {
				assert.equal(await judged(unmeasurableWav(), { fields: { durationSec: '12.5' } }), null);
			});

			test('for what it is sent as', async () => {
				const { id } = await profile();
				assert.equal((await sample(id, wav(5), { fields: { kind: 'consent' } })).kind, 'consent');
				assert.equal((await sample(id, wav(5), { fields: { kind: 'sample' } })).kind, 'sample');
				const { status, body } = await user.upload(`${BASE}/${id}/assets`, wav(5), { fields: { kind: 'song' } });
				assert.deepEqual([status, body.error], [400, 'The field kind has to be sample or consent']);
			});
		});

		const only = 'Only audio files (MP3, WAV) are allowed';
		const refused = {
			'a picture': [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), {}, only],
			text: [Buffer.from('RIFF, as they say, is no WAVE'), {}, only],
			'an Ogg file under the name of an MP3': [Buffer.from(`OggS${'\0'.repeat(500)}`), { filename: 'a.mp3', type: 'audio/mpeg' }, only],
			'nothing': [Buffer.alloc(0), {}, only],
			'one that cannot be measured': [unmeasurableWav(), {}, /^The file cannot be used: .*no samples/],
			'one with a useless duration': [unmeasurableWav(), { fields: { durationSec: '-1' } }, /^The file cannot be used/],
			'one with an endless duration': [unmeasurableWav(), { fields: { durationSec: 'Infinity' } }, /^The file cannot be used/],
		};
		for (const [what, [bytes, options, sentence]] of Object.entries(refused))
			test(`is refused: ${what}`, async () => {
				const { id } = await profile();
				const before = await objectsOf();
				const answer = await user.upload(`${BASE}/${id}/assets`, bytes, options);
				assert.equal(answer.status, 400, answer.text);
				if (sentence instanceof RegExp) assert.match(answer.body.error, sentence);
				else assert.equal(answer.body.error, sentence);
				assert.deepEqual(await objectsOf(), before);
			});

		test('has 25 MB at most', async () => {
			stack.expectLog(/client intended to send too large body/);
			const { id } = await profile();
			const largest = Buffer.concat([wav(1.5), Buffer.alloc(25 * MB)]).subarray(0, 25 * MB);
			assert.equal((await sample(id, largest)).durationSec, 1.5);
			for (const size of [25 * MB + 1, 27 * MB]) {
				const answer = await user.upload(`${BASE}/${id}/assets`, Buffer.concat([largest, Buffer.alloc(size - 25 * MB)]));
				assert.equal(answer.status, 413, answer.text);
				assert.match(answer.body.error, /25 MB/);
			}
			assert.equal((await user.delete(`${BASE}/${id}`)).status, 200);
		});

		test('is played by its own address, and deleted with its object', async () => {
			const { id } = await profile();
			const [first, second] = [await sample(id), await sample(id)];
			assert.notEqual(first.fileUrl, second.fileUrl);
			const { status, body } = await user.delete(`${BASE}/${id}/assets/${first.id}`);
			assert.deepEqual([status, body], [200, { message: 'Asset deleted' }]);
			const left = await objectsOf();
			assert.deepEqual([left.includes(keyOf(first)), left.includes(keyOf(second))], [false, true]);
			assert.equal((await user.delete(`${BASE}/${id}/assets/${first.id}`)).status, 404);
		});

		test('is deleted although its object is gone, and counts in the list', async () => {
			const { id } = await profile();
			const asset = await sample(id);
			await sample(id);
			const listed = (await user.get(BASE)).body.find((entry) => entry.id === id);
			assert.deepEqual([listed.assetCount, listed.assets.length, listed.assets[0].id], [2, 2, asset.id]);
			await stack.s3.reset();
			assert.equal((await user.delete(`${BASE}/${id}/assets/${asset.id}`)).status, 200);
		});
	});

	describe('training', () => {
		const train = (id) => user.post(`${BASE}/${id}/train`);
		const withKey = (key) => user.post('/api/settings/keys', { service: 'elevenlabs', key });
		before(() => stack.provider('elevenlabs').control('config', { keys: KEYS }));

		for (const [provider, providerVoiceId] of [
			['azure', AZURE_VOICE],
			['openai', 'nova'],
			['elevenlabs', VOICE],
		])
			test(`a voice of ${provider} becomes ready`, async () => {
				const { id } = await profile({ name: 'Ready', provider, providerVoiceId });
				await sample(id);
				const { status, body, text } = await train(id);
				assert.equal(status, 200, text);
				assert.deepEqual([body.id, body.trainingStatus, body.providerVoiceId], [id, 'ready', providerVoiceId]);
				assert.ok(body.message);
				assert.equal(await statusOf(id), 'ready');
			});

		test('asks for training again once the voice is another', async () => {
			const { id } = await profile({ name: 'Ready', provider: 'azure', providerVoiceId: AZURE_VOICE });
			await sample(id);
			await train(id);
			assert.equal((await user.put(`${BASE}/${id}`, { name: 'Same voice' })).body.trainingStatus, 'ready');
			assert.equal((await user.put(`${BASE}/${id}`, { providerVoiceId: 'de-DE-KatjaNeural' })).body.trainingStatus, 'pending');
		});

		test('no samples', async () => {
			const { id } = await profile();
			const { status, body } = await train(id);
			assert.deepEqual([status, body], [400, { error: 'Add at least one audio sample before training.' }]);
			assert.equal(await statusOf(id), 'pending');
		});

		test('every faulty sample is named', async () => {
			const { id } = await profile({ name: 'Faulty', provider: 'azure', providerVoiceId: AZURE_VOICE });
			const lost = await sample(id);
			await stack.s3.reset();
			const short = await sample(id, wav(1));
			const good = await sample(id, wav(1.01));
			const unreadable = await sample(id, unmeasurableWav(), { fields: { durationSec: '5' } });
			const { status, body, text } = await train(id);
			assert.equal(status, 400, text);
			assert.deepEqual(body.details.map(({ path }) => path), [
				['assets', lost.id],
				['assets', short.id],
				['assets', unreadable.id],
			]);
			const [first, second, third] = body.details.map(({ message }) => message);
			assert.match(first, /^Sample 1: .*not in the storage/);
			assert.match(second, /^Sample 2: .*1\.00 seconds.*longer than 1/);
			assert.match(third, /^Sample 4: .*no samples/);
			assert.ok(!text.includes(good.id));
			assert.equal(await statusOf(id), 'failed');
		});

		test('a storage that is away leaves the profile as it was', async () => {
			stack.expectLog(/warn .*answered 503: .*storage is not available|warn .*storage/);
			const { id } = await profile({ name: 'Waiting', provider: 'azure', providerVoiceId: AZURE_VOICE });
			await sample(id);
			stack.s3.configure({ fault: { kind: 'internal', times: 3, method: 'GET' } });
			const { status, headers } = await train(id);
			stack.s3.configure({ fault: null });
			assert.deepEqual([status, headers['retry-after'], await statusOf(id)], [503, '5', 'pending']);
			assert.equal((await train(id)).status, 200);
		});

		test('a voice is cloned from the samples', async () => {
			await withKey(ELEVENLABS_KEY);
			const { id } = await profile({ name: 'Grüße "Ada"', provider: 'elevenlabs' });
			await sample(id, wav(1.5, 300));
			await sample(id, mp3(2));
			await sample(id, wav(1.5, 300)); /* the same once more, which the provider would refuse */
			const { status, body, text } = await train(id);
			assert.equal(status, 200, text);
			assert.deepEqual([body.trainingStatus, await statusOf(id)], ['ready', 'ready']);
			assert.equal((await user.get(`${BASE}/${id}`)).body.providerVoiceId, body.providerVoiceId);
			const voices = await fetch(`${stack.info.simulators.elevenlabs}/v1/voices`, { headers: { 'xi-api-key': ELEVENLABS_KEY } });
			const made = (await voices.json()).voices.find((voice) => voice.voice_id === body.providerVoiceId);
			assert.equal(made.name, 'Grüße "Ada"');
		});

		test('without a key the user is told where to put one', async () => {
			const keyless = await stack.user();
			const { id } = await profile(CLONED, keyless);
			await keyless.upload(`${BASE}/${id}/assets`, wav(1.5));
			const { status, body } = await keyless.post(`${BASE}/${id}/train`);
			assert.equal(status, 400);
			assert.match(body.error, /Settings → API Keys.*ELEVENLABS_API_KEY/);
		});

		for (const [key, reason] of [
			['sim-key-of-a-free-plan', /plan/i],
			['sim-key-without-room', /maximum amount of custom voices/],
			['sim-key-for-speech-only', /permission/],
			['sim-key-that-nobody-knows', /key/i],
		])
			test(`the provider's refusal is told: ${key}`, async () => {
				await withKey(stack.secret(key));
				const { id } = await profile();
				await sample(id);
				const { status, body, text } = await train(id);
				assert.equal(status, 502, text);
				assert.match(body.error, reason);
				assert.ok(!text.includes(key), 'the key does not show');
				assert.equal(await statusOf(id), 'failed');
			});

		test('a failed one can be trained again', async () => {
			await withKey('sim-key-of-a-free-plan');
			const { id } = await profile();
			await sample(id);
			await train(id);
			await withKey(ELEVENLABS_KEY);
			assert.equal((await train(id)).status, 200);
			assert.equal(await statusOf(id), 'ready');
		});

		test('a voice that the provider wants verified is not ready', async () => {
			await withKey(ELEVENLABS_KEY);
			await stack.provider('elevenlabs').control('config', { requiresVerification: true });
			const { id } = await profile();
			await sample(id);
			const { status, body } = await train(id);
			assert.deepEqual([status, body.trainingStatus, await statusOf(id)], [200, 'pending', 'pending']);
			await stack.provider('elevenlabs').control('config', { requiresVerification: false });
		});
	});

	describe('playing', () => {
		const play = (owner, key) => owner.get(`/api/storage/play?key=${key}`);

		test('the address plays, and lasts for fifteen minutes', async () => {
			const key = keyOf(await sample((await profile()).id, wav(1.5)));
			const { status, body } = await play(user, encodeURIComponent(key));
			assert.equal(status, 200);
			assert.equal(new URL(body.url).searchParams.get('X-Amz-Expires'), '900');
			const whole = await fetch(body.url);
			assert.deepEqual([whole.status, (await whole.arrayBuffer()).byteLength], [200, wav(1.5).length]);
			const part = await fetch(body.url, { headers: { Range: 'bytes=0-3' } });
			assert.deepEqual([part.status, await part.text()], [206, 'RIFF']);
			assert.equal((await fetch(body.url.replace(/.$/, (last) => (last === '0' ? '1' : '0')))).status, 403);
		});

		test('a key of the spoken output plays too', async () => {
			const key = `voice-output/${user.user.id}/nothing.mp3`;
			assert.equal((await fetch((await play(user, key)).body.url)).status, 404);
		});

		test("another user's key is refused", async () => {
			const stranger = await stack.user();
			const key = keyOf(await sample((await profile()).id));
			const answer = await play(stranger, key);
			assert.deepEqual([answer.status, answer.body], [403, { error: 'Access denied to this resource' }]);
		});

		const foreign = {
			'a way out': (id) => `voice-output/${id}/../other/a.mp3`,
			'an encoded way out': (id) => `voice-output/${id}/%2e%2e/other/a.mp3`,
			'an encoded slash': (id) => `voice-output/${id}/..%2fother%2fa.mp3`,
			'a slash in front': (id) => `/voice-output/${id}/a.mp3`,
			'two slashes': (id) => `voice-output/${id}//a.mp3`,
			'the folder': (id) => `voice-output/${id}/`,
			'a longer id': (id) => `voice-output/${id}0/a.mp3`,
			'another folder': (id) => `backups/${id}/a.mp3`,
			'no folder': () => 'a.mp3',
			'a case of its own': (id) => `Voice-Output/${id}/a.mp3`,
		};
		for (const [what, key] of Object.entries(foreign))
			test(`refused: ${what}`, async () => {
				const answer = await play(user, key(user.user.id));
				assert.deepEqual([answer.status, answer.body], [403, { error: 'Access denied to this resource' }]);
			});

		test('a key that is missing or cannot be read is a 400', async () => {
			for (const query of ['', '?key=', '?key', '?KEY=x', '?key=%ff', '?key=a%00b', '?key=%zz']) {
				const { status, body } = await user.get(`/api/storage/play${query}`);
				assert.deepEqual([status, typeof body.error], [400, 'string'], query);
			}
		});
	});
});

describe('with a public address of the bucket', () => {
	let stack;
	before(async () => {
		stack = await Stack.start({ redis: false, pool: 1, env: { S3_PUBLIC_BASE_URL: 'https://media.example.org/audio/' } });
	});
	after(() => stack.stop());

	test("a sample's address stands below it", async () => {
		const user = await stack.user();
		const { body } = await user.post(BASE, CLONED);
		const asset = (await user.upload(`${BASE}/${body.id}/assets`, wav(1.5))).body;
		const [key] = await stack.objects();
		assert.equal(asset.fileUrl, `https://media.example.org/audio/${key}`);
	});
});
