/*
 * AWS Signature Version 4 for S3, checked by signing the received request anew with AWS's own
 * signer and comparing. Takes the Authorization header and presigned URLs; refuses with S3's error
 * codes.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, timingSafeEqual } from 'node:crypto';
import { percentDecode, Refusal } from './server.js';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const HASH_HEADER = 'x-amz-content-sha256';
const UNSIGNED = 'UNSIGNED-PAYLOAD';
const SKEW_MS = 15 * 60 * 1000;
const LONGEST_SECONDS = 7 * 24 * 3600;
const AUTHORIZATION =
	/^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/;
const REQUIRED_QUERY = [
	'X-Amz-Credential',
	'X-Amz-Date',
	'X-Amz-Expires',
	'X-Amz-SignedHeaders',
	'X-Amz-Signature',
];

/**
 * Throws a Refusal unless the request is signed as it must be. Settings are { credentials, region },
 * now is in ms.
 */
export async function authenticate(request, settings, now) {
	const isPresigned = request.query.has('X-Amz-Algorithm');
	const claim = isPresigned ? readQuery(request.query) : readHeader(request.headers);
	const secret = checkScope(claim, settings);
	checkSignedHeaders(claim, request.headers);
	if (isPresigned) checkExpiry(claim, now);
	else checkSkew(claim, now);
	const credentials = { accessKeyId: claim.accessKeyId, secretAccessKey: secret };
	const sign = isPresigned ? presignAnew : signAnew;
	const expected = await sign(request, claim, { credentials, region: settings.region });
	if (!sameText(expected, claim.signature)) throw refuse(403, 'SignatureDoesNotMatch', MISMATCH);
	checkPayload(request);
}

const MISMATCH =
	'The request signature we calculated does not match the signature you provided. Check your key and signing method.';

function refuse(status, code, message, details = {}) {
	return new Refusal(status, { code, message, details });
}

function readHeader(headers) {
	if (headers.authorization === undefined) throw refuse(403, 'AccessDenied', 'Access Denied');
	const [, credential, signed, signature] = AUTHORIZATION.exec(headers.authorization) ?? [];
	if (!signature)
		throw refuse(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed.');
	if (headers[HASH_HEADER] === undefined)
		throw refuse(
			400,
			'InvalidRequest',
			`Missing required header for this request: ${HASH_HEADER}`,
		);
	const at = readDate(headers['x-amz-date']);
	if (at === null)
		throw refuse(
			403,
			'AccessDenied',
			'AWS authentication requires a valid Date or x-amz-date header',
		);
	return {
		...readCredential(credential, 'AuthorizationHeaderMalformed'),
		signed: signed.split(';'),
		signature,
		at,
	};
}

function readQuery(query) {
	const code = 'AuthorizationQueryParametersError';
	if (query.get('X-Amz-Algorithm') !== ALGORITHM)
		throw refuse(400, code, `X-Amz-Algorithm only supports "${ALGORITHM}"`);
	if (REQUIRED_QUERY.some((name) => !query.get(name)))
		throw refuse(
			400,
			code,
			`Query-string authentication version 4 requires ${REQUIRED_QUERY.join(', ')}.`,
		);
	const at = readDate(query.get('X-Amz-Date'));
	if (at === null)
		throw refuse(
			400,
			code,
			"X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
		);
	const seconds = query.get('X-Amz-Expires');
	if (!/^\d+$/.test(seconds) || Number(seconds) > LONGEST_SECONDS)
		throw refuse(400, code, 'X-Amz-Expires must be a number from 0 to 604800');
	return {
		...readCredential(query.get('X-Amz-Credential'), code),
		signed: query.get('X-Amz-SignedHeaders').split(';'),
		signature: query.get('X-Amz-Signature'),
		at,
		seconds: Number(seconds),
	};
}

function readCredential(text, code) {
	const parts = text.split('/');
	const [day, region, service, end] = parts.slice(-4);
	if (parts.length < 5 || !/^\d{8}$/.test(day) || service !== 's3' || end !== 'aws4_request')
		throw refuse(
			400,
			code,
			'The credential must be <key id>/<yyyyMMdd>/<region>/s3/aws4_request.',
		);
	return { accessKeyId: parts.slice(0, -4).join('/'), region, code };
}

function readDate(text = '') {
	const found = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '');
	if (!found) return null;
	const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
	return Date.UTC(year, month - 1, day, hour, minute, second);
}

function checkScope({ accessKeyId, region, code }, settings) {
	if (!Object.hasOwn(settings.credentials, accessKeyId))
		throw refuse(
			403,
			'InvalidAccessKeyId',
			'The AWS Access Key Id you provided does not exist in our records.',
			{
				AWSAccessKeyId: accessKeyId,
			},
		);
	if (region !== settings.region)
		throw refuse(400, code, `The region '${region}' is wrong; expecting '${settings.region}'`, {
			Region: settings.region,
		});
	return settings.credentials[accessKeyId];
}

