/*
 * A local Anthropic: messages. It is strict about headers and every parameter, answers in the
 * service's own formats, and keeps the bill. Control: GET /_sim/requests, GET /_sim/charges, POST
 * /_sim/reset, GET and POST /_sim/config. Faults by the model: see chat.js and faults.js.
 *
 * node tests/sim/anthropic.js [--port N] [--host H] [--prefix /x]
 */
import { randomUUID } from 'node:crypto';
import { Charges } from './charges.js';
import { ChatFaults, isFaultModel, tokensOf, write } from './chat.js';
import { HTML, retryHeaders, spoil } from './faults.js';
import { isProgram, json, listen, Refusal, router, runProgram } from './server.js';

export const DEFAULT_KEY = 'sim-anthropic-key-0123456789abcdef012345';

const CONTEXT_TOKENS = 200_000;
const PARAMETERS = ['model', 'max_tokens', 'system', 'messages', 'temperature', 'thinking'];
const WITHOUT_TEMPERATURE = /^claude-((haiku|sonnet|opus)-5|opus-4-[78]|fable)/;
const THINKS = /^claude-haiku-5/;
const TYPES = {
	401: 'authentication_error',
	402: 'billing_error',
	403: 'permission_error',
	404: 'not_found_error',
	405: 'invalid_request_error',
	413: 'request_too_large',
	429: 'rate_limit_error',
	500: 'api_error',
	529: 'overloaded_error',
};

function refusal(status, message, fields = {}) {
	return new Refusal(status, { message, ...fields });
}

const html = (status, text) => refusal(status, 'a proxy', { html: text });
const tooLong = (has) => refusal(400, `prompt is too long: ${has} tokens > ${CONTEXT_TOKENS} maximum`);
const tooMany = () =>
	refusal(429, 'This request would exceed the rate limit for your organization of 50 requests per minute.');

