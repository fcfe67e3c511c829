/*
 * A local Azure Speech: synthesis, voice list, tokens, personal voices. It is strict about headers
 * and SSML, answers in the service's own formats and reason phrases, and keeps the bill. Control:
 * GET /_sim/requests, GET /_sim/charges, POST /_sim/reset, GET and POST /_sim/config. Faults by
 * voice name: see the table in faults.js.
 *
 * node tests/sim/azure.js [--port N] [--host H] [--prefix /x] [--tone] [--latency SCALE]
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { CustomVoices } from './azure_custom_voice.js';
import { denied, explain, FAULT_REFUSALS, tooMany } from './azure_errors.js';
import { FORMATS, WITHOUT_ENCODER } from './azure_formats.js';
import { canRead, findVoice, listVoices } from './azure_voices.js';
import { Charges } from './charges.js';
import { Faults, retryHeaders, spoil } from './faults.js';
import { wavHeader } from './pcm.js';
import { isProgram, json, listen, Refusal, router, runProgram } from './server.js';
import { Speech } from './speech.js';
import { readSsml } from './ssml.js';

export const DEFAULT_KEY = 'sim-azure-key-0123456789abcdef012345';

const MAX_SECONDS = 600;
const MAX_USER_AGENT = 255;
const TOKEN_MS = 10 * 60 * 1000;
const WINDOW_MS = 60_000;
const FREE_REQUESTS = 20;
const RIFF_DATA_SIZES = { right: undefined, zero: 0, max: 0xffffffff };
const PACED_PIECES = 20;
const REALTIME_FACTOR = 20;

/**
 * Options: host, port, prefix, tone (no real speech), latency (scale of the waiting times, 0 =
 * none), keys ({ key: { tier: 'S0' | 'F0', customVoice } }), now (the clock, in ms).
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
		faultTimes: 2,
		sendContinue: true,
		hdVoices: true,
		riffDataSize: 'right',
		maxSsmlBytes: 65_536,
		consentResult: 'Succeeded',
		personalVoiceResult: 'Succeeded',
	};
	const customVoices = new CustomVoices(config);
	const sim = {
		config,
		now,
		customVoices,
		charges: new Charges(),
		faults: new Faults(),
		speech: new Speech({ tone }),
	};
	Object.assign(sim, { tokens: new Map(), windows: new Map() });
	const match = router([
		['POST', '/cognitiveservices/v1', speak],
		['GET', '/cognitiveservices/voices/list', () => json(200, listVoices())],
		['POST', '/sts/v1.0/issueToken', issueToken],
		...customVoices.rows(),
	]);
	const app = {
		name: 'azure',
		config,
		keyOf: ({ headers }) =>
			headers['ocp-apim-subscription-key'] ?? headers.authorization ?? null,
		answer: (request, entry) => dispatch(sim, match, request, entry),
		explain,
		control: [['GET', '/_sim/charges', () => sim.charges.view()]],
		reset() {
			for (const part of [customVoices, sim.charges, sim.faults]) part.reset();
			sim.tokens.clear();
			sim.windows.clear();
		},
	};
	return listen(app, where);
}

async function dispatch(sim, match, request, entry) {
	const { known, route, params } = match(request.method, request.path);
	if (!route)
		throw new Refusal(known ? 405 : 404, {
			code: known ? '405' : '404',
			message: 'Resource not found',
			asJson: true,
		});
	const key = authenticate(sim, request.headers);
	return route.serve({ sim, request, entry, params, key });
}

/** The key's settings; a token stands for the key that it was issued to. */
function authenticate({ config, tokens, now }, headers) {
	const [, bearer] = /^Bearer (.+)$/.exec(headers.authorization ?? '') ?? [];
	const token = tokens.get(bearer);
	const value =
		headers['ocp-apim-subscription-key'] ??
		(token && token.until > now() ? token.key : undefined);
	if (value === undefined || !Object.hasOwn(config.keys, value)) throw denied();
	return { tier: 'S0', ...config.keys[value], value };
}

