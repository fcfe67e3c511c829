/*
 * S3: objects, lists, multipart uploads, faults; above all which signatures are accepted and
 * refused.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import * as s3 from '../s3.js';
import { call } from './tools.js';

describe('S3', () => {
	let sim;
	const { accessKeyId, secretAccessKey } = s3.DEFAULT_CREDENTIALS;
	before(async () => {
		sim = await s3.start();
	});
	beforeEach(() => sim.reset());
	after(() => sim.close());

	function signer(credentials = {}, region = s3.DEFAULT_REGION) {
		const identity = { accessKeyId, secretAccessKey, ...credentials };
		return new SignatureV4({
			credentials: identity,
			region,
			service: 's3',
			sha256: Sha256,
			uriEscapePath: false,
		});
	}

	function unsigned(method, path, { query = {}, headers = {}, body = '', host } = {}) {
		return {
			method,
			protocol: 'http:',
			hostname: '127.0.0.1',
			path,
			query,
			headers: {
				host: host ?? `127.0.0.1:${sim.port}`,
				'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
				...(method === 'PUT' && {
					'content-length': String(Buffer.byteLength(body)),
				}),
				...headers,
			},
			body,
		};
	}

	function send({ method, path, query, headers, body }) {
		const encode = (text) =>
			encodeURIComponent(text).replace(
				/[!'()*]/g,
				(c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
			);
		const search = Object.entries(query).map(
			([name, value]) => `${encode(name)}=${encode(value)}`,
		);
		const target = search.length > 0 ? `${path}?${search.join('&')}` : path;
		const url = `http://127.0.0.1:${sim.port}${target}`;
		return call(url, { method, headers, body });
	}

	async function signed(method, path, options = {}, signWith = {}) {
		return send(
			await signer(options.credentials, options.region).sign(
				unsigned(method, path, options),
				signWith,
			),
		);
	}

	function code({ status, bytes }) {
		return [status, /<Code>(\w+)<\/Code>/.exec(bytes)?.[1]];
	}

	it('stores, reads, lists and deletes objects', async () => {
		const path = '/voiceover/voice-output/u%201/caf%C3%A9%2B%28a%29.mp3';
		const headers = {
			'content-type': 'audio/mpeg',
			'x-amz-meta-a': '1',
			'x-amz-meta-a-b': '2',
		};
		const put = await signed('PUT', path, { body: 'twelve bytes', headers });
		assert.equal(put.status, 200);
		assert.equal(
			put.headers.etag,
			`"${createHash('md5').update('twelve bytes').digest('hex')}"`,
		);
		const got = await signed('GET', path);
		assert.deepEqual(
			[got.bytes.toString(), got.headers['content-type'], got.headers['x-amz-meta-a-b']],
			['twelve bytes', 'audio/mpeg', '2'],
		);
		const range = await signed('GET', path, { headers: { range: 'bytes=7-100' } });
		assert.deepEqual(
			[range.status, range.bytes.toString(), range.headers['content-range']],
			[206, 'bytes', 'bytes 7-11/12'],
		);
		assert.deepEqual(code(await signed('GET', path, { headers: { range: 'bytes=12-' } })), [
			416,
			'InvalidRange',
		]);
		const head = await signed('HEAD', path);
		assert.deepEqual(
			[head.status, head.headers['content-length'], head.bytes.length],
			[200, '12', 0],
		);
		const listed = (
			await signed('GET', '/voiceover', {
				query: { 'list-type': '2', prefix: 'voice-output/' },
			})
		).bytes.toString();
		assert.match(listed, /<Key>voice-output\/u 1\/café\+\(a\)\.mp3<\/Key>/);
		assert.match(listed, /<KeyCount>1</);
		assert.equal((await call(`http://127.0.0.1:${sim.port}/_sim/objects`)).json()[0].size, 12);
		assert.equal((await signed('DELETE', path)).status, 204);
		assert.deepEqual(code(await signed('GET', path)), [404, 'NoSuchKey']);
	});

	it('pages lists and groups them by delimiter', async () => {
		for (const key of ['a/1', 'a/2', 'b', 'c'])
			await signed('PUT', `/voiceover/${key}`, { body: key });
		const list = async (query) =>
			(
				await signed('GET', '/voiceover', {
					query: { 'list-type': '2', ...query },
				})
			).bytes.toString();
		const first = await list({ delimiter: '/', 'max-keys': '2' });
		assert.match(
			first,
			/<Contents><Key>b<.*<CommonPrefixes><Prefix>a\/<|<CommonPrefixes><Prefix>a\/<.*<Key>b</s,
		);
		const token = /<NextContinuationToken>([^<]+)/.exec(first)[1];
		const second = await list({ delimiter: '/', 'continuation-token': token });
		assert.deepEqual(
			[...second.matchAll(/<Key>(\w+)</g)].map(([, key]) => key),
			['c'],
		);
	});

	it('takes virtual-host addresses and knows its buckets', async () => {
		const host = `voiceover.localhost:${sim.port}`;
		assert.equal((await signed('PUT', '/key', { host, body: 'x' })).status, 200);
		assert.equal((await signed('GET', '/voiceover/key')).bytes.toString(), 'x');
		assert.equal((await signed('HEAD', '/', { host })).status, 200);
		assert.equal((await signed('HEAD', '/voiceover')).status, 200);
		assert.equal((await signed('HEAD', '/nothing')).status, 404);
		assert.deepEqual(code(await signed('GET', '/voiceover/key', { query: { acl: '' } })), [
			501,
			'NotImplemented',
		]);
	});

	it('refuses whatever was changed after signing', async () => {
		const options = { body: 'sound', headers: { 'content-type': 'audio/mpeg' } };
		const changes = {
			signature: (request) => {
				const { authorization } = request.headers;
				request.headers.authorization =
					authorization.slice(0, -1) + (authorization.endsWith('0') ? '1' : '0');
			},
			path: (request) => (request.path += 'x'),
			method: (request) => (request.method = 'DELETE'),
			query: (request) => (request.query.prefix = 'a'),
			type: (request) => (request.headers['content-type'] = 'audio/mpeG'),
			host: (request) => (request.headers.host = `localhost:${sim.port}`),
		};
		for (const [name, change] of Object.entries(changes)) {
			const request = await signer().sign(unsigned('PUT', '/voiceover/key', options));
			change(request);
			assert.deepEqual(code(await send(request)), [403, 'SignatureDoesNotMatch'], name);
		}
		const request = await signer().sign(unsigned('PUT', '/voiceover/key', options));
		assert.deepEqual(code(await send({ ...request, body: 'sounD' })), [
			400,
			'XAmzContentSHA256Mismatch',
		]);
		const added = {
			...request,
			headers: { ...request.headers, 'x-amz-acl': 'public-read' },
		};
		assert.deepEqual(code(await send(added)), [403, 'AccessDenied']);
		assert.equal((await send(request)).status, 200);
	});

	it('refuses wrong credentials, regions, clocks and missing parts', async () => {
		const now = Date.now();
		const path = '/voiceover/key';
		const cases = [
			[
				signed('GET', path, { credentials: { secretAccessKey: 'wrong' } }),
				403,
				'SignatureDoesNotMatch',
			],
			[
				signed('GET', path, { credentials: { accessKeyId: 'nobody' } }),
				403,
				'InvalidAccessKeyId',
			],
			[signed('GET', path, { region: 'eu-west-1' }), 400, 'AuthorizationHeaderMalformed'],
			[
				signed('GET', path, {}, { signingDate: new Date(now - 16 * 60_000) }),
				403,
				'RequestTimeTooSkewed',
			],
			[
				signed('GET', path, {}, { signingDate: new Date(now + 16 * 60_000) }),
				403,
				'RequestTimeTooSkewed',
			],
			[
				signed('GET', '/voiceover/none', {}, { signingDate: new Date(now - 14 * 60_000) }),
				404,
				'NoSuchKey',
			],
			[send(unsigned('GET', path)), 403, 'AccessDenied'],
			[
				signed('PUT', path, {
					body: 'x',
					headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' },
				}),
				400,
				'BadDigest',
			],
			[
				signed('PUT', path, {
					body: 'x',
					headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
				}),
				200,
				undefined,
			],
		];
		for (const [answer, status, error] of cases)
			assert.deepEqual(code(await answer), [status, error]);
		const request = await signer().sign(unsigned('GET', path));
		delete request.headers['x-amz-content-sha256'];
		assert.deepEqual(code(await send(request)), [400, 'InvalidRequest']);
	});

	it('refuses bodies without a length', async () => {
		const chunked = await signer().sign(unsigned('PUT', '/voiceover/key', { body: 'x' }));
		delete chunked.headers['content-length'];
		assert.deepEqual(
			code(
				await send({
					...chunked,
					headers: {
						...chunked.headers,
						'transfer-encoding': 'chunked',
					},
				}),
			),
			[501, 'NotImplemented'],
		);
		const socketless = http.request({
			host: '127.0.0.1',
			port: sim.port,
			method: 'PUT',
			path: '/voiceover/key',
			headers: chunked.headers,
		});
		socketless.useChunkedEncodingByDefault = false;
		socketless.end();
		const [response] = await once(socketless, 'response');
		response.resume();
		assert.equal(response.statusCode, 411);
	});

	it('verifies presigned URLs and their time', async () => {
		await signed('PUT', '/voiceover/a%20b.mp3', { body: 'sound' });
		const presign = async ({ ago = 0, query = {}, expiresIn = 60 } = {}) => {
			const request = unsigned('GET', '/voiceover/a%20b.mp3', {
				query,
				headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
			});
			const hidden = new Set(['x-amz-content-sha256']);
			const options = {
				expiresIn,
				unsignableHeaders: hidden,
				unhoistableHeaders: hidden,
				signingDate: new Date(Date.now() - ago),
			};
			const { headers, ...signedRequest } = await signer().presign(request, options);
			return { ...signedRequest, headers: { host: headers.host } };
		};
		const good = await presign({
			query: { 'response-content-disposition': 'attachment; filename="a b.mp3"' },
		});
		const answer = await send(good);
		assert.deepEqual([answer.status, answer.bytes.toString()], [200, 'sound']);
		assert.equal(answer.headers['content-disposition'], 'attachment; filename="a b.mp3"');
		const flipped = good.query['X-Amz-Signature'].replace(/.$/, (digit) =>
			digit === '0' ? '1' : '0',
		);
		assert.deepEqual(
			code(
				await send({
					...good,
					query: { ...good.query, 'X-Amz-Signature': flipped },
				}),
			),
			[403, 'SignatureDoesNotMatch'],
		);
		assert.deepEqual(
			code(
				await send({
					...good,
					query: { ...good.query, 'X-Amz-Expires': '61' },
				}),
			),
			[403, 'SignatureDoesNotMatch'],
		);
		const expired = await send(await presign({ ago: 61_000 }));
		assert.deepEqual(code(expired), [403, 'AccessDenied']);
		assert.match(expired.bytes.toString(), /Request has expired/);
		assert.deepEqual(code(await send(await presign({ ago: -16 * 60_000 }))), [
			403,
			'AccessDenied',
		]);
		assert.equal((await send(await presign({ ago: 50_000 }))).status, 200);
	});

	it('puts multipart uploads together', async () => {
		const path = '/voiceover/long.mp3';
		const id = /<UploadId>(\w+)/.exec(
			(await signed('POST', path, { query: { uploads: '' } })).bytes,
		)[1];
		const big = Buffer.alloc(5 * 1024 * 1024, 'a');
		const parts = [];
		for (const [i, body] of [big, Buffer.from('end')].entries())
			parts.push(
				(
					await signed('PUT', path, {
						body,
						query: { partNumber: String(i + 1), uploadId: id },
					})
				).headers.etag,
			);
		const complete = (order) => {
			const listed = order.map((n) => {
				const etag = parts[n - 1].replaceAll('"', '&quot;');
				return `<Part><PartNumber>${n}</PartNumber><ETag>${etag}</ETag></Part>`;
			});
			const body = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`;
			return signed('POST', path, { body, query: { uploadId: id } });
		};
		assert.deepEqual(code(await complete([2, 1])), [400, 'InvalidPartOrder']);
		assert.match(
			(await complete([1, 2])).bytes.toString(),
			/<ETag>&#34;[0-9a-f]{32}-2&#34;<\/ETag>/,
		);
		assert.deepEqual(
			(await signed('GET', path)).bytes,
			Buffer.concat([big, Buffer.from('end')]),
		);
		assert.deepEqual(code(await complete([1, 2])), [404, 'NoSuchUpload']);
		const other = /<UploadId>(\w+)/.exec(
			(await signed('POST', path, { query: { uploads: '' } })).bytes,
		)[1];
		assert.equal((await signed('DELETE', path, { query: { uploadId: other } })).status, 204);
	});

	it('meets the faults it is told, as often as told', async () => {
		const tell = (fault) =>
			call(`http://127.0.0.1:${sim.port}/_sim/config`, {
				method: 'POST',
				body: JSON.stringify({ fault }),
			});
		await tell({ kind: 'slow-down', times: 2, method: 'PUT' });
		assert.equal((await signed('GET', '/voiceover/key')).status, 404);
		for (const want of [
			[503, 'SlowDown'],
			[503, 'SlowDown'],
			[200, undefined],
		])
			assert.deepEqual(
				code(
					await signed('PUT', '/voiceover/key', {
						body: 'x'.repeat(1000),
					}),
				),
				want,
			);
		await tell({ kind: 'reset', times: 1 });
		await assert.rejects(signed('GET', '/voiceover/key'), { code: 'ECONNRESET' });
		assert.equal((await signed('GET', '/voiceover/key')).status, 200);
		assert.equal((await tell({ kind: 'nonsense', times: 1 })).status, 400);
	});

	it('keeps objects in a folder when given one', async () => {
		const dir = mkdtempSync(join(tmpdir(), 'sim-s3-'));
		const usual = sim;
		try {
			sim = await s3.start({ dir });
			await signed('PUT', '/voiceover/key', { body: 'kept' });
			await sim.close();
			sim = await s3.start({ dir });
			assert.equal((await signed('GET', '/voiceover/key')).bytes.toString(), 'kept');
			await sim.close();
		} finally {
			sim = usual;
			rmSync(dir, { recursive: true });
		}
	});
});
