/* /v1: programs that are made for OpenAI's speech API speak in the user's voices. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { secondsOf } from './audio.js';
import { ELEVENLABS_KEY, Stack } from './stack.js';

const PATH = '/v1/audio/speech';
const TEXT = 'Good morning, this is the voice of the house.';

describe('/v1/audio/speech', () => {
	let stack, user;
	before(async () => {
		stack = await Stack.start();
		user = await stack.speaker();
	});
	after(() => stack?.stop());

	/* The audio as it comes. */
	const speak = (body, token = user.token) =>
		new Promise((done, fail) => {
			const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
			const call = request(stack.info.url + PATH, { method: 'POST', headers, agent: user.agent }, (answer) => {
				const chunks = [];
				answer.on('data', (chunk) => chunks.push(chunk));
				answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, bytes: Buffer.concat(chunks) }));
			});
			call.on('error', fail);
			call.end(JSON.stringify({ model: 'tts-1', input: TEXT, voice: user.profile.id, ...body }));
		});

	for (const [format, type] of [
		[undefined, 'audio/mpeg'],
		['mp3', 'audio/mpeg'],
		['wav', 'audio/wav'],
	])
		test(`answers with the audio: ${format ?? 'no format named'}`, async () => {
			const { status, headers, bytes } = await speak({ response_format: format });
			assert.equal(status, 200, bytes.toString());
			assert.deepEqual([headers['content-type'], Number(headers['content-length'])], [type, bytes.length]);
			assert.ok((await secondsOf(bytes, format ?? 'mp3')) > 1);
		});

	test('signed in with a personal access token, in a voice by its name', async () => {
		const { body } = await user.post('/api/settings/tokens', { name: 'Open WebUI' });
		const { status, bytes } = await speak({ voice: user.profile.name.toUpperCase() }, stack.secret(body.token));
		assert.equal(status, 200, bytes.toString());
	});

	test('buys the same speech once, and leaves no file behind but the ledger\'s', async () => {
		const input = 'This sentence is bought once.';
		const charged = async () => (await stack.provider('elevenlabs').charges(ELEVENLABS_KEY)).length;
		await speak({ input });
		const [files, charges] = [await stack.objects(), await charged()];
		const again = await speak({ input });
		assert.deepEqual([again.status, await charged()], [200, charges]);
		assert.deepEqual(await stack.objects(), files);
	});

	test('takes a template for the text that it is', async () => {
		const { status, bytes } = await speak({ input: 'Say {{nothing.at.all}} to me.' });
		assert.equal(status, 200, bytes.toString());
	});

	const faults = [
		[{ input: undefined }, /Input is required/],
		[{ input: '' }, /Input is required/],
		[{ input: 'x'.repeat(10_001) }, /Input must be at most 10000 characters/],
		[{ input: '…' }, /nothing to speak/],
		[{ voice: undefined }, /Voice is required/],
		[{ voice: 'alloy' }, /no voice profile with the id or name "alloy".*\/v1\/audio\/voices/],
		[{ response_format: 'opus' }, /Response format must be one of: mp3, wav/],
		[{ stream_format: 'sse' }, /Stream format must be one of: audio/],
		[{ speed: 5 }, /Speed must be a number from 0.25 to 4/],
		[{ speed: 'fast' }, /Speed must be a number/],
	];
	for (const [change, message] of faults)
		test(`refuses ${JSON.stringify(change).slice(0, 60)}`, async () => {
			const { status, bytes } = await speak(change);
			const { error } = JSON.parse(bytes);
			assert.equal(status, 400, error.message);
			assert.match(error.message, message);
			assert.deepEqual([error.type, error.code], ['invalid_request_error', null]);
		});

	test("another user's voice does not exist", async () => {
		const stranger = await stack.user();
		const { status, bytes } = await speak({}, stranger.token);
		assert.equal(status, 400);
		assert.match(JSON.parse(bytes).error.message, /no voice profile/);
	});

	test('a wrong token, an unknown address and nginx itself answer in the same form', async () => {
		stack.expectLog(/client intended to send too large body/);
		const refused = await speak({}, 'vo_wrong');
		assert.deepEqual([refused.status, JSON.parse(refused.bytes).error.code], [401, 'invalid_api_key']);
		const unknown = await user.get('/v1/nothing');
		assert.deepEqual([unknown.status, unknown.body.error.type], [404, 'invalid_request_error']);
		const large = await user.send('POST', PATH, { raw: Buffer.alloc(6 * 1024 * 1024, ' '), headers: { 'Content-Type': 'application/json' } });
		assert.deepEqual([large.status, large.body.error.type], [413, 'invalid_request_error']);
		assert.equal(large.headers['cache-control'], 'no-store');
	});

	test('lists the voices that can speak', async () => {
		await user.post('/api/voice-profiles', { name: 'Not trained', provider: 'elevenlabs' });
		const { body } = await user.get('/v1/audio/voices');
		assert.deepEqual(body.voices, [{ id: user.profile.id, name: user.profile.name, language: 'en' }]);
	});
});
