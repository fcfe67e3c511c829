/* What nginx does around the API: TLS, headers, limits, CORS, static files, and answers when nobody else can. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { node } from './client.js';
import { childrenOf } from './part.js';
import { ERROR, assertShape } from './shapes.js';
import { Stack } from './stack.js';
import { until } from './until.js';

const APP = 'https://app.example.org';
const ADMIN = 'https://admin.example.org:8443';
const REQUEST_ID = /^[0-9a-f]{32}$/;

const SECURITY_HEADERS = {
	'strict-transport-security': /^max-age=\d{7,}/,
	'x-content-type-options': /^nosniff$/,
	'referrer-policy': /^no-referrer$/,
	'cross-origin-opener-policy': /^same-origin$/,
	'cross-origin-resource-policy': /^same-origin$/,
	'permissions-policy': /camera=\(\)/,
	'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
};

function assertJsonError(answer, status) {
	assert.equal(answer.status, status, answer.text);
	assert.match(answer.headers['content-type'], /^application\/json/);
	assertShape(ERROR, answer.body);
	assert.match(answer.headers['x-request-id'], REQUEST_ID);
}

/* Status and headers of a request over plain HTTP. */
function plain(url) {
	return new Promise((done, fail) => {
		request(url, (res) => res.resume().on('end', () => done({ status: res.statusCode, headers: res.headers })))
			.on('error', fail)
			.end();
	});
}

/* An answer to bytes that are no request that the client could send. */
async function exchanged(client, bytes) {
	const text = await client.exchange(bytes);
	const [head, body] = text.split('\r\n\r\n');
	const headers = Object.fromEntries(
		head.split('\r\n').slice(1).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
	);
	return { status: Number(text.split(' ')[1]), headers, text: body, body: JSON.parse(body) };
}

