/*
 * A local ElevenLabs: text to speech, models, voices and cloning, history, subscription. It is
 * strict about requests, answers in the service's own formats, and keeps the bill. Control: GET
 * /_sim/requests, GET /_sim/charges, POST /_sim/reset, GET and POST /_sim/config. Faults by voice
 * id: see the table in faults.js.
 *
 * node tests/sim/elevenlabs.js [--port N] [--host H] [--prefix /x] [--tone] [--latency SCALE]
 */
import { Charges } from './charges.js';
import { Accounts } from './elevenlabs_account.js';
import { check } from './elevenlabs_checks.js';
import { explain, FAULT_REFUSALS, invalid, newId, plain, refusal } from './elevenlabs_errors.js';
import { describeModel, MODELS } from './elevenlabs_models.js';
import { Faults, retryHeaders, spoil } from './faults.js';
import { id3Tag } from './mp3.js';
import { parseMultipart } from './multipart.js';
import { wavHeader } from './pcm.js';
import { isProgram, json, listen, router, runProgram } from './server.js';
import { isAudio } from './sniff.js';
import { Speech } from './speech.js';

export const DEFAULT_KEY = 'sim-elevenlabs-key-0123456789abcdef';
export const DEFAULT_VOICE = 'simvoice0000000001';

const WAV_PLACEHOLDER = 0x7fffffff;
const PACED_PIECES = 20;
const BREAK_TAG = /<break\s+time="(\d+(?:\.\d+)?)(m?s)"\s*\/>/;
const MAX_BREAK_SECONDS = 3;

/* A route's permission is what a key with limited permissions needs for it. */
const ROUTES = [
	['POST', '/v1/text-to-speech/{id}', speakWhole, { permission: 'text_to_speech' }],
	['POST', '/v1/text-to-speech/{id}/stream', speakStream, { permission: 'text_to_speech' }],
	[
		'POST',
		'/v1/text-to-speech/{id}/with-timestamps',
		speakWithTimestamps,
		{ permission: 'text_to_speech' },
	],
	['GET', '/v1/models', listModels, { permission: 'models_read' }],
	['GET', '/v1/voices', listVoices, { permission: 'voices_read' }],
	['GET', '/v2/voices', pageVoices, { permission: 'voices_read' }],
	['POST', '/v1/voices/add', addVoice, { permission: 'voices_write' }],
	['GET', '/v1/voices/{id}', getVoice, { permission: 'voices_read' }],
	['DELETE', '/v1/voices/{id}', deleteVoice, { permission: 'voices_write' }],
	['GET', '/v1/history', listHistory, { permission: 'speech_history_read' }],
	['GET', '/v1/history/{id}', getHistoryItem, { permission: 'speech_history_read' }],
	['GET', '/v1/history/{id}/audio', getHistoryAudio, { permission: 'speech_history_read' }],
	['GET', '/v1/user/subscription', getSubscription, { permission: 'user_read' }],
];

/**
 * Options: host, port, prefix, tone (no real speech), latency (scale of the waiting times, 0 =
 * none), keys ({ key: { plan, credit, permissions, concurrency, maxVoices, account } }), now (the
 * clock, in ms).
 */
export function start({
	keys = { [DEFAULT_KEY]: {} },
	latency = 0,
	tone = false,
	now = Date.now,
	...where
} = {}) {
	const config = {
		keys,
		latency: Number(latency),
		errorShape: 'new',
		faultTimes: 2,
		sendContinue: true,
		maxFileBytes: 10 * 1024 * 1024,
		requiresVerification: false,
	};
	const charges = new Charges();
	const accounts = new Accounts(config, charges, now);
	const sim = {
		config,
		charges,
		accounts,
		faults: new Faults(),
		speech: new Speech({ tone }),
	};
	const match = router(ROUTES);
	const app = {
		name: 'elevenlabs',
		config,
		keyOf: (request) => request.headers['xi-api-key'] ?? null,
		answer: (request, entry) => dispatch(sim, match, request, entry),
		explain: (refused) => explain(refused, config.errorShape),
		control: [['GET', '/_sim/charges', () => charges.view()]],
		reset() {
			accounts.reset();
			charges.reset();
			sim.faults.reset();
		},
	};
	return listen(app, where);
}

