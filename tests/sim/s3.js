/*
 * An S3 server for tests that verifies the signature of every request with AWS's own signer.
 * Objects (PUT, GET with Range, HEAD, DELETE), ListObjectsV2, multipart uploads, HEAD of a bucket;
 * path-style and bucket.localhost addresses. What else S3 can do is answered with 501
 * NotImplemented.
 *
 * Control: GET /_sim/requests, GET /_sim/objects, POST /_sim/remove ({ key }), POST /_sim/reset, GET and POST /_sim/config. A
 * fault is set by { "fault": { "kind": K, "times": N, "method": M } }: the next N requests (with
 * method M, when given) meet it. K: internal (500), slow-down (503), denied (403), stall,
 * stall-body, reset, short (Content-Length above the body).
 *
 * node tests/sim/s3.js [--port N] [--host H] [--dir FOLDER] [--bucket NAME]
 */
import { createHash, randomBytes } from 'node:crypto';
import { authenticate } from './s3_auth.js';
import { ObjectStore, Uploads } from './s3_store.js';
import { isProgram, listen, percentDecode, Refusal, runProgram } from './server.js';
import { parseXml, XmlError } from './xml.js';

export const DEFAULT_CREDENTIALS = {
	accessKeyId: 'simS3AccessKey000001',
	secretAccessKey: 'simS3/Secret+Key0000000000000000000000001',
};
export const DEFAULT_BUCKET = 'voiceover';
export const DEFAULT_REGION = 'us-east-1';

const SMALLEST_PART = 5 * 1024 * 1024;
const MAX_KEY_BYTES = 1024;
const MAX_PART = 10_000;
const MAX_KEYS = 1000;
const STORED_HEADERS =
	/^(content-(type|disposition|encoding|language)|cache-control|expires|x-amz-meta-.+)$/;
/* Query parameters that choose no other operation. */
const PLAIN_QUERY =
	/^(x-(id|amz-.*)|response-.*|prefix|delimiter|max-keys|.*-token|start-after|encoding-type)$/i;

/*
 * Which operation a request means: method, target, and exactly the query parameters that choose it.
 */
const OPERATIONS = [
	['HEAD', 'bucket', [], () => ({ status: 200 })],
	['GET', 'bucket', ['list-type'], listObjects],
	['PUT', 'object', [], putObject],
	['GET', 'object', [], getObject],
	['HEAD', 'object', [], getObject],
	['DELETE', 'object', [], deleteObject],
	['POST', 'object', ['uploads'], createUpload],
	['PUT', 'object', ['partNumber', 'uploadId'], uploadPart],
	['POST', 'object', ['uploadId'], completeUpload],
	['DELETE', 'object', ['uploadId'], abortUpload],
];

const FAULTS = {
	internal: {
		refuse: [500, 'InternalError', 'We encountered an internal error. Please try again.'],
	},
	'slow-down': { refuse: [503, 'SlowDown', 'Please reduce your request rate.'] },
	denied: { refuse: [403, 'AccessDenied', 'Access Denied'] },
	stall: { delivery: 'stall' },
	'stall-body': { delivery: 'stallBody' },
	reset: { delivery: 'reset' },
	short: { delivery: 'short' },
};

/**
 * Options: host, port, dir (folder for the objects, else memory), bucket, region, credentials
 * ({ accessKeyId: secret, ... }), now (the clock, in ms).
 */
export function start({
	dir = null,
	bucket = DEFAULT_BUCKET,
	region = DEFAULT_REGION,
	credentials = { [DEFAULT_CREDENTIALS.accessKeyId]: DEFAULT_CREDENTIALS.secretAccessKey },
	now = Date.now,
	...where
} = {}) {
	const config = { buckets: [bucket], region, credentials, fault: null, sendContinue: true };
	const sim = { config, now, store: new ObjectStore(dir), uploads: new Uploads() };
	const app = {
		name: 's3',
		config,
		keyOf: ({ headers, query }) =>
			(headers.authorization ?? query.get('X-Amz-Credential'))
				?.replace(/^.*Credential=/, '')
				.split('/')[0] ?? null,
		answer: (request) => answer(sim, request),
		explain,
		validate: checkFault,
		control: [
			['GET', '/_sim/objects', () => sim.store.list()],
			['POST', '/_sim/remove', ({ body }) => sim.store.delete(bucket, JSON.parse(body).key) ?? {}],
		],
		reset() {
			sim.store.clear();
			sim.uploads.clear();
		},
	};
	return listen(app, where);
}

