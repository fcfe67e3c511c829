/* Texts of any length: what is bought, what is not bought again, and what comes of it. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sentFor } from '../jobs/hostile_texts.js';
import { secondsOf } from './audio.js';
import { edge, node, voiceover } from './client.js';
import { Stack } from './stack.js';

const newKey = (provider) => `sim-${provider}-key-${crypto.randomUUID()}`;
const paragraph = (i) => `Paragraph ${i} says something. It goes on for a while, and then it ends.`;
const textOf = (n, change = {}) => Array.from({ length: n }, (_, i) => change[i] ?? paragraph(i)).join('\n\n');

describe('text of any length', () => {
	let stack;
	before(async () => {
		stack = await Stack.start();
	});
	after(() => stack?.stop());

	const ownSpeaker = async (provider = 'elevenlabs', voice = undefined) => {
		const key = newKey(provider);
		await stack.provider(provider).addKeys([key]);
		return Object.assign(await stack.speaker({ provider, voice, key }), { key });
	};
	const bought = (user, provider = 'elevenlabs') => stack.provider(provider).charges(user.key);

	/* Runs the workflow of one text; resolves to its execution and the step that speaks. */
	const speak = async (user, text, config = {}) => {
		const workflow = await user.workflow(voiceover(user.profile.id, text, config));
		const execution = await user.run(workflow);
		return { workflow, execution, step: execution.logs.at(-1) };
	};
	const audioOf = async (user, key) => {
		const { body } = await user.get(`/api/storage/play?key=${encodeURIComponent(key)}`);
		return Buffer.from(await (await fetch(body.url)).arrayBuffer());
	};
	const segmentsOf = async (user, workflow, { id }) => {
		const { status, body } = await user.get(`/api/workflows/${workflow}/executions/${id}/segments`);
		assert.equal(status, 200, JSON.stringify(body));
		return body;
	};

	test('a key that allows fewer calls at once than thought gets no more', async () => {
		const key = newKey('elevenlabs');
		await stack.provider('elevenlabs').addKeys([key], { concurrency: 1 });
		const user = await stack.speaker({ provider: 'elevenlabs', key });
		const { step } = await speak(user, textOf(12));
		assert.equal(step.status, 'success', step.error);
		const refused = (await stack.provider('elevenlabs').requests(key)).filter(({ status }) => status === 429);
		assert.ok(refused.length <= 1, `${refused.length} calls were refused`);
	});

	test('ElevenLabs is asked how much its models take, once', async () => {
		const user = await ownSpeaker();
		for (let i = 0; i < 2; i++) {
			const { step } = await speak(user, `${paragraph(i)} `.repeat(30), { model: 'eleven_flash_v2_5' });
			assert.equal(step.status, 'success', step.error);
		}
		const asked = (await stack.provider('elevenlabs').requests()).filter(({ method, path }) => method === 'GET' && path === '/v1/models');
		assert.equal(asked.length, 1);
	});

	for (const format of ['mp3', 'wav'])
		test(`a long text as ${format} is spoken piece by piece and joined`, async () => {
			const user = await ownSpeaker();
			const text = textOf(8);
			const { step } = await speak(user, text, { format });
			assert.equal(step.status, 'success', step.error);
			assert.deepEqual(step.progress, { done: 8, total: 8, unit: 'segments' });
			const characters = [...text].length - 7 * 2;
			const { audioKey, durationSec, segments, charactersBilled, charactersCached, textLength } = step.output;
			assert.deepEqual([segments, charactersBilled, charactersCached], [8, characters, 0]);
			assert.equal(textLength, [...text].length);
			assert.equal(step.cost.requestIds.length, 8);
			assert.equal(step.cost.providerCharacters, characters);
			const charges = await bought(user);
			assert.deepEqual(charges.map((charge) => charge.text).sort(), text.split('\n\n').sort());
			const bytes = await audioOf(user, audioKey);
			assert.ok(Math.abs((await secondsOf(bytes, format)) - durationSec) < 1e-6);
		});

	test('what was spoken before is not bought again, whoever asks', async () => {
		const user = await ownSpeaker();
		const text = textOf(6);
		const first = await speak(user, text);
		const again = await speak(user, text);
		assert.equal((await bought(user)).length, 6);
		assert.deepEqual(
			[again.step.output.charactersBilled, again.step.output.charactersCached, again.step.cost.cachedSegments],
			[0, first.step.output.charactersBilled, 6],
		);
		assert.equal(again.step.output.durationSec, first.step.output.durationSec);
		const changed = await speak(user, textOf(6, { 3: 'This one is new.' }));
		assert.equal((await bought(user)).length, 7, 'one paragraph edited, one call');
		assert.equal(changed.step.output.charactersBilled, 'This one is new.'.length);
		const other = await ownSpeaker();
		await speak(other, text);
		assert.equal((await bought(other)).length, 6, "another user's speech is another's");
	});

	test('a refrain is bought once', async () => {
		const user = await ownSpeaker();
		const { step } = await speak(user, textOf(5, { 1: 'La la la.', 3: 'La la la.' }));
		assert.equal((await bought(user)).length, 4);
		assert.deepEqual([step.output.segments, step.cost.cachedSegments], [5, 1]);
	});

	test('cache: false buys everything anew, but once', async () => {
		const user = await ownSpeaker();
		await speak(user, textOf(3));
		await speak(user, textOf(3), { cache: false });
		assert.equal((await bought(user)).length, 6);
		await speak(user, textOf(3));
		assert.equal((await bought(user)).length, 6, 'what is new serves later runs');
	});

	test('two runs that want the same speech at once buy it once', async () => {
		const user = await ownSpeaker();
		const runs = await Promise.all([1, 2, 3].map(() => speak(user, textOf(10))));
		for (const { step } of runs) assert.equal(step.status, 'success', step.error);
		assert.equal((await bought(user)).length, 10);
		const billed = runs.map(({ step }) => step.output.charactersBilled);
		assert.equal(billed.reduce((a, b) => a + b), runs[0].step.output.charactersBilled + runs[0].step.output.charactersCached);
	});

	test('two branches that want the same speech at once buy it once', async () => {
		const user = await ownSpeaker();
		const nodes = [
			node('script', 'set-variable', { variableName: 'text', value: textOf(4) }),
			...['one', 'two', 'three'].map((id) => node(id, 'voice.tts', { voiceProfileId: user.profile.id })),
		];
		const edges = ['one', 'two', 'three'].map((id) => edge('script', id));
		const { status } = await user.run(await user.workflow(nodes, edges));
		assert.equal(status, 'COMPLETED');
		assert.equal((await bought(user)).length, 4);
	});

	test('a run that failed half-way goes on where it was', async () => {
		const user = await ownSpeaker();
		await stack.provider('elevenlabs').addKeys([user.key], { credit: 300 });
		const { workflow, execution, step } = await speak(user, textOf(8));
		assert.equal(step.status, 'error');
		assert.match(step.error, /credits are used up/);
		const paid = (await bought(user)).length;
		assert.ok(paid > 0 && paid < 8, `${paid} of 8`);
		await stack.provider('elevenlabs').addKeys([user.key], { credit: 10_000 });
		const { body } = await user.post(`/api/workflows/${workflow}/rerun`, { executionId: execution.id });
		await user.finished(workflow, body.id);
		assert.equal((await bought(user)).length, 8, 'nothing is bought twice');
	});

	test('speech that has gone from the storage is bought anew', async () => {
		const user = await ownSpeaker();
		const { workflow, execution } = await speak(user, textOf(3));
		const [{ audioKey }] = await segmentsOf(user, workflow, execution);
		assert.match(audioKey, new RegExp(`^voice-segments/${user.user.id}/`));
		const { body } = await user.get(`/api/storage/play?key=${encodeURIComponent(audioKey)}`);
		await stack.removeObject(audioKey);
		assert.equal((await fetch(body.url)).status, 404);
		const { step } = await speak(user, textOf(3));
		assert.equal(step.status, 'success', step.error);
		assert.equal((await bought(user)).length, 4);
	});

	test('the pauses between paragraphs are as asked for', async () => {
		const user = await ownSpeaker();
		const seconds = async (paragraphPause) =>
			(await speak(user, textOf(3), { format: 'wav', paragraphPause })).step.output.durationSec;
		const [none, one] = [await seconds(0), await seconds(1)];
		assert.ok(Math.abs(one - none - 2) < 1e-6);
	});

	describe('segments of an execution', () => {
		test('are listed, and can be played', async () => {
			const user = await ownSpeaker();
			const { workflow, execution, step } = await speak(user, textOf(3));
			const segments = await segmentsOf(user, workflow, execution);
			assert.deepEqual(
				segments.map(({ n, nodeId, text, status, cached }) => [n, nodeId, text, status, cached]),
				[0, 1, 2].map((i) => [i + 1, step.nodeId, paragraph(i), 'success', false]),
			);
			assert.equal(segments[0].startSec, 0);
			for (const segment of segments) {
				const bytes = await audioOf(user, segment.audioKey);
				assert.ok(bytes.length > 1000);
				assert.equal(segment.billedCharacters, segment.characters);
			}
			assert.ok(Math.abs(segments[1].startSec - segments[0].durationSec - 0.5) < 0.03, 'a pause of half a second');
			const last = segments[2];
			assert.ok(Math.abs(last.startSec + last.durationSec - step.output.durationSec) < 1e-6);
			const stranger = await ownSpeaker();
			const { status } = await stranger.get(`/api/workflows/${workflow}/executions/${execution.id}/segments`);
			assert.equal(status, 404);
		});

		test('one can be bought anew, which makes a new result', async () => {
			const user = await ownSpeaker();
			const { workflow, execution, step } = await speak(user, textOf(3));
			const url = `/api/workflows/${workflow}/executions/${execution.id}/segments`;
			const { status, body } = await user.post(`${url}/2/regenerate`, {});
			assert.equal(status, 201, JSON.stringify(body));
			assert.equal(body.rerunOf, execution.id);
			const done = await user.finished(workflow, body.id);
			assert.equal(done.status, 'COMPLETED');
			assert.equal((await bought(user)).length, 4);
			const [before_, after_] = [await segmentsOf(user, workflow, execution), await segmentsOf(user, workflow, done)];
			assert.deepEqual(after_.map(({ cached }) => cached), [true, false, true]);
			assert.deepEqual(
				before_.map(({ audioKey }, i) => audioKey === after_[i].audioKey),
				[true, false, true],
			);
			assert.ok((await audioOf(user, before_[1].audioKey)).length > 0, 'the old take can still be played');
			assert.notEqual(done.logs.at(-1).output.audioKey, step.output.audioKey);
			assert.equal((await user.post(`${url}/4/regenerate`, {})).status, 404);
			assert.equal((await user.post(`${url}/0/regenerate`, {})).status, 404);
		});
	});

	describe('an estimate', () => {
		const estimate = async (user, workflow) => {
			const { status, body } = await user.post(`/api/workflows/${workflow}/estimate`, {});
			assert.equal(status, 200, JSON.stringify(body));
			return body;
		};

		test('says what a run will cost, before and after the first', async () => {
			const user = await ownSpeaker();
			const speaking = node('speak', 'voice.tts', { voiceProfileId: user.profile.id, text: textOf(3) });
			const workflow = await user.workflow([speaking]);
			const before_ = await estimate(user, workflow);
			const characters = [0, 1, 2].reduce((sum, i) => sum + paragraph(i).length, 0);
			assert.deepEqual([before_.characters, before_.cachedCharacters, before_.billedCharacters], [characters, 0, characters]);
			assert.ok(before_.expectedDurationSec > 5);
			assert.equal(before_.nodes.length, 1);
			assert.deepEqual([before_.nodes[0].nodeId, before_.nodes[0].provider], ['speak', 'elevenlabs']);
			assert.deepEqual(await bought(user), []);
			const { logs } = await user.run(workflow);
			const after_ = await estimate(user, workflow);
			assert.deepEqual([after_.characters, after_.cachedCharacters, after_.billedCharacters], [characters, characters, 0]);
			const { durationSec } = logs.at(-1).output;
			assert.ok(Math.abs(after_.expectedDurationSec - durationSec) < 0.1 * durationSec);
		});

		test('says where it cannot know the text', async () => {
			const user = await ownSpeaker();
			const workflow = await user.workflow(voiceover(user.profile.id, textOf(2)));
			const before_ = await estimate(user, workflow);
			assert.equal(before_.characters, 0);
			assert.match(before_.nodes[0].note, /has not run/);
			await user.run(workflow);
			const after_ = await estimate(user, workflow);
			assert.ok(after_.characters > 0);
			assert.match(after_.nodes[0].note, /last run/);
		});
	});

	describe('captions', () => {
		const TIMES = /^(\d\d):(\d\d):(\d\d)[.,](\d\d\d) --> (\d\d):(\d\d):(\d\d)[.,](\d\d\d)$/gm;
		const timesOf = (text) =>
			[...text.matchAll(TIMES)].map(([, ...parts]) => {
				const [a, b, c, d, e, f, g, h] = parts.map(Number);
				return [a * 3600 + b * 60 + c + d / 1000, e * 3600 + f * 60 + g + h / 1000];
			});
		for (const [provider, voice] of [
			['elevenlabs', undefined],
			['azure', undefined],
		])
			for (const captions of ['srt', 'vtt'])
				test(`as ${captions} with ${provider}`, async () => {
					const user = await ownSpeaker(provider, voice);
					const text = textOf(4, { 2: 'Tom & Jerry say: 1 < 2 --> "yes". They do.' });
					const { step, workflow, execution } = await speak(user, text, { captions });
					assert.equal(step.status, 'success', step.error);
					const { captionsKey, captionsUrl, durationSec } = step.output;
					assert.match(captionsKey, new RegExp(`\\.${captions}$`));
					assert.match(captionsUrl, new RegExp(`${captionsKey}$`));
					const file = (await audioOf(user, captionsKey)).toString('utf8');
					assert.equal(file.startsWith('WEBVTT\n\n'), captions === 'vtt');
					const times = timesOf(file);
					assert.ok(times.length >= 4);
					let last = 0;
					for (const [begin, end] of times) {
						assert.ok(begin >= last - 0.002 && end > begin, `${begin} to ${end} after ${last}`);
						last = end;
					}
					assert.ok(Math.abs(last - durationSec) < 0.05, 'the last one ends with the audio');
					const segments = await segmentsOf(user, workflow, execution);
					for (const { startSec } of segments)
						assert.ok(times.some(([begin]) => Math.abs(begin - startSec) < 0.06), `one begins at ${startSec}`);
					const lines = file.split('\n').filter((line) => line && !/-->|^\d+$|^WEBVTT$/.test(line));
					const said = lines.join(' ').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');
					assert.match(said, /Tom & Jerry say: 1 < 2 --[›>] "yes"\. They do\./);
				});
	});

	test('the loudness of a WAV is as the node says, from segments that stay as they are', async () => {
		const user = await ownSpeaker();
		const levelOf = async (loudness) => {
			const { step } = await speak(user, textOf(3), { format: 'wav', loudness });
			assert.equal(step.status, 'success', step.error);
			const samples = new Int16Array((await audioOf(user, step.output.audioKey)).subarray(44).slice().buffer);
			const squares = samples.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0);
			return { step, level: 10 * Math.log10(squares / samples.length) };
		};
		const levels = [];
		for (const loudness of [-35, -31]) {
			const { step, level } = await levelOf(loudness);
			assert.ok(Math.abs(step.output.loudnessLufs - loudness) <= 0.1, `it is ${step.output.loudnessLufs}`);
			levels.push(level);
		}
		assert.ok(Math.abs(levels[1] - levels[0] - 4) < 0.15, `four louder are ${levels[1] - levels[0]} dB`);
		const { step } = await levelOf(-8);
		assert.ok(step.output.loudnessLufs < -8);
		assert.match(step.notes.join(), /the loudness is -[\d.]+ LUFS, not -8\.0: its peaks allow no more/);
		assert.equal((await bought(user)).length, 3);
	});

	test('a key that allows more calls at a time gets them', async () => {
		const user = await ownSpeaker();
		await stack.provider('elevenlabs').addKeys([user.key], { plan: 'pro' });
		const { step } = await speak(user, textOf(40));
		assert.equal(step.status, 'success', step.error);
		assert.equal((await bought(user)).length, 40);
	});

	test('hostile texts arrive as they are', async () => {
		const hostile = [
			'</voice></speak><speak>Ha</speak>',
			'<![CDATA[ x ]]> & &amp; &#0; "quoted" \'single\'',
			'{"text":"other","model_id":"x"} \\u0000 \\" \\n',
			'<!-- comment --> <?xml version="1.0"?> <!DOCTYPE a [<!ENTITY b "c">]> &b;',
			'\u2028\u2029 a\u0000b \u0007\u000b end \ufffe',
		].map((text) => text.replaceAll('\u0000', ''));
		for (const provider of ['elevenlabs', 'azure']) {
			const user = await ownSpeaker(provider);
			const { step } = await speak(user, hostile.join('\n\n'));
			assert.equal(step.status, 'success', step.error);
			const clean = (text) => sentFor(text).trim().replace(/\s+/g, ' ');
			assert.deepEqual((await bought(user, provider)).map(({ text }) => text.trim().replace(/\s+/g, ' ')).sort(), hostile.map(clean).sort());
		}
	});
});
