/*
 * ElevenLabs: formats, the order of checks, plans, bill, history, stitching, cloning, faults, the
 * program.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as elevenlabs from '../elevenlabs.js';
import { walk } from '../mp3.js';
import { arrived, call, decodedSamples, form, TEXT } from './tools.js';

describe('ElevenLabs', () => {
	let sim;
	const key = { 'xi-api-key': elevenlabs.DEFAULT_KEY };
	before(async () => {
		sim = await elevenlabs.start();
	});
	beforeEach(() => sim.reset());
	after(() => sim.close());

	function speak(
		fields,
		{ voice = elevenlabs.DEFAULT_VOICE, query = '', way = '', headers = key } = {},
	) {
		const body =
			typeof fields === 'string' ? fields : JSON.stringify({ text: TEXT, ...fields });
		return call(`${sim.url}/v1/text-to-speech/${voice}${way}${query}`, {
			method: 'POST',
			headers,
			body,
		});
	}

	it('writes mp3 as an ID3 tag and constant-bitrate frames that decode', async () => {
		const cases = [
			['mp3_22050_32', 22050, 32],
			['mp3_24000_48', 24000, 48],
			['mp3_44100_128', 44100, 128],
			['mp3_44100_192', 44100, 192],
		];
		for (const [format, rate, kbps] of cases) {
			const { status, headers, bytes } = await speak(
				{},
				{ query: `?output_format=${format}` },
			);
			assert.equal(status, 200, format);
			assert.equal(headers['content-type'], 'audio/mpeg');
			assert.equal(Number(headers['content-length']), bytes.length);
			const { tagLength, frames, rest, seconds } = walk(bytes);
			assert.deepEqual([tagLength, rest], [45, 0], format);
			assert.ok(
				frames.every((frame) => frame.mono && frame.rate === rate && frame.kbps === kbps),
				format,
			);
			assert.ok(
				!/Xing|Info|LAME/.test(bytes.toString('latin1', 45, 245)),
				`${format} has an info frame`,
			);
			assert.ok(seconds > 1.5 && seconds < 6, `${format} lasts ${seconds} s`);
			assert.ok(Math.abs(decodedSamples(bytes) - seconds * rate) <= 1152, format);
		}
	});

	it('writes pcm raw, wav with placeholder sizes, and G.711', async () => {
		const pcm = await speak({}, { query: '?output_format=pcm_24000' });
		const wav = await speak({}, { query: '?output_format=wav_24000' });
		const ulaw = await speak({}, { query: '?output_format=ulaw_8000' });
		assert.deepEqual(wav.bytes.subarray(44), pcm.bytes);
		assert.equal(wav.bytes.toString('latin1', 0, 4), 'RIFF');
		assert.deepEqual(
			[wav.bytes.readUInt32LE(4), wav.bytes.readUInt32LE(40)],
			[0x7fffffff, 0x7fffffff],
		);
		assert.equal(wav.bytes.readUInt32LE(24), 24000);
		assert.ok(Math.abs(ulaw.bytes.length * 6 - pcm.bytes.length) <= 12);
	});

	it('speaks real, repeatable speech that follows text, voice and speed', async () => {
		const query = '?output_format=pcm_24000';
		const again = await elevenlabs.start();
		const url = `${again.url}/v1/text-to-speech/${elevenlabs.DEFAULT_VOICE}${query}`;
		const other = await call(url, {
			method: 'POST',
			headers: key,
			body: JSON.stringify({ text: TEXT }),
		});
		await again.close();
		const [first, voice, text, fast, slow] = await Promise.all([
			speak({}, { query }),
			speak({}, { query, voice: 'simlibrary00000001' }),
			speak({ text: `${TEXT} ${TEXT}` }, { query }),
			speak({ voice_settings: { speed: 1.2 } }, { query }),
			speak({ voice_settings: { speed: 0.7 } }, { query }),
		]);
		assert.deepEqual(other.bytes, first.bytes);
		assert.notDeepEqual(voice.bytes, first.bytes);
		assert.ok(text.bytes.length > 1.6 * first.bytes.length);
		assert.ok(fast.bytes.length < first.bytes.length && first.bytes.length < slow.bytes.length);
	});

	it('answers /stream chunked and /with-timestamps as JSON', async () => {
		const stream = await speak({}, { way: '/stream' });
		assert.equal(stream.headers['transfer-encoding'], 'chunked');
		const whole = await speak({});
		assert.deepEqual(stream.bytes, whole.bytes);
		const timed = (await speak({}, { way: '/with-timestamps' })).json();
		const {
			characters,
			character_start_times_seconds: starts,
			character_end_times_seconds: ends,
		} = timed.alignment;
		assert.deepEqual(Buffer.from(timed.audio_base64, 'base64'), whole.bytes);
		assert.deepEqual(
			[characters.join(''), starts.length, ends.length],
			[TEXT, TEXT.length, TEXT.length],
		);
		assert.ok(Math.abs(ends.at(-1) - walk(whole.bytes).seconds) < 0.001);
	});

	it("checks in the service's order", async () => {
		/* Each row cures the fault of the row before and has all the later ones still. */
		const broken = '{"text":';
		const wrong = { text: 7, model_id: 'nope', seed: -1 };
		const long = {
			text: 'a'.repeat(5001),
			model_id: 'eleven_v3',
			voice_settings: { stability: 0.3 },
			previous_text: 'x',
			seed: -1,
		};
		const format = '?output_format=ogg';
		const cases = [
			[broken, { voice: 'nope', query: format, headers: {} }, 401, 'invalid_api_key'],
			[broken, { voice: 'nope', query: format }, 422, 'json_invalid'],
			[wrong, { voice: 'nope', query: format }, 422, 'string_type'],
			[{ ...wrong, text: 'a' }, { voice: 'nope', query: format }, 422, 'enum'],
			[
				{ ...wrong, text: 'a' },
				{ voice: 'nope', query: '?output_format=pcm_44100' },
				403,
				'output_format_not_allowed',
			],
			[{ ...wrong, text: 'a' }, { voice: 'nope' }, 400, 'model_not_found'],
			[long, { voice: 'nope' }, 404, 'voice_not_found'],
			[long, {}, 400, 'max_character_limit_exceeded'],
			[{ ...long, text: ' ' }, {}, 400, 'input_text_empty'],
			[{ ...long, text: 'a' }, {}, 400, 'invalid_ttd_stability'],
			[
				{ ...long, text: 'a', voice_settings: { stability: 0.5 } },
				{},
				400,
				'unsupported_model',
			],
			[
				{ text: 'a', seed: -1, previous_request_ids: ['1', '2', '3', '4'] },
				{},
				400,
				'invalid_parameters',
			],
			[{ text: 'a', seed: -1 }, {}, 422, 'int_range'],
			[{ text: 'a', previous_request_ids: ['1'] }, {}, 500, 'internal_server_error'],
		];
		for (const [fields, options, status, code] of cases) {
			const answer = await speak(fields, options);
			const { detail, status: crashed } = answer.json();
			assert.deepEqual(
				[answer.status, detail?.code ?? detail?.[0].type ?? crashed],
				[status, code],
			);
		}
		assert.equal(sim.app.config.keys[elevenlabs.DEFAULT_KEY].credit, undefined);
		assert.deepEqual((await call(`${sim.url}/_sim/charges`)).json().items, []);
	});

	it('has 404 for unknown routes and 405 for wrong methods', async () => {
		const missing = await speak({}, { voice: '' });
		assert.deepEqual([missing.status, missing.json()], [404, { detail: 'Not Found' }]);
		assert.equal((await call(`${sim.url}/v1/text-to-speech/x`, { headers: key })).status, 405);
	});

	it('knows plans, permissions, credits and library voices of a key', async () => {
		sim.configure({
			keys: {
				free: { plan: 'free' },
				poor: { credit: 50 },
				scoped: { permissions: ['models_read'] },
				other: { account: 'other' },
			},
		});
		const as = (value, options) => speak({}, { headers: { 'xi-api-key': value }, ...options });
		const codes = async (answer) => [(await answer).status, (await answer).json().detail.code];
		assert.deepEqual(await codes(as('free', { voice: 'simlibrary00000001' })), [
			402,
			'paid_plan_required',
		]);
		assert.deepEqual(await codes(as('scoped')), [401, 'missing_permissions']);
		assert.deepEqual(await codes(as('other')), [404, 'voice_not_found']);
		assert.equal((await as('poor')).headers['character-cost'], String(TEXT.length));
		const refused = (await as('poor')).json().detail;
		assert.equal(refused.code, 'quota_exceeded');
		assert.match(
			refused.message,
			/quota of 50\. You have 6 credits remaining, while 44 credits are required/,
		);
	});

	it("charges code points times the model's factor", async () => {
		await speak({ text: 'Grüße 👋', model_id: 'eleven_flash_v2_5' });
		const { items, ...sums } = (await call(`${sim.url}/_sim/charges`)).json();
		assert.deepEqual(sums, {
			requests: 1,
			characters: 7,
			credits: 4,
			creditsByKey: { [elevenlabs.DEFAULT_KEY]: 4 },
		});
		assert.equal(items[0].text, 'Grüße 👋');
		const [entry] = (await call(`${sim.url}/_sim/requests`)).json();
		assert.deepEqual(
			[entry.method, entry.status, entry.key, entry.characters],
			['POST', 200, elevenlabs.DEFAULT_KEY, 7],
		);
		const usage = (await call(`${sim.url}/v1/user/subscription`, { headers: key })).json();
		assert.equal(usage.character_count, 4);
	});

	it('answers in the legacy error shape when told so', async () => {
		sim.configure({ errorShape: 'legacy' });
		const { status, bytes } = await speak({}, { voice: 'nope' });
		assert.equal(status, 404);
		assert.deepEqual(Object.keys(JSON.parse(bytes).detail), ['status', 'message']);
	});

	it('limits parallel requests, counting those in flight', async () => {
		sim.configure({ keys: { one: { concurrency: 1 } } });
		const headers = { 'xi-api-key': 'one' };
		const hanging = http.request(`${sim.url}/v1/text-to-speech/fault-stall`, {
			method: 'POST',
			headers,
		});
		hanging.on('error', () => {});
		hanging.end(JSON.stringify({ text: 'a' }));
		await arrived(sim, 'fault-stall');
		const refused = await speak({}, { headers });
		assert.deepEqual(
			[refused.status, refused.json().detail.code],
			[429, 'too_many_concurrent_requests'],
		);
		hanging.destroy();
		let answer;
		do {
			answer = await speak({}, { headers });
		} while (answer.status === 429);
		assert.equal(answer.headers['maximum-concurrent-requests'], '1');
	});

	it('keeps history and gives the audio again', async () => {
		const spoken = await speak({});
		const { history, has_more: more } = (
			await call(`${sim.url}/v1/history`, { headers: key })
		).json();
		assert.deepEqual([history.length, more, history[0].text], [1, false, TEXT]);
		assert.equal(history[0].history_item_id, spoken.headers['history-item-id']);
		assert.equal(history[0].request_id, spoken.headers['request-id']);
		const audio = await call(`${sim.url}/v1/history/${history[0].history_item_id}/audio`, {
			headers: key,
		});
		assert.deepEqual(audio.bytes, spoken.bytes);
		assert.equal((await call(`${sim.url}/v1/history/nope`, { headers: key })).status, 404);
	});

	it('stitches only to fully sent responses of the same model within two hours', async () => {
		let clock = Date.now();
		const timed = await elevenlabs.start({ tone: true, now: () => clock });
		const url = `${timed.url}/v1/text-to-speech/${elevenlabs.DEFAULT_VOICE}`;
		const post = (fields) =>
			call(url, {
				method: 'POST',
				headers: key,
				body: JSON.stringify({ text: 'a', ...fields }),
			});
		const id = (await post({})).headers['request-id'];
		const stitch = (more) => post({ previous_request_ids: [id], ...more });
		assert.equal((await stitch({})).status, 200);
		assert.equal((await stitch({ model_id: 'eleven_flash_v2_5' })).status, 500);
		clock += 2 * 3600 * 1000 + 1;
		assert.equal((await stitch({})).status, 500);
		await timed.close();
	});

	it('does not stitch to a response that was never fully sent', async () => {
		const url = `${sim.url}/v1/text-to-speech/fault-stall-body`;
		const request = http.request(url, { method: 'POST', headers: key });
		request.end(JSON.stringify({ text: 'a' }));
		const [response] = await once(request, 'response');
		response.on('error', () => {});
		const id = response.headers['request-id'];
		assert.equal((await speak({ previous_request_ids: [id] })).status, 500);
		request.destroy();
	});

	it('lists models and voices by pages', async () => {
		const models = (await call(`${sim.url}/v1/models`, { headers: key })).json();
		assert.equal(
			models.find((model) => model.model_id === 'eleven_v3').maximum_text_length_per_request,
			5000,
		);
		const page = (await call(`${sim.url}/v2/voices?page_size=1`, { headers: key })).json();
		assert.deepEqual([page.voices.length, page.has_more, page.total_count], [1, true, 2]);
		const next = await call(
			`${sim.url}/v2/voices?page_size=1&next_page_token=${page.next_page_token}`,
			{ headers: key },
		);
		assert.equal(next.json().has_more, false);
	});

	it('clones, speaks with, and deletes a voice', async () => {
		const sample = (await speak({})).bytes;
		const add = (fields, files) =>
			fetch(`${sim.url}/v1/voices/add`, {
				method: 'POST',
				headers: key,
				body: form(fields, files),
			});
		const added = await (
			await add({ name: 'Mine', labels: '{"accent":"none"}' }, [['files', sample]])
		).json();
		assert.equal(added.requires_verification, false);
		assert.equal((await speak({}, { voice: added.voice_id })).status, 200);
		const voice = `${sim.url}/v1/voices/${added.voice_id}`;
		assert.equal((await call(voice, { headers: key })).json().name, 'Mine');
		assert.deepEqual((await call(voice, { method: 'DELETE', headers: key })).json(), {
			status: 'ok',
		});
		assert.equal((await speak({}, { voice: added.voice_id })).status, 404);
	});

	it('refuses clones as the service does', async () => {
		const sample = (await speak({})).bytes;
		const code = async (fields, files, settings = {}) => {
			sim.configure({ keys: { [elevenlabs.DEFAULT_KEY]: settings } });
			const answer = await fetch(`${sim.url}/v1/voices/add`, {
				method: 'POST',
				headers: key,
				body: form(fields, files),
			});
			const { detail } = await answer.json();
			return [answer.status, detail.code ?? detail[0].loc.at(-1)];
		};
		const name = { name: 'Mine' };
		const files = [['files', sample]];
		assert.deepEqual(await code({}, files), [422, 'name']);
		assert.deepEqual(await code(name, []), [422, 'files']);
		assert.deepEqual(await code(name, [...files, ...files]), [400, 'duplicate_files']);
		assert.deepEqual(await code(name, [['files', 'no sound']]), [400, 'invalid_audio_file']);
		assert.deepEqual(await code(name, files, { plan: 'free' }), [
			400,
			'can_not_use_instant_voice_cloning',
		]);
		assert.deepEqual(await code(name, files, { maxVoices: 1 }), [400, 'voice_limit_reached']);
	});

	it('gives the faulty refusals, and ends those that end', async () => {
		const cases = [
			['fault-429', [429, 429, 200], '1'],
			['fault-429-bare', [429, 429, 200], undefined],
			['fault-429-concurrent', [429, 429, 200], undefined],
			['fault-429-forever', [429, 429, 429], '1'],
			['fault-500-once', [500, 200, 200], undefined],
			['fault-500-forever', [500, 500, 500], undefined],
			['fault-502-html', [502, 502], undefined],
			['fault-503', [503, 503], undefined],
			['fault-quota', [401, 401], undefined],
			['fault-unauthorized', [401], undefined],
			['fault-plan-402', [402], undefined],
			['fault-plan-403', [403], undefined],
			['fault-voice-404', [404], undefined],
			['fault-422', [422], undefined],
			['fault-redirect', [301], undefined],
			['fault-old-shape', [400], undefined],
			['fault-crash-shape', [500], undefined],
		];
		for (const [voice, statuses, retryAfter] of cases) {
			const answers = [];
			while (answers.length < statuses.length) answers.push(await speak({}, { voice }));
			assert.deepEqual(
				answers.map(({ status }) => status),
				statuses,
				voice,
			);
			assert.equal(answers[0].headers['retry-after'], retryAfter, voice);
		}
		const dated = await speak({}, { voice: 'fault-429-date' });
		assert.ok(Date.parse(dated.headers['retry-after']) > 0);
		assert.equal(sim.requests.filter(({ characters }) => characters > 0).length, 5);
	});

	it('spoils bodies', async () => {
		const body = async (voice, query = '') => (await speak({}, { voice, query })).bytes;
		assert.match((await body('fault-json-200')).toString(), /^\{/);
		assert.match((await body('fault-html-200')).toString(), /^<!DOCTYPE html>/);
		assert.equal((await body('fault-empty-200')).length, 0);
		assert.equal((await body('fault-wrong-format')).toString('latin1', 0, 4), 'RIFF');
		assert.equal(
			(await body('fault-wrong-format', '?output_format=pcm_24000')).toString('latin1', 0, 4),
			'OggS',
		);
		assert.ok(walk(await body('fault-truncated-frame')).rest > 0);
		assert.equal((await body('fault-header-only')).length, 45);
		const wav = '?output_format=wav_24000';
		assert.equal((await body('fault-header-only', wav)).length, 44);
		assert.equal((await body('fault-data-size-0', wav)).readUInt32LE(40), 0);
		assert.equal((await body('fault-data-size-max', wav)).readUInt32LE(40), 0xffffffff);
	});

	it('spoils deliveries', async () => {
		await assert.rejects(speak({}, { voice: 'fault-reset' }), { code: 'ECONNRESET' });
		await assert.rejects(speak({}, { voice: 'fault-short' }), { message: 'aborted' });
		const drip = await speak({}, { voice: 'fault-drip' });
		assert.ok(walk(drip.bytes).frames.length > 10 && drip.pieces > 10);
		const headers = { ...key, 'content-type': 'application/json' };
		const request = http.request(`${sim.url}/v1/text-to-speech/fault-stall-body`, {
			method: 'POST',
			headers,
		});
		request.end(JSON.stringify({ text: TEXT }));
		const [response] = await once(request, 'response');
		response.on('error', () => {});
		const [piece] = await once(response, 'data');
		assert.ok(piece.length > 0 && piece.length < Number(response.headers['content-length']));
		request.destroy();
	});

	it('paces answers by the latency scale, and speaks tones without any command', async () => {
		const slow = await elevenlabs.start({
			tone: true,
			latency: 0.01,
			prefix: '/eleven/',
		});
		const url = `${slow.url}/v1/text-to-speech/${elevenlabs.DEFAULT_VOICE}`;
		const post = (text, format) =>
			call(`${url}?output_format=${format}`, {
				method: 'POST',
				headers: key,
				body: JSON.stringify({ text }),
			});
		const one = await post('x'.repeat(140), 'mp3_44100_128');
		assert.ok(Number(one.headers['tts-latency-ms']) > 0);
		assert.ok(Math.abs(walk(one.bytes).seconds - 10) < 0.03);
		assert.ok(Math.abs(decodedSamples(one.bytes) - 441_000) <= 2 * 1152);
		assert.notDeepEqual((await post('y'.repeat(140), 'mp3_44100_128')).bytes, one.bytes);
		assert.equal((await post('x'.repeat(140), 'pcm_24000')).bytes.length, 480_000);
		const outside = `http://127.0.0.1:${slow.port}/v1/models`;
		assert.equal((await call(outside, { headers: key })).status, 404);
		await slow.close();
	});

	it('runs as a program and ends at SIGTERM', async () => {
		const program = fileURLToPath(new URL('../elevenlabs.js', import.meta.url));
		const child = spawn(process.execPath, [program, '--tone', '--prefix', '/x'], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const [line] = await once(child.stdout, 'data');
		const { name, url } = JSON.parse(line);
		assert.equal(name, 'elevenlabs');
		assert.equal((await call(`${url}/v1/models`, { headers: key })).status, 200);
		child.kill('SIGTERM');
		assert.deepEqual(await once(child, 'exit'), [0, null]);
	});
});