function issueToken({ sim, key }) {
	const piece = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const until = sim.now() + TOKEN_MS;
	const claims = piece({ region: 'eastus', exp: Math.floor(until / 1000) });
	const signature = randomBytes(64).toString('base64url');
	const token = `${piece({ alg: 'ES256', typ: 'JWT' })}.${claims}.${signature}`;
	sim.tokens.set(token, { key: key.value, until });
	return { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from(token) };
}

async function speak({ sim, request, entry, key }) {
	const { config, charges, customVoices } = sim;
	const format = checkHeaders(request, config);
	const { parts, text, characters, voices } = readSsml(request.body, {
		findVoice,
		hasProfile: (id) => customVoices.hasProfile(id),
	});
	if (!config.hdVoices && voices.some(({ hd }) => hd))
		throw new Refusal(500, { message: 'Internal Server Error' });
	checkRate(sim, key);
	const [{ id: voice }] = voices;
	const fault = sim.faults.due(voice, text, config.faultTimes);
	if (fault?.refuse) {
		const refused = FAULT_REFUSALS[fault.refuse]({ voice });
		refused.headers = { ...refused.headers, ...retryHeaders(fault) };
		throw refused;
	}
	const readable = voices.some((one) => canRead(one, text));
	const { audio, seconds } = readable
		? await sim.speech.render(parts, format, MAX_SECONDS)
		: { audio: Buffer.alloc(0), seconds: 0 };
	charges.add(entry, {
		key: key.value,
		voice,
		model: 'neural',
		characters,
		credits: characters,
		text,
	});
	const headers = { 'content-type': format.type, 'x-requestid': randomUUID() };
	const body = contain(audio, format, fault?.container, RIFF_DATA_SIZES[config.riffDataSize]);
	const pace = paceOf(config.latency, characters, seconds);
	return spoil({ status: 200, headers, body, chunked: true, pace }, fault, format);
}

function checkHeaders({ headers, body }, { maxSsmlBytes }) {
	const agent = headers['user-agent'] ?? '';
	const wanted = headers['x-microsoft-outputformat'] ?? '';
	const format = FORMATS.get(wanted);
	const faults = [
		[
			agent === '' || agent.length >= MAX_USER_AGENT,
			400,
			'A User-Agent header of less than 255 characters is required.',
		],
		[
			!/^application\/ssml\+xml\s*(;|$)/i.test(headers['content-type'] ?? ''),
			415,
			'Unsupported Media Type',
		],
		[WITHOUT_ENCODER.test(wanted), 501, 'The simulator has no encoder for this format.'],
		[!format, 400, `Unsupported output format ${wanted}.`],
		[!Number(headers['content-length'] ?? 0), 408, 'Request Timeout'],
		[body.length > maxSsmlBytes, 400, 'The SSML is too large.'],
	];
	const [, status, message] = faults.find(([applies]) => applies) ?? [];
	if (status) throw new Refusal(status, { message });
	return format;
}

/** The free tier takes 20 requests in 60 seconds. */
function checkRate({ windows, now }, key) {
	if (key.tier !== 'F0') return;
	const recent = (windows.get(key.value) ?? []).filter((at) => at > now() - WINDOW_MS);
	if (recent.length >= FREE_REQUESTS) throw tooMany();
	windows.set(key.value, [...recent, now()]);
}

/**
 * MP3 is bare frames and raw bare samples; a RIFF file has RIFF size 0, as the service writes it.
 */
function contain(audio, format, { empty = false, dataSize } = {}, usualDataSize) {
	const content = empty ? Buffer.alloc(0) : audio;
	if (format.container !== 'riff') return content;
	const size = dataSize ?? usualDataSize ?? content.length;
	return Buffer.concat([wavHeader(format, { riffSize: 0, dataSize: size }), content]);
}

function paceOf(scale, characters, seconds) {
	if (scale === 0) return null;
	return {
		firstByteMs: Math.round(scale * (250 + 0.15 * characters)),
		pieces: PACED_PIECES,
		gapMs: Math.round((scale * seconds * 1000) / REALTIME_FACTOR / PACED_PIECES),
	};
}

if (isProgram(import.meta.url))
	await runProgram('azure', start, {
		tone: { type: 'boolean' },
		latency: { type: 'string' },
	});