describe('the edge', () => {
	let stack, client, user;
	before(async () => {
		stack = await Stack.start({ env: { CORS_ORIGIN: `${APP}, ${ADMIN}` } });
		client = stack.client;
		user = await stack.user();
	});
	after(() => stack.stop());

	const admin = (statement) => {
		const url = stack.info.databaseUrl.replace('/voiceover?', '/postgres?');
		return promisify(execFile)('psql', ['-XqAt', '-d', url, '-c', statement]);
	};

	describe('plain HTTP', () => {
		test('is sent to the same place with TLS', async () => {
			for (const from of [stack.info.httpUrl, stack.info.url.replace('https:', 'http:')])
				for (const path of ['/', '/api/health?a=b%20c', '/nowhere']) {
					const { status, headers } = await plain(from + path);
					assert.deepEqual([status, headers.location], [308, stack.info.url + path]);
					assert.match(headers['x-request-id'], REQUEST_ID);
				}
		});
	});

	describe('headers', () => {
		const pages = { '/': 200, '/favicon.svg': 200, '/workflows/x': 200, '/nowhere': 404, '/api/health': 200, '/api/auth/me': 401, '/api/nowhere': 404 };
		for (const [path, status] of Object.entries(pages))
			test(`secure ${path}`, async () => {
				const answer = await client.get(path);
				assert.equal(answer.status, status);
				for (const [name, pattern] of Object.entries(SECURITY_HEADERS)) assert.match(answer.headers[name] ?? '', pattern, name);
				assert.doesNotMatch(answer.headers['content-security-policy'], /unsafe-|\*/);
				assert.doesNotMatch(answer.headers.server, /\d/);
				assert.equal(answer.headers['x-powered-by'], undefined);
			});

		test('X-Request-Id is new for every answer, and the one of the records', async () => {
			const own = 'f'.repeat(32);
			const answers = await Promise.all(
				Object.keys(pages).map((path) => client.get(path, { headers: { 'X-Request-Id': own, 'Request-Id': own } })),
			);
			const ids = answers.map(({ headers }) => headers['x-request-id']);
			assert.equal(new Set([...ids, own]).size, answers.length + 1);
			for (const id of ids) assert.match(id, REQUEST_ID);
			const saved = await user.post('/api/settings/keys', { service: 'openai', key: 'a-key-0123456789' });
			const recorded = await stack.sql("SELECT request_id FROM audit_log WHERE action = 'api_key.save'");
			assert.equal(recorded, saved.headers['x-request-id']);
		});

		test('large JSON is compressed for who takes it', async () => {
			const id = await user.workflow([node('a', 'manual-trigger', { text: 'x'.repeat(20_000) })]);
			const squeezed = await user.get(`/api/workflows/${id}`, { headers: { 'Accept-Encoding': 'gzip' } });
			assert.equal(squeezed.headers['content-encoding'], 'gzip');
			assert.match(squeezed.headers.vary, /Accept-Encoding/);
			const straight = await user.get(`/api/workflows/${id}`);
			assert.equal(straight.headers['content-encoding'], undefined);
			assert.deepEqual(squeezed.body, straight.body);
		});
	});

	describe('static files', () => {
		const types = { '/': 'text/html', '/settings/keys': 'text/html', '/favicon.svg': 'image/svg+xml' };
		for (const [path, type] of Object.entries(types))
			test(path, async () => {
				const answer = await client.get(path);
				assert.equal(answer.status, 200);
				assert.ok(answer.headers['content-type'].startsWith(type), answer.headers['content-type']);
				assert.equal(answer.headers['cache-control'], 'no-cache');
				const again = await client.get(path, { headers: { 'If-None-Match': answer.headers.etag } });
				assert.deepEqual([again.status, again.text], [304, '']);
				const head = await client.send('HEAD', path);
				assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(Buffer.byteLength(answer.text))]);
			});

		test('what a page loads is named by its hash and kept for good', async () => {
			const { text } = await client.get('/');
			const loaded = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
			const names = new Set(loaded.map((path) => path.replace(/-[0-9A-Z]{8}\./, '-HASH.')));
			assert.deepEqual([...names].sort(), ['/assets/chunk-HASH.js', '/assets/main-HASH.css', '/assets/main-HASH.js']);
			for (const path of loaded) {
				const answer = await client.get(path, { headers: { 'Accept-Encoding': 'gzip' } });
				assert.equal(answer.status, 200);
				assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
				if (answer.text.length > 1024) assert.equal(answer.headers['content-encoding'], 'gzip');
				assert.match(answer.headers['content-type'], path.endsWith('.js') ? /^application\/javascript/ : /^text\/css/);
			}
			assert.notEqual((await client.get('/assets/main-00000000.js')).headers['cache-control'], 'public, max-age=31536000, immutable');
		});

		test('answers of the API are not stored', async () => {
			for (const path of ['/api/health', '/api/auth/me', '/api/nowhere'])
				assert.equal((await client.get(path)).headers['cache-control'], 'no-store', path);
		});

		test('a missing page is a page for a browser, JSON for everybody else', async () => {
			const page = await client.get('/nowhere', { headers: { Accept: 'text/html,*/*' } });
			assert.equal(page.status, 404);
			assert.match(page.headers['content-type'], /^text\/html/);
			assertJsonError(await client.get('/nowhere'), 404);
		});
	});

	describe('an answer of nginx itself is JSON', () => {
		const lost = [
			'/api',
			'/api/',
			'/api/nowhere',
			'/api/auth/login/',
			'/API/health',
			'/.error',
			'/404.html',
			'/.git/config',
			'/%2e%2e/%2e%2e/etc/passwd',
		];
		for (const path of lost)
			test(`404: ${path}`, async () => {
				const answer = await client.get(path);
				assert.ok([400, 404].includes(answer.status), answer.text);
				assertJsonError(answer, answer.status);
			});

		test('405 of a page, with what it takes', async () => {
			for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
				const answer = await client.send(method, '/');
				assertJsonError(answer, 405);
				assert.equal(answer.headers.allow, 'GET, HEAD');
			}
		});

		test('413 of a page', async () => {
			stack.expectLog(/client intended to send too large body/);
			assertJsonError(await client.send('POST', '/', { raw: Buffer.alloc(6 * 1024 * 1024) }), 413);
		});

		const broken = {
			'400: no host': [400, 'GET / HTTP/1.1\r\n\r\n'],
			'400: no request': [400, 'Hello, is there anybody?\r\n\r\n'],
			'400: NUL in the path': [400, 'GET /api/%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
			'405: TRACE': [405, 'TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
			'414: a long address': [414, `GET /${'x'.repeat(10_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
			'431: a long header': [431, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`],
		};
		for (const [what, [status, bytes]] of Object.entries(broken))
			test(what, async () => assertJsonError(await exchanged(client, bytes), status));
	});

	describe('CORS', () => {
		const fromOrigin = (path, origin) => user.get(path, { headers: { Origin: origin } });
		const preflight = (path, origin) =>
			client.send('OPTIONS', path, { headers: { Origin: origin, 'Access-Control-Request-Method': 'PUT' } });

		test('an origin of the list may read every answer', async () => {
			for (const origin of [APP, ADMIN])
				for (const path of ['/api/workflows', '/api/health', '/api/nowhere']) {
					const { headers } = await fromOrigin(path, origin);
					assert.equal(headers['access-control-allow-origin'], origin);
					assert.match(headers['access-control-expose-headers'], /X-Request-Id/);
					assert.match(headers.vary, /Origin/);
				}
		});

		test('nor is an answer of nginx itself kept from it', async () => {
			stack.expectLog(/client intended to send too large body/);
			const large = { raw: Buffer.alloc(6 * 1024 * 1024) };
			const answers = async (origin) => [
				await user.get('/nowhere', { headers: { Origin: origin } }),
				await user.send('POST', '/api/workflows', { ...large, headers: { Origin: origin } }),
			];
			for (const origin of [APP, ADMIN])
				for (const { status, headers } of await answers(origin)) {
					assert.ok([404, 413].includes(status));
					assert.equal(headers['access-control-allow-origin'], origin);
					assert.match(headers['access-control-expose-headers'], /X-Request-Id, Retry-After/);
				}
			for (const origin of [`${APP}.evil.example`, APP.replaceAll('.', 'x'), `x${APP}`, 'null'])
				for (const { headers } of await answers(origin)) {
					assert.equal(headers['access-control-allow-origin'], undefined, origin);
					assert.equal(headers['access-control-allow-credentials'], undefined);
				}
		});

		test('no other may', async () => {
			const near = [`${APP}.evil.example`, APP.slice(0, -1), APP.replace('https', 'http'), `${APP}, ${ADMIN}`];
			for (const origin of [...near, 'https://evil.example', 'null', '*', ','])
				for (const { headers } of [await fromOrigin('/api/workflows', origin), await preflight('/api/workflows', origin)]) {
					assert.equal(headers['access-control-allow-origin'], undefined, origin);
					assert.match(headers.vary, /Origin/);
				}
		});

		test('a preflight names what may be sent', async () => {
			for (const path of ['/api/workflows', '/api/auth/login', '/api/voice-profiles/x/assets']) {
				const { status, headers, text } = await preflight(path, APP);
				assert.deepEqual([status, text], [204, '']);
				assert.equal(headers['access-control-allow-origin'], APP);
				assert.match(headers['access-control-allow-methods'], /GET.*POST.*PUT.*DELETE/);
				assert.match(headers['access-control-allow-headers'], /Authorization.*Content-Type/);
			}
		});
	});

	describe('health', () => {
		test('storage away', async () => {
			stack.expectLog(/warn .*(storage is away|answered 503)/);
			stack.s3.configure({ fault: { kind: 'internal', times: 3, method: 'HEAD' } });
			const answer = await client.get('/api/health/ready');
			assertJsonError(answer, 503);
			assert.match(answer.body.error, /storage/);
			assert.doesNotMatch(answer.body.error, /database|redis/);
			assert.equal((await client.get('/api/health/ready')).status, 200);
		});

		test('database away, and back', async () => {
			stack.expectLog(/(warn|error) .*(database|DATABASE)|FATAL: /);
			await admin('ALTER DATABASE voiceover ALLOW_CONNECTIONS false');
			await admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'voiceover'");
			for (const path of ['/api/workflows', '/api/health/ready']) {
				const answer = await user.get(path);
				assertJsonError(answer, 503);
				assert.match(answer.headers['retry-after'], /^\d+$/);
				assert.match(answer.body.error, /database/i);
			}
			assert.equal((await client.get('/api/health')).status, 200);
			const preflight = await client.send('OPTIONS', '/api/workflows', { headers: { Origin: APP } });
			assert.equal(preflight.status, 204);
			await admin('ALTER DATABASE voiceover ALLOW_CONNECTIONS true');
			assert.equal((await user.get('/api/workflows')).status, 200);
			assert.equal((await client.get('/api/health/ready')).status, 200);
		});

		test('redis away: workflows start all the same, and wait', async () => {
			stack.expectLog(/(warn|error) .*(redis|Redis|queue|outbox)/);
			const id = await user.workflow([node('a', 'manual-trigger')]);
			process.kill(stack.info.pids.redis, 'SIGKILL');
			const answer = await client.get('/api/health/ready');
			assertJsonError(answer, 503);
			assert.match(answer.body.error, /redis/);
			assert.equal((await user.post(`/api/workflows/${id}/execute`)).status, 201);
		});
	});

	/* What follows takes the responders away; there is no way back. */
	describe('without responders', () => {
		test('504 where they do not answer in time', async () => {
			stack.expectLog(/upstream timed out|signal process started|gracefully shutting down/);
			const { pool, nginx } = stack.info.pids;
			const file = join(stack.dir, 'nginx/fastcgi.conf');
			const conf = await readFile(file, 'utf8');
			await writeFile(file, conf.replace(/fastcgi_read_timeout .*;/, 'fastcgi_read_timeout 1s;'));
			const old = await childrenOf(nginx);
			process.kill(nginx, 'SIGHUP');
			await until(async () => !(await childrenOf(nginx)).some((worker) => old.includes(worker)), 'new workers of nginx');
			const responders = await childrenOf(pool);
			for (const pid of responders) process.kill(pid, 'SIGSTOP');
			const answer = await client.get('/api/health');
			for (const pid of responders) process.kill(pid, 'SIGCONT');
			assertJsonError(answer, 504);
			assert.equal(answer.headers['retry-after'], '30');
		});

		test('502 where there is nobody', async () => {
			stack.expectLog(/connect\(\) to unix:.* failed|upstream prematurely closed|recv\(\) failed .* from upstream/);
			process.kill(stack.info.pids.pool, 'SIGTERM');
			const answer = await until(async () => {
				const health = await client.get('/api/health');
				return health.status !== 200 && health;
			}, 'the end of the pool');
			assertJsonError(answer, 502);
			assert.match(answer.headers['retry-after'], /^\d+$/);
			assert.equal((await client.get('/')).status, 200, 'pages are still served');
		});
	});
});