function refuse(status, code, message, details = {}) {
	return new Refusal(status, { code, message, details });
}

/* ---- from request to operation ---- */

async function answer(sim, request) {
	const fault = dueFault(sim.config, request.method);
	if (fault?.refuse) throw refuse(...fault.refuse);
	checkLength(request);
	await authenticate(request, sim.config, sim.now());
	const { bucket, key } = locate(sim.config, request);
	if (!sim.config.buckets.includes(bucket))
		throw refuse(404, 'NoSuchBucket', 'The specified bucket does not exist', {
			BucketName: bucket,
		});
	if (Buffer.byteLength(key) > MAX_KEY_BYTES)
		throw refuse(400, 'KeyTooLongError', 'Your key is too long');
	const done = choose(
		request,
		key === '' ? 'bucket' : 'object',
	)({ ...sim, request, bucket, key });
	return { ...done, headers: { ...newIds(), ...done.headers }, delivery: fault?.delivery };
}

function checkFault({ fault }) {
	if (fault && !(Object.hasOwn(FAULTS, fault.kind) && fault.times > 0))
		throw new Error(`a fault needs times, and a kind of ${Object.keys(FAULTS).join(', ')}`);
}

function dueFault(config, method) {
	const { fault } = config;
	if (!fault || fault.times <= 0 || (fault.method && fault.method !== method)) return null;
	fault.times--;
	return FAULTS[fault.kind];
}

/* S3 decodes no chunked transfer, and wants a length wherever there can be a body. */
function checkLength({ method, headers }) {
	if (headers['transfer-encoding'] !== undefined)
		throw refuse(
			501,
			'NotImplemented',
			'A header you provided implies functionality that is not implemented',
			{
				Header: 'Transfer-Encoding',
			},
		);
	if (method === 'PUT' && headers['content-length'] === undefined)
		throw refuse(
			411,
			'MissingContentLength',
			'You must provide the Content-Length HTTP header.',
		);
}

function locate({ buckets }, { target, headers }) {
	const host = (headers.host ?? '').replace(/:\d+$/, '');
	const path = percentDecode(target.slice(1));
	const named = buckets.find((bucket) => host === `${bucket}.localhost`);
	if (named) return { bucket: named, key: path };
	const slash = path.indexOf('/');
	return slash < 0
		? { bucket: path, key: '' }
		: { bucket: path.slice(0, slash), key: path.slice(slash + 1) };
}

function choose({ method, query, headers }, target) {
	const given = [...query.keys()].filter((name) => !PLAIN_QUERY.test(name));
	const operation = OPERATIONS.find(
		([verb, on, names]) =>
			verb === method &&
			on === target &&
			names.length === given.length &&
			names.every((name) => given.includes(name)),
	);
	if (!operation || headers['x-amz-copy-source'] !== undefined)
		throw refuse(501, 'NotImplemented', 'This server does not implement the operation.');
	return operation[3];
}

/* ---- objects ---- */

function putObject({ store, request, bucket, key }) {
	checkMd5(request);
	const { etag } = store.put(
		{
			bucket,
			key,
			headers: storedHeaders(request.headers),
			etag: `"${md5(request.body, 'hex')}"`,
		},
		request.body,
	);
	return { status: 200, headers: { etag } };
}

function storedHeaders(headers) {
	const kept = Object.entries(headers).filter(([name]) => STORED_HEADERS.test(name));
	return { 'content-type': 'binary/octet-stream', ...Object.fromEntries(kept) };
}

function checkMd5({ headers, body }) {
	const claimed = headers['content-md5'];
	if (claimed !== undefined && claimed !== md5(body, 'base64'))
		throw refuse(
			400,
			'BadDigest',
			'The Content-MD5 you specified did not match what we received.',
		);
}

