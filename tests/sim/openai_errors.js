/* OpenAI's errors: {"error": {"message", "type", "param", "code"}}, whatever they are about. */
import { randomUUID } from 'node:crypto';
import { HTML } from './faults.js';
import { json, Refusal } from './server.js';

export function refusal(status, code, message, fields = {}) {
	return new Refusal(status, { code, message, ...fields });
}

export function invalid(param, message, code = null) {
	return refusal(400, code, message, { param });
}

export const invalidKey = (key) =>
	refusal(
		401,
		'invalid_api_key',
		`Incorrect API key provided: ${key.slice(0, 8)}*****. You can find your API key at https://platform.openai.com/account/api-keys.`,
	);
export const modelNotFound = (model) =>
	refusal(
		404,
		'model_not_found',
		`The model \`${model}\` does not exist or you do not have access to it.`,
	);
export const unsupported = (param, instead) =>
	invalid(
		param,
		`Unsupported parameter: '${param}' is not supported with this model. Use '${instead}' instead.`,
		'unsupported_parameter',
	);
export const unsupportedValue = (param, value) =>
	invalid(
		param,
		`Unsupported value: '${param}' does not support ${value} with this model. Only the default (1) value is supported.`,
		'unsupported_value',
	);
export const tooLong = (most, has) =>
	invalid(
		'messages',
		`This model's maximum context length is ${most} tokens. However, your messages resulted in ${has} tokens. Please reduce the length of the messages.`,
		'context_length_exceeded',
	);

const tooMany = () =>
	refusal(
		429,
		'rate_limit_exceeded',
		'Rate limit reached for requests. You can increase your rate limit by adding a payment method to your account at https://platform.openai.com/account/billing.',
		{ type: 'requests' },
	);
const html = (status, text) => refusal(status, 'html', 'a proxy', { html: text });

/* The refusals that faults.js and chat.js name. */
export const FAULT_REFUSALS = {
	busy: tooMany,
	concurrent: tooMany,
	internal: () =>
		refusal(500, null, 'The server had an error while processing your request. Sorry about that!', {
			type: 'server_error',
		}),
	badGateway: () => html(502, HTML),
	unavailable: () => html(503, ''),
	overloaded: () =>
		refusal(503, null, 'The engine is currently overloaded, please try again later.', {
			type: 'server_error',
		}),
	quota: () =>
		refusal(
			429,
			'insufficient_quota',
			'You exceeded your current quota, please check your plan and billing details.',
			{ type: 'insufficient_quota' },
		),
	unauthorized: () => invalidKey('sim-openai'),
	payment: () => refusal(402, null, 'Payment required.'),
	plan: () => refusal(403, 'unsupported_country_region_territory', 'Country, region, or territory not supported.'),
	voice: ({ model }) => modelNotFound(model),
	malformed: () => refusal(422, null, 'The request cannot be processed.'),
	redirect: () =>
		refusal(301, null, 'Moved Permanently', { html: '', headers: { location: '/v1/moved' } }),
	oldShape: () => refusal(400, null, 'old', { body: { error: 'The old server refuses this.' } }),
	crashShape: () => refusal(500, null, 'crash', { body: { detail: 'Internal Server Error' } }),
	context: () => tooLong(128_000, 130_001),
	content: () =>
		invalid('prompt', 'Invalid prompt: your prompt was flagged as potentially violating our usage policy.', 'invalid_prompt'),
};

/** A refusal as an answer. */
export function explain(refused) {
	const headers = { 'x-request-id': `req_${randomUUID()}`, ...refused.headers };
	if (refused.html !== undefined)
		return {
			status: refused.status,
			headers: { 'content-type': 'text/html', ...headers },
			body: Buffer.from(refused.html),
		};
	const { message, type = 'invalid_request_error', param = null, code = null } = refused;
	return json(refused.status, refused.body ?? { error: { message, type, param, code } }, headers);
}