async function dispatch(sim, match, request, entry) {
	const { known, route, params } = match(request.method, request.path);
	if (!route) throw known ? plain(405, 'Method Not Allowed') : plain(404, 'Not Found');
	const key = sim.accounts.key(request.headers['xi-api-key']);
	sim.accounts.permit(key, route.permission);
	return route.serve({ sim, request, entry, key, id: params.id });
}

/* ---- speech ---- */

async function speakWhole(context) {
	const spoken = await speak(context, false);
	return spoil(spoken.answer, spoken.fault, spoken.call.format);
}

async function speakStream(context) {
	const spoken = await speak(context, true);
	return spoil({ ...spoken.answer, chunked: true }, spoken.fault, spoken.call.format);
}

async function speakWithTimestamps(context) {
	const { answer, fault, call, seconds } = await speak(context, false);
	const alignment = align(call.body.text, seconds);
	const audio = spoil(answer, fault, call.format).body.toString('base64');
	const { body, headers } = json(200, {
		audio_base64: audio,
		alignment,
		normalized_alignment: alignment,
	});
	/*
	 * What the fault does to the bytes is in the audio; what it does to the delivery is for the
	 * whole answer.
	 */
	const delivery = fault && { ...fault, body: undefined };
	return spoil(
		{ ...answer, headers: { ...answer.headers, ...headers }, body },
		delivery,
		call.format,
	);
}

async function speak({ sim, request, entry, key, id }, streaming) {
	const { accounts, config, charges } = sim;
	const call = check({
		accounts,
		key,
		voiceId: id,
		streaming,
		query: request.query,
		raw: request.body,
	});
	const { body, model, format, characters, credits } = call;
	const places = accounts.enter(key, model.flash, request.answered);
	const fault = sim.faults.due(id, body.text, config.faultTimes);
	if (fault?.refuse)
		throw withHeaders(
			FAULT_REFUSALS[fault.refuse]({ voice: id, characters }),
			retryHeaders(fault),
		);
	const { audio, seconds } = await sim.speech.render(partsOf(call), format);
	const file = contain(audio, format, fault?.container);
	const requestId = newId();
	const item = accounts.remember(
		key,
		{
			requestId,
			voice: call.voice,
			model: model.id,
			text: body.text,
			settings: body.voice_settings ?? null,
			characters,
			credits,
			format,
			file,
		},
		request.answered,
	);
	charges.add(entry, {
		key: key.value,
		voice: id,
		model: model.id,
		characters,
		credits,
		text: body.text,
	});
	const pace = paceOf(config.latency, characters, seconds, model);
	const headers = {
		'content-type': format.type,
		'request-id': requestId,
		'history-item-id': item.id,
		'character-cost': String(credits),
		'current-concurrent-requests': String(places.current),
		'maximum-concurrent-requests': String(places.limit),
		'tts-latency-ms': String(pace?.firstByteMs ?? 0),
	};
	return { call, fault, seconds, answer: { status: 200, headers, body: file, pace } };
}

function withHeaders(refused, headers) {
	refused.headers = { ...refused.headers, ...headers };
	return refused;
}

/** The text as parts to speak; break tags are pauses on every model but v3. */
function partsOf({ body, voiceId, model }) {
	const common = {
		voice: voiceId,
		language: body.language_code ?? 'en',
		speed: body.voice_settings?.speed ?? 1,
	};
	const pieces = model.v3 ? [body.text] : body.text.split(BREAK_TAG);
	const parts = [];
	for (let i = 0; i < pieces.length; i += 3) {
		if (pieces[i].trim() !== '') parts.push({ ...common, text: pieces[i] });
		if (i + 1 < pieces.length)
			parts.push({
				silence: Math.min(
					MAX_BREAK_SECONDS,
					pieces[i + 1] * (pieces[i + 2] === 'ms' ? 0.001 : 1),
				),
			});
	}
	return parts;
}