/* The refusals that faults.js and chat.js name. */
const FAULT_REFUSALS = {
	busy: tooMany,
	concurrent: tooMany,
	internal: () => refusal(500, 'Internal server error'),
	badGateway: () => html(502, HTML),
	unavailable: () => html(503, ''),
	overloaded: () => refusal(529, 'Overloaded'),
	quota: () =>
		refusal(400, 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.'),
	unauthorized: () => refusal(401, 'invalid x-api-key'),
	payment: () => refusal(402, 'There is an issue with your billing.'),
	plan: () => refusal(403, 'Your API key does not have permission to use the specified resource.'),
	voice: ({ model }) => refusal(404, `model: ${model}`),
	malformed: () => refusal(422, 'The request cannot be processed.'),
	redirect: () => refusal(301, 'Moved Permanently', { html: '', headers: { location: '/v1/moved' } }),
	oldShape: () => refusal(400, 'old', { body: { error: 'The old server refuses this.' } }),
	crashShape: () => refusal(500, 'crash', { body: { detail: 'Internal Server Error' } }),
	context: () => tooLong(200_251),
	content: () => refusal(400, 'Output blocked by content filtering policy'),
};

/** Options: host, port, prefix, keys ({ key: {} }). */
export function start({ keys = { [DEFAULT_KEY]: {} }, ...where } = {}) {
	const config = { keys, faultTimes: 2 };
	const sim = { config, charges: new Charges(), faults: new ChatFaults() };
	const match = router([
		['POST', '/v1/messages', answerMessages],
		['GET', '/v1/models', listModels],
	]);
	const app = {
		name: 'anthropic',
		config,
		keyOf: ({ headers }) => headers['x-api-key'] ?? null,
		answer: (request, entry) => dispatch(sim, match, request, entry),
		explain,
		control: [['GET', '/_sim/charges', () => sim.charges.view()]],
		reset() {
			for (const part of [sim.charges, sim.faults]) part.reset();
		},
	};
	return listen(app, where);
}

function dispatch(sim, match, request, entry) {
	const { known, route } = match(request.method, request.path);
	if (!route) throw refusal(known ? 405 : 404, known ? 'Method Not Allowed' : 'Not Found');
	if (!entry.key) throw refusal(401, 'x-api-key header is required');
	if (!Object.hasOwn(sim.config.keys, entry.key)) throw refusal(401, 'invalid x-api-key');
	const version = request.headers['anthropic-version'];
	if (version !== '2023-06-01')
		throw refusal(400, version ? `anthropic-version: "${version}" is not a valid version` : 'anthropic-version: header is required');
	return route.serve(sim, request.method === 'GET' ? null : bodyOf(request), entry);
}

function listModels() {
	const data = [{ type: 'model', id: 'claude-haiku-5', display_name: 'Claude Haiku 5' }];
	return json(200, { data, has_more: false, first_id: data[0].id, last_id: data[0].id });
}

function bodyOf({ headers, body }) {
	if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
		throw refusal(400, 'content-type: must be application/json');
	try {
		return JSON.parse(body);
	} catch {
		throw refusal(400, 'The request body is not valid JSON');
	}
}

function check(body, strict) {
	const { model, messages, system, temperature, max_tokens: limit } = body;
	const unknown = Object.keys(body).find((name) => !PARAMETERS.includes(name));
	const isMessage = ({ role, content }) =>
		['user', 'assistant'].includes(role) && typeof content === 'string' && content.trim() !== '';
	const faults = [
		[unknown, 400, `${unknown}: Extra inputs are not permitted`],
		[typeof model !== 'string', 400, 'model: Field required'],
		[!/^claude-/.test(model) && !isFaultModel(model), 404, `model: ${model}`],
		[!Number.isInteger(limit) || limit < 1, 400, 'max_tokens: Field required'],
		[!Array.isArray(messages) || messages.length === 0, 400, 'messages: Field required'],
		[!messages?.every?.(isMessage), 400, 'messages: text content blocks must be non-empty'],
		[system !== undefined && typeof system !== 'string', 400, 'system: Input should be a valid string'],
		[strict && temperature !== undefined, 400, '`temperature` is deprecated for this model.'],
		[temperature < 0 || temperature > 1, 400, 'temperature: range: 0..1'],
	];
	const [, status, message] = faults.find(([applies]) => applies) ?? [];
	if (status) throw refusal(status, message);
}

function answerMessages({ config, charges, faults }, body, entry) {
	const { model, messages, system = '', max_tokens: limit, thinking } = body;
	const prompt = messages?.at?.(-1)?.content ?? '';
	const fault = faults.due(model, prompt, config.faultTimes);
	check(body, WITHOUT_TEMPERATURE.test(model) || fault?.strict);
	if (fault?.refuse) {
		const refused = FAULT_REFUSALS[fault.refuse]({ model });
		refused.headers = { ...refused.headers, ...retryHeaders(fault) };
		throw refused;
	}
	const read = messages.reduce((total, { content }) => total + tokensOf(content), tokensOf(system));
	if (read > CONTEXT_TOKENS) throw tooLong(read);
	const { text, tokens, cut } = write(prompt, limit, fault);
	const characters = [...prompt].length;
	charges.add(entry, { key: entry.key, model, characters, credits: read + tokens, text: prompt });
	const thoughts = THINKS.test(model) && thinking?.type !== 'disabled' ? [{ type: 'thinking', thinking: 'Let me see.' }] : [];
	const answer = json(
		200,
		{
			id: `msg_${randomUUID()}`,
			type: 'message',
			role: 'assistant',
			model,
			content: fault?.declines || text === '' ? thoughts : [...thoughts, { type: 'text', text }],
			stop_reason: fault?.declines ? 'refusal' : cut ? 'max_tokens' : 'end_turn',
			stop_sequence: null,
			usage: { input_tokens: read, output_tokens: tokens },
		},
		{ 'request-id': `req_${randomUUID()}` },
	);
	return spoil(answer, fault, { codec: 'json' });
}

/** A refusal as an answer. */
function explain(refused) {
	const id = `req_${randomUUID()}`;
	const headers = { 'request-id': id, ...refused.headers };
	if (refused.html !== undefined)
		return {
			status: refused.status,
			headers: { 'content-type': 'text/html', ...headers },
			body: Buffer.from(refused.html),
		};
	const error = { type: TYPES[refused.status] ?? 'invalid_request_error', message: refused.message };
	return json(refused.status, refused.body ?? { type: 'error', error, request_id: id }, headers);
}

if (isProgram(import.meta.url)) await runProgram('anthropic', start);
