import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start as startAzure } from '../sim/azure.js';
import { start as startElevenLabs } from '../sim/elevenlabs.js';
import { secondsOf } from './audio.js';
import { edge, node, voiceover } from './client.js';
import { AZURE_KEY, AZURE_VOICE, ELEVENLABS_KEY, Stack, VOICE } from './stack.js';

const TEXT = 'Hello there, this is a test of the voice.';
const TIMEOUT_S = 5;

/* Runs nodes of which the last one speaks; resolves to its step. */
async function lastStep(user, nodes, edges) {
	const { status, logs } = await user.run(await user.workflow(nodes, edges));
	const step = logs.at(-1);
	assert.equal(status, step.status === 'success' ? 'COMPLETED' : 'FAILED', JSON.stringify(step));
	return step;
}

function speak(user, config = {}, text = TEXT, profile = user.profile) {
	return lastStep(user, voiceover(profile.id, text, config));
}

async function download(user, { audioKey }) {
	const { status, body } = await user.get(`/api/storage/play?key=${encodeURIComponent(audioKey)}`);
	assert.equal(status, 200, JSON.stringify(body));
	const answer = await fetch(body.url);
	assert.equal(answer.status, 200);
	return { type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
}

/* The stored file is whole, clean, and as long as the output says. */
async function assertSound(user, output) {
	const { type, bytes } = await download(user, output);
	assert.equal(type, { mp3: 'audio/mpeg', wav: 'audio/wav' }[output.format]);
	const seconds = await secondsOf(bytes, output.format);
	assert.ok(Math.abs(seconds - output.durationSec) < 1e-6, `${seconds} s measured, ${output.durationSec} s said`);
	assert.ok(seconds > 0.3);
}

const newKey = (provider) => `sim-${provider}-key-${crypto.randomUUID()}`;

describe('voice.tts', () => {
	let stack;
	before(async () => {
		stack = await Stack.start({ env: { PROVIDER_TIMEOUT_S: String(TIMEOUT_S) } });
	});
	after(() => stack?.stop());

	/* A user whose provider key nobody else has, so that the simulator's journal can be told apart. */
	const ownSpeaker = async (provider, voice, key = newKey(provider)) => {
		await stack.provider(provider).addKeys([key]);
		return Object.assign(await stack.speaker({ provider, voice, key }), { key });
	};

	describe('speaks', () => {
		const rows = [
			['elevenlabs', 'mp3', { output_format: 'mp3_44100_128' }, null],
			['elevenlabs', 'wav', { output_format: 'pcm_24000' }, null],
			['azure', 'mp3', {}, 'audio-24khz-96kbitrate-mono-mp3'],
			['azure', 'wav', {}, 'raw-24khz-16bit-mono-pcm'],
			['openai', 'mp3', {}, null],
			['openai', 'wav', {}, null],
		];
		for (const [provider, format, query, header] of rows)
			test(`${format} with ${provider}`, async () => {
				const user = await ownSpeaker(provider);
				const { input, output, cost } = await speak(user, format === 'mp3' ? {} : { format });
				const { audioKey, durationSec, ...rest } = output;
				assert.match(audioKey, new RegExp(`^voice-output/${user.user.id}/[\\w-]+\\.${format}$`));
				assert.deepEqual(rest, {
					audioUrl: `s3://voiceover/${audioKey}`,
					format,
					voiceProfileId: user.profile.id,
					voiceProfileName: user.profile.name,
					textLength: TEXT.length,
					segments: 1,
					charactersBilled: TEXT.length,
					charactersCached: 0,
				});
				assert.deepEqual(input, { script: { text: TEXT } });
				assert.deepEqual([cost.provider, cost.characters], [provider, TEXT.length]);
				await assertSound(user, output);
				assert.deepEqual(await stack.objects(`voice-output/${user.user.id}/`), [audioKey]);

				const sent = await stack.provider(provider).requests(user.key);
				assert.equal(sent.length, 1);
				assert.deepEqual(sent[0].query, query);
				assert.equal(sent[0].headers['x-microsoft-outputformat'] ?? null, header);
				assert.match(sent[0].headers['user-agent'], /^voiceover\/\S+$/);
				assert.ok(durationSec > 1);
			});

		test("the node's own text before what comes in, with templates", async () => {
			const user = await ownSpeaker('elevenlabs');
			const step = await speak(user, { text: 'I say: {{input}} And {{script.text}}' }, 'Good morning.');
			assert.equal(step.status, 'success');
			const [{ body }] = await stack.provider('elevenlabs').requests(user.key);
			assert.equal(JSON.parse(body).text, 'I say: Good morning. And Good morning.');
			assert.equal(step.output.textLength, 'I say: Good morning. And Good morning.'.length);
		});

		test('text of an input one level down', async () => {
			const user = await ownSpeaker('elevenlabs');
			const nodes = [
				node('script', 'set-variable', { variableName: 'text', value: TEXT }),
				node('show', 'preview-output'),
				node('speak', 'voice.tts', { voiceProfileId: user.profile.id }),
			];
			assert.equal((await lastStep(user, nodes)).output.textLength, TEXT.length);
		});

		test('several voices in one workflow, each into a file of its own', async () => {
			const user = await ownSpeaker('elevenlabs');
			const azure = await stack.profile(user, 'azure', AZURE_VOICE);
			const nodes = [
				node('script', 'set-variable', { variableName: 'text', value: TEXT }),
				node('one', 'voice.tts', { voiceProfileId: user.profile.id }),
				node('two', 'voice.tts', { voiceProfileId: azure.id }),
			];
			const edges = [edge('script', 'one'), edge('script', 'two')];
			const { logs } = await user.run(await user.workflow(nodes, edges));
			const keys = logs.slice(1).map(({ output }) => output.audioKey);
			assert.deepEqual(await stack.objects(`voice-output/${user.user.id}/`), keys.sort());
			assert.equal(new Set(keys).size, 2);
		});
	});

	describe('sends', () => {
		const sent = async (provider, config, text) => {
			const user = await ownSpeaker(provider);
			const step = await speak(user, config, text);
			assert.equal(step.status, 'success', step.error);
			const requests = await stack.provider(provider).requests(user.key);
			assert.equal(requests.length, 1);
			return { body: requests[0].body, notes: step.notes, step };
		};
		const MODEL = 'eleven_multilingual_v2';
		const HOSTILE = 'Tom & "Jerry" <b>isn\'t</b> ]]> {{x}\u0001\u000b\u007f\u2028 日本語 🎙\n\\end';
		const CLEAN = 'Tom & "Jerry" <b>isn\'t</b> ]]> {{x}   \u2028 日本語 🎙\n\\end';

		const settings = [
			['no settings where there are none', {}, undefined, undefined],
			[
				'settings as they are',
				{ stability: 0.3, similarityBoost: 0.9, speakingRate: 1.1 },
				{ stability: 0.3, similarity_boost: 0.9, speed: 1.1 },
				undefined,
			],
			[
				'settings that come as text',
				{ stability: '0.25', similarityBoost: ' 1 ', speakingRate: '0.8' },
				{ stability: 0.25, similarity_boost: 1, speed: 0.8 },
				undefined,
			],
			[
				'settings within its ranges, and says so',
				{ stability: -1, similarityBoost: 7, speakingRate: 3 },
				{ stability: 0, similarity_boost: 1, speed: 1.2 },
				[
					'stability -1 is less than ElevenLabs allows; used 0',
					'similarityBoost 7 is more than ElevenLabs allows; used 1',
					'speakingRate 3 is more than ElevenLabs allows; used 1.2',
				],
			],
			[
				'the default beside a setting that stands alone',
				{ stability: 0.1 },
				{ stability: 0.1, similarity_boost: 0.75 },
				['similarityBoost was not set; ElevenLabs wants it beside the other setting, used its default 0.75'],
			],
		];
		for (const [what, config, expected, notes] of settings)
			test(`ElevenLabs ${what}`, async () => {
				const { body, notes: said } = await sent('elevenlabs', config);
				const voice_settings = expected && { voice_settings: expected };
				assert.deepEqual(JSON.parse(body), { text: TEXT, model_id: MODEL, ...voice_settings });
				assert.deepEqual(said, notes);
			});

		test('ElevenLabs the text as it is, but for control characters', async () => {
			const { body, step } = await sent('elevenlabs', {}, HOSTILE);
			assert.equal(JSON.parse(body).text, CLEAN);
			assert.equal(step.output.textLength, [...HOSTILE].length);
		});

		const ssml = (inner) =>
			'<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xmlns:mstts="http://www.w3.org/2001/mstts"' +
			` xml:lang="en-US"><voice name="${AZURE_VOICE}">${inner}</voice></speak>`;

		test('Azure the text escaped', async () => {
			const { body } = await sent('azure', {}, HOSTILE.replace('日本語', 'é'));
			const escaped = CLEAN.replace('日本語', 'é')
				.replaceAll('&', '&amp;')
				.replaceAll('<', '&lt;')
				.replaceAll('>', '&gt;')
				.replaceAll('"', '&quot;')
				.replaceAll("'", '&apos;');
			assert.equal(body, ssml(escaped));
		});

		test('ElevenLabs the model that was chosen, with what that takes', async () => {
			const { body, notes, step } = await sent('elevenlabs', { model: 'eleven_v3', stability: 0.4, speakingRate: 1.1, text: '[whispers] Come in.' });
			assert.deepEqual(JSON.parse(body), { text: '[whispers] Come in.', model_id: 'eleven_v3', voice_settings: { stability: 0.5 } });
			assert.deepEqual(notes, ['eleven_v3 has no speakingRate; 1.1 was left out', 'eleven_v3 knows the stabilities 0, 0.5 and 1; used 0.5']);
			assert.equal(step.cost.model, 'eleven_v3');
			const { notes: warned } = await sent('elevenlabs', { text: '[whispers] Come in.' });
			assert.deepEqual(warned, ['"[whispers]" is read aloud: eleven_multilingual_v2 takes no directions in brackets, the model eleven_v3 does']);
		});

		test('Azure SSML as it is, with what templates put in escaped', async () => {
			const text = ssml('<break time="300ms"/>I say: {{script.text}}');
			const { body, notes } = await sent('azure', { ssml: true, text, speakingRate: 1.5, model: 'x' }, 'A < B & </speak>');
			assert.equal(body, ssml('<break time="300ms"/>I say: A &lt; B &amp; &lt;/speak&gt;'));
			assert.deepEqual(notes, ['Azure has no models to choose; x was left out', 'speakingRate 1.5 was left out: the SSML says how it is spoken']);
			const { notes: other } = await sent('azure', { ssml: true, text: text.replace(AZURE_VOICE, 'en-US-GuyNeural') });
			assert.deepEqual(other, [`The SSML does not name the profile's voice ${AZURE_VOICE}; who speaks is what its <voice> elements say`]);
		});

		test('Azure a rate within its range, and says what it lacks', async () => {
			const { body, notes } = await sent('azure', { stability: 0.2, similarityBoost: '0.4', speakingRate: 9 });
			assert.equal(body, ssml(`<prosody rate="+100%">${TEXT}</prosody>`));
			assert.deepEqual(notes, [
				'Azure has no stability; 0.2 was left out',
				'Azure has no similarityBoost; 0.4 was left out',
				'speakingRate 9 is more than Azure allows; used 2',
			]);
		});
	});

	describe('does not ask the provider', () => {
		let user;
		let profiles;
		before(async () => {
			user = await ownSpeaker('elevenlabs');
			await user.post('/api/settings/keys', { service: 'azure', key: stack.secret(user.key) });
			const unready = (status) => async () => {
				const made = await stack.profile(user, 'elevenlabs', VOICE);
				await stack.sql(`UPDATE voice_profiles SET training_status = '${status}' WHERE id = '${made.id}'`);
				return made.id;
			};
			profiles = {
				own: async () => user.profile.id,
				azure: async () => (await stack.profile(user, 'azure', AZURE_VOICE)).id,
				none: async () => undefined,
				blank: async () => ' ',
				nonsense: async () => 'my voice',
				missing: async () => '018f0000-0000-7000-8000-000000000000',
				stranger: async () => (await stack.speaker()).profile.id,
				deleted: async () => {
					const { id } = await stack.profile(user, 'elevenlabs', VOICE);
					await user.delete(`/api/voice-profiles/${id}`);
					return id;
				},
				pending: unready('pending'),
				training: unready('training'),
				failed: unready('failed'),
			};
		});
		after(async () => {
			for (const name of ['elevenlabs', 'azure'])
				assert.deepEqual(await stack.provider(name).requests(user.key), [], 'no request was made');
		});

		const speakElement = '<speak>A.</speak>';
		const choose = /^Choose a voice profile in the node's settings$/;
		const gone = /^The voice profile of this node does not exist \(any more\); choose another in the node's settings$/;
		const silent = /^There is nothing to speak in the text: it has no letter or digit\.$/;
		const noText = /^There is no text to speak: enter one in the node's settings, or connect a node that gives text$/;
		const rows = [
			['without a profile', 'none', {}, TEXT, choose],
			['with a blank profile', 'blank', {}, TEXT, choose],
			['with a profile that is no id', 'nonsense', {}, TEXT, /^Voice profile "my voice" does not exist; choose one/],
			['with a profile that does not exist', 'missing', {}, TEXT, gone],
			['with a deleted profile', 'deleted', {}, TEXT, gone],
			["with another user's profile", 'stranger', {}, TEXT, gone],
			['SSML that it does not take', 'own', { ssml: true }, speakElement, /^ElevenLabs takes no SSML: switch SSML off/],
			['SSML that is none', 'azure', { ssml: true }, TEXT, /^The text is said to be SSML: it has to begin with <speak/],
			['captions of SSML', 'azure', { ssml: true, captions: 'srt' }, speakElement, /^Captions cannot be made of SSML/],
			...['pending', 'training', 'failed'].map((status) => [
				`with a profile that is ${status}`,
				status,
				{},
				TEXT,
				new RegExp(`^Voice profile "Voice ${VOICE}" is not ready \\(${status}\\): train it first$`),
			]),
			[
				'where the template names what is not there',
				'own',
				{ text: '{{script.nothing}}' },
				TEXT,
				/^\{\{script\.nothing\}\}: the node "script" gave no "nothing"; it gave: text$/,
			],
			['where no input has a text', 'own', {}, 7, noText],
			['for punctuation alone', 'own', {}, '… – !? 🙂', silent],
			['for other captions', 'own', { captions: 'ass' }, TEXT, /^The captions have to be srt or vtt, not "ass"$/],
			['for the loudness of an MP3', 'own', { loudness: -16 }, TEXT, /^The loudness can be set in WAV only: choose the format wav/],
			['for too much loudness', 'own', { format: 'wav', loudness: 3 }, TEXT, /^The loudness has to be from -40 to -8 LUFS/],
			['for a loudness in words', 'own', { format: 'wav', loudness: 'loud' }, TEXT, /^The loudness has to be from -40 to -8 LUFS/],
			['for another format', 'own', { format: 'ogg' }, TEXT, /^The format has to be mp3 or wav, not "ogg"$/],
		];
		for (const [what, profile, config, text, sentence] of rows)
			test(what, async () => {
				const nodes = voiceover(await profiles[profile](), text, config);
				assert.match((await lastStep(user, nodes)).error, sentence);
			});

		for (const text of [undefined, '', ' \n\t'])
			test(`where nothing comes in, for the text ${JSON.stringify(text)}`, async () => {
				const alone = node('speak', 'voice.tts', { voiceProfileId: user.profile.id, text });
				assert.match((await lastStep(user, [alone])).error, noText);
			});

		for (const [provider, title, variable] of [
			['elevenlabs', 'ElevenLabs', 'ELEVENLABS_API_KEY'],
			['azure', 'Azure', 'AZURE_TTS_SUBSCRIPTION_KEY'],
		])
			test(`without a key for ${title}`, async () => {
				const keyless = await stack.user();
				const profile = await stack.profile(keyless, provider, VOICE);
				const { error } = await speak(keyless, {}, TEXT, profile);
				const where = 'add yours in Settings → API Keys, or';
				assert.equal(error, `There is no ${title} key: ${where} have the server's administrator set ${variable}`);
			});
	});

	/*
	 * Every fault of the simulators: the voice, how many requests are made of it and how many charged, and the sentence
	 * where it fails.
	 */
	const busy = /^(ElevenLabs|Azure) is too busy at the moment\. Try again later\./;
	const down = /^(ElevenLabs|Azure) has a fault of its own at the moment\. Try again later\./;
	const cut = /^Azure broke off in the middle of its answer\. Try again\./;
	const mute = /^Azure sent no audio\..*language/;
	const unanswered = /^(ElevenLabs|Azure) took the request but did not answer it, and may have billed it all the same/;
	const network = /^Azure forbids this\..*network rules/;
	const SPOKEN = undefined;
	const FAULTS = {
		elevenlabs: [
			['fault-stall', 3, 1], /* found in the history */
			['fault-stall-body', 2, 1],
			['fault-429', 3, 1],
			['fault-429-date', 3, 1],
			['fault-429-bare', 3, 1],
			['fault-429-concurrent', 3, 1],
			['fault-429-forever', 3, 0, busy],
			['fault-500-once', 2, 1],
			['fault-500-forever', 3, 0, down],
			['fault-502-html', 3, 0, down],
			['fault-503', 3, 0, down],
			['fault-reset', 2, 1],
			['fault-short', 2, 1],
			['fault-drip', 1, 1],
			['fault-quota', 1, 0, /credits are used up\..*You have 0 credits remaining/],
			['fault-unauthorized', 1, 0, /does not accept the API key\. Check it in Settings → API Keys\./],
			['fault-plan-402', 1, 0, /does not offer this on the account's plan\..*library voices/],
			['fault-plan-403', 1, 0, /does not offer this on the account's plan\./],
			['fault-plan-403', 1, 0, /does not make WAV on the account's plan\. Choose the format mp3/, 'wav'],
			['fault-voice-404', 1, 0, /does not know the voice\..*fault-voice-404 was not found/],
			['fault-422', 1, 0, /refused a setting\..*Field required/],
			['fault-redirect', 1, 0, /is not found at the configured address\..*base URL/],
			['fault-old-shape', 1, 0, /does not know the voice\./],
			['fault-crash-shape', 3, 0, down],
			['fault-json-200', 2, 1],
			['fault-html-200', 2, 1],
			['fault-empty-200', 2, 1],
			['fault-wrong-format', 2, 1],
			['fault-wrong-format', 2, 1, SPOKEN, 'wav'],
			['fault-truncated-frame', 2, 1],
			['fault-truncated-frame', 1, 1, SPOKEN, 'wav'],
			['fault-header-only', 2, 1, /sent no audio/],
			['fault-header-only', 2, 1, /sent no audio/, 'wav'],
			['fault-data-size-0', 1, 1, SPOKEN, 'wav'],
			['fault-data-size-max', 1, 1, SPOKEN, 'wav'],
			['no-such-voice', 1, 0, /does not know the voice/],
		],
		azure: [
			['fault-stall-body', 3, 3, cut],
			['fault-stall', 1, 1, unanswered],
			['fault-429', 3, 1],
			['fault-429-date', 3, 1],
			['fault-429-bare', 3, 1],
			['fault-429-concurrent', 3, 1],
			['fault-429-forever', 3, 0, busy],
			['fault-500-once', 2, 1],
			['fault-500-forever', 3, 0, down],
			['fault-502-html', 3, 0, down],
			['fault-503', 3, 0, down],
			['fault-reset', 3, 3, cut],
			['fault-short', 3, 3, cut],
			['fault-drip', 1, 1],
			['fault-quota', 1, 0, /credits are used up\..*Out of call volume quota/],
			['fault-unauthorized', 1, 0, /does not accept the API key for this region\. Check both in Settings → API Keys\./],
			['fault-plan-402', 1, 0, network],
			['fault-plan-403', 1, 0, network],
			['fault-voice-404', 1, 0, /does not know the voice in this region\..*Unsupported voice fault-voice-404/],
			['fault-422', 1, 0, /refused the request without a reason\..*400 Bad Request/],
			['fault-redirect', 1, 0, /is not found at the configured address\..*base URL/],
			['fault-old-shape', 1, 0, /does not accept the API key for this region\./],
			['fault-crash-shape', 3, 0, down],
			['fault-json-200', 3, 3, /sent JSON instead of audio/],
			['fault-html-200', 3, 3, /sent HTML or XML instead of audio/],
			['fault-empty-200', 1, 1, mute],
			['fault-wrong-format', 3, 3, /sent WAV instead of MP3/],
			['fault-wrong-format', 3, 3, /sent Ogg instead of WAV/, 'wav'],
			['fault-truncated-frame', 3, 3, /sent audio whose end is missing\. Try again\./],
			['fault-truncated-frame', 1, 1, SPOKEN, 'wav'],
			['fault-header-only', 1, 1, mute],
			['fault-header-only', 1, 1, mute, 'wav'],
			['fault-data-size-0', 1, 1, SPOKEN, 'wav'],
			['fault-data-size-max', 1, 1, SPOKEN, 'wav'],
			['no-such-voice', 1, 0, /does not know the voice in this region\./],
		],
	};

	describe('meets a fault of', { concurrency: 2 }, () => {
		for (const [provider, rows] of Object.entries(FAULTS))
			describe(provider, { concurrency: rows.length }, () => {
				const keys = rows.map(() => newKey(provider));
				before(() => stack.provider(provider).addKeys(keys));

				rows.forEach(([voice, requests, charges, sentence, format = 'mp3'], i) =>
					test(`${voice}, ${format}: ${sentence ? 'an error' : 'speech'}`, async () => {
						const user = await stack.speaker({ provider, voice, key: keys[i] });
						const { error, errorStack, output } = await speak(user, { format });
						const sim = stack.provider(provider);
						const seen = [(await sim.requests(keys[i])).length, (await sim.charges(keys[i])).length];
						assert.deepEqual(seen, [requests, charges], `requests and charges; ${error}`);
						if (!sentence) return assertSound(user, output);
						assert.match(error, sentence);
						assert.ok(!`${error}${errorStack}`.includes(keys[i]), 'the key stays out');
						assert.deepEqual(await stack.objects(`voice-output/${user.user.id}/`), []);
					}),
				);
			});
	});

	describe('stores', () => {
		const meet = async (fault) => {
			const user = await ownSpeaker('elevenlabs');
			stack.s3.configure({ fault: { method: 'PUT', ...fault } });
			const step = await speak(user);
			stack.s3.configure({ fault: null });
			assert.equal((await stack.provider('elevenlabs').charges(user.key)).length, 1, 'speech is bought once');
			return { user, ...step };
		};
		for (const [kind, times] of [
			['internal', 2],
			['slow-down', 2],
			['reset', 1],
		])
			test(`in spite of ${kind}, ${times} times`, async () => {
				const { user, output, error } = await meet({ kind, times });
				assert.equal(error, undefined);
				await assertSound(user, output);
			});

		test('and says so where the storage stays away', async () => {
			const { error } = await meet({ kind: 'internal', times: 100 });
			assert.equal(error, 'The storage is not available (500 InternalError)');
		});

		test('and says so where the storage refuses', async () => {
			stack.expectLog(/ error voiceover-jobs.*: Error: The storage refused the request \(403 AccessDenied\)/);
			const { error } = await meet({ kind: 'denied', times: 1 });
			assert.equal(error, "The storage refused the request (403 AccessDenied): the server's S3 settings need a look");
		});
	});
});

describe("voice.tts with the server's own keys", () => {
	const simulators = {};
	let stack;
	before(async () => {
		simulators.elevenlabs = await startElevenLabs();
		simulators.azure = await startAzure();
		stack = await Stack.start({
			env: {
				ELEVENLABS_API_KEY: ELEVENLABS_KEY,
				ELEVENLABS_BASE_URL: simulators.elevenlabs.url,
				AZURE_TTS_SUBSCRIPTION_KEY: AZURE_KEY,
				AZURE_TTS_BASE_URL: `${simulators.azure.url}/`,
			},
		});
	});
	after(async () => {
		await stack?.stop();
		for (const simulator of Object.values(simulators)) await simulator.close();
	});

	for (const [provider, voice, key] of [
		['elevenlabs', VOICE, ELEVENLABS_KEY],
		['azure', AZURE_VOICE, AZURE_KEY],
	])
		test(`${provider}: the user's key comes first, the server's second`, async () => {
			const { requests, app, configure } = simulators[provider];
			const own = stack.secret(newKey(provider));
			configure({ keys: { ...app.config.keys, [own]: {} } });
			const user = await stack.user();
			const profile = await stack.profile(user, provider, voice);
			let times = 0; // what was spoken before would not be bought again
			const used = async () => {
				const { status, error } = await speak(user, {}, `${TEXT} ${++times}`, profile);
				return [requests.at(-1).key, status, error];
			};
			const save = (value) => user.post('/api/settings/keys', { service: provider, key: value });

			assert.deepEqual(await used(), [key, 'success', undefined]);
			const { body } = await save(own);
			assert.deepEqual(await used(), [own, 'success', undefined]);
			await user.delete(`/api/settings/keys/${body.id}`);
			assert.deepEqual(await used(), [key, 'success', undefined]);

			const wrong = stack.secret(`wrong-${newKey(provider)}`);
			await save(wrong);
			const [last, status, error] = await used();
			assert.deepEqual([last, status], [wrong, 'error'], "the server does not pay for a user's wrong key");
			assert.match(error, /does not accept the API key/);
		});
});