const CONTAINERS = {
	mp3: (audio) => Buffer.concat([id3Tag(), audio]),
	wav: (audio, format, dataSize = WAV_PLACEHOLDER) =>
		Buffer.concat([wavHeader(format, { riffSize: WAV_PLACEHOLDER, dataSize }), audio]),
};

function contain(audio, format, { empty = false, dataSize } = {}) {
	const content = empty ? Buffer.alloc(0) : audio;
	return CONTAINERS[format.container]?.(content, format, dataSize) ?? content;
}

/** Captured from the service: a quarter of a second and 0.15 ms a character to the first byte. */
function paceOf(scale, characters, seconds, { flash }) {
	if (scale === 0) return null;
	const totalMs = scale * (seconds / (flash ? 20 : 5)) * 1000;
	return {
		firstByteMs: Math.round(scale * (250 + 0.15 * characters)),
		pieces: PACED_PIECES,
		gapMs: Math.round(totalMs / PACED_PIECES),
	};
}

/** Spreads the characters evenly; the last one ends with the audio. */
function align(text, seconds) {
	const characters = [...text];
	const edge = (i) => Number(((i * seconds) / characters.length).toFixed(3));
	return {
		characters,
		character_start_times_seconds: characters.map((_, i) => edge(i)),
		character_end_times_seconds: characters.map((_, i) => edge(i + 1)),
	};
}

/* ---- models and voices ---- */

function listModels() {
	return json(200, [...MODELS.values()].map(describeModel));
}

function describeVoice(voice, key) {
	return {
		voice_id: voice.id,
		name: voice.name,
		category: voice.category,
		labels: voice.labels,
		description: voice.description ?? null,
		preview_url: null,
		settings: null,
		samples: null,
		available_for_tiers: [],
		high_quality_base_model_ids: [],
		verified_languages: [],
		fine_tuning: { is_allowed_to_fine_tune: false, state: {} },
		voice_verification: {
			requires_verification: !voice.verified,
			is_verified: voice.verified,
		},
		safety_control: 'NONE',
		is_owner: voice.account === key.account,
		created_at_unix: voice.createdAt === undefined ? null : Math.floor(voice.createdAt / 1000),
	};
}

function listVoices({ sim, key }) {
	return json(200, {
		voices: sim.accounts.voicesOf(key).map((voice) => describeVoice(voice, key)),
	});
}

function pageVoices({ sim, request, key }) {
	const { query } = request;
	const size = pageSize(query, 10, 100);
	const search = (query.get('search') ?? '').toLowerCase();
	const ids = query.getAll('voice_ids').flatMap((list) => list.split(','));
	const voices = sim.accounts
		.voicesOf(key)
		.filter((voice) => voice.name.toLowerCase().includes(search))
		.filter((voice) => ids.length === 0 || ids.includes(voice.id))
		.filter((voice) => [null, voice.category].includes(query.get('category')));
	const from = Number(query.get('next_page_token') ?? 0);
	const next = from + size;
	return json(200, {
		voices: voices.slice(from, next).map((voice) => describeVoice(voice, key)),
		has_more: next < voices.length,
		total_count: voices.length,
		next_page_token: next < voices.length ? String(next) : null,
	});
}

function getVoice({ sim, key, id }) {
	return json(200, describeVoice(sim.accounts.voice(key, id), key));
}

function deleteVoice({ sim, key, id }) {
	if (sim.accounts.voice(key, id).account !== key.account)
		throw refusal(403, 'voice_not_owned', 'Only the owner of a voice can delete it.');
	sim.accounts.voices.delete(id);
	return json(200, { status: 'ok' });
}