function md5(bytes, encoding) {
	return createHash('md5').update(bytes).digest(encoding);
}

function getObject({ store, request, bucket, key }) {
	const object = store.get(bucket, key);
	if (!object) throw refuse(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
	const headers = {
		'access-control-allow-origin': '*', /* the bucket's CORS rule */
		...object.headers,
		...overrides(request.query),
		etag: object.etag,
		'last-modified': new Date(object.modified).toUTCString(),
		'accept-ranges': 'bytes',
	};
	const range = readRange(request.headers.range, object.size);
	if (!range) return { status: 200, headers, body: object.bytes };
	headers['content-range'] = `bytes ${range.first}-${range.last}/${object.size}`;
	return { status: 206, headers, body: object.bytes.subarray(range.first, range.last + 1) };
}

/** response-content-type=… and its like replace headers of the answer. */
function overrides(query) {
	const given = [...query].filter(([name]) => name.startsWith('response-'));
	return Object.fromEntries(
		given.map(([name, value]) => [name.slice('response-'.length), value]),
	);
}

/**
 * { first, last }, or null for the whole object: no Range header, or one that is not a single range
 * of bytes.
 */
function readRange(header, size) {
	const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
	if (from === undefined || (from === '' && to === '')) return null;
	const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
	const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
	if (first >= size || (from === '' && Number(to) === 0))
		throw refuse(416, 'InvalidRange', 'The requested range is not satisfiable', {
			ActualObjectSize: String(size),
		});
	return first <= last ? { first, last } : null;
}

function deleteObject({ store, bucket, key }) {
	store.delete(bucket, key);
	return { status: 204 };
}

function listObjects({ store, request: { query }, bucket }) {
	const prefix = query.get('prefix') ?? '';
	const delimiter = query.get('delimiter') ?? '';
	const max = Math.min(Number(query.get('max-keys') ?? MAX_KEYS), MAX_KEYS);
	const after = readToken(query.get('continuation-token')) ?? query.get('start-after') ?? '';
	const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text) => text;
	const matching = store.list(bucket).filter(({ key }) => key.startsWith(prefix));
	const groups = groupKeys(matching, prefix, delimiter).filter(({ name }) => name > after);
	const page = groups.slice(0, max);
	const isTruncated = groups.length > page.length;
	return xml(200, 'ListBucketResult', [
		['Name', bucket],
		['Prefix', encode(prefix)],
		...(delimiter ? [['Delimiter', encode(delimiter)]] : []),
		['KeyCount', page.length],
		['MaxKeys', max],
		['IsTruncated', isTruncated],
		...(isTruncated
			? [['NextContinuationToken', Buffer.from(page.at(-1).name).toString('base64url')]]
			: []),
		...page.map((group) =>
			group.object
				? describeObject(group.object, encode)
				: ['CommonPrefixes', [['Prefix', encode(group.name)]]],
		),
	]);
}

function readToken(token) {
	return token === null ? null : Buffer.from(token, 'base64url').toString('utf8');
}

/** Keys that go on behind the delimiter become one group under their common prefix. */
function groupKeys(objects, prefix, delimiter) {
	const groups = new Map();
	for (const object of objects) {
		const cut = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
		const name = cut < 0 ? object.key : object.key.slice(0, cut + delimiter.length);
		groups.set(name, { name, object: cut < 0 ? object : null });
	}
	return [...groups.values()];
}

function describeObject({ key, modified, etag, size }, encode) {
	return [
		'Contents',
		[
			['Key', encode(key)],
			['LastModified', modified],
			['ETag', etag],
			['Size', size],
			['StorageClass', 'STANDARD'],
		],
	];
}

/* ---- multipart uploads ---- */

function createUpload({ uploads, request, bucket, key }) {
	const id = uploads.create({ bucket, key, headers: storedHeaders(request.headers) });
	return xml(200, 'InitiateMultipartUploadResult', [
		['Bucket', bucket],
		['Key', key],
		['UploadId', id],
	]);
}

