/*
 * ElevenLabs' error bodies. Two shapes are in the field for the same errors, the new one with type,
 * code and request id and the legacy one with status and message; validation, unknown routes and
 * crashes have shapes of their own.
 */
import { randomBytes } from 'node:crypto';
import { HTML } from './faults.js';
import { json, Refusal } from './server.js';

const TYPES = {
	400: 'validation_error',
	401: 'authentication_error',
	402: 'payment_required',
	403: 'authorization_error',
	404: 'not_found',
	429: 'rate_limit_error',
	500: 'internal_server_error',
};

const DETAILS = {
	new: ({ status, code, message, param }, requestId) => ({
		type: TYPES[status],
		code,
		message,
		status: code,
		request_id: requestId,
		...(param && { param }),
	}),
	legacy: ({ code, message }) => ({ status: code, message }),
};

export function refusal(status, code, message, fields = {}) {
	return new Refusal(status, { code, message, ...fields });
}

/** 422 in the list form. */
export function invalid(location, message, type = 'value_error') {
	return refusal(422, 'invalid', message, {
		body: { detail: [{ loc: location, msg: message, type }] },
	});
}

/** {"detail":"…"}, as the web framework itself answers. */
export function plain(status, detail) {
	return refusal(status, 'plain', detail, { body: { detail } });
}

/** The top-level form of an unhandled exception. */
export function crash(note) {
	const body = {
		status: 'internal_server_error',
		message: 'An internal server error occurred.',
	};
	return refusal(500, 'internal_server_error', body.message, { body, note });
}

/** The refusals that faults.js names. */
export const FAULT_REFUSALS = {
	busy: () =>
		refusal(429, 'system_busy', 'The system is experiencing heavy traffic, please try again.'),
	concurrent: () => tooManyConcurrent(2),
	internal: () => refusal(500, 'internal_server_error', 'Something went wrong on our side.'),
	badGateway: () => refusal(502, 'bad_gateway', 'Bad Gateway', { html: HTML }),
	unavailable: () => refusal(503, 'unavailable', 'Service Unavailable', { html: '' }),
	quota: ({ characters }) => quotaExceeded(10_000, 0, characters),
	unauthorized: () => invalidKey(),
	payment: () => paidPlanRequired(),
	plan: () =>
		refusal(403, 'subscription_required', 'Your subscription does not include this feature.'),
	voice: ({ voice }) => voiceNotFound(voice),
	malformed: () => invalid(['body', 'text'], 'Field required', 'missing'),
	redirect: () =>
		refusal(301, 'moved', 'Moved Permanently', {
			html: '',
			headers: { location: '/v1/moved' },
		}),
	oldShape: ({ voice }) =>
		refusal(400, 'voice_not_found', `A voice with voice_id ${voice} does not exist.`, {
			shape: 'legacy',
		}),
	crashShape: () => crash('asked for by the voice'),
};

export const invalidKey = () => refusal(401, 'invalid_api_key', 'Invalid API key');
export const paidPlanRequired = () =>
	refusal(
		402,
		'paid_plan_required',
		'Free users cannot use library voices via the API. Please upgrade your plan.',
	);
export const voiceNotFound = (voice) =>
	refusal(404, 'voice_not_found', `A voice with the voice_id ${voice} was not found.`, {
		param: 'voice_id',
	});
export const quotaExceeded = (limit, left, needed) =>
	refusal(
		401,
		'quota_exceeded',
		`This request exceeds your quota of ${limit}. You have ${left} credits remaining, while ${needed} credits are required for this request.`,
	);
export const tooManyConcurrent = (limit) =>
	refusal(
		429,
		'too_many_concurrent_requests',
		`Too many concurrent requests. Your current subscription allows a maximum of ${limit} concurrent requests.`,
	);

/** A refusal as an answer; shape is 'new' or 'legacy'. */
export function explain(refused, shape) {
	const requestId = newId();
	const headers = {
		'x-trace-id': randomBytes(16).toString('hex'),
		'x-region': 'us-central1',
		...refused.headers,
	};
	if (refused.html !== undefined)
		return {
			status: refused.status,
			headers: { 'content-type': 'text/html', ...headers },
			body: Buffer.from(refused.html),
		};
	const body = refused.body ?? {
		detail: DETAILS[refused.shape ?? shape](refused, requestId),
	};
	return json(refused.status, body, headers);
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 20 alphanumerics, as ElevenLabs' ids are. */
export function newId() {
	return Array.from(randomBytes(20), (byte) => LETTERS[byte % LETTERS.length]).join('');
}