function addVoice({ sim, request, key }) {
	const parts = parseMultipart(request.headers['content-type'], request.body) ?? [];
	const field = (name) => parts.find((part) => part.name === name)?.data.toString('utf8');
	const files = parts.filter((part) => part.name === 'files' && part.filename !== undefined);
	if (!field('name')) throw invalid(['body', 'name'], 'Field required', 'missing');
	if (files.length === 0) throw invalid(['body', 'files'], 'Field required', 'missing');
	const labels = parseLabels(field('labels') ?? '{}');
	sim.accounts.checkClone(key, files, isAudio);
	const voice = sim.accounts.addVoice(key.account, {
		name: field('name'),
		category: 'cloned',
		description: field('description') ?? null,
		labels,
		verified: !sim.config.requiresVerification,
	});
	return json(200, { voice_id: voice.id, requires_verification: !voice.verified });
}

function parseLabels(text) {
	try {
		return JSON.parse(text);
	} catch {
		throw invalid(['body', 'labels'], 'Input should be a JSON object as text', 'json_invalid');
	}
}

/* ---- history and account ---- */

function describeItem(item) {
	return {
		history_item_id: item.id,
		request_id: item.requestId,
		voice_id: item.voice.id,
		voice_name: item.voice.name,
		voice_category: item.voice.category,
		model_id: item.model,
		text: item.text,
		date_unix: Math.floor(item.at / 1000),
		character_count_change_from: item.usedBefore,
		character_count_change_to: item.usedBefore + item.credits,
		content_type: item.format.type,
		state: 'created',
		settings: item.settings,
		feedback: null,
		share_link_id: null,
		source: 'TTS',
		output_format: item.format.name,
	};
}

function listHistory({ sim, request, key }) {
	const { query } = request;
	const wanted = (name) => query.get(name);
	const items = sim.accounts.history
		.filter((item) => item.account === key.account)
		.filter((item) => [null, item.voice.id].includes(wanted('voice_id')))
		.filter((item) => [null, item.model].includes(wanted('model_id')))
		.filter((item) => item.text.includes(wanted('search') ?? ''))
		.filter((item) => item.at >= 1000 * Number(wanted('date_after_unix') ?? 0))
		.filter((item) => item.at < 1000 * Number(wanted('date_before_unix') ?? Infinity));
	const after = items.findIndex((item) => item.id === wanted('start_after_history_item_id'));
	const page = items.slice(after + 1, after + 1 + pageSize(query, 100, 1000));
	return json(200, {
		history: page.map(describeItem),
		last_history_item_id: page.at(-1)?.id ?? null,
		has_more: after + 1 + page.length < items.length,
	});
}

function pageSize(query, usual, most) {
	const size = Number(query.get('page_size') ?? usual);
	if (!Number.isInteger(size) || size < 1 || size > most)
		throw invalid(
			['query', 'page_size'],
			`Input should be an integer from 1 to ${most}`,
			'int_range',
		);
	return size;
}

function getHistoryItem({ sim, key, id }) {
	return json(200, describeItem(sim.accounts.item(key, id)));
}

function getHistoryAudio({ sim, key, id }) {
	const { format, file } = sim.accounts.item(key, id);
	return { status: 200, headers: { 'content-type': format.type }, body: file };
}

function getSubscription({ sim, key }) {
	const owned = sim.accounts.voicesOf(key).filter((voice) => voice.account === key.account);
	return json(200, {
		tier: key.plan,
		character_count: sim.accounts.used(key),
		character_limit: key.credit,
		next_character_count_reset_unix: null,
		max_credit_limit_extension: 0,
		voice_slots_used: owned.length,
		voice_limit: key.maxVoices,
		professional_voice_slots_used: 0,
		voice_add_edit_counter: 0,
		can_use_instant_voice_cloning: sim.accounts.hasPlan(key, 'starter'),
		can_use_professional_voice_cloning: sim.accounts.hasPlan(key, 'creator'),
		status: key.plan === 'free' ? 'free' : 'active',
	});
}

if (isProgram(import.meta.url))
	await runProgram('elevenlabs', start, {
		tone: { type: 'boolean' },
		latency: { type: 'string' },
	});
