/*
 * A local OpenAI: chat completions and speech. It is strict about the key and every parameter,
 * answers in the service's own formats, and keeps the bill. Control: GET /_sim/requests, GET
 * /_sim/charges, POST /_sim/reset, GET and POST /_sim/config. Faults by the model of a chat (see
 * chat.js and faults.js) or the voice of a speech (see faults.js).
 *
 * node tests/sim/openai.js [--port N] [--host H] [--prefix /x] [--tone]
 */
import { randomUUID } from 'node:crypto';
import { Charges } from './charges.js';
import { ChatFaults, isFaultModel, tokensOf, write } from './chat.js';
import { Faults, isFault, retryHeaders, spoil } from './faults.js';
import {
	explain,
	FAULT_REFUSALS,
	invalid,
	invalidKey,
	modelNotFound,
	refusal,
	tooLong,
	unsupported,
	unsupportedValue,
} from './openai_errors.js';
import { wavHeader } from './pcm.js';
import { isProgram, json, listen, router, runProgram } from './server.js';
import { Speech } from './speech.js';

export const DEFAULT_KEY = 'sim-openai-key-0123456789abcdef01234567';

const CONTEXT_TOKENS = 128_000;
const MAX_INPUT = 4096;
const SPEECH_MODELS = ['tts-1', 'tts-1-hd', 'gpt-4o-mini-tts'];
const VOICES = ['alloy', 'ash', 'ballad', 'coral', 'echo', 'fable', 'onyx', 'nova', 'sage', 'shimmer', 'verse'];
const FORMATS = {
	mp3: { codec: 'mp3', rate: 24000, kbps: 160, type: 'audio/mpeg' },
	wav: { codec: 'pcm', rate: 24000, type: 'audio/wav' },
};
/* The length of a WAV is not known when its header is sent. */
const UNKNOWN_SIZE = { riffSize: 0xffffffff, dataSize: 0xffffffff };
const CHAT_PARAMETERS = ['model', 'messages', 'temperature', 'max_tokens', 'max_completion_tokens'];
const SPEECH_PARAMETERS = ['model', 'voice', 'input', 'response_format', 'speed'];
const REASONS = /^(o\d|gpt-[5-9])/;
const CHATS = /^(o\d|gpt-)/;

/** Options: host, port, prefix, tone (no real speech), keys ({ key: {} }). */
export function start({ keys = { [DEFAULT_KEY]: {} }, tone = false, ...where } = {}) {
	/* voices: what a compatible server answers at /v1/audio/voices, where OpenAI has nothing. */
	const config = { keys, faultTimes: 2, voices: null };
	const sim = {
		config,
		charges: new Charges(),
		chatFaults: new ChatFaults(),
		faults: new Faults(),
		speech: new Speech({ tone }),
	};
	const match = router([
		['POST', '/v1/chat/completions', chat],
		['POST', '/v1/audio/speech', speak],
		['GET', '/v1/models', listModels],
		['GET', '/v1/audio/voices', listVoices],
	]);
	const app = {
		name: 'openai',
		config,
		keyOf: ({ headers }) => /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? null,
		answer: (request, entry) => dispatch(sim, match, request, entry),
		explain,
		control: [['GET', '/_sim/charges', () => sim.charges.view()]],
		reset() {
			for (const part of [sim.charges, sim.chatFaults, sim.faults]) part.reset();
		},
	};
	return listen(app, where);
}

async function dispatch(sim, match, request, entry) {
	const { known, route } = match(request.method, request.path);
	if (!route)
		throw refusal(known ? 405 : 404, null, `Invalid URL (${request.method} ${request.target})`);
	if (!entry.key) throw refusal(401, null, "You didn't provide an API key.");
	if (!Object.hasOwn(sim.config.keys, entry.key)) throw invalidKey(entry.key);
	return route.serve(sim, request.method === 'GET' ? null : bodyOf(request), entry);
}

function listModels() {
	const model = (id) => ({ id, object: 'model', created: 1699046015, owned_by: 'system' });
	return json(200, { object: 'list', data: SPEECH_MODELS.map(model) });
}

function listVoices({ config }) {
	if (!config.voices) throw refusal(404, null, 'Invalid URL (GET /v1/audio/voices)');
	return json(200, { voices: config.voices });
}

function bodyOf({ headers, body }) {
	const unreadable = refusal(400, null, 'We could not parse the JSON body of your request.');
	if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) throw unreadable;
	try {
		return JSON.parse(body);
	} catch {
		throw unreadable;
	}
}

function checkNames(body, known) {
	const unknown = Object.keys(body).find((name) => !known.includes(name));
	if (unknown) throw invalid(unknown, `Unrecognized request argument supplied: ${unknown}`);
}

