/*
 * Azure Speech: formats, the order of checks, SSML, bill, tokens, quota, faults, personal voices.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as azure from '../azure.js';
import { walk } from '../mp3.js';
import { call, decodedSamples, form, TEXT } from './tools.js';

describe('Azure', () => {
	let sim;
	const mp3 = 'audio-24khz-96kbitrate-mono-mp3';
	const riff = 'riff-24khz-16bit-mono-pcm';
	const key = { 'ocp-apim-subscription-key': azure.DEFAULT_KEY };
	before(async () => {
		sim = await azure.start();
	});
	beforeEach(() => sim.reset());
	after(() => sim.close());

	function ssml(inner, voice = 'en-US-JennyNeural') {
		const namespaces =
			'xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="http://www.w3.org/2001/mstts"';
		return `<speak version="1.0" ${namespaces} xml:lang="en-US"><voice name="${voice}">${inner}</voice></speak>`;
	}

	function speak(body, format = mp3, headers = {}) {
		const all = {
			...key,
			'content-type': 'application/ssml+xml',
			'user-agent': 'test',
			'x-microsoft-outputformat': format,
			'content-length': Buffer.byteLength(body),
			...headers,
		};
		const sent = Object.fromEntries(
			Object.entries(all).filter(([, value]) => value !== undefined),
		);
		return call(`${sim.url}/cognitiveservices/v1`, {
			method: 'POST',
			headers: sent,
			body,
		});
	}

	it('writes bare mp3 frames, riff with size 0, and raw samples, chunked', async () => {
		for (const [format, rate, kbps] of [
			[mp3, 24000, 96],
			['audio-48khz-192kbitrate-mono-mp3', 48000, 192],
			['audio-16khz-32kbitrate-mono-mp3', 16000, 32],
		]) {
			const { status, headers, bytes } = await speak(ssml(TEXT), format);
			assert.equal(status, 200);
			assert.deepEqual(
				[headers['transfer-encoding'], headers['content-length']],
				['chunked', undefined],
			);
			const { tagLength, frames, rest, seconds } = walk(bytes);
			assert.deepEqual([tagLength, rest], [0, 0]);
			assert.ok(frames.every((frame) => frame.rate === rate && frame.kbps === kbps));
			assert.ok(Math.abs(decodedSamples(bytes) - seconds * rate) <= 1152);
		}
		const wav = (await speak(ssml(TEXT), riff)).bytes;
		const raw = (await speak(ssml(TEXT), 'raw-24khz-16bit-mono-pcm')).bytes;
		assert.deepEqual(wav.subarray(44), raw);
		assert.deepEqual([wav.readUInt32LE(4), wav.readUInt32LE(40)], [0, raw.length]);
		sim.configure({ riffDataSize: 'max' });
		assert.equal((await speak(ssml(TEXT), riff)).bytes.readUInt32LE(40), 0xffffffff);
	});

	it("checks in the service's order, with reason phrases and mostly empty bodies", async () => {
		const none = { 'ocp-apim-subscription-key': undefined };
		const bad = { 'user-agent': undefined, 'content-type': 'text/plain' };
		const cases = [
			['<', 'ogg', { ...bad, ...none }, 401, 'PermissionDenied'],
			['<', 'ogg', bad, 400, /User-Agent/],
			['<', 'ogg', { 'content-type': 'text/plain' }, 415, /Unsupported/],
			['<', 'ogg', {}, 400, /Unsupported output format ogg/],
			['', mp3, {}, 408, /Timeout/],
			['Hello', mp3, {}, 400, 'Data at the root level is invalid. Line 1, position 1.'],
			[ssml('a & b'), mp3, {}, 400, /Invalid char '&'/],
			[ssml('a &#11; b'), mp3, {}, 400, /Invalid char '&'/],
			[ssml('a \u000b b'), mp3, {}, 400, /invalid character/],
			[ssml('a <b> c'), mp3, {}, 400, /does not match/],
			[ssml('<no:such/>'), mp3, {}, 400, /undeclared prefix/],
			[Buffer.from([0x3c, 0xff]), mp3, {}, 400, /given encoding/],
			['<speak/>', mp3, {}, 400, /version, xmlns and xml:lang/],
			[
				ssml('a').replace('<voice', '<prosody rate="2"/><voice'),
				mp3,
				{},
				500,
				'Node [speak] should not contain node [prosody]',
			],
			[
				ssml('a', 'en-US-NobodyNeural'),
				mp3,
				{},
				400,
				'Unsupported voice en-US-NobodyNeural.',
			],
			[ssml('a', 'DragonLatestNeural'), mp3, {}, 400, /speakerProfileId/],
			[
				ssml('<break/>a', 'en-US-Ava:DragonHDLatestNeural'),
				mp3,
				{},
				400,
				/break is not supported/,
			],
			[ssml('<prosody rate="quick">a</prosody>'), mp3, {}, 400, 'Invalid rate quick.'],
			[ssml('a<audio src="x"/>'.repeat(50)), mp3, {}, 400, /At most 50/],
		];
		for (const [body, format, headers, status, reason] of cases) {
			const answer = await speak(body, format, headers);
			assert.equal(answer.status, status, `${answer.reason}: ${body}`);
			assert.ok(
				reason instanceof RegExp ? reason.test(answer.reason) : reason === answer.reason,
				answer.reason,
			);
			assert.equal(answer.bytes.length > 0, status === 401 || status === 500, answer.reason);
		}
	});

	it('lets rate and breaks change the length, within its limits', async () => {
		const length = async (inner) => (await speak(ssml(inner), riff)).bytes.length - 44;
		const plain = await length(TEXT);
		assert.ok((await length(`<prosody rate="+50%">${TEXT}</prosody>`)) < plain);
		assert.ok((await length(`<prosody rate="0.6">${TEXT}</prosody>`)) > plain);
		assert.equal(
			await length(`<prosody rate="9">${TEXT}</prosody>`),
			await length(`<prosody rate="2">${TEXT}</prosody>`),
		);
		const paused = (await length(`${TEXT}<break time="1500ms"/>`)) - plain;
		assert.ok(Math.abs(paused - 1.5 * 48_000) <= 4, `the break has ${paused} bytes`);
	});

	it('says nothing for punctuation and for languages that the voice lacks', async () => {
		assert.equal((await speak(ssml('...'), riff)).bytes.length, 44);
		assert.equal((await speak(ssml('...'))).bytes.length, 0);
		assert.equal((await speak(ssml('Привет'), riff)).bytes.length, 44);
		for (const voice of ['ru-RU-SvetlanaNeural', 'en-US-AvaMultilingualNeural'])
			assert.ok((await speak(ssml('Привет', voice), riff)).bytes.length > 1000, voice);
	});

	it('cuts the audio at ten minutes', async () => {
		const toned = await azure.start({ tone: true });
		const headers = {
			...key,
			'content-type': 'application/ssml+xml',
			'user-agent': 'x',
			'x-microsoft-outputformat': 'raw-8khz-16bit-mono-pcm',
		};
		const { bytes } = await call(`${toned.url}/cognitiveservices/v1`, {
			method: 'POST',
			headers,
			body: ssml('word '.repeat(2000)),
		});
		assert.equal(bytes.length, 600 * 16_000);
		await toned.close();
	});

	it('bills code points inside voice, ideographs twice', async () => {
		await speak(ssml('<s>Hi 你好</s>', 'zh-CN-XiaoxiaoNeural'));
		assert.equal((await call(`${sim.url}/_sim/charges`)).json().characters, 7 + 3 + 4);
		assert.deepEqual(
			[sim.requests[0].key, sim.requests[0].characters],
			[azure.DEFAULT_KEY, 14],
		);
	});

	it('lists voices with numbers as strings, to keys and to unexpired tokens', async () => {
		let clock = Date.now();
		const timed = await azure.start({ now: () => clock });
		const issued = await call(`${timed.url}/sts/v1.0/issueToken`, {
			method: 'POST',
			headers: { ...key, 'content-length': 0 },
		});
		assert.equal(issued.headers['content-type'], 'text/plain');
		const list = () =>
			call(`${timed.url}/cognitiveservices/voices/list`, {
				headers: { authorization: `Bearer ${issued.bytes}` },
			});
		const voices = (await list()).json();
		assert.equal(voices[0].SampleRateHertz, '24000');
		assert.equal(
			voices.find((voice) => voice.ShortName === 'zh-CN-shaanxi-XiaoniNeural').Locale,
			'zh-CN-shaanxi',
		);
		clock += 10 * 60 * 1000;
		const { status, reason } = await list();
		assert.deepEqual([status, reason], [401, 'PermissionDenied']);
		await timed.close();
	});

	it('lets the free tier send twenty requests a minute', async () => {
		sim.configure({ keys: { [azure.DEFAULT_KEY]: { tier: 'F0' } } });
		const statuses = [];
		for (let i = 0; i < 21; i++) statuses.push((await speak(ssml('a'))).status);
		assert.deepEqual(
			[statuses.slice(0, 20).every((status) => status === 200), statuses[20]],
			[true, 429],
		);
	});

	it('gives the faulty refusals and bodies', async () => {
		const cases = [
			['fault-429', [429, 429, 200]],
			['fault-500-once', [500, 200]],
			['fault-502-html', [502]],
			['fault-quota', [403]],
			['fault-voice-404', [400]],
			['fault-redirect', [301]],
		];
		for (const [voice, statuses] of cases)
			for (const status of statuses)
				assert.equal((await speak(ssml(TEXT, voice))).status, status, voice);
		assert.equal((await speak(ssml(TEXT, 'fault-old-shape'))).json().statusCode, 401);
		assert.equal((await speak(ssml(TEXT, 'fault-header-only'), riff)).bytes.length, 44);
		assert.equal(
			(await speak(ssml(TEXT, 'fault-data-size-0'), riff)).bytes.readUInt32LE(40),
			0,
		);
		assert.ok(walk((await speak(ssml(TEXT, 'fault-truncated-frame'))).bytes).rest > 0);
		await assert.rejects(speak(ssml(TEXT, 'fault-reset')));
		await assert.rejects(speak(ssml(TEXT, 'fault-short')));
	});

	/** Clients of the personal voice API, all with the key and the API version. */
	const custom = {
		url: (path) => `${sim.url}/customvoice/${path}?api-version=2026-01-01`,
		async send(method, path, body, headers = {}) {
			const all = { ...key, ...headers };
			const answer = await fetch(custom.url(path), { method, headers: all, body });
			const json = answer.status === 204 ? {} : await answer.json();
			return { ...json, code: answer.status, headers: answer.headers };
		},
		/* NotStarted when made, Running at the first poll. */
		async statusAtSecondPoll(path) {
			await custom.send('GET', path);
			return (await custom.send('GET', path)).status;
		},
	};

	async function prepareConsent() {
		const recording = [['audiodata', (await speak(ssml(TEXT))).bytes]];
		await custom.send('PUT', 'projects/project-1', '{"kind":"PersonalVoice"}');
		const who = { voiceTalentName: 'A', companyName: 'B', locale: 'en-US' };
		const consent = form({ projectId: 'project-1', ...who }, recording);
		const operation = { 'operation-id': 'operation-1' };
		return {
			recording,
			made: await custom.send('POST', 'consents/consent-1', consent, operation),
		};
	}

	it('makes a personal voice from consent and prompt, and speaks with it', async () => {
		const { send, statusAtSecondPoll } = custom;
		const { recording, made } = await prepareConsent();
		assert.equal(made.code, 201);
		assert.equal(made.headers.get('operation-id'), 'operation-1');
		assert.match(made.headers.get('operation-location'), /operations\/operation-1/);
		const personal = () => form({ projectId: 'project-1', consentId: 'consent-1' }, recording);
		assert.equal((await send('POST', 'personalvoices/voice-1', personal())).code, 400);
		assert.equal(await statusAtSecondPoll('consents/consent-1'), 'Succeeded');
		const voice = await send('POST', 'personalvoices/voice-1', personal());
		assert.deepEqual([voice.code, voice.status], [201, 'NotStarted']);
		const profile = `speakerProfileId="${voice.speakerProfileId}"`;
		const inner = `<mstts:ttsembedding ${profile}>Hello</mstts:ttsembedding>`;
		const embedded = ssml(inner, 'DragonLatestNeural');
		assert.equal((await speak(embedded)).status, 400);
		assert.equal(await statusAtSecondPoll('personalvoices/voice-1'), 'Succeeded');
		assert.ok((await speak(embedded)).bytes.length > 1000);
		assert.equal((await send('DELETE', 'personalvoices/voice-1')).code, 204);
		assert.equal((await speak(embedded)).status, 400);
	});

	it('deletes a project with something in it only by force', async () => {
		await prepareConsent();
		assert.equal((await custom.send('DELETE', 'projects/project-1')).code, 400);
		const forced = `${custom.url('projects/project-1')}&forceDelete=true`;
		assert.equal((await fetch(forced, { method: 'DELETE', headers: key })).status, 204);
		assert.equal((await custom.send('GET', 'consents/consent-1')).code, 404);
	});

	it('lets consents fail when told so', async () => {
		sim.configure({ consentResult: 'Failed' });
		await prepareConsent();
		assert.equal(await custom.statusAtSecondPoll('consents/consent-1'), 'Failed');
	});
});
