/*
 * Azure Speech's errors: the gateway answers in JSON, the service itself mostly with an empty body,
 * so that the reason phrase of the status line is all that tells what was wrong.
 */
import { HTML } from './faults.js';
import { json, Refusal } from './server.js';

const DENIED =
	'Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.';

export const tooMany = () => new Refusal(429, { message: 'Too Many Requests' });
export const denied = () =>
	new Refusal(401, {
		message: DENIED,
		code: '401',
		reason: 'PermissionDenied',
		asJson: true,
	});
const forbidden = () =>
	new Refusal(403, {
		message: "You don't have permission to access this resource.",
		code: 'Forbidden',
		asJson: true,
	});

/* The refusals that faults.js names. */
export const FAULT_REFUSALS = {
	busy: () => tooMany(),
	concurrent: () => tooMany(),
	internal: () => new Refusal(500, { message: 'Internal Server Error' }),
	badGateway: () => new Refusal(502, { message: 'Bad Gateway', html: HTML }),
	unavailable: () => new Refusal(503, { message: 'Service Unavailable' }),
	quota: () =>
		new Refusal(403, {
			message: 'Out of call volume quota.',
			code: '403',
			asJson: true,
		}),
	unauthorized: () => denied(),
	payment: () => forbidden(),
	plan: () => forbidden(),
	voice: ({ voice }) => new Refusal(400, { message: `Unsupported voice ${voice}.` }),
	malformed: () => new Refusal(400, { message: 'Bad Request' }),
	redirect: () =>
		new Refusal(301, { message: 'Moved Permanently', headers: { location: '/moved' } }),
	oldShape: () =>
		new Refusal(401, { message: DENIED, reason: 'PermissionDenied', oldShape: true }),
	crashShape: () => new Refusal(500, { message: 'Internal server error.', inBody: true }),
};

/** Status line, and a body only where the service has one. */
export function explain({
	status,
	message,
	reason,
	code,
	asJson,
	inBody,
	html,
	oldShape,
	headers = {},
}) {
	const phrase = (reason ?? message ?? '').replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
	if (asJson)
		return {
			...json(status, { error: { code, message } }, headers),
			reason: reason ?? undefined,
		};
	if (oldShape)
		return {
			...json(status, { statusCode: status, message }, headers),
			reason: phrase,
		};
	const body = Buffer.from(html ?? (inBody ? message : ''));
	const type = html ? 'text/html' : 'text/plain';
	return {
		status,
		reason: phrase,
		headers: { ...(body.length > 0 && { 'content-type': type }), ...headers },
		body,
	};
}