function checkRange(body, name, min, max) {
	const value = body[name];
	if (value === undefined || (typeof value === 'number' && value >= min && value <= max)) return;
	throw invalid(name, `Invalid '${name}': expected a number between ${min} and ${max}.`, 'invalid_value');
}

function checkChat(body, strict) {
	checkNames(body, CHAT_PARAMETERS);
	const { model, messages, temperature, max_tokens: old } = body;
	if (typeof model !== 'string' || !(CHATS.test(model) || isFaultModel(model)))
		throw modelNotFound(model);
	const isMessage = ({ role, content }) =>
		['system', 'user', 'assistant'].includes(role) && typeof content === 'string';
	if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isMessage))
		throw invalid('messages', "Invalid 'messages'.", 'invalid_type');
	if (strict && old !== undefined) throw unsupported('max_tokens', 'max_completion_tokens');
	if (strict && temperature !== undefined && temperature !== 1)
		throw unsupportedValue('temperature', temperature);
	checkRange(body, 'temperature', 0, 2);
	checkRange(body, 'max_tokens', 1, CONTEXT_TOKENS);
	checkRange(body, 'max_completion_tokens', 1, CONTEXT_TOKENS);
}

function refuse(fault, about) {
	const refused = FAULT_REFUSALS[fault.refuse](about);
	refused.headers = { ...refused.headers, ...retryHeaders(fault) };
	return refused;
}

function chat({ config, charges, chatFaults }, body, entry) {
	const { model, messages } = body;
	const prompt = messages?.at?.(-1)?.content ?? '';
	const fault = chatFaults.due(model, prompt, config.faultTimes);
	checkChat(body, REASONS.test(model) || fault?.strict);
	if (fault?.refuse) throw refuse(fault, { model });
	const read = messages.reduce((total, { content }) => total + tokensOf(content), 0);
	if (read > CONTEXT_TOKENS) throw tooLong(CONTEXT_TOKENS, read);
	const limit = body.max_completion_tokens ?? body.max_tokens ?? CONTEXT_TOKENS;
	const { text, tokens, cut } = write(prompt, limit, fault);
	const characters = [...prompt].length;
	charges.add(entry, { key: entry.key, model, characters, credits: read + tokens, text: prompt });
	const message = { role: 'assistant', content: text, refusal: null };
	if (fault?.declines) Object.assign(message, { content: null, refusal: "I can't help with that." });
	const answer = json(
		200,
		{
			id: `chatcmpl-${randomUUID()}`,
			object: 'chat.completion',
			created: Math.floor(Date.now() / 1000),
			model,
			choices: [{ index: 0, message, logprobs: null, finish_reason: cut ? 'length' : 'stop' }],
			usage: { prompt_tokens: read, completion_tokens: tokens, total_tokens: read + tokens },
		},
		{ 'x-request-id': `req_${randomUUID()}` },
	);
	return spoil(answer, fault, { codec: 'json' });
}

function checkSpeech(body) {
	checkNames(body, SPEECH_PARAMETERS);
	const { model, voice, input, response_format: format = 'mp3' } = body;
	if (!SPEECH_MODELS.includes(model)) throw modelNotFound(model);
	if (typeof input !== 'string' || input === '')
		throw invalid('input', "Invalid 'input': expected a text.", 'invalid_type');
	if ([...input].length > MAX_INPUT)
		throw invalid('input', `Invalid 'input': string too long. Expected at most ${MAX_INPUT} characters.`, 'string_above_max_length');
	if (!VOICES.includes(voice) && !isFault(voice))
		throw invalid('voice', `Invalid value: '${voice}'. Supported values are: ${VOICES.join(', ')}.`, 'invalid_value');
	if (!Object.hasOwn(FORMATS, format))
		throw invalid('response_format', `Invalid value: '${format}'.`, 'invalid_value');
	checkRange(body, 'speed', 0.25, 4);
	return FORMATS[format];
}

async function speak({ config, charges, faults, speech }, body, entry) {
	const format = checkSpeech(body);
	const { model, voice, input, speed = 1 } = body;
	const fault = faults.due(voice, input, config.faultTimes);
	if (fault?.refuse) throw refuse(fault, { model });
	const { audio } = await speech.render([{ text: input, voice, language: 'en', speed }], format);
	const characters = [...input].length;
	charges.add(entry, { key: entry.key, voice, model, characters, credits: characters, text: input });
	const content = fault?.container?.empty ? Buffer.alloc(0) : audio;
	const sizes = { ...UNKNOWN_SIZE, ...fault?.container };
	const bytes = format.codec === 'mp3' ? content : Buffer.concat([wavHeader(format, sizes), content]);
	const headers = { 'content-type': format.type, 'x-request-id': `req_${randomUUID()}` };
	return spoil({ status: 200, headers, body: bytes, chunked: true }, fault, format);
}

if (isProgram(import.meta.url)) await runProgram('openai', start, { tone: { type: 'boolean' } });