describe('rate limits', () => {
	let stack, client;
	before(async () => {
		stack = await Stack.start({ limits: true, redis: false, pool: 1 });
		client = stack.client;
		stack.expectLog(/limiting requests/);
	});
	after(() => stack.stop());

	const statuses = (answers) => answers.map(({ status }) => status);
	const times = (count, send) => Promise.all(Array.from({ length: count }, send));

	function assertLimited(answer, seconds) {
		assertJsonError(answer, 429);
		assert.equal(answer.headers['retry-after'], String(seconds));
	}

	test('20 sign-ins pass, the next is told to wait', async () => {
		for (let i = 0; i < 10; i++) {
			assert.equal((await client.post('/api/auth/login', {})).status, 400);
			assert.equal((await client.post('/api/auth/register', {})).status, 400);
		}
		assertLimited(await client.post('/api/auth/login', {}), 60);
		assertLimited(await client.post('/api/auth/register', {}), 60);
	});

	test('a preflight and the rest of the API are not counted with them', async () => {
		const preflight = { headers: { Origin: APP, 'Access-Control-Request-Method': 'POST' } };
		assert.equal((await client.send('OPTIONS', '/api/auth/login', preflight)).status, 204);
		assert.equal((await client.get('/api/auth/me')).status, 401);
	});

	test('no origin is allowed where none is set', async () => {
		const { headers } = await client.get('/api/health', { headers: { Origin: APP } });
		assert.equal(headers['access-control-allow-origin'], undefined);
	});

	test('200 requests pass, then some have to wait', async () => {
		const answers = await times(400, () => client.get('/api/auth/me'));
		const limited = answers.filter(({ status }) => status === 429);
		assert.ok(limited.length > 0);
		for (const answer of limited) assertLimited(answer, 1);
		assert.ok(answers.length - limited.length >= 199, 'the burst is let through');
	});

	test('health checks and pages are not counted', async () => {
		assert.deepEqual(new Set(statuses(await times(300, () => client.get('/api/health')))), new Set([200]));
		assert.equal((await client.get('/')).status, 200);
	});
});