function findUpload({ uploads, request, bucket, key }) {
	const upload = uploads.get(request.query.get('uploadId'), bucket, key);
	if (!upload) throw refuse(404, 'NoSuchUpload', 'The specified upload does not exist.');
	return upload;
}

function uploadPart(call) {
	const { request } = call;
	const number = Number(request.query.get('partNumber'));
	const upload = findUpload(call);
	if (!Number.isInteger(number) || number < 1 || number > MAX_PART)
		throw refuse(
			400,
			'InvalidArgument',
			`Part number must be an integer between 1 and ${MAX_PART}, inclusive`,
		);
	checkMd5(request);
	const etag = `"${md5(request.body, 'hex')}"`;
	upload.parts.set(number, { etag, bytes: request.body });
	return { status: 200, headers: { etag } };
}

function completeUpload(call) {
	const { store, uploads, request, bucket, key } = call;
	const upload = findUpload(call);
	const listed = readParts(request.body);
	if (listed.some(({ number }, i) => i > 0 && number <= listed[i - 1].number))
		throw refuse(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
	const parts = listed.map(({ number, etag }) => {
		const part = upload.parts.get(number);
		if (!part || part.etag.replaceAll('"', '') !== etag.replaceAll('"', ''))
			throw refuse(
				400,
				'InvalidPart',
				'One or more of the specified parts could not be found.',
				{ PartNumber: String(number) },
			);
		return part;
	});
	if (parts.slice(0, -1).some(({ bytes }) => bytes.length < SMALLEST_PART))
		throw refuse(
			400,
			'EntityTooSmall',
			'Your proposed upload is smaller than the minimum allowed size',
		);
	const hashes = Buffer.concat(
		parts.map(({ bytes }) => createHash('md5').update(bytes).digest()),
	);
	const etag = `"${md5(hashes, 'hex')}-${parts.length}"`;
	store.put(
		{ bucket, key, headers: upload.headers, etag },
		Buffer.concat(parts.map(({ bytes }) => bytes)),
	);
	uploads.end(request.query.get('uploadId'));
	return xml(200, 'CompleteMultipartUploadResult', [
		['Bucket', bucket],
		['Key', key],
		['ETag', etag],
	]);
}

function readParts(body) {
	try {
		const isPart = (child) => child.name === 'Part';
		const parts = parseXml(body.toString('utf8'))
			.children.filter(isPart)
			.map(({ children }) => {
				const text = (name) =>
					children.find((child) => child.name === name).children.join('');
				return { number: Number(text('PartNumber')), etag: text('ETag') };
			});
		if (parts.length > 0) return parts;
	} catch (error) {
		if (!(error instanceof XmlError || error instanceof TypeError)) throw error;
	}
	throw refuse(
		400,
		'MalformedXML',
		'The XML you provided was not well-formed or did not validate against our schema',
	);
}

function abortUpload(call) {
	findUpload(call);
	call.uploads.end(call.request.query.get('uploadId'));
	return { status: 204 };
}

/* ---- answers ---- */

function newIds() {
	return {
		'x-amz-request-id': randomBytes(8).toString('hex').toUpperCase(),
		'x-amz-id-2': randomBytes(32).toString('base64'),
	};
}

function explain({ status, code = 'InternalError', message, details = {} }) {
	const ids = newIds();
	const fields = [
		['Code', code],
		['Message', message],
		...Object.entries(details),
		['RequestId', ids['x-amz-request-id']],
		['HostId', ids['x-amz-id-2']],
	];
	const { headers, body } = xml(status, 'Error', fields);
	return { status, headers: { ...headers, ...ids }, body };
}

function xml(status, root, fields) {
	const text = `<?xml version="1.0" encoding="UTF-8"?>\n${element([root, fields])}`;
	return { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) };
}

function element([name, content]) {
	const inside = Array.isArray(content)
		? content.map(element).join('')
		: escapeXml(String(content));
	return `<${name}>${inside}</${name}>`;
}

function escapeXml(text) {
	return text.replace(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

if (isProgram(import.meta.url))
	await runProgram('s3', start, { dir: { type: 'string' }, bucket: { type: 'string' } });
