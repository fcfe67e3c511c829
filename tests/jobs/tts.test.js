/*
 * The speech providers' C code against the simulators: what is sent, what comes back, and for each
 * fault the kind of error, its sentence, and how many requests were made and charged.
 *
 * TTS_DRIVER names the program made of tests/jobs/tts-driver.c; else that of build/$BUILD (debug).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as azureSim from '../sim/azure.js';
import * as elevenLabsSim from '../sim/elevenlabs.js';
import { wavHeader } from '../sim/pcm.js';
import { parseXml } from '../sim/xml.js';
import { hostileTexts, sentFor } from './hostile_texts.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DRIVER =
	process.env.TTS_DRIVER ??
	path.join(ROOT, 'build', process.env.BUILD ?? 'debug', 'tests/jobs/tts-driver');
const TEXT = 'Hello there, this is a test of the voice.';

/* One driver serves all tests, as a runner's thread does: its connections are kept from call to call. */
let driver;

before(async () => {
	const child = spawn(DRIVER, { stdio: ['pipe', 'pipe', 'inherit'] });
	await once(child, 'spawn');
	driver = { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
});

after(async () => {
	if (!driver) return;
	driver.child.stdin.end();
	if (driver.child.exitCode === null) await once(driver.child, 'close');
	assert.equal(driver.child.exitCode, 0, 'the driver ends cleanly, without a leak');
});

async function ask(request) {
	driver.child.stdin.write(`${JSON.stringify(request)}\n`);
	const { value, done } = await driver.lines.next();
	assert.ok(!done, 'the driver answers');
	return JSON.parse(value);
}

/** Starts a simulator around the tests of a suite; returns how to use it. */
function simulated({ start }, provider, key) {
	const it = {};
	before(async () => {
		it.sim = await start({ tone: true });
	});
	after(() => it.sim.close());
	beforeEach(() => it.sim.reset());
	it.call = (fields) =>
		ask({ provider, key, baseUrl: it.sim.url, text: TEXT, timeoutS: 20, ...fields });
	it.charges = async () => (await (await fetch(`${it.sim.url}/_sim/charges`)).json()).requests;
	it.paths = () => it.sim.requests.map(({ method, path: target }) => `${method} ${target}`);
	return it;
}

/**
 * A row: [voice, requests, charges, kind, message, fields]; no kind where speech comes out, fields
 * of the request beside the voice.
 */
function testFaults(it, rows) {
	for (const [voice, requests, charges, kind, message, fields = {}] of rows)
		test(`${voice}${fields.format ? ` as ${fields.format}` : ''}: ${kind ?? 'speech'}`, async () => {
			const answer = await it.call({ voice, ...fields });
			const [{ key }] = it.sim.requests;
			const seen = [answer.kind, it.sim.requests.length, await it.charges()];
			assert.deepEqual(seen, [kind, requests, charges], answer.message);
			if (kind) {
				assert.match(answer.message, message);
				assert.ok(!answer.message.includes(key), 'the key stays out of the message');
			} else {
				assert.ok(answer.durationSec > 1, `${answer.durationSec} s`);
			}
		});
}

describe('ElevenLabs', () => {
	const it = simulated(elevenLabsSim, 'elevenlabs', elevenLabsSim.DEFAULT_KEY);
	const voice = elevenLabsSim.DEFAULT_VOICE;

	test('speaks MP3', async () => {
		const answer = await it.call({ voice: ` ${voice}\u00a0` });
		assert.equal(answer.ok, true, answer.message);
		const { ok, bytes, durationSec, requestId, ...rest } = answer;
		assert.deepEqual(rest, {
			format: 'mp3',
			rate: 44100,
			model: 'eleven_multilingual_v2',
			billedCharacters: TEXT.length,
			notes: null,
		});
		assert.ok(Math.abs(durationSec - TEXT.length / 14) < 0.1, `${durationSec} s`);
		assert.ok(Math.abs(bytes - durationSec * 16000) < 1000, `${bytes} bytes`);
		assert.match(requestId, /^\w{20}$/);
		const [sent] = it.sim.requests;
		assert.equal(sent.path, `/v1/text-to-speech/${voice}`);
		assert.deepEqual(sent.query, { output_format: 'mp3_44100_128' });
		assert.deepEqual(JSON.parse(sent.body), { text: TEXT, model_id: 'eleven_multilingual_v2' });
	});

	test('speaks WAV', async () => {
		const answer = await it.call({ voice, format: 'wav' });
		assert.equal(answer.ok, true, answer.message);
		assert.equal(answer.format, 'wav');
		assert.equal(answer.rate, 24000);
		assert.equal(answer.bytes, 44 + Math.round(answer.durationSec * 48000));
		assert.deepEqual(it.sim.requests[0].query, { output_format: 'pcm_24000' });
	});

	test('sends the settings that were set, within its ranges', async () => {
		const answer = await it.call({
			voice,
			stability: 2,
			similarityBoost: 0.25,
			speakingRate: 0.1,
		});
		assert.deepEqual(JSON.parse(it.sim.requests[0].body).voice_settings, {
			stability: 1,
			similarity_boost: 0.25,
			speed: 0.7,
		});
		assert.deepEqual(answer.notes, [
			'stability 2 is more than ElevenLabs allows; used 1',
			'speakingRate 0.1 is less than ElevenLabs allows; used 0.7',
		]);
	});

	test('sends text as it is, but for control characters', async () => {
		const text = 'Tom & "Jerry" <b>\u000b\u2028 日本語 \u{1f600}\n\\end';
		const answer = await it.call({ voice, text });
		assert.equal(answer.ok, true, answer.message);
		assert.equal(JSON.parse(it.sim.requests[0].body).text, text.replace('\u000b', ' '));
	});

	testFaults(it, [
		['fault-429', 3, 1],
		['fault-429-date', 3, 1],
		['fault-429-bare', 3, 1],
		['fault-429-concurrent', 3, 1],
		['fault-429-forever', 3, 0, 'rate-limited', /too busy.*Try again later/],
		['fault-500-once', 2, 1],
		['fault-500-forever', 3, 0, 'upstream', /fault of its own.*Something went wrong/],
		['fault-502-html', 3, 0, 'upstream', /fault of its own at the moment\. Try again later\.$/],
		['fault-503', 3, 0, 'upstream', /fault of its own at the moment\. Try again later\.$/],
		['fault-stall', 3, 1, undefined, undefined, { timeoutS: 1 }], /* found in the history */
		['fault-stall-body', 2, 1, undefined, undefined, { timeoutS: 1 }],
		['fault-reset', 2, 1],
		['fault-short', 2, 1],
		['fault-drip', 1, 1],
		['fault-quota', 1, 0, 'refused', /credits are used up.*You have 0 credits remaining/],
		['fault-unauthorized', 1, 0, 'refused', /API key.*Settings → API Keys/],
		['fault-plan-402', 1, 0, 'refused', /account's plan.*Free users cannot use library voices/],
		['fault-plan-403', 1, 0, 'refused', /account's plan.*Your subscription/],
		['fault-plan-403', 1, 0, 'refused', /WAV.*mp3/, { format: 'wav' }],
		['fault-voice-404', 1, 0, 'refused', /voice id.*fault-voice-404 was not found/],
		['fault-422', 1, 0, 'refused', /setting.*text: Field required/],
		['fault-redirect', 1, 0, 'refused', /base URL/],
		['fault-old-shape', 1, 0, 'refused', /does not know the voice/],
		['fault-crash-shape', 3, 0, 'upstream', /An internal server error occurred/],
		['fault-json-200', 2, 1],
		['fault-html-200', 2, 1],
		['fault-empty-200', 2, 1],
		['fault-wrong-format', 2, 1],
		['fault-wrong-format', 2, 1, undefined, undefined, { format: 'wav' }],
		['fault-truncated-frame', 2, 1],
		['fault-truncated-frame', 1, 1, undefined, undefined, { format: 'wav' }],
		['fault-header-only', 2, 1, 'refused', /no audio/],
		['fault-header-only', 2, 1, 'refused', /no audio/, { format: 'wav' }],
		['no-such-voice', 1, 0, 'refused', /does not know the voice/],
	]);

	test('fetches what did not arrive from the history, and says so', async () => {
		const answer = await it.call({ voice: 'fault-reset' });
		assert.match(it.paths()[1], /^GET \/v1\/history\/\w+\/audio$/);
		assert.match(answer.notes[0], /fetched from ElevenLabs' history/);
		assert.equal(answer.billedCharacters, TEXT.length);
	});

	test('buys again where the key may not read the history', async () => {
		it.sim.configure({ keys: { limited: { permissions: ['text_to_speech'] } } });
		const answer = await it.call({ voice: 'fault-reset', key: 'limited' });
		assert.equal(answer.kind, 'upstream');
		assert.match(answer.message, /broke off/);
		assert.deepEqual([it.sim.requests.length, await it.charges()], [6, 3]);
	});

	test('knows a key that lacks a permission from a wrong one', async () => {
		it.sim.configure({ keys: { limited: { permissions: ['voices_read'] } } });
		const limited = await it.call({ voice, key: 'limited' });
		assert.match(limited.message, /lacks a permission.*text_to_speech/);
		const wrong = await it.call({ voice, key: 'wrong' });
		assert.match(wrong.message, /does not accept the API key/);
		assert.deepEqual([limited.kind, wrong.kind], ['refused', 'refused']);
	});

	test('understands errors of the legacy shape', async () => {
		it.sim.configure({ errorShape: 'legacy' });
		assert.match((await it.call({ voice: 'fault-quota' })).message, /credits are used up/);
		assert.match(
			(await it.call({ voice: 'fault-voice-404' })).message,
			/does not know the voice/,
		);
	});

	test('waits as long as Retry-After asks', async () => {
		await it.call({ voice: 'fault-429' });
		const [first, second] = it.sim.requests.map(({ at }) => Date.parse(at));
		assert.ok(second - first >= 999, `${second - first} ms`);
	});

	test('is not asked to speak nothing, or too much', async () => {
		const silent = await it.call({ voice, text: '… !?' });
		const long = await it.call({ voice, text: 'é'.repeat(10_001) });
		assert.deepEqual(
			[silent.kind, long.kind, it.sim.requests.length],
			['invalid', 'invalid', 0],
		);
		assert.match(silent.message, /nothing to speak/);
		assert.match(
			long.message,
			/The text has 10,001 characters; ElevenLabs takes at most 10,000 in one request\./,
		);
	});

	test('stops waiting when it is cancelled', async () => {
		const asked = it.call({ voice: 'fault-429-bare', retryMs: 60_000 });
		await requestsToBe(it, 1);
		driver.child.kill('SIGUSR1');
		assert.equal((await asked).kind, 'cancelled');
		assert.equal(it.sim.requests.length, 1);
	});

	test('stops a call when it is cancelled', async () => {
		const asked = it.call({ voice: 'fault-stall' });
		await requestsToBe(it, 1);
		driver.child.kill('SIGUSR1');
		assert.equal((await asked).kind, 'cancelled');
		assert.equal(it.sim.requests.length, 1);
	});

	describe('voices', () => {
		let folder;
		const file = (name) => path.join(folder, name);

		before(async () => {
			folder = await mkdtemp(path.join(tmpdir(), 'tts-'));
			const header = wavHeader(
				{ codec: 'pcm', rate: 16000 },
				{ riffSize: 36 + 200_000, dataSize: 200_000 },
			);
			await writeFile(file('one.wav'), Buffer.concat([header, Buffer.alloc(200_000, 1)]));
			await writeFile(file('same.wav'), Buffer.concat([header, Buffer.alloc(200_000, 1)]));
			await writeFile(file('two.wav'), Buffer.concat([header, Buffer.alloc(200_000, 2)]));
			await writeFile(file('text.wav'), 'this is no audio');
		});
		after(() => rm(folder, { recursive: true }));

		const clone = (names, fields = {}) =>
			it.call({ action: 'clone', name: 'My Voice', files: names.map(file), ...fields });

		test('are cloned, spoken with and deleted', async () => {
			const cloned = await clone(['one.wav', 'same.wav', 'two.wav']);
			assert.equal(cloned.ok, true, cloned.message);
			assert.equal(cloned.pending, false);
			const [{ bytes }] = it.sim.requests;
			assert.ok(bytes > 400_000 && bytes < 500_000, 'equal samples are sent once');
			assert.equal((await it.call({ voice: cloned.voice })).ok, true);
			const remove = { action: 'delete', voice: cloned.voice };
			assert.equal((await it.call(remove)).ok, true);
			assert.equal((await it.call(remove)).ok, true, 'gone already is fine');
			assert.match(
				(await it.call({ voice: cloned.voice })).message,
				/does not know the voice/,
			);
		});

		test('that want a verification are pending', async () => {
			it.sim.configure({ requiresVerification: true });
			const cloned = await clone(['one.wav']);
			assert.equal(cloned.pending, true);
			assert.match(
				(await it.call({ voice: cloned.voice })).message,
				/verified before it speaks/,
			);
		});

		const refusals = [
			[
				'the plan has no cloning',
				{ free: { plan: 'free' } },
				['one.wav'],
				/does not clone voices/,
			],
			['all places are taken', { full: { maxVoices: 1 } }, ['one.wav'], /as many voices/],
			['a sample is no audio', { key: {} }, ['text.wav'], /does not take the samples/],
			['there is no sample', { key: {} }, [], /files: Field required/],
		];
		for (const [why, keys, names, message] of refusals)
			test(`are refused where ${why}`, async () => {
				it.sim.configure({ keys });
				const answer = await clone(names, { key: Object.keys(keys)[0] });
				assert.equal(answer.kind, 'refused');
				assert.match(answer.message, message);
				assert.equal(it.sim.requests.length, 1);
			});

		test('are not deleted with a wrong key', async () => {
			const answer = await it.call({ action: 'delete', voice, key: 'wrong' });
			assert.equal(answer.kind, 'refused');
		});
	});
});

describe('Azure', () => {
	const it = simulated(azureSim, 'azure', azureSim.DEFAULT_KEY);
	const voice = 'en-US-JennyNeural';

	test('speaks MP3', async () => {
		const answer = await it.call({ voice });
		assert.equal(answer.ok, true, answer.message);
		const { ok, bytes, durationSec, requestId, ...rest } = answer;
		assert.deepEqual(rest, {
			format: 'mp3',
			rate: 24000,
			model: null,
			billedCharacters: -1,
			notes: null,
		});
		assert.ok(Math.abs(bytes - durationSec * 12000) < 1000, `${bytes} bytes`);
		assert.match(requestId, /^[0-9a-f-]{36}$/);
	});

	test('speaks WAV', async () => {
		const answer = await it.call({ voice, format: 'wav' });
		assert.equal(answer.ok, true, answer.message);
		assert.deepEqual([answer.format, answer.rate], ['wav', 24000]);
		assert.equal(answer.bytes, 44 + Math.round(answer.durationSec * 48000));
	});

	test('speaks every character', async () => {
		const texts = [
			'Tom & Jerry <said> "it\'s" ]]>',
			'a\u000bb\u0001c',
			'é \u{1f600} \ufffe ok',
		];
		for (const text of texts) {
			const answer = await it.call({ voice, text });
			assert.equal(answer.ok, true, answer.message);
		}
	});

	test('speaks at a rate, also with HD voices', async () => {
		const plain = await it.call({ voice });
		const slow = await it.call({ voice, speakingRate: 0.5, stability: 0.5 });
		assert.ok(slow.durationSec > 1.9 * plain.durationSec);
		assert.deepEqual(slow.notes, ['Azure has no stability; 0.5 was left out']);
		const hd = await it.call({ voice: 'en-US-Ava:DragonHDLatestNeural', speakingRate: 0.5 });
		assert.equal(hd.ok, true, hd.message);
		assert.match(hd.notes[0], /HD voices have no speaking rate/);
	});

	testFaults(it, [
		['fault-429', 3, 1],
		['fault-429-date', 3, 1],
		['fault-429-bare', 3, 1],
		['fault-429-concurrent', 3, 1],
		['fault-429-forever', 3, 0, 'rate-limited', /too busy.*429 Too Many Requests/],
		['fault-500-once', 2, 1],
		['fault-500-forever', 3, 0, 'upstream', /fault of its own.*500 Internal Server Error/],
		['fault-502-html', 3, 0, 'upstream', /“502 Bad Gateway”/],
		['fault-503', 3, 0, 'upstream', /“503 Service Unavailable”/],
		['fault-stall', 1, 1, 'refused', /did not answer.*may have billed/, { timeoutS: 1 }],
		['fault-stall-body', 3, 3, 'upstream', /broke off/, { timeoutS: 1 }],
		['fault-reset', 3, 3, 'upstream', /broke off/],
		['fault-short', 3, 3, 'upstream', /broke off/],
		['fault-drip', 1, 1],
		['fault-quota', 1, 0, 'refused', /credits are used up.*Out of call volume quota/],
		['fault-unauthorized', 1, 0, 'refused', /region.*Settings → API Keys.*PermissionDenied/],
		['fault-plan-402', 1, 0, 'refused', /network rules.*don't have permission/],
		['fault-plan-403', 1, 0, 'refused', /network rules/],
		['fault-voice-404', 1, 0, 'refused', /voice name.*400 Unsupported voice fault-/],
		['fault-422', 1, 0, 'refused', /without a reason.*400 Bad Request/],
		['fault-redirect', 1, 0, 'refused', /base URL/],
		['fault-old-shape', 1, 0, 'refused', /does not accept the API key for this region/],
		['fault-crash-shape', 3, 0, 'upstream', /Internal server error\./],
		['fault-json-200', 3, 3, 'upstream', /sent JSON instead of audio: \{"error"/],
		['fault-html-200', 3, 3, 'upstream', /sent HTML/],
		['fault-empty-200', 1, 1, 'refused', /sent no audio.*language/],
		['fault-wrong-format', 3, 3, 'upstream', /sent WAV instead of MP3/],
		['fault-wrong-format', 3, 3, 'upstream', /sent Ogg instead of WAV/, { format: 'wav' }],
		['fault-truncated-frame', 3, 3, 'upstream', /end is missing/],
		['fault-header-only', 1, 1, 'refused', /sent no audio.*language/],
		['no-such-voice', 1, 0, 'refused', /voice name.*Unsupported voice/],
	]);

	test('that lacks HD voices is told from one that fails', async () => {
		it.sim.configure({ hdVoices: false });
		const answer = await it.call({ voice: 'en-US-Ava:DragonHDLatestNeural' });
		assert.match(answer.message, /Few regions have HD voices/);
	});

	test('a voice that cannot read the text is named as the reason', async () => {
		const answer = await it.call({ voice, text: 'Привет, мир' });
		assert.equal(answer.kind, 'refused');
		assert.match(answer.message, /does not seem to speak the language of the text/);
	});

	test('audio that was cut at 10 minutes is not taken for whole', async () => {
		const answer = await it.call({
			voice: 'zh-CN-XiaoxiaoNeural',
			language: 'zh',
			text: '长'.repeat(1500),
			speakingRate: 1,
		});
		assert.equal(answer.ok, true, answer.message);
		/* Latin letters by the profile's language and the voice, but all ideographs: past the limit's guess. */
		const cut = await it.call({
			voice: 'en-US-AvaMultilingualNeural',
			text: '长'.repeat(4000),
		});
		assert.equal(cut.kind, 'refused');
		assert.match(cut.message, /cuts audio at 10 minutes/);
		assert.equal(it.sim.requests.length, 2);
	});

	test('is not asked for too much in dense languages', async () => {
		const answer = await it.call({ voice: 'zh-CN-XiaoxiaoNeural', text: '长'.repeat(1501) });
		assert.match(
			answer.message,
			/The text has 1,501 characters; Azure takes at most 1,500 in one request/,
		);
		assert.equal(it.sim.requests.length, 0);
	});

	test('a region is no way to another host', async () => {
		const answer = await it.call({ voice, baseUrl: '', region: 'localhost/' });
		assert.equal(answer.kind, 'refused');
		assert.match(answer.message, /region is not valid/);
	});
});

describe('A host', () => {
	const key = 'some-key';

	test('that cannot be reached is tried again: nothing was bought', async () => {
		const port = await closedPort();
		const baseUrl = `http://127.0.0.1:${port}`;
		const started = Date.now();
		const answer = await ask({
			provider: 'azure',
			baseUrl,
			key,
			voice: 'v',
			text: TEXT,
			retryMs: 100,
		});
		assert.equal(answer.kind, 'upstream');
		assert.match(answer.message, /Cannot reach 127\.0\.0\.1/);
		const waited = Date.now() - started;
		assert.ok(
			waited >= 0.9 * (100 + 200) - 2,
			`three tries with two waits between: ${waited} ms`,
		);
	});

	for (const provider of ['elevenlabs', 'azure'])
		test(`of ${provider} that closes without an answer is not asked again`, async () => {
			let asked = 0;
			const server = http.createServer((req) => {
				asked += req.method === 'POST'; /* the history may be looked at */
				req.socket.destroy();
			});
			server.listen(0, '127.0.0.1');
			await once(server, 'listening');
			const baseUrl = `http://127.0.0.1:${server.address().port}`;
			const answer = await ask({ provider, baseUrl, key, voice: 'v', text: TEXT });
			server.close();
			assert.deepEqual([answer.kind, asked], ['refused', 1]);
			assert.match(answer.message, /may have billed/);
		});
});

/* As many as HOSTILE_TEXTS says, of each provider. */
describe('hostile texts arrive as text, and as nothing else', () => {
	const COUNT = Number(process.env.HOSTILE_TEXTS ?? 500);
	const elevenLabs = simulated(elevenLabsSim, 'elevenlabs', elevenLabsSim.DEFAULT_KEY);
	const azure = simulated(azureSim, 'azure', azureSim.DEFAULT_KEY);
	const sent = async (it, fields) => {
		const answer = await it.call(fields);
		assert.ok(answer.ok, `${JSON.stringify(fields.text)}: ${answer.message}`);
		return it.sim.requests.at(-1).body;
	};

	test('in JSON', async () => {
		elevenLabs.sim.configure({ keys: { [elevenLabsSim.DEFAULT_KEY]: { credit: 1e12 } } });
		for (const text of hostileTexts(COUNT)) {
			const body = JSON.parse(await sent(elevenLabs, { voice: elevenLabsSim.DEFAULT_VOICE, text }));
			assert.deepEqual(body, { text: sentFor(text), model_id: 'eleven_multilingual_v2' });
		}
	});

	test('in XML', async () => {
		for (const text of hostileTexts(COUNT)) {
			const speak = parseXml(await sent(azure, { voice: 'en-US-JennyNeural', text }));
			const [voice] = speak.children;
			assert.deepEqual([speak.name, speak.children.length, voice.name], ['speak', 1, 'voice']);
			assert.deepEqual(voice.children, [sentFor(text)]);
		}
	});
});

/** A port that nobody listens on. */
async function closedPort() {
	const server = http.createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}

/** Waits until the simulator has seen so many requests. */
async function requestsToBe(it, count) {
	while (it.sim.requests.length < count) await setTimeout(5);
}