function checkSignedHeaders({ signed }, headers) {
	const unsigned = Object.keys(headers).filter(
		(name) => name.startsWith('x-amz-') && !signed.includes(name),
	);
	if (!signed.includes('host')) unsigned.unshift('host');
	if (unsigned.length > 0)
		throw refuse(
			403,
			'AccessDenied',
			'There were headers present in the request which were not signed',
			{
				HeadersNotSigned: unsigned.join(', '),
			},
		);
}

function checkSkew({ at }, now) {
	if (Math.abs(now - at) > SKEW_MS)
		throw refuse(
			403,
			'RequestTimeTooSkewed',
			"The difference between the request time and the server's time is too large.",
			{
				RequestTime: new Date(at).toISOString(),
				ServerTime: new Date(now).toISOString(),
			},
		);
}

function checkExpiry({ at, seconds }, now) {
	if (at - now > SKEW_MS) throw refuse(403, 'AccessDenied', 'Request is not yet valid');
	if (now > at + seconds * 1000)
		throw refuse(403, 'AccessDenied', 'Request has expired', {
			'X-Amz-Expires': String(seconds),
			Expires: new Date(at + seconds * 1000).toISOString(),
			ServerTime: new Date(now).toISOString(),
		});
}

async function signAnew(request, { at, signed }, { credentials, region }) {
	const result = await signer(credentials, region).sign(signable(request, signed), {
		signingDate: new Date(at),
		signableHeaders: new Set(signed),
	});
	return AUTHORIZATION.exec(result.headers.authorization)[3];
}

async function presignAnew(request, { at, seconds, signed }, { credentials, region }) {
	const received = signable(request, signed);
	received.headers[HASH_HEADER] = claimedHash(request);
	/*
	 * The hash header only tells the signer the payload's hash; the client need not have sent or
	 * signed it.
	 */
	const hidden = signed.includes(HASH_HEADER) ? [] : [HASH_HEADER];
	const result = await signer(credentials, region).presign(received, {
		signingDate: new Date(at),
		expiresIn: seconds,
		signableHeaders: new Set(signed),
		unsignableHeaders: new Set(hidden),
		unhoistableHeaders: new Set([...signed, HASH_HEADER]),
	});
	return result.query['X-Amz-Signature'];
}

function signer(credentials, region) {
	return new SignatureV4({
		credentials,
		region,
		service: 's3',
		sha256: Sha256,
		uriEscapePath: false,
		applyChecksum: false,
	});
}

/**
 * The request in the signer's form: canonical path, decoded query, and of the headers those that
 * are signed.
 */
function signable({ method, target, query, headers }, signed) {
	const escape = (text) =>
		encodeURIComponent(text).replace(
			/[!'()*]/g,
			(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
		);
	const names = [...new Set(query.keys())].filter((name) => name !== 'X-Amz-Signature');
	const sent = signed.filter((name) => headers[name] !== undefined);
	return {
		method,
		protocol: 'http:',
		hostname: headers.host,
		path: target
			.split('/')
			.map((segment) => escape(percentDecode(segment)))
			.join('/'),
		query: Object.fromEntries(names.map((name) => [name, query.getAll(name)])),
		/* Node decodes header bytes as Latin-1; what was signed are the bytes. */
		headers: Object.fromEntries(
			sent.map((name) => [name, Buffer.from(headers[name], 'latin1').toString('utf8')]),
		),
	};
}

function claimedHash({ headers, query }) {
	return headers[HASH_HEADER] ?? query.get('X-Amz-Content-Sha256') ?? UNSIGNED;
}

function checkPayload(request) {
	const claimed = claimedHash(request);
	if (claimed === UNSIGNED) return;
	if (claimed.startsWith('STREAMING-'))
		throw refuse(501, 'NotImplemented', 'This server takes no aws-chunked bodies.');
	if (!/^[0-9a-f]{64}$/.test(claimed))
		throw refuse(
			400,
			'InvalidArgument',
			`${HASH_HEADER} must be ${UNSIGNED}, or a valid sha256 value.`,
		);
	const computed = createHash('sha256').update(request.body).digest('hex');
	if (claimed !== computed)
		throw refuse(
			400,
			'XAmzContentSHA256Mismatch',
			`The provided '${HASH_HEADER}' header does not match what was computed.`,
			{ ClientComputedContentSHA256: claimed, S3ComputedContentSHA256: computed },
		);
}

function sameText(a, b) {
	return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
